/* worker.c - hears a batch: load, decide, save. */
#include "workers/order/worker.h"

#include "base/clock.h"
#include "workers/order/events.h"
#include "workers/order/set.h"
#include "workers/order/store.h"

#define KEY_LIFE_US (24 * 3600 * US_PER_S)
#define SWEEP_EVERY_US (600 * US_PER_S)
#define SWEEP_ON_US US_PER_S /* when there was more than one sweep takes */

struct heard {
    struct event *event; /* NULL: nothing to do */
    struct id order_id;
    struct order_event ev;
};

static void absorb(struct order_set *set, struct heard *h)
{
    struct order_row *row = order_set_find(set, h->order_id);

    if (!row)
        event_early(h->event, "no such order yet");
    else if (order_set_absorb(set, row, &h->ev, h->event->traceparent) == ORDER_EARLY)
        event_early(h->event, "the order is not so far yet");
}

/* A step of an order, told by stock or payments. */
struct err worker_on_steps(struct batch *b)
{
    struct heard *heard = ARENA_ARRAY(b->arena, struct heard, b->n);
    struct id *ids = ARENA_ARRAY(b->arena, struct id, b->n);
    struct order_set set;
    size_t n = 0;
    struct err e;

    for (size_t i = 0; i < b->n; i++) {
        if (!order_event_read(&b->events[i], b->arena, &heard[n].order_id, &heard[n].ev))
            continue;
        heard[n].event = &b->events[i];
        ids[n] = heard[n].order_id;
        n++;
    }
    if (n == 0)
        return OK;
    e = order_store_lock(b->tx, b->arena, ids, n, &set); /* waits */
    if (e.kind)
        return e;
    for (size_t i = 0; i < n; i++)
        absorb(&set, &heard[i]);
    e = order_store_details(b->tx, b->arena, &set); /* waits, when something is told */
    if (e.kind)
        return e;
    order_store_save(b->tx, b->arena, &set, b->now_us);
    order_events_tell(b->outbox, b->arena, &set, NULL);
    return OK;
}

/* Of a product that a batch tells of twice, the newest version counts. */
static void keep_newest(struct product_event *kept, size_t *n, const struct product_event *p)
{
    for (size_t i = 0; i < *n; i++) {
        if (kept[i].product_id != p->product_id)
            continue;
        if (p->version > kept[i].version)
            kept[i] = *p;
        return;
    }
    kept[(*n)++] = *p;
}

struct err worker_on_products(struct batch *b)
{
    struct product_event *kept = ARENA_ARRAY(b->arena, struct product_event, b->n);
    struct product_event p;
    size_t n = 0;

    for (size_t i = 0; i < b->n; i++)
        if (product_event_read(&b->events[i], b->arena, &p))
            keep_newest(kept, &n, &p);
    if (n)
        order_store_keep_products(b->tx, b->arena, kept, n);
    return OK;
}

/* One job that always comes again. */
struct err worker_sweep_keys(struct job_batch *b)
{
    int64_t n;
    struct err e = order_store_sweep_keys(b->tx, b->arena, b->now_us - KEY_LIFE_US, &n);

    for (size_t i = 0; i < b->n; i++) {
        b->jobs[i]->fate = JOB_LATER;
        b->jobs[i]->again_us = b->now_us + (n < 1000 ? SWEEP_EVERY_US : SWEEP_ON_US);
    }
    return e;
}
