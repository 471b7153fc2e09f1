/* show.h - orders as their customers see them. Pure. */
#ifndef PASAR_ORDER_SHOW_H
#define PASAR_ORDER_SHOW_H

#include "base/buf.h"
#include "workers/order/store.h"

/* One order; history may be NULL. */
void show_order(struct buf *b, const struct order *o, const struct order_history *history);
void show_orders(struct buf *b, const struct order_list *list); /* a bare array */
json_t *show_placed(const struct order *o); /* the answer to the order just made */

#endif
