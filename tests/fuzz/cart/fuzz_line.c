/* fuzz_line.c - a line of a cart as Redis keeps it: the field in the first line, the value in the
 * second. */
#include "fuzz.h"

#include "workers/cart/cart.h"

static void check_written(struct arena *a, const struct cart_line *l)
{
    struct cart_line again;
    const char *field = arena_printf(a, "%lld", (long long)l->product_id);
    const char *value =
        arena_printf(a, "%lld:%lld", (long long)l->quantity, (long long)l->sequence);

    assert(cart_line_parse(field, value, &again));
    assert(again.product_id == l->product_id && again.quantity == l->quantity);
    assert(again.sequence == l->sequence);
}

void fuzz_try(struct arena *a, struct input in)
{
    const char *field = input_line(a, &in), *value = input_line(a, &in);
    struct cart_line line;
    struct cart cart = {.user_id = 1, .lines = &line, .n = 1};

    if (!cart_line_parse(field, value, &line))
        return;
    assert_in_range(line.product_id, 1, INT64_MAX);
    assert_in_range(line.quantity, 1, CART_QUANTITY_MAX);
    assert_in_range(line.sequence, 0, INT64_MAX);
    check_written(a, &line);
    (void)read_again(a, json_text(a, cart_json(&cart, 0)));
    (void)read_again(a, json_text(a, cart_items_json(&cart)));
}
