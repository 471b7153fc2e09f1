/* request.c - the life of a request: arena, trace, deadline, who is asking, what is asked, the
 * route's function. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "app/private.h"
#include "base/clock.h"
#include "base/metric.h"
#include "loop/task.h"
#include "wrap/crypt.h"

#define REQUEST_TIMEOUT_US (10 * US_PER_S)
#define MAX_KEY 255
#define MAX_CORRELATION_ID 128

static bool is_plain_text(const char *s, size_t max, const char *others)
{
    size_t n = strlen(s);

    if (n == 0 || n > max)
        return false;
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)s[i];
        bool is_word = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');

        if (!is_word && !(others ? strchr(others, c) != NULL : c > 0x20 && c < 0x7f))
            return false;
    }
    return true;
}

/* An id that could not be logged or echoed as it is, is replaced: it is only ours to hand on. */
static const char *correlation_of(struct arena *a, const struct http_request *http,
                                  const struct id *fresh)
{
    const char *sent = http_header(http, "X-Correlation-ID");
    char made[ID_TEXT_SIZE];

    if (sent && is_plain_text(sent, MAX_CORRELATION_ID, "-_.:/"))
        return arena_strdup(a, sent);
    id_format(fresh, made);
    return arena_strdup(a, made);
}

static struct request *request_new(struct app *app, struct http_request *http)
{
    struct arena *a = arena_new();
    struct request *req = ARENA_NEW(a, struct request);
    struct request_private *p = ARENA_NEW(a, struct request_private);
    struct id fresh = id_new();

    p->began_mono_us = clock_mono_us();
    p->trace = trace_continue(http_header(http, "traceparent"), &fresh);
    req->app = app;
    req->arena = a;
    req->pg = app->pg;
    req->domain = app->domain;
    req->http = p->http = http;
    req->now_us = clock_now_us();
    req->correlation_id = correlation_of(a, http, &fresh);
    req->traceparent = p->trace.traceparent;
    req->private = p;
    p->log = (struct log_context){p->trace.trace_id, req->correlation_id};
    return req;
}

/* ---- who is asking ---- */

static bool is_internal(const struct request *req)
{
    const char *sent = http_header(req->http, "X-Internal-Secret");
    const char *secret = req->app->internal_secret;

    return sent && secret && strlen(sent) == strlen(secret) &&
           equal_constant_time(sent, secret, strlen(secret));
}

static struct err read_token(struct request *req, bool required)
{
    const char *sent = http_header(req->http, "Authorization");
    struct err e;

    if (!sent)
        return required ? ERR(ERR_UNAUTHENTIC, "a bearer token is required") : OK;
    if (strncasecmp(sent, "Bearer ", 7) != 0)
        return ERR(ERR_UNAUTHENTIC, "a bearer token is required");
    e = token_verify(req->arena, req->app->jwt_secret, sent + 7 + strspn(sent + 7, " "),
                     req->now_us, &req->user);
    if (e.kind)
        return e;
    req->is_admin = req->user.role && strcmp(req->user.role, "admin") == 0;
    return OK;
}

static struct err authenticate(struct request *req, enum route_auth auth)
{
    struct err e;

    switch (auth) {
    case AUTH_NONE:
        return OK;
    case AUTH_OPTIONAL:
        return read_token(req, false);
    case AUTH_USER:
        return read_token(req, true);
    case AUTH_ADMIN:
        e = read_token(req, true);
        if (!e.kind && !req->is_admin)
            return ERR(ERR_DENIED, "only an admin may do this");
        return e;
    case AUTH_INTERNAL: /* to others such a route does not exist */
        return is_internal(req) ? OK : ERR(ERR_NOT_FOUND, "no such route");
    }
    return ERR(ERR_BUG, "route with an unknown kind of authentication");
}

/* ---- what is asked ---- */

static bool takes_body(const char *method)
{
    return strcmp(method, "POST") == 0 || strcmp(method, "PUT") == 0 ||
           strcmp(method, "PATCH") == 0;
}

/* Whatever its Content-Type says: many clients send JSON under the type of a page's form. */
static struct err read_body(struct request *req)
{
    struct err e;

    if (takes_body(req->http->method) && req->http->n_body > 0) {
        e = json_read(req->arena, req->http->body, req->http->n_body, &req->body);
        if (e.kind)
            return ERR(ERR_INVALID, "the body is not valid JSON");
        if (!json_is_object(req->body))
            return ERR(ERR_INVALID, "the body must be a JSON object");
    }
    /* Without a body there is a form all the same: it gathers what is wrong with the query. */
    form_init(&req->form, req->arena, req->body);
    return OK;
}

/* Parts are separated by a byte that neither method nor path can hold. */
static const char *hash_of(const struct request *req)
{
    struct buf b;

    buf_init(&b, req->arena);
    buf_addf(&b, "%s\n%s\n", req->http->method, req->http->path);
    buf_add(&b, req->http->body, req->http->n_body);
    return sha256_hex(req->arena, b.data, b.n);
}

static struct err read_idempotency(struct request *req)
{
    const char *key = http_header(req->http, "Idempotency-Key");

    if (!key || !takes_body(req->http->method))
        return OK;
    if (!is_plain_text(key, MAX_KEY, NULL))
        return ERR(ERR_INVALID, "Idempotency-Key must be 1 to 255 visible ASCII characters");
    req->idempotency_key = arena_strdup(req->arena, key);
    req->body_hash = hash_of(req);
    return OK;
}

/* ---- the end ---- */

static const char *pattern_of(const struct request_private *p)
{
    return p->match.route ? p->match.route->pattern : "none";
}

static struct metric *metric_of(struct request *req)
{
    struct request_private *p = req->private;
    struct app_private *app = req->app->private;
    size_t route = p->match.route ? p->match.index : app->n_routes;
    struct metric **m = &app->route_metrics[route * 6 + (size_t)(p->status / 100)];

    if (!*m)
        *m = metric_histogram("http_request_duration_seconds", "Time to answer a request.",
                              arena_printf(req->arena, "method=\"%s\",route=\"%s\",status=\"%dxx\"",
                                           p->match.route ? p->match.route->method : "none",
                                           pattern_of(p), p->status / 100));
    return *m;
}

static void tell_log(struct request *req, int64_t us)
{
    struct request_private *p = req->private;
    enum log_level level = p->status >= 500 ? LOG_ERROR : p->status >= 400 ? LOG_INFO : LOG_DEBUG;
    const struct log_context *before;

    if (!log_enabled(level))
        return;
    before = log_context_set(&p->log);
    log_at(level, "http.request", kv_text("method", req->http->method),
           kv_text("route", pattern_of(p)), kv_i64("status", p->status), kv_i64("us", us),
           kv_i64("user_id", req->user.user_id), kv_text("detail", p->detail), KV_END);
    (void)log_context_set(before);
}

static void finish(struct request *req)
{
    struct request_private *p = req->private;
    int64_t us = clock_mono_us() - p->began_mono_us;
    bool is_head = strcmp(req->http->method, "HEAD") == 0;

    metric_observe_us(metric_of(req), us);
    tell_log(req, us);
    reply_header(req, "X-Correlation-ID", req->correlation_id);
    http_reply(p->http, p->status, p->headers, is_head ? NULL : p->body, is_head ? 0 : p->n_body);
    arena_free(req->arena);
}

static struct err answer(struct request *req)
{
    const struct route *route = req->private->match.route;
    struct err e = authenticate(req, route->auth);

    if (!e.kind)
        e = read_body(req);
    if (!e.kind)
        e = read_idempotency(req);
    if (e.kind)
        return e;
    e = route->handle(req);
    if (!e.kind && req->private->status == 0)
        return ERR(ERR_BUG, "the handler gave no answer");
    return e;
}

static void run(void *arg)
{
    struct request *req = arg;
    struct err e;

    task_set_deadline(clock_mono_us() + REQUEST_TIMEOUT_US);
    task_set_log_context(&req->private->log);
    e = answer(req);
    if (e.kind)
        problem_reply(req, e);
    task_set_log_context(NULL); /* it dies with the arena */
    finish(req);
}

void request_serve(struct http_request *http, void *arg)
{
    struct app *app = arg;
    struct request *req;
    struct request_private *p;

    if (health_serve(app, http))
        return;
    req = request_new(app, http);
    p = req->private;
    if (app->private->router)
        p->match = router_match(app->private->router, req->arena, http->method, http->path);
    if (p->match.route && app->private->started) {
        task_spawn(app->loop, p->match.route->pattern, run, req);
        return;
    }
    if (p->match.allow) {
        reply_header(req, "Allow", p->match.allow);
        problem_reply_status(req, 405, "this route has no such method");
    } else if (p->match.route) {
        problem_reply(req, ERR(ERR_UNAVAILABLE, "the service is starting"));
    } else {
        problem_reply(req, ERR(ERR_NOT_FOUND, "no such route"));
    }
    finish(req);
}
