/* loop.c - turns: what libevent has for us, then the ready tasks, then what was put off to the end.
 */
#include "loop/loop.h"

#include <event2/event.h>
#include <stdbool.h>
#include <stdlib.h>

#include "loop/scheduler.h"

struct deferred {
    void (*fn)(void *);
    void *arg;
};

struct loop {
    struct event_base *base;
    struct scheduler scheduler;
    struct deferred *deferred;
    size_t n_deferred, deferred_capacity;
    bool is_stopping;
};

/* One thread: libevent needs no locks. Precise timers: its cheap clock ticks every 4 ms, and pauses
 * here are of 1. */
static struct event_base *base_new(void)
{
    struct event_config *config = event_config_new();
    struct event_base *base;

    if (!config || event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK) ||
        event_config_set_flag(config, EVENT_BASE_FLAG_PRECISE_TIMER))
        abort();
    base = event_base_new_with_config(config);
    event_config_free(config);
    if (!base)
        abort();
    return base;
}

struct loop *loop_new(void)
{
    struct loop *l = calloc(1, sizeof *l);

    if (!l)
        abort();
    l->base = base_new();
    scheduler_init(&l->scheduler, l);
    return l;
}

void loop_free(struct loop *l)
{
    if (!l)
        return;
    scheduler_release(&l->scheduler);
    event_base_free(l->base);
    free(l->deferred);
    free(l);
}

struct event_base *loop_base(struct loop *l)
{
    return l->base;
}

struct scheduler *loop_scheduler(struct loop *l)
{
    return &l->scheduler;
}

/* What these put off again is for the next turn, so that the world is heard in between. */
static void run_deferred(struct loop *l)
{
    size_t n = l->n_deferred;

    for (size_t i = 0; i < n; i++) {
        struct deferred d = l->deferred[i]; /* the array may move during the call */

        d.fn(d.arg);
    }
    l->n_deferred -= n;
    for (size_t i = 0; i < l->n_deferred; i++)
        l->deferred[i] = l->deferred[n + i];
}

static bool is_due(const struct loop *l)
{
    return l->n_deferred > 0 || scheduler_is_ready(&l->scheduler);
}

void loop_run(struct loop *l)
{
    while (!l->is_stopping) {
        int how = is_due(l) ? EVLOOP_NONBLOCK : EVLOOP_ONCE;

        if (event_base_loop(l->base, how | EVLOOP_NO_EXIT_ON_EMPTY) < 0)
            abort();
        scheduler_run(&l->scheduler);
        run_deferred(l);
    }
    l->is_stopping = false;
}

void loop_stop(struct loop *l)
{
    l->is_stopping = true;
}

void loop_defer(struct loop *l, void (*fn)(void *), void *arg)
{
    if (l->n_deferred == l->deferred_capacity) {
        size_t capacity = l->deferred_capacity ? 2 * l->deferred_capacity : 16;
        struct deferred *grown = realloc(l->deferred, capacity * sizeof *grown);

        if (!grown)
            abort();
        l->deferred = grown;
        l->deferred_capacity = capacity;
    }
    l->deferred[l->n_deferred++] = (struct deferred){fn, arg};
}
