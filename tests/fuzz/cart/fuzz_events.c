/* fuzz_events.c - what cart hears: orders paid, and news of products, merged. */
#include "fuzz.h"

#include "base/money.h"
#include "workers/cart/events.h"

static void check_refusal(struct err e, const char *reason)
{
    assert((e.kind == ERR_INVALID) == (reason != NULL));
    if (reason)
        assert_is_text(reason, 1, SIZE_MAX);
}

static void try_purchase(struct arena *a, const struct event *e)
{
    const char *reason = NULL;
    struct purchase read;
    struct err err = purchase_read(a, e, &read, &reason);
    struct id id;

    check_refusal(err, reason);
    assert((err.kind == ERR_NOT_FOUND) == !purchase_is_told_by(e->type));
    if (err.kind)
        return;
    assert(!id_parse(read.order_id, &id).kind);
    assert_in_range(read.user_id, 1, INT64_MAX);
    assert_in_range((int64_t)read.n, 1, 100);
    for (size_t i = 0; i < read.n; i++) {
        assert_in_range(read.lines[i].product_id, 1, INT64_MAX);
        assert_in_range(read.lines[i].quantity, 1, 999999);
    }
}

/* Two of the same product are one, and the later counts. */
static void check_merge(const struct news *read)
{
    struct news twice[2] = {*read, *read};

    twice[0].version--;
    assert(news_merge(twice, 2) == 1 && twice[0].version == read->version);
    assert(twice[0].product.id == read->product.id);
}

static void try_news(struct arena *a, const struct event *e)
{
    const char *reason = NULL;
    struct news read;
    struct err err = news_read(a, e, &read, &reason);

    check_refusal(err, reason);
    if (err.kind)
        return;
    assert_in_range(read.product.id, 1, INT64_MAX);
    assert_in_range(read.version, 1, INT64_MAX);
    check_merge(&read);
    if (read.is_removal)
        return;
    assert_is_text(read.product.name, 1, (size_t)4 * 256);
    assert_is_text(read.product.currency, 3, 3);
    assert_in_range(read.product.price_minor, 1, MONEY_MAX_MINOR);
}

void fuzz_try(struct arena *a, struct input in)
{
    struct event e;

    if (!input_event(a, &in, &e))
        return;
    try_purchase(a, &e);
    try_news(a, &e);
}
