/* test_events.c - the files of tests/contracts/ that order writes and reads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "workers/order/events.h"

static json_t *contract(struct arena *a, const char *type)
{
    json_error_t error;
    json_t *root = json_load_file(arena_printf(a, "tests/contracts/%s.json", type),
                                  JSON_REJECT_DUPLICATES, &error);

    if (!root)
        fail_msg("tests/contracts/%s.json:%d: %s", type, error.line, error.text);
    return json_keep(a, root);
}

static struct event event_of(struct arena *a, const char *type)
{
    json_t *root = contract(a, type);

    return (struct event){
        .type = type,
        .subject = json_string_value(json_object_get(root, "subject")),
        .data = json_object_get(root, "data"),
    };
}

/* ---- heard ---- */

static const char *const heard[] = {
    "StockReserved", "StockInsufficient", "HoldExpired",       "PaymentPending",  "PaymentSuccess",
    "PaymentFailed", "PaymentExpired",    "PaymentChallenged", "PaymentRefunded", "RefundDue",
};

static void steps_are_read(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof heard / sizeof *heard; i++) {
        struct arena *a = arena_new();
        struct event e = event_of(a, heard[i]);
        struct order_event ev;
        struct id id;
        char text[ID_TEXT_SIZE];

        assert_true(order_event_read(&e, a, &id, &ev));
        assert_string_equal(order_event_name(ev.kind), heard[i]);
        id_format(&id, text);
        assert_string_equal(text, e.subject);
        if (ev.kind == GOT_PAYMENT_PENDING) {
            assert_non_null(strstr(ev.payment_url, "https://"));
            assert_true(ev.payment_expires_us > 0);
        }
        arena_free(a);
    }
}

static const struct {
    const char *type, *data, *subject;
    enum verdict verdict;
} odd[] = {
    {"StockCounted", "{}", "x", ABSORBED},    /* a type of later days is not for us */
    {"CancelRequested", "{}", "x", ABSORBED}, /* comes by HTTP alone */
    {"StockReserved", "{}", "x", BROKEN},
    {"StockReserved", "{\"order_id\":7}", "x", BROKEN},
    {"StockReserved", "{\"order_id\":\"0190a5c1-7c3e-7d50-8a5e-0c1d2e3f4a5b\"}", "another", BROKEN},
    {"PaymentPending", "{\"order_id\":\"0190a5c1-7c3e-7d50-8a5e-0c1d2e3f4a5b\"}",
     "0190a5c1-7c3e-7d50-8a5e-0c1d2e3f4a5b", BROKEN},
    {"PaymentPending",
     "{\"order_id\":\"0190a5c1-7c3e-7d50-8a5e-0c1d2e3f4a5b\",\"payment_url\":\"u\",\"expires_at\":"
     "\"soon\"}",
     "0190a5c1-7c3e-7d50-8a5e-0c1d2e3f4a5b", BROKEN},
};

static void odd_events_do_nothing(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
        struct arena *a = arena_new();
        struct event e = {.type = odd[i].type, .subject = odd[i].subject};
        struct order_event ev;
        struct id id;

        assert_int_equal(json_read(a, odd[i].data, strlen(odd[i].data), &e.data).kind, ERR_NONE);
        assert_false(order_event_read(&e, a, &id, &ev));
        assert_int_equal(e.verdict, odd[i].verdict);
        if (e.verdict == BROKEN)
            assert_non_null(e.reason);
        arena_free(a);
    }
}

static void products_are_read(void **state)
{
    struct arena *a = arena_new();
    struct event changed = event_of(a, "ProductChanged"), removed = event_of(a, "ProductRemoved");
    struct product_event p;

    (void)state;
    assert_true(product_event_read(&changed, a, &p));
    assert_int_equal(p.product_id, 7);
    assert_int_equal(p.version, 3);
    assert_int_equal(p.price, 150000);
    assert_int_equal(p.weight_grams, 250);
    assert_string_equal(p.name, "Kopi Gayo 250 g");
    assert_string_equal(p.currency, "IDR");
    assert_true(p.active);
    assert_true(product_event_read(&removed, a, &p));
    assert_int_equal(p.version, 4);
    assert_false(p.active);
    arena_free(a);
}

/* ---- told: an order made of the contract's own data comes out the same ---- */

static const char *text_of(const json_t *data, const char *field)
{
    return json_string_value(json_object_get(data, field));
}

static int64_t number_of(const json_t *data, const char *field)
{
    return json_integer_value(json_object_get(data, field));
}

static const char *items_of(struct arena *a, const json_t *data)
{
    const json_t *items = json_object_get(data, "items");
    struct order_line *lines = ARENA_ARRAY(a, struct order_line, json_array_size(items));

    for (size_t i = 0; i < json_array_size(items); i++) {
        const json_t *item = json_array_get(items, i);

        lines[i].product_id = number_of(item, "product_id");
        lines[i].quantity = number_of(item, "quantity");
        lines[i].name = text_of(item, "name");
        lines[i].price = number_of(item, "price");
    }
    return order_items_json(a, lines, json_array_size(items));
}

static struct order order_of(struct arena *a, const json_t *data)
{
    json_t *address = json_object_get(data, "shipping_address");
    struct order o = {
        .number = text_of(data, "number"),
        .email = text_of(data, "email"),
        .username = text_of(data, "username"),
        .currency = text_of(data, "currency"),
        .cancel_reason = text_of(data, "reason"),
        .user_id = number_of(data, "user_id"),
        .subtotal = number_of(data, "subtotal"),
        .shipping = number_of(data, "shipping"),
        .total = number_of(data, json_object_get(data, "amount") ? "amount" : "total"),
        .items = items_of(a, data),
    };

    assert_int_equal(id_parse(text_of(data, "order_id"), &o.id).kind, ERR_NONE);
    if (json_is_object(address))
        o.shipping_address = json_text(a, json_incref(address));
    if (json_object_get(data, "expires_at"))
        assert_int_equal(time_parse(text_of(data, "expires_at"), &o.expires_us).kind, ERR_NONE);
    return o;
}

static const struct {
    const char *type;
    const char *(*json)(struct arena *a, const struct order *o);
} told[] = {
    {"OrderCreated", order_created_json},
    {"OrderPaid", order_paid_json},
    {"OrderCancelled", order_cancelled_json},
    {"OrderRefunded", order_refunded_json},
};

static void what_is_told_is_pinned(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof told / sizeof *told; i++) {
        struct arena *a = arena_new();
        struct event e = event_of(a, told[i].type);
        struct order o = order_of(a, e.data);
        const char *text = told[i].json(a, &o);
        json_t *written;

        assert_int_equal(json_read(a, text, strlen(text), &written).kind, ERR_NONE);
        if (!json_equal(written, e.data))
            fail_msg("%s: %s", told[i].type, text);
        arena_free(a);
    }
}

/* Every reason that we give is one that the contract knows. */
static void reasons_are_pinned(void **state)
{
    struct arena *a = arena_new();
    json_t *reasons = json_object_get(contract(a, "OrderCancelled"), "reasons"), *known;
    size_t i;

    (void)state;
    for (int s = 0; s < N_ORDER_STATUSES; s++)
        for (int k = 0; k < N_ORDER_EVENTS; k++) {
            const struct order o = {.status = (enum order_status)s};
            const struct order_event ev = {.kind = (enum order_event_kind)k, .reason = "customer"};
            const char *reason = order_saga_decide(&o, &ev).reason;
            int found = !reason;

            json_array_foreach(reasons, i, known) found |=
                reason && strcmp(json_string_value(known), reason) == 0;
            assert_true(found);
        }
    arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(steps_are_read),     cmocka_unit_test(odd_events_do_nothing),
        cmocka_unit_test(products_are_read),  cmocka_unit_test(what_is_told_is_pinned),
        cmocka_unit_test(reasons_are_pinned),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
