/* domain.h - what the payment process has at hand: settings, the gateway, and the shared reads and
 * commits. */
#ifndef PASAR_PAYMENT_DOMAIN_H
#define PASAR_PAYMENT_DOMAIN_H

#include "app/app.h"
#include "base/metric.h"
#include "loop/sync.h"
#include "workers/payment/absorb.h"
#include "workers/payment/gateway.h"
#include "workers/payment/midtrans.h"
#include "workers/payment/store.h"

enum notified { FORGED, UNKNOWN, STALE, APPLIED, DEFERRED, N_NOTIFIED };

struct payments {
    struct app *app;
    struct arena *arena; /* as long as the process */
    const struct midtrans_config *midtrans;
    struct gateway gateway;
    struct gather briefs, looks, commits;
    struct metric *notifications[N_NOTIFIED]; /* by what became of them */
};

/* Lives as long as the process. ERR_INVALID: settings that must not be. */
struct err payments_new(struct app *app, const struct midtrans_config *cfg,
                        struct payments **out) MUST_CHECK;

void payments_count(struct payments *ps, enum notified what);

/* What a call to the provider needs, read together with others'. ERR_NOT_FOUND without a payment.
 */
struct err payments_brief(struct payments *ps, struct arena *a, const struct id *order,
                          struct brief *out) MUST_CHECK;
/* The payment whose attempt this is; ERR_NOT_FOUND. */
struct err payments_look(struct payments *ps, struct arena *a, const struct id *attempt,
                         struct payment *out) MUST_CHECK;

struct commit {              /* what one request wants written; zeroed for nothing */
    struct gather_item item; /* first */
    struct piece *piece;     /* or NULL; its decision is set afterwards */
    const char *job, *job_key, *job_payload; /* to be done (anew) at once; NULL: none */
    int64_t resolved_item;                   /* an open item, or 0 */
    const char *resolved_by, *note;
    struct err result; /* private */
};
/* Writes it in one transaction with others that come at the same time, and wakes who must know. */
struct err payments_commit(struct payments *ps, struct commit *c) MUST_CHECK;

#endif
