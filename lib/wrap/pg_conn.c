/* pg_conn.c - the life of one connection: connect, be lost, come back.
 *
 * A lost connection is finished and made anew, never PQreset(), which would drop the pipeline mode
 * and may reuse the socket's number under our events: those are deleted before every PQfinish().
 * Connecting does not block, but for looking up a host's name: give addresses or socket directories
 * where that matters. */
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/backoff.h"
#include "base/clock.h"
#include "base/log.h"
#include "wrap/pg_internal.h"

#define RETRY_FIRST_US (50 * US_PER_MS)
#define RETRY_CAP_US (2 * US_PER_S)

static void arm(struct event *e, int64_t us)
{
    struct timeval tv = {.tv_sec = (time_t)(us / US_PER_S),
                         .tv_usec = (suseconds_t)(us % US_PER_S)};

    event_add(e, &tv);
}

static struct event *event_for(struct pg_conn *c, int fd, int what, event_callback_fn fn)
{
    struct event *e = event_new(loop_base(c->pool->loop), fd, (short)what, fn, c);

    if (!e)
        abort();
    return e;
}

static void drop_event(struct event **e)
{
    if (*e)
        event_free(*e);
    *e = NULL;
}

/* libpq's messages end in a newline and may have several lines: the first tells. */
static void log_why(enum log_level level, const char *event, const char *why)
{
    char line[256];

    snprintf(line, sizeof line, "%.*s", (int)strcspn(why, "\n"), why);
    log_at(level, event, kv_text("why", line), KV_END);
}

static void finish(struct pg_conn *c)
{
    drop_event(&c->io);
    drop_event(&c->readable);
    drop_event(&c->writable);
    event_del(c->timer);
    event_del(c->watchdog);
    c->watching = false;
    PQfinish(c->pq);
    c->pq = NULL;
    c->state = PG_CONN_DOWN;
}

/* ---- connecting ---- */

static void attempt_failed(struct pg_conn *c, const char *why)
{
    c->n_failed++;
    log_why(c->known_down ? LOG_DEBUG : LOG_WARN, "pg.connect_failed", why);
    c->known_down = true;
    finish(c);
    arm(c->timer, backoff_us(c->n_failed, RETRY_FIRST_US, RETRY_CAP_US));
    pg_pool_failed(c);
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
    (void)fd, (void)what;
    pg_pipe_read(arg);
}

static void on_writable(evutil_socket_t fd, short what, void *arg)
{
    struct pg_conn *c = arg;

    (void)fd, (void)what;
    pg_pipe_flush(c);
    if (c->state == PG_CONN_UP)
        pg_pipe_read(c); /* a blocked PQflush() reads on its own: nobody else would notice */
}

/* The server's farewell may come while nothing is asked: then nothing asked later has been done. As
 * a notice amid what is asked it tells that libpq has lost count (after a failed write it takes all
 * that still arrives for notices, answers included): then nothing is certain. */
static void on_notice(void *arg, const PGresult *notice)
{
    struct pg_conn *c = arg;
    const char *severity = pg_error_field(notice, PG_DIAG_SEVERITY_NONLOCALIZED);

    if (!strcmp(severity, "FATAL") || !strcmp(severity, "PANIC"))
        c->dying = c->answers.n == 0;
    log_why(c->dying ? LOG_WARN : LOG_DEBUG, "pg.notice",
            pg_error_field(notice, PG_DIAG_MESSAGE_PRIMARY));
}

static void connected(struct pg_conn *c)
{
    int fd = PQsocket(c->pq);

    if (PQsetnonblocking(c->pq, 1) || !PQenterPipelineMode(c->pq)) {
        attempt_failed(c, PQerrorMessage(c->pq));
        return;
    }
    event_del(c->timer);
    c->readable = event_for(c, fd, EV_READ | EV_PERSIST, on_readable);
    c->writable = event_for(c, fd, EV_WRITE | EV_PERSIST, on_writable);
    event_add(c->readable, NULL);
    if (c->n_failed || c->life)
        log_info("pg.connected", kv_i64("attempts", c->n_failed + 1));
    c->state = PG_CONN_UP;
    c->known_down = c->dying = false;
    c->n_failed = 0;
    c->life++;
    c->planned_mono_us = clock_mono_us();
    pg_pool_came(c);
}

static void on_step(evutil_socket_t fd, short what, void *arg);

static void wait_for_step(struct pg_conn *c, int what)
{
    c->io = event_for(c, PQsocket(c->pq), what, on_step);
    event_add(c->io, NULL);
}

/* The socket may be another one after each step: its event must be gone before libpq goes on. */
static void on_step(evutil_socket_t fd, short what, void *arg)
{
    struct pg_conn *c = arg;

    (void)fd, (void)what;
    drop_event(&c->io);
    switch ((int)PQconnectPoll(c->pq)) {
    case PGRES_POLLING_READING:
        wait_for_step(c, EV_READ);
        break;
    case PGRES_POLLING_WRITING:
        wait_for_step(c, EV_WRITE);
        break;
    case PGRES_POLLING_OK:
        connected(c);
        break;
    default:
        attempt_failed(c, PQerrorMessage(c->pq));
        break;
    }
}

static void start(struct pg_conn *c)
{
    struct pg_settings s;
    int64_t timeout_us = pg_timeout_us(&c->pool->cfg);

    /* The server gives up first, so that we hear which statement it was. */
    pg_settings_fill(&s, &c->pool->cfg, timeout_us - timeout_us / 10);
    c->state = PG_CONN_CONNECTING;
    c->pq = PQconnectStartParams(s.names, s.values, 0);
    if (!c->pq)
        abort();
    PQsetNoticeReceiver(c->pq, on_notice, c);
    if (PQstatus(c->pq) == CONNECTION_BAD) {
        attempt_failed(c, PQerrorMessage(c->pq));
        return;
    }
    arm(c->timer, timeout_us);
    wait_for_step(c, EV_WRITE);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
    struct pg_conn *c = arg;

    (void)fd, (void)what;
    if (c->state == PG_CONN_CONNECTING)
        attempt_failed(c, "no answer");
    else
        start(c);
}

/* ---- while it is up ---- */

static void on_watchdog(evutil_socket_t fd, short what, void *arg)
{
    struct pg_conn *c = arg;
    int64_t left_us;

    (void)fd, (void)what;
    c->watching = false;
    if (!c->n_sealed)
        return;
    left_us = c->progress_mono_us + pg_timeout_us(&c->pool->cfg) - clock_mono_us();
    if (left_us <= 0) {
        pg_conn_lost(c, "no answer for too long");
        return;
    }
    c->watching = true;
    arm(c->watchdog, left_us);
}

/* The timer is left running when the answers come: it looks again, once per timeout. */
void pg_conn_watch(struct pg_conn *c)
{
    if (c->n_sealed == 1)
        c->progress_mono_us = clock_mono_us();
    if (c->watching)
        return;
    c->watching = true;
    arm(c->watchdog, pg_timeout_us(&c->pool->cfg));
}

void pg_conn_want_room(struct pg_conn *c, bool wanted)
{
    if (wanted)
        event_add(c->writable, NULL);
    else if (event_pending(c->writable, EV_WRITE, NULL))
        event_del(c->writable);
}

static void drop_everything(struct pg_conn *c)
{
    struct pg *tx = c->holder;

    finish(c);
    pg_known_forget(&c->known);
    pg_pipe_fail(c);
    c->holder = NULL;
    c->n_sealed = 0;
    if (tx || c->cleaning)
        c->taken = false; /* else a task was just given it, and gives it back */
    c->cleaning = false;
    if (tx)
        pg_tx_lost(tx);
}

void pg_conn_lost(struct pg_conn *c, const char *why)
{
    log_why(LOG_WARN, "pg.connection_lost", why);
    drop_everything(c);
    arm(c->timer, backoff_us(1, RETRY_FIRST_US / 5, RETRY_CAP_US)); /* not all of us at once */
}

/* ---- begin and end ---- */

void pg_conn_init(struct pg_conn *c, struct pg_pool *pool)
{
    c->pool = pool;
    c->timer = event_for(c, -1, 0, on_timer);
    c->watchdog = event_for(c, -1, 0, on_watchdog);
    start(c);
}

void pg_conn_release(struct pg_conn *c)
{
    drop_everything(c);
    drop_event(&c->timer);
    drop_event(&c->watchdog);
    free(c->answers.ring);
}
