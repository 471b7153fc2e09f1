/* gateway.h - one payment provider, behind functions. All of them wait for the world, so they run
 * in jobs and requests, never in a transaction.
 *
 * ERR_UNAVAILABLE: nothing has happened, or our key is refused: try again. ERR_TIMEOUT: the outcome
 * is not known, or the provider is in trouble. ERR_CONFLICT: it stands otherwise than a moment ago:
 * ask again. */
#ifndef PASAR_PAYMENT_GATEWAY_H
#define PASAR_PAYMENT_GATEWAY_H

#include "base/arena.h"
#include "base/err.h"
#include "workers/payment/payment.h"
#include "workers/payment/saga.h"

struct gateway {
    const char *name;
    void *self;
    /* A page to pay on. news: CHARGE_ACCEPTED with token and url, or CHARGE_REFUSED. The same
     * attempt may be asked for again: the page before is worth nothing then. */
    struct err (*charge)(void *self, struct arena *a, const struct payment *p, const struct bill *b,
                         struct payment_news *news);
    /* How the attempt stands: SAYS_…, or NO_NEWS when nobody has chosen a method yet. With a
     * transaction: how that one of the attempt's tries stands. */
    struct err (*ask)(void *self, struct arena *a, const struct payment *p, const char *transaction,
                      struct payment_news *news);
    /* Gives up what is not paid. news: CLOSED_…, or SAYS_… when it has ended in another way. token
     * may be NULL. */
    struct err (*close)(void *self, struct arena *a, const struct payment *p, const char *token,
                        struct payment_news *news);
    /* Gives all of it back, once. news: REFUND_DONE, or REFUND_REFUSED: it must be done by hand. */
    struct err (*refund)(void *self, struct arena *a, const struct payment *p,
                         struct payment_news *news);
    /* Ends a review. news: SAYS_… as it stands afterwards. */
    struct err (*review)(void *self, struct arena *a, const struct payment *p, bool accept,
                         struct payment_news *news);
};

#endif
