/* absorb.h - load, decide, save: the one way in which payments change, whoever learnt something. */
#ifndef PASAR_PAYMENT_ABSORB_H
#define PASAR_PAYMENT_ABSORB_H

#include "saga/job.h"
#include "saga/outbox.h"
#include "workers/payment/store.h"

struct piece { /* one thing learnt about one payment */
    struct id order_id;
    struct payment_news news;
    const char *traceparent; /* or NULL */
    /* of ORDER_CREATED: the row to be, with a fresh attempt id */
    const struct payment *made;
    const struct bill *bill;
    struct payment_decision decision; /* out */
};

struct absorbing { /* a transaction, and what is saved with it */
    struct pg *tx;
    struct arena *arena;
    struct outbox *outbox;
    struct job_list *jobs;
    int64_t now_us;
};

/* In order. Suspends once, to load; what is saved is queued on the transaction. */
struct err absorb(const struct absorbing *c, struct piece *pieces, size_t n) MUST_CHECK;

#endif
