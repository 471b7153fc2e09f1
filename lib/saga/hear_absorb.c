/* hear_absorb.c - a position, and how it moves: in a batch, one by one past a culprit, or over what
 * is of no interest. */
#include "saga/hear_absorb.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/failpoint.h"
#include "base/log.h"
#include "loop/task.h"
#include "saga/hear_attempt.h"
#include "saga/hear_park.h"
#include "sql_saga.h"

#define PATIENCE_STEP_US (2 * US_PER_MS)
#define AHEAD_US US_PER_S /* longest that a position passed over to is not saved */

void absorber_init(struct absorber *b, const struct hearer_config *cfg, struct arena *names,
                   const char *name)
{
    const char *labels = arena_printf(names, "stream=\"%s\"", name);

    b->cfg = cfg;
    b->name = name;
    b->kind = hear_job_kind(names, cfg->row.stream);
    b->absorbed = metric_counter("pasar_hear_absorbed_total", "Events absorbed.", labels);
    b->parked =
        metric_counter("pasar_hear_parked_total", "Events parked because they came early.", labels);
    b->dead = metric_counter("pasar_hear_dead_total", "Events kept as dead letters.", labels);
    b->strangers =
        metric_counter("pasar_hear_strangers_total", "Entries that no relay signed.", labels);
    b->batches = metric_histogram("pasar_hear_batch_seconds",
                                  "Time from reading a batch to its commit.", labels);
    b->age = metric_histogram("pasar_hear_age_seconds",
                              "Time from telling an event to absorbing it.", labels);
}

static struct pg_args *place_args(const struct absorber *b, struct arena *a)
{
    struct pg_args *args = pg_args(a);

    pg_add_text(args, b->cfg->row.stream);
    pg_add_i64(args, b->cfg->partition);
    return args;
}

struct err absorber_open(struct absorber *b)
{
    struct arena *a = arena_new();
    struct pg_args *kind = pg_args(a);
    struct pg_rows rows;
    struct err e;

    b->knows_position = false;
    e = pg_exec(b->cfg->pg, &sql_saga_heard_open, place_args(b, a), a, NULL);
    if (e.kind == ERR_NONE)
        e = pg_exec(b->cfg->pg, &sql_saga_heard_get, place_args(b, a), a, &rows);
    if (e.kind)
        goto out;
    b->saved = (struct entry_id){(uint64_t)pg_i64(&rows, 0, 0), (uint64_t)pg_i64(&rows, 0, 1)};
    b->position = b->saved;
    pg_add_text(kind, b->kind);
    e = pg_exec(b->cfg->pg, &sql_saga_parked_any, kind, a, &rows);
    if (e.kind)
        goto out;
    b->has_parked = pg_bool(&rows, 0, 0);
    b->knows_position = true;
    log_info("hear.opened", kv_text("stream", b->name), kv_i64("xid", (int64_t)b->position.xid),
             kv_i64("seq", (int64_t)b->position.seq));
out:
    arena_free(a);
    return e;
}

/* From the position saved to another. */
struct pg_args *absorber_advance_args(const struct absorber *b, struct arena *a, struct entry_id to)
{
    struct pg_args *args = place_args(b, a);

    pg_add_i64(args, (int64_t)b->saved.xid);
    pg_add_i64(args, (int64_t)b->saved.seq);
    pg_add_i64(args, (int64_t)to.xid);
    pg_add_i64(args, (int64_t)to.seq);
    return args;
}

void absorber_count(struct absorber *b, const struct event *events, size_t n)
{
    b->position = events[n - 1].entry;
    for (size_t i = 0; i < n; i++) {
        const struct event *e = &events[i];
        char entry[ENTRY_ID_TEXT_SIZE];
        metric_add(e->verdict == ABSORBED ? b->absorbed
                   : e->verdict == EARLY  ? b->parked
                                          : b->dead,
                   1);
        metric_observe_us(b->age, clock_now_us() - e->time_us);
        b->has_parked |= e->verdict != ABSORBED;
        if (e->verdict != ABSORBED || !log_enabled(LOG_DEBUG))
            continue;
        entry_id_format(e->entry, entry);
        log_debug("hear.absorbed", kv_text("stream", b->name), kv_text("entry", entry),
                  kv_text("type", e->type), kv_text("subject", e->subject), kv_id("id", &e->id));
    }
}

static bool passes_by_itself(struct err e)
{
    return e.kind == ERR_UNAVAILABLE || e.kind == ERR_TIMEOUT;
}

/* What the verdicts were before the attempt, so that another starts afresh. */
static void forget_verdicts(struct event *events, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (events[i].data)
            events[i].verdict = ABSORBED;
    }
}

static bool may_fit_later(struct err e)
{
    return e.kind == ERR_CONFLICT || e.kind == ERR_NOT_FOUND || e.kind == ERR_LIMITED;
}

/* One event alone fails its transaction, and not because the world is down: it must not hold up the
 * others. */
static struct err set_aside(struct absorber *b, struct arena *a, struct event *culprit,
                            struct err why)
{
    size_t wait_at;

    log_error("hear.event_refused", kv_text("stream", b->name), kv_text("type", culprit->type),
              kv_text("subject", culprit->subject), kv_err(why));
    if (may_fit_later(why))
        event_early(culprit, why.what);
    else
        event_broken(culprit, why.what);
    return attempt_run(b, a, culprit, 1, &wait_at);
}

/* ---- what is of no interest ---- */

static bool is_any_to_decide(const struct event *events, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (events[i].verdict != ABSORBED || attempt_decides(&events[i]))
            return true;
    }
    return false;
}

/* It changes nothing, so it needs no commit: after a crash it is read and passed over again. */
static void pass_over(struct absorber *b, const struct event *events, size_t n)
{
    if (entry_id_compare(b->position, b->saved) == 0)
        b->ahead_mono_us = clock_mono_us();
    absorber_count(b, events, n);
    FAILPOINT("hear.passed_over");
}

struct err absorber_save_position(struct absorber *b, struct arena *a)
{
    struct err e;

    if (entry_id_compare(b->position, b->saved) == 0 ||
        clock_mono_us() - b->ahead_mono_us < AHEAD_US)
        return OK;
    e = pg_exec(b->cfg->pg, &sql_saga_heard_advance, absorber_advance_args(b, a, b->position), a,
                NULL);
    if (e.kind)
        b->knows_position = false;
    else
        b->saved = b->position;
    return e;
}

/* ---- a batch ---- */

struct err absorber_absorb(struct absorber *b, struct arena *a, struct event *events, size_t n)
{
    int64_t began = clock_mono_us();
    size_t wait_at;
    struct err e;

    if (b->n_singly == 0 && !is_any_to_decide(events, n)) {
        pass_over(b, events, n);
        return OK;
    }
    if (b->n_singly > 0)
        n = 1;
    e = attempt_run(b, a, events, n, &wait_at);
    if (e.kind == ERR_NONE && wait_at < n &&
        wait_at > 0) { /* what stands before it need not wait */
        forget_verdicts(events, n);
        n = wait_at;
        e = attempt_run(b, a, events, n, &wait_at);
    }
    if (e.kind == ERR_NONE && wait_at < n) {
        task_sleep(PATIENCE_STEP_US);
        return OK;
    }
    if (e.kind && passes_by_itself(e)) {
        b->knows_position = false; /* the commit may have happened: ask */
        return e;
    }
    if (e.kind && n > 1) {
        b->n_singly = n;
        return OK;
    }
    if (e.kind)
        e = set_aside(b, a, &events[0], e);
    if (b->n_singly > 0)
        b->n_singly--;
    metric_observe_us(b->batches, clock_mono_us() - began);
    return e;
}

struct err absorber_bury_strangers(struct absorber *b, struct arena *a,
                                   const struct redis_value *const *entries, size_t n)
{
    struct job_list *dead = job_list_new(a);
    struct pg *tx;
    struct err e;

    for (size_t i = 0; i < n; i++)
        hear_bury_stranger(dead, a, b->cfg->row.stream, entries[i]);
    e = pg_begin(b->cfg->pg, a, &tx);
    if (e.kind)
        return e;
    job_list_save(dead, tx);
    e = pg_commit(tx);
    if (e.kind == ERR_NONE)
        metric_add(b->strangers, (int64_t)n);
    return e;
}
