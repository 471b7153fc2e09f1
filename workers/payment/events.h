/* events.h - the events payment hears and tells, to and from JSON. tests/contracts/ pins them.
 * Pure. */
#ifndef PASAR_PAYMENT_EVENTS_H
#define PASAR_PAYMENT_EVENTS_H

#include "base/arena.h"
#include "workers/payment/saga.h"
#include "wrap/json.h"

/* Which news an event is; NO_NEWS for one that is no concern of ours. */
enum news_kind heard_kind(const char *type);
/* Whether it can change a payment: OrderPaid only repeats what we have told. */
bool heard_is_news(const char *type);

/* OrderCreated. On ERR_INVALID *why says what is wrong, for the dead letter. attempt_id is left to
 * the caller. */
struct err order_created_read(struct arena *a, json_t *data, struct payment *p, struct bill *bill,
                              const char **why) MUST_CHECK;
/* The order of any other event that is heard. */
struct err order_id_read(struct arena *a, json_t *data, struct id *out,
                         const char **why) MUST_CHECK;

/* The data of the event that a decision tells. */
const char *told_text(struct arena *a, const struct payment *p, const struct payment_news *n,
                      const struct payment_decision *d);

#endif
