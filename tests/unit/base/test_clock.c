/* test_clock.c - RFC 3339 both ways: leap years, both ends of the calendar, offsets, nonsense. */
#include "base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <cmocka.h>

static const struct {
    int64_t us;
    const char *text;
} exact[] = {
    {INT64_C(0), "1970-01-01T00:00:00.000000Z"},
    {INT64_C(-1), "1969-12-31T23:59:59.999999Z"},
    {INT64_C(951782400000000), "2000-02-29T00:00:00.000000Z"},
    {INT64_C(951868799999999), "2000-02-29T23:59:59.999999Z"},
    {INT64_C(1709164800000000), "2024-02-29T00:00:00.000000Z"},
    {INT64_C(1767323045678901), "2026-01-02T03:04:05.678901Z"},
    {INT64_C(4107542400000000), "2100-03-01T00:00:00.000000Z"},
    {INT64_C(4107542399000000), "2100-02-28T23:59:59.000000Z"},
    {INT64_C(2147483648000000), "2038-01-19T03:14:08.000000Z"},
    {INT64_C(-2208988800000000), "1900-01-01T00:00:00.000000Z"},
    {INT64_C(-62167219200000000), "0000-01-01T00:00:00.000000Z"},
    {INT64_C(253402300799999999), "9999-12-31T23:59:59.999999Z"},
};

static void test_known_times_go_both_ways(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof exact / sizeof exact[0]; i++) {
        char text[TIME_TEXT_SIZE];
        int64_t us = 1;

        time_format(exact[i].us, text);
        assert_string_equal(text, exact[i].text);
        assert_int_equal(time_parse(exact[i].text, &us).kind, ERR_NONE);
        assert_true(us == exact[i].us);
    }
}

static void test_the_ends_of_the_calendar_hold(void **state)
{
    char text[TIME_TEXT_SIZE];

    (void)state;
    time_format(INT64_MAX, text);
    assert_string_equal(text, "9999-12-31T23:59:59.999999Z");
    time_format(INT64_MIN, text);
    assert_string_equal(text, "0000-01-01T00:00:00.000000Z");
}

/* Every 17 hours and odd microseconds from 1890 to 2110, against the C library. */
static void test_it_agrees_with_the_c_library(void **state)
{
    (void)state;
    for (int64_t s = INT64_C(-2524521600); s < INT64_C(4418064000); s += 61237) {
        char text[TIME_TEXT_SIZE], expected[TIME_TEXT_SIZE];
        time_t t = (time_t)s;
        struct tm tm;
        int64_t us;

        assert_non_null(gmtime_r(&t, &tm));
        assert_int_equal(strftime(expected, sizeof expected, "%Y-%m-%dT%H:%M:%S.000042Z", &tm), 27);
        time_format(s * US_PER_S + 42, text);
        assert_string_equal(text, expected);
        assert_int_equal(time_parse(text, &us).kind, ERR_NONE);
        assert_true(us == s * US_PER_S + 42);
    }
}

static const struct {
    const char *text;
    const char *utc;
} forms[] = {
    {"2026-01-02T03:04:05Z", "2026-01-02T03:04:05.000000Z"},
    {"2026-01-02t03:04:05z", "2026-01-02T03:04:05.000000Z"},
    {"2026-01-02 03:04:05+07:00", "2026-01-01T20:04:05.000000Z"},
    {"2026-01-01T00:00:00.5+00:00", "2026-01-01T00:00:00.500000Z"},
    {"2025-12-31T19:00:00.123456789-05:00", "2026-01-01T00:00:00.123456Z"},
    {"1970-01-01T00:00:00-23:59", "1970-01-01T23:59:00.000000Z"},
    {"2024-02-29T12:00:00+05:30", "2024-02-29T06:30:00.000000Z"},
    {"2016-12-31T23:59:60Z", "2017-01-01T00:00:00.000000Z"},
    {"2026-01-02T03:04:05.Z", "2026-01-02T03:04:05.000000Z"},
};

static void test_accepted_forms(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        char text[TIME_TEXT_SIZE];
        int64_t us;

        assert_int_equal(time_parse(forms[i].text, &us).kind, ERR_NONE);
        time_format(us, text);
        assert_string_equal(text, forms[i].utc);
    }
}

static const char *const nonsense[] = {
    "",
    "Z",
    "2026",
    "2026-01-02",
    "2026-01-02T03:04:05",
    "2026-01-02T03:04Z",
    "2026-13-01T00:00:00Z",
    "2026-00-01T00:00:00Z",
    "2026-02-29T00:00:00Z",
    "2100-02-29T00:00:00Z",
    "2026-04-31T00:00:00Z",
    "2026-01-00T00:00:00Z",
    "2026-01-32T00:00:00Z",
    "2026-01-02T24:00:00Z",
    "2026-01-02T00:60:00Z",
    "2026-01-02T00:00:61Z",
    "2026-01-02T00:00:00.1234567890Z",
    "2026-01-02T00:00:00+24:00",
    "2026-01-02T00:00:00+07:60",
    "2026-01-02T00:00:00+0700",
    "2026-01-02T00:00:00Zx",
    "2026-01-02T00:00:00+07:00x",
    "2026-01-02T00:00:00 +07:00",
    "02026-01-02T00:00:00Z",
    "-026-01-02T00:00:00Z",
    "2026-01-02X00:00:00Z",
    " 2026-01-02T00:00:00Z",
};

static void test_nonsense_is_refused(void **state)
{
    int64_t us = 42;

    (void)state;
    assert_int_equal(time_parse(NULL, &us).kind, ERR_INVALID);
    for (size_t i = 0; i < sizeof nonsense / sizeof nonsense[0]; i++)
        if (time_parse(nonsense[i], &us).kind != ERR_INVALID)
            fail_msg("accepted: %s", nonsense[i]);
    assert_int_equal(us, 42);
}

static void test_the_clocks_run(void **state)
{
    int64_t mono = clock_mono_us();

    (void)state;
    assert_true(clock_now_us() > INT64_C(1700000000) * US_PER_S);
    assert_true(clock_mono_us() >= mono);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known_times_go_both_ways),
        cmocka_unit_test(test_the_ends_of_the_calendar_hold),
        cmocka_unit_test(test_it_agrees_with_the_c_library),
        cmocka_unit_test(test_accepted_forms),
        cmocka_unit_test(test_nonsense_is_refused),
        cmocka_unit_test(test_the_clocks_run),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
