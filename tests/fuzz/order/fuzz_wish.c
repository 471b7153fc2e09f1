/* fuzz_wish.c - what a customer asks for, in the first line, and the cart's answer, in the rest. */
#include "fuzz.h"

#include "base/money.h"
#include "workers/order/wish.h"

static void check_lines(const struct wish *w)
{
    assert_in_range((int64_t)w->n_lines, 1, ORDER_MAX_LINES);
    for (size_t i = 0; i < w->n_lines; i++) {
        assert_in_range(w->lines[i].product_id, 1, INT64_MAX);
        assert_in_range(w->lines[i].quantity, 1, ORDER_MAX_QUANTITY);
        for (size_t k = 0; k < i; k++)
            assert(w->lines[k].product_id != w->lines[i].product_id);
    }
}

static void check_address(struct arena *a, const struct wish *w)
{
    json_t *address = read_again(a, w->shipping_address), *value;
    const char *name;

    assert(json_object_get(address, "recipient") && json_object_get(address, "country"));
    json_object_foreach(address, name, value) assert_is_text(json_string_value(value), 1, 4 * 200);
}

/* Whatever the catalogue says of them, what is sold adds up to no more than we take. */
static void check_price(struct arena *a, const struct wish *w, int64_t price)
{
    struct catalogue known = {ARENA_ARRAY(a, struct catalogue_entry, w->n_lines), w->n_lines};
    struct order o = {.shipping = 0};
    int64_t product_id, sum = 0;

    for (size_t i = 0; i < w->n_lines; i++) {
        size_t at = 0; /* by product id */

        for (size_t k = 0; k < w->n_lines; k++)
            at += w->lines[k].product_id < w->lines[i].product_id;
        known.entries[at] =
            (struct catalogue_entry){w->lines[i].product_id, price, "Kopi", "IDR", true};
    }
    if (order_price(&o, w->lines, w->n_lines, &known, &product_id).kind)
        return;
    for (size_t i = 0; i < w->n_lines; i++)
        sum += w->lines[i].quantity * w->lines[i].price;
    assert(o.subtotal == sum && o.total == sum + o.shipping);
    assert_in_range(o.total, 0, MONEY_MAX_MINOR);
}

static void try_cart(struct arena *a, struct wish *w, json_t *cart)
{
    int64_t product_id;
    struct err e = wish_take_cart(w, a, cart, &product_id);

    assert(!e.kind || e.kind == ERR_UNFIT || e.kind == ERR_BUG);
    if (e.kind)
        return;
    check_lines(w);
    for (size_t i = 0; i < w->n_product_ids; i++)
        assert_in_range(w->product_ids[i], 1, INT64_MAX);
    if (w->n_product_ids)
        assert(w->n_lines <= w->n_product_ids);
}

void fuzz_try(struct arena *a, struct input in)
{
    const char *line = input_line(a, &in);
    struct input first = {line, strlen(line)};
    json_t *body = input_object(a, &first), *cart = input_object(a, &in);
    struct form f;
    struct wish w;

    form_init(&f, a, body); /* without a body: the whole cart */
    wish_read(&f, &w);
    if (form_check(&f).kind)
        return;
    if (w.shipping_address)
        check_address(a, &w);
    if (w.from_cart && cart)
        try_cart(a, &w, cart);
    if (!w.n_lines)
        return;
    check_lines(&w);
    check_price(a, &w, MONEY_MAX_MINOR / 50000);
    check_price(a, &w, 1);
}
