/* events.h - what cart hears of orders and products. Pure. tests/contracts/ pins each of them. */
#ifndef PASAR_CART_EVENTS_H
#define PASAR_CART_EVENTS_H

#include "base/arena.h"
#include "base/err.h"
#include "saga/event.h"
#include "workers/cart/cart.h"

#define STREAM_ORDERS "stream:orders"
#define STREAM_PRODUCTS "stream:products"

struct purchase { /* OrderPaid */
    const char *order_id;
    int64_t user_id;
    struct cart_line *lines; /* product and quantity */
    size_t n;
};

struct news {               /* ProductChanged, ProductRemoved */
    struct product product; /* of a removed one: the id only */
    int64_t version;
    bool is_removal;
};

bool purchase_is_told_by(const char *type);
/* Both: ERR_NOT_FOUND when the event is of another type, ERR_INVALID when it cannot be understood,
 * with *reason in the arena. */
struct err purchase_read(struct arena *a, const struct event *e, struct purchase *out,
                         const char **reason) MUST_CHECK;
struct err news_read(struct arena *a, const struct event *e, struct news *out,
                     const char **reason) MUST_CHECK;

/* Leaves, in place, one piece of news a product; returns how many. The last one counts, but a
 * removal keeps what was said before it. */
size_t news_merge(struct news *news, size_t n);

#endif
