/* test_midtrans.c - the body of a create: its items add up, its names are short, its life ends with
 * the order's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "workers/payment/midtrans.h"
#include "wrap/json.h"

#define NOW_US INT64_C(1767225600000000) /* 2026-01-01T00:00:00Z */

static json_t *body_of(struct arena *a, int64_t total, const char *lines, int64_t life_us)
{
    struct payment p = {.total = money_of(total, "IDR"), .expires_us = NOW_US + life_us};
    struct bill b = {.number = "P-1",
                     .email = "s@example.com",
                     .username = "sari",
                     .shipping_minor = 20000,
                     .lines = lines};
    const char *text;
    json_t *body = NULL;

    assert_int_equal(id_parse("0190a5c1-8000-7d50-8a5e-0c1d2e3f4a5c", &p.attempt_id).kind,
                     ERR_NONE);
    text = midtrans_charge_text(a, &p, &b, NOW_US);
    assert_int_equal(json_read(a, text, strlen(text), &body).kind, ERR_NONE);
    return body;
}

static json_int_t sum_of(const json_t *items)
{
    json_int_t sum = 0;

    for (size_t i = 0; i < json_array_size(items); i++)
        sum += json_integer_value(json_object_get(json_array_get(items, i), "price")) *
               json_integer_value(json_object_get(json_array_get(items, i), "quantity"));
    return sum;
}

static void items_add_up(void **state)
{
    static const struct {
        int64_t total;
        size_t n_items;
    } rows[] = {{320000, 2}, {300000, 3} /* a discount */, {330000, 3} /* a fee */};
    static const char lines[] =
        "[{\"product_id\":7,\"name\":\"Kopi\",\"quantity\":2,\"price\":150000}]";

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct arena *a = arena_new();
        json_t *body = body_of(a, rows[i].total, lines, 60 * US_PER_S);
        json_t *items = json_object_get(body, "item_details");
        assert_int_equal(json_array_size(items), rows[i].n_items);
        assert_int_equal(sum_of(items), rows[i].total);
        assert_int_equal(json_integer_value(json_object_get(
                             json_object_get(body, "transaction_details"), "gross_amount")),
                         rows[i].total);
        arena_free(a);
    }
}

static void names_are_cut_between_characters(void **state)
{
    struct arena *a = arena_new();
    const char *lines =
        "[{\"name\":\"Kopi|susu "
        "\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9"
        "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz\",\"quantity\":1,\"price\":1}]";
    json_t *items = json_object_get(body_of(a, 20001, lines, 60 * US_PER_S), "item_details");
    const json_t *name = json_object_get(json_array_get(items, 0), "name");

    (void)state;
    assert_int_equal(json_string_length(name), 60); /* 50 characters, ten of them two bytes long */
    assert_null(strchr(json_string_value(name), '|'));
    arena_free(a);
}

static void the_page_ends_with_the_order(void **state)
{
    static const struct {
        int64_t life_us;
        json_int_t minutes;
    } rows[] = {{900 * US_PER_S, 15}, {5 * US_PER_S, 1}, {61 * US_PER_S, 2}, {-5 * US_PER_S, 1}};

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct arena *a = arena_new();
        json_t *body = body_of(a, 20000, "[]", rows[i].life_us);
        json_t *expiry = json_object_get(body, "expiry"),
               *page = json_object_get(body, "page_expiry");
        assert_string_equal(json_string_value(json_object_get(expiry, "start_time")),
                            "2026-01-01 07:00:00 +0700");
        assert_int_equal(json_integer_value(json_object_get(expiry, "duration")), rows[i].minutes);
        assert_int_equal(json_integer_value(json_object_get(page, "duration")), rows[i].minutes);
        assert_string_equal(json_string_value(json_object_get(page, "unit")), "minutes");
        assert_true(json_is_true(json_object_get(json_object_get(body, "credit_card"), "secure")));
        arena_free(a);
    }
}

static void the_key_is_of_its_environment(void **state)
{
    static const struct {
        const char *key, *environment;
        bool fits;
    } rows[] = {{"SB-Mid-server-x", "sandbox", true},    {"Mid-server-x", "sandbox", false},
                {"Mid-server-x", "production", true},    {"SB-Mid-server-x", "production", false},
                {"SB-Mid-server-x", "elsewhere", false}, {"", "sandbox", false}};

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct midtrans_config cfg = {rows[i].key, rows[i].environment, "", "", ""};
        struct arena *a = arena_new();
        struct gateway g;
        assert_int_equal(midtrans_new(a, &cfg, NULL, &g).kind == ERR_NONE, rows[i].fits);
        arena_free(a);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(items_add_up),
        cmocka_unit_test(names_are_cut_between_characters),
        cmocka_unit_test(the_page_ends_with_the_order),
        cmocka_unit_test(the_key_is_of_its_environment),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
