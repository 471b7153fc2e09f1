/* test_events.c - the files of tests/contracts/ that cart reads; news of one product told several
 * times. */
#include "workers/cart/events.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

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

static struct event contract(const char *type)
{
    json_error_t why;
    json_t *file = json_load_file(arena_printf(a, "tests/contracts/%s.json", type), 0, &why);

    if (!file)
        fail_msg("%s: %s (run from the checkout's top)", type, why.text);
    json_keep(a, file);
    return (struct event){.type = type,
                          .time_us = 5,
                          .subject = json_string_value(json_object_get(file, "subject")),
                          .data = json_object_get(file, "data")};
}

static void test_an_order_paid(void **state)
{
    struct event e = contract("OrderPaid");
    struct purchase p;
    const char *reason = NULL;

    (void)state;
    assert_int_equal(purchase_read(a, &e, &p, &reason).kind, ERR_NONE);
    assert_string_equal(p.order_id, e.subject);
    assert_int_equal(p.user_id, 42);
    assert_int_equal(p.n, 1);
    assert_int_equal(p.lines[0].product_id, 7);
    assert_int_equal(p.lines[0].quantity, 2);
}

static void test_other_orders_are_not_for_us(void **state)
{
    static const char *const others[] = {"OrderCreated", "OrderCancelled", "OrderRefunded"};

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct event e = contract(others[i]);
        struct purchase p;
        const char *reason = NULL;

        assert_int_equal(purchase_read(a, &e, &p, &reason).kind, ERR_NOT_FOUND);
    }
}

static void test_products(void **state)
{
    struct event changed = contract("ProductChanged"), removed = contract("ProductRemoved");
    struct news n;
    const char *reason = NULL;

    (void)state;
    assert_int_equal(news_read(a, &changed, &n, &reason).kind, ERR_NONE);
    assert_true(n.product.id == 7 && n.version == 3 && !n.is_removal && n.product.active);
    assert_string_equal(n.product.name, "Kopi Gayo 250 g");
    assert_int_equal(n.product.price_minor, 150000);
    assert_int_equal(news_read(a, &removed, &n, &reason).kind, ERR_NONE);
    assert_true(n.product.id == 7 && n.version == 4 && n.is_removal);
}

static void test_what_breaks_the_contract_says_why(void **state)
{
    static const struct {
        const char *type, *data;
    } broken[] = {
        {"OrderPaid", "{}"},
        {"OrderPaid", "{\"order_id\": \"0190a5c1-7c3e-7d50-8a5e-0c1d2e3f4a5b\", \"user_id\": 0,"
                      "\"items\": [{\"product_id\": 1, \"quantity\": 1}]}"},
        {"OrderPaid", "{\"order_id\": \"0190a5c1-7c3e-7d50-8a5e-0c1d2e3f4a5b\", \"user_id\": 1,"
                      "\"items\": [{\"product_id\": 1, \"quantity\": -1}]}"},
        {"OrderPaid", "{\"order_id\": \"0190a5c1-7c3e-7d50-8a5e-0c1d2e3f4a5b\", \"user_id\": 1,"
                      "\"items\": {}}"},
        {"ProductChanged", "{\"product_id\": 1, \"version\": 1}"},
        {"ProductRemoved", "{\"product_id\": 1}"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
        struct event e = {.type = broken[i].type};
        const char *reason = NULL;
        struct purchase p;
        struct news n;
        struct err read;

        assert_int_equal(json_read(a, broken[i].data, strlen(broken[i].data), &e.data).kind, 0);
        read = strcmp(e.type, "OrderPaid") == 0 ? purchase_read(a, &e, &p, &reason)
                                                : news_read(a, &e, &n, &reason);
        assert_int_equal(read.kind, ERR_INVALID);
        assert_true(reason && *reason);
    }
}

static struct news changed(int64_t id, int64_t version, const char *name)
{
    return (struct news){{id, name, 5, "IDR", true}, version, false};
}

static struct news removed(int64_t id, int64_t version)
{
    return (struct news){{.id = id}, version, true};
}

static void test_the_last_news_counts(void **state)
{
    struct news n[] = {changed(1, 1, "a"), changed(2, 1, "b"), changed(1, 2, "c"),
                       changed(1, 1, "a"), removed(2, 2),      removed(3, 9)};

    (void)state;
    assert_int_equal(news_merge(n, 6), 3);
    assert_string_equal(n[0].product.name, "c");
    assert_int_equal(n[0].version, 2);
    assert_string_equal(n[1].product.name, "b"); /* still shown in the carts that have it */
    assert_true(!n[1].product.active && !n[1].is_removal && n[1].version == 2);
    assert_true(n[2].is_removal && n[2].product.id == 3);
    assert_int_equal(news_merge(n, 0), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_an_order_paid, begin, end),
        cmocka_unit_test_setup_teardown(test_other_orders_are_not_for_us, begin, end),
        cmocka_unit_test_setup_teardown(test_products, begin, end),
        cmocka_unit_test_setup_teardown(test_what_breaks_the_contract_says_why, begin, end),
        cmocka_unit_test_setup_teardown(test_the_last_news_counts, begin, end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
