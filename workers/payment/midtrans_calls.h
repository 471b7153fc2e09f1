/* midtrans_calls.h - what the parts of the gateway Midtrans share; nobody else includes it. */
#ifndef PASAR_PAYMENT_MIDTRANS_CALLS_H
#define PASAR_PAYMENT_MIDTRANS_CALLS_H

#include "workers/payment/midtrans.h"
#include "workers/payment/notice.h"
#include "wrap/json.h"

struct url { /* a base split into what fetch wants */
    const char *base, *prefix;
};

struct midtrans {
    const struct midtrans_config *cfg;
    struct fetch *fetch;
    struct url snap, api;
    const char *create_headers[5], *headers[4];
};

struct answer {
    int code;        /* the body's when it has one, else HTTP's */
    bool is_in_body; /* said there */
    json_t *body;
};

struct call {
    const char *method, *path, *body;
    const struct url *to;
    const char *const *headers;
    int64_t timeout_us;
};

/* ERR_UNAVAILABLE, ERR_TIMEOUT as in gateway.h; any other answer is OK, its code says the rest. */
struct err midtrans_run(struct midtrans *m, struct arena *a, const struct call *c,
                        struct answer *out) MUST_CHECK;
/* POST /v2/{attempt}/{verb} */
struct err midtrans_post(struct midtrans *m, struct arena *a, const char *path, const char *body,
                         struct answer *out) MUST_CHECK;
const char *midtrans_path(struct arena *a, const struct payment *p, const char *verb);
const char *
midtrans_message(const struct answer *r); /* the first of Snap's error messages, or "" */

/* The answer to a status call, genuine and about this attempt. *found false: no method was chosen
 * yet. */
struct err midtrans_look(struct midtrans *m, struct arena *a, const struct payment *p,
                         struct notice *out, bool *found) MUST_CHECK;
struct err midtrans_ask(void *self, struct arena *a, const struct payment *p,
                        const char *transaction, struct payment_news *news) MUST_CHECK;

/* midtrans_end.c */
struct err midtrans_close(void *self, struct arena *a, const struct payment *p, const char *token,
                          struct payment_news *news) MUST_CHECK;
struct err midtrans_refund(void *self, struct arena *a, const struct payment *p,
                           struct payment_news *news) MUST_CHECK;

#endif
