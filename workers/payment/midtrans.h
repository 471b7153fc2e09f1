/* midtrans.h - the gateway Midtrans: Snap pages and the Core API. Its units, times and answers
 * exist only here. */
#ifndef PASAR_PAYMENT_MIDTRANS_H
#define PASAR_PAYMENT_MIDTRANS_H

#include "workers/payment/gateway.h"
#include "wrap/fetch.h"

struct midtrans_config { /* texts borrowed for good; "" for none */
    const char *server_key;
    const char *environment; /* "sandbox" or "production" */
    const char *snap_url;    /* "" takes the environment's; "https://host/snap/v1" */
    const char *api_url;     /* "" takes the environment's; "https://host" */
    const char *notification_url;
};

/* ERR_INVALID: the key is not of that environment (logged). Lives in the arena. */
struct err midtrans_new(struct arena *a, const struct midtrans_config *cfg, struct fetch *fetch,
                        struct gateway *out) MUST_CHECK;

/* The body of a create. Pure; for tests too. */
const char *midtrans_charge_text(struct arena *a, const struct payment *p, const struct bill *b,
                                 int64_t now_us);

#endif
