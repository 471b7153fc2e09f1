/* test_money.c - sums that fit, sums that do not, currencies that differ. */
#include "base/money.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const struct {
    char op;
    int64_t a, b;
    enum err_kind kind;
    int64_t result;
} sums[] = {
    {'+', 150000, 25000, ERR_NONE, 175000},
    {'+', MONEY_MAX_MINOR, MONEY_MAX_MINOR, ERR_NONE, 2 * MONEY_MAX_MINOR},
    {'+', INT64_MAX, 1, ERR_INVALID, 0},
    {'+', INT64_MIN, -1, ERR_INVALID, 0},
    {'-', 100, 250, ERR_NONE, -150},
    {'-', INT64_MIN, 1, ERR_INVALID, 0},
    {'*', 150000, 3, ERR_NONE, 450000},
    {'*', 150000, 0, ERR_NONE, 0},
    {'*', INT64_MAX / 2, 3, ERR_INVALID, 0},
    {'*', INT64_MIN, -1, ERR_INVALID, 0},
};

static struct err compute(char op, int64_t a, int64_t b, struct money *out)
{
    switch (op) {
    case '+':
        return money_add(money_of(a, "IDR"), money_of(b, "IDR"), out);
    case '-':
        return money_sub(money_of(a, "IDR"), money_of(b, "IDR"), out);
    default:
        return money_times(money_of(a, "IDR"), b, out);
    }
}

static void test_sums_are_checked(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof sums / sizeof sums[0]; i++) {
        struct money out = money_of(-7, "XXX");

        assert_int_equal(compute(sums[i].op, sums[i].a, sums[i].b, &out).kind, sums[i].kind);
        if (sums[i].kind)
            assert_true(money_equal(out, money_of(-7, "XXX"))); /* untouched */
        else
            assert_true(money_equal(out, money_of(sums[i].result, "IDR")));
    }
}

static void test_currencies_never_mix(void **state)
{
    struct money out;

    (void)state;
    assert_int_equal(money_add(money_of(1, "IDR"), money_of(1, "USD"), &out).kind, ERR_INVALID);
    assert_int_equal(money_sub(money_of(1, "IDR"), money_of(1, "USD"), &out).kind, ERR_INVALID);
    assert_false(money_equal(money_of(1, "IDR"), money_of(1, "USD")));
    assert_true(money_equal(money_of(1, "IDR"), money_of(1, "IDR")));
}

static void test_the_result_may_be_an_operand(void **state)
{
    struct money m = money_of(40, "IDR");

    (void)state;
    assert_int_equal(money_add(m, money_of(2, "IDR"), &m).kind, ERR_NONE);
    assert_int_equal(m.minor, 42);
    assert_string_equal(m.currency, "IDR");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sums_are_checked),
        cmocka_unit_test(test_currencies_never_mix),
        cmocka_unit_test(test_the_result_may_be_an_operand),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
