/* pg_pipe.c - requests on a pipelined connection.
 *
 * libpq answers strictly in order: for each statement its result and then NULL, for each Sync one
 * PGRES_PIPELINE_SYNC. `answers` mirrors that order; the requests are matched at their Syncs. Only
 * a Sync's answer makes a success: an error may still follow a statement's own result (deferred
 * constraints, a shutdown between Execute and Sync).
 * https://www.postgresql.org/docs/15/libpq-pipeline-mode.html
 *
 * PQpipelineSync() of libpq 15 writes at once, so requests leave one write each; several statements
 * of one request share it. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "wrap/pg_internal.h"

#define FIRST_CAPACITY ((size_t)64)

/* ---- what is still to be answered ---- */

static void expect(struct pg_conn *c, enum pg_awaited_kind kind, const struct sql *s)
{
    struct pg_answers *a = &c->answers;

    if (a->n == a->capacity) {
        size_t capacity = a->capacity ? 2 * a->capacity : FIRST_CAPACITY;
        struct pg_awaited *ring = calloc(capacity, sizeof *ring);

        if (!ring)
            abort();
        for (size_t i = 0; i < a->n; i++)
            ring[i] = a->ring[(a->first + i) & (a->capacity - 1)];
        free(a->ring);
        *a = (struct pg_answers){.ring = ring, .n = a->n, .capacity = capacity};
    }
    a->ring[(a->first + a->n) & (a->capacity - 1)] = (struct pg_awaited){.kind = kind, .sql = s};
    a->n++;
}

static void pop_answer(struct pg_answers *a)
{
    a->first = (a->first + 1) & (a->capacity - 1);
    a->n--;
}

/* ---- requests ---- */

struct pg_request *pg_request_open(struct pg_conn *c)
{
    struct pg_request *r = calloc(1, sizeof *r);

    if (!r)
        abort();
    if (c->last)
        c->last->next = r;
    else
        c->first = r;
    c->last = r;
    return r;
}

static void request_free(struct pg_request *r)
{
    PQclear(r->rows);
    PQclear(r->refusal);
    free(r);
}

static void finish_first(struct pg_conn *c)
{
    struct pg_request *r = c->first;

    c->first = r->next;
    if (!c->first)
        c->last = NULL;
    r->next = NULL;
    if (r->sealed)
        c->n_sealed--;
    r->done = true;
    if (r->task)
        task_wake(r->task);
    if (!r->abandoned)
        return;
    if (r->refusal)
        (void)pg_error_of(r->refusal, r->refused); /* nobody else would tell */
    request_free(r);
}

/* The name a connection knows a statement by: prepared anew it takes a new one. */
static const char *name_of(const struct pg_known_entry *k, char space[PG_NAME_SIZE])
{
    if (!k->revision)
        return k->sql->name;
    snprintf(space, PG_NAME_SIZE, "%s.%u", k->sql->name, k->revision);
    return space;
}

void pg_request_add(struct pg_conn *c, struct pg_request *r, const struct sql *s,
                    const struct pg_args *args)
{
    struct pg_known_entry *k = pg_known_find(&c->known, s);
    char space[PG_NAME_SIZE];
    const char *name = name_of(k, space);
    int sent;

    if (r->done)
        return;
    if (!k->prepared) {
        if (!PQsendPrepare(c->pq, name, s->text, 0, NULL)) {
            pg_conn_lost(c, PQerrorMessage(c->pq));
            return;
        }
        k->prepared = true; /* so those who come meanwhile rely on it; taken back if it fails */
        expect(c, PG_AWAIT_PREPARE, s);
    }
    sent = args ? PQsendQueryPrepared(c->pq, name, args->n, args->values, args->lengths,
                                      args->formats, 0)
                : PQsendQueryPrepared(c->pq, name, 0, NULL, NULL, NULL, 0);
    if (!sent) {
        pg_conn_lost(c, PQerrorMessage(c->pq));
        return;
    }
    expect(c, s == &pg_word_commit ? PG_AWAIT_COMMIT : PG_AWAIT_STATEMENT, s);
}

void pg_request_seal(struct pg_conn *c, struct pg_request *r)
{
    if (r->done)
        return;
    r->sealed = true;
    c->n_sealed++;
    if (!PQpipelineSync(c->pq)) {
        pg_conn_lost(c, PQerrorMessage(c->pq));
        return;
    }
    expect(c, PG_AWAIT_SYNC, NULL);
    pg_conn_watch(c);
    pg_pipe_flush(c);
}

/* A prepared statement's plan is kept, but it may have been made when its tables were empty, where
 * reading all of them looked best; nothing tells the server that they grow until they are analyzed.
 */
void pg_request_replan(struct pg_conn *c)
{
    static const struct sql discard = {"pg_discard_plans", "discard plans"};
    int64_t now = clock_mono_us();
    struct pg_request *r;

    if (now - c->planned_mono_us < c->pool->replan_us)
        return;
    c->planned_mono_us = now;
    r = pg_request_open(c);
    r->abandoned = true;
    pg_request_add(c, r, &discard, NULL);
    if (c->state == PG_CONN_UP)
        pg_request_seal(c, r);
}

struct err pg_request_wait(struct pg_request *r)
{
    struct err e = OK;

    r->task = task_self();
    while (!r->done && !e.kind)
        e = task_wait(NO_DEADLINE); /* the task's own, and the watchdog's */
    r->task = NULL;
    return r->done ? OK : e;
}

void pg_request_abandon(struct pg_request *r)
{
    if (r->done)
        request_free(r);
    else
        r->abandoned = true;
}

static void give_rows(struct pg_request *r, struct arena *arena, struct pg_rows *out)
{
    if (!out)
        return;
    *out = (struct pg_rows){0};
    if (!r->rows)
        return;
    out->n = (size_t)PQntuples(r->rows);
    out->n_affected = (int64_t)strtoll(PQcmdTuples(r->rows), NULL, 10);
    if (!out->n)
        return;
    out->result = r->rows;
    r->rows = NULL;
    arena_defer(arena, (void (*)(void *))PQclear, out->result);
}

struct err pg_request_collect(struct pg_request *r, struct pg *pg, struct arena *arena,
                              struct pg_rows *out)
{
    struct err e = r->error;

    if (!e.kind && r->refusal) {
        e = pg_error_of(r->refusal, r->refused);
        if (e.kind == ERR_CONFLICT)
            snprintf(pg->constraint, sizeof pg->constraint, "%s",
                     pg_error_field(r->refusal, PG_DIAG_CONSTRAINT_NAME));
    }
    if (!e.kind)
        give_rows(r, arena, out);
    request_free(r);
    return e;
}

/* ---- answers ---- */

static bool is_fatal(const PGresult *result)
{
    const char *severity = pg_error_field(result, PG_DIAG_SEVERITY_NONLOCALIZED);

    return !strcmp(severity, "FATAL") || !strcmp(severity, "PANIC");
}

/* A statement the server does not know (any more), or whose plan changed its type under a
 * migration, is prepared anew at its next use. */
static void reconsider(struct pg_conn *c, const struct pg_awaited *a, const PGresult *result)
{
    struct pg_known_entry *k;

    if (!a->sql)
        return;
    k = pg_known_find(&c->known, a->sql);
    if (a->kind == PG_AWAIT_PREPARE) {
        k->prepared = false;
    } else if (k->prepared && pg_error_is_stale(result)) {
        k->prepared = false;
        k->revision++;
    }
}

/* Keeps or frees the result. */
static void take_refusal(struct pg_conn *c, const struct pg_awaited *a, PGresult *result)
{
    struct pg_request *r = c->first;

    reconsider(c, a, result);
    if (is_fatal(result)) {
        c->dying = true;
        r->in_doubt = a->kind == PG_AWAIT_COMMIT || (a->kind == PG_AWAIT_SYNC && r->commits);
    }
    if (r->refusal) {
        PQclear(result);
        return;
    }
    r->refusal = result;
    r->refused = a->sql;
}

static void take_rows(struct pg_request *r, const struct pg_awaited *a, PGresult *result)
{
    if (a->kind == PG_AWAIT_COMMIT && strcmp(PQcmdStatus(result), "COMMIT") != 0)
        r->error = ERR(ERR_UNAVAILABLE, "the transaction had failed and was rolled back");
    PQclear(r->rows);
    r->rows = a->kind == PG_AWAIT_STATEMENT ? result : NULL;
    if (!r->rows)
        PQclear(result);
}

static void take_sync(struct pg_conn *c)
{
    pop_answer(&c->answers);
    finish_first(c);
    if (c->first)
        return;
    if (c->cleaning)
        pg_tx_cleaned(c);
    else if (c == &c->pool->shared && PQtransactionStatus(c->pq) != PQTRANS_IDLE)
        pg_conn_lost(c, "a statement left a transaction open on the shared connection");
}

/* May end the connection's life. */
static void take_result(struct pg_conn *c, PGresult *result)
{
    struct pg_awaited *a = &c->answers.ring[c->answers.first];

    a->answered = true;
    switch ((int)PQresultStatus(result)) {
    case PGRES_PIPELINE_SYNC:
        PQclear(result);
        take_sync(c);
        return;
    case PGRES_TUPLES_OK:
    case PGRES_COMMAND_OK:
    case PGRES_EMPTY_QUERY:
        take_rows(c->first, a, result);
        return;
    case PGRES_PIPELINE_ABORTED: /* its refusal came before */
        reconsider(c, a, result);
        PQclear(result);
        return;
    case PGRES_FATAL_ERROR:
        if (*pg_error_field(result, PG_DIAG_SQLSTATE)) {
            take_refusal(c, a, result);
            return;
        }
        break; /* libpq's own words for a lost connection */
    default:   /* COPY has no place in a pipeline */
        break;
    }
    PQclear(result);
    pg_conn_lost(c, PQerrorMessage(c->pq));
}

/* NULL ends the answers of one statement. False: nothing more can be had now. */
static bool take_end(struct pg_conn *c)
{
    struct pg_awaited *a = &c->answers.ring[c->answers.first];

    if (!a->answered)
        return false;
    if (a->kind == PG_AWAIT_SYNC)
        a->answered = false; /* it was an error; the Sync itself comes after */
    else
        pop_answer(&c->answers);
    return true;
}

static void drain(struct pg_conn *c)
{
    bool moved = false;

    while (c->state == PG_CONN_UP && c->answers.n && !PQisBusy(c->pq)) {
        PGresult *result = PQgetResult(c->pq);

        if (result)
            take_result(c, result);
        else if (!take_end(c))
            break;
        moved = true;
    }
    if (c->state != PG_CONN_UP)
        return;
    if (moved)
        c->progress_mono_us = clock_mono_us();
    if (PQstatus(c->pq) == CONNECTION_BAD)
        pg_conn_lost(c, PQerrorMessage(c->pq));
}

void pg_pipe_read(struct pg_conn *c)
{
    bool alive = PQconsumeInput(c->pq);

    if (!c->answers.n)
        (void)PQisBusy(c->pq); /* parses notices, the server's farewell among them */
    drain(c);                  /* also what came before the end */
    if (!alive && c->state == PG_CONN_UP)
        pg_conn_lost(c, PQerrorMessage(c->pq));
}

void pg_pipe_flush(struct pg_conn *c)
{
    int left = PQflush(c->pq);

    if (left < 0)
        pg_conn_lost(c, PQerrorMessage(c->pq));
    else
        pg_conn_want_room(c, left > 0);
}

/* ---- the end of a connection ---- */

static struct err loss_of(const struct pg_conn *c, const struct pg_request *r)
{
    if (r->refusal && !r->in_doubt)
        return OK; /* its refusal says why: that much is certain */
    if (r->in_doubt || (r->commits && r->sealed && !c->dying))
        return ERR(ERR_TIMEOUT, "the database connection was lost before the answer");
    return ERR(ERR_UNAVAILABLE, "the database connection was lost");
}

void pg_pipe_fail(struct pg_conn *c)
{
    c->answers.n = 0;
    while (c->first) {
        c->first->error = loss_of(c, c->first);
        finish_first(c);
    }
}
