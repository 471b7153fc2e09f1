/* http.h - the routes of the product service, a file for each noun. */
#ifndef PASAR_PRODUCT_HTTP_H
#define PASAR_PRODUCT_HTTP_H

#include "app/app.h"

/* http.c */
struct err http_list_products(struct request *req) MUST_CHECK;
struct err http_show_product(struct request *req) MUST_CHECK;
struct err http_brief_products(struct request *req) MUST_CHECK;

/* http_admin.c */
struct err http_create_product(struct request *req) MUST_CHECK;
struct err http_change_product(struct request *req) MUST_CHECK;
struct err http_remove_product(struct request *req) MUST_CHECK;
struct err http_move_stock(struct request *req) MUST_CHECK;

/* http_category.c */
struct err http_list_categories(struct request *req) MUST_CHECK;
struct err http_create_category(struct request *req) MUST_CHECK;
struct err http_change_category(struct request *req) MUST_CHECK;
struct err http_remove_category(struct request *req) MUST_CHECK;

/* http_once.c: a POST that creates and comes again, under the same Idempotency-Key, gets its first
 * answer again. */
/* *answered: the request has been replied to. ERR_UNFIT when the key was used for another request.
 */
struct err http_answered_before(struct request *req, bool *answered) MUST_CHECK;
/* Ends the transaction of a POST: `e` is how it went so far; the answer is kept with what was
 * created. */
struct err http_created(struct request *req, struct pg *tx, struct err e, int status,
                        json_t *reply) MUST_CHECK;
/* Ends any other: commits, or rolls back when `e` is a failure, which it passes on. */
struct err http_commit(struct request *req, struct pg *tx, struct err e) MUST_CHECK;

#endif
