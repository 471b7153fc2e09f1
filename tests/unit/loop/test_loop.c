/* test_loop.c - the turns of the loop: events, then tasks, then what was put off, then the stop. */
#include "loop/loop.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <event2/event.h>

#include "loop/task.h"

struct world {
    struct loop *loop;
    char trace[128];
    int n_left;
    struct task *waiter;
};

static void note(struct world *w, char c)
{
    size_t n = strlen(w->trace);

    assert_true(n + 1 < sizeof w->trace);
    w->trace[n] = c;
}

static void leave(struct world *w)
{
    if (--w->n_left == 0)
        loop_stop(w->loop);
}

static int set_up(void **state)
{
    struct world *w = calloc(1, sizeof *w);

    w->loop = loop_new();
    *state = w;
    return 0;
}

static int tear_down(void **state)
{
    struct world *w = *state;

    loop_free(w->loop);
    free(w);
    return 0;
}

static void flush(void *arg)
{
    struct world *w = arg;

    assert_null(task_self());
    note(w, 'f');
    leave(w);
}

static void asks_for_flush(void *arg)
{
    struct world *w = arg;

    if (!strchr(w->trace, 'q'))
        loop_defer(w->loop, flush, w);
    note(w, 'q');
    leave(w);
}

static void test_deferred_calls_come_after_the_ready_tasks(void **state)
{
    struct world *w = *state;

    w->n_left = 4;
    for (int i = 0; i < 3; i++)
        task_spawn(w->loop, "asks", asks_for_flush, w);
    loop_run(w->loop);
    assert_string_equal(w->trace, "qqqf");
}

static void flush_again(void *arg)
{
    struct world *w = arg;

    note(w, 'f');
    if (--w->n_left == 0)
        loop_stop(w->loop);
    else
        loop_defer(w->loop, flush_again, w);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    note(arg, 't');
}

/* It goes on in the next turn: a timer that is due comes in between. */
static void test_a_deferred_call_may_defer_itself(void **state)
{
    struct world *w = *state;

    w->n_left = 40;
    loop_defer(w->loop, flush_again, w);
    event_base_once(loop_base(w->loop), -1, EV_TIMEOUT, on_timer, w, &(struct timeval){0, 0});
    loop_run(w->loop);
    assert_int_equal(strlen(w->trace), 41);
    assert_in_range(strchr(w->trace, 't') - w->trace, 0, 39);
}

static void flush_many(void *arg)
{
    struct world *w = arg;

    for (int i = 0; i < 30; i++)
        loop_defer(w->loop, flush, w);
}

static void test_deferred_calls_outgrow_the_list(void **state)
{
    struct world *w = *state;

    w->n_left = 90;
    for (int i = 0; i < 3; i++)
        loop_defer(w->loop, flush_many, w);
    loop_run(w->loop);
    assert_int_equal(strlen(w->trace), 90);
}

static void waits_for_event(void *arg)
{
    struct world *w = arg;

    w->waiter = task_self();
    assert_int_equal(task_wait(NO_DEADLINE).kind, ERR_NONE);
    note(w, 'w');
    loop_defer(w->loop, flush, w);
}

static void on_event(evutil_socket_t fd, short what, void *arg)
{
    struct world *w = arg;

    (void)fd;
    (void)what;
    note(w, 'e');
    task_wake(w->waiter);
}

/* What an event wakes runs in its turn, even when the loop is told to stop before. */
static void on_last_event(evutil_socket_t fd, short what, void *arg)
{
    struct world *w = arg;

    on_event(fd, what, arg);
    loop_stop(w->loop);
}

static void test_the_turn_ends_before_the_stop(void **state)
{
    struct world *w = *state;

    w->n_left = 9;
    task_spawn(w->loop, "waits", waits_for_event, w);
    event_base_once(loop_base(w->loop), -1, EV_TIMEOUT, on_last_event, w,
                    &(struct timeval){0, 20000});
    loop_run(w->loop);
    assert_string_equal(w->trace, "ewf");
}

static void test_a_loop_runs_again_after_a_stop(void **state)
{
    struct world *w = *state;

    for (int i = 0; i < 3; i++) {
        w->n_left = 1;
        loop_defer(w->loop, flush, w);
        loop_run(w->loop);
    }
    assert_string_equal(w->trace, "fff");
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_deferred_calls_come_after_the_ready_tasks),
        TEST(test_a_deferred_call_may_defer_itself),
        TEST(test_deferred_calls_outgrow_the_list),
        TEST(test_the_turn_ends_before_the_stop),
        TEST(test_a_loop_runs_again_after_a_stop),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
