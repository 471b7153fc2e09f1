/* http.h - one function per route. */
#ifndef PASAR_PAYMENT_HTTP_H
#define PASAR_PAYMENT_HTTP_H

#include "app/app.h"

struct err http_webhook(struct request *req);
struct err http_get_payment(struct request *req);
struct err http_list_open_items(struct request *req);
struct err http_resolve_open_item(struct request *req);
struct err http_refund(struct request *req);

#endif
