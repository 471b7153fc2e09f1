/* events.c - the orders heard, the stock and products told. */
#include "workers/product/events.h"

#include <string.h>

#include "base/clock.h"

#define LINES_MAX 100
#define QUANTITY_MAX 999999

static const struct {
    const char *type;
    enum hold_event on;
} heard[] = {
    {"OrderCreated", ORDER_CREATED},
    {"OrderPaid", ORDER_PAID},
    {"OrderCancelled", ORDER_CANCELLED},
};
#define N_HEARD (sizeof heard / sizeof *heard)

static int by_product(const void *a, const void *b)
{
    const struct line *x = a, *y = b;

    return (x->product_id > y->product_id) - (x->product_id < y->product_id);
}

/* A product named twice is one line: stock is counted by product. */
static size_t merge(struct line *lines, size_t n)
{
    size_t kept = 0;

    qsort(lines, n, sizeof *lines, by_product);
    for (size_t i = 0; i < n; i++) {
        if (kept > 0 && lines[kept - 1].product_id == lines[i].product_id)
            lines[kept - 1].quantity += lines[i].quantity;
        else
            lines[kept++] = lines[i];
    }
    return kept;
}

static void read_lines(struct form *f, struct order_event *out)
{
    json_t *items = form_array(f, "items", FORM_REQUIRED, 1, LINES_MAX), *item;
    size_t i, n = json_array_size(items);

    out->lines = ARENA_ARRAY(f->arena, struct line, n);
    json_array_foreach(items, i, item)
    {
        struct form line;

        form_child(&line, f, item, "items", (int)i);
        out->lines[i].product_id = form_i64(&line, "product_id", 1, INT64_MAX);
        out->lines[i].quantity = form_i64(&line, "quantity", 1, QUANTITY_MAX);
    }
    out->n_lines = n > 0 ? merge(out->lines, n) : 0;
}

/* The stream keeps the order of events by their subject: it has to be the order they are about. */
static void check_subject(struct form *f, const char *subject, const struct id *order_id)
{
    char text[ID_TEXT_SIZE];

    id_format(order_id, text);
    if (!subject || strcmp(subject, text) != 0)
        form_fail(f, "order_id", "must be the subject of the event");
}

struct err order_event_read(struct arena *a, const struct event *e, struct order_event *out,
                            const char **reason)
{
    struct form f;
    size_t i = 0;

    while (i < N_HEARD && strcmp(heard[i].type, e->type) != 0)
        i++;
    if (i == N_HEARD)
        return ERR(ERR_NOT_FOUND, "no event for us");
    memset(out, 0, sizeof *out);
    out->on = heard[i].on;
    form_init(&f, a, e->data);
    out->order_id = form_id(&f, "order_id", FORM_REQUIRED);
    check_subject(&f, e->subject, &out->order_id);
    if (out->on == ORDER_CREATED) {
        out->expires_us = form_time(&f, "expires_at", FORM_REQUIRED);
        read_lines(&f, out);
    }
    if (!form_check(&f).kind)
        return OK;
    *reason = form_reason(&f);
    return ERR(ERR_INVALID, "not the order event it says it is");
}

static json_t *order_id_json(const struct hold *h)
{
    char text[ID_TEXT_SIZE];

    id_format(&h->order_id, text);
    return json_string(text);
}

const char *stock_reserved_data(struct arena *a, const struct hold *h)
{
    char until[TIME_TEXT_SIZE];

    time_format(h->hold_until_us, until);
    return json_text(a, json_pack("{s:o, s:s}", "order_id", order_id_json(h), "hold_until", until));
}

const char *stock_insufficient_data(struct arena *a, const struct hold *h, const struct stock *s)
{
    json_t *lines = json_array();

    for (size_t i = 0; i < h->n_lines; i++) {
        const struct line *l = &h->lines[i];
        int64_t available = stock_available(s, l->product_id);

        if (available < l->quantity)
            json_array_append_new(lines, json_pack("{s:I, s:I, s:I}", "product_id",
                                                   (json_int_t)l->product_id, "wanted",
                                                   (json_int_t)l->quantity, "available",
                                                   (json_int_t)available));
    }
    return json_text(a, json_pack("{s:o, s:o}", "order_id", order_id_json(h), "lines", lines));
}

const char *hold_expired_data(struct arena *a, const struct hold *h)
{
    return json_text(a, json_pack("{s:o}", "order_id", order_id_json(h)));
}

const char *product_changed_data(struct arena *a, const struct product *p)
{
    return json_text(a, json_pack("{s:I, s:I, s:s, s:s, s:I, s:s, s:I, s:b}", "product_id",
                                  (json_int_t)p->id, "version", (json_int_t)p->version, "name",
                                  p->name, "slug", p->slug, "price", (json_int_t)p->price_minor,
                                  "currency", p->currency, "weight_grams",
                                  (json_int_t)p->weight_grams, "active", (int)p->active));
}

const char *product_removed_data(struct arena *a, int64_t product_id, int64_t version)
{
    return json_text(a, json_pack("{s:I, s:I}", "product_id", (json_int_t)product_id, "version",
                                  (json_int_t)version));
}
