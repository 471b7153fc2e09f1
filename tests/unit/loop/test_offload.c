/* test_offload.c - threads do the work, the loop goes on, a full queue refuses. */
#include "loop/offload.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include "base/clock.h"
#include "loop/task.h"

struct world {
    struct loop *loop;
    struct offload *offload;
    pthread_t main_thread;
    int n_left, n_started, n_refused, n_ticks;
};

struct sum {
    int64_t n, square;
    int64_t work_us;
    pthread_t thread;
    struct task *task;
};

static void leave(struct world *w)
{
    if (--w->n_left == 0)
        loop_stop(w->loop);
}

static int set_up(void **state)
{
    struct world *w = calloc(1, sizeof *w);

    w->loop = loop_new();
    w->main_thread = pthread_self();
    *state = w;
    return 0;
}

static int tear_down(void **state)
{
    struct world *w = *state;

    offload_free(w->offload);
    loop_free(w->loop);
    free(w);
    return 0;
}

static void compute(void *arg)
{
    struct sum *s = arg;
    struct timespec pause = {.tv_nsec = s->work_us * 1000};

    nanosleep(&pause, NULL);
    s->square = s->n * s->n;
    s->thread = pthread_self();
    s->task = task_self();
}

static void asks(void *arg)
{
    struct world *w = arg;
    struct sum s = {.n = w->n_started++, .work_us = 100};

    task_set_deadline(clock_mono_us() + 1); /* does not cut the work short */
    for (int i = 0; i < 10; i++) {
        s.square = -1;
        assert_int_equal(offload_run(w->offload, compute, &s).kind, ERR_NONE);
        assert_int_equal(s.square, s.n * s.n);
        assert_null(s.task);
        assert_false(pthread_equal(s.thread, w->main_thread));
    }
    leave(w);
}

static void test_threads_do_the_work(void **state)
{
    struct world *w = *state;

    w->offload = offload_new(w->loop, 3, 100);
    w->n_left = 50;
    for (int i = 0; i < 50; i++)
        task_spawn(w->loop, "asks", asks, w);
    loop_run(w->loop);
    assert_int_equal(w->n_started, 50);
}

static void asks_much(void *arg)
{
    struct world *w = arg;
    struct sum s = {.n = 3, .work_us = 50000};

    assert_int_equal(offload_run(w->offload, compute, &s).kind, ERR_NONE);
    assert_int_equal(s.square, 9);
    w->n_left = 1;
    leave(w);
}

static void ticks(void *arg)
{
    struct world *w = arg;

    for (;;) {
        w->n_ticks++;
        task_sleep(1000);
    }
}

static void test_the_loop_goes_on_meanwhile(void **state)
{
    struct world *w = *state;

    w->offload = offload_new(w->loop, 1, 1);
    task_spawn(w->loop, "asks", asks_much, w);
    task_spawn(w->loop, "ticks", ticks, w);
    loop_run(w->loop);
    assert_true(w->n_ticks >= 3);
}

static void asks_once(void *arg)
{
    struct world *w = arg;
    struct sum s = {.n = 2, .work_us = 20000};
    struct err e = offload_run(w->offload, compute, &s);

    w->n_refused += e.kind == ERR_UNAVAILABLE;
    assert_int_equal(s.square, e.kind ? 0 : 4);
    leave(w);
}

/* At most one is being worked on and three wait; which of the rest get in is a matter of timing. */
static void test_a_full_queue_refuses(void **state)
{
    struct world *w = *state;

    w->offload = offload_new(w->loop, 1, 3);
    w->n_left = 20;
    for (int i = 0; i < 20; i++)
        task_spawn(w->loop, "asks", asks_once, w);
    loop_run(w->loop);
    assert_in_range(w->n_refused, 10, 17);
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_threads_do_the_work),
        TEST(test_the_loop_goes_on_meanwhile),
        TEST(test_a_full_queue_refuses),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
