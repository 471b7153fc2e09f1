/* relay.c - the relay's task: lead, learn, append, wait. */
#include "saga/relay.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/backoff.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/pace.h"
#include "loop/sync.h"
#include "saga/relay_stream.h"
#include "sql_saga.h"

#define POLL_US US_PER_S                /* without any hint */
#define UNRIPE_US (1 * US_PER_MS)       /* an older transaction is about to end … */
#define UNRIPE_SHORTLY 20               /* … within so many looks, mostly; */
#define UNRIPE_LONG_US (20 * US_PER_MS) /* else looks are rarer, and none for a commit */
#define UNRIPE_TOLD 250                 /* so many later the log hears of it: 5 s */
#define TIDY_US (10 * US_PER_S)         /* between trims */
#define KEEP_DAYS 7                     /* of the outbox */
#define KEEP_ENTRIES 20000
#define PAUSE_US (3 * US_PER_MS) /* at most, before a look while many rows come */
#define ENOUGH 16                /* rows to wait for */

struct relay {
    struct relay_config cfg;
    struct arena *arena; /* names; as long as the relay */
    struct relay_stream *streams;
    size_t n_streams;
    struct redis *hints;
    struct latch dirty;
    bool stopping, stopped;
    char lock[64];
    bool leads;
    uint64_t generation; /* of the connection that holds the lock */
    int failures;
    size_t n_appended; /* by the last look */
    int n_unripe;      /* looks in a row that an older transaction spoilt */
    int64_t tidied_mono_us;
    struct pace pace;
};

static bool is_partition_of(const char *name, const char *base)
{
    size_t n = strlen(base);

    return strncmp(name, base, n) == 0 && (name[n] == '\0' || name[n] == ':');
}

static void on_hint(void *arg, const char *channel, const char *message)
{
    struct relay *r = arg;
    struct entry_id missing_after;
    bool gap = entry_id_parse(message, &missing_after).kind == ERR_NONE;

    if (!r->leads) /* it hears this too */
        return;
    for (size_t i = 0; i < r->n_streams; i++) {
        struct relay_stream *s = &r->streams[i];
        if (!is_partition_of(channel + strlen("hint:"), s->base))
            continue;
        s->knows_tail = false; /* somebody found something odd: look before the next append */
        if (gap && strcmp(channel + strlen("hint:"), s->name) == 0)
            relay_stream_miss(s, missing_after);
    }
    latch_set(&r->dirty);
}

/* Session locks die with the connection, so a new one means to ask again. */
static bool lead(struct relay *r)
{
    struct err e;

    if (r->leads && r->generation == pg_generation(r->cfg.pg))
        return true;
    r->generation = pg_generation(r->cfg.pg);
    e = pg_try_lock(r->cfg.pg, r->lock, &r->leads);
    if (e.kind)
        r->leads = false;
    for (size_t i = 0; i < r->n_streams; i++) {
        r->streams[i].knows_tail = false;
        r->streams[i].ahead = false; /* whoever leads finds out */
    }
    return r->leads;
}

static struct err serve(struct relay *r, struct relay_stream *s, bool *unripe)
{
    enum pass pass = PASS_MORE;
    struct err e = OK;

    while (e.kind == ERR_NONE && pass == PASS_MORE && !r->stopping) {
        if (!s->knows_tail || s->wants_rebuild) /* of the latter we may hear amid a pass */
            e = relay_stream_learn(&r->cfg, s);
        if (e.kind == ERR_NONE)
            e = relay_stream_pass(&r->cfg, s, &pass);
    }
    *unripe |= pass == PASS_UNRIPE;
    return e;
}

static struct err serve_all(struct relay *r, bool *unripe)
{
    struct err first = OK;

    for (size_t i = 0; i < r->n_streams; i++) {
        struct err e = serve(r, &r->streams[i], unripe);
        if (e.kind && first.kind == ERR_NONE)
            first = e;
    }
    return first;
}

static void trim(struct relay *r)
{
    for (size_t i = 0; i < r->n_streams; i++) {
        struct err e = relay_stream_trim(&r->cfg, &r->streams[i]);
        if (e.kind)
            log_debug("relay.not_trimmed", kv_text("stream", r->streams[i].name), kv_err(e));
    }
}

static void turn_calendar(struct relay *r)
{
    struct arena *a = arena_new();
    struct pg_args *args = pg_args(a);
    struct err e;

    pg_add_i64(args, KEEP_DAYS);
    e = pg_exec(r->cfg.pg, &sql_saga_outbox_turn, args, a, NULL);
    if (e.kind)
        log_warn("relay.outbox_not_turned", kv_err(e));
    arena_free(a);
}

/* Trimming is most needed when nothing can be appended: a Redis that is full takes nothing before
 * something goes. Rows are dropped only while all is well: others may still have to be carried. */
static void tidy(struct relay *r, bool is_well)
{
    bool just_failed = !is_well && r->failures == 1;

    if (!r->leads || (clock_mono_us() - r->tidied_mono_us < TIDY_US && !just_failed))
        return;
    r->tidied_mono_us = clock_mono_us();
    trim(r);
    if (is_well)
        turn_calendar(r);
}

/* Of whatever database of this server it is: until it ends nothing told after it began can be
 * carried. */
static void wait_for_old_transaction(struct relay *r)
{
    if (r->n_unripe == UNRIPE_SHORTLY + UNRIPE_TOLD)
        log_warn("relay.waits_for_old_transaction", kv_text("relay", r->cfg.name));
    task_sleep(UNRIPE_LONG_US);
}

/* Under load a look at once finds little, and most of that waits for older transactions. */
static int64_t pause_of(struct relay *r)
{
    return pace_pause_us(&r->pace, 0, ENOUGH, PAUSE_US);
}

static void note_pace(struct relay *r)
{
    r->n_appended = 0;
    for (size_t i = 0; i < r->n_streams; i++) {
        r->n_appended += r->streams[i].n_appended;
        r->streams[i].n_appended = 0;
    }
    pace_note(&r->pace, r->n_appended, clock_mono_us());
}

static void rest(struct relay *r, struct err e, bool unripe)
{
    int64_t pause_us = POLL_US;
    struct err waited;

    if (r->stopping)
        return;
    r->failures = e.kind ? r->failures + 1 : 0;
    tidy(r, e.kind == ERR_NONE);
    if (e.kind) {
        task_sleep(backoff_us(r->failures, 20 * US_PER_MS, POLL_US));
        return;
    }
    r->n_unripe = unripe && r->n_appended == 0 ? r->n_unripe + 1 : 0;
    if (r->n_unripe > UNRIPE_SHORTLY) {
        wait_for_old_transaction(r);
        return;
    }
    if (unripe)
        pause_us = UNRIPE_US;
    waited = latch_wait(&r->dirty, clock_mono_us() + pause_us);
    if (waited.kind && !unripe) { /* nobody called: has Redis changed behind our back? */
        for (size_t i = 0; i < r->n_streams; i++)
            r->streams[i].knows_tail = false;
    }
}

static void relay_task(void *arg)
{
    struct relay *r = arg;

    while (!r->stopping) {
        bool unripe = false;
        struct err e = OK;
        task_sleep(pause_of(r));
        latch_clear(&r->dirty); /* before reading: what is committed from here on sets it again */
        if (lead(r))
            e = serve_all(r, &unripe);
        note_pace(r);
        rest(r, e, unripe);
    }
    if (r->leads && r->generation == pg_generation(r->cfg.pg) && pg_unlock(r->cfg.pg, r->lock).kind)
        log_debug("relay.lock_kept"); /* it ends with the connection */
    r->stopped = true;
}

static void add_stream(struct relay *r, const char *base, int partition)
{
    struct relay_stream *s = &r->streams[r->n_streams++];
    const char *labels;

    s->base = base;
    s->partition = partition;
    s->name = stream_name(r->arena, base, partition, r->cfg.n_partitions);
    labels = arena_printf(r->arena, "stream=\"%s\"", s->name);
    s->appended =
        metric_counter("pasar_relay_appended_total", "Entries appended to the stream.", labels);
    s->refilled =
        metric_counter("pasar_relay_empty_total", "Times the stream was found empty.", labels);
    s->strangers = metric_counter("pasar_relay_strangers_total",
                                  "Entries removed that no relay signed.", labels);
}

static void listen_for_hints(struct loop *l, struct relay *r)
{
    const char **channels = ARENA_ARRAY(r->arena, const char *, r->n_streams + 1);

    for (size_t i = 0; i < r->n_streams; i++)
        channels[i] = arena_printf(r->arena, "hint:%s", r->streams[i].name);
    channels[r->n_streams] = arena_printf(r->arena, "hint:%s", r->cfg.name);
    r->hints = redis_open(l, r->cfg.hints);
    redis_subscribe(r->hints, channels, r->n_streams + 1, on_hint, r);
}

struct relay *relay_start(struct loop *l, const struct relay_config *cfg)
{
    struct relay *r = calloc(1, sizeof *r);
    size_t n = 0;

    if (!r)
        abort();
    r->cfg = *cfg;
    if (r->cfg.keep == 0)
        r->cfg.keep = KEEP_ENTRIES;
    r->arena = arena_new();
    snprintf(r->lock, sizeof r->lock, "relay:%s", cfg->name);
    while (cfg->streams[n])
        n++;
    r->streams = ARENA_ARRAY(r->arena, struct relay_stream, n * (size_t)cfg->n_partitions);
    for (size_t i = 0; i < n; i++) {
        for (int p = 0; p < cfg->n_partitions; p++)
            add_stream(r, cfg->streams[i], p);
    }
    listen_for_hints(l, r);
    task_spawn(l, "relay", relay_task, r);
    return r;
}

/* Of two processes one leads, and the other one's commits are its work too. */
void relay_wake(struct relay *r)
{
    if (r->leads)
        latch_set(&r->dirty);
    else
        relay_hint(r->cfg.redis, r->cfg.name);
}

void relay_hint(struct redis *redis, const char *name)
{
    struct arena *a = arena_new();
    struct redis_args *c = redis_args(a, "PUBLISH");

    redis_add(c, arena_printf(a, "hint:%s", name));
    redis_add(c, "");
    redis_send(redis, c);
    arena_free(a);
}

void relay_stop(struct relay *r)
{
    r->stopping = true;
    latch_set(&r->dirty);
}

bool relay_has_stopped(const struct relay *r)
{
    return r->stopped;
}

void relay_free(struct relay *r)
{
    if (!r)
        return;
    redis_close(r->hints);
    arena_free(r->arena);
    free(r);
}

bool relay_is_well(const struct relay *r, const char **why)
{
    for (size_t i = 0; i < r->n_streams; i++) {
        if (r->streams[i].ahead) {
            *why = "a stream is ahead of the database";
            return false;
        }
    }
    return true;
}
