/* pg.c - opening, closing, and statements on either kind of pg. */
#include <assert.h>
#include <stdlib.h>

#include "base/clock.h"
#include "wrap/pg_internal.h"

#define N_TRANSACTIONS 3
#define REPLAN_US (10 * US_PER_S)

static const struct err no_database = {ERR_UNAVAILABLE, "no database connection"};

struct pg *pg_open(struct loop *l, const struct pg_config *cfg)
{
    struct pg_pool *pool = calloc(1, sizeof *pool);
    int n = cfg->n_transactions ? cfg->n_transactions : N_TRANSACTIONS;

    if (!pool)
        abort();
    pool->self.pool = pool;
    pool->loop = l;
    pool->cfg = *cfg;
    pool->replan_us = REPLAN_US;
    pool->n_transactions = n;
    pool->transactions = calloc((size_t)n, sizeof *pool->transactions);
    if (!pool->transactions)
        abort();
    pg_conn_init(&pool->shared, pool);
    for (int i = 0; i < n; i++)
        pg_conn_init(&pool->transactions[i], pool);
    return &pool->self;
}

static void free_when_empty(struct pg_pool *pool)
{
    if (pool->n_inside)
        return;
    free(pool->transactions);
    free(pool);
}

void pg_close(struct pg *pg)
{
    struct pg_pool *pool;

    if (!pg)
        return;
    assert(!pg->is_transaction);
    pool = pg->pool;
    pool->closed = true;
    pg_conn_release(&pool->shared);
    for (int i = 0; i < pool->n_transactions; i++)
        pg_conn_release(&pool->transactions[i]);
    pg_line_dismiss(&pool->for_shared, NULL);
    pg_line_dismiss(&pool->for_transaction, NULL);
    free_when_empty(pool);
}

void pg_pool_enter(struct pg_pool *pool)
{
    pool->n_inside++;
}

void pg_pool_leave(struct pg_pool *pool)
{
    pool->n_inside--;
    if (pool->closed)
        free_when_empty(pool);
}

void pg_pool_came(struct pg_conn *c)
{
    struct pg_pool *pool = c->pool;

    if (c == &pool->shared)
        pg_line_dismiss(&pool->for_shared, c);
    else if (!c->taken)
        c->taken = pg_line_serve(&pool->for_transaction, c);
}

/* Whoever waits is told at once, unless another connection may still serve them. */
void pg_pool_failed(struct pg_conn *c)
{
    struct pg_pool *pool = c->pool;

    if (c == &pool->shared) {
        pg_line_dismiss(&pool->for_shared, NULL);
        return;
    }
    for (int i = 0; i < pool->n_transactions; i++)
        if (!pool->transactions[i].known_down)
            return;
    pg_line_dismiss(&pool->for_transaction, NULL);
}

bool pg_is_up(const struct pg *pg)
{
    return pg->pool->shared.state == PG_CONN_UP;
}

uint64_t pg_generation(const struct pg *pg)
{
    return pg->pool->shared.life;
}

const char *pg_constraint(const struct pg *pg)
{
    return pg->constraint;
}

/* ---- a statement on the shared connection ---- */

static bool wait_until_up(struct pg_pool *pool)
{
    int64_t latest = clock_mono_us() + pg_timeout_us(&pool->cfg);

    if (pool->shared.state == PG_CONN_UP)
        return true;
    if (pool->shared.known_down)
        return false;
    pg_line_wait(&pool->for_shared, latest);
    return pool->shared.state == PG_CONN_UP;
}

static struct err exec_shared(struct pg *pg, const struct sql *s, const struct pg_args *args,
                              struct arena *arena, struct pg_rows *out)
{
    struct pg_conn *c = &pg->pool->shared;
    struct pg_request *r;
    struct err e;

    if (!wait_until_up(pg->pool))
        return no_database;
    if (task_deadline() <= clock_mono_us())
        return ERR(ERR_UNAVAILABLE, "too late: the statement was not sent");
    pg_request_replan(c);
    if (c->state != PG_CONN_UP)
        return no_database;
    r = pg_request_open(c);
    r->commits = true;
    pg_request_add(c, r, s, args);
    pg_request_seal(c, r);
    e = pg_request_wait(r);
    if (e.kind) {
        pg_request_abandon(r);
        return ERR(ERR_TIMEOUT, "the database did not answer in time");
    }
    return pg_request_collect(r, pg, arena, out);
}

struct err pg_exec(struct pg *pg, const struct sql *s, const struct pg_args *args,
                   struct arena *arena, struct pg_rows *out)
{
    struct pg_pool *pool = pg->pool;
    struct err e;

    if (pg->is_transaction)
        return pg_tx_exec(pg, s, args, arena, out);
    pg_pool_enter(pool);
    e = exec_shared(pg, s, args, arena, out);
    pg_pool_leave(pool);
    return e;
}
