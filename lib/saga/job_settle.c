/* job_settle.c - settle, then remove, put off or bury each job. */
#include "saga/job_settle.h"

#include <stdlib.h>
#include <string.h>

#include "base/backoff.h"
#include "base/clock.h"
#include "base/failpoint.h"
#include "base/log.h"
#include "sql_saga.h"

#define BACKOFF_CAP_US (15 * 60 * US_PER_S)

void job_fate_of_error(struct job *job, const struct job_kind *kind, struct err e)
{
    static const enum job_fate fates[] = {
        [ERR_NONE] = JOB_DONE,     [ERR_INVALID] = JOB_DEAD,      [ERR_UNAUTHENTIC] = JOB_DEAD,
        [ERR_DENIED] = JOB_DEAD,   [ERR_NOT_FOUND] = JOB_LATER,   [ERR_CONFLICT] = JOB_LATER,
        [ERR_UNFIT] = JOB_DEAD,    [ERR_LIMITED] = JOB_LATER,     [ERR_DUPLICATE] = JOB_DONE,
        [ERR_TIMEOUT] = JOB_LATER, [ERR_UNAVAILABLE] = JOB_LATER, [ERR_BUG] = JOB_DEAD,
    };

    job->fate = fates[e.kind];
    job->reason = e.what;
    if (e.kind == ERR_UNAVAILABLE || (e.kind == ERR_TIMEOUT && kind->free_timeouts))
        job->attempts_counted = job->attempts - 1;
    else if (job->fate == JOB_LATER && kind->max_attempts > 0 &&
             job->attempts >= kind->max_attempts)
        job->fate = JOB_DEAD;
}

static int64_t due_again(const struct job *job, const struct job_kind *kind, int64_t now_us)
{
    int64_t first_us = kind->backoff_us > 0 ? kind->backoff_us : US_PER_S;

    if (job->again_us > 0)
        return job->again_us;
    return now_us + backoff_us(job->attempts, first_us, BACKOFF_CAP_US);
}

static void queue_finish(struct job_batch *b)
{
    int64_t *ids = ARENA_ARRAY(b->arena, int64_t, b->n),
            *claims = ARENA_ARRAY(b->arena, int64_t, b->n);
    struct pg_args *args = pg_args(b->arena);
    size_t n = 0;

    for (size_t i = 0; i < b->n; i++) {
        if (b->jobs[i]->fate != JOB_DONE)
            continue;
        ids[n] = b->jobs[i]->id;
        claims[n++] = b->jobs[i]->attempts;
    }
    if (n == 0)
        return;
    pg_add_i64s(args, ids, n);
    pg_add_i64s(args, claims, n);
    pg_queue(b->tx, &sql_saga_job_finish, args);
}

/* A job that comes again by itself (a sweep) has no reason, and is no news. */
static void log_fate(const struct job *job)
{
    if (job->fate == JOB_DEAD)
        log_error("job.dead", kv_text("kind", job->kind), kv_text("key", job->key),
                  kv_text("reason", job->reason));
    else if (job->reason)
        log_info("job.put_off", kv_text("kind", job->kind), kv_text("key", job->key),
                 kv_text("reason", job->reason), kv_i64("attempts", job->attempts));
}

static void queue_put_off(struct job_batch *b)
{
    struct arena *a = b->arena;
    int64_t *ids = ARENA_ARRAY(a, int64_t, b->n), *claims = ARENA_ARRAY(a, int64_t, b->n);
    int64_t *counted = ARENA_ARRAY(a, int64_t, b->n), *due = ARENA_ARRAY(a, int64_t, b->n);
    const char **states = ARENA_ARRAY(a, const char *, b->n),
               **reasons = ARENA_ARRAY(a, const char *, b->n);
    struct pg_args *args = pg_args(a);
    size_t n = 0;

    for (size_t i = 0; i < b->n; i++) {
        const struct job *job = b->jobs[i];
        if (job->fate == JOB_DONE)
            continue;
        log_fate(job);
        ids[n] = job->id;
        claims[n] = job->attempts;
        counted[n] = job->attempts_counted;
        due[n] = due_again(job, b->kind, b->now_us);
        states[n] = job->fate == JOB_DEAD ? "dead" : "due";
        reasons[n++] = job->reason;
    }
    if (n == 0)
        return;
    pg_add_i64s(args, ids, n);
    pg_add_i64s(args, claims, n);
    pg_add_i64s(args, counted, n);
    pg_add_i64s(args, due, n);
    pg_add_texts(args, states, n);
    pg_add_texts(args, reasons, n);
    pg_queue(b->tx, &sql_saga_job_put_off, args);
}

/* What an attempt that was undone decided does not count. */
static void expect_done(struct job_batch *b)
{
    for (size_t i = 0; i < b->n; i++) {
        b->jobs[i]->fate = JOB_DONE;
        b->jobs[i]->again_us = 0;
        b->jobs[i]->reason = NULL;
    }
}

static struct err settle_in(struct job_batch *b, bool decide)
{
    struct err e = OK;

    if (decide && b->kind->settle) {
        expect_done(b);
        e = b->kind->settle(b);
    }
    if (e.kind)
        return e;
    queue_finish(b);
    queue_put_off(b);
    outbox_save(b->outbox, b->tx);
    job_list_save(b->later, b->tx);
    return OK;
}

/* decide: ask the domain; otherwise the fates are given. */
static struct err settle(const struct job_runner_config *cfg, const struct job_kind *kind,
                         struct job **jobs, size_t n, bool decide)
{
    struct arena *a = arena_new();
    struct job_batch b = {.jobs = jobs,
                          .n = n,
                          .arena = a,
                          .now_us = clock_now_us(),
                          .domain = cfg->domain,
                          .kind = kind,
                          .outbox = outbox_new(a, cfg->source, cfg->n_partitions),
                          .later = job_list_new(a)};
    struct err e;

    e = pg_begin(cfg->pg, a, &b.tx);
    if (e.kind)
        goto out;
    e = settle_in(&b, decide);
    if (e.kind)
        pg_rollback(b.tx);
    else
        e = pg_commit(b.tx);
    if (e.kind == ERR_NONE)
        FAILPOINT("job.settled");
    if (e.kind == ERR_NONE && cfg->on_commit)
        cfg->on_commit(cfg->on_commit_arg, committed_of(b.outbox, b.later));
out:
    arena_free(a);
    return e;
}

static bool passes_by_itself(struct err e)
{
    return e.kind == ERR_UNAVAILABLE || e.kind == ERR_TIMEOUT || e.kind == ERR_CONFLICT;
}

struct err job_settle(const struct job_runner_config *cfg, const struct job_kind *kind,
                      struct job **jobs, size_t n)
{
    struct err e = settle(cfg, kind, jobs, n, true);

    if (e.kind == ERR_NONE)
        return e;
    if (e.kind == ERR_UNAVAILABLE || (n == 1 && passes_by_itself(e)))
        return e; /* without a database they fare no better one by one */
    if (n == 1) {
        log_error("job.settle_refused", kv_text("kind", kind->kind), kv_text("key", jobs[0]->key),
                  kv_err(e));
        job_fate_of_error(jobs[0], kind, e);
        return settle(cfg, kind, jobs, 1, false);
    }
    for (size_t i = 0; i < n;
         i++) { /* one of them spoils it for the others, or was claimed by a twin */
        struct err alone = job_settle(cfg, kind, &jobs[i], 1);
        if (alone.kind)
            log_warn("job.not_settled", kv_text("kind", kind->kind), kv_text("key", jobs[i]->key),
                     kv_err(alone));
    }
    return OK;
}
