/* test_events.c - the files of tests/contracts/, read and written by product. */
#include "workers/product/events.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"

#define CONTRACTS "tests/contracts/"

static struct arena *a;

static int begin(void **state)
{
    (void)state;
    a = arena_new();
    return 0;
}

static int end(void **state)
{
    (void)state;
    arena_free(a);
    return 0;
}

static json_t *contract(const char *type)
{
    json_error_t why;
    json_t *file = json_load_file(arena_printf(a, CONTRACTS "%s.json", type), 0, &why);

    if (!file)
        fail_msg("%s: %s (run from the checkout's top)", type, why.text);
    return json_keep(a, file);
}

static struct event event_of(const char *type, json_t *data)
{
    return (struct event){.type = type,
                          .data = data,
                          .subject = json_string_value(json_object_get(data, "order_id"))};
}

static void test_order_created(void **state)
{
    json_t *data = json_object_get(contract("OrderCreated"), "data");
    struct event e = event_of("OrderCreated", data);
    struct order_event ev;
    const char *reason = NULL;
    char id[ID_TEXT_SIZE], time[TIME_TEXT_SIZE];

    (void)state;
    assert_int_equal(order_event_read(a, &e, &ev, &reason).kind, ERR_NONE);
    assert_int_equal(ev.on, ORDER_CREATED);
    id_format(&ev.order_id, id);
    assert_string_equal(id, json_string_value(json_object_get(data, "order_id")));
    time_format(ev.expires_us, time);
    assert_string_equal(time, json_string_value(json_object_get(data, "expires_at")));
    assert_int_equal(ev.n_lines, 1);
    assert_int_equal(ev.lines[0].product_id, 7);
    assert_int_equal(ev.lines[0].quantity, 2);
}

static void test_paid_and_cancelled(void **state)
{
    static const struct {
        const char *type;
        enum hold_event on;
    } cases[] = {{"OrderPaid", ORDER_PAID}, {"OrderCancelled", ORDER_CANCELLED}};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct event e = event_of(cases[i].type, json_object_get(contract(cases[i].type), "data"));
        struct order_event ev;
        const char *reason = NULL;

        assert_int_equal(order_event_read(a, &e, &ev, &reason).kind, ERR_NONE);
        assert_int_equal(ev.on, cases[i].on);
    }
}

static void test_others_are_not_for_us(void **state)
{
    struct event e = event_of("OrderRefunded", json_object_get(contract("OrderRefunded"), "data"));
    struct order_event ev;
    const char *reason = NULL;

    (void)state;
    assert_int_equal(order_event_read(a, &e, &ev, &reason).kind, ERR_NOT_FOUND);
}

#define ID "\"0190a5c1-7c3e-7d50-8a5e-0c1d2e3f4a5b\""
#define EXPIRES "\"expires_at\": \"2026-01-02T03:19:05Z\""

static struct err read_created(const char *text, struct order_event *out, const char **reason)
{
    json_t *data;
    struct event e;

    assert_int_equal(json_read(a, text, strlen(text), &data).kind, ERR_NONE);
    e = event_of("OrderCreated", data);
    return order_event_read(a, &e, out, reason);
}

static void test_what_breaks_the_contract_says_why(void **state)
{
    static const char *const broken[] = {
        "{}",
        "{\"order_id\": 5, " EXPIRES ", \"items\": [{\"product_id\": 1, \"quantity\": 1}]}",
        "{\"order_id\": " ID ", \"items\": [{\"product_id\": 1, \"quantity\": 1}]}",
        "{\"order_id\": " ID ", " EXPIRES "}",
        "{\"order_id\": " ID ", " EXPIRES ", \"items\": []}",
        "{\"order_id\": " ID ", " EXPIRES ", \"items\": [7]}",
        "{\"order_id\": " ID ", " EXPIRES ", \"items\": [{\"product_id\": 1, \"quantity\": 0}]}",
        "{\"order_id\": " ID ", " EXPIRES ", \"items\": [{\"product_id\": -1, \"quantity\": 1}]}",
        "{\"order_id\": " ID ", " EXPIRES ", \"items\": [{\"product_id\": 1, \"quantity\": 1e99}]}",
    };

    (void)state;
    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
        struct order_event ev;
        const char *reason = NULL;

        assert_int_equal(read_created(broken[i], &ev, &reason).kind, ERR_INVALID);
        assert_true(reason && *reason);
    }
}

static void test_an_event_is_about_its_subject(void **state)
{
    struct event e = event_of("OrderPaid", json_object_get(contract("OrderPaid"), "data"));
    struct order_event ev;
    const char *reason = NULL;

    (void)state;
    e.subject = "0190a5c1-7c3e-7d50-8a5e-000000000000";
    assert_int_equal(order_event_read(a, &e, &ev, &reason).kind, ERR_INVALID);
}

static void test_lines_of_one_product_are_one(void **state)
{
    struct order_event ev;
    const char *reason = NULL;
    struct err e = read_created("{\"order_id\": " ID ", " EXPIRES ", \"items\": ["
                                "{\"product_id\": 9, \"quantity\": 1},"
                                "{\"product_id\": 7, \"quantity\": 2},"
                                "{\"product_id\": 9, \"quantity\": 3}]}",
                                &ev, &reason);

    (void)state;
    assert_int_equal(e.kind, ERR_NONE);
    assert_int_equal(ev.n_lines, 2);
    assert_int_equal(ev.lines[0].product_id, 7);
    assert_int_equal(ev.lines[1].product_id, 9);
    assert_int_equal(ev.lines[1].quantity, 4);
}

static void assert_as_pinned(const char *type, const char *stream, const char *text)
{
    json_t *file = contract(type), *data = NULL;

    assert_string_equal(json_string_value(json_object_get(file, "stream")), stream);
    assert_int_equal(json_read(a, text, strlen(text), &data).kind, ERR_NONE);
    if (!json_equal(data, json_object_get(file, "data")))
        fail_msg("%s is told as %s", type, text);
}

static struct hold pinned_hold(const struct line *lines, size_t n)
{
    struct hold h = {.lines = lines, .n_lines = n};

    assert_int_equal(id_parse("0190a5c1-7c3e-7d50-8a5e-0c1d2e3f4a5b", &h.order_id).kind, ERR_NONE);
    assert_int_equal(time_parse("2026-01-02T03:20:05Z", &h.hold_until_us).kind, ERR_NONE);
    return h;
}

static void test_stock_is_told_as_pinned(void **state)
{
    const struct line lines[] = {{5, 1}, {7, 2}};
    struct balance rows[] = {{5, 1, 0, 0, 0, true}, {7, 1, 0, 0, 0, true}};
    struct stock stock = {rows, 2};
    struct hold h = pinned_hold(lines, 2);

    (void)state;
    assert_as_pinned("StockReserved", STREAM_STOCK, stock_reserved_data(a, &h));
    assert_as_pinned("StockInsufficient", STREAM_STOCK, stock_insufficient_data(a, &h, &stock));
    assert_as_pinned("HoldExpired", STREAM_STOCK, hold_expired_data(a, &h));
}

static void test_products_are_told_as_pinned(void **state)
{
    const struct product p = {.id = 7,
                              .version = 3,
                              .name = "Kopi Gayo 250 g",
                              .slug = "kopi-gayo-250-g",
                              .price_minor = 150000,
                              .currency = "IDR",
                              .weight_grams = 250,
                              .active = true};

    (void)state;
    assert_as_pinned("ProductChanged", STREAM_PRODUCTS, product_changed_data(a, &p));
    assert_as_pinned("ProductRemoved", STREAM_PRODUCTS, product_removed_data(a, 7, 4));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_order_created, begin, end),
        cmocka_unit_test_setup_teardown(test_paid_and_cancelled, begin, end),
        cmocka_unit_test_setup_teardown(test_others_are_not_for_us, begin, end),
        cmocka_unit_test_setup_teardown(test_what_breaks_the_contract_says_why, begin, end),
        cmocka_unit_test_setup_teardown(test_an_event_is_about_its_subject, begin, end),
        cmocka_unit_test_setup_teardown(test_lines_of_one_product_are_one, begin, end),
        cmocka_unit_test_setup_teardown(test_stock_is_told_as_pinned, begin, end),
        cmocka_unit_test_setup_teardown(test_products_are_told_as_pinned, begin, end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
