/* test_cart.c - lines as Redis keeps them, the cart as the API shows it, what product answers. */
#include "workers/cart/cart.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "workers/cart/stock.h"

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

static void test_a_line(void **state)
{
    struct cart_line l;

    (void)state;
    assert_true(cart_line_parse("9223372036854775807", "999:3", &l));
    assert_true(l.product_id == INT64_MAX);
    assert_int_equal(l.quantity, 999);
    assert_int_equal(l.sequence, 3);
}

static void test_what_is_no_line(void **state)
{
    static const char *const bad[][2] = {
        {"", "1:1"},
        {"0", "1:1"},
        {"-1", "1:1"},
        {"x", "1:1"},
        {"7x", "1:1"},
        {" 7", "1:1"},
        {"7", ""},
        {"7", "1"},
        {"7", "1:"},
        {"7", ":1"},
        {"7", "0:1"},
        {"7", "1000:1"},
        {"7", "1:1:1"},
        {"7", "1: 1"},
        {"7", "1;1"},
        {"7", "-1:1"},
        {"7", "99999999999999999999:1"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct cart_line l;

        if (cart_line_parse(bad[i][0], bad[i][1], &l))
            fail_msg("a line: '%s' '%s'", bad[i][0], bad[i][1]);
    }
}

static const char *shown(const struct cart *c)
{
    return json_text(a, cart_json(c, 0));
}

static void test_an_empty_cart(void **state)
{
    const struct cart c = {.user_id = 42};

    (void)state;
    assert_string_equal(shown(&c), "{\"user_id\":42,\"items\":[],\"total_qty\":0,\"total_amt\":0,"
                                   "\"currency\":\"IDR\",\"expires_at\":null}");
    assert_string_equal(json_text(a, cart_items_json(&c)), "{\"items\":[]}");
}

static void test_only_what_can_be_bought_is_counted(void **state)
{
    const struct product coffee = {7, "Kopi", 150000, "IDR", true};
    const struct product gone = {8, "Teh", 1000, "IDR", false};
    struct cart_line lines[] = {{9, 1, 5, NULL}, {7, 2, 2, &coffee}, {8, 3, 4, &gone}};
    struct cart c = {42, lines, 3};

    (void)state;
    cart_sort(&c);
    assert_string_equal(
        shown(&c),
        "{\"user_id\":42,\"items\":["
        "{\"product_id\":7,\"name\":\"Kopi\",\"quantity\":2,\"price\":150000,\"available\":true},"
        "{\"product_id\":8,\"name\":\"Teh\",\"quantity\":3,\"price\":1000,\"available\":false},"
        "{\"product_id\":9,\"name\":\"\",\"quantity\":1,\"price\":0,\"available\":false}],"
        "\"total_qty\":2,\"total_amt\":300000,\"currency\":\"IDR\","
        "\"expires_at\":\"1970-01-08T00:00:00.000000Z\"}");
}

static void test_the_largest_cart_adds_up(void **state)
{
    const struct product dear = {7, "Kopi", INT64_C(999999999999), "IDR", true};
    struct cart_line lines[CART_LINES_MAX];
    struct cart c = {42, lines, CART_LINES_MAX};
    json_t *json;

    (void)state;
    for (int i = 0; i < CART_LINES_MAX; i++)
        lines[i] = (struct cart_line){7, CART_QUANTITY_MAX, i, &dear};
    json = json_keep(a, cart_json(&c, 0));
    assert_true(json_integer_value(json_object_get(json, "total_amt")) ==
                INT64_C(999999999999) * CART_LINES_MAX * CART_QUANTITY_MAX);
}

static struct err read(const char *body, struct offer *out)
{
    return offer_read(a, body, strlen(body), 7, out);
}

static void test_what_product_answers(void **state)
{
    struct offer o;

    (void)state;
    assert_int_equal(read("{\"products\":[{\"id\":5,\"available\":1,\"active\":true},"
                          "{\"id\":7,\"available\":3,\"price\":1,\"name\":\"x\",\"active\":true}]}",
                          &o)
                         .kind,
                     ERR_NONE);
    assert_true(o.exists && o.active);
    assert_int_equal(o.available, 3);
    assert_int_equal(read("{\"products\":[]}", &o).kind, ERR_NONE);
    assert_false(o.exists);
    assert_int_equal(read("", &o).kind, ERR_INVALID);
    assert_int_equal(read("<html>", &o).kind, ERR_INVALID);
    assert_int_equal(read("{}", &o).kind, ERR_INVALID);
    assert_int_equal(read("{\"products\":[{\"id\":7,\"active\":true}]}", &o).kind, ERR_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_line, begin, end),
        cmocka_unit_test_setup_teardown(test_what_is_no_line, begin, end),
        cmocka_unit_test_setup_teardown(test_an_empty_cart, begin, end),
        cmocka_unit_test_setup_teardown(test_only_what_can_be_bought_is_counted, begin, end),
        cmocka_unit_test_setup_teardown(test_the_largest_cart_adds_up, begin, end),
        cmocka_unit_test_setup_teardown(test_what_product_answers, begin, end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
