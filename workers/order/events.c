/* events.c - reading what others told, writing what order tells. */
#include "workers/order/events.h"

#include <string.h>

#include "base/clock.h"
#include "base/money.h"
#include "wrap/json.h"

#define MAX_NAME 300
#define MAX_URL 2048

/* ---- heard ---- */

static bool is_fit(struct event *e, struct form *f)
{
    if (!form_check(f).kind)
        return true;
    event_broken(e, form_reason(f));
    return false;
}

bool order_event_read(struct event *e, struct arena *a, struct id *order_id,
                      struct order_event *out)
{
    struct form f;
    struct id subject;

    memset(out, 0, sizeof *out);
    if (!order_event_parse(e->type, &out->kind))
        return false;
    form_init(&f, a, e->data);
    *order_id = form_id(&f, "order_id", FORM_REQUIRED);
    if (out->kind == GOT_PAYMENT_PENDING) {
        out->payment_url = form_text(&f, "payment_url", FORM_REQUIRED, 1, MAX_URL);
        out->payment_expires_us = form_time(&f, "expires_at", FORM_REQUIRED);
    }
    if (!is_fit(e, &f))
        return false;
    /* The subject decides which partition's order the event keeps. */
    if (id_parse(e->subject, &subject).kind || !id_equal(&subject, order_id)) {
        event_broken(e, "the subject is not the order");
        return false;
    }
    return true;
}

bool product_event_read(struct event *e, struct arena *a, struct product_event *out)
{
    bool removed = strcmp(e->type, "ProductRemoved") == 0;
    struct form f;

    if (!removed && strcmp(e->type, "ProductChanged") != 0)
        return false;
    form_init(&f, a, e->data);
    *out = (struct product_event){
        .product_id = form_i64(&f, "product_id", 1, INT64_MAX),
        .version = form_i64(&f, "version", 0, INT64_MAX),
        .name = "",
        .currency = "",
    };
    if (!removed) {
        out->name = form_text(&f, "name", FORM_REQUIRED, 1, MAX_NAME);
        out->currency = form_currency(&f, "currency", FORM_REQUIRED);
        out->price = form_i64(&f, "price", 0, MONEY_MAX_MINOR);
        out->weight_grams = form_i64_or(&f, "weight_grams", 0, 0, INT32_MAX);
        out->active = form_bool_or(&f, "active", true);
    }
    return is_fit(e, &f);
}

/* ---- told ---- */

const char *order_items_json(struct arena *a, const struct order_line *lines, size_t n)
{
    json_t *items = json_array();

    for (size_t i = 0; i < n; i++)
        json_array_append_new(
            items, json_pack("{s:I, s:s, s:I, s:I}", "product_id", (json_int_t)lines[i].product_id,
                             "name", lines[i].name, "quantity", (json_int_t)lines[i].quantity,
                             "price", (json_int_t)lines[i].price));
    return json_text(a, items);
}

/* Lines and address are kept as text, and told as they were kept. */
static const char *with_contents(struct arena *a, const struct order *o, json_t *head)
{
    const char *text = json_text(a, head);

    return arena_printf(a, "%.*s,\"items\":%s,\"shipping_address\":%s}", (int)strlen(text) - 1,
                        text, o->items, o->shipping_address ? o->shipping_address : "null");
}

const char *order_created_json(struct arena *a, const struct order *o)
{
    char expires[TIME_TEXT_SIZE];

    time_format(o->expires_us, expires);
    return with_contents(a, o,
                         json_pack("{s:s, s:s, s:I, s:s, s:s, s:s, s:I, s:I, s:I, s:s}", "order_id",
                                   id_text(a, &o->id), "number", o->number, "user_id",
                                   (json_int_t)o->user_id, "email", o->email, "username",
                                   o->username, "currency", o->currency, "subtotal",
                                   (json_int_t)o->subtotal, "shipping", (json_int_t)o->shipping,
                                   "total", (json_int_t)o->total, "expires_at", expires));
}

const char *order_paid_json(struct arena *a, const struct order *o)
{
    return with_contents(a, o,
                         json_pack("{s:s, s:s, s:I, s:s, s:s, s:I}", "order_id", id_text(a, &o->id),
                                   "number", o->number, "user_id", (json_int_t)o->user_id, "email",
                                   o->email, "currency", o->currency, "total",
                                   (json_int_t)o->total));
}

const char *order_cancelled_json(struct arena *a, const struct order *o)
{
    return json_text(a, json_pack("{s:s, s:s, s:I, s:s, s:s}", "order_id", id_text(a, &o->id),
                                  "number", o->number, "user_id", (json_int_t)o->user_id, "email",
                                  o->email, "reason", o->cancel_reason));
}

const char *order_refunded_json(struct arena *a, const struct order *o)
{
    return json_text(a, json_pack("{s:s, s:I, s:I, s:s}", "order_id", id_text(a, &o->id), "user_id",
                                  (json_int_t)o->user_id, "amount", (json_int_t)o->total,
                                  "currency", o->currency));
}

static void tell(struct outbox *out, struct arena *a, const struct order_row *row,
                 const char *traceparent)
{
    static const struct {
        enum order_tell what;
        const char *type;
        const char *(*json)(struct arena *a, const struct order *o);
    } events[] = {
        {TELL_PAID, "OrderPaid", order_paid_json},
        {TELL_CANCELLED, "OrderCancelled", order_cancelled_json},
        {TELL_REFUNDED, "OrderRefunded", order_refunded_json},
    };

    for (size_t i = 0; i < sizeof events / sizeof *events; i++)
        if (row->tell & events[i].what)
            outbox_tell(out, (struct fact){.stream = "stream:orders",
                                           .type = events[i].type,
                                           .subject = id_text(a, &row->order.id),
                                           .traceparent = traceparent,
                                           .data = events[i].json(a, &row->order)});
}

void order_events_tell(struct outbox *out, struct arena *a, const struct order_set *set,
                       const char *traceparent)
{
    for (size_t i = 0; i < set->n; i++)
        tell(out, a, &set->rows[i],
             set->rows[i].traceparent ? set->rows[i].traceparent : traceparent);
}
