/* test_pace.c - the lone never wait, the many wait no longer than it takes them to gather. */
#include "base/pace.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"

#define MOST_US (5 * US_PER_MS)

/* Batches of n, each so long after the one before, until the pace is steady. */
static struct pace steady(size_t n, int64_t every_us)
{
    struct pace p = {0};

    for (int64_t i = 1; i <= 20000; i++)
        pace_note(&p, n, 77 * US_PER_S + i * every_us);
    return p;
}

static void test_rate_is_that_of_late(void **state)
{
    struct pace p = steady(10, 5 * US_PER_MS);

    (void)state;
    assert_in_range(p.per_s, 1900, 2100);
    p = steady(1, 10 * US_PER_MS);
    assert_in_range(p.per_s, 90, 110);
    pace_note(&p, 1, p.noted_mono_us + 3600 * US_PER_S);
    assert_in_range(p.per_s, 0, 10);
}

static const struct {
    size_t n;
    int64_t every_us;
    size_t n_waiting, n_wanted;
    int64_t least_us, most_us;
} pauses[] = {
    {1, 9 * US_PER_MS, 0, 16, 0, 0},             /* one after the other */
    {1, US_PER_S, 0, 16, 0, 0},                  /* now and then */
    {4, 5 * US_PER_MS, 0, 16, MOST_US, MOST_US}, /* never so many in that time */
    {16, US_PER_MS, 0, 16, 900, 1100},           /* as long as it takes */
    {16, US_PER_MS, 8, 16, 450, 550},            /* some are here */
    {16, US_PER_MS, 16, 16, 0, 0},               /* all are here */
    {16, US_PER_MS, 99, 16, 0, 0},               /* more than all */
    {64, 10, 0, 16, 0, 10},                      /* a flood */
    {INT32_MAX, 1, 0, 16, 0, 1},                 /* more than can be */
};

static void test_pauses(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof pauses / sizeof *pauses; i++) {
        struct pace p = steady(pauses[i].n, pauses[i].every_us);

        assert_in_range(pace_pause_us(&p, pauses[i].n_waiting, pauses[i].n_wanted, MOST_US),
                        pauses[i].least_us, pauses[i].most_us);
    }
}

/* A saga of one order is a handful of events within a few milliseconds. */
static void test_the_first_few_never_wait(void **state)
{
    struct pace p = {0};

    (void)state;
    for (int i = 0; i < 8; i++) {
        pace_note(&p, 1, US_PER_S + i * US_PER_MS);
        assert_int_equal(pace_pause_us(&p, 0, 16, MOST_US), 0);
    }
}

static void test_a_clock_that_stands_still(void **state)
{
    struct pace p = {0};

    (void)state;
    pace_note(&p, 5, 1000);
    pace_note(&p, 5, 1000);
    pace_note(&p, 5, 900);
    assert_true(p.per_s >= 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rate_is_that_of_late),
        cmocka_unit_test(test_pauses),
        cmocka_unit_test(test_the_first_few_never_wait),
        cmocka_unit_test(test_a_clock_that_stands_still),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
