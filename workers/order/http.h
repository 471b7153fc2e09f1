/* http.h - order's routes, for the table in main.c. */
#ifndef PASAR_ORDER_HTTP_H
#define PASAR_ORDER_HTTP_H

#include "app/app.h"

struct err http_create_order(struct request *req);
struct err http_list_orders(struct request *req);
struct err http_list_all_orders(struct request *req);
struct err http_get_order(struct request *req);
struct err http_cancel_order(struct request *req);

#endif
