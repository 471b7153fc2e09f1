/* hear.h - absorb a stream, one partition at a time, in order, exactly once in effect.
 *
 * The position lives in the `heard` table of the same database as the effects and moves in the same
 * transaction, by compare-and-set. One hearer per partition at a time (session advisory lock); a
 * stale twin fails the compare-and-set. Every entry proves by `prev` that none was missed and by
 * `mac` that a relay put it there. */
#ifndef PASAR_SAGA_HEAR_H
#define PASAR_SAGA_HEAR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "loop/loop.h"
#include "saga/event.h"
#include "saga/job.h"
#include "saga/outbox.h"
#include "wrap/pg.h"
#include "wrap/redis.h"

struct batch { /* what a domain's on_batch gets; all of it lives until the commit */
    struct event
        *events; /* in order; each becomes BROKEN or EARLY by event_broken(), event_early() */
    size_t n;
    struct arena *arena;
    struct pg *tx;         /* load with pg_exec(), save with pg_queue(); hear begins and commits */
    struct outbox *outbox; /* saved by hear */
    struct job_list *jobs; /* saved by hear */
    int64_t now_us;
    void *domain;
};

/* Loads the rows (locked, in id order), decides each event, queues what changes. An error undoes
 * the batch: UNAVAILABLE and TIMEOUT try it again; any other looks for the culprit by going one by
 * one and sets it aside, parked or dead as base/err.h says. */
typedef struct err hear_fn(struct batch *b);

struct hear_row {       /* a row in a domain's table */
    const char *stream; /* "stream:orders" */
    hear_fn *on_batch;
    /* Which types on_batch decides anything about: the others are passed over unread, and a batch
     * of such alone is not committed: the position follows within a second. NULL: all. */
    bool (*wants)(const char *type);
};

struct hearer_config {
    const char *group;  /* our name: the domain's; the mirror in XINFO GROUPS bears it */
    const char *source; /* of events told, "/order" */
    const struct redis_config
        *redis;             /* the hearer opens a connection of its own for blocking reads */
    struct redis *commands; /* shared: the mirror, hints */
    struct pg *pg;
    const struct mac_key *mac_key;
    struct hear_row row;
    int partition, n_partitions;
    int max_entries; /* of one batch; 64 when 0 */
    void *domain;
    void (*on_commit)(void *arg, struct committed what); /* wake the relay, and the runner */
    void *on_commit_arg;
};

struct hearer;
struct hearer *hearer_start(struct loop *l,
                            const struct hearer_config *cfg); /* a task of its own */
void hearer_stop(struct hearer *h);                           /* after the batch under way */
bool hearer_has_stopped(const struct hearer *h);
void hearer_free(struct hearer *h);
/* False: a gap in the chain, which waits for a refill; or the teller's history is not the one we
 * heard (its database was restored), which waits for an operator to set `heard` back. */
bool hearer_is_well(const struct hearer *h);

/* The kind of job that a stream's parked events are: "hear:stream:orders". The runner's table needs
 * a row {kind, .settle = hear_settle_parked, .context = the struct hear_row} for each stream heard.
 */
const char *hear_job_kind(struct arena *a, const char *stream);
/* Runs each parked event through its row's on_batch, inside the runner's transaction. */
struct err hear_settle_parked(struct job_batch *b) MUST_CHECK;

#endif
