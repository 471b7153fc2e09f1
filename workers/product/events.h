/* events.h - events between JSON and structs. Pure. tests/contracts/ pins each of them. */
#ifndef PASAR_PRODUCT_EVENTS_H
#define PASAR_PRODUCT_EVENTS_H

#include "base/arena.h"
#include "base/err.h"
#include "saga/event.h"
#include "workers/product/product.h"
#include "workers/product/saga.h"

#define STREAM_ORDERS "stream:orders"
#define STREAM_STOCK "stream:stock"
#define STREAM_PRODUCTS "stream:products"

struct order_event {
    enum hold_event on;
    struct id order_id;
    int64_t expires_us; /* the rest of ORDER_CREATED only */
    struct line *lines; /* each product once, in the order of its id */
    size_t n_lines;
};

/* What is not for us (an event type we do not act on) is ERR_NOT_FOUND; what cannot be understood
 * ERR_INVALID, with *reason in the arena. */
struct err order_event_read(struct arena *a, const struct event *e, struct order_event *out,
                            const char **reason) MUST_CHECK;

/* The data of events we tell. */
const char *stock_reserved_data(struct arena *a, const struct hold *h);
/* Of a hold that was refused: the lines there is too little for. */
const char *stock_insufficient_data(struct arena *a, const struct hold *h, const struct stock *s);
const char *hold_expired_data(struct arena *a, const struct hold *h);
const char *product_changed_data(struct arena *a, const struct product *p);
const char *product_removed_data(struct arena *a, int64_t product_id, int64_t version);

#endif
