/* midtrans.c - Midtrans' calls. Facts: its order ids are ours for ever, a page made again revokes
 * the one before, errors come as HTTP statuses or as HTTP 200 with a code in the body, and 407 is a
 * state, not an error. */
#include "workers/payment/midtrans_calls.h"

#include <ctype.h>

#include "base/clock.h"
#include "base/failpoint.h"
#include "base/log.h"
#include "workers/payment/notice.h"
#include "wrap/crypt.h"
#include "wrap/json.h"

#define CREATE_TIMEOUT_US (5 * US_PER_S)
#define CALL_TIMEOUT_US (3 * US_PER_S)
#define MAX_TOKEN 255
#define MAX_URL 2048 /* order takes no longer one */

static const struct environment {
    const char *name, *key_prefix, *snap_url, *api_url;
} environments[] = {
    {"sandbox", "SB-Mid-server-", "https://app.sandbox.midtrans.com/snap/v1",
     "https://api.sandbox.midtrans.com"},
    {"production", "Mid-server-", "https://app.midtrans.com/snap/v1", "https://api.midtrans.com"},
};

/* ---- calls ---- */

/* -1 for none: a code has three digits, and neither more nor other things behind them. */
static int code_in(const json_t *body)
{
    const char *code = json_string_value(json_object_get(body, "status_code"));

    if (!code || strlen(code) != 3 || strspn(code, "0123456789") != 3)
        return -1;
    return (int)strtol(code, NULL, 10);
}

/* The code counts, wherever it stands. What is no answer of theirs at all, or tells of their
 * trouble, is tried again. */
static struct err judge(const struct fetch_response *r, struct answer *out)
{
    int code = code_in(out->body);

    out->code = r->status;
    if (r->status < 400 && code >= 0)
        out->code = code;
    out->is_in_body = code == out->code;
    if (out->code == 401 || out->code == 403) {
        log_error("midtrans.key_refused", kv_i64("code", out->code));
        return ERR(ERR_UNAVAILABLE, "Midtrans refuses our key");
    }
    if (out->code >= 500 || out->code == 429 || out->code == 408 || !out->body)
        return ERR(ERR_TIMEOUT, "Midtrans is in trouble");
    return OK;
}

struct err midtrans_run(struct midtrans *m, struct arena *a, const struct call *c,
                        struct answer *out)
{
    struct fetch_request req = {.method = c->method,
                                .base = c->to->base,
                                .path = arena_printf(a, "%s%s", c->to->prefix, c->path),
                                .headers = c->headers ? c->headers : m->headers,
                                .body = c->body,
                                .n_body = c->body ? strlen(c->body) : 0,
                                .timeout_us = c->timeout_us ? c->timeout_us : CALL_TIMEOUT_US};
    struct fetch_response r;
    struct err e = fetch_call(m->fetch, &req, a, &r);

    if (e.kind)
        return e;
    out->body = NULL;
    if (json_read(a, r.body, r.n_body, &out->body).kind)
        out->body = NULL;
    e = judge(&r, out);
    if (e.kind)
        log_warn("midtrans.call_failed", kv_text("path", req.path), kv_i64("http", r.status),
                 kv_i64("code", out->code));
    return e;
}

const char *midtrans_path(struct arena *a, const struct payment *p, const char *verb)
{
    char id[ID_TEXT_SIZE];
    id_format(&p->attempt_id, id);
    return arena_printf(a, "/v2/%s/%s", id, verb);
}

struct err midtrans_post(struct midtrans *m, struct arena *a, const char *path, const char *body,
                         struct answer *out)
{
    return midtrans_run(
        m, a, &(struct call){.method = "POST", .path = path, .body = body, .to = &m->api}, out);
}

/* ---- create ---- */

const char *midtrans_message(const struct answer *r)
{
    const char *s =
        json_string_value(json_array_get(json_object_get(r->body, "error_messages"), 0));
    return s ? s : "";
}

/* Of letters, digits and `others`, `most` at most. */
static bool is_made_of(const char *s, const char *others, size_t most)
{
    size_t n = s ? strlen(s) : 0;

    for (size_t i = 0; i < n; i++)
        if (!isalnum((unsigned char)s[i]) && !strchr(others, s[i]))
            return false;
    return n > 0 && n <= most;
}

/* The token goes into paths, the address to the buyer. */
static bool is_page(const struct payment_news *news)
{
    return is_made_of(news->token, "-_", MAX_TOKEN) &&
           is_made_of(news->url, "-._~:/?#[]@!$&'()*+,;=%", MAX_URL);
}

static struct err charge(void *self, struct arena *a, const struct payment *p, const struct bill *b,
                         struct payment_news *news)
{
    struct midtrans *m = self;
    struct call c = {.method = "POST",
                     .path = "/transactions",
                     .body = midtrans_charge_text(a, p, b, clock_now_us()),
                     .to = &m->snap,
                     .headers = m->create_headers,
                     .timeout_us = CREATE_TIMEOUT_US};
    struct answer r;
    struct err e = midtrans_run(m, a, &c, &r);

    if (e.kind)
        return e;
    *news =
        (struct payment_news){.kind = CHARGE_ACCEPTED,
                              .token = json_string_value(json_object_get(r.body, "token")),
                              .url = json_string_value(json_object_get(r.body, "redirect_url"))};
    if (r.code < 300 && is_page(news)) {
        FAILPOINT("payment.charged");
        return OK;
    }
    if (r.code < 400)
        return ERR(ERR_TIMEOUT, "Midtrans gave no page");
    log_error("midtrans.charge_refused", kv_id("order_id", &p->order_id), kv_i64("code", r.code),
              kv_text("message", midtrans_message(&r)));
    *news = (struct payment_news){.kind = CHARGE_REFUSED};
    return OK;
}

/* ---- status ---- */

/* The answer is checked like a notification: it must be signed, about this attempt, for its amount.
 */
static struct err read_status(struct midtrans *m, struct arena *a, const struct payment *p,
                              const struct answer *r, struct notice *out)
{
    struct id attempt;
    struct err e = notice_read(r->body, out);

    if (e.kind)
        return ERR(ERR_TIMEOUT, "Midtrans' answer has not the agreed shape");
    if (!notice_is_genuine(a, out, m->cfg->server_key) || id_parse(out->order_id, &attempt).kind ||
        !id_equal(&attempt, &p->attempt_id)) {
        log_error("midtrans.answer_not_genuine", kv_id("order_id", &p->order_id));
        return ERR(ERR_TIMEOUT, "Midtrans' answer is not genuine");
    }
    return OK;
}

static struct err look_at(struct midtrans *m, struct arena *a, const struct payment *p,
                          const char *path, struct notice *out)
{
    struct answer r;
    struct err e =
        midtrans_run(m, a, &(struct call){.method = "GET", .path = path, .to = &m->api}, &r);

    *out = (struct notice){.transaction_status = "", .fraud_status = "", .payment_type = ""};
    if (e.kind)
        return e;
    if (r.code == 404 && r.is_in_body) /* no method was chosen yet; a proxy's 404 says nothing */
        return ERR(ERR_NOT_FOUND, "Midtrans knows no transaction");
    return read_status(m, a, p, &r, out);
}

struct err midtrans_look(struct midtrans *m, struct arena *a, const struct payment *p,
                         struct notice *out, bool *found)
{
    struct err e = look_at(m, a, p, midtrans_path(a, p, "status"), out);

    *found = e.kind == ERR_NONE;
    return e.kind == ERR_NOT_FOUND ? OK : e;
}

struct err midtrans_ask(void *self, struct arena *a, const struct payment *p,
                        const char *transaction, struct payment_news *news)
{
    struct notice n;
    struct id id;
    bool by_transaction =
        transaction && !id_parse(transaction, &id).kind; /* it goes into the path */
    const char *path = by_transaction ? arena_printf(a, "/v2/%s/status", transaction)
                                      : midtrans_path(a, p, "status");
    struct err e = look_at(self, a, p, path, &n);

    *news = (struct payment_news){.kind = NO_NEWS};
    if (e.kind)
        return e.kind == ERR_NOT_FOUND ? OK : e;
    *news = notice_news(&n);
    if (news->kind != NO_NEWS)
        return OK;
    log_warn("midtrans.word_unknown", kv_id("order_id", &p->order_id),
             kv_text("status", n.transaction_status), kv_text("fraud", n.fraud_status));
    return ERR(ERR_CONFLICT, "Midtrans says what we do not understand");
}

/* ---- reviews ---- */

static struct err review(void *self, struct arena *a, const struct payment *p, bool accept,
                         struct payment_news *news)
{
    struct answer r;
    struct err e =
        midtrans_post(self, a, midtrans_path(a, p, accept ? "approve" : "deny"), NULL, &r);

    return e.kind ? e : midtrans_ask(self, a, p, NULL, news);
}

/* ---- making one ---- */

static void split(struct arena *a, const char *url, struct url *out)
{
    const char *host = strstr(url, "://");
    const char *slash = host ? strchr(host + 3, '/') : NULL;
    size_t n = strlen(url);

    if (strncmp(url, "unix:", 5) == 0 ||
        !slash) { /* a socket has no path of its own: Snap's is added */
        out->base = arena_strndup(a, url, n);
        out->prefix = "";
        return;
    }
    out->base = arena_strndup(a, url, (size_t)(slash - url));
    n = strlen(slash);
    out->prefix = arena_strndup(a, slash, slash[n - 1] == '/' ? n - 1 : n);
}

static const struct environment *environment_find(const char *name)
{
    for (size_t i = 0; i < sizeof environments / sizeof *environments; i++)
        if (strcmp(environments[i].name, name) == 0)
            return &environments[i];
    return NULL;
}

struct err midtrans_new(struct arena *a, const struct midtrans_config *cfg, struct fetch *fetch,
                        struct gateway *out)
{
    const struct environment *env = environment_find(cfg->environment);
    struct midtrans *m = ARENA_NEW(a, struct midtrans);
    const char *pair;

    if (!env || strncmp(cfg->server_key, env->key_prefix, strlen(env->key_prefix)) != 0) {
        log_error("midtrans.settings_refused",
                  kv_text("why", "MIDTRANS_SERVER_KEY is not of MIDTRANS_ENVIRONMENT"));
        return ERR(ERR_INVALID, "the Midtrans key is not of its environment");
    }
    m->cfg = cfg;
    m->fetch = fetch;
    split(a, *cfg->snap_url ? cfg->snap_url : env->snap_url, &m->snap);
    split(a, *cfg->api_url ? cfg->api_url : env->api_url, &m->api);
    pair = arena_printf(a, "%s:", cfg->server_key);
    m->headers[0] =
        arena_printf(a, "Authorization: Basic %s", base64_encode(a, pair, strlen(pair)));
    m->headers[1] = "Accept: application/json";
    m->headers[2] = "Content-Type: application/json";
    memcpy(m->create_headers, m->headers, sizeof m->headers);
    if (*cfg->notification_url)
        m->create_headers[3] =
            arena_printf(a, "X-Override-Notification: %s", cfg->notification_url);
    *out = (struct gateway){.name = "midtrans",
                            .self = m,
                            .charge = charge,
                            .ask = midtrans_ask,
                            .close = midtrans_close,
                            .refund = midtrans_refund,
                            .review = review};
    return OK;
}
