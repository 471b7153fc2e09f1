/* http.c - one function per route: Snap, Core, the pay page, the simulator's own. */
#include "workers/midtrans_sim/http.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/metric.h"
#include "workers/midtrans_sim/core.h"
#include "workers/midtrans_sim/deeds.h"
#include "workers/midtrans_sim/notify.h"
#include "workers/midtrans_sim/page.h"
#include "workers/midtrans_sim/pay.h"
#include "workers/midtrans_sim/sim.h"
#include "workers/midtrans_sim/snap.h"
#include "wrap/crypt.h"

struct visit { /* a request being answered */
    struct sim *sim;
    struct http_request *http;
    struct arena *arena;
    const char *rest; /* of the path, after the route's prefix */
};

static int reply(const struct visit *v, int status, const char *type, const char *body)
{
    struct http_header headers[] = {{"Content-Type", type}, {NULL, NULL}};
    http_reply(v->http, status, headers, body, strlen(body));
    return status;
}

static int reply_answer(const struct visit *v, struct answer answer)
{
    return reply(v, answer.status, "application/json", answer.body);
}

static bool is_authentic(const struct visit *v)
{
    const char *got = http_header(v->http, "Authorization");
    size_t n = strlen(v->sim->authorization);
    return got && strlen(got) == n && equal_constant_time(got, v->sim->authorization, n);
}

/* ---- Snap ---- */

#define SNAP_DENIED                                                                                \
    "Access denied due to unauthorized transaction, please check client or server key"

/* POST /snap/v1/transactions */
static int create(const struct visit *v)
{
    struct snap_headers headers = {http_header(v->http, "X-Append-Notification"),
                                   http_header(v->http, "X-Override-Notification")};
    struct snap_request wish;
    struct answer answer;

    if (!is_authentic(v))
        return reply_answer(v, snap_refuse(v->arena, 401, SNAP_DENIED));
    if (!snap_parse(v->arena, v->http->body, v->http->n_body, &wish))
        return reply_answer(
            v, (struct answer){400, snap_error_text(v->arena, wish.messages, wish.n_messages)});
    wish.notify_urls = snap_notify_urls(v->sim, v->arena, &headers);
    answer = snap_create(v->sim, v->arena, &wish);
    if (answer.status == 201)
        autopay_expect(v->sim, wish.order_id);
    return reply_answer(v, answer);
}

/* POST /snap/v1/transactions/{token}/cancel */
static int cancel_page(const struct visit *v)
{
    size_t n = strcspn(v->rest, "/");

    if (!is_authentic(v))
        return reply_answer(v, snap_refuse(v->arena, 401, SNAP_DENIED));
    if (strcmp(v->rest + n, "/cancel") != 0)
        return reply_answer(v, snap_refuse(v->arena, 404, "not found"));
    return reply_answer(v, snap_cancel(v->sim, v->arena, arena_strndup(v->arena, v->rest, n)));
}

/* ---- Core ---- */

/* GET /v2/{id}/status, POST /v2/{id}/… */
static int core(const struct visit *v)
{
    size_t n = strcspn(v->rest, "/");
    struct core_call call = {.id = arena_strndup(v->arena, v->rest, n),
                             .verb = v->rest[n] ? v->rest + n + 1 : "",
                             .body = v->http->body,
                             .n_body = v->http->n_body};
    bool is_status = strcmp(call.verb, "status") == 0;

    if (!is_authentic(v))
        return reply_answer(
            v, core_refuse(v->sim, v->arena, "401",
                           "Transaction cannot be authorized with the current client/server key."));
    if (is_status != (strcmp(v->http->method, "GET") == 0))
        return reply_answer(v, core_refuse(v->sim, v->arena, "405", "Method is not allowed"));
    return reply_answer(v, core_answer(v->sim, v->arena, &call));
}

/* ---- the page ---- */

static int reply_page(const struct visit *v, int status, const char *html)
{
    return reply(v, status, "text/html; charset=utf-8", html);
}

static int take_payment(const struct visit *v, struct order *o)
{
    struct pay_form f = pay_form_parse(v->arena, v->http->body, v->http->n_body);
    struct pay_result r = pay(v->sim, o, &f);
    const char *url;

    if (r.why)
        return reply_page(v, r.status, page_trouble(v->arena, r.why));
    url = pay_return_url(v->sim, v->arena, o, r.txn);
    if (url) {
        struct http_header headers[] = {{"Location", url}, {NULL, NULL}};
        http_reply(v->http, 303, headers, "", 0);
        return 303;
    }
    return reply_page(v, 200, page_result(v->arena, o, r.txn, page_is_open(v->sim, o)));
}

/* GET <redirect_url>, POST <redirect_url>/pay */
static int page(const struct visit *v)
{
    size_t n = strcspn(v->rest, "/");
    struct order *o = sim_by_token(v->sim, arena_strndup(v->arena, v->rest, n));
    bool is_post = strcmp(v->http->method, "POST") == 0;

    if (!o)
        return reply_page(
            v, 404, page_trouble(v->arena, "there is no such payment, or its page was replaced"));
    if (is_post && strcmp(v->rest + n, "/pay") == 0)
        return take_payment(v, o);
    if (is_post || v->rest[n] != '\0')
        return reply_page(v, 404, page_trouble(v->arena, "there is nothing here"));
    return reply_page(v, 200, page_choose(v->arena, o, page_is_open(v->sim, o)));
}

/* ---- the simulator's own ---- */

/* POST /_sim/clock?advance_s=N: time passes; what was due meanwhile happens. */
static int set_clock(const struct visit *v)
{
    const char *by = http_query(v->http, v->arena, "advance_s");
    char now[TIME_TEXT_SIZE];

    v->sim->clock_ahead_us += by ? strtoll(by, NULL, 10) % INT64_C(1000000000) * US_PER_S : 0;
    if (v->sim->notifier)
        agenda_look_again(notifier_agenda(v->sim->notifier));
    time_format(sim_now_us(v->sim), now);
    return reply(v, 200, "application/json", arena_printf(v->arena, "{\"now\":\"%s\"}", now));
}

static int health(const struct visit *v)
{
    return reply(v, 200, "application/json", "{\"status\":\"ok\"}");
}

static int metrics(const struct visit *v)
{
    struct buf b;
    buf_init(&b, v->arena);
    metric_write_all(&b);
    return reply(v, 200, "text/plain; version=0.0.4", b.n ? b.data : "");
}

static const struct {
    const char *method; /* NULL: any; the function looks */
    const char *path;
    bool is_prefix;
    int (*handle)(const struct visit *v);
} routes[] = {
    {"GET", "/livez", false, health},
    {"GET", "/readyz", false, health},
    {"GET", "/metrics", false, metrics},
    {"POST", "/_sim/clock", false, set_clock},
    {"POST", "/snap/v1/transactions", false, create},
    {"POST", "/snap/v1/transactions/", true, cancel_page},
    {NULL, "/snap/v3/redirection/", true, page},
    {NULL, "/snap/v2/vtweb/", true, page},
    {NULL, "/v2/", true, core},
};

void sim_answer(struct http_request *req, void *arg)
{
    struct visit v = {.sim = arg, .http = req, .arena = arena_new()};

    for (size_t i = 0; i < sizeof routes / sizeof *routes; i++) {
        size_t n = strlen(routes[i].path);
        bool fits = routes[i].is_prefix ? strncmp(req->path, routes[i].path, n) == 0
                                        : strcmp(req->path, routes[i].path) == 0;
        if (!fits || (routes[i].method && strcmp(routes[i].method, req->method) != 0))
            continue;
        v.rest = req->path + n;
        (void)routes[i].handle(&v);
        arena_free(v.arena);
        return;
    }
    (void)reply(&v, 404, "application/json", "{\"error_messages\":[\"not found\"]}");
    arena_free(v.arena);
}
