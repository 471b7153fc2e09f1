/* pg.h - PostgreSQL for tasks, over libpq's pipeline mode.
 *
 * A `struct pg` is something statements run on. Two kinds, one set of functions:
 *   - the process's own (pg_open): one pipelined connection that all tasks share; every pg_exec()
 * is a transaction of its own with a sync of its own, so no caller's failure touches another;
 *   - a transaction (pg_begin … pg_commit): one of a few further connections, taken in turn, held
 *     by one task until it commits or rolls back.
 * Store functions take a `struct pg *` and work on both. Statements are those of queries.sql,
 * prepared by name on each connection when first used there. Connections come back by themselves,
 * with back-off.
 *
 * Failures: ERR_UNAVAILABLE nothing has happened (no connection; deadlock or serialization: all was
 * rolled back); ERR_TIMEOUT outcome unknown (the connection broke, or did not answer, after a
 * commit was sent); ERR_CONFLICT a constraint refused (pg_constraint() names it); ERR_INVALID a
 * value was refused (22xxx); ERR_BUG anything else PostgreSQL says of our SQL. The details are
 * logged here. */
#ifndef PASAR_WRAP_PG_H
#define PASAR_WRAP_PG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/id.h"
#include "loop/loop.h"

struct sql { /* a named statement; the build makes them from queries.sql as sql_<name> */
    const char *name;
    const char *text;
};

struct pg_config {    /* texts borrowed for the life of the pg */
    const char *host; /* name, address, or directory of a unix socket */
    const char *port, *database, *user, *password; /* "" for none */
    const char *application;                       /* application_name: "order" */
    int n_transactions;                            /* connections for transactions; 3 when 0 */
    int64_t timeout_us; /* no answer for so long breaks a connection; 10 s when 0 */
};

struct pg;

struct pg *pg_open(struct loop *l, const struct pg_config *cfg); /* connects in the background */
void pg_close(struct pg *pg);       /* fails whoever still waits; NULL is fine */
bool pg_is_up(const struct pg *pg); /* the shared connection is there */
/* Counts the shared connection's lives; session advisory locks are lost when it changes. */
uint64_t pg_generation(const struct pg *pg);

/* ---- parameters: built in order, in an arena ---- */
struct pg_args;
struct pg_args *pg_args(struct arena *a);
void pg_add_text(struct pg_args *p,
                 const char *text); /* NULL is null; borrowed until the call returns */
void pg_add_i64(struct pg_args *p, int64_t value);
void pg_add_bool(struct pg_args *p, bool value);
void pg_add_id(struct pg_args *p, const struct id *id); /* NULL is null */
/* Arrays; the statement casts: $1::bigint[], ::uuid[], ::text[] (also for ::json[] etc. by a second
 * cast). */
void pg_add_i64s(struct pg_args *p, const int64_t *values, size_t n);
void pg_add_ids(struct pg_args *p, const struct id *ids, size_t n);
void pg_add_texts(struct pg_args *p, const char *const *texts,
                  size_t n); /* NULL elements are null */

/* ---- statements ---- */
struct pg_rows { /* of one statement; lives in the arena given */
    size_t n;
    int64_t n_affected; /* by an insert, update or delete */
    void *result;       /* private */
};

/* Runs one statement and waits. args may be NULL for none, out may be NULL. */
struct err pg_exec(struct pg *pg, const struct sql *s, const struct pg_args *args,
                   struct arena *arena, struct pg_rows *out) MUST_CHECK;

/* Columns by position from 0. A null gives 0, false, NULL, the nil id. Texts live as long as the
 * rows. */
int64_t pg_i64(const struct pg_rows *r, size_t row, int column);
bool pg_bool(const struct pg_rows *r, size_t row, int column);
const char *pg_text(const struct pg_rows *r, size_t row, int column);
struct id pg_id(const struct pg_rows *r, size_t row, int column);
bool pg_is_null(const struct pg_rows *r, size_t row, int column);

/* ---- transactions ---- */
/* Waits for a free connection, FIFO, until the task's deadline or the timeout. BEGIN travels with
 * the first statement. *out is valid until commit or rollback, one of which must be called, on
 * every path. */
struct err pg_begin(struct pg *pg, struct arena *arena, struct pg **out) MUST_CHECK;
/* On a transaction only: sent with the next pg_exec() or pg_commit(), which fails if this one does.
 * args and the texts in them must live until then (same arena: they do). */
void pg_queue(struct pg *tx, const struct sql *s, const struct pg_args *args);
struct err pg_commit(struct pg *tx)
    MUST_CHECK; /* frees tx whatever it returns; a failure rolled back, but see ERR_TIMEOUT */
void pg_rollback(struct pg *tx); /* frees tx */

/* The constraint named by the last ERR_CONFLICT on this pg, or "". Valid until the next wait. */
const char *pg_constraint(const struct pg *pg);

/* ---- session advisory locks, on the shared connection ---- */
struct err pg_try_lock(struct pg *pg, const char *name, bool *got) MUST_CHECK; /* by hash of name */
struct err pg_unlock(struct pg *pg, const char *name) MUST_CHECK;

#endif
