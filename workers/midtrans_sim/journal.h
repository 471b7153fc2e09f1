/* journal.h - an append-only file of every change, read again at the start, so that orders outlive
 * the process.
 *
 * Lines of tab-separated fields; what is said later about the same id wins. Lines are collected and
 * written once at the end of the loop's turn, so kill -9 loses what was answered in that very turn
 * at most. NULL: no journal. */
#ifndef PASAR_MIDTRANS_SIM_JOURNAL_H
#define PASAR_MIDTRANS_SIM_JOURNAL_H

#include "loop/loop.h"
#include "workers/midtrans_sim/sim.h"

/* Fills `s` from the file, if it is there, and opens it for appending. ERR_UNAVAILABLE: cannot
 * (logged). */
struct err journal_open(struct sim *s, struct loop *l, const char *path) MUST_CHECK;
void journal_close(struct journal *j); /* NULL is fine */

void journal_order(struct journal *j, const struct order *o);
void journal_txn(struct journal *j, const struct txn *t);
void journal_refund(struct journal *j, const struct txn *t, const struct refund *r);
void journal_heard(struct journal *j, const struct txn *t);
/* One line of the file; false: not understood. */
bool journal_apply(struct sim *s, char *line);

#endif
