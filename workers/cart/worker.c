/* worker.c - hears orders and products. */
#include "workers/cart/worker.h"

#include "workers/cart/carts.h"
#include "workers/cart/domain.h"
#include "workers/cart/events.h"
#include "workers/cart/store.h"

/* The carts change before the position is committed: when that fails, the batch comes again and the
 * carts remember its orders. A Redis that is down gives ERR_UNAVAILABLE, and the batch comes again
 * too. */
struct err cart_hear_orders(struct batch *b)
{
    const struct cart_domain *d = b->domain;
    struct purchase *purchases = ARENA_ARRAY(b->arena, struct purchase, b->n);
    size_t n = 0;

    for (size_t i = 0; i < b->n; i++) {
        const char *reason;
        struct err e = purchase_read(b->arena, &b->events[i], &purchases[n], &reason);

        if (!e.kind)
            n++;
        else if (e.kind == ERR_INVALID)
            event_broken(&b->events[i], reason);
    }
    return carts_take_bought(d->carts, b->arena, purchases, n);
}

struct err cart_hear_products(struct batch *b)
{
    struct news *news = ARENA_ARRAY(b->arena, struct news, b->n);
    size_t n = 0;

    for (size_t i = 0; i < b->n; i++) {
        const char *reason;
        struct err e = news_read(b->arena, &b->events[i], &news[n], &reason);

        if (!e.kind)
            n++;
        else if (e.kind == ERR_INVALID)
            event_broken(&b->events[i], reason);
    }
    catalogue_store_save(b->tx, b->arena, news, news_merge(news, n));
    return OK;
}
