/* test_saga.c - the matrix of an order's statuses and events, stories, and a walk over every
 * sequence of events. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "workers/order/saga.h"

/* ---- the matrix ---- */

/* What every status does about every event. '=': the status stays and only the money's is written
 * down; late: nothing changes; early: parked until the order is so far. */
/* clang-format off */
static const char *const expected[N_ORDER_EVENTS][N_ORDER_STATUSES] = {
    /*                          RECEIVED      AWAITING_P.  PAID         SHIPPED      DELIVERED    CANCELLED    FAILED       REFUNDED */
    [STOCK_RESERVED] =         {"AWAITING_PAYMENT", "late", "late",     "late",      "late",      "late",      "late",      "late"},
    [STOCK_INSUFFICIENT] =     {"CANCELLED",  "CANCELLED", "CANCELLED", "late",      "late",      "late",      "late",      "late"},
    [HOLD_EXPIRED] =           {"CANCELLED",  "CANCELLED", "late",      "late",      "late",      "late",      "late",      "late"},
    [GOT_PAYMENT_PENDING] =    {"AWAITING_PAYMENT", "=",   "late",      "late",      "late",      "late",      "late",      "late"},
    [GOT_PAYMENT_SUCCESS] =    {"PAID",       "PAID",      "late",      "late",      "late",      "=",         "late",      "late"},
    [GOT_PAYMENT_FAILED] =     {"CANCELLED",  "CANCELLED", "late",      "late",      "late",      "=",         "late",      "late"},
    [GOT_PAYMENT_EXPIRED] =    {"CANCELLED",  "CANCELLED", "late",      "late",      "late",      "=",         "late",      "late"},
    [GOT_PAYMENT_CHALLENGED] = {"AWAITING_PAYMENT", "=",   "late",      "late",      "late",      "late",      "late",      "late"},
    [GOT_PAYMENT_REFUNDED] =   {"REFUNDED",   "REFUNDED",  "REFUNDED",  "REFUNDED",  "REFUNDED",  "REFUNDED",  "REFUNDED",  "late"},
    [GOT_REFUND_DUE] =         {"=",          "=",         "=",         "=",         "=",         "=",         "=",         "late"},
    [DELIVERY_SHIPPED] =       {"early",      "early",     "SHIPPED",   "late",      "late",      "late",      "late",      "late"},
    [DELIVERY_SUCCESS] =       {"early",      "early",     "DELIVERED", "DELIVERED", "late",      "late",      "late",      "late"},
    [DELIVERY_FAILED] =        {"early",      "early",     "FAILED",    "FAILED",    "late",      "late",      "late",      "late"},
    [DELIVERY_RETURNED] =      {"late",       "late",      "late",      "late",      "late",      "late",      "late",      "late"},
    [CANCEL_REQUESTED] =       {"CANCELLED",  "CANCELLED", "CANCELLED", "late",      "late",      "late",      "late",      "late"},
};
/* clang-format on */

static struct order_event event_of(enum order_event_kind kind)
{
    struct order_event ev = {.kind = kind};

    if (kind == CANCEL_REQUESTED)
        ev.reason = "customer";
    if (kind == GOT_PAYMENT_PENDING)
        ev.payment_url = "https://pay.example/1";
    return ev;
}

static const char *cell_text(enum order_status from, enum order_event_kind kind)
{
    const struct order o = {.status = from};
    const struct order_event ev = event_of(kind);
    struct order_decision d = order_saga_decide(&o, &ev);

    if (d.answer == ORDER_LATE)
        return "late";
    if (d.answer == ORDER_EARLY)
        return "early";
    return d.to == from ? "=" : order_status_name(d.to);
}

static void every_pair_has_its_answer(void **state)
{
    (void)state;
    print_message("%-18s", "");
    for (int s = 0; s < N_ORDER_STATUSES; s++)
        print_message(" %-16s", order_status_name((enum order_status)s));
    for (int k = 0; k < N_ORDER_EVENTS; k++) {
        print_message("\n%-18s", order_event_name((enum order_event_kind)k));
        for (int s = 0; s < N_ORDER_STATUSES; s++)
            print_message(" %-16s", cell_text((enum order_status)s, (enum order_event_kind)k));
    }
    print_message("\n");
    for (int k = 0; k < N_ORDER_EVENTS; k++)
        for (int s = 0; s < N_ORDER_STATUSES; s++) {
            assert_non_null(expected[k][s]);
            assert_string_equal(cell_text((enum order_status)s, (enum order_event_kind)k),
                                expected[k][s]);
        }
}

/* ---- stories ---- */

#define END N_ORDER_EVENTS

static const struct story {
    const char *name;
    enum order_event_kind events[7]; /* ended by END */
    enum order_status status;
    enum payment_status payment;
    unsigned told;
    const char *reason;
} stories[] = {
    {"paid",
     {STOCK_RESERVED, GOT_PAYMENT_PENDING, GOT_PAYMENT_SUCCESS, END},
     PAID,
     PAYMENT_SUCCESS,
     TELL_PAID,
     NULL},
    {"money overtakes stock",
     {GOT_PAYMENT_SUCCESS, STOCK_RESERVED, END},
     PAID,
     PAYMENT_SUCCESS,
     TELL_PAID,
     NULL},
    {"the link overtakes stock",
     {GOT_PAYMENT_PENDING, STOCK_RESERVED, GOT_PAYMENT_SUCCESS, END},
     PAID,
     PAYMENT_SUCCESS,
     TELL_PAID,
     NULL},
    {"sold out",
     {STOCK_INSUFFICIENT, END},
     CANCELLED,
     PAYMENT_NONE,
     TELL_CANCELLED,
     "stock_insufficient"},
    {"card refused",
     {STOCK_RESERVED, GOT_PAYMENT_PENDING, GOT_PAYMENT_FAILED, END},
     CANCELLED,
     PAYMENT_FAILED,
     TELL_CANCELLED,
     "payment_failed"},
    {"nobody paid",
     {STOCK_RESERVED, GOT_PAYMENT_PENDING, GOT_PAYMENT_EXPIRED, HOLD_EXPIRED, END},
     CANCELLED,
     PAYMENT_EXPIRED,
     TELL_CANCELLED,
     "payment_expired"},
    {"the hold ends first",
     {STOCK_RESERVED, GOT_PAYMENT_PENDING, HOLD_EXPIRED, GOT_PAYMENT_EXPIRED, END},
     CANCELLED,
     PAYMENT_EXPIRED,
     TELL_CANCELLED,
     "hold_expired"},
    {"money for a cancelled order comes back",
     {STOCK_RESERVED, CANCEL_REQUESTED, GOT_PAYMENT_SUCCESS, GOT_PAYMENT_REFUNDED, END},
     REFUNDED,
     PAYMENT_REFUNDED,
     TELL_CANCELLED | TELL_REFUNDED,
     "customer"},
    {"paid, but the goods are gone",
     {STOCK_RESERVED, GOT_PAYMENT_SUCCESS, STOCK_INSUFFICIENT, GOT_PAYMENT_REFUNDED, END},
     REFUNDED,
     PAYMENT_REFUNDED,
     TELL_PAID | TELL_CANCELLED | TELL_REFUNDED,
     "stock_insufficient"},
    {"paid while its hold ran out: product sells anew, or says that it cannot",
     {STOCK_RESERVED, GOT_PAYMENT_SUCCESS, HOLD_EXPIRED, DELIVERY_SHIPPED, END},
     SHIPPED,
     PAYMENT_SUCCESS,
     TELL_PAID,
     NULL},
    {"a refund that needs a hand",
     {STOCK_RESERVED, GOT_PAYMENT_SUCCESS, CANCEL_REQUESTED, GOT_REFUND_DUE, END},
     CANCELLED,
     PAYMENT_REFUND_DUE,
     TELL_PAID | TELL_CANCELLED,
     "customer"},
    {"under review, then accepted",
     {STOCK_RESERVED, GOT_PAYMENT_CHALLENGED, GOT_PAYMENT_PENDING, GOT_PAYMENT_SUCCESS, END},
     PAID,
     PAYMENT_SUCCESS,
     TELL_PAID,
     NULL},
    {"delivered, told twice",
     {STOCK_RESERVED, GOT_PAYMENT_SUCCESS, DELIVERY_SHIPPED, DELIVERY_SHIPPED, DELIVERY_SUCCESS,
      HOLD_EXPIRED},
     DELIVERED,
     PAYMENT_SUCCESS,
     TELL_PAID,
     NULL},
    {"too late to cancel",
     {GOT_PAYMENT_SUCCESS, DELIVERY_SHIPPED, CANCEL_REQUESTED, END},
     SHIPPED,
     PAYMENT_SUCCESS,
     TELL_PAID,
     NULL},
    {"lost on the way",
     {GOT_PAYMENT_SUCCESS, DELIVERY_SHIPPED, DELIVERY_FAILED, GOT_PAYMENT_REFUNDED, END},
     REFUNDED,
     PAYMENT_REFUNDED,
     TELL_PAID | TELL_REFUNDED,
     NULL},
};

static void play(const struct story *s)
{
    struct order o = {.status = RECEIVED, .version = 1};
    unsigned told = 0;

    for (size_t i = 0; i < 6 && s->events[i] != END; i++) {
        const struct order_event ev = event_of(s->events[i]);
        struct order_decision d = order_saga_decide(&o, &ev);

        if (d.answer == ORDER_CHANGE)
            order_saga_apply(&o, &ev, &d);
        told |= d.tell;
    }
    assert_int_equal(o.status, s->status);
    assert_int_equal(o.payment, s->payment);
    assert_int_equal(told, s->told);
    if (s->reason)
        assert_string_equal(o.cancel_reason, s->reason);
    else
        assert_null(o.cancel_reason);
}

static void stories_end_well(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof stories / sizeof *stories; i++) {
        print_message("%s\n", stories[i].name);
        play(&stories[i]);
    }
}

/* ---- every sequence ---- */

#define DEPTH 6

struct past { /* of one sequence so far */
    struct order o;
    unsigned heard;                /* bits of kinds */
    int paid, cancelled, refunded; /* the step at which each was told; 0: never */
    int steps;
};

static void must(int holds, const char *what)
{
    if (!holds)
        fail_msg("%s", what);
}

static void tell_once(int *told, unsigned bit, const struct order_decision *d, int step)
{
    if (!(d->tell & bit))
        return;
    must(*told == 0, "an event was told twice");
    *told = step;
}

static void check_step(const struct order *before, const struct order_event *ev,
                       const struct order_decision *d)
{
    struct order after = *before;

    if (d->answer != ORDER_CHANGE) {
        must(d->to == before->status && d->payment == before->payment && !d->tell,
             "no change, but something changed");
        return;
    }
    must(d->payment >= before->payment, "the money's status went back");
    must(d->to == before->status || !order_has_ended(before->status) ||
             (d->to == REFUNDED && ev->kind == GOT_PAYMENT_REFUNDED),
         "an end was left");
    must(!(d->tell & TELL_CANCELLED) || d->reason, "cancelled without a reason");
    order_saga_apply(&after, ev, d);
    must(order_saga_decide(&after, ev).answer != ORDER_CHANGE, "the same event changed it twice");
}

static void check_past(const struct past *p)
{
    enum order_status s = p->o.status;

    must(!p->paid || p->heard & 1U << GOT_PAYMENT_SUCCESS, "OrderPaid without money");
    must(s != PAID || (p->paid && !p->cancelled), "PAID and not told so");
    must((s != SHIPPED && s != DELIVERED && s != FAILED) || p->paid, "shipped unpaid");
    must(s != CANCELLED || p->cancelled, "CANCELLED and not told so");
    must(s != REFUNDED || p->refunded, "REFUNDED and not told so");
    /* Then payment hears of the cancellation after the money came, and pays it back. */
    must(!(p->paid && p->cancelled) || p->cancelled > p->paid, "paid after it was cancelled");
    must(!(s == CANCELLED && p->heard & 1U << GOT_PAYMENT_SUCCESS) ||
             p->o.payment >= PAYMENT_SUCCESS,
         "money for a cancelled order was forgotten");
}

static long walk(const struct past *p, int depth)
{
    long n = 1;

    check_past(p);
    for (int k = 0; depth < DEPTH && k < N_ORDER_EVENTS; k++) {
        const struct order_event ev = event_of((enum order_event_kind)k);
        struct order_decision d = order_saga_decide(&p->o, &ev);
        struct past next = *p;

        check_step(&p->o, &ev, &d);
        next.steps++;
        /* What is early is parked, and comes again: it has not been heard. */
        if (d.answer != ORDER_EARLY)
            next.heard |= 1U << k;
        tell_once(&next.paid, TELL_PAID, &d, next.steps);
        tell_once(&next.cancelled, TELL_CANCELLED, &d, next.steps);
        tell_once(&next.refunded, TELL_REFUNDED, &d, next.steps);
        if (d.answer == ORDER_CHANGE)
            order_saga_apply(&next.o, &ev, &d);
        n += walk(&next, depth + 1);
    }
    return n;
}

static void every_sequence_keeps_the_promises(void **state)
{
    const struct past start = {.o = {.status = RECEIVED, .version = 1}};

    (void)state;
    print_message("%ld sequences\n", walk(&start, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_pair_has_its_answer),
        cmocka_unit_test(stories_end_well),
        cmocka_unit_test(every_sequence_keeps_the_promises),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
