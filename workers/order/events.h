/* events.h - JSON of the events order hears and tells, to and from structs. Pure.
 *
 * The files of tests/contracts/ pin the shapes. */
#ifndef PASAR_ORDER_EVENTS_H
#define PASAR_ORDER_EVENTS_H

#include "saga/event.h"
#include "saga/outbox.h"
#include "workers/order/order.h"
#include "workers/order/saga.h"
#include "workers/order/set.h"

struct product_event { /* ProductChanged or ProductRemoved */
    int64_t product_id, version;
    const char *name, *currency; /* "" when removed */
    int64_t price, weight_grams;
    bool active;
};

/* False when there is nothing to do: a type that is not for us, or one that cannot be understood
 * (then it is marked broken). Texts live in the batch's arena. */
bool order_event_read(struct event *e, struct arena *a, struct id *order_id,
                      struct order_event *out);
bool product_event_read(struct event *e, struct arena *a, struct product_event *out);

/* The lines as OrderCreated and OrderPaid tell them. */
const char *order_items_json(struct arena *a, const struct order_line *lines, size_t n);

const char *order_created_json(struct arena *a, const struct order *o);
const char *order_paid_json(struct arena *a, const struct order *o);
const char *order_cancelled_json(struct arena *a, const struct order *o);
const char *order_refunded_json(struct arena *a, const struct order *o);

/* What the set's decisions make true, to the outbox. traceparent: where a row has none of its own;
 * may be NULL. */
void order_events_tell(struct outbox *out, struct arena *a, const struct order_set *set,
                       const char *traceparent);

#endif
