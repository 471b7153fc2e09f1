/* notify.h - sends notifications the way Midtrans does: late, twice, out of order, and again after
 * a bad answer. */
#ifndef PASAR_MIDTRANS_SIM_NOTIFY_H
#define PASAR_MIDTRANS_SIM_NOTIFY_H

#include "loop/loop.h"
#include "workers/midtrans_sim/agenda.h"
#include "workers/midtrans_sim/answer.h"
#include "workers/midtrans_sim/sim.h"

struct notifier *notifier_new(struct loop *l, struct sim *s, struct agenda *agenda);
struct agenda *notifier_agenda(struct notifier *n);
/* Tells the merchant's URLs what the transaction is now. Does nothing without a notifier or a URL.
 */
void notify(struct sim *s, struct txn *t, enum fault fault);

/* How often an answer is asked for again: 2.8 of the protocol facts. status 0: no answer at all.
 * Pure. */
int retries_after(int http_status);
/* Before retry number 1 … 5, on average of its random shift. Pure. */
int64_t retry_interval_us(int retry);

#endif
