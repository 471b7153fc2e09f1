/* worker.c - hears a batch: decode, absorb, say which events came early. And the sweep of
 * deadlines. */
#include "workers/payment/worker.h"

#include "base/clock.h"
#include "workers/payment/absorb.h"
#include "workers/payment/events.h"

struct made {
    struct payment p;
    struct bill bill;
};

/* The payment of a new order. Its attempt has an id of its own from the start: the provider's order
 * id. */
static bool read_created(struct batch *b, struct event *e, struct piece *piece)
{
    struct made *made = ARENA_NEW(b->arena, struct made);
    const char *why = NULL;

    if (order_created_read(b->arena, e->data, &made->p, &made->bill, &why).kind) {
        event_broken(e, why);
        return false;
    }
    made->p.attempt_id = id_new();
    piece->order_id = made->p.order_id;
    piece->made = &made->p;
    piece->bill = &made->bill;
    return true;
}

static bool read_event(struct batch *b, struct event *e, struct piece *piece)
{
    const char *why = NULL;
    struct id subject;

    *piece = (struct piece){.news = {.kind = heard_kind(e->type)}, .traceparent = e->traceparent};
    if (piece->news.kind == NO_NEWS || piece->news.kind == ORDER_PAID) /* changes no payment */
        return false;
    if (piece->news.kind == ORDER_CREATED && !read_created(b, e, piece))
        return false;
    if (piece->news.kind != ORDER_CREATED &&
        order_id_read(b->arena, e->data, &piece->order_id, &why).kind) {
        event_broken(e, why);
        return false;
    }
    if (id_parse(e->subject, &subject).kind || !id_equal(&subject, &piece->order_id)) {
        event_broken(e, "the subject is not the order");
        return false;
    }
    return true;
}

#define SWEPT_AT_ONCE 256
#define SWEEP_EVERY_US (2 * US_PER_S)

struct err worker_sweep_deadlines(struct job_batch *b)
{
    struct id_list passed;
    struct err e = store_sweep_deadlines(b->tx, b->arena, SWEPT_AT_ONCE, &passed);

    if (e.kind)
        return e;
    for (size_t i = 0; i < passed.n; i++) {
        const char *order = id_text(b->arena, &passed.ids[i]);
        job_add(b->later,
                (struct new_job){
                    .kind = "deadline", .key = order, .subject = order, .due_us = b->now_us});
    }
    b->jobs[0]->fate = JOB_LATER; /* there is one of them */
    b->jobs[0]->again_us = b->now_us + (passed.n < SWEPT_AT_ONCE ? SWEEP_EVERY_US : 0);
    return OK;
}

struct err worker_on_batch(struct batch *b)
{
    struct piece *pieces = ARENA_ARRAY(b->arena, struct piece, b->n);
    struct event **of = ARENA_ARRAY(b->arena, struct event *, b->n);
    struct absorbing c = {b->tx, b->arena, b->outbox, b->jobs, b->now_us};
    size_t n = 0;
    struct err e;

    for (size_t i = 0; i < b->n; i++) {
        if (!read_event(b, &b->events[i], &pieces[n]))
            continue;
        of[n++] = &b->events[i];
    }
    e = absorb(&c, pieces, n);
    if (e.kind)
        return e;
    for (size_t i = 0; i < n; i++)
        if (pieces[i].decision.effects & EARLY_NEWS)
            event_early(of[i], "no such payment yet");
    return OK;
}
