/* page.h - the pay page and its results, as HTML for people. Pure. */
#ifndef PASAR_MIDTRANS_SIM_PAGE_H
#define PASAR_MIDTRANS_SIM_PAGE_H

#include "base/arena.h"
#include "workers/midtrans_sim/sim.h"

const char *page_choose(struct arena *a, const struct order *o, bool is_open);
const char *page_result(struct arena *a, const struct order *o, const struct txn *t, bool is_open);
const char *page_trouble(struct arena *a, const char *why);

#endif
