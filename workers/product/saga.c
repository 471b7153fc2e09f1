/* saga.c - the table of holds, and the arithmetic of stock. */
#include "workers/product/saga.h"

#include <assert.h>
#include <string.h>

enum move { /* of all the hold's units */
            STAY,
            HOLD,    /* free -> held */
            SELL,    /* held -> sold */
            RELEASE, /* held -> free */
            TAKE,    /* free -> sold */
            RESTOCK, /* sold -> free */
};

enum guard { ALWAYS, IF_ENOUGH, IF_DUE };

struct outcome {
    enum hold_answer answer;
    enum hold_state to;
    enum move move;
    enum hold_tell tell;
};

struct rule { /* every cell has one: a zeroed one is LATE */
    enum guard guard;
    struct outcome then, otherwise;
};

/* clang-format off */
#define GO(to, move, tell) {HOLD_MOVED, to, move, tell}
#define SAY(tell) {HOLD_STAYS, HOLD_NONE, STAY, tell}
#define EARLY_ONE {HOLD_EARLY, HOLD_NONE, STAY, TELL_NOTHING}
#define LATE {ALWAYS, SAY(TELL_NOTHING), SAY(TELL_NOTHING)}
#define JUST(outcome) {ALWAYS, outcome, SAY(TELL_NOTHING)}

/* An order that is paid after its hold expired gets its units if they are still there. If not, order hears that there is
 * too little and, being paid, cancels; its money goes back. To hear once more that the hold expired would not do: order
 * could not tell it from the first time, after which the units may have been sold to it all the same. A refused order is
 * never paid, unless something is wrong: the same answer. */
static const struct rule rules[N_HOLD_STATES][N_HOLD_EVENTS] = {
    [HOLD_NONE] = {
        [ORDER_CREATED]   = {IF_ENOUGH, GO(HELD, HOLD, TELL_RESERVED), GO(REFUSED, STAY, TELL_INSUFFICIENT)},
        [ORDER_PAID]      = JUST(EARLY_ONE),
        [ORDER_CANCELLED] = JUST(EARLY_ONE),
        [HOLD_DUE]        = LATE,
    },
    [HELD] = {
        [ORDER_CREATED]   = LATE,
        [ORDER_PAID]      = JUST(GO(SOLD, SELL, TELL_NOTHING)),
        [ORDER_CANCELLED] = JUST(GO(RELEASED, RELEASE, TELL_NOTHING)),
        [HOLD_DUE]        = {IF_DUE, GO(EXPIRED, RELEASE, TELL_EXPIRED), EARLY_ONE},
    },
    [SOLD] = {
        [ORDER_CREATED]   = LATE,
        [ORDER_PAID]      = LATE,
        [ORDER_CANCELLED] = JUST(GO(RESTOCKED, RESTOCK, TELL_NOTHING)),
        [HOLD_DUE]        = LATE,
    },
    [RELEASED] = {
        [ORDER_CREATED]   = LATE,
        [ORDER_PAID]      = LATE,
        [ORDER_CANCELLED] = LATE,
        [HOLD_DUE]        = LATE,
    },
    [EXPIRED] = {
        [ORDER_CREATED]   = LATE,
        [ORDER_PAID]      = {IF_ENOUGH, GO(SOLD, TAKE, TELL_NOTHING), SAY(TELL_INSUFFICIENT)},
        [ORDER_CANCELLED] = JUST(GO(RELEASED, STAY, TELL_NOTHING)),
        [HOLD_DUE]        = LATE,
    },
    [RESTOCKED] = {
        [ORDER_CREATED]   = LATE,
        [ORDER_PAID]      = LATE,
        [ORDER_CANCELLED] = LATE,
        [HOLD_DUE]        = LATE,
    },
    [REFUSED] = {
        [ORDER_CREATED]   = LATE,
        [ORDER_PAID]      = JUST(SAY(TELL_INSUFFICIENT)),
        [ORDER_CANCELLED] = JUST(GO(RELEASED, STAY, TELL_NOTHING)),
        [HOLD_DUE]        = LATE,
    },
};

static const struct flow { /* what a unit's move does to the three counts */
    int on_hand, held, sold;
} flows[] = {
    [STAY]    = { 0,  0,  0},
    [HOLD]    = {-1, +1,  0},
    [SELL]    = { 0, -1, +1},
    [RELEASE] = {+1, -1,  0},
    [TAKE]    = {-1,  0, +1},
    [RESTOCK] = {+1,  0, -1},
};

static const char *const state_names[N_HOLD_STATES] = {
    [HOLD_NONE] = "none", [HELD] = "held", [SOLD] = "sold", [RELEASED] = "released",
    [EXPIRED] = "expired", [RESTOCKED] = "restocked", [REFUSED] = "refused",
};
/* clang-format on */

const char *hold_state_name(enum hold_state state)
{
    return state_names[state];
}

enum hold_state hold_state_of(const char *name)
{
    for (int i = 0; i < N_HOLD_STATES; i++)
        if (strcmp(state_names[i], name) == 0)
            return (enum hold_state)i;
    return HOLD_NONE;
}

static struct balance *balance_of(const struct stock *s, int64_t product_id)
{
    size_t low = 0, high = s->n;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (s->rows[middle].product_id < product_id)
            low = middle + 1;
        else
            high = middle;
    }
    return low < s->n && s->rows[low].product_id == product_id ? &s->rows[low] : NULL;
}

int64_t stock_available(const struct stock *s, int64_t product_id)
{
    const struct balance *b = balance_of(s, product_id);

    return b && b->is_sold_here ? b->on_hand : 0;
}

static bool is_enough(const struct hold *h, const struct stock *s)
{
    for (size_t i = 0; i < h->n_lines; i++)
        if (stock_available(s, h->lines[i].product_id) < h->lines[i].quantity)
            return false;
    return true;
}

static void carry(const struct hold *h, struct flow flow, struct stock *s)
{
    for (size_t i = 0; i < h->n_lines; i++) {
        struct balance *b = balance_of(s, h->lines[i].product_id);

        assert(b || (!flow.on_hand && !flow.held && !flow.sold)); /* what was held was there */
        if (!b)
            continue;
        b->on_hand += flow.on_hand * h->lines[i].quantity;
        b->d_on_hand += flow.on_hand * h->lines[i].quantity;
        b->d_held += flow.held * h->lines[i].quantity;
        b->d_sold += flow.sold * h->lines[i].quantity;
    }
}

struct hold_decision hold_decide(struct hold *h, enum hold_event on, struct stock *s,
                                 int64_t now_us)
{
    const struct rule *rule = &rules[h->state][on];
    const struct outcome *o = &rule->then;

    if (rule->guard == IF_ENOUGH && !is_enough(h, s))
        o = &rule->otherwise;
    if (rule->guard == IF_DUE && now_us < h->hold_until_us)
        o = &rule->otherwise;
    if (o->answer == HOLD_MOVED) {
        carry(h, flows[o->move], s);
        h->state = o->to;
    }
    return (struct hold_decision){o->answer, o->tell};
}
