/* hear.c - the hearer's task: lock, read, absorb in one transaction, mirror. */
#include "saga/hear.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/backoff.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/pace.h"
#include "loop/task.h"
#include "saga/hear_absorb.h"
#include "saga/hear_read.h"

#define MAX_ENTRIES 64
#define BLOCK_US US_PER_S
#define TWIN_US US_PER_S             /* between attempts at a lock that another holds */
#define STRANGER_US (20 * US_PER_MS) /* first wait for the relay to remove one */
#define MIRROR_US (250 * US_PER_MS)
#define REWOUND_US (5 * US_PER_S) /* a relay that mends its stream moves its end before that */
#define SMALL_BATCH 16
#define PAUSE_US (3 * US_PER_MS) /* at most, before the next after a small batch */

struct hearer {
    struct absorber absorber;
    struct hearer_config cfg;
    struct arena *arena; /* names */
    const char *name;    /* of the partition */
    const char *lock;
    struct redis *redis;
    struct redis_config redis_cfg;
    bool leads;
    uint64_t generation;
    bool stopping, stopped, gap, rewound;
    int64_t rewinding_mono_us; /* since when the stream is not the one we heard; 0: it is */
    struct entry_id end;       /* and then ended here */
    int failures, odd_reads;
    struct entry_id mirrored;
    int64_t mirrored_mono_us;
    struct pace pace;
};

static void forget_trouble(struct hearer *h)
{
    h->gap = h->rewound = false;
    h->rewinding_mono_us = 0;
    h->odd_reads = 0;
}

/* Locks die with the shared connection; the position is read again by whoever gets the lock. */
static struct err lead(struct hearer *h)
{
    struct err e;

    if (h->leads && h->generation == pg_generation(h->cfg.pg) && h->absorber.knows_position)
        return OK;
    h->generation = pg_generation(h->cfg.pg);
    forget_trouble(h); /* whoever leads finds out */
    h->leads = false;
    e = pg_try_lock(h->cfg.pg, h->lock, &h->leads);
    if (e.kind == ERR_NONE && h->leads)
        e = absorber_open(&h->absorber);
    return e;
}

/* Asks the owner of the stream to look at it, and tells it from where on we miss entries. */
static void hint_owner(struct hearer *h, bool gap)
{
    struct arena *a = arena_new();
    struct redis_args *c = redis_args(a, "PUBLISH");
    char position[ENTRY_ID_TEXT_SIZE];

    entry_id_format(h->absorber.position, position);
    redis_add(c, arena_printf(a, "hint:%s", h->name));
    redis_add(c, gap ? position : "");
    redis_send(h->cfg.commands, c);
    arena_free(a);
}

/* Shows our position to XINFO GROUPS, lag metrics and the trimming relay. Never read back. */
static void mirror(struct hearer *h, bool idle)
{
    static const char *const verbs[] = {"SETID", "CREATE"};
    struct entry_id position = h->absorber.saved;
    int64_t now = clock_mono_us();
    char text[ENTRY_ID_TEXT_SIZE];
    struct arena *a;

    if (position.xid == 0 || (!idle && now - h->mirrored_mono_us < MIRROR_US) ||
        (idle && now - h->mirrored_mono_us < 4 * MIRROR_US &&
         entry_id_compare(position, h->mirrored) == 0))
        return;
    a = arena_new();
    entry_id_format(position, text);
    /* one of the two is refused: that is cheaper than to ask which */
    for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++) {
        struct redis_args *c = redis_args(a, "XGROUP");
        redis_add(c, verbs[i]);
        redis_add(c, h->name);
        redis_add(c, h->cfg.group);
        redis_add(c, text);
        redis_send(h->cfg.commands, c);
    }
    h->mirrored = position;
    h->mirrored_mono_us = now;
    arena_free(a);
}

/* Something in the stream is not as a relay leaves it: have it mended, meanwhile do not spin. */
static void wait_for_mending(struct hearer *h, bool gap)
{
    if (gap && !h->gap)
        log_error("hear.gap", kv_text("stream", h->name),
                  kv_i64("xid", (int64_t)h->absorber.position.xid),
                  kv_i64("seq", (int64_t)h->absorber.position.seq));
    h->gap = gap;
    h->odd_reads++;
    hint_owner(h, gap);
    task_sleep(backoff_us(h->odd_reads, STRANGER_US, US_PER_S));
}

/* Either Redis lost the stream, and its relay is filling it again, or the teller's database was
 * restored from a backup, and what it tells now would be passed over: then an operator says from
 * where on we hear it anew, in `heard`. */
static struct err wait_for_teller(struct hearer *h, struct entry_id end)
{
    int64_t now = clock_mono_us();

    if (h->rewinding_mono_us == 0 || entry_id_compare(end, h->end) != 0)
        h->rewinding_mono_us = now;
    h->end = end;
    h->odd_reads++;
    hint_owner(h, false);
    task_sleep(backoff_us(h->odd_reads, STRANGER_US, US_PER_S));
    if (now - h->rewinding_mono_us < REWOUND_US || h->stopping)
        return OK;
    if (!h->rewound)
        log_error("hear.rewound", kv_text("stream", h->name),
                  kv_i64("xid", (int64_t)h->absorber.position.xid),
                  kv_i64("seq", (int64_t)h->absorber.position.seq));
    h->rewound = true;
    return absorber_open(&h->absorber);
}

static void pause_when_many_come(struct hearer *h, size_t n)
{
    int64_t pause_us;

    pace_note(&h->pace, n, clock_mono_us());
    pause_us = pace_pause_us(&h->pace, n, SMALL_BATCH, PAUSE_US);
    if (pause_us > 0)
        task_sleep(pause_us);
}

static struct err hear_once(struct hearer *h, struct arena *a)
{
    struct reader reader = {&h->cfg, &h->redis, h->name};
    struct reading reading;
    struct err e;

    e = hear_read(&reader, a, h->absorber.position, BLOCK_US, &reading);
    if (e.kind || !reading.rewound)
        h->rewinding_mono_us = 0;
    if (e.kind)
        return e;
    if (reading.n_strangers > 0) {
        e = absorber_bury_strangers(&h->absorber, a, reading.strangers, reading.n_strangers);
        if (e.kind)
            return e;
    }
    h->rewound = h->rewound && reading.rewound;
    if (reading.n > 0) {
        h->odd_reads = 0;
        h->gap = false;
        e = absorber_absorb(&h->absorber, a, reading.events, reading.n);
        pause_when_many_come(h, reading.n);
    } else if (reading.rewound) {
        e = wait_for_teller(h, reading.end);
    } else if (reading.gap || reading.n_strangers > 0) {
        wait_for_mending(h, reading.gap);
    }
    if (e.kind == ERR_NONE)
        e = absorber_save_position(&h->absorber, a);
    mirror(h, reading.n == 0);
    return e;
}

static void hear_task(void *arg)
{
    struct hearer *h = arg;

    while (!h->stopping) {
        struct arena *a = arena_new();
        struct err e = lead(h);
        if (e.kind == ERR_NONE && h->leads && !h->stopping)
            e = hear_once(h, a);
        arena_free(a);
        if (h->stopping)
            break;
        h->failures = e.kind ? h->failures + 1 : 0;
        if (e.kind)
            task_sleep(backoff_us(h->failures, 10 * US_PER_MS, US_PER_S));
        else if (!h->leads)
            task_sleep(TWIN_US);
    }
    if (h->leads && h->generation == pg_generation(h->cfg.pg) && pg_unlock(h->cfg.pg, h->lock).kind)
        log_debug("hear.lock_kept"); /* it ends with the connection */
    h->stopped = true;
}

struct hearer *hearer_start(struct loop *l, const struct hearer_config *cfg)
{
    struct hearer *h = calloc(1, sizeof *h);

    if (!h)
        abort();
    h->cfg = *cfg;
    if (h->cfg.max_entries == 0)
        h->cfg.max_entries = MAX_ENTRIES;
    h->arena = arena_new();
    h->name = stream_name(h->arena, cfg->row.stream, cfg->partition, cfg->n_partitions);
    h->lock = arena_printf(h->arena, "hear:%s", h->name);
    h->redis_cfg = *cfg->redis;
    h->redis_cfg.timeout_us = BLOCK_US + 2 * US_PER_S;
    h->redis = redis_open(l, &h->redis_cfg);
    absorber_init(&h->absorber, &h->cfg, h->arena, h->name);
    task_spawn(l, "hear", hear_task, h);
    return h;
}

void hearer_stop(struct hearer *h)
{
    h->stopping = true;
    redis_close(h->redis); /* cuts a blocking read short */
    h->redis = NULL;
}

bool hearer_has_stopped(const struct hearer *h)
{
    return h->stopped;
}

void hearer_free(struct hearer *h)
{
    if (!h)
        return;
    redis_close(h->redis);
    arena_free(h->arena);
    free(h);
}

bool hearer_is_well(const struct hearer *h)
{
    return !h->gap && !h->rewound;
}
