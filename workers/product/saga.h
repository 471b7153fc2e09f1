/* saga.h - what product does about an order. Pure: no clock, no database, no allocation.
 *
 * One hold an order, of all its lines or none. Its life:
 *
 *     (none) -> HELD -> SOLD -> RESTOCKED          paid; cancelled after that
 *                 \---> RELEASED                   cancelled
 *                 \---> EXPIRED -> SOLD            nobody paid in time; paid late, and there is
 * still enough (none) -> REFUSED                            there was not enough
 *
 * RELEASED and RESTOCKED are ends. Units only ever move between free, held and sold, so their sum
 * stays. */
#ifndef PASAR_PRODUCT_SAGA_H
#define PASAR_PRODUCT_SAGA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/id.h"

enum hold_state {
    HOLD_NONE, /* the order is not known */
    HELD,
    SOLD,
    RELEASED,
    EXPIRED,
    RESTOCKED,
    REFUSED,
};
#define N_HOLD_STATES 7

enum hold_event { ORDER_CREATED, ORDER_PAID, ORDER_CANCELLED, HOLD_DUE };
#define N_HOLD_EVENTS 4

const char *hold_state_name(enum hold_state state); /* "held": what the table says */
enum hold_state hold_state_of(const char *name);    /* HOLD_NONE for none of ours */

enum hold_tell { TELL_NOTHING, TELL_RESERVED, TELL_INSUFFICIENT, TELL_EXPIRED };

struct line {
    int64_t product_id, quantity;
};

struct hold {
    struct id order_id;
    enum hold_state state;
    int64_t hold_until_us;
    const struct line *lines; /* no product twice */
    size_t n_lines;
};

struct balance { /* one product's units while a batch is decided */
    int64_t product_id;
    int64_t on_hand;                   /* free now */
    int64_t d_on_hand, d_held, d_sold; /* what the batch has changed so far */
    bool is_sold_here;                 /* active, and not removed */
};

struct stock {
    struct balance *rows; /* in the order of product_id */
    size_t n;
};

/* Units that an order could have now; 0 of a product that is unknown or not for sale. */
int64_t stock_available(const struct stock *s, int64_t product_id);

enum hold_answer {
    HOLD_MOVED, /* the state or the stock changed; tell what .tell says */
    HOLD_STAYS, /* late or a duplicate: nothing changes; tell what .tell says */
    HOLD_EARLY, /* its time, or the event before it, is still to come */
};

struct hold_decision {
    enum hold_answer answer;
    enum hold_tell tell;
};

/* Decides, and carries the decision out on *h and on the balances. ORDER_CREATED wants the lines
 * and the deadline in *h, whose state is HOLD_NONE when the order is new. */
struct hold_decision hold_decide(struct hold *h, enum hold_event on, struct stock *s,
                                 int64_t now_us);

#endif
