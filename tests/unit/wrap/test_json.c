/* What json_read() refuses, and that what json_text() writes comes back. */
#include "wrap/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static struct arena *arena;

static int set_up(void **state)
{
    (void)state;
    arena = arena_new();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    arena_free(arena);
    return 0;
}

static struct err read_text(const char *text, json_t **out)
{
    return json_read(arena, text, strlen(text), out);
}

static void reads_objects_and_lists(void **state)
{
    json_t *root;
    (void)state;

    assert_int_equal(read_text("{\"a\":9223372036854775807,\"b\":[1.5,true,null]}", &root).kind,
                     ERR_NONE);
    assert_int_equal(json_integer_value(json_object_get(root, "a")), INT64_MAX);
    assert_int_equal(read_text(" [ ] \n", &root).kind, ERR_NONE);
    assert_true(json_is_array(root));
}

static void refuses_what_is_not_sane(void **state)
{
    static const char *const cases[] = {
        "",
        " ",
        "{",
        "{}x",
        "{} {}",
        "1",
        "\"a\"",
        "null",
        "nul",
        "{\"a\":1,}",
        "{a:1}",
        "[1,,2]",
        "{\"a\":1,\"a\":2}",           /* twice */
        "{\"a\":9223372036854775808}", /* 2^63 */
        "{\"a\":-9223372036854775809}",
        "{\"a\":1e999}",
        "{\"a\":\"\\u0000\"}", /* NUL */
        "{\"\\u0000\":1}",
        "{\"a\":\"\\ud800\"}",  /* half a pair */
        "{\"a\":\"\xff\"}",     /* not UTF-8 */
        "{\"a\":\"\xc0\xaf\"}", /* overlong */
        "{\"a\":\"x\ny\"}",     /* a raw line break */
        "{\"a\":01}",
        "{\"a\":+1}",
        "{\"a\":.5}",
        "{\"a\":NaN}",
        "{\"a\":0x10}",
        "/* comment */ {}",
    };
    json_t *root;
    (void)state;

    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        root = (json_t *)&root;
        if (read_text(cases[i], &root).kind != ERR_INVALID)
            fail_msg("taken: %s", cases[i]);
        assert_null(root);
    }
    assert_int_equal(json_read(arena, "{}\0", 3, &root).kind, ERR_INVALID);
    assert_string_equal(read_text("{\"a\":1,\"a\":2}", &root).what, "JSON names a member twice");
}

static const char *nested(size_t depth)
{
    char *text = arena_alloc(arena, 2 * depth + 1);

    memset(text, '[', depth);
    memset(text + depth, ']', depth);
    return text;
}

static void bounds_nesting_before_parsing(void **state)
{
    json_t *root;
    (void)state;

    assert_int_equal(read_text(nested(JSON_MAX_NESTING), &root).kind, ERR_NONE);
    assert_int_equal(read_text(nested(JSON_MAX_NESTING + 1), &root).kind, ERR_INVALID);
    assert_int_equal(read_text(nested(300000), &root).kind, ERR_INVALID);
    /* Brackets in strings do not count, escaped quotes do not end them. */
    assert_int_equal(read_text("[\"[[[[[[[[[[[[[[[[[[[[\\\"[[[[\\\\\"]", &root).kind, ERR_NONE);
    /* What closes makes room again. */
    assert_int_equal(
        read_text("[[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[]]", &root).kind, ERR_NONE);
    /* Closing more than was opened gains nothing. */
    assert_int_equal(read_text("]]]]]]]]]]]]]]]]]]]]]]]]]]", &root).kind, ERR_INVALID);
}

static void bounds_size(void **state)
{
    const size_t n = 1024 * 1024 + 1;
    char *text = arena_alloc(arena, n + 1);
    json_t *root;
    (void)state;

    memset(text, ' ', n);
    text[0] = '[';
    text[n - 1] = ']';
    assert_int_equal(json_read(arena, text, n, &root).kind, ERR_INVALID);
    assert_int_equal(json_read(arena, text + 1, 0, &root).kind, ERR_INVALID);
    text[n - 2] = ']';
    assert_int_equal(json_read(arena, text, n - 1, &root).kind, ERR_NONE);
}

static void writes_compact_text_in_order(void **state)
{
    json_t *root = json_pack("{s:i,s:[s,b],s:n}", "z", 1, "a", "\xc3\xa9\"", 1, "m");
    (void)state;

    assert_string_equal(json_text(arena, root),
                        "{\"z\":1,\"a\":[\"\xc3\xa9\\\"\",true],\"m\":null}");
    assert_string_equal(json_text(arena, json_string("x")), "\"x\"");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(reads_objects_and_lists, set_up, tear_down),
        cmocka_unit_test_setup_teardown(refuses_what_is_not_sane, set_up, tear_down),
        cmocka_unit_test_setup_teardown(bounds_nesting_before_parsing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(bounds_size, set_up, tear_down),
        cmocka_unit_test_setup_teardown(writes_compact_text_in_order, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
