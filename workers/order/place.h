/* place.h - a group of orders placed by one transaction: keys, prices, rows, OrderCreated. */
#ifndef PASAR_ORDER_PLACE_H
#define PASAR_ORDER_PLACE_H

#include "loop/sync.h"
#include "workers/order/order.h"
#include "workers/order/store.h"

#define PLACE_MAX_ITEMS 64 /* the knee: more only wait longer */

struct placing {             /* one order on its way; lives on its task's stack */
    struct gather_item item; /* first */
    struct order *order;     /* id, user, address, times; the rest is filled */
    struct arena *arena;     /* of its request */
    struct order_line *lines;
    size_t n_lines;
    const char *traceparent;
    struct order_claim claim; /* its key may be NULL */

    struct err result;  /* ERR_DUPLICATE: its key was used before; ERR_UNFIT: see order_price() */
    int64_t product_id; /* of ERR_UNFIT; 0: no single one */
};

/* For struct gather; context is the struct checkout. */
struct err place_orders(void *context, struct gather_item **items, size_t n);

#endif
