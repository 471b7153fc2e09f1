/* fuzz_events.c - what payment hears of orders. An order that is taken can be charged: the page's
 * items add up to the amount, and what is told of it can be read. */
#include "fuzz.h"

#include "workers/payment/events.h"
#include "workers/payment/midtrans.h"

#define NOW_US INT64_C(1767322800000000)

static json_int_t number_of(const json_t *object, const char *name)
{
    return json_integer_value(json_object_get(object, name));
}

static void check_page(struct arena *a, const struct payment *p, const struct bill *b)
{
    json_t *page = read_again(a, midtrans_charge_text(a, p, b, NOW_US));
    json_t *items = json_object_get(page, "item_details");
    json_int_t sum = 0;

    for (size_t i = 0; i < json_array_size(items); i++) {
        const json_t *item = json_array_get(items, i);
        json_int_t line;

        assert_is_text(json_string_value(json_object_get(item, "name")), 1, 200);
        assert(
            !__builtin_mul_overflow(number_of(item, "price"), number_of(item, "quantity"), &line));
        assert(!__builtin_add_overflow(sum, line, &sum));
    }
    assert(sum == p->total.minor);
    assert(number_of(json_object_get(page, "transaction_details"), "gross_amount") == sum);
}

static void check_told(struct arena *a, const struct payment *p)
{
    static const char *const types[] = {"PaymentPending", "PaymentSuccess", "PaymentRefunded",
                                        "RefundDue", "PaymentFailed"};
    const struct payment_news n = {.url = "https://example.com/"};

    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        const struct payment_decision d = {.tell = types[i], .reason = "x"};
        json_t *told = read_again(a, told_text(a, p, &n, &d));
        bool with_amount = i >= 1 && i <= 3;

        assert(json_is_string(json_object_get(told, "order_id")));
        assert(json_is_string(json_object_get(told, "currency")) == with_amount);
    }
}

static void check_reason(struct err e, const char *reason)
{
    assert((e.kind == ERR_INVALID) == (reason != NULL));
    if (reason)
        assert_is_text(reason, 1, SIZE_MAX);
}

static void try_order_created(struct arena *a, const struct event *e)
{
    const char *reason = NULL;
    struct payment p;
    struct bill b;
    struct err err = order_created_read(a, e->data, &p, &b, &reason);

    check_reason(err, reason);
    if (err.kind)
        return;
    assert_in_range(p.total.minor, 1, MONEY_MAX_MINOR);
    assert_is_text(p.total.currency, 3, 3);
    check_page(a, &p, &b);
    check_told(a, &p);
}

void fuzz_try(struct arena *a, struct input in)
{
    const char *reason = NULL;
    struct event e;
    struct id id;

    if (!input_event(a, &in, &e))
        return;
    if (heard_kind(e.type) == ORDER_CREATED)
        try_order_created(a, &e);
    else if (heard_is_news(e.type))
        check_reason(order_id_read(a, e.data, &id, &reason), reason);
}
