/* redis.c - one connection: comes, greets, carries commands, is watched, goes, and comes back. */
#include "wrap/redis.h"

#include <event2/event.h>
#include <netdb.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/backoff.h"
#include "base/clock.h"
#include "base/log.h"
#include "wrap/redis_private.h"

#define TIMEOUT_US (5 * US_PER_S)
#define GREETING_MOST_US (2 * US_PER_S) /* a stopped Redis still accepts connections */
#define RETRY_FIRST_US (50 * US_PER_MS)
#define RETRY_CAP_US (2 * US_PER_S)
#define LOOK_UP_EVERY 8 /* attempts to connect */

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

/* Looking up a name blocks the loop, for seconds when the name server is away too. So a name is
 * looked up once, and again only when nobody has answered at its address for a while. */
static const char *host_of(const struct redis *r)
{
    return r->address[0] && r->n_attempts % LOOK_UP_EVERY ? r->address : r->cfg.host;
}

static void remember_address(struct redis *r)
{
    struct sockaddr_storage peer = {0};
    socklen_t n = sizeof peer;

    if (getpeername(r->context->c.fd, (struct sockaddr *)&peer, &n) != 0 ||
        peer.ss_family == AF_UNIX ||
        getnameinfo((struct sockaddr *)&peer, n, r->address, sizeof r->address, NULL, 0,
                    NI_NUMERICHOST) != 0)
        r->address[0] = '\0';
}

static void on_connect(const redisAsyncContext *context, int status)
{
    struct redis *r = context->data;

    if (!r)
        return;
    if (status != REDIS_OK) {
        go_down(r, context->c.errstr);
        return;
    }
    remember_address(r);
    greet(r);
}

static redisAsyncContext *context_new(const struct redis *r)
{
    const char *host = host_of(r);
    redisAsyncContext *context =
        host[0] == '/' ? redisAsyncConnectUnix(host) : redisAsyncConnect(host, r->cfg.port);

    if (!context)
        abort();
    return context;
}

/* From the timer only, never on a task's small stack. */
static void connect_now(struct redis *r)
{
    r->context = context_new(r);
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
        redis_calls_check(r);
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
