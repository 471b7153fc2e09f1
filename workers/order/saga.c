/* saga.c - the whole saga of an order, as one table. */
#include "workers/order/saga.h"

#include <string.h>

#define KEEP PAYMENT_NONE /* money's status never goes back, so none changes nothing */
#define BOTH (TELL_CANCELLED | TELL_REFUNDED)

/* clang-format off */
static const struct rule { /* an undo stands beside the event that calls for it */
    enum order_status from;
    enum order_event_kind on;
    enum order_status to;
    enum payment_status payment;
    unsigned tell;
    const char *reason;
} rules[] = {
    {RECEIVED,         STOCK_RESERVED,         AWAITING_PAYMENT, KEEP,               0,              NULL},
    {RECEIVED,         STOCK_INSUFFICIENT,     CANCELLED,        KEEP,               TELL_CANCELLED, "stock_insufficient"},
    {RECEIVED,         HOLD_EXPIRED,           CANCELLED,        KEEP,               TELL_CANCELLED, "hold_expired"},
    {RECEIVED,         CANCEL_REQUESTED,       CANCELLED,        KEEP,               TELL_CANCELLED, NULL},
    /* Money speaks only of stock that is held: its events overtook StockReserved. */
    {RECEIVED,         GOT_PAYMENT_PENDING,    AWAITING_PAYMENT, PAYMENT_PENDING,    0,              NULL},
    {RECEIVED,         GOT_PAYMENT_CHALLENGED, AWAITING_PAYMENT, PAYMENT_CHALLENGED, 0,              NULL},
    {RECEIVED,         GOT_PAYMENT_SUCCESS,    PAID,             PAYMENT_SUCCESS,    TELL_PAID,      NULL},
    {RECEIVED,         GOT_PAYMENT_FAILED,     CANCELLED,        PAYMENT_FAILED,     TELL_CANCELLED, "payment_failed"},
    {RECEIVED,         GOT_PAYMENT_EXPIRED,    CANCELLED,        PAYMENT_EXPIRED,    TELL_CANCELLED, "payment_expired"},
    {RECEIVED,         GOT_PAYMENT_REFUNDED,   REFUNDED,         PAYMENT_REFUNDED,   BOTH,           "operator"},
    {RECEIVED,         GOT_REFUND_DUE,         RECEIVED,         PAYMENT_REFUND_DUE, 0,              NULL},

    {AWAITING_PAYMENT, GOT_PAYMENT_PENDING,    AWAITING_PAYMENT, PAYMENT_PENDING,    0,              NULL},
    {AWAITING_PAYMENT, GOT_PAYMENT_CHALLENGED, AWAITING_PAYMENT, PAYMENT_CHALLENGED, 0,              NULL},
    {AWAITING_PAYMENT, GOT_PAYMENT_SUCCESS,    PAID,             PAYMENT_SUCCESS,    TELL_PAID,      NULL},
    {AWAITING_PAYMENT, GOT_PAYMENT_FAILED,     CANCELLED,        PAYMENT_FAILED,     TELL_CANCELLED, "payment_failed"},
    {AWAITING_PAYMENT, GOT_PAYMENT_EXPIRED,    CANCELLED,        PAYMENT_EXPIRED,    TELL_CANCELLED, "payment_expired"},
    {AWAITING_PAYMENT, GOT_PAYMENT_REFUNDED,   REFUNDED,         PAYMENT_REFUNDED,   BOTH,           "operator"},
    {AWAITING_PAYMENT, GOT_REFUND_DUE,         AWAITING_PAYMENT, PAYMENT_REFUND_DUE, 0,              NULL},
    {AWAITING_PAYMENT, STOCK_INSUFFICIENT,     CANCELLED,        KEEP,               TELL_CANCELLED, "stock_insufficient"},
    {AWAITING_PAYMENT, HOLD_EXPIRED,           CANCELLED,        KEEP,               TELL_CANCELLED, "hold_expired"},
    {AWAITING_PAYMENT, CANCEL_REQUESTED,       CANCELLED,        KEEP,               TELL_CANCELLED, NULL},

    /* Paid, but the goods are gone: payment hears OrderCancelled and pays back. That the hold expired says nothing yet:
     * product hears OrderPaid and sells anew, or says that there is too little. */
    {PAID,             STOCK_INSUFFICIENT,     CANCELLED,        KEEP,               TELL_CANCELLED, "stock_insufficient"},
    {PAID,             CANCEL_REQUESTED,       CANCELLED,        KEEP,               TELL_CANCELLED, NULL},
    {PAID,             GOT_PAYMENT_REFUNDED,   REFUNDED,         PAYMENT_REFUNDED,   BOTH,           "operator"},
    {PAID,             GOT_REFUND_DUE,         PAID,             PAYMENT_REFUND_DUE, 0,              NULL},
    {PAID,             DELIVERY_SHIPPED,       SHIPPED,          KEEP,               0,              NULL},
    {PAID,             DELIVERY_SUCCESS,       DELIVERED,        KEEP,               0,              NULL},
    {PAID,             DELIVERY_FAILED,        FAILED,           KEEP,               0,              NULL},

    {SHIPPED,          DELIVERY_SUCCESS,       DELIVERED,        KEEP,               0,              NULL},
    {SHIPPED,          DELIVERY_FAILED,        FAILED,           KEEP,               0,              NULL}, /* payment hears it too, and pays back */
    {SHIPPED,          GOT_PAYMENT_REFUNDED,   REFUNDED,         PAYMENT_REFUNDED,   TELL_REFUNDED,  NULL},
    {SHIPPED,          GOT_REFUND_DUE,         SHIPPED,          PAYMENT_REFUND_DUE, 0,              NULL},

    /* Ended: only the money's way back is still written down. */
    {DELIVERED,        GOT_PAYMENT_REFUNDED,   REFUNDED,         PAYMENT_REFUNDED,   TELL_REFUNDED,  NULL},
    {DELIVERED,        GOT_REFUND_DUE,         DELIVERED,        PAYMENT_REFUND_DUE, 0,              NULL},
    {CANCELLED,        GOT_PAYMENT_SUCCESS,    CANCELLED,        PAYMENT_SUCCESS,    0,              NULL}, /* payment refunds: it heard OrderCancelled */
    {CANCELLED,        GOT_PAYMENT_FAILED,     CANCELLED,        PAYMENT_FAILED,     0,              NULL},
    {CANCELLED,        GOT_PAYMENT_EXPIRED,    CANCELLED,        PAYMENT_EXPIRED,    0,              NULL},
    {CANCELLED,        GOT_PAYMENT_REFUNDED,   REFUNDED,         PAYMENT_REFUNDED,   TELL_REFUNDED,  NULL},
    {CANCELLED,        GOT_REFUND_DUE,         CANCELLED,        PAYMENT_REFUND_DUE, 0,              NULL},
    {FAILED,           GOT_PAYMENT_REFUNDED,   REFUNDED,         PAYMENT_REFUNDED,   TELL_REFUNDED,  NULL},
    {FAILED,           GOT_REFUND_DUE,         FAILED,           PAYMENT_REFUND_DUE, 0,              NULL},
};
/* clang-format on */

static const char *const event_names[N_ORDER_EVENTS] = {
    [STOCK_RESERVED] = "StockReserved",
    [STOCK_INSUFFICIENT] = "StockInsufficient",
    [HOLD_EXPIRED] = "HoldExpired",
    [GOT_PAYMENT_PENDING] = "PaymentPending",
    [GOT_PAYMENT_SUCCESS] = "PaymentSuccess",
    [GOT_PAYMENT_FAILED] = "PaymentFailed",
    [GOT_PAYMENT_EXPIRED] = "PaymentExpired",
    [GOT_PAYMENT_CHALLENGED] = "PaymentChallenged",
    [GOT_PAYMENT_REFUNDED] = "PaymentRefunded",
    [GOT_REFUND_DUE] = "RefundDue",
    [DELIVERY_SHIPPED] = "DeliveryShipped",
    [DELIVERY_SUCCESS] = "DeliverySuccess",
    [DELIVERY_FAILED] = "DeliveryFailed",
    [DELIVERY_RETURNED] = "DeliveryReturned",
    [CANCEL_REQUESTED] = "CancelRequested", /* of no stream */
};

const char *order_event_name(enum order_event_kind kind)
{
    return event_names[kind];
}

bool order_event_parse(const char *type, enum order_event_kind *out)
{
    for (size_t i = 0; i < CANCEL_REQUESTED; i++) {
        if (strcmp(event_names[i], type) != 0)
            continue;
        *out = (enum order_event_kind)i;
        return true;
    }
    return false;
}

static const struct rule *rule_for(enum order_status from, enum order_event_kind on)
{
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
        if (rules[i].from == from && rules[i].on == on)
            return &rules[i];
    return NULL;
}

/* RECEIVED to SHIPPED are one road: a rule from a later stretch of it says that the order may still
 * get there. */
static bool lies_ahead(enum order_status from, enum order_event_kind on)
{
    for (enum order_status s = from; !order_has_ended(from) && s <= SHIPPED; s++)
        if (rule_for(s, on))
            return true;
    return false;
}

struct order_decision order_saga_decide(const struct order *o, const struct order_event *ev)
{
    const struct rule *r = rule_for(o->status, ev->kind);
    struct order_decision d = {ORDER_LATE, o->status, o->payment, 0, NULL};

    if (!r) {
        d.answer = lies_ahead(o->status, ev->kind) ? ORDER_EARLY : ORDER_LATE;
        return d;
    }
    if (r->payment > d.payment)
        d.payment = r->payment;
    d.to = r->to;
    d.tell = r->tell;
    if (r->tell & TELL_CANCELLED)
        d.reason = r->reason ? r->reason : ev->reason;
    if (d.to != o->status || d.payment != o->payment)
        d.answer = ORDER_CHANGE;
    return d;
}

void order_saga_apply(struct order *o, const struct order_event *ev, const struct order_decision *d)
{
    o->status = d->to;
    o->payment = d->payment;
    o->version++;
    if (d->reason)
        o->cancel_reason = d->reason;
    if (ev->kind == GOT_PAYMENT_PENDING) {
        o->payment_url = ev->payment_url;
        o->payment_expires_us = ev->payment_expires_us;
    }
}
