/* test_log.c - each line is one JSON object, escaped, bounded, and carries the task's context. */
#include "base/log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "base/clock.h"
#include "capture.h"

static struct capture capture;

/* The one line the capture holds, read by somebody else's JSON parser. */
static json_t *only_line(void)
{
    const char *text = capture_end(&capture);
    const char *end = strchr(text, '\n');
    json_error_t error;
    json_t *line;

    assert_non_null(end);
    assert_int_equal(end[1], '\0');
    line = json_loads(text, JSON_REJECT_DUPLICATES, &error);
    if (!line)
        fail_msg("%s: %s", error.text, text);
    return line;
}

static const char *member(const json_t *line, const char *key)
{
    return json_string_value(json_object_get(line, key));
}

static void test_a_line_has_head_and_fields(void **state)
{
    struct id id;
    json_t *line;
    int64_t us;

    (void)state;
    log_init("order", "info");
    assert_int_equal(id_parse("017f22e2-79b0-7cc3-98c4-dc0c0c07398f", &id).kind, ERR_NONE);
    capture_begin(&capture);
    log_info("payment.refused", kv_id("order_id", &id), kv_i64("total_minor", INT64_MIN),
             kv_bool("again", true), kv_text("reason", "no funds"), kv_text("note", NULL),
             kv_err(ERR(ERR_DENIED, "bank says no")), kv_i64("n", 0));
    line = only_line();
    assert_int_equal(time_parse(member(line, "ts"), &us).kind, ERR_NONE);
    assert_string_equal(member(line, "level"), "info");
    assert_string_equal(member(line, "service"), "order");
    assert_string_equal(member(line, "event"), "payment.refused");
    assert_string_equal(member(line, "order_id"), "017f22e2-79b0-7cc3-98c4-dc0c0c07398f");
    assert_true(json_integer_value(json_object_get(line, "total_minor")) == INT64_MIN);
    assert_true(json_is_true(json_object_get(line, "again")));
    assert_string_equal(member(line, "reason"), "no funds");
    assert_true(json_is_null(json_object_get(line, "note")));
    assert_string_equal(member(line, "error"), "denied: bank says no");
    assert_int_equal(json_integer_value(json_object_get(line, "n")), 0);
    assert_null(json_object_get(line, "trace_id"));
    assert_null(json_object_get(line, "cut"));
    json_decref(line);
}

static const struct {
    const char *given, *read;
} texts[] = {
    {"", ""},
    {"a\"b\\c/d", "a\"b\\c/d"},
    {"line\nfeed\ttab\x01\x1f", "line\nfeed\ttab\x01\x1f"},
    {"Rp\u00a0150\u2026 \U0001f600", "Rp\u00a0150\u2026 \U0001f600"},
    {"\xff\xfe", "\ufffd\ufffd"},           /* no UTF-8 */
    {"\xc0\xaf", "\ufffd\ufffd"},           /* overlong */
    {"\xed\xa0\x80", "\ufffd\ufffd\ufffd"}, /* a surrogate */
    {"cut \xe2\x82", "cut \ufffd\ufffd"},   /* incomplete */
    {"\xf4\x90\x80\x80", "\ufffd\ufffd\ufffd\ufffd"},
};

static void test_texts_are_escaped(void **state)
{
    (void)state;
    log_init("order", "info");
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        json_t *line;

        capture_begin(&capture);
        log_warn("text.seen", kv_text("text", texts[i].given));
        line = only_line();
        assert_string_equal(member(line, "text"), texts[i].read);
        json_decref(line);
    }
}

static void test_long_values_are_cut(void **state)
{
    char text[3000];
    json_t *line;

    (void)state;
    log_init("order", "info");
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    capture_begin(&capture);
    log_error("text.seen", kv_text("text", text), kv_i64("after", 1));
    line = only_line();
    assert_int_equal(strlen(member(line, "text")), 512);
    assert_int_equal(json_integer_value(json_object_get(line, "after")), 1);
    assert_true(json_is_true(json_object_get(line, "cut")));
    json_decref(line);
}

/* Every length of every awkward character: the line stays whole whatever is at its end. */
static void test_a_full_line_stays_json(void **state)
{
    static const char *const units[] = {"x", "\"", "\x01", "\u00e9", "\U0001f600", "\xff"};
    char text[600];

    (void)state;
    log_init("order", "info");
    for (size_t u = 0; u < sizeof units / sizeof units[0]; u++) {
        for (size_t n = 300; n < 600; n += 7) {
            json_t *line;
            size_t unit = strlen(units[u]);

            memset(text, 0, sizeof text);
            for (size_t i = 0; i + unit < n; i += unit)
                memcpy(text + i, units[u], unit);
            capture_begin(&capture);
            log_info("text.seen", kv_text("a", text), kv_text("b", text), kv_text("c", text),
                     kv_text("d", text), kv_i64("e", INT64_MIN), kv_text("f", text));
            line = only_line();
            assert_true(strlen(capture.text) <= 2048);
            json_decref(line);
        }
    }
}

static void test_levels(void **state)
{
    static const struct {
        const char *level;
        bool enabled[4];
    } levels[] = {
        {"debug", {true, true, true, true}},  {"info", {false, true, true, true}},
        {"warn", {false, false, true, true}}, {"error", {false, false, false, true}},
        {"loud", {false, true, true, true}},  {NULL, {false, true, true, true}},
    };

    (void)state;
    for (size_t i = 0; i < sizeof levels / sizeof levels[0]; i++) {
        log_init("order", levels[i].level);
        for (int level = LOG_DEBUG; level <= LOG_ERROR; level++)
            assert_int_equal(log_enabled((enum log_level)level), levels[i].enabled[level]);
    }
    log_init("order", "error");
    capture_begin(&capture);
    log_debug("not.seen");
    log_warn("not.seen");
    assert_string_equal(capture_end(&capture), "");
}

static void test_the_context_is_added(void **state)
{
    static const struct log_context context = {"4bf92f3577b34da6a3ce929d0e0e4736", "c-1"};
    json_t *line;

    (void)state;
    log_init("order", "info");
    assert_null(log_context_set(&context));
    capture_begin(&capture);
    log_info("order.placed");
    line = only_line();
    assert_string_equal(member(line, "trace_id"), context.trace_id);
    assert_string_equal(member(line, "correlation_id"), context.correlation_id);
    json_decref(line);
    assert_ptr_equal(log_context_set(NULL), &context);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_line_has_head_and_fields),
        cmocka_unit_test(test_texts_are_escaped),
        cmocka_unit_test(test_long_values_are_cut),
        cmocka_unit_test(test_a_full_line_stays_json),
        cmocka_unit_test(test_levels),
        cmocka_unit_test(test_the_context_is_added),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
