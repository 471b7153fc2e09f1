/* test_id.c - UUIDv7: the layout of RFC 9562, order of making, text both ways. */
#include "base/id.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"

/* RFC 9562, appendix A.6: a version 7 value of 2022-02-22 19:22:22 UTC. */
#define VECTOR_TEXT "017f22e2-79b0-7cc3-98c4-dc0c0c07398f"
#define VECTOR_MS INT64_C(1645557742000)

static int64_t ms_of(const struct id *id)
{
    int64_t ms = 0;

    for (int i = 0; i < 6; i++)
        ms = ms << 8 | id->bytes[i];
    return ms;
}

static void test_the_vector_of_the_rfc(void **state)
{
    struct id id;
    char text[ID_TEXT_SIZE];

    (void)state;
    assert_int_equal(id_parse(VECTOR_TEXT, &id).kind, ERR_NONE);
    assert_true(ms_of(&id) == VECTOR_MS);
    assert_int_equal(id.bytes[6] >> 4, 7);
    assert_int_equal(id.bytes[8] >> 6, 2);
    id_format(&id, text);
    assert_string_equal(text, VECTOR_TEXT);
}

static void test_new_ids_bear_time_version_and_variant(void **state)
{
    int64_t before_ms = clock_now_us() / US_PER_MS;
    struct id id = id_new();

    (void)state;
    assert_in_range(ms_of(&id), before_ms, clock_now_us() / US_PER_MS + 1);
    assert_int_equal(id.bytes[6] >> 4, 7);
    assert_int_equal(id.bytes[8] >> 6, 2);
    assert_false(id_is_nil(&id));
}

/* Far more than a millisecond's counter holds: the time is taken ahead rather than order lost. */
static void test_ids_come_in_order(void **state)
{
    struct id last = id_new();

    (void)state;
    for (int i = 0; i < 200000; i++) {
        struct id next = id_new();

        if (id_compare(&last, &next) >= 0 || next.bytes[6] >> 4 != 7)
            fail_msg("the %dth id is not after the one before", i);
        last = next;
    }
}

static void test_nil_and_equality(void **state)
{
    struct id nil = id_nil();
    struct id a = id_new(), b = a;

    (void)state;
    assert_true(id_is_nil(&nil));
    assert_true(id_equal(&a, &b));
    b.bytes[15] ^= 1;
    assert_false(id_equal(&a, &b));
    assert_true(id_compare(&nil, &a) < 0);
    assert_true(id_compare(&a, &nil) > 0);
}

static void test_upper_case_and_other_versions_are_read(void **state)
{
    struct id a, b;

    (void)state;
    assert_int_equal(id_parse("017F22E2-79B0-7CC3-98C4-DC0C0C07398F", &a).kind, ERR_NONE);
    assert_int_equal(id_parse(VECTOR_TEXT, &b).kind, ERR_NONE);
    assert_true(id_equal(&a, &b));
    assert_int_equal(id_parse("00000000-0000-0000-0000-000000000000", &a).kind, ERR_NONE);
    assert_true(id_is_nil(&a));
    assert_int_equal(id_parse("f47ac10b-58cc-4372-a567-0e02b2c3d479", &a).kind, ERR_NONE);
}

static const char *const nonsense[] = {
    "",
    "017f22e2",
    "017f22e279b07cc398c4dc0c0c07398f",
    "{17f22e2-79b0-7cc3-98c4-dc0c0c07398}",
    "017f22e2-79b0-7cc3-98c4-dc0c0c07398",
    "017f22e2-79b0-7cc3-98c4-dc0c0c07398f0",
    "017f22e2-79b0-7cc3-98c4-dc0c0c07398g",
    "017f22e2+79b0-7cc3-98c4-dc0c0c07398f",
    "017f22e-279b0-7cc3-98c4-dc0c0c07398f",
    " 17f22e2-79b0-7cc3-98c4-dc0c0c07398f",
};

static void test_nonsense_is_refused(void **state)
{
    struct id id;

    (void)state;
    assert_int_equal(id_parse(NULL, &id).kind, ERR_INVALID);
    for (size_t i = 0; i < sizeof nonsense / sizeof nonsense[0]; i++)
        if (id_parse(nonsense[i], &id).kind != ERR_INVALID)
            fail_msg("accepted: %s", nonsense[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_vector_of_the_rfc),
        cmocka_unit_test(test_new_ids_bear_time_version_and_variant),
        cmocka_unit_test(test_ids_come_in_order),
        cmocka_unit_test(test_nil_and_equality),
        cmocka_unit_test(test_upper_case_and_other_versions_are_read),
        cmocka_unit_test(test_nonsense_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
