/* task.c - tasks and their scheduler: who runs, who is ready, who waits until when.
 *
 * The loop's own stack is the hub: it switches to a ready task, which switches back when it waits
 * or ends. A switch is a few instructions and no system call. */
#include "loop/task.h"

#include <assert.h>
#include <event2/event.h>
#include <event2/event_struct.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/time.h>

#include "base/clock.h"
#include "loop/sanitize.h"
#include "loop/scheduler.h"

#define TURN_MOST_SWITCHES 1024 /* then the world is heard before the rest */
#define TRIM_EVERY_S 5

struct task { /* lies at the top of its own stack */
    struct scheduler *scheduler;
    const char *name;
    task_fn *fn;
    void *arg;
    struct task *next_ready;
    struct task *older, *newer; /* of all tasks */
    struct stack stack;
    struct context context;
    void *fake_stack;
    const struct log_context *log_context;
    int64_t deadline_mono_us;   /* of every wait */
    int64_t wait_until_mono_us; /* of this wait */
    int64_t armed_mono_us;      /* when the timer fires; NO_DEADLINE: not armed */
    uint64_t yielded_turn;
    bool is_waiting;
    bool is_woken; /* a wake the next wait returns for */
    bool is_timed_out;
    bool is_finished;
    struct event timer;
};

/* The running task. Global, because a task must be able to ask for itself from any depth; of the
 * thread, because offloaded functions are in no task. */
static _Thread_local struct task *running;

/* ---- switching ---- */

static void suspend(struct task *t)
{
    struct scheduler *s = t->scheduler;

    /* The last switch of a task passes NULL: its fake stack is freed. */
    SANITIZE_START_SWITCH(t->is_finished ? NULL : &t->fake_stack, s->main_bottom,
                          s->main_size_bytes);
    context_switch(&t->context, &s->main);
    SANITIZE_FINISH_SWITCH(t->fake_stack, &s->main_bottom, &s->main_size_bytes);
}

static void resume(struct scheduler *s, struct task *t)
{
    const struct log_context *outside = log_context_set(t->log_context);

    running = t;
    SANITIZE_START_SWITCH(&s->main_fake_stack, t->stack.bottom, t->stack.size_bytes);
    context_switch(&s->main, &t->context);
    SANITIZE_FINISH_SWITCH(s->main_fake_stack, NULL, NULL);
    running = NULL;
    log_context_set(outside);
}

static void task_main(void)
{
    struct task *t = running;

    SANITIZE_FINISH_SWITCH(NULL, &t->scheduler->main_bottom, &t->scheduler->main_size_bytes);
    t->fn(t->arg);
    t->is_finished = true;
    suspend(t);
    abort(); /* nobody resumes a finished task */
}

/* ---- the ready queue ---- */

static void make_ready(struct task *t)
{
    struct scheduler *s = t->scheduler;

    t->is_waiting = false;
    t->next_ready = NULL;
    if (s->ready_last)
        s->ready_last->next_ready = t;
    else
        s->ready_first = t;
    s->ready_last = t;
}

static struct task *take_ready(struct scheduler *s)
{
    struct task *t = s->ready_first;

    s->ready_first = t->next_ready;
    if (!s->ready_first)
        s->ready_last = NULL;
    return t;
}

bool scheduler_is_ready(const struct scheduler *s)
{
    return s->ready_first != NULL;
}

/* ---- the timer ----
 *
 * Most waits are over long before their deadline, so the timer is set when it must fire earlier
 * than it already would, and left alone otherwise: one that fires too early looks again. */

static void arm(struct task *t, int64_t at_mono_us)
{
    int64_t us;
    struct timeval after;

    if (at_mono_us >= t->armed_mono_us)
        return;
    us = at_mono_us - clock_mono_us();
    if (us < 0)
        us = 0;
    after.tv_sec = (time_t)(us / US_PER_S);
    after.tv_usec = (suseconds_t)(us % US_PER_S);
    if (event_add(&t->timer, &after))
        abort();
    t->armed_mono_us = at_mono_us;
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
    struct task *t = arg;

    (void)fd;
    (void)what;
    t->armed_mono_us = NO_DEADLINE;
    if (!t->is_waiting)
        return;
    if (clock_mono_us() < t->wait_until_mono_us) {
        arm(t, t->wait_until_mono_us);
        return;
    }
    t->is_timed_out = true;
    make_ready(t);
}

/* ---- birth and death ---- */

static struct task *task_on(struct stack stack)
{
    size_t size = (sizeof(struct task) + 63) & ~(size_t)63;

    return (struct task *)(void *)(stack.bottom + stack.size_bytes - size);
}

void task_spawn(struct loop *l, const char *name, task_fn *fn, void *arg)
{
    struct scheduler *s = loop_scheduler(l);
    struct stack stack = stack_take(&s->stacks);
    struct task *t = task_on(stack);

    *t = (struct task){.scheduler = s,
                       .name = name,
                       .fn = fn,
                       .arg = arg,
                       .older = s->tasks,
                       .stack = stack,
                       .deadline_mono_us = NO_DEADLINE,
                       .armed_mono_us = NO_DEADLINE};
    if (event_assign(&t->timer, loop_base(l), -1, 0, on_timer, t))
        abort();
    context_init(&t->context, stack.bottom, (size_t)((char *)t - stack.bottom), task_main);
    if (s->tasks)
        s->tasks->newer = t;
    s->tasks = t;
    s->n_tasks++;
    make_ready(t);
}

static void bury(struct scheduler *s, struct task *t)
{
    static const struct timeval trim_after = {.tv_sec = TRIM_EVERY_S};

    event_del(&t->timer);
    if (t->newer)
        t->newer->older = t->older;
    else
        s->tasks = t->older;
    if (t->older)
        t->older->newer = t->newer;
    s->n_tasks--;
    stack_give(&s->stacks, t->stack);
    if (stack_pool_is_large(&s->stacks) && !event_pending(s->trim, EV_TIMEOUT, NULL))
        event_add(s->trim, &trim_after);
}

static void on_trim(evutil_socket_t fd, short what, void *arg)
{
    static const struct timeval again_after = {.tv_sec = TRIM_EVERY_S};
    struct scheduler *s = arg;

    (void)fd;
    (void)what;
    stack_pool_trim(&s->stacks);
    if (stack_pool_is_large(&s->stacks))
        event_add(s->trim, &again_after);
}

void scheduler_init(struct scheduler *s, struct loop *l)
{
    *s = (struct scheduler){.loop = l};
    s->trim = event_new(loop_base(l), -1, 0, on_trim, s);
    if (!s->trim)
        abort();
}

void scheduler_release(struct scheduler *s)
{
    while (s->tasks)
        bury(s, s->tasks);
    stack_pool_release(&s->stacks);
    event_free(s->trim);
}

void scheduler_run(struct scheduler *s)
{
    s->turn++;
    for (int n = 0; s->ready_first && n < TURN_MOST_SWITCHES; n++) {
        struct task *t;

        if (s->ready_first->yielded_turn == s->turn)
            return;
        t = take_ready(s);
        resume(s, t);
        if (t->is_finished)
            bury(s, t);
    }
}

/* ---- of the running task ---- */

struct task *task_self(void)
{
    return running;
}

struct loop *task_loop(void)
{
    assert(running);
    return running->scheduler->loop;
}

int task_count(struct loop *l)
{
    return loop_scheduler(l)->n_tasks;
}

void task_set_deadline(int64_t deadline_mono_us)
{
    assert(running);
    running->deadline_mono_us = deadline_mono_us;
}

int64_t task_deadline(void)
{
    assert(running);
    return running->deadline_mono_us;
}

void task_set_log_context(const struct log_context *context)
{
    assert(running);
    running->log_context = context;
    log_context_set(context);
}

/* A wake that comes after the timer but before the task runs again wins: the waker has done its
 * part. */
struct err task_wait(int64_t deadline_mono_us)
{
    struct task *t = running;

    assert(t);
    if (!t->is_woken) {
        t->wait_until_mono_us =
            deadline_mono_us < t->deadline_mono_us ? deadline_mono_us : t->deadline_mono_us;
        t->is_timed_out = false;
        t->is_waiting = true;
        arm(t, t->wait_until_mono_us);
        suspend(t);
    }
    if (!t->is_woken && t->is_timed_out)
        return ERR(ERR_TIMEOUT, "waited too long");
    t->is_woken = false;
    return OK;
}

void task_wake(struct task *t)
{
    t->is_woken = true;
    if (t->is_waiting)
        make_ready(t);
}

void task_sleep(int64_t us)
{
    int64_t until_mono_us;

    if (__builtin_add_overflow(clock_mono_us(), us, &until_mono_us))
        until_mono_us = NO_DEADLINE;
    while (!task_wait(until_mono_us).kind)
        ; /* woken for something else: whoever waits for that looks before it waits */
}

void task_yield(void)
{
    struct task *t = running;

    assert(t);
    t->yielded_turn = t->scheduler->turn;
    make_ready(t);
    suspend(t);
}
