/* test_buf.c - text that grows and is always terminated. */
#include "base/buf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void test_additions_join(void **state)
{
    struct arena *a = arena_new();
    struct buf b;

    (void)state;
    buf_init(&b, a);
    assert_int_equal(b.n, 0);
    buf_adds(&b, "");
    assert_string_equal(b.data, "");
    buf_adds(&b, "one ");
    buf_addf(&b, "%d %s", 2, "three");
    buf_add(&b, " four", 5);
    assert_string_equal(b.data, "one 2 three four");
    assert_int_equal(b.n, strlen(b.data));
    arena_free(a);
}

static void test_it_grows_past_every_size(void **state)
{
    static const size_t sizes[] = {1, 63, 64, 65, 191, 192, 255, 256, 257, 4096, 100000};
    struct arena *a = arena_new();
    char text[100001];

    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct buf b;

        memset(text, 'x', sizes[i]);
        text[sizes[i]] = '\0';
        buf_init(&b, a);
        buf_adds(&b, "<");
        buf_addf(&b, "%s", text);
        buf_adds(&b, ">");
        assert_int_equal(b.n, sizes[i] + 2);
        assert_int_equal(b.data[b.n - 1], '>');
        assert_int_equal(b.data[b.n], 0);
        assert_memory_equal(b.data + 1, text, sizes[i]);
    }
    arena_free(a);
}

static void test_bytes_may_hold_zeros(void **state)
{
    struct arena *a = arena_new();
    struct buf b;

    (void)state;
    buf_init(&b, a);
    for (int i = 0; i < 1000; i++)
        buf_add(&b, "\0x", 2);
    assert_int_equal(b.n, 2000);
    assert_int_equal(b.data[1999], 'x');
    arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_additions_join),
        cmocka_unit_test(test_it_grows_past_every_size),
        cmocka_unit_test(test_bytes_may_hold_zeros),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
