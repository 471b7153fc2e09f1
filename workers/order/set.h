/* set.h - orders locked by one transaction, and what becomes of them. Pure: the store loads and
 * saves. */
#ifndef PASAR_ORDER_SET_H
#define PASAR_ORDER_SET_H

#include "workers/order/saga.h"

struct order_row {
    struct order order; /* the narrow part; what was agreed only where something is told */
    bool changed;
    unsigned tell;           /* of enum order_tell */
    const char *traceparent; /* of what made it tell */
};

struct order_step { /* a status taken */
    struct order_step *next;
    struct id order_id;
    int64_t version;
    enum order_status status;
    const char *reason;
};

struct order_set {
    struct arena *arena;
    struct order_row *rows; /* in id order */
    size_t n;
    struct order_step *first_step, **last_step;
    size_t n_steps;
};

void order_set_init(struct order_set *set, struct arena *a, size_t n);
struct order_row *order_set_find(const struct order_set *set, struct id id); /* NULL */

/* Decides, and notes what changes. Texts of the event are borrowed. */
enum order_answer order_set_absorb(struct order_set *set, struct order_row *row,
                                   const struct order_event *ev, const char *traceparent);

#endif
