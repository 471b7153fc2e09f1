/* test_holds.c - batches of orders on a real PostgreSQL: what is held, sold and told, and that
 * units add up whatever is repeated, undone or comes late. */
#include "tests/store/wrap/story.h"

#include "sql_product.h"
#include "sql_saga.h"
#include "workers/product/events.h"
#include "workers/product/product.h"
#include "workers/product/store.h"
#include "workers/product/worker.h"

#define GRACE_S 60
#define SQL(name, text) static const struct sql name = {#name, text}

SQL(clear_all, "truncate product, stock, stock_movement, hold, outbox, job cascade");
SQL(count_told, "select count(*) from outbox");
SQL(count_reserved, "select count(*) from outbox where type = 'StockReserved'");
SQL(count_expired, "select count(*) from outbox where type = 'HoldExpired'");
SQL(count_timers, "select count(*) from job where kind = 'hold_expire'");
SQL(sum_sold, "select coalesce(sum(sold), 0)::bigint from stock");
SQL(sum_held, "select coalesce(sum(held), 0)::bigint from stock");
SQL(sum_free, "select coalesce(sum(on_hand), 0)::bigint from stock");
SQL(sold_unpaid,
    "select count(*) from hold where state = 'sold' and not order_id = any ($1::uuid[])");

static struct product_config product_settings = {.hold_grace_s = GRACE_S};

static int start_clean(void **state)
{
    struct migration all[32] = {0};
    size_t n = 0;

    config_reset(state);
    for (const struct migration *m = saga_migrations; m->name; m++)
        all[n++] = *m;
    for (const struct migration *m = product_migrations; m->name; m++)
        all[n++] = *m;
    return (int)migrate(&config, all).kind;
}

/* ---- set-up ---- */

static int64_t stocked(struct arena *a, const char *name, int64_t units)
{
    struct product p = {.name = name,
                        .slug = name,
                        .description = "",
                        .price_minor = 1000,
                        .currency = "IDR",
                        .image_urls = "[]",
                        .active = true};
    struct movement m = {.delta = units, .reason = "first stock", .user_id = 1};
    struct pg *tx;

    CHECK_KIND(pg_begin(pg, a, &tx), ERR_NONE);
    CHECK_KIND(product_store_insert(tx, a, &p), ERR_NONE);
    m.product_id = p.id;
    if (units > 0)
        CHECK_KIND(product_store_move(tx, a, &m), ERR_NONE);
    CHECK_KIND(pg_commit(tx), ERR_NONE);
    return p.id;
}

static const char *text_of(struct arena *a, struct id id)
{
    char *text = arena_alloc(a, ID_TEXT_SIZE);

    id_format(&id, text);
    return text;
}

static struct event order_event(struct arena *a, const char *type, struct id order, json_t *data)
{
    const char *subject = text_of(a, order);

    json_object_set_new(data, "order_id", json_string(subject));
    return (struct event){.type = type, .subject = subject, .data = json_keep(a, data)};
}

static struct event created(struct arena *a, struct id order, int64_t product_id, int64_t quantity)
{
    char expires[TIME_TEXT_SIZE];

    time_format(clock_now_us() + US_PER_S, expires);
    return order_event(a, "OrderCreated", order,
                       json_pack("{s:s, s:[{s:I, s:I}]}", "expires_at", expires, "items",
                                 "product_id", (json_int_t)product_id, "quantity",
                                 (json_int_t)quantity));
}

static struct event paid(struct arena *a, struct id order)
{
    return order_event(a, "OrderPaid", order, json_object());
}

static struct event cancelled(struct arena *a, struct id order)
{
    return order_event(a, "OrderCancelled", order, json_object());
}

/* As hear does it. */
static struct err hear(struct arena *a, struct event *events, size_t n, bool undo)
{
    struct batch b = {.events = events,
                      .n = n,
                      .arena = a,
                      .outbox = outbox_new(a, "/product", 1),
                      .jobs = job_list_new(a),
                      .now_us = clock_now_us(),
                      .domain = &product_settings};
    struct err e = pg_begin(pg, a, &b.tx);

    if (e.kind)
        return e;
    e = product_hear_orders(&b);
    if (e.kind || undo) {
        pg_rollback(b.tx);
        return e;
    }
    outbox_save(b.outbox, b.tx);
    job_list_save(b.jobs, b.tx);
    return pg_commit(b.tx);
}

static int64_t put_off_to_us; /* by the timer that ran last */

/* As the runner does it, at a time of our choice. */
static enum job_fate timer_runs(struct arena *a, struct id order, int64_t now_us)
{
    struct job job = {.kind = "hold_expire", .key = text_of(a, order), .arena = a};
    struct job *jobs[] = {&job};
    struct job_batch b = {.jobs = jobs,
                          .n = 1,
                          .arena = a,
                          .outbox = outbox_new(a, "/product", 1),
                          .later = job_list_new(a),
                          .now_us = now_us,
                          .domain = &product_settings};

    CHECK_KIND(pg_begin(pg, a, &b.tx), ERR_NONE);
    CHECK_KIND(product_jobs[0].settle(&b), ERR_NONE);
    outbox_save(b.outbox, b.tx);
    CHECK_KIND(pg_commit(b.tx), ERR_NONE);
    put_off_to_us = job.again_us;
    return job.fate;
}

static void audit(struct arena *a)
{
    struct pg_rows rows;

    CHECK_KIND(pg_exec(pg, &sql_audit_stock, NULL, a, &rows), ERR_NONE);
    CHECK(rows.n == 0);
}

/* ---- stories ---- */

static void a_batch_is_decided_one_by_one(struct arena *a)
{
    struct id first = id_new(), second = id_new(), third = id_new();
    int64_t coffee, tea;
    struct event events[5];

    CHECK_KIND(run(pg, &clear_all), ERR_NONE);
    coffee = stocked(a, "coffee", 3);
    tea = stocked(a, "tea", 0);
    events[0] = created(a, first, coffee, 2);
    events[1] = created(a, second, coffee, 2); /* one is left */
    events[2] = paid(a, first);
    events[3] = created(a, third, tea, 1);
    events[4] = created(a, first, coffee, 2); /* again */
    CHECK_KIND(hear(a, events, 5, false), ERR_NONE);
    CHECK(number(pg, &sum_sold, a) == 2 && number(pg, &sum_held, a) == 0);
    CHECK(number(pg, &sum_free, a) == 1);
    CHECK(number(pg, &count_told, a) == 3 && number(pg, &count_reserved, a) == 1);
    CHECK(number(pg, &count_timers, a) == 0); /* paid in the batch it came in */
    audit(a);
}

static void a_timer_ends_what_is_held(struct arena *a)
{
    struct id order = id_new();
    struct event came, was_paid;
    int64_t now = clock_now_us();

    CHECK_KIND(run(pg, &clear_all), ERR_NONE);
    came = created(a, order, stocked(a, "coffee", 3), 3);
    CHECK_KIND(hear(a, &came, 1, false), ERR_NONE);
    CHECK(number(pg, &count_timers, a) == 1 && number(pg, &sum_held, a) == 3);
    CHECK(timer_runs(a, order, now) == JOB_LATER);
    /* Beyond its time: by the clock of the database, which claims, that has come already. */
    CHECK(put_off_to_us > now + (GRACE_S + 5) * US_PER_S);
    CHECK(put_off_to_us < now + (GRACE_S + 15) * US_PER_S);
    CHECK(number(pg, &sum_held, a) == 3);
    CHECK(timer_runs(a, order, now + 2 * GRACE_S * US_PER_S) == JOB_DONE);
    CHECK(number(pg, &sum_free, a) == 3 && number(pg, &count_expired, a) == 1);
    was_paid = paid(a, order);
    CHECK_KIND(hear(a, &was_paid, 1, false), ERR_NONE); /* late, and still enough */
    CHECK(number(pg, &sum_sold, a) == 3);
    CHECK(timer_runs(a, order, now + 3 * GRACE_S * US_PER_S) == JOB_DONE);
    CHECK(number(pg, &sum_sold, a) == 3);
    audit(a);
}

static void timers_go_with_the_hold(struct arena *a)
{
    struct id one = id_new(), two = id_new();
    struct event events[2];
    int64_t coffee;

    CHECK_KIND(run(pg, &clear_all), ERR_NONE);
    coffee = stocked(a, "coffee", 9);
    events[0] = created(a, one, coffee, 1);
    events[1] = created(a, two, coffee, 1);
    CHECK_KIND(hear(a, events, 2, false), ERR_NONE);
    CHECK(number(pg, &count_timers, a) == 2);
    events[0] = paid(a, one);
    CHECK_KIND(hear(a, events, 1, false), ERR_NONE);
    CHECK(number(pg, &count_timers, a) == 1);
    events[0] = cancelled(a, two);
    CHECK_KIND(hear(a, events, 1, false), ERR_NONE);
    CHECK(number(pg, &count_timers, a) == 0);
    CHECK(number(pg, &sum_free, a) == 8);
    audit(a);
}

static void verdicts(struct arena *a)
{
    struct event events[3];

    CHECK_KIND(run(pg, &clear_all), ERR_NONE);
    events[0] = paid(a, id_new());
    events[1] = order_event(a, "OrderCreated", id_new(), json_object());
    events[2] = order_event(a, "OrderSomethingNew", id_new(), json_object());
    CHECK_KIND(hear(a, events, 3, false), ERR_NONE);
    CHECK(events[0].verdict == EARLY && events[1].verdict == BROKEN);
    CHECK(events[2].verdict == ABSORBED);
    CHECK(number(pg, &count_told, a) == 0);
}

static void stock_is_not_taken_from_orders(struct arena *a)
{
    struct event came;
    struct movement m = {.reason = "lost", .user_id = 1};
    struct pg *tx;

    CHECK_KIND(run(pg, &clear_all), ERR_NONE);
    m.product_id = stocked(a, "coffee", 5);
    came = created(a, id_new(), m.product_id, 3);
    CHECK_KIND(hear(a, &came, 1, false), ERR_NONE);
    m.delta = -3;
    CHECK_KIND(pg_begin(pg, a, &tx), ERR_NONE);
    CHECK_KIND(product_store_move(tx, a, &m), ERR_CONFLICT);
    pg_rollback(tx);
    m.delta = -2;
    CHECK_KIND(pg_begin(pg, a, &tx), ERR_NONE);
    CHECK_KIND(product_store_move(tx, a, &m), ERR_NONE);
    CHECK_KIND(pg_commit(tx), ERR_NONE);
    CHECK(number(pg, &sum_free, a) == 0 && number(pg, &sum_held, a) == 3);
    audit(a);
}

/* ---- a storm: many batches at random, some undone and repeated ---- */

#define N_ORDERS 120
#define N_PRODUCTS 4
#define N_BATCHES 60

static struct id orders[N_ORDERS], paid_orders[N_ORDERS];
static bool is_paid[N_ORDERS];
static int64_t products[N_PRODUCTS];
static uint32_t dice = 12345;

static uint32_t roll(uint32_t n)
{
    dice = dice * 1664525U + 1013904223U;
    return (dice >> 8) % n;
}

static struct event random_event(struct arena *a)
{
    size_t i = roll(N_ORDERS);

    switch (roll(4)) {
    case 0:
    case 1:
        return created(a, orders[i], products[roll(N_PRODUCTS)], 1 + roll(3));
    case 2:
        is_paid[i] = true;
        return paid(a, orders[i]);
    default:
        return cancelled(a, orders[i]);
    }
}

static void random_batch(struct arena *a)
{
    struct event events[32];
    size_t n = 1 + roll(32);

    for (size_t i = 0; i < n; i++)
        events[i] = random_event(a);
    if (roll(4) == 0) /* it dies before its commit, and comes again */
        CHECK_KIND(hear(a, events, n, true), ERR_NONE);
    for (size_t i = 0; i < n; i++)
        events[i].verdict = ABSORBED;
    CHECK_KIND(hear(a, events, n, false), ERR_NONE);
    if (roll(3) == 0) /* it comes twice */
        CHECK_KIND(hear(a, events, n, false), ERR_NONE);
    if (roll(2) == 0)
        (void)timer_runs(a, orders[roll(N_ORDERS)], clock_now_us() + 1000 * US_PER_S);
}

static void units_add_up_in_a_storm(struct arena *a)
{
    struct pg_args *args = pg_args(a);
    struct pg_rows rows;
    size_t n = 0;

    CHECK_KIND(run(pg, &clear_all), ERR_NONE);
    for (size_t i = 0; i < N_PRODUCTS; i++)
        products[i] = stocked(a, arena_printf(a, "product-%zu", i), 20);
    for (size_t i = 0; i < N_ORDERS; i++)
        orders[i] = id_new();
    for (size_t i = 0; i < N_BATCHES; i++)
        random_batch(a);
    audit(a);
    CHECK(number(pg, &sum_free, a) + number(pg, &sum_held, a) + number(pg, &sum_sold, a) == 80);
    CHECK(number(pg, &sum_sold, a) > 0);
    for (size_t i = 0; i < N_ORDERS; i++)
        if (is_paid[i])
            paid_orders[n++] = orders[i];
    pg_add_ids(args, paid_orders, n);
    CHECK_KIND(pg_exec(pg, &sold_unpaid, args, a, &rows), ERR_NONE);
    CHECK(rows.n == 1 && pg_i64(&rows, 0, 0) == 0);
}

#define STORY(name)                                                                                \
    static void test_##name(void **state)                                                          \
    {                                                                                              \
        (void)state;                                                                               \
        tell(name);                                                                                \
    }

STORY(a_batch_is_decided_one_by_one)
STORY(a_timer_ends_what_is_held)
STORY(timers_go_with_the_hold)
STORY(verdicts)
STORY(stock_is_not_taken_from_orders)
STORY(units_add_up_in_a_storm)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_batch_is_decided_one_by_one),
        cmocka_unit_test(test_a_timer_ends_what_is_held),
        cmocka_unit_test(test_timers_go_with_the_hold),
        cmocka_unit_test(test_verdicts),
        cmocka_unit_test(test_stock_is_not_taken_from_orders),
        cmocka_unit_test(test_units_add_up_in_a_storm),
    };

    story_begin();
    return cmocka_run_group_tests(tests, start_clean, NULL);
}
