/* saga.h - what order does about an event. Pure: no clock, no database, no allocation.
 *
 * With no rule for a status and an event, the event is early when a rule lies ahead of this status,
 * else it is late and nothing changes. Streams of different services overtake one another: see the
 * rules in saga.c. */
#ifndef PASAR_ORDER_SAGA_H
#define PASAR_ORDER_SAGA_H

#include "workers/order/order.h"

enum order_event_kind {
    STOCK_RESERVED,
    STOCK_INSUFFICIENT,
    HOLD_EXPIRED,
    GOT_PAYMENT_PENDING,
    GOT_PAYMENT_SUCCESS,
    GOT_PAYMENT_FAILED,
    GOT_PAYMENT_EXPIRED,
    GOT_PAYMENT_CHALLENGED,
    GOT_PAYMENT_REFUNDED,
    GOT_REFUND_DUE,
    DELIVERY_SHIPPED,
    DELIVERY_SUCCESS,
    DELIVERY_FAILED,
    DELIVERY_RETURNED,
    CANCEL_REQUESTED, /* by the customer or an operator */
    N_ORDER_EVENTS
};

struct order_event {
    enum order_event_kind kind;
    const char *payment_url;    /* of GOT_PAYMENT_PENDING */
    int64_t payment_expires_us; /* of GOT_PAYMENT_PENDING */
    const char *reason;         /* of CANCEL_REQUESTED: "customer" or "operator" */
    const char *note; /* of CANCEL_REQUESTED: in their own words, for the history; or NULL */
};

enum order_answer { ORDER_LATE, ORDER_EARLY, ORDER_CHANGE };

enum order_tell {
    TELL_PAID = 1,
    TELL_CANCELLED = 2,
    TELL_REFUNDED = 4
}; /* bits; told in this order */

struct order_decision {
    enum order_answer answer;
    enum order_status to;
    enum payment_status payment;
    unsigned tell;      /* of enum order_tell */
    const char *reason; /* of a cancellation; else NULL */
};

const char *order_event_name(enum order_event_kind kind); /* "StockReserved" */
bool order_event_parse(const char *type, enum order_event_kind *out);

struct order_decision order_saga_decide(const struct order *o, const struct order_event *ev);
/* The order after an ORDER_CHANGE. */
void order_saga_apply(struct order *o, const struct order_event *ev,
                      const struct order_decision *d);

#endif
