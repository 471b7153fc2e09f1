/* test_sync.c - latch, turnstile and gather, with many tasks, deadlines and failures. */
#include "loop/sync.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"

#define SOON_US 20000

struct world {
    struct loop *loop;
    int n_left;
    char trace[64];
    int n_started; /* numbers the tasks */
    struct latch latch;
    struct turnstile turnstile;
    int n_inside, n_inside_most, n_timeouts;
    struct gather gather;
    size_t batches[2000]; /* sizes of the runs */
    size_t n_batches;
    int n_running, n_own_missing;
    int fail_every;
    struct task *leaders[2000];
};

struct sum_item {
    struct gather_item item;
    int64_t n, square;
    struct task *task;
};

static void note(struct world *w, char c)
{
    w->trace[strlen(w->trace)] = c;
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

static void run(struct world *w, task_fn *fn, int n)
{
    w->n_left += n;
    for (int i = 0; i < n; i++)
        task_spawn(w->loop, "test", fn, w);
    loop_run(w->loop);
}

/* ---- latch ---- */

static void latch_waiter(void *arg)
{
    struct world *w = arg;
    char name = (char)('a' + w->n_started++);

    assert_int_equal(latch_wait(&w->latch, NO_DEADLINE).kind, ERR_NONE);
    note(w, name);
    leave(w);
}

static void latch_setter(void *arg)
{
    struct world *w = arg;

    task_sleep(1000);
    note(w, '!');
    latch_set(&w->latch);
    latch_clear(&w->latch); /* who waited has been woken all the same */
    leave(w);
}

static void test_a_latch_wakes_all_in_order(void **state)
{
    struct world *w = *state;

    w->n_left = 1;
    task_spawn(w->loop, "sets", latch_setter, w);
    run(w, latch_waiter, 4);
    assert_string_equal(w->trace, "!abcd");
    assert_null(w->latch.waiters);
}

static void test_a_set_latch_does_not_wait(void **state)
{
    struct world *w = *state;

    latch_set(&w->latch);
    run(w, latch_waiter, 2);
    assert_string_equal(w->trace, "ab");
}

static void latch_impatient(void *arg)
{
    struct world *w = arg;
    int64_t us = (w->n_started++ % 3) * SOON_US;

    if (latch_wait(&w->latch, clock_mono_us() + us).kind == ERR_TIMEOUT)
        w->n_timeouts++;
    leave(w);
}

static void test_a_latch_lets_the_impatient_go(void **state)
{
    struct world *w = *state;

    run(w, latch_impatient, 9);
    assert_int_equal(w->n_timeouts, 9);
    assert_null(w->latch.waiters);
}

/* ---- turnstile ---- */

static void visitor(void *arg)
{
    struct world *w = arg;
    char name = (char)('a' + w->n_started++);

    assert_int_equal(turnstile_enter(&w->turnstile, NO_DEADLINE).kind, ERR_NONE);
    w->n_inside++;
    if (w->n_inside > w->n_inside_most)
        w->n_inside_most = w->n_inside;
    note(w, name);
    task_sleep(1000);
    w->n_inside--;
    turnstile_leave(&w->turnstile);
    leave(w);
}

static void test_a_turnstile_lets_in_by_order_of_arrival(void **state)
{
    struct world *w = *state;

    w->turnstile.limit = 3;
    run(w, visitor, 10);
    assert_string_equal(w->trace, "abcdefghij");
    assert_int_equal(w->n_inside_most, 3);
    assert_int_equal(w->turnstile.held, 0);
    assert_null(w->turnstile.first);
}

static void lodger(void *arg)
{
    struct world *w = arg;

    assert_int_equal(turnstile_enter(&w->turnstile, NO_DEADLINE).kind, ERR_NONE);
    task_sleep(4L * SOON_US);
    turnstile_leave(&w->turnstile);
    leave(w);
}

/* The second, the third and the last in the queue give up; the others get in. */
static void impatient_visitor(void *arg)
{
    struct world *w = arg;
    int number = w->n_started++;
    bool gives_up = number == 1 || number == 2 || number == 4;
    int64_t deadline_mono_us = gives_up ? clock_mono_us() + SOON_US : NO_DEADLINE;
    struct err e = turnstile_enter(&w->turnstile, deadline_mono_us);

    assert_int_equal(e.kind, gives_up ? ERR_TIMEOUT : ERR_NONE);
    note(w, (char)(gives_up ? 'x' : '0' + number));
    if (!e.kind)
        turnstile_leave(&w->turnstile);
    leave(w);
}

static void test_a_turnstile_forgets_the_impatient(void **state)
{
    struct world *w = *state;

    w->turnstile.limit = 1;
    w->n_left = 1;
    task_spawn(w->loop, "lodges", lodger, w);
    run(w, impatient_visitor, 5);
    assert_string_equal(w->trace, "xxx03");
    assert_int_equal(w->turnstile.held, 0);
    assert_null(w->turnstile.first);
    assert_null(w->turnstile.last);
}

/* ---- gather ---- */

static struct err sum_run(void *context, struct gather_item **items, size_t n)
{
    struct world *w = context;
    bool has_own = false;

    assert_int_equal(w->n_running++, 0); /* never two at once */
    w->leaders[w->n_batches] = task_self();
    w->batches[w->n_batches++] = n;
    task_sleep(w->n_batches % 2 ? 500 : 0); /* some runs wait, some do not */
    for (size_t i = 0; i < n; i++) {
        struct sum_item *s = (struct sum_item *)(void *)items[i];

        s->square = s->n * s->n;
        has_own |= s->task == task_self();
    }
    w->n_own_missing += !has_own;
    w->n_running--;
    if (w->fail_every && w->n_batches % (size_t)w->fail_every == 0)
        return ERR(ERR_UNAVAILABLE, "no luck");
    return OK;
}

static void submitter(void *arg)
{
    struct world *w = arg;
    int number = w->n_started++;

    task_set_deadline(clock_mono_us() + 1); /* does not cut short what was handed in */
    for (int i = 0; i < 5; i++) {
        struct sum_item s = {.n = number * 5 + i, .task = task_self()};
        struct err e = gather_submit(&w->gather, &s.item);

        assert_int_equal(s.square, s.n * s.n);
        assert_true(s.item.finished);
        assert_int_equal(e.kind, s.item.result.kind);
        w->n_timeouts += e.kind == ERR_UNAVAILABLE;
        assert_true(task_deadline() != NO_DEADLINE);
    }
    leave(w);
}

static size_t total(const struct world *w)
{
    size_t n = 0;

    for (size_t i = 0; i < w->n_batches; i++)
        n += w->batches[i];
    return n;
}

static void assert_at_rest(const struct world *w)
{
    assert_false(w->gather.running);
    assert_null(w->gather.first);
    assert_null(w->gather.last);
    assert_int_equal(w->gather.n_waiting, 0);
    assert_int_equal(w->n_own_missing, 0);
}

static void test_gather_shares_runs(void **state)
{
    struct world *w = *state;

    w->gather = (struct gather){.run = sum_run, .context = w, .max_items = 16};
    run(w, submitter, 100);
    assert_int_equal(total(w), 500);
    assert_int_equal(w->batches[0], 1);
    assert_int_equal(w->batches[1], 16);
    assert_in_range(w->n_batches, 500 / 16, 60);
    assert_at_rest(w);
}

static void test_the_lead_goes_round(void **state)
{
    struct world *w = *state;

    w->gather = (struct gather){.run = sum_run, .context = w, .max_items = 1};
    run(w, submitter, 10);
    assert_int_equal(w->n_batches, 50);
    for (size_t i = 1; i < 10; i++)
        assert_ptr_not_equal(w->leaders[i], w->leaders[i - 1]);
    assert_at_rest(w);
}

static void test_a_failed_run_is_told_to_its_items_only(void **state)
{
    struct world *w = *state;
    size_t n_failed = 0;

    w->fail_every = 3;
    w->gather = (struct gather){.run = sum_run, .context = w};
    run(w, submitter, 150);
    for (size_t i = 2; i < w->n_batches; i += 3)
        n_failed += w->batches[i];
    assert_true(n_failed > 0);
    assert_int_equal(w->n_timeouts, n_failed);
    assert_int_equal(total(w), 750);
    assert_at_rest(w);
}

static void test_a_run_is_bounded_whatever_is_asked(void **state)
{
    struct world *w = *state;

    w->gather = (struct gather){.run = sum_run, .context = w, .max_items = 100000};
    run(w, submitter, 400);
    assert_int_equal(total(w), 2000);
    for (size_t i = 0; i < w->n_batches; i++)
        assert_in_range(w->batches[i], 1, 256);
    assert_at_rest(w);
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_a_latch_wakes_all_in_order),
        TEST(test_a_set_latch_does_not_wait),
        TEST(test_a_latch_lets_the_impatient_go),
        TEST(test_a_turnstile_lets_in_by_order_of_arrival),
        TEST(test_a_turnstile_forgets_the_impatient),
        TEST(test_gather_shares_runs),
        TEST(test_the_lead_goes_round),
        TEST(test_a_failed_run_is_told_to_its_items_only),
        TEST(test_a_run_is_bounded_whatever_is_asked),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
