/* job.h - what must happen later or elsewhere: timers, calls to the world, parked events, dead
 * letters.
 *
 * A kind has up to two functions. `call` runs in a task of its own without any transaction: it may
 * call the world, with the task's deadline, and leaves what it learnt in job->outcome. `settle`
 * then runs for a batch of such jobs in one transaction, decides and saves; jobs it leaves as DONE
 * are removed by the same commit. A timer has no `call`. A claim is a lease: a job whose process
 * died is claimed again when it runs out, so `call` repeats under the same idempotency key. */
#ifndef PASAR_SAGA_JOB_H
#define PASAR_SAGA_JOB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "loop/loop.h"
#include "saga/event.h"
#include "saga/outbox.h"
#include "wrap/json.h"
#include "wrap/pg.h"

enum job_fate {
    JOB_DONE,  /* removed */
    JOB_LATER, /* again: after the back-off, or at job->again_us */
    JOB_DEAD,  /* kept for an operator, with job->reason */
};

struct job { /* one that is being run; lives in `arena` */
    int64_t id;
    const char *kind, *key; /* (kind, key) is unique among jobs that live */
    const char *subject;
    const char *traceparent; /* or NULL */
    int attempts;            /* this one included */
    int attempts_counted;    /* private */
    json_t *payload;
    struct arena *arena;

    void *outcome;      /* what `call` learnt; in the arena */
    enum job_fate fate; /* JOB_DONE unless said otherwise */
    int64_t again_us;   /* wall clock; 0 takes capped exponential back-off with full jitter */
    const char *reason;
};

struct job_batch { /* what settle gets: as struct batch in hear.h, of jobs */
    struct job **jobs;
    size_t n;
    struct arena *arena;
    struct pg *tx;
    struct outbox *outbox;
    struct job_list *later;
    int64_t now_us;
    void *domain;
    const struct job_kind *kind;
};

struct job_kind { /* a row in a domain's table */
    const char *kind;
    /* ERR_UNAVAILABLE and ERR_TIMEOUT: later, and no attempt is counted for UNAVAILABLE. Others go
     * to settle with job->outcome NULL only if they are OK; else they follow the table in err.h. */
    struct err (*call)(void *domain, struct job *job);
    struct err (*settle)(struct job_batch *b);
    int concurrency;     /* calls at once; 16 when 0 */
    int64_t timeout_us;  /* of the call; 10 s when 0. The lease is twice that */
    int64_t backoff_us;  /* first; doubles up to 15 min. 1 s when 0 */
    int max_attempts;    /* then JOB_DEAD; 0: never */
    bool free_timeouts;  /* ERR_TIMEOUT does not count as an attempt either */
    const void *context; /* settle finds it as batch->kind->context */
};

/* New jobs of one transaction. */
struct job_list *job_list_new(struct arena *a);
struct new_job { /* texts are borrowed until job_list_save() */
    const char *kind;
    const char *key; /* unique among the kind's jobs: a second one is dropped, unless … */
    bool anew; /* … it is to be done anew: it takes the first one's place, and its claim if it runs
                */
    const char *subject;     /* NULL: none */
    int64_t due_us;          /* wall clock */
    const char *traceparent; /* NULL: none */
    const char *payload;     /* JSON text; NULL: "{}" */
    const char *dead;        /* why it is born dead, for an operator; NULL: it lives */
};
void job_add(struct job_list *l, struct new_job job);
void job_list_save(struct job_list *l, struct pg *tx); /* queues an array insert, or two */

/* What a commit leaves to be done at once: for whoever wakes the relay and the runner. */
struct committed {
    bool has_told;        /* rows of the outbox */
    int64_t first_due_us; /* of new jobs, wall clock; INT64_MAX: none */
};
#define COMMITTED_EVENTS ((struct committed){.has_told = true, .first_due_us = INT64_MAX})
struct committed committed_of(const struct outbox *told, const struct job_list *owed);

/* The runner: claims due jobs of these kinds (ended by a NULL kind) and runs them. */
struct job_runner_config {
    struct pg *pg;
    const struct job_kind *kinds;
    const char *source; /* of events told, "/order" */
    int n_partitions;
    void *domain;
    void (*on_commit)(void *arg, struct committed what); /* wake the relay, and the runner */
    void *on_commit_arg;
};
struct job_runner;
struct job_runner *job_runner_start(struct loop *l, const struct job_runner_config *cfg);
void job_runner_wake(struct job_runner *r, int64_t due_us); /* a job due then was committed */
void job_runner_stop(struct job_runner *r); /* starts no more; those running go on */
int job_runner_n_running(const struct job_runner *r);
void job_runner_free(struct job_runner *r); /* after its tasks have ended */

#endif
