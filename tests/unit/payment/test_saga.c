/* test_saga.c - the payment's matrix, its stories, and a walk over every sequence of six news. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "workers/payment/saga.h"

#define TOTAL 300000

static struct payment payment_in(enum payment_state s)
{
    return (struct payment){.state = s, .total = money_of(TOTAL, "IDR")};
}

/* News as the provider would tell it of its one transaction. */
static struct payment_news news_of(enum news_kind k)
{
    struct payment_news n = {.kind = k};

    if (k >= SAYS_PENDING && k <= SAYS_CHARGEBACK) {
        n.transaction_id = "t-1";
        n.method = "qris";
        n.amount = money_of(TOTAL, "IDR");
    }
    if (k == CHARGE_ACCEPTED) {
        n.token = "token";
        n.url = "https://pay.example/1";
    }
    return n;
}

/* ---- the matrix ---- */

static void every_pair_has_its_answer(void **state)
{
    (void)state;
    print_message("%-20s", "");
    for (enum payment_state s = ABSENT; s < N_PAYMENT_STATES; s++)
        print_message(" %-13s", payment_state_name(s));
    for (enum news_kind k = ORDER_CREATED; k < N_NEWS_KINDS; k++) {
        print_message("\n%-20s", news_kind_name(k));
        for (enum payment_state s = ABSENT; s < N_PAYMENT_STATES; s++) {
            assert_non_null(payment_move_name(s, k));
            print_message(" %-13s", payment_move_name(s, k));
        }
    }
    print_message("\n");
}

/* Every state is there by its own name, so that rows and words cannot drift apart. */
static void states_have_names(void **state)
{
    (void)state;
    for (enum payment_state s = WAITING; s < N_PAYMENT_STATES; s++)
        assert_int_equal(payment_state_find(payment_state_name(s)), s);
    assert_int_equal(payment_state_find("PAID"), ABSENT);
    assert_int_equal(payment_state_find(NULL), ABSENT);
}

/* ---- stories ---- */

#define THE_END N_NEWS_KINDS

/* clang-format off */
static const struct story {
    const char *name;
    enum news_kind news[8]; /* ended by THE_END */
    enum payment_state end;
    const char *told;       /* the events, in order */
    const char *jobs;
    const char *items;
    const char *reason;
} stories[] = {
    {"paid", {ORDER_CREATED, STOCK_RESERVED, CHARGE_ACCEPTED, SAYS_PENDING, SAYS_SUCCESS, ORDER_PAID, DEADLINE, THE_END},
     SUCCESS, "PaymentPending PaymentSuccess ", "deadline charge ", "", NULL},
    {"out of stock", {ORDER_CREATED, STOCK_INSUFFICIENT, ORDER_CANCELLED, DEADLINE, THE_END},
     VOID, "", "deadline ", "", "stock_insufficient"},
    {"stock overtakes the order", {STOCK_RESERVED, ORDER_CREATED, STOCK_RESERVED, THE_END}, CHARGING, "", "deadline charge ", "", NULL},
    {"the provider refuses", {ORDER_CREATED, STOCK_RESERVED, CHARGE_REFUSED, ORDER_CANCELLED, THE_END},
     FAILED, "PaymentFailed ", "deadline charge ", "", "refused"},
    {"two cards refused, the third pays", {ORDER_CREATED, STOCK_RESERVED, CHARGE_ACCEPTED, SAYS_DENY, SAYS_DENY, SAYS_SUCCESS, THE_END},
     SUCCESS, "PaymentPending PaymentSuccess ", "deadline charge ", "", NULL},
    {"refused until the deadline", {ORDER_CREATED, STOCK_RESERVED, CHARGE_ACCEPTED, SAYS_DENY, CLOSED_DENIED, ORDER_CANCELLED, THE_END},
     FAILED, "PaymentPending PaymentFailed ", "deadline charge ", "", "denied"},
    {"nobody pays", {ORDER_CREATED, STOCK_RESERVED, CHARGE_ACCEPTED, CLOSED_UNPAID, ORDER_CANCELLED, THE_END},
     EXPIRED, "PaymentPending PaymentExpired ", "deadline charge ", "", "expired"},
    {"stock never answers", {ORDER_CREATED, DEADLINE, STOCK_RESERVED, THE_END}, EXPIRED, "PaymentExpired ", "deadline ", "", "expired"},
    {"the deadline meets a link that has just gone out", {ORDER_CREATED, STOCK_RESERVED, CHARGE_ACCEPTED, DEADLINE, THE_END},
     PENDING, "PaymentPending ", "deadline charge ", "", NULL},
    {"cancelled while charging", {ORDER_CREATED, STOCK_RESERVED, ORDER_CANCELLED, CHARGE_ACCEPTED, CLOSED_UNPAID, THE_END},
     VOID, "", "deadline charge close ", "", "order_cancelled"},
    {"cancelled while the customer pays", {ORDER_CREATED, STOCK_RESERVED, CHARGE_ACCEPTED, ORDER_CANCELLED, SAYS_SUCCESS, REFUND_DONE, THE_END},
     REFUNDED, "PaymentPending PaymentRefunded ", "deadline charge close refund ", "", "paid_late"},
    {"money after the end", {ORDER_CREATED, STOCK_RESERVED, CHARGE_ACCEPTED, CLOSED_UNPAID, SAYS_SUCCESS, SAYS_SUCCESS, REFUND_DONE, THE_END},
     REFUNDED, "PaymentPending PaymentExpired PaymentRefunded ", "deadline charge refund ", "", "paid_late"},
    {"a transfer has to go back by hand", {ORDER_CREATED, STOCK_RESERVED, CHARGE_ACCEPTED, SAYS_SUCCESS, ORDER_CANCELLED, REFUND_REFUSED, OPERATOR_REFUNDED, THE_END},
     REFUNDED, "PaymentPending PaymentSuccess RefundDue PaymentRefunded ", "deadline charge refund ", "refund_due ", "order_cancelled"},
    {"the refund is told before it is answered", {ORDER_CREATED, STOCK_RESERVED, CHARGE_ACCEPTED, SAYS_SUCCESS, ORDER_CANCELLED, SAYS_REFUND, REFUND_DONE, THE_END},
     REFUNDED, "PaymentPending PaymentSuccess PaymentRefunded ", "deadline charge refund ", "", "order_cancelled"},
    {"reviewed and accepted", {ORDER_CREATED, STOCK_RESERVED, CHARGE_ACCEPTED, SAYS_CHALLENGE, SAYS_CHALLENGE, SAYS_SUCCESS, THE_END},
     SUCCESS, "PaymentPending PaymentChallenged PaymentSuccess ", "deadline charge ", "challenge ", NULL},
    {"reviewed and denied", {ORDER_CREATED, STOCK_RESERVED, CHARGE_ACCEPTED, SAYS_CHALLENGE, SAYS_DENY, SAYS_DENY, THE_END},
     FAILED, "PaymentPending PaymentChallenged PaymentFailed ", "deadline charge ", "challenge ", "denied"},
    {"pending after success", {ORDER_CREATED, STOCK_RESERVED, CHARGE_ACCEPTED, SAYS_SUCCESS, SAYS_PENDING, THE_END},
     SUCCESS, "PaymentPending PaymentSuccess ", "deadline charge ", "", NULL},
    {"taken back by the bank", {ORDER_CREATED, STOCK_RESERVED, CHARGE_ACCEPTED, SAYS_SUCCESS, SAYS_DENY, THE_END},
     FAILED, "PaymentPending PaymentSuccess PaymentFailed ", "deadline charge ", "reversal ", "reversed"},
    {"disputed", {ORDER_CREATED, STOCK_RESERVED, CHARGE_ACCEPTED, SAYS_SUCCESS, SAYS_CHARGEBACK, SAYS_CHARGEBACK, THE_END},
     REFUNDED, "PaymentPending PaymentSuccess PaymentRefunded ", "deadline charge ", "chargeback chargeback ", "chargeback"},
    {"paid and refunded before we knew", {ORDER_CREATED, STOCK_RESERVED, CHARGE_ACCEPTED, SAYS_REFUND, SAYS_SUCCESS, THE_END},
     FAILED, "PaymentPending PaymentFailed ", "deadline charge ", "", "refunded"},
};
/* clang-format on */

struct run { /* what became of a sequence */
    struct payment p;
    char told[256], jobs[256], items[256];
};

static void add_word(char *to, size_t room, const char *word)
{
    size_t n = strlen(to);
    if (word)
        (void)snprintf(to + n, room - n, "%s ", word);
}

static struct payment_decision step(struct payment *p, const struct payment_news *n)
{
    struct payment_decision d = payment_decide(p, n);

    assert_int_equal(d.moves, d.to != p->state);
    if (n->kind == ORDER_CREATED && p->state == ABSENT) /* the worker makes the row */
        *p = payment_in(ABSENT);
    payment_apply(p, n, &d);
    return d;
}

static void take(struct run *r, enum news_kind k)
{
    struct payment_news n = news_of(k);
    struct payment_decision d = step(&r->p, &n);

    add_word(r->told, sizeof r->told, d.tell);
    add_word(r->jobs, sizeof r->jobs, d.job);
    add_word(r->items, sizeof r->items, d.item);
}

static void stories_end_as_told(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof stories / sizeof *stories; i++) {
        const struct story *s = &stories[i];
        struct run r = {.p = payment_in(ABSENT)};
        for (size_t k = 0; k < 8 && s->news[k] != THE_END; k++)
            take(&r, s->news[k]);
        print_message("%s\n", s->name);
        assert_int_equal(r.p.state, s->end);
        assert_string_equal(r.told, s->told);
        assert_string_equal(r.jobs, s->jobs);
        assert_string_equal(r.items, s->items);
        if (s->reason)
            assert_string_equal(r.p.reason, s->reason);
        else
            assert_null(r.p.reason);
    }
}

/* ---- every sequence ---- */

#define DEPTH 6

struct walk { /* the payment, and what the world has seen of it */
    struct payment p;
    int n_charges, n_refunds, n_success, n_returned, n_owed;
    bool was_cancelled, has_money; /* the provider said success, of an amount that fits */
};

static bool is_end(enum payment_state s)
{
    return s == FAILED || s == EXPIRED || s == VOID || s == REFUNDED;
}

static bool is_going_back(enum payment_state s)
{
    return s == REFUNDING || s == REFUNDED || s == REFUND_DUE;
}

static void count(struct walk *w, const struct payment_decision *d)
{
    w->n_charges += d->job && strcmp(d->job, "charge") == 0;
    w->n_refunds += d->job && strcmp(d->job, "refund") == 0;
    w->n_success += d->tell && strcmp(d->tell, "PaymentSuccess") == 0;
    w->n_returned += d->tell && strcmp(d->tell, "PaymentRefunded") == 0;
    w->n_owed += d->tell && strcmp(d->tell, "RefundDue") == 0;
}

static void check(const struct walk *before, const struct walk *w, const struct payment_news *n)
{
    enum payment_state from = before->p.state, to = w->p.state;

    assert_true(w->n_charges <= 1);
    assert_true(w->n_refunds <= 1);
    assert_true(w->n_success <= 1);
    assert_true(w->n_returned <= 1);
    assert_true(w->n_owed <= 1);
    assert_true(w->p.refunded_minor <= w->p.total.minor);
    assert_true(w->p.refunded_minor == 0 ||
                w->p.transaction_id); /* only money that came goes back */
    /* ends end: but for money that comes after them */
    if (is_end(from) && to != from)
        assert_true(from != REFUNDED && to == REFUNDING &&
                    (n->kind == SAYS_SUCCESS || n->kind == SAYS_PARTIAL_REFUND));
    /* nothing goes backwards */
    if (from != ABSENT)
        assert_true(to != ABSENT && (to != WAITING || from == WAITING));
    /* money for an order that nobody wants any more is given back */
    if (w->has_money && w->was_cancelled && w->p.transaction_id)
        assert_true(is_going_back(to) || to == FAILED);
    if (to == FAILED && w->p.transaction_id) /* then it is back already, or the bank took it */
        assert_true(w->p.refunded_minor == w->p.total.minor ||
                    strcmp(w->p.reason, "reversed") == 0);
    /* shipped goods were paid: success is told only with money */
    if (to == SUCCESS && from != SUCCESS)
        assert_true(w->has_money || n->kind == SAYS_PARTIAL_REFUND);
    if (to == REFUND_DUE)
        assert_int_equal(w->n_owed, 1);
    if (to == REFUNDED && from != REFUNDED)
        assert_int_equal(w->n_returned, 1);
}

static size_t n_steps;

static void walk_on(const struct walk *before, int depth)
{
    for (enum news_kind k = ORDER_CREATED; depth < DEPTH && k < N_NEWS_KINDS; k++) {
        struct walk w = *before;
        struct payment_news n = news_of(k);
        struct payment_decision d = step(&w.p, &n);
        bool learnt = k == SAYS_SUCCESS && before->p.state != ABSENT && before->p.state != WAITING;

        n_steps++;
        count(&w, &d);
        w.was_cancelled |= k == ORDER_CANCELLED && before->p.state != ABSENT;
        w.has_money |= learnt;
        check(before, &w, &n);
        if (memcmp(&w, before, sizeof w) !=
            0) /* what changes nothing is the same walk, one shorter */
            walk_on(&w, depth + 1);
    }
}

static void every_sequence_keeps_its_promises(void **state)
{
    struct walk start = {.p = payment_in(ABSENT)};
    (void)state;
    walk_on(&start, 0);
    print_message("%zu steps\n", n_steps);
    assert_true(n_steps > 10000);
}

/* The same from every state, so that no depth hides one. */
static void every_state_keeps_its_promises(void **state)
{
    (void)state;
    for (enum payment_state s = WAITING; s < N_PAYMENT_STATES; s++) {
        struct walk start = {.p = payment_in(s)};
        bool paid = s == SUCCESS || is_going_back(s);
        start.has_money = paid;
        start.n_refunds = is_going_back(s);
        start.n_success = s == SUCCESS;
        start.n_returned = s == REFUNDED;
        start.n_owed = s == REFUND_DUE;
        start.p.transaction_id = paid ? "t-1" : NULL;
        start.p.refunded_minor = s == REFUNDED ? TOTAL : 0;
        start.p.reason = "x";
        start.n_charges = s != WAITING;
        walk_on(&start, 0);
    }
}

/* ---- what the table does not say ---- */

static void another_amount_is_never_applied(void **state)
{
    (void)state;
    for (enum payment_state s = WAITING; s < N_PAYMENT_STATES; s++) {
        struct payment p = payment_in(s);
        struct payment_news n = news_of(SAYS_SUCCESS);
        struct payment_decision d;
        n.amount = money_of(TOTAL - 1, "IDR");
        d = payment_decide(&p, &n);
        assert_false(d.moves);
        assert_string_equal(d.item, "amount_mismatch");
        n.amount = money_of(TOTAL, "USD");
        assert_string_equal(payment_decide(&p, &n).item, "amount_mismatch");
    }
}

static void a_second_payment_is_for_a_person(void **state)
{
    struct payment p = payment_in(SUCCESS);
    struct payment_news n = news_of(SAYS_SUCCESS);
    struct payment_decision d;

    (void)state;
    p.transaction_id = "t-0";
    d = payment_decide(&p, &n);
    assert_false(d.moves);
    assert_string_equal(d.item, "second_payment");
    n.kind = SAYS_EXPIRE; /* of another try: nothing */
    assert_false(payment_is_news(&p, &n));
    n.kind = SAYS_DENY;
    assert_false(payment_is_news(&p, &n));
}

static void stale_news_costs_no_call(void **state)
{
    static const struct {
        enum payment_state s;
        enum news_kind k;
        bool is_news;
    } rows[] = {
        {PENDING, SAYS_PENDING, false},  {PENDING, SAYS_SUCCESS, true},
        {PENDING, SAYS_DENY, true},      {SUCCESS, SAYS_SUCCESS, false},
        {SUCCESS, SAYS_PENDING, false},  {SUCCESS, SAYS_REFUND, true},
        {VOID, SAYS_EXPIRE, false},      {VOID, SAYS_SUCCESS, true},
        {EXPIRED, SAYS_EXPIRE, false},   {REFUNDED, SAYS_REFUND, false},
        {REFUNDED, SAYS_SUCCESS, false}, {CHALLENGED, SAYS_CHALLENGE, false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct payment p = payment_in(rows[i].s);
        struct payment_news n = news_of(rows[i].k);
        assert_int_equal(payment_is_news(&p, &n), rows[i].is_news);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_pair_has_its_answer),
        cmocka_unit_test(states_have_names),
        cmocka_unit_test(stories_end_as_told),
        cmocka_unit_test(every_sequence_keeps_its_promises),
        cmocka_unit_test(every_state_keeps_its_promises),
        cmocka_unit_test(another_amount_is_never_applied),
        cmocka_unit_test(a_second_payment_is_for_a_person),
        cmocka_unit_test(stale_news_costs_no_call),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
