/* Payments in a real PostgreSQL: what is learnt is written once, whoever learns it, and however
 * many at a time. */
#include "tests/store/wrap/story.h"

#include "sql_payment.h"
#include "sql_saga.h"
#include "workers/payment/absorb.h"
#include "workers/payment/worker.h"
#include "wrap/crypt.h"

#define SQL(name, text) static const struct sql name = {#name, text}
#define TOTAL 300000

static int64_t life_us = 900 * US_PER_S; /* of a new payment */

SQL(clear_all, "truncate payment, bill, attempt, refusal, open_item, outbox, job restart identity");
SQL(count_told, "select count(*) from outbox");
SQL(count_success, "select count(*) from outbox where type = 'PaymentSuccess'");
SQL(count_charges, "select count(*) from job where kind = 'charge'");
SQL(count_deadlines, "select count(*) from job where kind = 'deadline'");
SQL(count_timers, "select count(*) from job where kind = 'deadline' and due_at > now()");
SQL(pass_deadlines, "update payment set expires_at = now()");
SQL(spread_deadlines, "update payment p set expires_at = now() - n.i * interval '1 microsecond'"
                      "  from (select order_id, row_number() over () as i from payment) n"
                      " where n.order_id = p.order_id");
SQL(finish_jobs, "delete from job");
SQL(count_refunds, "select count(*) from job where kind = 'refund'");
SQL(count_bills, "select count(*) from bill");
SQL(count_refusals, "select count(*) from refusal");
SQL(count_items, "select count(*) from open_item");
SQL(count_resolved, "select count(*) from open_item where resolved_at is not null");

static int start_clean(void **state)
{
    struct migration all[32] = {0};
    size_t n = 0;

    config_reset(state);
    for (const struct migration *m = saga_migrations; m->name; m++)
        all[n++] = *m;
    for (const struct migration *m = payment_migrations; m->name; m++)
        all[n++] = *m;
    crypt_init();
    return (int)migrate(&config, all).kind;
}

/* ---- what is learnt ---- */

static struct payment payment_of(struct id order)
{
    return (struct payment){.order_id = order,
                            .attempt_id = id_new(),
                            .user_id = 42,
                            .total = money_of(TOTAL, "IDR"),
                            .expires_us = clock_now_us() + life_us};
}

static const struct bill bill = {.number = "P-1",
                                 .email = "s@example.com",
                                 .username = "sari",
                                 .shipping_minor = 0,
                                 .lines = "[]"};

static struct piece piece_of(struct arena *a, struct id order, enum news_kind kind)
{
    struct piece p = {.order_id = order, .news = {.kind = kind}};

    if (kind == ORDER_CREATED) {
        struct payment made = payment_of(order);
        p.made = arena_memdup(a, &made, sizeof made);
        p.bill = &bill;
    }
    if (kind == CHARGE_ACCEPTED) {
        p.news.token = "token";
        p.news.url = "https://pay.example/1";
    }
    if (kind >= SAYS_PENDING && kind <= SAYS_CHARGEBACK) {
        p.news.transaction_id = "t-1";
        p.news.method = "qris";
        p.news.word = "word";
        p.news.amount = money_of(TOTAL, "IDR");
    }
    return p;
}

/* One transaction, as hear, jobs and requests make it. */
static struct err learn_all(struct arena *a, struct piece *pieces, size_t n)
{
    struct absorbing c = {.arena = a,
                          .outbox = outbox_new(a, "/payment", 1),
                          .jobs = job_list_new(a),
                          .now_us = clock_now_us()};
    struct err e = pg_begin(pg, a, &c.tx);

    if (e.kind)
        return e;
    e = absorb(&c, pieces, n);
    if (e.kind) {
        pg_rollback(c.tx);
        return e;
    }
    outbox_save(c.outbox, c.tx);
    job_list_save(c.jobs, c.tx);
    return pg_commit(c.tx);
}

static struct payment_decision learn(struct arena *a, struct id order, enum news_kind kind)
{
    struct piece p = piece_of(a, order, kind);

    CHECK_KIND(learn_all(a, &p, 1), ERR_NONE);
    return p.decision;
}

static struct payment now_is(struct arena *a, struct id order)
{
    struct shown s = {0};

    CHECK_KIND(store_get(pg, a, &order, &s), ERR_NONE);
    return s.p;
}

static struct id pending(struct arena *a)
{
    struct id order = id_new();

    CHECK_KIND(run(pg, &clear_all), ERR_NONE);
    learn(a, order, ORDER_CREATED);
    learn(a, order, STOCK_RESERVED);
    learn(a, order, CHARGE_ACCEPTED);
    return order;
}

/* ---- stories ---- */

static void paid(struct arena *a)
{
    struct id order = pending(a);
    struct brief_list briefs;
    struct payment_list found;
    struct payment p;

    CHECK(number(pg, &count_charges, a) == 1);
    CHECK(number(pg, &count_deadlines, a) == 0); /* the sweep finds it, should it come to that */
    learn(a, order, SAYS_SUCCESS);
    p = now_is(a, order);
    CHECK(p.state == SUCCESS);
    CHECK(strcmp(p.transaction_id, "t-1") == 0 && strcmp(p.method, "qris") == 0);
    CHECK(number(pg, &count_told, a) == 2); /* the link, and the success */
    CHECK_KIND(store_briefs(pg, a, &order, 1, &briefs), ERR_NONE);
    CHECK(briefs.n == 1 && strcmp(briefs.items[0].token, "token") == 0);
    CHECK(strcmp(briefs.items[0].bill.email, "s@example.com") == 0);
    CHECK_KIND(store_by_attempts(pg, a, &p.attempt_id, 1, &found), ERR_NONE);
    CHECK(found.n == 1 && id_equal(&found.items[0].order_id, &order));
    CHECK(found.items[0].expires_us == p.expires_us && money_equal(found.items[0].total, p.total));
}

/* An order heard again is the one that is there: its attempt is not made anew. */
static void heard_twice(struct arena *a)
{
    struct id order = id_new();
    struct payment first, later;

    CHECK_KIND(run(pg, &clear_all), ERR_NONE);
    learn(a, order, ORDER_CREATED);
    first = now_is(a, order);
    learn(a, order, STOCK_RESERVED);
    learn(a, order, ORDER_CREATED);
    later = now_is(a, order);
    CHECK(later.state == CHARGING);
    CHECK(id_equal(&later.attempt_id, &first.attempt_id));
    CHECK(number(pg, &count_bills, a) == 1);
}

static void many_in_one_batch(struct arena *a)
{
    struct piece pieces[192];
    struct id last = id_nil();

    CHECK_KIND(run(pg, &clear_all), ERR_NONE);
    for (size_t i = 0; i < 64; i++) {
        struct id order = id_new();
        pieces[i] = piece_of(a, order, ORDER_CREATED);
        pieces[64 + i] = piece_of(a, order, STOCK_RESERVED);
        pieces[128 + i] = piece_of(a, order, i % 2 ? ORDER_CANCELLED : ORDER_PAID);
        last = order;
    }
    CHECK_KIND(learn_all(a, pieces, 192), ERR_NONE);
    CHECK(number(pg, &count_bills, a) == 64);
    CHECK(number(pg, &count_charges, a) == 64);
    CHECK(now_is(a, last).state == VOID);
}

static void what_is_not_known_yet(struct arena *a)
{
    struct payment_decision d;

    CHECK_KIND(run(pg, &clear_all), ERR_NONE);
    d = learn(a, id_new(), STOCK_RESERVED);
    CHECK(d.effects & EARLY_NEWS);
    CHECK(number(pg, &count_charges, a) == 0);
    CHECK(number(pg, &count_bills, a) == 0);
}

/* ---- at the same time ---- */

struct rival {
    struct id order;
    enum news_kind kind;
};

static void learn_at_once(void *arg)
{
    struct rival *r = arg;
    struct arena *a = arena_new();

    learn(a, r->order, r->kind);
    arena_free(a);
    n_helpers--;
}

static void paid_twice_at_once(struct arena *a)
{
    struct rival r = {pending(a), SAYS_SUCCESS};

    for (int i = 0; i < 8; i++)
        help(learn_at_once, &r);
    while (n_helpers)
        task_sleep(MS);
    CHECK(number(pg, &count_success, a) == 1);
    CHECK(now_is(a, r.order).state == SUCCESS);
}

static void paid_and_cancelled_at_once(struct arena *a)
{
    for (int round = 0; round < 10; round++) {
        struct id order = pending(a);
        struct rival money = {order, SAYS_SUCCESS}, cancel = {order, ORDER_CANCELLED};
        help(learn_at_once, round % 2 ? &money : &cancel);
        help(learn_at_once, round % 2 ? &cancel : &money);
        while (n_helpers)
            task_sleep(MS);
        CHECK(now_is(a, order).state == REFUNDING); /* whichever came first */
        CHECK(number(pg, &count_refunds, a) == 1);
    }
}

/* ---- for people ---- */

static void told_once_to_people(struct arena *a)
{
    struct id order = pending(a);
    struct open_item_list items;
    struct open_item item;
    struct pg *tx;

    learn(a, order, SAYS_CHALLENGE);
    learn(a, order, SAYS_CHALLENGE);
    CHECK(number(pg, &count_items, a) == 1);
    CHECK_KIND(store_items(pg, a, 0, 100, &items), ERR_NONE);
    CHECK(items.n == 1 && strcmp(items.items[0].kind, "challenge") == 0);
    CHECK(items.items[0].amount.minor == TOTAL);
    learn(a, order, SAYS_SUCCESS); /* ends the review by itself */
    CHECK(number(pg, &count_resolved, a) == 1);
    CHECK_KIND(store_item(pg, a, items.items[0].id, &item), ERR_NOT_FOUND);
    learn(a, order, ORDER_CANCELLED);
    learn(a, order, REFUND_REFUSED);
    CHECK_KIND(store_items(pg, a, 0, 100, &items), ERR_NONE);
    CHECK(items.n == 1 && strcmp(items.items[0].kind, "refund_due") == 0);
    CHECK_KIND(pg_begin(pg, a, &tx), ERR_NONE);
    store_resolve_item(tx, a, items.items[0].id, "admin@example.com", "done");
    CHECK_KIND(pg_commit(tx), ERR_NONE);
    CHECK(number(pg, &count_resolved, a) == 2);
}

static void refusals_are_noted_once(struct arena *a)
{
    struct id order = pending(a);
    struct shown s;

    learn(a, order, SAYS_DENY);
    learn(a, order, SAYS_DENY);
    CHECK(number(pg, &count_refusals, a) == 1);
    CHECK(now_is(a, order).state == PENDING);
    learn(a, order, CLOSED_DENIED);
    CHECK_KIND(store_get(pg, a, &order, &s), ERR_NONE);
    CHECK(s.p.state == FAILED && strcmp(s.p.reason, "denied") == 0);
    CHECK(s.refusals.n == 1 && strcmp(s.url, "https://pay.example/1") == 0);
}

static void refunded_in_full(struct arena *a)
{
    struct id order = pending(a);

    learn(a, order, SAYS_SUCCESS);
    learn(a, order, ORDER_CANCELLED);
    learn(a, order, SAYS_REFUND);
    learn(a, order, REFUND_DONE);
    CHECK(now_is(a, order).state == REFUNDED);
    CHECK(now_is(a, order).refunded_minor == TOTAL);
    CHECK(number(pg, &count_told, a) == 3);
    CHECK(number(pg, &count_refunds, a) == 1);
}

/* ---- deadlines ---- */

static struct err sweep(struct arena *a)
{
    struct job job = {.kind = SWEEP_DEADLINES, .key = "all"};
    struct job *jobs[] = {&job};
    struct job_batch b = {
        .jobs = jobs, .n = 1, .arena = a, .later = job_list_new(a), .now_us = clock_now_us()};
    struct err e = pg_begin(pg, a, &b.tx);

    if (e.kind)
        return e;
    e = worker_sweep_deadlines(&b);
    CHECK(e.kind || job.fate == JOB_LATER);
    job_list_save(b.later, b.tx);
    if (!e.kind)
        return pg_commit(b.tx);
    pg_rollback(b.tx);
    return e;
}

/* What the sweep may have passed before it is committed has a timer of its own. */
static void near_deadlines_are_timers(struct arena *a)
{
    CHECK_KIND(run(pg, &clear_all), ERR_NONE);
    life_us = 30 * US_PER_S;
    learn(a, id_new(), ORDER_CREATED);
    life_us = 900 * US_PER_S;
    CHECK(number(pg, &count_timers, a) == 1);
}

static void passed_deadlines_are_found_once(struct arena *a)
{
    struct id unpaid = pending(a), paid = id_new();

    learn(a, paid, ORDER_CREATED);
    learn(a, paid, STOCK_RESERVED);
    learn(a, paid, SAYS_SUCCESS);
    CHECK_KIND(sweep(a), ERR_NONE);
    CHECK(number(pg, &count_deadlines, a) == 0); /* none has passed */
    CHECK_KIND(run(pg, &pass_deadlines), ERR_NONE);
    CHECK_KIND(sweep(a), ERR_NONE);
    CHECK(number(pg, &count_deadlines, a) == 1);
    learn(a, unpaid, CLOSED_UNPAID);
    CHECK_KIND(run(pg, &finish_jobs), ERR_NONE);
    CHECK_KIND(sweep(a), ERR_NONE);
    CHECK(number(pg, &count_deadlines, a) == 0);
}

/* More than one sweep takes, all at the same moment: the next goes on where it ended. */
static void many_deadlines_pass_at_once(struct arena *a)
{
    struct piece pieces[100];
    struct id_list passed;
    size_t n_found = 0;
    struct pg *tx;

    CHECK_KIND(run(pg, &clear_all), ERR_NONE);
    for (size_t i = 0; i < 100; i++)
        pieces[i] = piece_of(a, id_new(), ORDER_CREATED);
    CHECK_KIND(learn_all(a, pieces, 100), ERR_NONE);
    CHECK_KIND(run(pg, &spread_deadlines), ERR_NONE);
    do {
        CHECK_KIND(pg_begin(pg, a, &tx), ERR_NONE);
        CHECK_KIND(store_sweep_deadlines(tx, a, 30, &passed), ERR_NONE);
        CHECK_KIND(pg_commit(tx), ERR_NONE);
        n_found += passed.n;
    } while (passed.n == 30);
    CHECK(n_found >= 100 && n_found <= 103); /* the last of each again */
}

#define STORY(name)                                                                                \
    static void test_##name(void **state)                                                          \
    {                                                                                              \
        (void)state;                                                                               \
        tell(name);                                                                                \
    }

STORY(paid)
STORY(heard_twice)
STORY(many_in_one_batch)
STORY(what_is_not_known_yet)
STORY(paid_twice_at_once)
STORY(paid_and_cancelled_at_once)
STORY(told_once_to_people)
STORY(refusals_are_noted_once)
STORY(refunded_in_full)
STORY(near_deadlines_are_timers)
STORY(passed_deadlines_are_found_once)
STORY(many_deadlines_pass_at_once)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_paid),
        cmocka_unit_test(test_heard_twice),
        cmocka_unit_test(test_many_in_one_batch),
        cmocka_unit_test(test_what_is_not_known_yet),
        cmocka_unit_test(test_paid_twice_at_once),
        cmocka_unit_test(test_paid_and_cancelled_at_once),
        cmocka_unit_test(test_told_once_to_people),
        cmocka_unit_test(test_refusals_are_noted_once),
        cmocka_unit_test(test_refunded_in_full),
        cmocka_unit_test(test_near_deadlines_are_timers),
        cmocka_unit_test(test_passed_deadlines_are_found_once),
        cmocka_unit_test(test_many_deadlines_pass_at_once),
    };

    story_begin();
    return cmocka_run_group_tests(tests, start_clean, NULL);
}
