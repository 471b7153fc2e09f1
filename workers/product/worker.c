/* worker.c - hears orders and runs the timers of holds: load, decide, save. */
#include "workers/product/worker.h"

#include <string.h>

#include "base/clock.h"
#include "workers/product/events.h"
#include "workers/product/store.h"

#define JOB_HOLD_EXPIRE "hold_expire"
#define MOST_AHEAD_US (10 * US_PER_S)

struct task_item { /* one thing to decide: an event heard, or a timer that has run out */
    struct order_event what;
    struct event *event; /* one of these two */
    struct job *job;
    const char *subject, *traceparent;
};

struct pass { /* one transaction's worth of them */
    struct arena *arena;
    struct pg *tx;
    struct outbox *outbox;
    struct job_list *jobs;
    int64_t now_us, grace_us;
    struct task_item *items;
    size_t n;
    struct hold_set holds;
    struct stock stock;
};

static const char *told_data(struct pass *p, enum hold_tell tell, const struct hold *h,
                             const char **type)
{
    switch (tell) {
    case TELL_RESERVED:
        *type = "StockReserved";
        return stock_reserved_data(p->arena, h);
    case TELL_INSUFFICIENT:
        *type = "StockInsufficient";
        return stock_insufficient_data(p->arena, h, &p->stock);
    case TELL_EXPIRED:
        *type = "HoldExpired";
        return hold_expired_data(p->arena, h);
    case TELL_NOTHING:
        break;
    }
    return NULL;
}

/* A timer that comes early was claimed by the database's clock, which is ahead of ours: due at its
 * time it would be claimed again at once, and so on until ours has caught up. */
static void put_off(const struct task_item *item, const struct hold *h, int64_t now_us)
{
    int64_t left_us = h->hold_until_us - now_us;

    if (item->event) {
        event_early(item->event, "the order has not been heard of yet");
        return;
    }
    item->job->fate = JOB_LATER;
    item->job->again_us = h->hold_until_us + (left_us < MOST_AHEAD_US ? left_us : MOST_AHEAD_US);
}

static void decide(struct pass *p, const struct task_item *item)
{
    struct hold *h = hold_set_find(&p->holds, &item->what.order_id);
    struct hold_decision d = hold_decide(h, item->what.on, &p->stock, p->now_us);
    const char *type, *data;

    if (d.answer == HOLD_EARLY)
        put_off(item, h, p->now_us);
    data = told_data(p, d.tell, h, &type);
    if (data)
        outbox_tell(p->outbox, (struct fact){.stream = STREAM_STOCK,
                                             .type = type,
                                             .subject = item->subject,
                                             .traceparent = item->traceparent,
                                             .data = data});
}

/* The order's own lines and deadline stand in for the row that does not exist yet. */
static void describe_new(struct pass *p)
{
    for (size_t i = 0; i < p->n; i++) {
        const struct order_event *ev = &p->items[i].what;
        struct hold *h = hold_set_find(&p->holds, &ev->order_id);

        if (ev->on != ORDER_CREATED || h->state != HOLD_NONE || h->n_lines > 0)
            continue;
        h->lines = ev->lines;
        h->n_lines = ev->n_lines;
        h->hold_until_us = ev->expires_us + p->grace_us;
    }
}

static struct err load(struct pass *p)
{
    struct id *ids = ARENA_ARRAY(p->arena, struct id, p->n);
    struct err e;

    for (size_t i = 0; i < p->n; i++)
        ids[i] = p->items[i].what.order_id;
    e = hold_store_load(p->tx, p->arena, ids, p->n, &p->holds);
    if (e.kind)
        return e;
    describe_new(p);
    return stock_store_load(p->tx, p->arena, &p->holds, &p->stock);
}

/* Only for what is still held when the batch ends: many orders are paid in the batch they came in.
 */
static void add_timers(struct pass *p)
{
    for (size_t i = 0; i < p->n; i++) {
        const struct task_item *item = &p->items[i];
        const struct hold *h = hold_set_find(&p->holds, &item->what.order_id);
        bool is_new = p->holds.stored[h - p->holds.rows] != HELD;

        if (item->what.on == ORDER_CREATED && is_new && h->state == HELD)
            job_add(p->jobs, (struct new_job){.kind = JOB_HOLD_EXPIRE,
                                              .key = item->subject,
                                              .subject = item->subject,
                                              .due_us = h->hold_until_us,
                                              .traceparent = item->traceparent});
    }
}

static struct err run(struct pass *p)
{
    struct err e;

    if (p->n == 0)
        return OK;
    e = load(p);
    if (e.kind)
        return e;
    for (size_t i = 0; i < p->n; i++)
        decide(p, &p->items[i]);
    add_timers(p);
    hold_store_save(p->tx, p->arena, &p->holds);
    stock_store_save(p->tx, p->arena, &p->stock);
    return OK;
}

static const char *order_subject(struct arena *a, const struct id *order_id)
{
    char *text = arena_alloc(a, ID_TEXT_SIZE);

    id_format(order_id, text);
    return text;
}

static void add_event(struct pass *p, struct event *e)
{
    struct task_item *item = &p->items[p->n];
    const char *reason = NULL;
    struct err read = order_event_read(p->arena, e, &item->what, &reason);

    if (read.kind == ERR_INVALID)
        event_broken(e, reason);
    if (read.kind)
        return;
    item->event = e;
    item->subject = order_subject(p->arena, &item->what.order_id);
    item->traceparent = e->traceparent;
    p->n++;
}

struct err product_hear_orders(struct batch *b)
{
    const struct product_config *config = b->domain;
    struct pass p = {.arena = b->arena,
                     .tx = b->tx,
                     .outbox = b->outbox,
                     .jobs = b->jobs,
                     .now_us = b->now_us,
                     .grace_us = config->hold_grace_s * US_PER_S};
    struct err e;

    p.items = ARENA_ARRAY(b->arena, struct task_item, b->n);
    for (size_t i = 0; i < b->n; i++)
        add_event(&p, &b->events[i]);
    e = run(&p);
    if (!e.kind && p.n > 0)
        hold_store_drop_timers(p.tx, p.arena, &p.holds);
    return e;
}

static void add_timer(struct pass *p, struct job *job)
{
    struct task_item *item = &p->items[p->n];

    if (id_parse(job->key, &item->what.order_id).kind) {
        job->fate = JOB_DEAD;
        job->reason = "its key is no order's id";
        return;
    }
    item->what.on = HOLD_DUE;
    item->job = job;
    item->subject = job->key;
    item->traceparent = job->traceparent;
    p->n++;
}

static struct err settle_timers(struct job_batch *b)
{
    struct pass p = {
        .arena = b->arena, .tx = b->tx, .outbox = b->outbox, .jobs = b->later, .now_us = b->now_us};

    p.items = ARENA_ARRAY(b->arena, struct task_item, b->n);
    for (size_t i = 0; i < b->n; i++)
        add_timer(&p, b->jobs[i]);
    return run(&p);
}

const struct job_kind product_jobs[] = {
    {.kind = JOB_HOLD_EXPIRE, .settle = settle_timers},
    {0},
};
