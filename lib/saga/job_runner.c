/* job_runner.c - claims due jobs, calls the world for them, settles them in batches. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/backoff.h"
#include "base/clock.h"
#include "base/failpoint.h"
#include "base/log.h"
#include "base/metric.h"
#include "loop/sync.h"
#include "saga/job.h"
#include "saga/job_settle.h"
#include "sql_saga.h"

#define CLAIM_AT_ONCE 64
#define POLL_US US_PER_S
#define TIMEOUT_US (10 * US_PER_S)
#define CONCURRENCY 16
#define SAVE_AGAIN_US                                                                              \
    (20 * US_PER_MS) /* first pause before what could not be saved is saved again */

struct crew { /* of one kind */
    const struct job_kind *kind;
    struct job_runner *runner;
    struct gather settling;
    int n_running;
    struct metric *done, *later, *dead;
};

struct job_runner {
    struct job_runner_config cfg;
    struct loop *loop;
    struct crew *crews;
    size_t n_crews;
    struct latch wake;
    int64_t next_due_us; /* wall clock; of those we were told of */
    bool stopping;
    bool has_more; /* the last claim took all it had room for */
    int n_running; /* jobs, and the claiming task itself */
    int failures;
};

struct run { /* a job in its task */
    struct gather_item item;
    struct crew *crew;
    struct job job;
};

static int64_t timeout_of(const struct job_kind *k)
{
    return k->timeout_us > 0 ? k->timeout_us : TIMEOUT_US;
}

static int64_t lease_of(const struct job_kind *k)
{
    return 2 * timeout_of(k);
}

static int concurrency_of(const struct job_kind *k)
{
    return k->concurrency > 0 ? k->concurrency : CONCURRENCY;
}

/* ---- settling ---- */

static void count(struct crew *crew, const struct job *job)
{
    metric_add(job->fate == JOB_DONE    ? crew->done
               : job->fate == JOB_LATER ? crew->later
                                        : crew->dead,
               1);
}

static struct err settle_gathered(void *context, struct gather_item **items, size_t n)
{
    struct crew *crew = context;
    struct job *jobs[CLAIM_AT_ONCE];
    struct err e;

    for (size_t i = 0; i < n; i++)
        jobs[i] = &((struct run *)items[i])->job; /* item is its first member */
    e = job_settle(&crew->runner->cfg, crew->kind, jobs, n);
    for (size_t i = 0; e.kind == ERR_NONE && i < n; i++)
        count(crew, jobs[i]);
    return e;
}

static void end_run(struct run *run)
{
    run->crew->n_running--;
    run->crew->runner->n_running--;
    if (run->crew->runner->has_more) /* and now there is room for it */
        job_runner_wake(run->crew->runner, 0);
    arena_free(run->job.arena);
}

/* While the database is away nobody else can claim what is ours, and what was learnt is still in
 * memory: it is saved as soon as that is possible, and not learnt again when the lease has run out.
 */
static bool may_try_again(const struct job_runner *r, struct err e, int64_t lease_ends_mono_us,
                          int n_tries)
{
    if (e.kind != ERR_UNAVAILABLE || r->stopping || clock_mono_us() > lease_ends_mono_us)
        return false;
    task_sleep(backoff_us(n_tries, SAVE_AGAIN_US, POLL_US));
    return true;
}

static void put_off(struct run *run, struct err why, int64_t lease_ends_mono_us)
{
    struct job_kind undecided = *run->crew->kind;
    struct job *job = &run->job;
    struct err e;
    int n = 0;

    undecided.settle = NULL; /* nothing was learnt: only the fate is written */
    job_fate_of_error(job, run->crew->kind, why);
    do
        e = job_settle(&run->crew->runner->cfg, &undecided, &job, 1);
    while (may_try_again(run->crew->runner, e, lease_ends_mono_us, ++n));
    if (e.kind)
        log_warn("job.not_put_off", kv_text("kind", job->kind), kv_text("key", job->key),
                 kv_err(e));
    else
        count(run->crew, job);
}

static void settle_run(struct run *run, int64_t lease_ends_mono_us)
{
    struct err e;
    int n = 0;

    do {
        run->item = (struct gather_item){0};
        e = gather_submit(&run->crew->settling, &run->item);
    } while (may_try_again(run->crew->runner, e, lease_ends_mono_us, ++n));
    if (e.kind)
        log_warn("job.not_settled", kv_text("kind", run->crew->kind->kind),
                 kv_text("key", run->job.key), kv_err(e));
}

static void run_task(void *arg)
{
    struct run *run = arg;
    const struct job_kind *kind = run->crew->kind;
    int64_t began_mono_us = clock_mono_us(), lease_ends_mono_us = began_mono_us + lease_of(kind);
    struct err e;

    task_set_deadline(began_mono_us + timeout_of(kind));
    e = kind->call(run->crew->runner->cfg.domain, &run->job);
    task_set_deadline(NO_DEADLINE);
    FAILPOINT("job.called");
    if (e.kind)
        put_off(run, e, lease_ends_mono_us);
    else
        settle_run(run, lease_ends_mono_us);
    end_run(run);
}

/* Timers have nothing to call: those claimed together are settled together, here. */
static void settle_timers(struct crew *crew, struct run **runs, size_t n)
{
    int64_t lease_ends_mono_us = clock_mono_us() + lease_of(crew->kind);
    struct job *jobs[CLAIM_AT_ONCE];
    struct err e;
    int n_tries = 0;

    for (size_t i = 0; i < n; i++)
        jobs[i] = &runs[i]->job;
    do
        e = job_settle(&crew->runner->cfg, crew->kind, jobs, n);
    while (may_try_again(crew->runner, e, lease_ends_mono_us, ++n_tries));
    if (e.kind)
        log_warn("job.not_settled", kv_text("kind", crew->kind->kind), kv_i64("n", (int64_t)n),
                 kv_err(e));
    for (size_t i = 0; i < n; i++) {
        if (e.kind == ERR_NONE)
            count(crew, jobs[i]);
        end_run(runs[i]);
    }
}

/* ---- claiming ---- */

static struct err claim(struct job_runner *r, struct arena *a, struct pg_rows *rows)
{
    const char **kinds = ARENA_ARRAY(a, const char *, r->n_crews);
    int64_t *leases = ARENA_ARRAY(a, int64_t, r->n_crews);
    struct pg_args *args = pg_args(a);
    int room = CLAIM_AT_ONCE;
    size_t n = 0;
    struct err e;

    r->has_more = false;
    for (size_t i = 0; i < r->n_crews; i++) {
        const struct crew *c = &r->crews[i];
        int free_places = concurrency_of(c->kind) - c->n_running;
        r->has_more |= free_places <= 0;
        if (free_places <= 0)
            continue;
        if (c->kind->call && free_places < room)
            room = free_places;
        kinds[n] = c->kind->kind;
        leases[n++] = lease_of(c->kind);
    }
    if (n == 0)
        return OK;
    pg_add_texts(args, kinds, n);
    pg_add_i64s(args, leases, n);
    pg_add_i64(args, room);
    e = pg_exec(r->cfg.pg, &sql_saga_job_claim, args, a, rows);
    r->has_more |= e.kind == ERR_NONE && rows->n == (size_t)room;
    return e;
}

static struct crew *crew_of(struct job_runner *r, const char *kind)
{
    for (size_t i = 0; i < r->n_crews; i++) {
        if (strcmp(r->crews[i].kind->kind, kind) == 0)
            return &r->crews[i];
    }
    return NULL;
}

static struct run *run_new(struct job_runner *r, const struct pg_rows *rows, size_t i)
{
    struct arena *a = arena_new();
    struct run *run = ARENA_NEW(a, struct run);
    struct job *job = &run->job;
    const char *payload = pg_text(rows, i, 6);

    run->crew = crew_of(r, pg_text(rows, i, 1));
    job->arena = a;
    job->id = pg_i64(rows, i, 0);
    job->kind = run->crew->kind->kind;
    job->key = arena_strdup(a, pg_text(rows, i, 2));
    job->subject = arena_strdup(a, pg_text(rows, i, 3));
    job->attempts = (int)pg_i64(rows, i, 4);
    job->attempts_counted = job->attempts;
    job->traceparent = arena_strdup(a, pg_text(rows, i, 5));
    if (json_read(a, payload, strlen(payload), &job->payload).kind)
        job->payload = json_keep(
            a, json_object()); /* ours, from jsonb-safe text: cannot be; settle will say */
    run->crew->n_running++;
    r->n_running++;
    return run;
}

static void start_all(struct job_runner *r, const struct pg_rows *rows)
{
    struct run *timers[CLAIM_AT_ONCE], *of_kind[CLAIM_AT_ONCE];
    size_t n_timers = 0;

    for (size_t i = 0; i < rows->n; i++) {
        struct run *run = run_new(r, rows, i);
        if (run->crew->kind->call)
            task_spawn(r->loop, run->crew->kind->kind, run_task, run);
        else
            timers[n_timers++] = run;
    }
    for (size_t c = 0; c < r->n_crews && n_timers > 0; c++) {
        size_t n = 0, n_others = 0;
        for (size_t i = 0; i < n_timers; i++) {
            if (timers[i]->crew == &r->crews[c])
                of_kind[n++] = timers[i];
            else
                timers[n_others++] =
                    timers[i]; /* those settled are freed: not to be looked at again */
        }
        n_timers = n_others;
        if (n > 0)
            settle_timers(&r->crews[c], of_kind, n);
    }
}

static struct err claim_and_start(struct job_runner *r)
{
    struct arena *a = arena_new();
    struct pg_rows rows = {0};
    struct err e;

    r->next_due_us = INT64_MAX; /* what is told from here on counts for the next claim */
    e = claim(r, a, &rows);
    if (rows.n > 0)
        FAILPOINT("job.claimed");
    if (e.kind == ERR_NONE)
        start_all(r, &rows);
    arena_free(a);
    return e;
}

/* Until the next job that we were told of is due, but no longer than a poll. Whoever tells of an
 * earlier one cuts it short. */
static void wait_until_due(struct job_runner *r)
{
    int64_t poll_mono_us = clock_mono_us() + POLL_US;
    struct err waited = OK;

    while (!waited.kind && !r->stopping) {
        int64_t left_us = r->next_due_us == INT64_MAX ? POLL_US : r->next_due_us - clock_now_us();
        int64_t due_mono_us = clock_mono_us() + left_us;
        if (left_us <= 0)
            return;
        latch_clear(&r->wake);
        waited = latch_wait(&r->wake, due_mono_us < poll_mono_us ? due_mono_us : poll_mono_us);
    }
}

static void rest(struct job_runner *r, struct err e)
{
    r->failures = e.kind ? r->failures + 1 : 0;
    if (e.kind)
        task_sleep(backoff_us(r->failures, 10 * US_PER_MS, POLL_US));
    else
        wait_until_due(r);
}

static void claim_task(void *arg)
{
    struct job_runner *r = arg;

    while (!r->stopping) {
        struct err e = claim_and_start(r);
        if (!r->stopping)
            rest(r, e);
    }
    r->n_running--;
}

static void crew_init(struct crew *crew, struct job_runner *r, const struct job_kind *kind)
{
    static const char help[] = "Jobs run, by kind and end.";
    struct arena *a = arena_new();

    crew->kind = kind;
    crew->runner = r;
    crew->settling = (struct gather){.run = settle_gathered,
                                     .context = crew,
                                     .max_items = CLAIM_AT_ONCE,
                                     .longest_pause_us = GATHER_COMMIT_PAUSE_US};
    crew->done = metric_counter("pasar_jobs_total", help,
                                arena_printf(a, "kind=\"%s\",end=\"done\"", kind->kind));
    crew->later = metric_counter("pasar_jobs_total", help,
                                 arena_printf(a, "kind=\"%s\",end=\"later\"", kind->kind));
    crew->dead = metric_counter("pasar_jobs_total", help,
                                arena_printf(a, "kind=\"%s\",end=\"dead\"", kind->kind));
    arena_free(a);
}

struct job_runner *job_runner_start(struct loop *l, const struct job_runner_config *cfg)
{
    struct job_runner *r = calloc(1, sizeof *r);

    if (!r)
        abort();
    r->cfg = *cfg;
    r->loop = l;
    r->next_due_us = INT64_MAX;
    while (cfg->kinds[r->n_crews].kind)
        r->n_crews++;
    r->crews = calloc(r->n_crews + 1, sizeof *r->crews);
    if (!r->crews)
        abort();
    for (size_t i = 0; i < r->n_crews; i++)
        crew_init(&r->crews[i], r, &cfg->kinds[i]);
    r->n_running = 1;
    task_spawn(l, "jobs", claim_task, r);
    return r;
}

void job_runner_wake(struct job_runner *r, int64_t due_us)
{
    if (due_us >= r->next_due_us)
        return;
    r->next_due_us = due_us;
    latch_set(&r->wake);
}

void job_runner_stop(struct job_runner *r)
{
    r->stopping = true;
    latch_set(&r->wake);
}

int job_runner_n_running(const struct job_runner *r)
{
    return r->n_running;
}

void job_runner_free(struct job_runner *r)
{
    if (!r)
        return;
    free(r->crews);
    free(r);
}
