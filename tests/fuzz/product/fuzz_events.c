/* fuzz_events.c - orders as product hears them: each product once, in order, in bounds. */
#include "fuzz.h"

#include "workers/product/events.h"

#define QUANTITY_MAX INT64_C(99999900) /* 100 lines of 999999 */

static void check_lines(const struct order_event *o)
{
    assert_in_range((int64_t)o->n_lines, 1, 100);
    for (size_t i = 0; i < o->n_lines; i++) {
        assert_in_range(o->lines[i].product_id, i ? o->lines[i - 1].product_id + 1 : 1, INT64_MAX);
        assert_in_range(o->lines[i].quantity, 1, QUANTITY_MAX);
    }
}

/* What we would tell about it. */
static void check_told(struct arena *a, const struct order_event *o)
{
    struct hold h = {.order_id = o->order_id,
                     .hold_until_us = o->expires_us,
                     .lines = o->lines,
                     .n_lines = o->n_lines};
    struct stock none = {.rows = NULL};
    json_t *lines;

    (void)read_again(a, stock_reserved_data(a, &h));
    (void)read_again(a, hold_expired_data(a, &h));
    lines = json_object_get(read_again(a, stock_insufficient_data(a, &h, &none)), "lines");
    assert(json_array_size(lines) == o->n_lines);
}

void fuzz_try(struct arena *a, struct input in)
{
    const char *reason = NULL;
    struct order_event read;
    struct event e;
    struct err err;

    if (!input_event(a, &in, &e))
        return;
    err = order_event_read(a, &e, &read, &reason);
    assert((err.kind == ERR_INVALID) == (reason != NULL));
    if (reason)
        assert_is_text(reason, 1, SIZE_MAX);
    if (err.kind)
        return;
    assert(strcmp(id_text(a, &read.order_id), e.subject) == 0);
    if (read.on == ORDER_CREATED)
        check_lines(&read);
    check_told(a, &read);
}
