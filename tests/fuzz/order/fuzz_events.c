/* fuzz_events.c - what order hears: read as agreed, or kept as broken with a reason, or not ours.
 */
#include "fuzz.h"

#include "base/money.h"
#include "workers/order/events.h"

static void check_not_taken(const struct event *e)
{
    assert((e->verdict == BROKEN) == (e->reason != NULL));
    if (e->reason)
        assert_is_text(e->reason, 1, SIZE_MAX);
}

static void try_order_event(struct arena *a, struct event e)
{
    struct order_event read;
    struct id order_id, subject;

    if (!order_event_read(&e, a, &order_id, &read)) {
        check_not_taken(&e);
        return;
    }
    assert(strcmp(order_event_name(read.kind), e.type) == 0);
    assert(!id_parse(e.subject, &subject).kind && id_equal(&subject, &order_id));
    assert((read.kind == GOT_PAYMENT_PENDING) == (read.payment_url != NULL));
    if (read.payment_url)
        assert_is_text(read.payment_url, 1, (size_t)4 * 2048);
}

static void try_product_event(struct arena *a, struct event e)
{
    struct product_event read;

    if (!product_event_read(&e, a, &read)) {
        check_not_taken(&e);
        return;
    }
    assert_in_range(read.product_id, 1, INT64_MAX);
    assert_in_range(read.version, 0, INT64_MAX);
    assert_in_range(read.price, 0, MONEY_MAX_MINOR);
    assert_in_range(read.weight_grams, 0, INT32_MAX);
    if (strcmp(e.type, "ProductRemoved") == 0)
        return;
    assert_is_text(read.name, 1, (size_t)4 * 300);
    assert_is_text(read.currency, 3, 3);
}

void fuzz_try(struct arena *a, struct input in)
{
    struct event e;

    if (!input_event(a, &in, &e))
        return;
    try_order_event(a, e);
    try_product_event(a, e);
}
