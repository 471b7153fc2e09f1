/* http.h - the routes of the cart service. */
#ifndef PASAR_CART_HTTP_H
#define PASAR_CART_HTTP_H

#include "app/app.h"

struct err http_show_cart(struct request *req) MUST_CHECK;
struct err http_add_item(struct request *req) MUST_CHECK;
struct err http_set_item(struct request *req) MUST_CHECK;
struct err http_remove_item(struct request *req) MUST_CHECK;
struct err http_clear_cart(struct request *req) MUST_CHECK;
struct err http_show_items(struct request *req) MUST_CHECK; /* for other services */

#endif
