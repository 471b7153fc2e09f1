/* deeds.h - what can happen to an order and its transactions; each deed is journalled, and told
 * where Midtrans tells. */
#ifndef PASAR_MIDTRANS_SIM_DEEDS_H
#define PASAR_MIDTRANS_SIM_DEEDS_H

#include "workers/midtrans_sim/answer.h"
#include "workers/midtrans_sim/sim.h"

/* The page, as it is now: its end is looked at by the clock. */
bool page_is_open(const struct sim *s, const struct order *o);
void page_close(struct sim *s, struct order *o);

/* The buyer has chosen a method: a new transaction, pending. */
struct txn *txn_start(struct sim *s, struct order *o, const struct method *m);
/* Moves it on; the caller has checked that it may. */
void txn_move(struct sim *s, struct txn *t, enum status to, enum fraud fraud, enum fault fault);
/* Only told: nothing has changed. */
void txn_tell(struct sim *s, struct txn *t, enum fault fault);

struct refund_wish {
    const char *key, *reason; /* "" for none */
    int64_t amount;
    bool by_bank;
};
/* Gives money back; the caller has checked that it may. Tells twice, as Midtrans does. */
const struct refund *txn_refund(struct sim *s, struct txn *t, const struct refund_wish *w);
const struct refund *txn_find_refund(const struct txn *t, const char *key);

/* After the journal was read: what was under way goes on. */
void deeds_resume(struct sim *s);

#endif
