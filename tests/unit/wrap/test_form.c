/* Every reader of a form: what it takes, and the words for what it does not. */
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

static void form_of(struct form *f, const char *text)
{
    json_t *root;

    assert_int_equal(json_read(arena, text, strlen(text), &root).kind, ERR_NONE);
    form_init(f, arena, root);
}

enum reader { TEXT, LONG_LINES, CURRENCY, I64, I64_OR, BOOL, ID, TIME, OBJECT, LIST };

static void read_field(struct form *f, enum reader reader)
{
    switch (reader) {
    case TEXT:
        form_text(f, "x", FORM_REQUIRED, 3, 5);
        break;
    case LONG_LINES:
        form_text(f, "x", FORM_OPTIONAL, 0, 1000);
        break;
    case CURRENCY:
        form_currency(f, "x", FORM_OPTIONAL);
        break;
    case I64:
        form_i64(f, "x", 1, 999);
        break;
    case I64_OR:
        form_i64_or(f, "x", 7, 0, INT64_MAX);
        break;
    case BOOL:
        form_bool_or(f, "x", true);
        break;
    case ID:
        form_id(f, "x", FORM_REQUIRED);
        break;
    case TIME:
        form_time(f, "x", FORM_OPTIONAL);
        break;
    case OBJECT:
        form_object(f, "x", FORM_REQUIRED);
        break;
    case LIST:
        form_array(f, "x", FORM_OPTIONAL, 1, 2);
        break;
    }
}

/* clang-format off */
static const struct {
    const char *text;
    enum reader reader;
    const char *reason; /* "" for none */
} cases[] = {
    {"{\"x\":\"abc\"}",               TEXT, ""},
    {"{\"x\":\"\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\"}", TEXT, ""}, /* five characters, ten bytes */
    {"{\"x\":\"ab\"}",                TEXT, "x: must have 3 to 5 characters"},
    {"{\"x\":\"abcdef\"}",            TEXT, "x: must have 3 to 5 characters"},
    {"{\"x\":7}",                     TEXT, "x: must be a text"},
    {"{\"x\":null}",                  TEXT, "x: is required"},
    {"{}",                            TEXT, "x: is required"},
    {"{\"x\":\"    \"}",              TEXT, "x: must not be blank"},
    {"{\"x\":\"a\\nbc\"}",            TEXT, "x: must not have control characters"},
    {"{\"x\":\"a\\u007fbc\"}",        TEXT, "x: must not have control characters"},
    {"{\"x\":\"a\\u0085bc\"}",        TEXT, "x: must not have control characters"},
    {"{\"x\":\"a\\u00a0bc\"}",        TEXT, ""},
    {"{\"x\":\"a\\n\\tb\"}",          LONG_LINES, ""},
    {"{\"x\":\"a\\rb\"}",             LONG_LINES, "x: must not have control characters"},
    {"{\"x\":\"IDR\"}",               CURRENCY, ""},
    {"{}",                            CURRENCY, ""},
    {"{\"x\":\"idr\"}",               CURRENCY, "x: must be a currency's three capital letters"},
    {"{\"x\":\"AB\u00c9\"}",          CURRENCY, "x: must be a currency's three capital letters"},
    {"{\"x\":\"Rupiah\"}",            CURRENCY, "x: must have exactly 3 characters"},
    {"{\"x\":1}",                     I64, ""},
    {"{\"x\":999}",                   I64, ""},
    {"{\"x\":0}",                     I64, "x: must be 1 to 999"},
    {"{\"x\":1000}",                  I64, "x: must be 1 to 999"},
    {"{\"x\":-9223372036854775808}",  I64, "x: must be 1 to 999"},
    {"{\"x\":1.0}",                   I64, "x: must be an integer"},
    {"{\"x\":1e2}",                   I64, "x: must be an integer"},
    {"{\"x\":\"1\"}",                 I64, "x: must be an integer"},
    {"{\"x\":true}",                  I64, "x: must be an integer"},
    {"{}",                            I64, "x: is required"},
    {"{}",                            I64_OR, ""},
    {"{\"x\":null}",                  I64_OR, ""},
    {"{\"x\":-1}",                    I64_OR, "x: must be at least 0"},
    {"{\"x\":false}",                 BOOL, ""},
    {"{\"x\":0}",                     BOOL, "x: must be true or false"},
    {"{\"x\":\"0190a5c1-7c3e-7d50-8a5e-0c1d2e3f4a5b\"}", ID, ""},
    {"{\"x\":\"0190a5c1\"}",          ID, "x: must be a UUID"},
    {"{\"x\":12}",                    ID, "x: must be a UUID"},
    {"{\"x\":\"2026-01-02T03:04:05+07:00\"}", TIME, ""},
    {"{\"x\":\"yesterday\"}",         TIME, "x: must be a time as RFC 3339 writes it"},
    {"{\"x\":{}}",                    OBJECT, ""},
    {"{\"x\":[]}",                    OBJECT, "x: must be an object"},
    {"{}",                            OBJECT, "x: is required"},
    {"{\"x\":[1]}",                   LIST, ""},
    {"{\"x\":[]}",                    LIST, "x: must have 1 to 2 entries"},
    {"{\"x\":[1,2,3]}",               LIST, "x: must have 1 to 2 entries"},
    {"{\"x\":{}}",                    LIST, "x: must be a list"},
    {"{}",                            LIST, ""},
    {"[]",                            TEXT, "must be an object"},
};
/* clang-format on */

static void says_what_is_wrong(void **state)
{
    struct form f;
    (void)state;

    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        form_of(&f, cases[i].text);
        read_field(&f, cases[i].reader);
        if (strcmp(form_reason(&f), cases[i].reason) != 0)
            fail_msg("%s: \"%s\"", cases[i].text, form_reason(&f));
        assert_int_equal(form_check(&f).kind, *cases[i].reason ? ERR_INVALID : ERR_NONE);
    }
}

static void gives_values(void **state)
{
    struct form f;
    (void)state;

    form_of(&f, "{\"s\":\"abc\",\"i\":-5,\"b\":false,\"n\":null,\"t\":\"1970-01-01T00:00:01Z\"}");
    assert_string_equal(form_text(&f, "s", FORM_REQUIRED, 1, 3), "abc");
    assert_null(form_text(&f, "none", FORM_OPTIONAL, 1, 3));
    assert_int_equal(form_i64(&f, "i", -10, 0), -5);
    assert_int_equal(form_i64_or(&f, "none", 7, 0, 9), 7);
    assert_false(form_bool_or(&f, "b", true));
    assert_true(form_bool_or(&f, "none", true));
    assert_int_equal(form_time(&f, "t", FORM_REQUIRED), 1000000);
    assert_true(form_has(&f, "s"));
    assert_false(form_has(&f, "n"));
    assert_int_equal(form_check(&f).kind, ERR_NONE);
}

static void names_the_path(void **state)
{
    struct form f, line, inner;
    json_t *items;
    (void)state;

    form_of(&f, "{\"items\":[{\"quantity\":0},7,{\"at\":{\"city\":1}},null]}");
    items = form_array(&f, "items", FORM_REQUIRED, 1, 9);
    for (int i = 0; i < 4; i++) {
        form_child(&line, &f, json_array_get(items, (size_t)i), "items", i);
        form_i64_or(&line, "quantity", 1, 1, 999);
        form_child(&inner, &line, form_object(&line, "at", FORM_OPTIONAL), "at", -1);
        form_text(&inner, "city", FORM_REQUIRED, 1, 9);
    }
    assert_string_equal(form_reason(&f),
                        "items[0].quantity: must be 1 to 999; items[1]: must be an "
                        "object; items[2].at.city: must be a text; items[3]: must be an object");
    assert_int_equal(form_check(&inner).kind, ERR_INVALID);
}

static void takes_nothing_for_an_empty_object(void **state)
{
    struct form f;
    (void)state;

    form_init(&f, arena, NULL);
    assert_null(form_text(&f, "a", FORM_OPTIONAL, 1, 3));
    assert_false(form_has(&f, "a"));
    assert_int_equal(form_check(&f).kind, ERR_NONE);
    form_text(&f, "b", FORM_REQUIRED, 1, 3);
    assert_string_equal(form_reason(&f), "b: is required");
}

static void stops_counting_somewhere(void **state)
{
    struct form f;
    size_t n = 0;
    (void)state;

    form_init(&f, arena, NULL);
    for (int i = 0; i < 1000; i++)
        form_fail(&f, "a", "wrong");
    for (const struct field_error *e = f.errors; e; e = e->next)
        n++;
    assert_in_range(n, 1, 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(says_what_is_wrong, set_up, tear_down),
        cmocka_unit_test_setup_teardown(gives_values, set_up, tear_down),
        cmocka_unit_test_setup_teardown(names_the_path, set_up, tear_down),
        cmocka_unit_test_setup_teardown(takes_nothing_for_an_empty_object, set_up, tear_down),
        cmocka_unit_test_setup_teardown(stops_counting_somewhere, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
