/* test_backoff.c - waits grow, stay below the cap, are never nothing, and differ. */
#include "base/backoff.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const struct {
    int attempt;
    int64_t first_us, cap_us;
    int64_t least_us, most_us;
} waits[] = {
    {0, 1000, 60000, 500, 1000},   {1, 1000, 60000, 500, 1000},  {2, 1000, 60000, 500, 2000},
    {6, 1000, 60000, 500, 32000},  {7, 1000, 60000, 500, 60000}, {1000000, 1000, 60000, 500, 60000},
    {1, 100000, 1000, 1000, 1000},
};

static void test_waits_stay_in_bounds(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof waits / sizeof waits[0]; i++)
        for (int k = 0; k < 200; k++)
            assert_in_range(backoff_us(waits[i].attempt, waits[i].first_us, waits[i].cap_us),
                            waits[i].least_us, waits[i].most_us);
}

static void test_waits_differ(void **state)
{
    int64_t least = INT64_MAX, most = 0;

    (void)state;
    for (int k = 0; k < 200; k++) {
        int64_t us = backoff_us(10, 1000, 60000);

        least = us < least ? us : least;
        most = us > most ? us : most;
    }
    assert_true(most - least > 30000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_waits_stay_in_bounds),
        cmocka_unit_test(test_waits_differ),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
