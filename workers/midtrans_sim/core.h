/* core.h - the Core API: status, cancel, expire, approve, deny, refund. */
#ifndef PASAR_MIDTRANS_SIM_CORE_H
#define PASAR_MIDTRANS_SIM_CORE_H

#include "base/arena.h"
#include "workers/midtrans_sim/sim.h"
#include "workers/midtrans_sim/snap.h"

struct core_call {
    const char *id;   /* order_id or transaction_id */
    const char *verb; /* "status", "refund", "refund/online/direct" … */
    const char *body; /* "" , "{}" and "null" are no body */
    size_t n_body;
};

/* *answer.status is that of the style set: the true one, or 200 with the code in the body. */
struct answer core_answer(struct sim *s, struct arena *a, const struct core_call *call);
struct answer core_refuse(struct sim *s, struct arena *a, const char *code, const char *message);

#endif
