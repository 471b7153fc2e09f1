/* cart.c - the lines of a cart, and how they are shown. */
#include "workers/cart/cart.h"

#include <errno.h>
#include <stdlib.h>

#include "base/clock.h"

static bool read_number(const char *text, char end, int64_t *out, const char **rest)
{
    char *stop;

    if (*text < '0' || *text > '9')
        return false;
    errno = 0;
    *out = strtoll(text, &stop, 10);
    *rest = stop + 1;
    return errno == 0 && *stop == end;
}

bool cart_line_parse(const char *field, const char *value, struct cart_line *out)
{
    const char *rest;

    *out = (struct cart_line){0};
    return read_number(field, '\0', &out->product_id, &rest) && out->product_id > 0 &&
           read_number(value, ':', &out->quantity, &rest) && out->quantity > 0 &&
           out->quantity <= CART_QUANTITY_MAX && read_number(rest, '\0', &out->sequence, &rest);
}

static int by_sequence(const void *a, const void *b)
{
    const struct cart_line *x = a, *y = b;

    return (x->sequence > y->sequence) - (x->sequence < y->sequence);
}

void cart_sort(struct cart *c)
{
    if (c->n > 1)
        qsort(c->lines, c->n, sizeof *c->lines, by_sequence);
}

static json_t *line_json(const struct cart_line *l)
{
    const struct product *p = l->product;

    return json_pack("{s:I, s:s, s:I, s:I, s:b}", "product_id", (json_int_t)l->product_id, "name",
                     p ? p->name : "", "quantity", (json_int_t)l->quantity, "price",
                     (json_int_t)(p ? p->price_minor : 0), "available", p && p->active ? 1 : 0);
}

static json_t *expiry_json(const struct cart *c, int64_t now_us)
{
    char text[TIME_TEXT_SIZE];

    if (c->n == 0)
        return json_null();
    time_format(now_us + CART_TTL_S * US_PER_S, text); /* reading it renewed it */
    return json_string(text);
}

json_t *cart_json(const struct cart *c, int64_t now_us)
{
    json_t *items = json_array();
    const char *currency = "IDR";
    int64_t quantity = 0, amount = 0;

    for (size_t i = 0; i < c->n; i++) {
        const struct cart_line *l = &c->lines[i];

        json_array_append_new(items, line_json(l));
        if (!l->product || !l->product->active)
            continue;
        currency = l->product->currency;
        quantity += l->quantity;
        amount += l->quantity * l->product->price_minor; /* at most 100 * 999 * 10^12: fits */
    }
    return json_pack("{s:I, s:o, s:I, s:I, s:s, s:o}", "user_id", (json_int_t)c->user_id, "items",
                     items, "total_qty", (json_int_t)quantity, "total_amt", (json_int_t)amount,
                     "currency", currency, "expires_at", expiry_json(c, now_us));
}

json_t *cart_items_json(const struct cart *c)
{
    json_t *items = json_array();

    for (size_t i = 0; i < c->n; i++)
        json_array_append_new(items, json_pack("{s:I, s:I}", "product_id",
                                               (json_int_t)c->lines[i].product_id, "quantity",
                                               (json_int_t)c->lines[i].quantity));
    return json_pack("{s:o}", "items", items);
}
