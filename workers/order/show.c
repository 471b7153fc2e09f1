/* show.c - writing orders for customers. Lines and address go out as they were kept: as JSON text.
 */
#include "workers/order/show.h"

#include <string.h>

#include "base/clock.h"
#include "wrap/json.h"

static json_t *step_json(const char *status, const char *reason, int64_t at_us)
{
    return json_pack("{s:s, s:o, s:o}", "status", status, "reason", json_of_text(reason), "at",
                     json_of_time(at_us));
}

static json_t *history_json(const struct order *o, const struct order_history *history)
{
    json_t *steps = json_array();

    json_array_append_new(steps, step_json(order_status_name(RECEIVED), NULL, o->created_us));
    for (size_t i = 0; i < history->n; i++)
        json_array_append_new(steps, step_json(history->steps[i].status, history->steps[i].reason,
                                               history->steps[i].at_us));
    return steps;
}

/* A cancelled order is nobody's to pay any more. Money that comes all the same shows: it goes back.
 */
static json_t *head_json(const struct order *o)
{
    bool is_off = o->status == CANCELLED;
    const char *url = is_off ? NULL : o->payment_url;
    enum payment_status payment =
        is_off && o->payment == PAYMENT_PENDING ? PAYMENT_NONE : o->payment;

    return json_pack("{s:o, s:s, s:I, s:s, s:o, s:I, s:s, s:I, s:I, s:o, s:o, s:s, s:o, s:o}", "id",
                     json_of_id(&o->id), "number", o->number, "user_id", (json_int_t)o->user_id,
                     "status", order_status_name(o->status), "cancel_reason",
                     json_of_text(o->cancel_reason), "total_amount", (json_int_t)o->total,
                     "currency", o->currency, "subtotal", (json_int_t)o->subtotal,
                     "shipping_amount", (json_int_t)o->shipping, "payment_url", json_of_text(url),
                     "payment_expires", json_of_time(o->payment_expires_us), "payment_status",
                     payment_status_name(payment), "expires_at", json_of_time(o->expires_us),
                     "created_at", json_of_time(o->created_us));
}

void show_order(struct buf *b, const struct order *o, const struct order_history *history)
{
    json_t *head = head_json(o);
    const char *text;

    if (history)
        json_object_set_new(head, "history", history_json(o, history));
    text = json_text(b->arena, head);
    buf_add(b, text, strlen(text) - 1);
    buf_addf(b, ",\"items\":%s,\"shipping_address\":%s}", o->items,
             o->shipping_address ? o->shipping_address : "null");
}

void show_orders(struct buf *b, const struct order_list *list)
{
    buf_adds(b, "[");
    for (size_t i = 0; i < list->n; i++) {
        buf_adds(b, i ? "," : "");
        show_order(b, &list->orders[i], NULL);
    }
    buf_adds(b, "]");
}

json_t *show_placed(const struct order *o)
{
    return json_pack("{s:s, s:o, s:s, s:I, s:s, s:s}", "message", "Order received", "order_id",
                     json_of_id(&o->id), "status", order_status_name(RECEIVED), "total_amount",
                     (json_int_t)o->total, "currency", o->currency, "number", o->number);
}
