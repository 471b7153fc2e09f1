/* test_trace.c - reading and handing on `traceparent`. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "app/trace.h"

static const struct id fresh = {{0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x70, 0x08, 0x89, 0x0a, 0x0b,
                                 0x0c, 0x0d, 0x0e, 0x0f, 0x10}};

#define MADE "00-0102030405067008890a0b0c0d0e0f10-890a0b0c0d0e0f10-01"
#define GIVEN "4bf92f3577b34da6a3ce929d0e0e4736"

static const struct story {
    const char *header, *traceparent;
} stories[] = {
    {NULL, MADE},
    {"", MADE},
    {"00-" GIVEN "-00f067aa0ba902b7-01", "00-" GIVEN "-890a0b0c0d0e0f10-01"},
    {"00-" GIVEN "-00f067aa0ba902b7-00", "00-" GIVEN "-890a0b0c0d0e0f10-00"},
    {"01-" GIVEN "-00f067aa0ba902b7-01-later", "00-" GIVEN "-890a0b0c0d0e0f10-01"},
    {"00-" GIVEN "-00f067aa0ba902b7-01-later", MADE},
    {"00-" GIVEN "-00f067aa0ba902b7-0", MADE},
    {"ff-" GIVEN "-00f067aa0ba902b7-01", MADE},
    {"00-" GIVEN "-0000000000000000-01", MADE},
    {"00-00000000000000000000000000000000-00f067aa0ba902b7-01", MADE},
    {"00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01", MADE},
    {"00_" GIVEN "-00f067aa0ba902b7-01", MADE},
};

static void continues(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof stories / sizeof *stories; i++) {
        struct trace t = trace_continue(stories[i].header, &fresh);

        assert_string_equal(t.traceparent, stories[i].traceparent);
        assert_memory_equal(t.trace_id, t.traceparent + 3, 32);
        assert_int_equal(strlen(t.trace_id), 32);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(continues)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
