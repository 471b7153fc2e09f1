/* test_err.c - every kind has a name. */
#include "base/err.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const struct {
    enum err_kind kind;
    const char *name;
} kinds[] = {
    {ERR_NONE, "none"},       {ERR_INVALID, "invalid"},         {ERR_UNAUTHENTIC, "unauthentic"},
    {ERR_DENIED, "denied"},   {ERR_NOT_FOUND, "not_found"},     {ERR_CONFLICT, "conflict"},
    {ERR_UNFIT, "unfit"},     {ERR_LIMITED, "limited"},         {ERR_DUPLICATE, "duplicate"},
    {ERR_TIMEOUT, "timeout"}, {ERR_UNAVAILABLE, "unavailable"}, {ERR_BUG, "bug"},
};

static void test_kinds_have_names(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        assert_string_equal(err_kind_name(kinds[i].kind), kinds[i].name);
}

static void test_an_unknown_kind_is_harmless(void **state)
{
    volatile int unknown = 99;

    (void)state;
    assert_string_equal(err_kind_name((enum err_kind)unknown), "unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kinds_have_names),
        cmocka_unit_test(test_an_unknown_kind_is_harmless),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
