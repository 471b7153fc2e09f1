/* pay.h - what a buyer does on the page: chooses a method, and an outcome. */
#ifndef PASAR_MIDTRANS_SIM_PAY_H
#define PASAR_MIDTRANS_SIM_PAY_H

#include "base/arena.h"
#include "workers/midtrans_sim/sim.h"

struct pay_form { /* texts in the arena; "" when absent */
    const char *method, *outcome, *fault;
};

/* application/x-www-form-urlencoded. Pure. */
struct pay_form pay_form_parse(struct arena *a, const char *body, size_t n_body);

struct pay_result {
    int status;            /* 200, or what was wrong: 400, 410 */
    const char *why;       /* of what was wrong */
    const struct txn *txn; /* NULL: the page was only closed */
};
struct pay_result pay(struct sim *s, struct order *o, const struct pay_form *f);

/* The buyer who is always there (SIM_AUTOPAY): pays a new page right after its creation was
 * answered. */
bool autopay_is_known(const char *autopay); /* "", or the names of a method and an outcome */
void autopay_expect(struct sim *s, const char *order_id);

/* The finish URL with its three parameters; NULL when none is known. */
const char *pay_return_url(const struct sim *s, struct arena *a, const struct order *o,
                           const struct txn *t);

#endif
