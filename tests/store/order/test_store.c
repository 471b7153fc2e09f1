/* test_store.c - orders, keys, steps and the copy of the catalogue in a real PostgreSQL. */
#include "tests/store/wrap/story.h"

#include "sql_order.h"
#include "sql_saga.h"
#include "workers/order/store.h"

#define SQL(name, text) static const struct sql name = {#name, text}

SQL(clear_all, "truncate orders, order_details, order_history, idempotency, catalogue");
SQL(count_keys, "select count(*) from idempotency");

static const int64_t now = INT64_C(1767323045678901);

static int start_clean(void **state)
{
    struct migration all[32] = {0};
    size_t n = 0;

    config_reset(state);
    for (const struct migration *m = saga_migrations; m->name; m++)
        all[n++] = *m;
    for (const struct migration *m = order_migrations; m->name; m++)
        all[n++] = *m;
    return (int)migrate(&config, all).kind;
}

static struct order order_of(int64_t user_id)
{
    return (struct order){
        .id = id_new(),
        .user_id = user_id,
        .number = "P-20260102-7K3QX9",
        .email = "sari@example.com",
        .username = "sari",
        .currency = "IDR",
        .subtotal = 300000,
        .total = 300000,
        .items = "[{\"product_id\":7,\"name\":\"Kopi\",\"quantity\":2,\"price\":150000}]",
        .created_us = now,
        .expires_us = now + 900 * US_PER_S,
    };
}

static struct pg *begin(struct arena *a)
{
    struct pg *tx = NULL;

    CHECK_KIND(pg_begin(pg, a, &tx), ERR_NONE);
    return tx;
}

static void insert(struct arena *a, struct order *o)
{
    struct pg *tx = begin(a);

    order_store_insert(tx, a, &o, 1);
    CHECK_KIND(pg_commit(tx), ERR_NONE);
}

static void what_was_agreed_is_kept(struct arena *a)
{
    struct order o = order_of(42), got;

    o.shipping_address = "{\"city\":\"Jakarta\"}";
    insert(a, &o);
    CHECK_KIND(order_store_get(pg, a, &o.id, &got), ERR_NONE);
    CHECK(id_equal(&got.id, &o.id) && got.user_id == 42 && got.status == RECEIVED);
    CHECK(got.payment == PAYMENT_NONE && !got.payment_url && !got.payment_expires_us);
    CHECK(got.total == 300000 && got.subtotal == 300000 && got.shipping == 0);
    CHECK(strcmp(got.items, o.items) == 0);
    CHECK(strcmp(got.shipping_address, o.shipping_address) == 0);
    CHECK(strcmp(got.number, o.number) == 0 && strcmp(got.currency, "IDR") == 0);
    CHECK(got.created_us == o.created_us && got.expires_us == o.expires_us);
    o.id = id_new();
    CHECK_KIND(order_store_get(pg, a, &o.id, &got), ERR_NOT_FOUND);
}

static void too_much_is_refused(struct arena *a)
{
    struct order o = order_of(42);
    struct order *one = &o;
    struct pg *tx = begin(a);

    o.subtotal = INT64_C(1000000000000);
    order_store_insert(tx, a, &one, 1);
    CHECK_KIND(pg_commit(tx), ERR_CONFLICT);
}

static void lists_are_newest_first(struct arena *a)
{
    struct order o[3] = {order_of(7), order_of(7), order_of(8)};
    struct order_filter f = {.user_id = 7, .status = "", .limit = 10};
    struct order_list list;

    CHECK_KIND(run(pg, &clear_all), ERR_NONE);
    for (size_t i = 0; i < 3; i++)
        insert(a, &o[i]);
    memset(&f.before, 0xff, sizeof f.before);
    CHECK_KIND(order_store_list(pg, a, &f, &list), ERR_NONE);
    CHECK(list.n == 2 && id_equal(&list.orders[0].id, &o[1].id) &&
          id_equal(&list.orders[1].id, &o[0].id));
    f.before = o[1].id;
    CHECK_KIND(order_store_list(pg, a, &f, &list), ERR_NONE);
    CHECK(list.n == 1 && id_equal(&list.orders[0].id, &o[0].id));
    f.status = "PAID";
    CHECK_KIND(order_store_list(pg, a, &f, &list), ERR_NONE);
    CHECK(list.n == 0);
    f = (struct order_filter){.status = "RECEIVED", .limit = 2};
    memset(&f.before, 0xff, sizeof f.before);
    CHECK_KIND(order_store_list(pg, a, &f, &list), ERR_NONE);
    CHECK(list.n == 2 && list.orders[0].user_id == 8);
}

/* ---- keys ---- */

static struct order_claim claim_of(const char *key, struct id order_id)
{
    return (struct order_claim){42, key, "00ff", order_id, false};
}

static void claim(struct pg *tx, struct arena *a, struct order_claim *c)
{
    CHECK_KIND(order_store_claim_keys(tx, a, &c, 1, now), ERR_NONE);
}

static void a_key_is_won_once(struct arena *a)
{
    struct order o = order_of(42), *one = &o;
    struct order_claim first = claim_of("k1", o.id), second = claim_of("k1", id_new());
    struct order_key key;
    struct pg *tx = begin(a);

    claim(tx, a, &first);
    order_store_insert(tx, a, &one, 1);
    CHECK(first.won);
    CHECK_KIND(pg_commit(tx), ERR_NONE);
    tx = begin(a);
    claim(tx, a, &second);
    CHECK(!second.won);
    pg_rollback(tx);
    CHECK_KIND(order_store_find_key(pg, a, 42, "k1", &key), ERR_NONE);
    CHECK(id_equal(&key.order_id, &o.id) && key.total == 300000 &&
          strcmp(key.body_hash, "00ff") == 0);
    CHECK_KIND(order_store_find_key(pg, a, 43, "k1", &key), ERR_NOT_FOUND);
}

static struct order_claim racing;

static void race(void *arg)
{
    struct arena *a = arena_new();
    struct pg *tx = begin(a);

    (void)arg;
    claim(tx, a, &racing); /* waits for the other transaction */
    CHECK_KIND(pg_commit(tx), ERR_NONE);
    arena_free(a);
    n_helpers--;
}

static void the_second_waits_for_the_first(struct arena *a)
{
    struct order_claim first = claim_of("k2", id_new());
    struct pg *tx = begin(a);

    racing = claim_of("k2", id_new());
    claim(tx, a, &first);
    help(race, NULL);
    task_sleep(30 * MS);
    CHECK_KIND(pg_commit(tx), ERR_NONE);
    while (n_helpers)
        task_sleep(MS);
    CHECK(first.won && !racing.won);
}

static void a_released_key_is_free(struct arena *a)
{
    struct order_claim first = claim_of("k3", id_new()), again = claim_of("k3", id_new()),
                       *one = &first;
    struct pg *tx = begin(a);

    claim(tx, a, &first);
    order_store_release_keys(tx, a, &one, 1);
    claim(tx, a, &again);
    CHECK(again.won);
    pg_rollback(tx);
}

static void old_keys_are_swept(struct arena *a)
{
    struct order_claim old = claim_of("k4", id_new());
    struct pg *tx;
    int64_t n;

    CHECK_KIND(run(pg, &clear_all), ERR_NONE);
    tx = begin(a);
    claim(tx, a, &old);
    CHECK_KIND(pg_commit(tx), ERR_NONE);
    CHECK_KIND(order_store_sweep_keys(pg, a, now, &n), ERR_NONE);
    CHECK(n == 0);
    CHECK_KIND(order_store_sweep_keys(pg, a, now + 1, &n), ERR_NONE);
    CHECK(n == 1 && number(pg, &count_keys, a) == 0);
}

static void serials_come_in_blocks(struct arena *a)
{
    uint32_t first = 0, second = 0;

    CHECK_KIND(order_store_take_numbers(pg, a, &first), ERR_NONE);
    CHECK_KIND(order_store_take_numbers(pg, a, &second), ERR_NONE);
    CHECK(second == first + 1024);
}

/* ---- steps ---- */

static void take_steps(struct arena *a, struct id id, const struct order_event *events, size_t n)
{
    const struct id ids[] = {id_new(), id, id};
    struct pg *tx = begin(a);
    struct order_set set;

    CHECK_KIND(order_store_lock(tx, a, ids, 3, &set), ERR_NONE);
    CHECK(set.n == 1 && !order_set_find(&set, ids[0]));
    for (size_t i = 0; i < n; i++)
        CHECK(order_set_absorb(&set, order_set_find(&set, id), &events[i], NULL) == ORDER_CHANGE);
    CHECK_KIND(order_store_details(tx, a, &set), ERR_NONE);
    CHECK(!set.rows[0].tell || strcmp(set.rows[0].order.email, "sari@example.com") == 0);
    order_store_save(tx, a, &set, now);
    CHECK_KIND(pg_commit(tx), ERR_NONE);
}

static void steps_are_kept(struct arena *a)
{
    const struct order_event reserved = {.kind = STOCK_RESERVED};
    const struct order_event rest[] = {
        {.kind = GOT_PAYMENT_PENDING,
         .payment_url = "https://pay.example/1",
         .payment_expires_us = now + 1},
        {.kind = GOT_PAYMENT_SUCCESS},
        {.kind = CANCEL_REQUESTED, .reason = "customer", .note = "too slow"},
    };
    static const char *const statuses[] = {"AWAITING_PAYMENT", "PAID", "CANCELLED"};
    struct order o = order_of(42), got;
    struct order_history history;

    insert(a, &o);
    take_steps(a, o.id, &reserved, 1);
    take_steps(a, o.id, rest, 3);
    CHECK_KIND(order_store_get(pg, a, &o.id, &got), ERR_NONE);
    CHECK(got.status == CANCELLED && got.payment == PAYMENT_SUCCESS && got.version == 5);
    CHECK(strcmp(got.cancel_reason, "customer") == 0);
    CHECK(strcmp(got.payment_url, "https://pay.example/1") == 0 &&
          got.payment_expires_us == now + 1);
    CHECK_KIND(order_store_history(pg, a, &o.id, &history), ERR_NONE);
    CHECK(history.n == 3);
    for (size_t i = 0; i < history.n && i < 3; i++)
        CHECK(strcmp(history.steps[i].status, statuses[i]) == 0 && history.steps[i].at_us == now);
    CHECK(!history.steps[0].reason && strcmp(history.steps[2].reason, "too slow") == 0);
}

/* ---- the catalogue ---- */

static void keep(struct arena *a, const struct product_event *p, size_t n)
{
    struct pg *tx = begin(a);

    order_store_keep_products(tx, a, p, n);
    CHECK_KIND(pg_commit(tx), ERR_NONE);
}

static void the_newest_version_counts(struct arena *a)
{
    const struct product_event first[] = {
        {7, 3, "Kopi", "IDR", 150000, 250, true},
        {2, 1, "Teh", "IDR", 25000, 100, true},
    };
    const struct product_event then[] = {
        {7, 2, "Kopi lama", "IDR", 1, 250, true}, /* late */
        {2, 2, "", "", 0, 0, false},              /* removed */
        {9, 1, "", "", 0, 0, false},              /* removed before we knew it */
    };
    const int64_t ids[] = {9, 7, 2, 7, 100};
    struct catalogue known;

    CHECK_KIND(run(pg, &clear_all), ERR_NONE);
    keep(a, first, 2);
    keep(a, then, 3);
    CHECK_KIND(order_store_catalogue(pg, a, ids, 5, &known), ERR_NONE);
    CHECK(known.n == 3);
    if (known.n != 3)
        return;
    CHECK(known.entries[0].product_id == 2 && !known.entries[0].active);
    CHECK(strcmp(known.entries[0].name, "Teh") == 0 && known.entries[0].price == 25000);
    CHECK(known.entries[1].product_id == 7 && known.entries[1].price == 150000 &&
          known.entries[1].active);
    CHECK(known.entries[2].product_id == 9 && !known.entries[2].active);
}

#define STORY(name)                                                                                \
    static void test_##name(void **state)                                                          \
    {                                                                                              \
        (void)state;                                                                               \
        tell(name);                                                                                \
    }

STORY(what_was_agreed_is_kept)
STORY(too_much_is_refused)
STORY(lists_are_newest_first)
STORY(a_key_is_won_once)
STORY(the_second_waits_for_the_first)
STORY(a_released_key_is_free)
STORY(old_keys_are_swept)
STORY(serials_come_in_blocks)
STORY(steps_are_kept)
STORY(the_newest_version_counts)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_was_agreed_is_kept),
        cmocka_unit_test(test_too_much_is_refused),
        cmocka_unit_test(test_lists_are_newest_first),
        cmocka_unit_test(test_a_key_is_won_once),
        cmocka_unit_test(test_the_second_waits_for_the_first),
        cmocka_unit_test(test_a_released_key_is_free),
        cmocka_unit_test(test_old_keys_are_swept),
        cmocka_unit_test(test_serials_come_in_blocks),
        cmocka_unit_test(test_steps_are_kept),
        cmocka_unit_test(test_the_newest_version_counts),
    };

    story_begin();
    return cmocka_run_group_tests(tests, start_clean, NULL);
}
