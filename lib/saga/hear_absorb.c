/* hear_absorb.c - decide a batch and commit effects, events, jobs and position together. */
#include "saga/hear_absorb.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "loop/task.h"
#include "saga/hear_park.h"
#include "sql_saga.h"

/* How long an early event holds its stream back before it is parked: what it waits for is usually a
 * few milliseconds away in another stream, and waiting costs nothing while a job costs three
 * writes. */
#define PATIENCE_US (150 * US_PER_MS)
#define PATIENCE_STEP_US (2 * US_PER_MS)
#define AHEAD_US US_PER_S /* longest that a position passed over to is not saved */
#define BEHIND "waits behind an older event of its subject"

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

/* ---- one transaction ---- */

struct attempt {
    struct absorber *b;
    struct event *events; /* all, in order */
    size_t n;
    struct batch batch; /* those that the domain decides */
    struct event **of;  /* batch.events[i] is a copy of *of[i] */
};

/* Neither put aside already nor of no interest. */
static bool is_to_decide(const struct event *e)
{
    return e->verdict == ABSORBED && e->data;
}

static bool is_among(const struct pg_rows *subjects, const char *subject)
{
    for (size_t i = 0; i < subjects->n; i++) {
        if (strcmp(pg_text(subjects, i, 0), subject) == 0)
            return true;
    }
    return false;
}

/* Events of a subject that has parked ones wait behind them. */
static struct err mark_those_behind(struct attempt *t)
{
    struct arena *a = t->batch.arena;
    const char **subjects = ARENA_ARRAY(a, const char *, t->n);
    struct pg_args *args = pg_args(a);
    struct pg_rows rows;
    struct err e;

    if (!t->b->has_parked)
        return OK;
    for (size_t i = 0; i < t->n; i++)
        subjects[i] = t->events[i].subject;
    pg_add_text(args, t->b->kind);
    pg_add_texts(args, subjects, t->n);
    e = pg_exec(t->batch.tx, &sql_saga_parked_subjects, args, a, &rows);
    for (size_t i = 0; e.kind == ERR_NONE && i < t->n; i++) {
        struct event *ev = &t->events[i];
        if (is_to_decide(ev) && is_among(&rows, ev->subject))
            event_early(ev, BEHIND);
    }
    return e;
}

static struct err decide(struct attempt *t)
{
    struct err e = OK;

    t->batch.events = ARENA_ARRAY(t->batch.arena, struct event, t->n);
    t->of = ARENA_ARRAY(t->batch.arena, struct event *, t->n);
    for (size_t i = 0; i < t->n; i++) {
        if (!is_to_decide(&t->events[i]))
            continue;
        t->of[t->batch.n] = &t->events[i];
        t->batch.events[t->batch.n++] = t->events[i];
    }
    if (t->batch.n > 0)
        e = t->b->cfg->row.on_batch(&t->batch);
    for (size_t i = 0; i < t->batch.n; i++)
        *t->of[i] = t->batch.events[i];
    return e;
}

/* From the position saved to another. */
static struct pg_args *advance_args(const struct absorber *b, struct arena *a, struct entry_id to)
{
    struct pg_args *args = place_args(b, a);

    pg_add_i64(args, (int64_t)b->saved.xid);
    pg_add_i64(args, (int64_t)b->saved.seq);
    pg_add_i64(args, (int64_t)to.xid);
    pg_add_i64(args, (int64_t)to.seq);
    return args;
}

static void save(struct attempt *t)
{
    struct entry_id to = t->events[t->n - 1].entry;

    for (size_t i = 0; i < t->n; i++) {
        if (t->events[i].verdict != ABSORBED)
            hear_park(t->batch.jobs, t->batch.arena, &t->events[i], t->batch.now_us);
    }
    outbox_save(t->batch.outbox, t->batch.tx);
    job_list_save(t->batch.jobs, t->batch.tx);
    pg_queue(t->batch.tx, &sql_saga_heard_advance, advance_args(t->b, t->batch.arena, to));
}

/* The first event that came early and may still be waited for; n when there is none. An event
 * behind a parked one is not waited for. */
static size_t first_to_wait_for(struct attempt *t)
{
    struct absorber *b = t->b;
    int64_t now = clock_mono_us();

    for (size_t i = 0; i < t->batch.n; i++) {
        const struct event *e = t->of[i];
        if (e->verdict != EARLY)
            continue;
        if (entry_id_compare(e->entry, b->early) != 0) {
            b->early = e->entry;
            b->early_mono_us = now;
        }
        return now - b->early_mono_us < PATIENCE_US ? (size_t)(e - t->events) : t->n;
    }
    return t->n;
}

static void count(struct absorber *b, const struct event *events, size_t n)
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

static void committed(struct attempt *t)
{
    struct absorber *b = t->b;

    count(b, t->events, t->n);
    b->saved = b->position;
    if (b->cfg->on_commit)
        b->cfg->on_commit(b->cfg->on_commit_arg, committed_of(t->batch.outbox, t->batch.jobs));
}

/* Whether later events of a subject were decided although one before them was not absorbed: they
 * are marked to wait behind it, and what was decided must be undone and decided again without them.
 */
static bool mark_followers(struct attempt *t)
{
    bool any = false;

    for (size_t i = 0; i < t->n; i++) {
        for (size_t k = i + 1; t->events[i].verdict != ABSORBED && k < t->n; k++) {
            struct event *later = &t->events[k];
            if (!is_to_decide(later) || strcmp(later->subject, t->events[i].subject) != 0)
                continue;
            event_early(later, BEHIND);
            any = true;
        }
    }
    return any;
}

/* *wait_at: where an early event stands that is worth waiting for; nothing was committed then. */
static struct err run(struct absorber *b, struct arena *a, struct event *events, size_t n,
                      size_t *wait_at)
{
    bool again = false;
    struct attempt t = {.b = b, .events = events, .n = n};
    struct err e;

    t.batch = (struct batch){.arena = a,
                             .outbox = outbox_new(a, b->cfg->source, b->cfg->n_partitions),
                             .jobs = job_list_new(a),
                             .now_us = clock_now_us(),
                             .domain = b->cfg->domain};
    *wait_at = n;
    e = pg_begin(b->cfg->pg, a, &t.batch.tx);
    if (e.kind)
        return e;
    e = mark_those_behind(&t);
    if (e.kind == ERR_NONE)
        e = decide(&t);
    if (e.kind == ERR_NONE)
        *wait_at = first_to_wait_for(&t);
    if (e.kind == ERR_NONE && *wait_at == n)
        again = mark_followers(&t);
    if (e.kind || *wait_at < n || again) {
        pg_rollback(t.batch.tx);
        return again ? run(b, a, events, n, wait_at) : e; /* once: all followers are marked now */
    }
    save(&t);
    e = pg_commit(t.batch.tx);
    if (e.kind == ERR_NONE)
        committed(&t);
    return e;
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
    return run(b, a, culprit, 1, &wait_at);
}

/* ---- what is of no interest ---- */

static bool is_any_to_decide(const struct event *events, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (events[i].verdict != ABSORBED || is_to_decide(&events[i]))
            return true;
    }
    return false;
}

/* It changes nothing, so it needs no commit: after a crash it is read and passed over again. */
static void pass_over(struct absorber *b, const struct event *events, size_t n)
{
    if (entry_id_compare(b->position, b->saved) == 0)
        b->ahead_mono_us = clock_mono_us();
    count(b, events, n);
}

struct err absorber_save_position(struct absorber *b, struct arena *a)
{
    struct err e;

    if (entry_id_compare(b->position, b->saved) == 0 ||
        clock_mono_us() - b->ahead_mono_us < AHEAD_US)
        return OK;
    e = pg_exec(b->cfg->pg, &sql_saga_heard_advance, advance_args(b, a, b->position), a, NULL);
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
    e = run(b, a, events, n, &wait_at);
    if (e.kind == ERR_NONE && wait_at < n &&
        wait_at > 0) { /* what stands before it need not wait */
        forget_verdicts(events, n);
        n = wait_at;
        e = run(b, a, events, n, &wait_at);
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
