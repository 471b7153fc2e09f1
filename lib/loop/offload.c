/* offload.c - worker threads with one queue in and one queue out; an eventfd tells the loop of the
 * latter. */
#include "loop/offload.h"

#include <assert.h>
#include <errno.h>
#include <event2/event.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "loop/task.h"

#define THREAD_STACK_BYTES                                                                         \
    ((size_t)1024 * 1024) /* mapped; libraries keep their working sets on the heap */

struct work { /* on the waiting task's stack */
    void (*fn)(void *);
    void *arg;
    struct task *task;
    struct work *next;
    bool is_done; /* the loop's thread only */
};

struct queue {
    struct work *first, *last;
    int n;
};

struct offload {
    pthread_mutex_t mutex; /* of what follows, down to is_stopping */
    pthread_cond_t changed;
    struct queue in, out;
    bool is_stopping;
    int done_fd;
    struct event *done;
    int max_queued;
    int n_threads;
    pthread_t threads[];
};

static void queue_push(struct queue *q, struct work *w)
{
    w->next = NULL;
    if (q->last)
        q->last->next = w;
    else
        q->first = w;
    q->last = w;
    q->n++;
}

static struct work *queue_pop(struct queue *q)
{
    struct work *w = q->first;

    if (!w)
        return NULL;
    q->first = w->next;
    if (!q->first)
        q->last = NULL;
    q->n--;
    return w;
}

static void tell_loop(struct offload *o)
{
    uint64_t one = 1;

    while (write(o->done_fd, &one, sizeof one) < 0 && errno == EINTR)
        ;
}

/* With the mutex held, before and after. */
static void work_off(struct offload *o, struct work *w)
{
    pthread_mutex_unlock(&o->mutex);
    w->fn(w->arg);
    pthread_mutex_lock(&o->mutex);
    queue_push(&o->out, w);
    if (o->out.n == 1)
        tell_loop(o);
}

static void *thread_main(void *arg)
{
    struct offload *o = arg;

    pthread_mutex_lock(&o->mutex);
    while (!o->is_stopping) {
        struct work *w = queue_pop(&o->in);

        if (w)
            work_off(o, w);
        else
            pthread_cond_wait(&o->changed, &o->mutex);
    }
    pthread_mutex_unlock(&o->mutex);
    return NULL;
}

static void on_done(evutil_socket_t fd, short what, void *arg)
{
    struct offload *o = arg;
    struct queue finished;
    struct work *w;
    uint64_t count;

    (void)what;
    if (read((int)fd, &count, sizeof count) < 0 && errno != EAGAIN && errno != EINTR)
        abort();
    pthread_mutex_lock(&o->mutex);
    finished = o->out;
    o->out = (struct queue){0};
    pthread_mutex_unlock(&o->mutex);
    while ((w = queue_pop(&finished))) {
        w->is_done = true;
        task_wake(w->task);
    }
}

/* Signals are for the loop's thread. */
static void start_threads(struct offload *o)
{
    pthread_attr_t attr;
    sigset_t all, before;
    int failed = 0;

    sigfillset(&all);
    failed |= pthread_attr_init(&attr);
    failed |= pthread_attr_setstacksize(&attr, THREAD_STACK_BYTES);
    failed |= pthread_sigmask(SIG_SETMASK, &all, &before);
    for (int i = 0; i < o->n_threads; i++)
        failed |= pthread_create(&o->threads[i], &attr, thread_main, o);
    failed |= pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attr);
    if (failed)
        abort();
}

struct offload *offload_new(struct loop *l, int n_threads, int max_queued)
{
    struct offload *o = calloc(1, sizeof *o + (size_t)n_threads * sizeof o->threads[0]);

    if (!o || pthread_mutex_init(&o->mutex, NULL) || pthread_cond_init(&o->changed, NULL))
        abort();
    o->n_threads = n_threads;
    o->max_queued = max_queued;
    o->done_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    o->done = event_new(loop_base(l), o->done_fd, EV_READ | EV_PERSIST, on_done, o);
    if (o->done_fd < 0 || !o->done || event_add(o->done, NULL))
        abort();
    start_threads(o);
    return o;
}

void offload_free(struct offload *o)
{
    if (!o)
        return;
    pthread_mutex_lock(&o->mutex);
    o->is_stopping = true;
    pthread_cond_broadcast(&o->changed);
    pthread_mutex_unlock(&o->mutex);
    for (int i = 0; i < o->n_threads; i++)
        pthread_join(o->threads[i], NULL);
    event_free(o->done);
    close(o->done_fd);
    pthread_cond_destroy(&o->changed);
    pthread_mutex_destroy(&o->mutex);
    free(o);
}

static bool hand_in(struct offload *o, struct work *w)
{
    bool has_room;

    pthread_mutex_lock(&o->mutex);
    has_room = o->in.n < o->max_queued;
    if (has_room) {
        queue_push(&o->in, w);
        pthread_cond_signal(&o->changed);
    }
    pthread_mutex_unlock(&o->mutex);
    return has_room;
}

struct err offload_run(struct offload *o, void (*fn)(void *), void *arg)
{
    struct work w = {.fn = fn, .arg = arg, .task = task_self()};
    int64_t deadline_mono_us = task_deadline();
    struct err e;

    if (!hand_in(o, &w))
        return ERR(ERR_UNAVAILABLE, "too much to compute");
    task_set_deadline(NO_DEADLINE); /* a thread holds our stack until it is done */
    while (!w.is_done) {
        e = task_wait(NO_DEADLINE);
        assert(!e.kind);
    }
    task_set_deadline(deadline_mono_us);
    return OK;
}
