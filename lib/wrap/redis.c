/* redis.c - one connection: comes, greets, carries commands, is watched, goes, and comes back. */
#include "wrap/redis.h"

#include <assert.h>
#include <event2/event.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/backoff.h"
#include "base/clock.h"
#include "base/log.h"
#include "wrap/redis_private.h"

#define TIMEOUT_US (5 * US_PER_S)
#define GREETING_MOST_US (2 * US_PER_S) /* a stopped Redis still accepts connections */
#define RETRY_FIRST_US (50 * US_PER_MS)
#define RETRY_CAP_US (2 * US_PER_S)
#define MOST_CALLS 65536 /* on their way; a Redis so far behind is as good as down */

/* ---- the timer ---- */

void redis_watch(struct redis *r, int64_t at_mono_us)
{
    int64_t us;
    struct timeval after;

    if (at_mono_us >= r->timer_mono_us)
        return;
    us = at_mono_us - clock_mono_us();
    if (us < 0)
        us = 0;
    after.tv_sec = (time_t)(us / US_PER_S);
    after.tv_usec = (suseconds_t)(us % US_PER_S);
    event_add(r->timer, &after);
    r->timer_mono_us = at_mono_us;
}

static void watch_anew(struct redis *r, int64_t after_us)
{
    r->timer_mono_us = NO_DEADLINE;
    redis_watch(r, clock_mono_us() + after_us);
}

/* ---- going ---- */

static void go_down(struct redis *r, const char *reason)
{
    r->context = NULL;
    r->link = LINK_DOWN;
    r->n_attempts++;
    if (r->is_closed)
        return;
    if (r->n_attempts == 1) /* the first of a row tells; the rest would only fill the log */
        log_warn("redis.went_down", kv_text("host", r->cfg.host), kv_i64("port", r->cfg.port),
                 kv_text("reason", reason));
    watch_anew(r, backoff_us(r->n_attempts, RETRY_FIRST_US, RETRY_CAP_US));
}

void redis_drop(struct redis *r, const char *reason)
{
    redisAsyncContext *context = r->context;

    context->data = NULL; /* what hiredis still says of it is none of ours */
    go_down(r, reason);   /* first: reason may belong to the context */
    redisAsyncFree(context);
}

static void on_disconnect(const redisAsyncContext *context, int status)
{
    (void)status;
    if (context->data)
        go_down(context->data, context->errstr ? context->errstr : "closed");
}

/* ---- coming ---- */

static void go_up(struct redis *r)
{
    r->link = LINK_UP;
    log_info("redis.came_up", kv_text("host", r->cfg.host), kv_i64("port", r->cfg.port),
             kv_i64("database", r->cfg.database), kv_i64("attempts", r->n_attempts));
    r->n_attempts = 0;
    if (r->subscription)
        redis_subscription_start(r);
}

/* A Redis that still loads its data refuses here, and so never counts as up. */
static void on_greeting(redisAsyncContext *context, void *answer, void *arg)
{
    const redisReply *reply = answer;
    struct redis *r = arg;

    if (!context->data || !reply)
        return;
    if (reply->type == REDIS_REPLY_ERROR)
        redis_drop(r, reply->str);
    else if (--r->n_greetings == 0)
        go_up(r);
}

static void greet(struct redis *r)
{
    r->link = LINK_GREETING;
    r->n_greetings = 1;
    if (r->cfg.password && r->cfg.password[0]) {
        redisAsyncCommand(r->context, on_greeting, r, "AUTH %s", r->cfg.password);
        r->n_greetings++;
    }
    if (r->cfg.database) {
        redisAsyncCommand(r->context, on_greeting, r, "SELECT %d", r->cfg.database);
        r->n_greetings++;
    }
    redisAsyncCommand(r->context, on_greeting, r, "PING");
}

static void on_connect(const redisAsyncContext *context, int status)
{
    struct redis *r = context->data;

    if (!r)
        return;
    if (status == REDIS_OK)
        greet(r);
    else
        go_down(r, context->c.errstr);
}

static redisAsyncContext *context_new(const struct redis_config *cfg)
{
    redisAsyncContext *context = cfg->host[0] == '/' ? redisAsyncConnectUnix(cfg->host)
                                                     : redisAsyncConnect(cfg->host, cfg->port);

    if (!context)
        abort();
    return context;
}

/* From the timer only, so never on a task's stack: names are looked up here. */
static void connect_now(struct redis *r)
{
    r->context = context_new(&r->cfg);
    if (r->context->err) {
        redis_drop(r, r->context->errstr);
        return;
    }
    r->context->data = r;
    r->link = LINK_CONNECTING;
    redis_hook(r);
    redisAsyncSetConnectCallback(r->context, on_connect);
    redisAsyncSetDisconnectCallback(r->context, on_disconnect);
    watch_anew(r, r->cfg.timeout_us < GREETING_MOST_US ? r->cfg.timeout_us : GREETING_MOST_US);
}

/* Answers come in order: when the first call has waited too long since bytes last came, none will.
 */
static void check_answers(struct redis *r)
{
    const struct redis_call *first = r->first;
    int64_t due_mono_us;

    if (!first)
        return;
    due_mono_us = first->sent_mono_us > r->heard_mono_us ? first->sent_mono_us : r->heard_mono_us;
    due_mono_us += first->timeout_us;
    if (clock_mono_us() >= due_mono_us)
        redis_drop(r, "no answer");
    else
        redis_watch(r, due_mono_us);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
    struct redis *r = arg;

    (void)fd;
    (void)what;
    r->timer_mono_us = NO_DEADLINE;
    if (r->link == LINK_DOWN)
        connect_now(r);
    else if (r->link != LINK_UP)
        redis_drop(r, "no answer to the greeting");
    else if (r->subscription)
        redis_subscription_check(r);
    else
        check_answers(r);
}

/* ---- commands ---- */

static struct redis_call *take_first(struct redis *r)
{
    struct redis_call *call = r->first;

    r->first = call->next;
    if (!r->first)
        r->last = NULL;
    r->n_calls--;
    return call;
}

/* A reply of NULL: the connection ended first. */
static void on_answer(redisAsyncContext *context, void *answer, void *arg)
{
    struct redis_call *call = arg;
    struct redis *r = call->redis;

    (void)context;
    assert(r->first == call);
    take_first(r);
    if (!call->task) {
        free(call);
        return;
    }
    call->is_finished = true;
    if (answer)
        call->reply = redis_value_copy(call->arena, answer);
    else if (r->is_closed)
        call->result = ERR(ERR_UNAVAILABLE, "redis: closed");
    else
        call->result = ERR(ERR_TIMEOUT, "redis: connection lost before the answer");
    task_wake(call->task);
}

static struct redis_call *call_new(struct redis *r, int64_t timeout_us)
{
    struct redis_call *call = calloc(1, sizeof *call);

    if (!call)
        abort();
    call->redis = r;
    call->sent_mono_us = clock_mono_us();
    call->timeout_us = timeout_us > 0 ? timeout_us : r->cfg.timeout_us;
    if (r->last)
        r->last->next = call;
    else
        r->first = call;
    r->last = call;
    r->n_calls++;
    return call;
}

/* NULL: no connection, and nothing has happened. */
static struct redis_call *issue(struct redis *r, const struct redis_args *c, int64_t timeout_us)
{
    struct redis_call *call;

    assert(!r->subscription);
    if (r->link != LINK_UP || r->n_calls >= MOST_CALLS)
        return NULL;
    call = call_new(r, timeout_us);
    redisAsyncCommandArgv(r->context, on_answer, call, (int)c->n, c->words, c->lengths);
    redis_watch(r, call->sent_mono_us + call->timeout_us);
    return call;
}

/* What Redis says when it has done nothing and will do it later, or elsewhere. */
static struct err judge(const struct redis_value *v)
{
    static const char *const refusals[] = {"LOADING ", "READONLY ", "MASTERDOWN "};

    if (v->type != REDIS_ERROR)
        return OK;
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++)
        if (strncmp(v->text, refusals[i], strlen(refusals[i])) == 0)
            return ERR(ERR_UNAVAILABLE, "redis: not ready to serve");
    return OK;
}

static struct err finish(struct redis_call *call, const struct redis_value **out)
{
    struct err e = call->result;

    *out = call->reply;
    if (!e.kind)
        e = judge(call->reply);
    free(call);
    return e;
}

struct err redis_call(struct redis *r, const struct redis_args *c, int64_t timeout_us,
                      const struct redis_value **out)
{
    struct redis_call *call;
    int64_t deadline_mono_us;

    *out = NULL;
    if (task_deadline() <= clock_mono_us())
        return ERR(ERR_UNAVAILABLE, "redis: no time left");
    call = issue(r, c, timeout_us);
    if (!call)
        return ERR(ERR_UNAVAILABLE, "redis: not connected");
    call->task = task_self();
    call->arena = c->arena;
    deadline_mono_us = call->sent_mono_us + call->timeout_us;
    while (!call->is_finished) {
        struct err e = task_wait(deadline_mono_us);

        if (e.kind && !call->is_finished) {
            call->task = NULL; /* on_answer() frees it */
            return ERR(ERR_TIMEOUT, "redis: no answer in time");
        }
    }
    return finish(call, out);
}

void redis_send(struct redis *r, const struct redis_args *c)
{
    (void)issue(r, c, 0);
}

/* ---- birth and death ---- */

struct redis *redis_open(struct loop *l, const struct redis_config *cfg)
{
    struct redis *r = calloc(1, sizeof *r);

    if (!r)
        abort();
    signal(SIGPIPE, SIG_IGN); /* hiredis writes to a server that has gone */
    r->loop = l;
    r->cfg = *cfg;
    r->reading = arena_new();
    if (r->cfg.timeout_us <= 0)
        r->cfg.timeout_us = TIMEOUT_US;
    r->timer = event_new(loop_base(l), -1, 0, on_timer, r);
    if (!r->timer)
        abort();
    watch_anew(r, 0);
    return r;
}

void redis_free(struct redis *r)
{
    arena_free(r->reading);
    free(r);
}

void redis_close(struct redis *r)
{
    if (!r)
        return;
    r->is_closed = true;
    if (r->context) {
        if (r->context->c.flags & REDIS_IN_CALLBACK)
            redis_flush_later(r); /* hiredis still needs us: freed at the end of the turn */
        redis_drop(r, "closed");
    }
    event_free(r->timer);
    redis_subscription_free(r->subscription);
    r->subscription = NULL;
    if (!r->is_flush_due)
        redis_free(r);
}

bool redis_is_up(const struct redis *r)
{
    return r->link == LINK_UP;
}
