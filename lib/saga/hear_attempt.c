/* hear_attempt.c - a batch in one transaction: what waits behind a parked event, what the domain
 * decides, what is parked, and the position. */
#include "saga/hear_attempt.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/failpoint.h"
#include "base/log.h"
#include "saga/hear_park.h"
#include "sql_saga.h"

/* How long an early event holds its stream back before it is parked: what it waits for is usually a
 * few milliseconds away in another stream, and waiting costs nothing while a job costs three
 * writes. */
#define PATIENCE_US (150 * US_PER_MS)
#define BEHIND "waits behind an older event of its subject"

struct attempt {
    struct absorber *b;
    struct event *events; /* all, in order */
    size_t n;
    struct batch batch; /* those that the domain decides */
    struct event **of;  /* batch.events[i] is a copy of *of[i] */
};

bool attempt_decides(const struct event *e)
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
        if (attempt_decides(ev) && is_among(&rows, ev->subject))
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
        if (!attempt_decides(&t->events[i]))
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

static void save(struct attempt *t)
{
    struct entry_id to = t->events[t->n - 1].entry;

    for (size_t i = 0; i < t->n; i++) {
        if (t->events[i].verdict != ABSORBED)
            hear_park(t->batch.jobs, t->batch.arena, &t->events[i], t->batch.now_us);
    }
    outbox_save(t->batch.outbox, t->batch.tx);
    job_list_save(t->batch.jobs, t->batch.tx);
    pg_queue(t->batch.tx, &sql_saga_heard_advance, absorber_advance_args(t->b, t->batch.arena, to));
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

static void committed(struct attempt *t)
{
    struct absorber *b = t->b;

    FAILPOINT("hear.committed");
    absorber_count(b, t->events, t->n);
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
            if (!attempt_decides(later) || strcmp(later->subject, t->events[i].subject) != 0)
                continue;
            event_early(later, BEHIND);
            any = true;
        }
    }
    return any;
}

struct err attempt_run(struct absorber *b, struct arena *a, struct event *events, size_t n,
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
        return again ? attempt_run(b, a, events, n, wait_at)
                     : e; /* once: all followers are marked now */
    }
    save(&t);
    FAILPOINT("hear.decided");
    e = pg_commit(t.batch.tx);
    if (e.kind == ERR_NONE)
        committed(&t);
    return e;
}
