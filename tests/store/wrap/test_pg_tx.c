/* test_pg_tx.c - transactions, against a real PostgreSQL. */
#include "story.h"

#define SQL(name, text) static const struct sql name = {#name, text}

SQL(drop_all, "drop table if exists item, late cascade");
SQL(create_item, "create table item (id bigint constraint item_once primary key, n bigint)");
SQL(create_late, "create table late (id bigint constraint late_once unique deferrable initially "
                 "deferred)");
SQL(add_item, "insert into item values ($1::bigint, 0)");
SQL(add_late, "insert into late values ($1::bigint)");
SQL(count_items, "select count(*) from item");
SQL(count_late, "select count(*) from late");
SQL(lock_item, "update item set n = n + 1 where id = $1::bigint");
SQL(quick_deadlocks, "set local deadlock_timeout = '20ms'");
SQL(nap, "select pg_sleep($1::bigint / 1000.0)");
SQL(add_large, "insert into item select $1::bigint, length($2::text)");
SQL(sum_large, "select sum(n)::bigint from item");
SQL(divide, "select 1 / 0");
SQL(my_xid, "select txid_current()");

static void set_up(void)
{
    CHECK_KIND(run(pg, &drop_all), ERR_NONE);
    CHECK_KIND(run(pg, &create_item), ERR_NONE);
    CHECK_KIND(run(pg, &create_late), ERR_NONE);
}

static struct err add_one(struct pg *on, int64_t id, struct arena *arena)
{
    return pg_exec(on, &add_item, args_i64(arena, id), NULL, NULL);
}

static void commit_and_rollback(struct arena *arena)
{
    struct pg *tx;

    set_up();
    CHECK_KIND(pg_begin(pg, arena, &tx), ERR_NONE);
    CHECK_KIND(add_one(tx, 1, arena), ERR_NONE);
    CHECK(number(tx, &count_items, arena) == 1);
    CHECK(number(pg, &count_items, arena) == 0); /* nobody else sees it */
    CHECK_KIND(pg_commit(tx), ERR_NONE);
    CHECK(number(pg, &count_items, arena) == 1);
    CHECK_KIND(pg_begin(pg, arena, &tx), ERR_NONE);
    CHECK_KIND(add_one(tx, 2, arena), ERR_NONE);
    pg_rollback(tx);
    CHECK_KIND(pg_begin(pg, arena, &tx), ERR_NONE);
    CHECK_KIND(pg_commit(tx), ERR_NONE); /* nothing was asked */
    CHECK_KIND(pg_begin(pg, arena, &tx), ERR_NONE);
    pg_queue(tx, &add_item, args_i64(arena, 3));
    pg_rollback(tx); /* what was queued too */
    CHECK(number(pg, &count_items, arena) == 1);
}

static void queue_and_exec(struct arena *arena)
{
    struct pg_rows rows = {0};
    struct pg *tx;

    set_up();
    CHECK_KIND(pg_begin(pg, arena, &tx), ERR_NONE);
    for (int64_t i = 0; i < 5; i++)
        pg_queue(tx, &add_item, args_i64(arena, i));
    CHECK_KIND(pg_exec(tx, &count_items, NULL, arena, &rows), ERR_NONE);
    CHECK(rows.n == 1 && pg_i64(&rows, 0, 0) == 5); /* the rows are those of the last */
    for (int64_t i = 5; i < 9; i++)
        pg_queue(tx, &add_item, args_i64(arena, i));
    CHECK_KIND(pg_commit(tx), ERR_NONE);
    CHECK(number(pg, &count_items, arena) == 9);
}

/* One connection for transactions: the next user gets the very one that failed. */
static void failures_roll_back(struct arena *arena)
{
    struct pg *tx;

    set_up();
    for (int i = 0; i < 3; i++) {
        CHECK_KIND(pg_begin(pg, arena, &tx), ERR_NONE);
        pg_queue(tx, &add_item, args_i64(arena, 1));
        pg_queue(tx, &add_item, args_i64(arena, 1)); /* fails */
        pg_queue(tx, &add_item, args_i64(arena, 2));
        CHECK_KIND(pg_commit(tx), ERR_CONFLICT);
        CHECK(!strcmp(pg_constraint(tx), "item_once"));
    }
    CHECK_KIND(pg_begin(pg, arena, &tx), ERR_NONE);
    pg_queue(tx, &add_item, args_i64(arena, 1));
    CHECK_KIND(run(tx, &divide), ERR_INVALID);
    CHECK_KIND(add_one(tx, 3, arena), ERR_INVALID); /* it has failed already */
    CHECK_KIND(pg_commit(tx), ERR_INVALID);
    CHECK_KIND(pg_begin(pg, arena, &tx), ERR_NONE);
    CHECK_KIND(run(tx, &divide), ERR_INVALID);
    pg_rollback(tx);
    CHECK_KIND(pg_begin(pg, arena, &tx), ERR_NONE);
    CHECK_KIND(add_one(tx, 4, arena), ERR_NONE);
    CHECK_KIND(pg_commit(tx), ERR_NONE);
    CHECK(number(pg, &count_items, arena) == 1);
}

static void commit_itself_fails(struct arena *arena)
{
    struct pg *tx;

    set_up();
    CHECK_KIND(pg_begin(pg, arena, &tx), ERR_NONE);
    CHECK_KIND(pg_exec(tx, &add_late, args_i64(arena, 1), NULL, NULL), ERR_NONE);
    CHECK_KIND(pg_exec(tx, &add_late, args_i64(arena, 1), NULL, NULL), ERR_NONE);
    CHECK_KIND(pg_commit(tx), ERR_CONFLICT);
    CHECK(!strcmp(pg_constraint(tx), "late_once"));
    CHECK(number(pg, &count_late, arena) == 0);
    CHECK_KIND(pg_begin(pg, arena, &tx), ERR_NONE);
    pg_queue(tx, &add_late, args_i64(arena, 1));
    CHECK_KIND(pg_commit(tx), ERR_NONE);
    CHECK(number(pg, &count_late, arena) == 1);
}

static void long_queue(struct arena *arena)
{
    char *text = arena_alloc(arena, 20001);
    struct pg *tx;

    set_up();
    memset(text, 'z', 20000);
    CHECK_KIND(pg_begin(pg, arena, &tx), ERR_NONE);
    for (int64_t i = 0; i < 500; i++) { /* 10 MB */
        struct pg_args *p = args_i64(arena, i);

        pg_add_text(p, text);
        pg_queue(tx, &add_large, p);
    }
    CHECK_KIND(pg_commit(tx), ERR_NONE);
    CHECK(number(pg, &sum_large, arena) == INT64_C(500) * 20000);
}

/* ---- waiting in line ---- */

static int64_t order[16];
static int n_order;

static void take_a_turn(void *arg)
{
    struct arena *arena = arena_new();
    struct pg *tx;
    struct err e = pg_begin(pg, arena, &tx);

    CHECK_KIND(e, ERR_NONE);
    if (!e.kind) {
        order[n_order++] = *(int64_t *)arg;
        CHECK_KIND(add_one(tx, *(int64_t *)arg, arena), ERR_NONE);
        if (*(int64_t *)arg % 2)
            CHECK_KIND(pg_commit(tx), ERR_NONE);
        else
            pg_rollback(tx);
    }
    arena_free(arena);
    n_helpers--;
}

static void first_come_first_served(struct arena *arena)
{
    int64_t numbers[16];

    set_up();
    n_order = 0;
    for (int64_t i = 0; i < 16; i++) {
        numbers[i] = i;
        help(take_a_turn, &numbers[i]);
    }
    while (n_helpers)
        task_sleep(MS);
    for (int64_t i = 0; i < 16; i++)
        CHECK(order[i] == i);
    CHECK(number(pg, &count_items, arena) == 8);
}

static void no_endless_wait(struct arena *arena)
{
    struct pg *tx, *none;
    int64_t began;

    set_up();
    CHECK_KIND(pg_begin(pg, arena, &tx), ERR_NONE);
    began = clock_mono_us();
    task_set_deadline(began + 40 * MS);
    CHECK_KIND(pg_begin(pg, arena, &none), ERR_UNAVAILABLE);
    CHECK(clock_mono_us() - began >= 40 * MS && clock_mono_us() - began < 140 * MS);
    task_set_deadline(NO_DEADLINE);
    CHECK_KIND(pg_begin(pg, arena, &none), ERR_UNAVAILABLE); /* after the timeout */
    CHECK(clock_mono_us() - began >= 340 * MS);
    CHECK_KIND(pg_commit(tx), ERR_NONE);
}

/* ---- trouble ---- */

static void lock_two(int64_t first, int64_t second, struct arena *arena, struct err *out)
{
    struct pg *tx;

    CHECK_KIND(pg_begin(pg, arena, &tx), ERR_NONE);
    pg_queue(tx, &quick_deadlocks, NULL);
    *out = pg_exec(tx, &lock_item, args_i64(arena, first), NULL, NULL);
    CHECK_KIND(*out, ERR_NONE);
    task_sleep(20 * MS);
    *out = pg_exec(tx, &lock_item, args_i64(arena, second), NULL, NULL);
    if (out->kind)
        pg_rollback(tx);
    else
        *out = pg_commit(tx);
}

static void lock_backwards(void *arg)
{
    struct arena *arena = arena_new();

    lock_two(2, 1, arena, arg);
    arena_free(arena);
    n_helpers--;
}

static void deadlock(struct arena *arena)
{
    struct err mine, theirs = OK;

    set_up();
    CHECK_KIND(add_one(pg, 1, arena), ERR_NONE);
    CHECK_KIND(add_one(pg, 2, arena), ERR_NONE);
    help(lock_backwards, &theirs);
    lock_two(1, 2, arena, &mine);
    while (n_helpers)
        task_sleep(MS);
    CHECK(mine.kind == ERR_UNAVAILABLE || theirs.kind == ERR_UNAVAILABLE);
    CHECK(mine.kind == ERR_NONE || theirs.kind == ERR_NONE);
}

static void deadline_inside(struct arena *arena)
{
    struct pg *tx;

    set_up();
    CHECK_KIND(pg_begin(pg, arena, &tx), ERR_NONE);
    CHECK_KIND(add_one(tx, 1, arena), ERR_NONE);
    task_set_deadline(clock_mono_us() + 30 * MS);
    CHECK_KIND(pg_exec(tx, &nap, args_i64(arena, 200), NULL, NULL), ERR_TIMEOUT);
    CHECK(pg_commit(tx).kind == ERR_TIMEOUT);
    task_set_deadline(NO_DEADLINE);
    CHECK_KIND(pg_begin(pg, arena, &tx), ERR_NONE); /* on a new connection */
    CHECK(number(tx, &count_items, arena) == 0);
    CHECK_KIND(pg_commit(tx), ERR_NONE);
}

static void too_late_to_commit(struct arena *arena)
{
    struct pg *tx;

    set_up();
    CHECK_KIND(pg_begin(pg, arena, &tx), ERR_NONE);
    pg_queue(tx, &add_item, args_i64(arena, 1));
    task_set_deadline(clock_mono_us() - 1);
    CHECK_KIND(pg_commit(tx), ERR_UNAVAILABLE); /* certain: COMMIT was not sent */
    task_set_deadline(NO_DEADLINE);
    CHECK_KIND(pg_begin(pg, arena, &tx), ERR_NONE);
    CHECK(number(tx, &count_items, arena) == 0);
    CHECK_KIND(pg_commit(tx), ERR_NONE);
}

static void forgotten(struct arena *arena)
{
    struct arena *short_lived = arena_new();
    struct pg *tx;
    int64_t xid;

    set_up();
    CHECK_KIND(pg_begin(pg, short_lived, &tx), ERR_NONE);
    CHECK_KIND(add_one(tx, 1, short_lived), ERR_NONE);
    xid = number(tx, &my_xid, short_lived);
    arena_free(short_lived); /* and with it the transaction */
    CHECK_KIND(pg_begin(pg, arena, &tx), ERR_NONE);
    CHECK(number(tx, &count_items, arena) == 0);
    CHECK(number(tx, &my_xid, arena) > xid);
    CHECK_KIND(pg_commit(tx), ERR_NONE);
}

#define STORY(name)                                                                                \
    static void test_##name(void **state)                                                          \
    {                                                                                              \
        (void)state;                                                                               \
        tell(name);                                                                                \
    }
STORY(commit_and_rollback)
STORY(queue_and_exec)
STORY(failures_roll_back)
STORY(commit_itself_fails)
STORY(long_queue)
STORY(first_come_first_served)
STORY(no_endless_wait)
STORY(deadlock)
STORY(deadline_inside)
STORY(too_late_to_commit)
STORY(forgotten)

static int one_connection(void **state)
{
    config_reset(state);
    config.n_transactions = 1;
    return 0;
}

static int one_connection_short(void **state)
{
    one_connection(state);
    config.timeout_us = 300 * MS;
    return 0;
}

#define ALONE(test) cmocka_unit_test_setup_teardown(test, one_connection, config_reset)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ALONE(test_commit_and_rollback),
        ALONE(test_queue_and_exec),
        ALONE(test_failures_roll_back),
        ALONE(test_commit_itself_fails),
        ALONE(test_long_queue),
        ALONE(test_first_come_first_served),
        cmocka_unit_test_setup_teardown(test_no_endless_wait, one_connection_short, config_reset),
        cmocka_unit_test(test_deadlock),
        ALONE(test_deadline_inside),
        ALONE(test_too_late_to_commit),
        ALONE(test_forgotten),
    };

    story_begin();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
