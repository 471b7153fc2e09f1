/* worker_jobs.c - calls to the provider. Each reads first how the payment stands, so that one that
 * comes late or twice does nothing, and leaves as its outcome what it learnt; all are settled
 * alike. */
#include "base/clock.h"
#include "base/log.h"
#include "workers/payment/domain.h"
#include "workers/payment/worker.h"

#define REFUND_TRIES 12                 /* that were answered; then a person does it */
#define REFUND_AGAIN_US (60 * US_PER_S) /* after one that was not */

static bool is_one_of(enum payment_state s, const enum payment_state *of, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (of[i] == s)
            return true;
    return false;
}

#define IN(state, ...)                                                                             \
    is_one_of((state), (const enum payment_state[]){__VA_ARGS__},                                  \
              sizeof((const enum payment_state[]){__VA_ARGS__}) / sizeof(enum payment_state))

static struct err load(struct payments *ps, struct job *job, struct brief *out)
{
    struct id order;

    if (id_parse(job->key, &order).kind)
        return ERR(ERR_INVALID, "the job's key is no order");
    return payments_brief(ps, job->arena, &order, out);
}

static struct payment_news *outcome(struct job *job)
{
    job->outcome = ARENA_NEW(job->arena, struct payment_news);
    return job->outcome;
}

struct err job_charge(void *domain, struct job *job)
{
    struct payments *ps = domain;
    struct brief b;
    struct err e = load(ps, job, &b);

    if (e.kind || b.p.state != CHARGING)
        return e;
    return ps->gateway.charge(ps->gateway.self, job->arena, &b.p, &b.bill, outcome(job));
}

static struct err close_attempt(struct payments *ps, struct job *job, const struct brief *b)
{
    return ps->gateway.close(ps->gateway.self, job->arena, &b->p, b->token, outcome(job));
}

/* Before the customer had a link nobody can have paid; afterwards the provider is asked for the
 * truth. */
struct err job_deadline(void *domain, struct job *job)
{
    struct payments *ps = domain;
    struct brief b;
    struct err e = load(ps, job, &b);

    if (e.kind)
        return e;
    if (IN(b.p.state, PENDING, CHALLENGED))
        return close_attempt(ps, job, &b);
    if (IN(b.p.state, WAITING, CHARGING))
        outcome(job)->kind = DEADLINE;
    return OK;
}

struct err job_close(void *domain, struct job *job)
{
    struct payments *ps = domain;
    struct brief b;
    struct err e = load(ps, job, &b);

    if (e.kind || !IN(b.p.state, VOID, EXPIRED, FAILED))
        return e;
    return close_attempt(ps, job, &b);
}

struct err job_confirm(void *domain, struct job *job)
{
    struct payments *ps = domain;
    struct brief b;
    struct err e = load(ps, job, &b);

    if (e.kind)
        return e;
    return ps->gateway.ask(ps->gateway.self, job->arena, &b.p, NULL, outcome(job));
}

struct err job_refund(void *domain, struct job *job)
{
    struct payments *ps = domain;
    struct brief b;
    struct err e = load(ps, job, &b);

    if (e.kind || b.p.state != REFUNDING)
        return e;
    e = ps->gateway.refund(ps->gateway.self, job->arena, &b.p, outcome(job));
    if (e.kind == ERR_TIMEOUT)
        job->again_us = clock_now_us() + REFUND_AGAIN_US;
    if (e.kind != ERR_CONFLICT || job->attempts < REFUND_TRIES)
        return e;
    log_error("payment.refund_given_up", kv_id("order_id", &b.p.order_id), kv_err(e));
    outcome(job)->kind = REFUND_REFUSED;
    return OK;
}

struct err job_review(void *domain, struct job *job)
{
    struct payments *ps = domain;
    struct brief b;
    bool accept = json_is_true(json_object_get(job->payload, "accept"));
    struct err e = load(ps, job, &b);

    if (e.kind || b.p.state != CHALLENGED)
        return e;
    return ps->gateway.review(ps->gateway.self, job->arena, &b.p, accept, outcome(job));
}

/* ---- settling ---- */

static bool piece_of(const struct job *job, struct piece *out)
{
    const struct payment_news *news = job->outcome;

    if (!news || news->kind == NO_NEWS)
        return false;
    *out = (struct piece){.news = *news, .traceparent = job->traceparent};
    return !id_parse(job->key, &out->order_id).kind;
}

struct err job_settle_news(struct job_batch *b)
{
    struct piece *pieces = ARENA_ARRAY(b->arena, struct piece, b->n);
    struct job **of = ARENA_ARRAY(b->arena, struct job *, b->n);
    struct absorbing c = {b->tx, b->arena, b->outbox, b->later, b->now_us};
    size_t n = 0;
    struct err e;

    for (size_t i = 0; i < b->n; i++)
        if (piece_of(b->jobs[i], &pieces[n]))
            of[n++] = b->jobs[i];
    e = absorb(&c, pieces, n);
    if (e.kind)
        return e;
    for (size_t i = 0; i < n; i++) {
        if (!(pieces[i].decision.effects & ASKS))
            continue;
        of[i]->fate = JOB_LATER; /* the link went out meanwhile: now the provider is asked */
        of[i]->again_us = b->now_us;
    }
    return OK;
}
