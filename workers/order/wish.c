/* wish.c - reading a wish: lines from the body or the cart, and where to send them. */
#include "workers/order/wish.h"

#include <string.h>

/* A product named twice is one line of both. */
static struct order_line *line_of(struct wish *w, int64_t product_id)
{
    for (size_t i = 0; i < w->n_lines; i++)
        if (w->lines[i].product_id == product_id)
            return &w->lines[i];
    w->lines[w->n_lines] = (struct order_line){.product_id = product_id};
    return &w->lines[w->n_lines++];
}

static void read_item(struct form *parent, struct wish *w, json_t *item, int index)
{
    struct form f;
    struct order_line *line;
    int64_t product_id, quantity;

    form_child(&f, parent, item, "items", index);
    product_id = form_i64(&f, "product_id", 1, INT64_MAX);
    quantity = form_i64(&f, "quantity", 1, ORDER_MAX_QUANTITY);
    if (form_check(parent).kind)
        return;
    line = line_of(w, product_id);
    line->quantity += quantity;
    if (line->quantity > ORDER_MAX_QUANTITY)
        form_fail(&f, "quantity", "the lines of one product come to more than 999");
}

static void read_items(struct form *f, struct wish *w)
{
    json_t *items = form_array(f, "items", FORM_REQUIRED, 1, ORDER_MAX_LINES);
    json_t *item;
    size_t i;

    if (!items)
        return;
    w->lines = ARENA_ARRAY(f->arena, struct order_line, json_array_size(items));
    json_array_foreach(items, i, item) read_item(f, w, item, (int)i);
}

static void read_product_ids(struct form *f, struct wish *w)
{
    json_t *ids = form_array(f, "product_ids", FORM_OPTIONAL, 1, ORDER_MAX_LINES);
    json_t *id;
    size_t i;

    if (!ids)
        return;
    w->product_ids = ARENA_ARRAY(f->arena, int64_t, json_array_size(ids));
    json_array_foreach(ids, i, id)
    {
        if (!json_is_integer(id) || json_integer_value(id) <= 0)
            form_fail(f, arena_printf(f->arena, "product_ids[%zu]", i),
                      "must be a positive whole number");
        w->product_ids[w->n_product_ids++] = json_integer_value(id);
    }
}

static void read_address(struct form *f, struct wish *w)
{
    static const struct {
        const char *field;
        enum form_need need;
        size_t min, max;
    } fields[] = {
        {"recipient", FORM_REQUIRED, 1, 100},  {"phone", FORM_REQUIRED, 5, 20},
        {"street", FORM_REQUIRED, 1, 200},     {"district", FORM_OPTIONAL, 1, 100},
        {"city", FORM_REQUIRED, 1, 100},       {"province", FORM_OPTIONAL, 1, 100},
        {"postal_code", FORM_REQUIRED, 3, 10},
    };
    json_t *address = form_object(f, "shipping_address", FORM_OPTIONAL);
    json_t *kept;
    const char *country;
    struct form child;

    if (!address)
        return;
    kept = json_keep(f->arena, json_object());
    form_child(&child, f, address, "shipping_address", -1);
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        const char *text =
            form_text(&child, fields[i].field, fields[i].need, fields[i].min, fields[i].max);

        if (text)
            json_object_set_new(kept, fields[i].field, json_string(text));
    }
    country = form_text(&child, "country", FORM_OPTIONAL, 2, 2);
    json_object_set_new(kept, "country", json_string(country ? country : "ID"));
    w->shipping_address = json_text(f->arena, json_incref(kept));
}

void wish_read(struct form *f, struct wish *out)
{
    memset(out, 0, sizeof *out);
    out->from_cart = !form_has(f, "items");
    if (!out->from_cart && form_has(f, "product_ids"))
        form_fail(f, "product_ids", "chooses lines of the cart, and cannot stand beside items");
    if (out->from_cart)
        read_product_ids(f, out);
    else
        read_items(f, out);
    read_address(f, out);
    out->not_offered =
        form_has(f, "address_id") || form_has(f, "courier") || form_has(f, "service");
}

/* ---- the cart ---- */

static struct err read_cart(struct wish *cart, struct arena *a, json_t *json)
{
    struct form f;
    json_t *items, *item;
    size_t i;

    form_init(&f, a, json);
    items = form_array(&f, "items", FORM_REQUIRED, 0, ORDER_MAX_LINES);
    if (!items)
        return ERR(ERR_BUG, "the cart's answer is no cart");
    cart->lines = ARENA_ARRAY(a, struct order_line, json_array_size(items) + 1);
    json_array_foreach(items, i, item) read_item(&f, cart, item, (int)i);
    return form_check(&f).kind ? ERR(ERR_BUG, "the cart's answer is no cart") : OK;
}

struct err wish_take_cart(struct wish *w, struct arena *a, json_t *json, int64_t *product_id)
{
    struct wish cart = {.n_lines = 0};
    struct err e = read_cart(&cart, a, json);

    *product_id = 0;
    if (e.kind)
        return e;
    if (cart.n_lines == 0)
        return ERR(ERR_UNFIT, "the cart is empty");
    w->lines = cart.lines;
    w->n_lines = cart.n_lines;
    if (w->n_product_ids == 0)
        return OK;
    w->lines = ARENA_ARRAY(a, struct order_line, w->n_product_ids);
    w->n_lines = 0;
    for (size_t i = 0; i < w->n_product_ids; i++) {
        size_t n = cart.n_lines;
        const struct order_line *line = line_of(&cart, *product_id = w->product_ids[i]);

        if (cart.n_lines > n)
            return ERR(ERR_UNFIT, "is not in the cart");
        *line_of(w, line->product_id) = *line;
    }
    *product_id = 0;
    return OK;
}
