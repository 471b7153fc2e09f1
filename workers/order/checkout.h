/* checkout.h - makes orders of wishes; those that arrive together share one commit. */
#ifndef PASAR_ORDER_CHECKOUT_H
#define PASAR_ORDER_CHECKOUT_H

#include "app/app.h"
#include "loop/sync.h"
#include "workers/order/order.h"
#include "workers/order/wish.h"

struct order_config {
    int64_t ttl_s;        /* from the order to the end of its payment */
    const char *cart_url; /* where cart answers */
};

struct key_in_flight { /* in the arena of its request */
    struct key_in_flight *next;
    int64_t user_id;
    const char *key;
};

struct checkout { /* the domain's state */
    struct app *app;
    const struct order_config *config;
    struct gather gather;
    uint32_t next_serial, n_serials; /* of order numbers, ours alone */
    struct key_in_flight *keys;
};

struct checkout *checkout_new(struct app *app, const struct order_config *config);

/* Waits for the cart (when the wish needs it) and for the commit. *out: id, number, total,
 * currency; of the first answer, when the key was used before with the same body. Failures are
 * those of the reply: ERR_UNFIT with the product named, ERR_CONFLICT while the same key is under
 * way. */
struct err checkout_place(struct checkout *c, struct request *req, struct wish *wish,
                          struct order *out) MUST_CHECK;

#endif
