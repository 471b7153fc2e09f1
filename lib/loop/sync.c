/* sync.c - lists of waiting tasks, each a link on its own stack. Who ends a wait unlinks it. */
#include "loop/sync.h"

#include <assert.h>

#include "base/clock.h"

#define GATHER_ENOUGH 8       /* items to wait for when there is a pause */
#define GATHER_ITEMS 64       /* of one run, when nothing else is said */
#define GATHER_MOST_ITEMS 256 /* they are listed on a stack */

struct waiter {
    struct task *task;
    struct waiter *next;
    bool is_done; /* what it waited for has come: it is in no list any more */
};

static void wake(struct waiter *w)
{
    w->is_done = true;
    task_wake(w->task);
}

/* OK when done; ERR_TIMEOUT and still linked otherwise. */
static struct err wait_done(struct waiter *w, int64_t deadline_mono_us)
{
    while (!w->is_done) {
        struct err e = task_wait(deadline_mono_us);

        if (e.kind && !w->is_done)
            return e;
    }
    return OK;
}

/* ---- latch ---- */

/* Waiters are pushed in front: turned round, they wake in the order they came. */
void latch_set(struct latch *l)
{
    struct waiter *oldest = NULL;

    l->is_set = true;
    while (l->waiters) {
        struct waiter *w = l->waiters;

        l->waiters = w->next;
        w->next = oldest;
        oldest = w;
    }
    while (oldest) {
        struct waiter *w = oldest;

        oldest = w->next;
        wake(w);
    }
}

void latch_clear(struct latch *l)
{
    l->is_set = false;
}

struct err latch_wait(struct latch *l, int64_t deadline_mono_us)
{
    struct waiter w = {.task = task_self(), .next = l->waiters};
    struct waiter **link = &l->waiters;
    struct err e;

    assert(w.task);
    if (l->is_set)
        return OK;
    l->waiters = &w;
    e = wait_done(&w, deadline_mono_us);
    if (!e.kind)
        return OK;
    while (*link != &w)
        link = &(*link)->next;
    *link = w.next;
    return e;
}

/* ---- turnstile ---- */

static void turnstile_forget(struct turnstile *t, const struct waiter *w)
{
    struct waiter **link = &t->first;
    struct waiter *before = NULL;

    while (*link != w) {
        before = *link;
        link = &before->next;
    }
    *link = w->next;
    if (t->last == w)
        t->last = before;
}

struct err turnstile_enter(struct turnstile *t, int64_t deadline_mono_us)
{
    struct waiter w = {.task = task_self()};
    struct err e;

    assert(w.task && t->limit > 0);
    if (t->held < t->limit) { /* then nobody waits: who leaves hands over */
        t->held++;
        return OK;
    }
    if (t->last)
        t->last->next = &w;
    else
        t->first = &w;
    t->last = &w;
    e = wait_done(&w, deadline_mono_us);
    if (e.kind)
        turnstile_forget(t, &w);
    return e;
}

/* The place goes to the one who has waited longest, without being free in between. */
void turnstile_leave(struct turnstile *t)
{
    struct waiter *w = t->first;

    assert(t->held > 0);
    if (!w) {
        t->held--;
        return;
    }
    t->first = w->next;
    if (!t->first)
        t->last = NULL;
    wake(w);
}

/* ---- gather ---- */

static void gather_append(struct gather *g, struct gather_item *item)
{
    item->next = NULL;
    item->finished = false;
    if (g->last)
        g->last->next = item;
    else
        g->first = item;
    g->last = item;
    g->n_waiting++;
}

static size_t gather_take(struct gather *g, struct gather_item **items, size_t most)
{
    size_t n = 0;

    for (; g->first && n < most; n++) {
        items[n] = g->first;
        g->first = items[n]->next;
    }
    if (!g->first)
        g->last = NULL;
    g->n_waiting -= n;
    return n;
}

static void gather_pause(struct gather *g)
{
    int64_t pause_us = pace_pause_us(&g->pace, g->n_waiting, GATHER_ENOUGH, g->longest_pause_us);

    if (pause_us > 0)
        task_sleep(pause_us);
}

/* One run, then the lead goes to whoever waits at the head: nobody works for ever for the others.
 * The leader's own item is at the head when it begins, so it is part of its run. */
static void gather_lead(struct gather *g)
{
    struct gather_item *items[GATHER_MOST_ITEMS];
    size_t most = g->max_items ? g->max_items : GATHER_ITEMS;
    struct err e;
    size_t n;

    gather_pause(g);
    n = gather_take(g, items, most < GATHER_MOST_ITEMS ? most : GATHER_MOST_ITEMS);
    pace_note(&g->pace, n, clock_mono_us());
    e = g->run(g->context, items, n);
    for (size_t i = 0; i < n; i++) {
        items[i]->result = e;
        items[i]->finished = true;
        if (items[i]->waiter)
            wake(items[i]->waiter);
    }
    g->running = g->first != NULL;
    if (g->running)
        wake(g->first->waiter);
}

/* While the item is out the task's own deadline does not count: a run is for all its items, and
 * bounds its waits by itself. */
struct err gather_submit(struct gather *g, struct gather_item *item)
{
    struct waiter w = {.task = task_self()};
    int64_t deadline_mono_us = task_deadline();
    bool leads = !g->running;
    struct err e;

    item->waiter = leads ? NULL : &w;
    gather_append(g, item);
    task_set_deadline(NO_DEADLINE);
    if (!leads) {
        e = wait_done(&w, NO_DEADLINE);
        assert(!e.kind);
        leads = !item->finished; /* woken at the head of the queue: our turn */
    }
    item->waiter = NULL;
    if (leads) {
        g->running = true;
        gather_lead(g);
    }
    task_set_deadline(deadline_mono_us);
    return item->result;
}
