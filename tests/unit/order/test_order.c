/* test_order.c - names, prices and numbers of orders; what customers wish for; sets of rows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/money.h"
#include "workers/order/order.h"
#include "workers/order/set.h"
#include "workers/order/wish.h"

static void names_go_both_ways(void **state)
{
    enum order_status status;
    enum payment_status payment;

    (void)state;
    for (int i = 0; i < N_ORDER_STATUSES; i++) {
        assert_true(order_status_parse(order_status_name((enum order_status)i), &status));
        assert_int_equal(status, i);
    }
    for (int i = 0; i < N_PAYMENT_STATUSES; i++) {
        assert_true(payment_status_parse(payment_status_name((enum payment_status)i), &payment));
        assert_int_equal(payment, i);
    }
    assert_false(order_status_parse("paid", &status));
    assert_false(order_status_parse(NULL, &status));
}

/* ---- prices ---- */

static struct catalogue_entry shop_entries[] = {
    {2, 25000, "Teh", "IDR", true},
    {7, 150000, "Kopi", "IDR", true},
    {8, 1, "Gone", "IDR", false},
    {9, 500, "Book", "USD", true},
    {10, MONEY_MAX_MINOR, "Moon", "IDR", true},
};

static const struct catalogue shop = {shop_entries, sizeof shop_entries / sizeof *shop_entries};

struct price_story {
    struct order_line lines[2];
    size_t n;
    int64_t total;      /* < 0: refused */
    int64_t product_id; /* named then */
};

static const struct price_story prices[] = {
    {{{.product_id = 7, .quantity = 2}}, 1, 300000, 0},
    {{{.product_id = 7, .quantity = 1}, {.product_id = 2, .quantity = 3}}, 2, 225000, 0},
    {{{.product_id = 7, .quantity = 1}, {.product_id = 8, .quantity = 1}}, 2, -1, 8},
    {{{.product_id = 99, .quantity = 1}}, 1, -1, 99},
    {{{.product_id = 7, .quantity = 1}, {.product_id = 9, .quantity = 1}}, 2, -1, 0},
    {{{.product_id = 10, .quantity = 1}}, 1, MONEY_MAX_MINOR, 0},
    {{{.product_id = 10, .quantity = 999}}, 1, -1, 0},
    {{{.product_id = 10, .quantity = 1}, {.product_id = 2, .quantity = 1}}, 2, -1, 0},
};

static void prices_come_from_the_catalogue(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof prices / sizeof *prices; i++) {
        struct price_story s = prices[i];
        struct order o = {.status = RECEIVED};
        int64_t product_id = -1;
        struct err e = order_price(&o, s.lines, s.n, &shop, &product_id);

        assert_int_equal(e.kind, s.total < 0 ? ERR_UNFIT : ERR_NONE);
        assert_int_equal(product_id, s.product_id);
        if (s.total < 0)
            continue;
        assert_int_equal(o.total, s.total);
        assert_string_equal(o.currency, "IDR");
        assert_string_equal(s.lines[0].name, s.lines[0].product_id == 7 ? "Kopi" : "Moon");
    }
}

/* ---- numbers ---- */

static int by_text(const void *a, const void *b)
{
    return memcmp(a, b, ORDER_NUMBER_SIZE);
}

static void numbers_differ(void **state)
{
    enum { N = 200000 };
    char(*numbers)[ORDER_NUMBER_SIZE] = calloc(N, sizeof *numbers);

    (void)state;
    assert_non_null(numbers);
    for (uint32_t i = 0; i < N; i++)
        order_number_format(INT64_C(1767323045000000), i * 5003, numbers[i]);
    assert_memory_equal(numbers[0], "P-20260102-", 11);
    assert_int_equal(strlen(numbers[1]), ORDER_NUMBER_SIZE - 1);
    qsort(numbers, N, sizeof *numbers, by_text);
    for (size_t i = 1; i < N; i++)
        assert_int_not_equal(by_text(numbers[i - 1], numbers[i]), 0);
    free(numbers);
}

/* ---- wishes ---- */

static const struct wish_story {
    const char *body;
    const char *error; /* field of the first one; NULL: fine */
    size_t n_lines;
} wishes[] = {
    {"{}", NULL, 0},
    {"{\"product_ids\":[3,4]}", NULL, 0},
    {"{\"product_ids\":[]}", "product_ids", 0},
    {"{\"product_ids\":[0]}", "product_ids[0]", 0},
    {"{\"items\":[{\"product_id\":1,\"quantity\":2}]}", NULL, 1},
    {"{\"items\":[{\"product_id\":1,\"quantity\":2},{\"product_id\":1,\"quantity\":997}]}", NULL,
     1},
    {"{\"items\":[{\"product_id\":1,\"quantity\":2},{\"product_id\":1,\"quantity\":998}]}",
     "items[1].quantity", 0},
    {"{\"items\":[{\"product_id\":1,\"quantity\":0}]}", "items[0].quantity", 0},
    {"{\"items\":[{\"product_id\":1,\"quantity\":-1}]}", "items[0].quantity", 0},
    {"{\"items\":[{\"product_id\":1,\"quantity\":1.5}]}", "items[0].quantity", 0},
    {"{\"items\":[{\"product_id\":1,\"quantity\":9223372036854775807}]}", "items[0].quantity", 0},
    {"{\"items\":[{\"product_id\":\"1\",\"quantity\":1}]}", "items[0].product_id", 0},
    {"{\"items\":[]}", "items", 0},
    {"{\"items\":{}}", "items", 0},
    {"{\"items\":[7]}", "items[0]", 0},
    {"{\"items\":[{\"product_id\":1,\"quantity\":1}],\"product_ids\":[1]}", "product_ids", 0},
    {"{\"shipping_address\":\"here\"}", "shipping_address", 0},
    {"{\"shipping_address\":{\"recipient\":\"Sari\"}}", "shipping_address.phone", 0},
    {"{\"shipping_address\":{\"recipient\":\"Sari\",\"phone\":\"+62812345\",\"street\":\"Jl. "
     "1\",\"city\":\"Jakarta\","
     "\"postal_code\":\"12810\"}}",
     NULL, 0},
};

static void wishes_are_read(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof wishes / sizeof *wishes; i++) {
        struct arena *a = arena_new();
        json_t *body;
        struct form f;
        struct wish w;

        print_message("%s\n", wishes[i].body);
        assert_int_equal(json_read(a, wishes[i].body, strlen(wishes[i].body), &body).kind,
                         ERR_NONE);
        form_init(&f, a, body);
        wish_read(&f, &w);
        assert_int_equal(form_check(&f).kind, wishes[i].error ? ERR_INVALID : ERR_NONE);
        if (wishes[i].error)
            assert_string_equal(f.errors->field, wishes[i].error);
        else
            assert_int_equal(w.n_lines, wishes[i].n_lines);
        arena_free(a);
    }
}

static const struct cart_story {
    const char *wish, *cart;
    enum err_kind kind;
    size_t n_lines;
    int64_t product_id;
} carts[] = {
    {"{}", "{\"items\":[{\"product_id\":1,\"quantity\":2},{\"product_id\":5,\"quantity\":1}]}",
     ERR_NONE, 2, 0},
    {"{\"product_ids\":[5]}",
     "{\"items\":[{\"product_id\":1,\"quantity\":2},{\"product_id\":5,\"quantity\":1}]}", ERR_NONE,
     1, 0},
    {"{\"product_ids\":[5,5]}", "{\"items\":[{\"product_id\":5,\"quantity\":1}]}", ERR_NONE, 1, 0},
    {"{\"product_ids\":[6]}", "{\"items\":[{\"product_id\":5,\"quantity\":1}]}", ERR_UNFIT, 0, 6},
    {"{}", "{\"items\":[]}", ERR_UNFIT, 0, 0},
    {"{}", "{}", ERR_BUG, 0, 0},
    {"{}", "{\"items\":[{\"product_id\":1}]}", ERR_BUG, 0, 0},
};

static void carts_are_taken(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof carts / sizeof *carts; i++) {
        struct arena *a = arena_new();
        json_t *body, *cart;
        int64_t product_id;
        struct form f;
        struct wish w;

        print_message("%s of %s\n", carts[i].wish, carts[i].cart);
        assert_int_equal(json_read(a, carts[i].wish, strlen(carts[i].wish), &body).kind, ERR_NONE);
        assert_int_equal(json_read(a, carts[i].cart, strlen(carts[i].cart), &cart).kind, ERR_NONE);
        form_init(&f, a, body);
        wish_read(&f, &w);
        assert_int_equal(wish_take_cart(&w, a, cart, &product_id).kind, carts[i].kind);
        assert_int_equal(product_id, carts[i].product_id);
        if (!carts[i].kind)
            assert_int_equal(w.n_lines, carts[i].n_lines);
        arena_free(a);
    }
}

/* ---- sets ---- */

static void a_set_notes_each_step(void **state)
{
    struct arena *a = arena_new();
    struct order_set set;
    const struct order_event success = {.kind = GOT_PAYMENT_SUCCESS},
                             gone = {.kind = STOCK_INSUFFICIENT};

    (void)state;
    order_set_init(&set, a, 2);
    set.rows[0].order.id.bytes[15] = 1;
    set.rows[1].order.id.bytes[15] = 2;
    struct order_row *row = order_set_find(&set, set.rows[1].order.id);

    assert_ptr_equal(row, &set.rows[1]);
    assert_null(order_set_find(&set, id_nil()));
    assert_int_equal(order_set_absorb(&set, row, &success, "one"), ORDER_CHANGE);
    assert_int_equal(order_set_absorb(&set, row, &success, "two"), ORDER_LATE);
    assert_int_equal(order_set_absorb(&set, row, &gone, "three"), ORDER_CHANGE);
    assert_int_equal(row->tell, TELL_PAID | TELL_CANCELLED);
    assert_string_equal(row->traceparent, "three");
    assert_int_equal(set.n_steps, 2);
    assert_int_equal(set.first_step->status, PAID);
    assert_int_equal(set.first_step->next->status, CANCELLED);
    assert_string_equal(set.first_step->next->reason, "stock_insufficient");
    assert_int_equal(set.first_step->next->version, set.first_step->version + 1);
    assert_false(set.rows[0].changed);
    arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_go_both_ways), cmocka_unit_test(prices_come_from_the_catalogue),
        cmocka_unit_test(numbers_differ),     cmocka_unit_test(wishes_are_read),
        cmocka_unit_test(carts_are_taken),    cmocka_unit_test(a_set_notes_each_step),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
