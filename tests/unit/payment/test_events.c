/* test_events.c - the contract files: what payment hears is read from them, what it tells is
 * written as they say. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "workers/payment/events.h"

static json_t *contract(struct arena *a, const char *type)
{
    json_error_t error;
    json_t *root = json_load_file(arena_printf(a, "tests/contracts/%s.json", type), 0, &error);

    if (!root)
        fail_msg("%s: %s", type, error.text);
    return json_keep(a, root);
}

static json_t *data_of(struct arena *a, const char *type)
{
    return json_object_get(contract(a, type), "data");
}

static struct payment paid_order(struct arena *a)
{
    struct payment p;
    struct bill b;
    const char *why = NULL;

    assert_int_equal(order_created_read(a, data_of(a, "OrderCreated"), &p, &b, &why).kind,
                     ERR_NONE);
    assert_int_equal(id_parse("0190a5c1-8000-7d50-8a5e-0c1d2e3f4a5c", &p.attempt_id).kind,
                     ERR_NONE);
    return p;
}

static void an_order_is_read(void **state)
{
    struct arena *a = arena_new();
    struct payment p;
    struct bill b;
    const char *why = NULL;
    char order[ID_TEXT_SIZE];

    (void)state;
    assert_int_equal(order_created_read(a, data_of(a, "OrderCreated"), &p, &b, &why).kind,
                     ERR_NONE);
    id_format(&p.order_id, order);
    assert_string_equal(order, "0190a5c1-7c3e-7d50-8a5e-0c1d2e3f4a5b");
    assert_true(money_equal(p.total, money_of(300000, "IDR")));
    assert_int_equal(p.user_id, 42);
    assert_int_equal(p.expires_us, INT64_C(1767323945000000));
    assert_string_equal(b.email, "sari@example.com");
    assert_string_equal(b.username, "sari");
    assert_non_null(strstr(b.lines, "Kopi Gayo 250 g"));
    arena_free(a);
}

/* Each of them, taken away or spoiled, makes the event a dead letter with a reason that names it.
 */
static void a_spoiled_order_is_refused(void **state)
{
    static const char *const needed[] = {"order_id", "user_id", "expires_at", "total", "currency",
                                         "number",   "email",   "username",   "items"};

    (void)state;
    for (size_t i = 0; i < sizeof needed / sizeof *needed; i++) {
        for (int taken = 0; taken < 2; taken++) {
            struct arena *a = arena_new();
            json_t *data = data_of(a, "OrderCreated");
            struct payment p;
            struct bill b;
            const char *why = NULL;
            if (taken)
                json_object_del(data, needed[i]);
            else
                json_object_set_new(data, needed[i], json_false());
            assert_int_equal(order_created_read(a, data, &p, &b, &why).kind, ERR_INVALID);
            assert_non_null(strstr(why, needed[i]));
            arena_free(a);
        }
    }
}

static void others_name_their_order(void **state)
{
    static const struct {
        const char *type;
        enum news_kind kind;
    } heard[] = {{"OrderCancelled", ORDER_CANCELLED},
                 {"OrderPaid", ORDER_PAID},
                 {"StockReserved", STOCK_RESERVED},
                 {"StockInsufficient", STOCK_INSUFFICIENT}};

    (void)state;
    for (size_t i = 0; i < sizeof heard / sizeof *heard; i++) {
        struct arena *a = arena_new();
        struct id id;
        const char *why = NULL;
        assert_int_equal(heard_kind(heard[i].type), heard[i].kind);
        assert_int_equal(order_id_read(a, data_of(a, heard[i].type), &id, &why).kind, ERR_NONE);
        assert_int_equal(order_id_read(a, json_keep(a, json_object()), &id, &why).kind,
                         ERR_INVALID);
        assert_non_null(strstr(why, "order_id"));
        arena_free(a);
    }
    assert_int_equal(heard_kind("HoldExpired"), NO_NEWS); /* the order says OrderCancelled then */
    assert_int_equal(heard_kind("OrderRefunded"), NO_NEWS);
    assert_int_equal(heard_kind(""), NO_NEWS);
}

/* ---- told ---- */

static const struct {
    const char *type;
    struct payment_decision d;
} told[] = {
    {"PaymentPending", {.tell = "PaymentPending"}},
    {"PaymentSuccess", {.tell = "PaymentSuccess"}},
    {"PaymentFailed", {.tell = "PaymentFailed", .reason = "denied"}},
    {"PaymentExpired", {.tell = "PaymentExpired", .reason = "expired"}},
    {"PaymentChallenged", {.tell = "PaymentChallenged", .reason = "challenged"}},
    {"PaymentRefunded", {.tell = "PaymentRefunded"}},
    {"RefundDue", {.tell = "RefundDue"}},
};

static void what_is_told_is_as_agreed(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof told / sizeof *told; i++) {
        struct arena *a = arena_new();
        struct payment p = paid_order(a);
        json_t *expected = data_of(a, told[i].type), *got = NULL;
        struct payment_news n = {.url =
                                     json_string_value(json_object_get(expected, "payment_url"))};
        const char *text;
        p.method = "qris";
        p.reason = "order_cancelled";
        text = told_text(a, &p, &n, &told[i].d);
        assert_int_equal(json_read(a, text, strlen(text), &got).kind, ERR_NONE);
        if (!json_equal(got, expected))
            fail_msg("%s: %s", told[i].type, text);
        arena_free(a);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_order_is_read),
        cmocka_unit_test(a_spoiled_order_is_refused),
        cmocka_unit_test(others_name_their_order),
        cmocka_unit_test(what_is_told_is_as_agreed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
