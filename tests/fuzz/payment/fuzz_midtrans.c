/* fuzz_midtrans.c - Midtrans' answers. The first line is a call (charge, ask, close, refund,
 * accept, deny), each further line an answer: "200 {...}". An answer that names no order is given
 * the attempt's id and a signature that fits; after the last one nobody answers.
 *
 * A call ends with news that its caller knows, or with a failure that says to try again; it asks
 * for no strange paths, and gives back once. */
#include "fuzz.h"

#include <stdlib.h>

#include "workers/payment/midtrans_calls.h"
#include "workers/payment/notice.h"

#define SERVER_KEY "SB-Mid-server-of-the-fuzzer"
#define ATTEMPT "0190a5c1-8000-7d50-8a5e-0c1d2e3f4a5c"
#define NEWS(kind) (UINT64_C(1) << (kind))

static struct {
    struct input answers;
    int n_refunds;
} world;

static const char *text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));

    return text ? text : "";
}

static const char *signed_body(struct arena *a, const char *text)
{
    const char *signature;
    json_t *body;

    if (json_read(a, text, strlen(text), &body).kind || !json_is_object(body) ||
        json_object_get(body, "order_id"))
        return text;
    signature = notice_signature(a, ATTEMPT, text_of(body, "status_code"),
                                 text_of(body, "gross_amount"), SERVER_KEY);
    json_object_set_new(body, "order_id", json_string(ATTEMPT));
    json_object_set_new(body, "signature_key", json_string(signature));
    return json_text(a, json_incref(body));
}

static void check_request(struct arena *a, const struct fetch_request *req)
{
    for (const char *c = req->path; *c; c++)
        assert(*c > 0x20 && *c < 0x7f && *c != '#');
    assert(!strstr(req->path, "/../"));
    if (req->body)
        (void)read_again(a, req->body);
    if (strstr(req->path, "/refund") || strstr(req->path, ATTEMPT "/cancel"))
        world.n_refunds++;
}

struct err fetch_call(struct fetch *f, const struct fetch_request *req, struct arena *a,
                      struct fetch_response *out)
{
    const char *line = input_line(a, &world.answers);
    char *body;

    (void)f;
    check_request(a, req);
    if (!*line)
        return ERR(ERR_TIMEOUT, "no answer");
    out->status = (int)strtol(line, &body, 10);
    if (out->status < 100 || out->status > 599)
        out->status = 200; /* there are no others */
    out->body = signed_body(a, body);
    out->n_body = strlen(out->body);
    return OK;
}

/* ---- the calls ---- */

static const struct payment payment = {
    .state = PENDING,
    .attempt_id = {{0x01, 0x90, 0xa5, 0xc1, 0x80, 0, 0x7d, 0x50, 0x8a, 0x5e, 0x0c, 0x1d, 0x2e, 0x3f,
                    0x4a, 0x5c}},
    .total = {300000, "IDR"},
};
static const struct bill bill = {
    .number = "P-1", .email = "s@example.com", .username = "sari", .lines = "[]"};

static struct err call_charge(const struct gateway *g, struct arena *a, struct payment_news *news)
{
    struct err e = g->charge(g->self, a, &payment, &bill, news);

    if (e.kind || news->kind == CHARGE_REFUSED)
        return e;
    assert_is_text(news->url, 1, 2048);
    return g->close(g->self, a, &payment, news->token, news); /* the token goes into a path */
}

static struct err call_ask(const struct gateway *g, struct arena *a, struct payment_news *news)
{
    return g->ask(g->self, a, &payment, NULL, news);
}

static struct err call_close(const struct gateway *g, struct arena *a, struct payment_news *news)
{
    return g->close(g->self, a, &payment, NULL, news);
}

static struct err call_refund(const struct gateway *g, struct arena *a, struct payment_news *news)
{
    return g->refund(g->self, a, &payment, news);
}

static struct err call_accept(const struct gateway *g, struct arena *a, struct payment_news *news)
{
    return g->review(g->self, a, &payment, true, news);
}

static struct err call_deny(const struct gateway *g, struct arena *a, struct payment_news *news)
{
    return g->review(g->self, a, &payment, false, news);
}

#define ENDS                                                                                       \
    (NEWS(SAYS_SUCCESS) | NEWS(SAYS_CANCEL) | NEWS(SAYS_REFUND) | NEWS(SAYS_PARTIAL_REFUND) |      \
     NEWS(SAYS_CHARGEBACK))
#define WORDS                                                                                      \
    (ENDS | NEWS(NO_NEWS) | NEWS(SAYS_PENDING) | NEWS(SAYS_CHALLENGE) | NEWS(SAYS_DENY) |          \
     NEWS(SAYS_EXPIRE))
#define CLOSED (ENDS | NEWS(CLOSED_UNPAID) | NEWS(CLOSED_DENIED))

static const struct call_kind {
    const char *name;
    struct err (*call)(const struct gateway *g, struct arena *a, struct payment_news *news);
    uint64_t news; /* what it may say */
} calls[] = {
    {"charge", call_charge, CLOSED | NEWS(CHARGE_REFUSED)},
    {"ask", call_ask, WORDS},
    {"close", call_close, CLOSED},
    {"refund", call_refund, NEWS(REFUND_DONE) | NEWS(REFUND_REFUSED)},
    {"accept", call_accept, WORDS},
    {"deny", call_deny, WORDS},
};

/* What is taken for the answer's code is what the answer says, or else its HTTP status. */
static void check_code(struct arena *a, const struct gateway *g, struct input answers)
{
    struct answer r;
    const char *code;

    world.answers = answers;
    if (midtrans_post(g->self, a, "/v2/x/expire", NULL, &r).kind)
        return;
    assert_in_range(r.code, 0, 999);
    code = text_of(r.body, "status_code");
    if (r.is_in_body)
        assert(strlen(code) == 3 && strtoll(code, NULL, 10) == r.code);
}

void fuzz_try(struct arena *a, struct input in)
{
    static const struct midtrans_config cfg = {SERVER_KEY, "sandbox", "", "", ""};
    const char *name = input_line(a, &in);
    struct payment_news news = {.kind = NO_NEWS};
    struct gateway g;
    struct err e = midtrans_new(a, &cfg, NULL, &g);

    assert(!e.kind);
    check_code(a, &g, in);
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
        if (strcmp(name, calls[i].name) != 0)
            continue;
        world.answers = in;
        world.n_refunds = 0;
        e = calls[i].call(&g, a, &news);
        assert(!e.kind || e.kind == ERR_TIMEOUT || e.kind == ERR_CONFLICT ||
               e.kind == ERR_UNAVAILABLE);
        assert(e.kind || calls[i].news & NEWS(news.kind));
        assert(world.n_refunds <= (calls[i].call == call_refund));
    }
}
