/* test_saga.c - the holds of orders: the whole matrix, stories, and a walk over every sequence of
 * events of two orders that compete for the same units. */
#include "workers/product/saga.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define DEADLINE_US INT64_C(1000)
#define BEFORE_US (DEADLINE_US - 1)

enum { COFFEE = 7, TEA = 9 };

static const struct line coffee_and_tea[] = {{COFFEE, 2}, {TEA, 1}};
static const struct line coffee[] = {{COFFEE, 2}};

static struct hold new_hold(const struct line *lines, size_t n)
{
    return (struct hold){.hold_until_us = DEADLINE_US, .lines = lines, .n_lines = n};
}

/* ---- the matrix ---- */

static const char *const event_names[N_HOLD_EVENTS] = {"OrderCreated", "OrderPaid",
                                                       "OrderCancelled", "hold due"};
static const char *const tell_names[] = {"", " +StockReserved", " +StockInsufficient",
                                         " +HoldExpired"};

static void describe(enum hold_state from, enum hold_event on, int64_t units, char out[64])
{
    struct balance row = {COFFEE, units, 0, 0, 0, true};
    struct stock stock = {&row, 1};
    struct hold h = new_hold(coffee, 1);
    struct hold_decision d;

    h.state = from;
    d = hold_decide(&h, on, &stock, DEADLINE_US);
    switch (d.answer) {
    case HOLD_MOVED:
        assert_int_not_equal(h.state, HOLD_NONE); /* an empty cell would say so */
        assert_int_not_equal(h.state, from);
        break;
    case HOLD_STAYS:
    case HOLD_EARLY:
        assert_int_equal(h.state, from);
        assert_int_equal(row.on_hand, units);
        break;
    }
    snprintf(out, 64, "%s%s",
             d.answer == HOLD_EARLY   ? "early"
             : d.answer == HOLD_STAYS ? "-"
                                      : hold_state_name(h.state),
             tell_names[d.tell]);
}

static void test_every_state_answers_every_event(void **state)
{
    (void)state;
    for (int64_t units = 2; units >= 0; units -= 2) {
        printf("\n%s\n%-10s", units ? "enough in stock:" : "too little in stock:", "");
        for (int on = 0; on < N_HOLD_EVENTS; on++)
            printf(" | %-27s", event_names[on]);
        for (int from = 0; from < N_HOLD_STATES; from++) {
            printf("\n%-10s", hold_state_name((enum hold_state)from));
            for (int on = 0; on < N_HOLD_EVENTS; on++) {
                char cell[64];

                describe((enum hold_state)from, (enum hold_event)on, units, cell);
                assert_true(cell[0] != '\0');
                printf(" | %-27s", cell);
            }
        }
        printf("\n");
    }
}

static void test_states_have_names_of_their_own(void **state)
{
    (void)state;
    for (int i = 0; i < N_HOLD_STATES; i++)
        assert_int_equal(hold_state_of(hold_state_name((enum hold_state)i)), i);
    assert_int_equal(hold_state_of("nonsense"), HOLD_NONE);
}

/* ---- stories ---- */

struct step {
    enum hold_event on;
    int64_t now_us;
    enum hold_state then;
    enum hold_tell tell;
    int64_t free_then; /* coffee */
};

struct story {
    const char *name;
    int64_t coffee, tea;
    struct step steps[5];
    size_t n;
};

/* clang-format off */
static const struct story stories[] = {
    {"paid in time", 3, 1, {
        {ORDER_CREATED,   BEFORE_US,   HELD,      TELL_RESERVED,     1},
        {ORDER_PAID,      BEFORE_US,   SOLD,      TELL_NOTHING,      1},
        {HOLD_DUE,        DEADLINE_US, SOLD,      TELL_NOTHING,      1}}, 3},
    {"nobody pays", 3, 1, {
        {ORDER_CREATED,   BEFORE_US,   HELD,      TELL_RESERVED,     1},
        {HOLD_DUE,        BEFORE_US,   HELD,      TELL_NOTHING,      1},
        {HOLD_DUE,        DEADLINE_US, EXPIRED,   TELL_EXPIRED,      3},
        {ORDER_CANCELLED, DEADLINE_US, RELEASED,  TELL_NOTHING,      3}}, 4},
    {"cancelled before it was paid", 3, 1, {
        {ORDER_CREATED,   BEFORE_US,   HELD,      TELL_RESERVED,     1},
        {ORDER_CANCELLED, BEFORE_US,   RELEASED,  TELL_NOTHING,      3},
        {ORDER_PAID,      BEFORE_US,   RELEASED,  TELL_NOTHING,      3},
        {HOLD_DUE,        DEADLINE_US, RELEASED,  TELL_NOTHING,      3}}, 4},
    {"cancelled after it was paid", 3, 1, {
        {ORDER_CREATED,   BEFORE_US,   HELD,      TELL_RESERVED,     1},
        {ORDER_PAID,      BEFORE_US,   SOLD,      TELL_NOTHING,      1},
        {ORDER_CANCELLED, BEFORE_US,   RESTOCKED, TELL_NOTHING,      3},
        {ORDER_CANCELLED, BEFORE_US,   RESTOCKED, TELL_NOTHING,      3}}, 4},
    {"paid late, still enough", 3, 1, {
        {ORDER_CREATED,   BEFORE_US,   HELD,      TELL_RESERVED,     1},
        {HOLD_DUE,        DEADLINE_US, EXPIRED,   TELL_EXPIRED,      3},
        {ORDER_PAID,      DEADLINE_US, SOLD,      TELL_NOTHING,      1},
        {ORDER_CANCELLED, DEADLINE_US, RESTOCKED, TELL_NOTHING,      3}}, 4},
    {"one line too many: nothing is held", 3, 0, {
        {ORDER_CREATED,   BEFORE_US,   REFUSED,   TELL_INSUFFICIENT, 3},
        {ORDER_CREATED,   BEFORE_US,   REFUSED,   TELL_NOTHING,      3},
        {ORDER_CANCELLED, BEFORE_US,   RELEASED,  TELL_NOTHING,      3}}, 3},
    {"told out of order", 3, 1, {
        {ORDER_PAID,      BEFORE_US,   HOLD_NONE, TELL_NOTHING,      3},
        {ORDER_CANCELLED, BEFORE_US,   HOLD_NONE, TELL_NOTHING,      3},
        {ORDER_CREATED,   BEFORE_US,   HELD,      TELL_RESERVED,     1}}, 3},
};
/* clang-format on */

static void test_stories(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof stories / sizeof *stories; i++) {
        const struct story *s = &stories[i];
        struct balance rows[] = {{COFFEE, s->coffee, 0, 0, 0, true}, {TEA, s->tea, 0, 0, 0, true}};
        struct stock stock = {rows, 2};
        struct hold h = new_hold(coffee_and_tea, 2);

        for (size_t k = 0; k < s->n; k++) {
            const struct step *step = &s->steps[k];
            struct hold_decision d = hold_decide(&h, step->on, &stock, step->now_us);

            if (h.state != step->then || d.tell != step->tell || rows[0].on_hand != step->free_then)
                fail_msg("%s, step %zu: %s, %lld free", s->name, k + 1, hold_state_name(h.state),
                         (long long)rows[0].on_hand);
        }
    }
}

static void test_paid_late_and_gone(void **state)
{
    struct balance row = {COFFEE, 2, 0, 0, 0, true};
    struct stock stock = {&row, 1};
    struct hold first = new_hold(coffee, 1), second = new_hold(coffee, 1);
    struct hold_decision d;

    (void)state;
    hold_decide(&first, ORDER_CREATED, &stock, BEFORE_US);
    hold_decide(&first, HOLD_DUE, &stock, DEADLINE_US);
    hold_decide(&second, ORDER_CREATED, &stock, DEADLINE_US);
    d = hold_decide(&first, ORDER_PAID, &stock, DEADLINE_US);
    /* Not that the hold expired: order, being paid, pays no heed to that. */
    assert_int_equal(d.tell, TELL_INSUFFICIENT);
    assert_int_equal(first.state, EXPIRED);
    assert_int_equal(second.state, HELD);
}

static void test_what_is_not_for_sale_cannot_be_had(void **state)
{
    struct balance row = {COFFEE, 5, 0, 0, 0, false};
    struct stock stock = {&row, 1};
    struct hold inactive = new_hold(coffee, 1), unknown = new_hold(&(struct line){8, 1}, 1);

    (void)state;
    assert_int_equal(hold_decide(&inactive, ORDER_CREATED, &stock, 0).tell, TELL_INSUFFICIENT);
    assert_int_equal(hold_decide(&unknown, ORDER_CREATED, &stock, 0).tell, TELL_INSUFFICIENT);
    assert_int_equal(stock_available(&stock, COFFEE), 0);
    assert_int_equal(stock_available(&stock, 8), 0);
}

/* ---- the walk ---- */

#define DEPTH 6
#define N_ORDERS 2
#define N_PRODUCTS 2
#define CLOCK_PASSES (N_ORDERS * N_HOLD_EVENTS) /* the last letter: the deadline passes */

static const int64_t stocked[N_PRODUCTS] = {3, 1};

struct world {
    struct hold holds[N_ORDERS];
    struct balance rows[N_PRODUCTS];
    bool created[N_ORDERS], paid[N_ORDERS], cancelled[N_ORDERS];
    int told[N_ORDERS][4], answered[N_ORDERS];
    int64_t now_us;
};

static size_t n_walked;

static int64_t units_in(const struct world *w, enum hold_state state, int64_t product_id)
{
    int64_t n = 0;

    for (size_t i = 0; i < N_ORDERS; i++)
        for (size_t k = 0; w->holds[i].state == state && k < w->holds[i].n_lines; k++)
            if (w->holds[i].lines[k].product_id == product_id)
                n += w->holds[i].lines[k].quantity;
    return n;
}

static void check_units(const struct world *w)
{
    for (size_t p = 0; p < N_PRODUCTS; p++) {
        const struct balance *b = &w->rows[p];

        assert_true(b->on_hand >= 0 && b->d_held >= 0 && b->d_sold >= 0);
        assert_true(b->on_hand == stocked[p] + b->d_on_hand);
        assert_true(b->on_hand + b->d_held + b->d_sold == stocked[p]);
        assert_true(b->d_held == units_in(w, HELD, b->product_id));
        assert_true(b->d_sold == units_in(w, SOLD, b->product_id));
    }
}

static void check_orders(const struct world *w)
{
    for (size_t i = 0; i < N_ORDERS; i++) {
        enum hold_state s = w->holds[i].state;

        assert_true(w->created[i] || s == HOLD_NONE);
        assert_true(w->paid[i] || (s != SOLD && s != RESTOCKED));
        assert_true(w->cancelled[i] || (s != RELEASED && s != RESTOCKED));
        assert_true(w->answered[i] == (s != HOLD_NONE));
        assert_true(w->told[i][TELL_RESERVED] + w->told[i][TELL_INSUFFICIENT] == w->answered[i] ||
                    (w->paid[i] && s != SOLD)); /* gone when it was paid: told once more */
        assert_true(w->told[i][TELL_EXPIRED] <= (w->now_us >= DEADLINE_US));
    }
}

static bool is_step(enum hold_state from, enum hold_state to)
{
    static const bool may[N_HOLD_STATES][N_HOLD_STATES] = {
        [HOLD_NONE] = {[HELD] = true, [REFUSED] = true},
        [HELD] = {[SOLD] = true, [RELEASED] = true, [EXPIRED] = true},
        [SOLD] = {[RESTOCKED] = true},
        [EXPIRED] = {[SOLD] = true, [RELEASED] = true},
        [REFUSED] = {[RELEASED] = true},
    };

    return from == to || may[from][to];
}

static void happen(struct world *w, size_t order, enum hold_event on)
{
    struct stock stock = {w->rows, N_PRODUCTS};
    struct hold *h = &w->holds[order];
    enum hold_state from = h->state;
    struct hold_decision d = hold_decide(h, on, &stock, w->now_us);

    assert_true(is_step(from, h->state));
    assert_true((d.answer == HOLD_MOVED) == (from != h->state));
    if (d.answer == HOLD_EARLY)
        return; /* it comes again later: as if it had not happened */
    w->created[order] |= on == ORDER_CREATED;
    w->paid[order] |= on == ORDER_PAID;
    w->cancelled[order] |= on == ORDER_CANCELLED;
    w->told[order][d.tell]++;
    w->answered[order] += on == ORDER_CREATED && d.tell != TELL_NOTHING;
}

/* The same thing heard twice changes nothing more. */
static void check_again(const struct world *w, size_t order, enum hold_event on)
{
    struct world copy = *w;
    struct stock stock = {copy.rows, N_PRODUCTS};

    assert_int_not_equal(hold_decide(&copy.holds[order], on, &stock, copy.now_us).answer,
                         HOLD_MOVED);
    assert_memory_equal(copy.rows, w->rows, sizeof copy.rows);
}

static void walk(const struct world *before, int depth)
{
    for (int letter = 0; letter <= CLOCK_PASSES; letter++) {
        struct world w = *before;
        size_t order = (size_t)letter / N_HOLD_EVENTS;

        if (letter == CLOCK_PASSES) {
            w.now_us = DEADLINE_US;
        } else {
            happen(&w, order, (enum hold_event)(letter % N_HOLD_EVENTS));
            check_again(&w, order, (enum hold_event)(letter % N_HOLD_EVENTS));
        }
        check_units(&w);
        check_orders(&w);
        n_walked++;
        if (depth > 1)
            walk(&w, depth - 1);
    }
}

static void test_walk_every_sequence(void **state)
{
    struct world w = {
        .holds = {new_hold(coffee_and_tea, 2), new_hold(coffee, 1)},
        .rows = {{COFFEE, stocked[0], 0, 0, 0, true}, {TEA, stocked[1], 0, 0, 0, true}},
        .now_us = BEFORE_US,
    };

    (void)state;
    walk(&w, DEPTH);
    printf("walked %zu events in sequences of %d\n", n_walked, DEPTH);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_state_answers_every_event),
        cmocka_unit_test(test_states_have_names_of_their_own),
        cmocka_unit_test(test_stories),
        cmocka_unit_test(test_paid_late_and_gone),
        cmocka_unit_test(test_what_is_not_for_sale_cannot_be_had),
        cmocka_unit_test(test_walk_every_sequence),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
