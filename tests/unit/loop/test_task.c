/* test_task.c - tasks: order, wakes, deadlines, many at once, deep stacks and the guard below them.
 */
#include "loop/task.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"

struct world {
    struct loop *loop;
    char trace[512]; /* what happened, a letter each */
    struct task *sleeper;
    int n_left; /* tasks that still run; the last one stops the loop */
    int64_t sum;
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

/* ---- order ---- */

static void first_task(void *arg)
{
    struct world *w = arg;

    assert_non_null(task_self());
    assert_ptr_equal(task_loop(), w->loop);
    note(w, 'a');
    task_yield();
    note(w, 'c');
    leave(w);
}

static void second_task(void *arg)
{
    struct world *w = arg;

    note(w, 'b');
    task_yield();
    note(w, 'd');
    leave(w);
}

static void test_tasks_take_turns(void **state)
{
    struct world *w = *state;

    w->n_left = 2;
    task_spawn(w->loop, "first", first_task, w);
    task_spawn(w->loop, "second", second_task, w);
    assert_string_equal(w->trace, "");
    assert_int_equal(task_count(w->loop), 2);
    assert_null(task_self());
    loop_run(w->loop);
    assert_string_equal(w->trace, "abcd");
    assert_int_equal(task_count(w->loop), 0);
}

static void parent(void *arg)
{
    struct world *w = arg;

    task_spawn(w->loop, "child", second_task, w);
    note(w, 'p');
    leave(w);
}

static void test_a_task_spawns_another(void **state)
{
    struct world *w = *state;

    w->n_left = 2;
    task_spawn(w->loop, "parent", parent, w);
    loop_run(w->loop);
    assert_string_equal(w->trace, "pbd");
}

/* ---- wakes and deadlines ---- */

static void wait_once(void *arg)
{
    struct world *w = arg;
    struct err e;

    w->sleeper = task_self();
    note(w, 'w');
    e = task_wait(NO_DEADLINE);
    note(w, e.kind ? 't' : 'o');
    leave(w);
}

static void wake_it(void *arg)
{
    struct world *w = arg;

    task_wake(w->sleeper);
    task_wake(w->sleeper); /* one wake, however often */
    note(w, 'k');
    leave(w);
}

static void test_wake_ends_a_wait(void **state)
{
    struct world *w = *state;

    w->n_left = 2;
    task_spawn(w->loop, "waits", wait_once, w);
    task_spawn(w->loop, "wakes", wake_it, w);
    loop_run(w->loop);
    assert_string_equal(w->trace, "wko");
}

static void wake_remembered(void *arg)
{
    struct world *w = arg;

    task_wake(task_self());
    assert_int_equal(task_wait(NO_DEADLINE).kind, ERR_NONE); /* returns at once */
    assert_int_equal(task_wait(clock_mono_us() + 1000).kind, ERR_TIMEOUT);
    leave(w);
}

static void test_wake_before_the_wait_is_remembered(void **state)
{
    struct world *w = *state;

    w->n_left = 1;
    task_spawn(w->loop, "remembers", wake_remembered, w);
    loop_run(w->loop);
}

struct wait_case {
    int64_t task_us, wait_us; /* deadlines from now; 0: none */
    int64_t least_us, most_us;
};

static const struct wait_case waits[] = {
    {0, 20000, 20000, 3000000},       {20000, 0, 20000, 3000000}, {20000, 5000000, 20000, 3000000},
    {5000000, 20000, 20000, 3000000}, {-1, 5000000, 0, 3000000},  {0, -1, 0, 3000000},
};

static int64_t from_now(int64_t us)
{
    return us ? clock_mono_us() + us : NO_DEADLINE;
}

static void wait_out(void *arg)
{
    struct world *w = arg;

    for (size_t i = 0; i < sizeof waits / sizeof waits[0]; i++) {
        int64_t start = clock_mono_us();
        int64_t took;

        task_set_deadline(from_now(waits[i].task_us));
        assert_int_equal(task_wait(from_now(waits[i].wait_us)).kind, ERR_TIMEOUT);
        took = clock_mono_us() - start;
        assert_in_range(took, waits[i].least_us, waits[i].most_us);
    }
    leave(w);
}

static void test_the_earlier_deadline_ends_a_wait(void **state)
{
    struct world *w = *state;

    w->n_left = 1;
    task_spawn(w->loop, "waits out", wait_out, w);
    loop_run(w->loop);
}

static void sleep_sorted(void *arg)
{
    struct world *w = arg;
    int64_t start = clock_mono_us();
    int64_t us = (++w->sum % 3 + 1) * 20000;

    task_sleep(us);
    assert_true(clock_mono_us() - start >= us);
    note(w, (char)('0' + us / 20000));
    leave(w);
}

static void test_sleepers_wake_in_order(void **state)
{
    struct world *w = *state;

    w->n_left = 3;
    for (int i = 0; i < 3; i++)
        task_spawn(w->loop, "sleeps", sleep_sorted, w);
    loop_run(w->loop);
    assert_string_equal(w->trace, "123");
}

static void sleep_with_deadline(void *arg)
{
    struct world *w = arg;
    int64_t start = clock_mono_us();

    task_set_deadline(start + 10000);
    task_sleep(60 * US_PER_S);
    assert_true(clock_mono_us() - start < US_PER_S);
    task_sleep(INT64_MAX);
    leave(w);
}

static void test_the_tasks_deadline_cuts_a_sleep(void **state)
{
    struct world *w = *state;

    w->n_left = 1;
    task_spawn(w->loop, "sleeps", sleep_with_deadline, w);
    loop_run(w->loop);
}

/* ---- fairness ---- */

/* A task that only yields does not keep the timers from firing. */
static void spin(void *arg)
{
    struct world *w = arg;

    while (w->sum == 0)
        task_yield();
    leave(w);
}

static void end_the_spin(void *arg)
{
    struct world *w = arg;

    task_sleep(2000);
    w->sum = 1;
    leave(w);
}

static void test_yielding_lets_the_world_in(void **state)
{
    struct world *w = *state;

    w->n_left = 2;
    task_spawn(w->loop, "spins", spin, w);
    task_spawn(w->loop, "ends", end_the_spin, w);
    loop_run(w->loop);
}

/* ---- what a task carries ---- */

static void logs(void *arg)
{
    static const struct log_context mine = {.trace_id = "abc"};
    struct world *w = arg;

    task_set_log_context(&mine);
    task_yield();
    assert_ptr_equal(log_context_set(&mine), &mine);
    leave(w);
}

static void logs_nothing(void *arg)
{
    struct world *w = arg;

    assert_null(log_context_set(NULL));
    leave(w);
}

static void test_the_log_context_travels_with_the_task(void **state)
{
    struct world *w = *state;

    w->n_left = 2;
    task_spawn(w->loop, "logs", logs, w);
    task_spawn(w->loop, "logs nothing", logs_nothing, w);
    loop_run(w->loop);
    assert_null(log_context_set(NULL));
}

/* ---- stacks ---- */

static int64_t dig(int depth)
{
    volatile char frame[512];

    for (size_t i = 0; i < sizeof frame; i++)
        frame[i] = (char)depth;
    if (depth == 0) {
        task_yield();
        return frame[1];
    }
    return dig(depth - 1) + frame[0] - (char)depth;
}

static void digger(void *arg)
{
    struct world *w = arg;

    w->sum += dig(200); /* 100 KiB and more */
    task_sleep(1000);
    w->sum += dig(20);
    leave(w);
}

static void test_many_tasks_dig_deep(void **state)
{
    struct world *w = *state;

    for (int round = 0; round < 3; round++) {
        w->n_left = 200;
        for (int i = 0; i < 200; i++)
            task_spawn(w->loop, "digs", digger, w);
        loop_run(w->loop);
    }
    assert_int_equal(w->sum, 0);
}

static void switches(void *arg)
{
    struct world *w = arg;

    for (int i = 0; i < 100; i++) {
        w->sum++;
        task_yield();
    }
    leave(w);
}

static void test_stacks_are_used_again(void **state)
{
    struct world *w = *state;

    for (int round = 0; round < 300; round++) {
        w->n_left = 3;
        for (int i = 0; i < 3; i++)
            task_spawn(w->loop, "switches", switches, w);
        loop_run(w->loop);
    }
    assert_int_equal(w->sum, 300 * 3 * 100);
    assert_int_equal(task_count(w->loop), 0);
}

/* Floating point and every preserved register come through a switch. */
static double mix(struct world *w, double a, double b, int64_t c)
{
    for (int i = 0; i < 50; i++) {
        double before = a * b;
        int64_t c_before = c * 3;

        task_yield();
        a += before == a * b && c_before == c * 3 ? 1.0 : 1000.0;
        w->sum++;
    }
    return a;
}

static void mixes(void *arg)
{
    struct world *w = arg;

    assert_true(mix(w, 1.5, 2.25, 7) == 51.5);
    leave(w);
}

static void test_registers_survive_a_switch(void **state)
{
    struct world *w = *state;

    w->n_left = 5;
    for (int i = 0; i < 5; i++)
        task_spawn(w->loop, "mixes", mixes, w);
    loop_run(w->loop);
}

static void waits_for_ever(void *arg)
{
    (void)arg;
    (void)task_wait(clock_mono_us() + 3600 * US_PER_S).kind;
    abort();
}

static void test_a_loop_is_freed_with_tasks_still_waiting(void **state)
{
    struct world *w = *state;

    w->n_left = 1;
    task_spawn(w->loop, "waits", waits_for_ever, w);
    task_spawn(w->loop, "stops", switches, w);
    loop_run(w->loop);
    assert_int_equal(task_count(w->loop), 1);
}

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wpragmas"
#pragma GCC diagnostic ignored "-Winfinite-recursion"
static int fall(int depth)
{
    volatile char frame[1024];

    frame[0] = (char)depth;
    return fall(depth + 1) + frame[0];
}
#pragma GCC diagnostic pop

static void falls(void *arg)
{
    (void)arg;
    exit(fall(0) ? 3 : 4);
}

/* In a child process: what runs over its stack dies at once, it does not write elsewhere. */
static void test_the_guard_stops_a_runaway_stack(void **state)
{
    int status = 0;
    pid_t pid = fork();

    (void)state;
    if (pid == 0) {
        struct loop *l = loop_new();

        setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
        if (!freopen("/dev/null", "w", stderr))
            _exit(5);
        signal(SIGSEGV, SIG_DFL);
        task_spawn(l, "falls", falls, NULL);
        loop_run(l);
        _exit(6);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGSEGV);
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_tasks_take_turns),
        TEST(test_a_task_spawns_another),
        TEST(test_wake_ends_a_wait),
        TEST(test_wake_before_the_wait_is_remembered),
        TEST(test_the_earlier_deadline_ends_a_wait),
        TEST(test_sleepers_wake_in_order),
        TEST(test_the_tasks_deadline_cuts_a_sleep),
        TEST(test_yielding_lets_the_world_in),
        TEST(test_the_log_context_travels_with_the_task),
        TEST(test_many_tasks_dig_deep),
        TEST(test_stacks_are_used_again),
        TEST(test_registers_survive_a_switch),
        TEST(test_a_loop_is_freed_with_tasks_still_waiting),
        TEST(test_the_guard_stops_a_runaway_stack),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
