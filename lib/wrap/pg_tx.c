/* pg_tx.c - transactions: a connection held by one task from begin to the end.
 *
 * BEGIN travels with the first statement, COMMIT with the last, so that begin, queue, queue, commit
 * is one round trip. A refusal aborts what follows it up to the Sync and leaves the server in a
 * failed transaction: whoever ends the transaction sends ROLLBACK, and nobody gets the connection
 * before that is answered and the server says it is idle. */
#include <assert.h>

#include "base/clock.h"
#include "base/log.h"
#include "wrap/pg_internal.h"

/* The protocol's own words, not statements of a domain. */
const struct sql pg_word_commit = {"pg_commit", "commit"};
static const struct sql word_begin = {"pg_begin", "begin"};
static const struct sql word_rollback = {"pg_rollback", "rollback"};

/* ---- getting a connection ---- */

static struct pg_conn *free_connection(struct pg_pool *pool)
{
    for (int i = 0; i < pool->n_transactions; i++) {
        struct pg_conn *c = &pool->transactions[i];

        if (c->state == PG_CONN_UP && !c->taken)
            return c;
    }
    return NULL;
}

static bool is_hopeless(const struct pg_pool *pool)
{
    for (int i = 0; i < pool->n_transactions; i++)
        if (!pool->transactions[i].known_down)
            return false;
    return true;
}

static struct pg_conn *take_connection(struct pg_pool *pool)
{
    struct pg_conn *c = pool->for_transaction.first ? NULL : free_connection(pool);

    if (!c) {
        if (is_hopeless(pool))
            return NULL;
        c = pg_line_wait(&pool->for_transaction, clock_mono_us() + pg_timeout_us(&pool->cfg));
        if (!c)
            return NULL;
    }
    c->taken = true;
    return c;
}

static void give_back(struct pg_conn *c)
{
    c->taken = false;
    if (c->state == PG_CONN_UP && !c->pool->closed)
        pg_pool_came(c);
}

/* The arena dies with a transaction nobody ended: our mistake, but its locks must not stay. */
static void forgotten(void *arg)
{
    struct pg *tx = arg;

    if (tx->ended)
        return;
    log_error("pg.transaction_forgotten");
    pg_rollback(tx);
}

static struct pg *tx_new(struct pg_pool *pool, struct pg_conn *c, struct arena *arena)
{
    struct pg *tx = ARENA_NEW(arena, struct pg);

    tx->pool = pool;
    tx->is_transaction = true;
    tx->conn = c;
    c->holder = tx;
    arena_defer(arena, forgotten, tx);
    return tx;
}

struct err pg_begin(struct pg *pg, struct arena *arena, struct pg **out)
{
    struct pg_pool *pool = pg->pool;
    struct err e = OK;
    struct pg_conn *c;

    assert(!pg->is_transaction);
    pg_pool_enter(pool);
    c = take_connection(pool);
    if (c && c->state == PG_CONN_UP) {
        *out = tx_new(pool, c, arena);
    } else {
        if (c)
            give_back(c);
        e = ERR(ERR_UNAVAILABLE, "no database connection for a transaction");
    }
    pg_pool_leave(pool);
    return e;
}

/* ---- statements ---- */

static void add(struct pg *tx, const struct sql *s, const struct pg_args *args)
{
    if (!tx->failed.kind && !tx->began)
        pg_request_replan(tx->conn);
    if (tx->failed.kind)
        return;
    if (!tx->open)
        tx->open = pg_request_open(tx->conn);
    if (!tx->began) {
        tx->began = true;
        pg_request_add(tx->conn, tx->open, &word_begin, NULL);
    }
    if (!tx->failed.kind)
        pg_request_add(tx->conn, tx->open, s, args);
}

/* Past the deadline nothing is sent any more: then its outcome is not in doubt. */
static void refuse_when_late(struct pg *tx)
{
    if (!tx->failed.kind && task_deadline() <= clock_mono_us())
        tx->failed = ERR(ERR_UNAVAILABLE, "too late: the transaction was rolled back");
}

/* Frees the open request. */
static struct err round_trip(struct pg *tx, struct arena *arena, struct pg_rows *out)
{
    struct pg_request *r = tx->open;
    struct err e;

    tx->open = NULL;
    if (tx->conn)
        pg_request_seal(tx->conn, r);
    e = pg_request_wait(r);
    if (e.kind && tx->conn) {
        pg_conn_lost(tx->conn, "a task gave up in a transaction"); /* r is done then */
        pg_request_abandon(r);
        return ERR(ERR_TIMEOUT, "the database did not answer in time");
    }
    return pg_request_collect(r, tx, arena, out);
}

struct err pg_tx_exec(struct pg *tx, const struct sql *s, const struct pg_args *args,
                      struct arena *arena, struct pg_rows *out)
{
    assert(!tx->ended);
    refuse_when_late(tx);
    add(tx, s, args);
    if (tx->open && (!tx->failed.kind || !tx->conn))
        tx->failed = round_trip(tx, arena, out);
    return tx->failed;
}

void pg_queue(struct pg *tx, const struct sql *s, const struct pg_args *args)
{
    assert(tx->is_transaction && !tx->ended);
    add(tx, s, args);
}

/* ---- the end ---- */

/* What was asked is still answered, then ROLLBACK; nobody waits for it. */
static void send_rollback(struct pg_conn *c, struct pg_request *open)
{
    struct pg_request *r;

    if (open) {
        pg_request_abandon(open); /* gone once done: not to be touched after a loss */
        pg_request_seal(c, open);
    }
    if (c->state != PG_CONN_UP)
        return;
    r = pg_request_open(c);
    r->abandoned = true;
    pg_request_add(c, r, &word_rollback, NULL);
    if (c->state == PG_CONN_UP)
        pg_request_seal(c, r);
}

static void end(struct pg *tx)
{
    struct pg_conn *c = tx->conn;
    struct pg_request *open = tx->open;

    tx->ended = true;
    tx->conn = NULL;
    tx->open = NULL;
    if (!c) {
        if (open)
            pg_request_abandon(open);
        return;
    }
    c->holder = NULL;
    if (!open && PQtransactionStatus(c->pq) == PQTRANS_IDLE) {
        give_back(c);
        return;
    }
    c->cleaning = true;
    send_rollback(c, open);
}

void pg_tx_cleaned(struct pg_conn *c)
{
    c->cleaning = false;
    if (PQtransactionStatus(c->pq) == PQTRANS_IDLE) {
        give_back(c);
    } else {
        c->cleaning = true; /* so that the loss frees it */
        pg_conn_lost(c, "a rollback did not end the transaction");
    }
}

/* The connection is somebody else's from now on; what the open request met is collected by the
 * task. */
void pg_tx_lost(struct pg *tx)
{
    tx->conn = NULL;
    if (!tx->failed.kind)
        tx->failed = ERR(ERR_UNAVAILABLE, "the database connection was lost in a transaction");
}

struct err pg_commit(struct pg *tx)
{
    struct err e;

    assert(tx->is_transaction && !tx->ended);
    if (tx->began)
        refuse_when_late(tx);
    if (tx->began && !tx->failed.kind) {
        if (!tx->open)
            tx->open = pg_request_open(tx->conn);
        tx->open->commits = true;
        add(tx, &pg_word_commit, NULL);
        tx->failed = round_trip(tx, NULL, NULL);
    }
    e = tx->failed;
    end(tx);
    return e;
}

void pg_rollback(struct pg *tx)
{
    assert(tx->is_transaction && !tx->ended);
    end(tx);
}
