/* events.c - orders paid, products changed. */
#include "workers/cart/events.h"

#include <string.h>

#include "base/money.h"

#define ORDER_LINES_MAX 100
#define ORDER_QUANTITY_MAX 999999

static struct err verdict(const struct form *f, const char **reason)
{
    if (!form_check(f).kind)
        return OK;
    *reason = form_reason(f);
    return ERR(ERR_INVALID, "not the event it says it is");
}

static void read_lines(struct form *f, struct purchase *out)
{
    json_t *items = form_array(f, "items", FORM_REQUIRED, 1, ORDER_LINES_MAX), *item;
    size_t i;

    out->n = json_array_size(items);
    out->lines = ARENA_ARRAY(f->arena, struct cart_line, out->n);
    json_array_foreach(items, i, item)
    {
        struct form line;

        form_child(&line, f, item, "items", (int)i);
        out->lines[i].product_id = form_i64(&line, "product_id", 1, INT64_MAX);
        out->lines[i].quantity = form_i64(&line, "quantity", 1, ORDER_QUANTITY_MAX);
    }
}

bool purchase_is_told_by(const char *type)
{
    return strcmp(type, "OrderPaid") == 0;
}

struct err purchase_read(struct arena *a, const struct event *e, struct purchase *out,
                         const char **reason)
{
    struct form f;
    struct id order_id;
    char *text;

    if (!purchase_is_told_by(e->type))
        return ERR(ERR_NOT_FOUND, "no event for us");
    form_init(&f, a, e->data);
    order_id = form_id(&f, "order_id", FORM_REQUIRED);
    text = arena_alloc(a, ID_TEXT_SIZE);
    id_format(&order_id, text);
    *out = (struct purchase){.order_id = text};
    out->user_id = form_i64(&f, "user_id", 1, INT64_MAX);
    read_lines(&f, out);
    return verdict(&f, reason);
}

struct err news_read(struct arena *a, const struct event *e, struct news *out, const char **reason)
{
    bool is_change = strcmp(e->type, "ProductChanged") == 0;
    struct form f;

    if (!is_change && strcmp(e->type, "ProductRemoved") != 0)
        return ERR(ERR_NOT_FOUND, "no event for us");
    form_init(&f, a, e->data);
    memset(out, 0, sizeof *out);
    out->is_removal = !is_change;
    out->product.id = form_i64(&f, "product_id", 1, INT64_MAX);
    out->version = form_i64(&f, "version", 1, INT64_MAX);
    if (is_change) {
        out->product.name = form_text(&f, "name", FORM_REQUIRED, 1, 256);
        out->product.price_minor = form_i64(&f, "price", 1, MONEY_MAX_MINOR);
        out->product.currency = form_currency(&f, "currency", FORM_REQUIRED);
        out->product.active = form_bool_or(&f, "active", false);
    }
    return verdict(&f, reason);
}

static void add_news(struct news *old, const struct news *now)
{
    struct product known = old->product;

    if (now->version <= old->version)
        return;
    if (now->is_removal && !old->is_removal) {
        known.active = false;
        *old = (struct news){known, now->version, false};
        return;
    }
    *old = *now;
}

size_t news_merge(struct news *news, size_t n)
{
    size_t kept = 0;

    for (size_t i = 0; i < n; i++) {
        size_t k = 0;

        while (k < kept && news[k].product.id != news[i].product.id)
            k++;
        if (k < kept)
            add_news(&news[k], &news[i]);
        else
            news[kept++] = news[i];
    }
    return kept;
}
