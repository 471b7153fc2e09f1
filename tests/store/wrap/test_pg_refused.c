/* test_pg_refused.c - what goes wrong with single statements: refusals, deadlines, old plans; and
 * locks. */
#include "story.h"
#include "wrap/pg_internal.h"

#define SQL(name, text) static const struct sql name = {#name, text}

SQL(drop_all, "drop table if exists thing, pair cascade");
SQL(create_thing, "create table thing (id bigint primary key, n bigint)");
SQL(create_pair, "create table pair (id bigint constraint pair_once unique deferrable initially "
                 "deferred)");

static void set_up(void)
{
    CHECK_KIND(run(pg, &drop_all), ERR_NONE);
    CHECK_KIND(run(pg, &create_thing), ERR_NONE);
    CHECK_KIND(run(pg, &create_pair), ERR_NONE);
}

/* ---- refusals ---- */

SQL(add_pair, "insert into pair values ($1::bigint)");
SQL(nonsense, "selekt 1");
SQL(no_table, "select * from no_such_table");
SQL(late_type, "select n from thing where id = 1");
SQL(widen, "alter table thing alter column n type numeric");
SQL(bad_utf8, "select $1::text");
SQL(begins, "begin");

static void only_the_sync_counts(struct arena *arena)
{
    set_up();
    CHECK_KIND(pg_exec(pg, &add_pair, args_i64(arena, 1), NULL, NULL), ERR_NONE);
    CHECK_KIND(pg_exec(pg, &add_pair, args_i64(arena, 1), NULL, NULL), ERR_CONFLICT);
    CHECK(!strcmp(pg_constraint(pg), "pair_once"));
    CHECK_KIND(pg_exec(pg, &add_pair, args_i64(arena, 2), NULL, NULL), ERR_NONE);
}

static void our_mistakes(struct arena *arena)
{
    struct pg_args *p = pg_args(arena);

    for (int i = 0; i < 2; i++) { /* a failed prepare is not remembered */
        CHECK_KIND(run(pg, &nonsense), ERR_BUG);
        CHECK_KIND(run(pg, &no_table), ERR_BUG);
    }
    pg_add_text(p, "\xFF");
    CHECK_KIND(pg_exec(pg, &bad_utf8, p, NULL, NULL), ERR_INVALID);
    CHECK(pg_generation(pg) == 1);
}

/* A migration under a running program: once unavailable, then prepared anew. */
static void changed_under_us(struct arena *arena)
{
    (void)arena;
    set_up();
    CHECK_KIND(run(pg, &late_type), ERR_NONE);
    CHECK_KIND(run(pg, &widen), ERR_NONE);
    CHECK_KIND(run(pg, &late_type), ERR_UNAVAILABLE);
    CHECK_KIND(run(pg, &late_type), ERR_NONE);
    CHECK(pg_generation(pg) == 1);
}

static void no_transaction_is_left_open(struct arena *arena)
{
    (void)arena;
    CHECK_KIND(run(pg, &begins), ERR_NONE);
    CHECK(wait_until_up(1000 * MS));
    CHECK(pg_generation(pg) == 2);
}

SQL(create_grows, "create table grows (id bigint primary key)");
SQL(analyze_grows, "vacuum analyze grows");
SQL(drop_grows, "drop table if exists grows");
SQL(grow, "insert into grows select generate_series(1, 20000)");
SQL(in_grows, "select id from grows where id = $1::bigint");
SQL(set_generic, "set plan_cache_mode = force_generic_plan");
SQL(stats_now, "set stats_fetch_consistency = none");
SQL(flush_stats, "select pg_stat_force_next_flush()");
SQL(whole_reads, "select seq_scan from pg_stat_user_tables where relname = 'grows'");

static int64_t whole_reads_so_far(struct arena *arena)
{
    CHECK_KIND(run(pg, &flush_stats), ERR_NONE);
    CHECK_KIND(run(pg, &flush_stats), ERR_NONE);
    return number(pg, &whole_reads, arena);
}

static int64_t whole_reads_by(int n, struct arena *arena)
{
    int64_t before = whole_reads_so_far(arena);

    for (int i = 0; i < n; i++)
        CHECK_KIND(pg_exec(pg, &in_grows, args_i64(arena, 7), NULL, NULL), ERR_NONE);
    return whole_reads_so_far(arena) - before;
}

/* The plan made for the empty table does not outlive its time. */
static void plans_grow_old(struct arena *arena)
{
    static const struct sql *const first[] = {&drop_grows, &create_grows, &analyze_grows,
                                              &set_generic, &stats_now};

    for (int i = 0; i < 5; i++)
        CHECK_KIND(run(pg, first[i]), ERR_NONE);
    CHECK(whole_reads_by(10, arena) == 10);
    CHECK_KIND(run(pg, &grow), ERR_NONE);
    CHECK(whole_reads_by(10, arena) == 10);
    pg->pool->replan_us = 0;
    CHECK(whole_reads_by(1, arena) == 0);
}

/* ---- time ---- */

SQL(nap, "select pg_sleep($1::bigint / 1000.0)");

static void own_deadline(struct arena *arena)
{
    int64_t began = clock_mono_us();

    CHECK_KIND(pg_exec(pg, &nap, args_i64(arena, 1), NULL, NULL), ERR_NONE);
    began = clock_mono_us();
    task_set_deadline(began + 50 * MS);
    CHECK_KIND(pg_exec(pg, &nap, args_i64(arena, 300), NULL, NULL), ERR_TIMEOUT);
    CHECK(clock_mono_us() - began < 150 * MS);
    CHECK_KIND(pg_exec(pg, &nap, args_i64(arena, 1), NULL, NULL), ERR_UNAVAILABLE); /* not sent */
    task_set_deadline(NO_DEADLINE);
    CHECK_KIND(pg_exec(pg, &nap, args_i64(arena, 1), NULL, NULL), ERR_NONE);
    CHECK(clock_mono_us() - began >= 300 * MS); /* it came after the answer nobody waited for */
    CHECK(pg_generation(pg) == 1);
}

static void servers_deadline(struct arena *arena)
{
    int64_t began;

    CHECK_KIND(pg_exec(pg, &nap, args_i64(arena, 1), NULL, NULL), ERR_NONE);
    began = clock_mono_us();
    CHECK_KIND(pg_exec(pg, &nap, args_i64(arena, 5000), NULL, NULL), ERR_UNAVAILABLE);
    CHECK(clock_mono_us() - began > 400 * MS && clock_mono_us() - began < 500 * MS);
    CHECK(pg_generation(pg) == 1);
}

/* ---- locks ---- */

static void locks(struct arena *arena)
{
    struct pg *other = pg_open(task_loop(), &config);
    bool got;

    (void)arena;
    CHECK_KIND(pg_try_lock(pg, "relay", &got), ERR_NONE);
    CHECK(got);
    CHECK_KIND(pg_try_lock(other, "relay", &got), ERR_NONE);
    CHECK(!got);
    CHECK_KIND(pg_try_lock(other, "hear", &got), ERR_NONE);
    CHECK(got);
    CHECK_KIND(pg_unlock(pg, "relay"), ERR_NONE);
    CHECK_KIND(pg_try_lock(other, "relay", &got), ERR_NONE);
    CHECK(got);
    pg_close(other);
}

#define STORY(name)                                                                                \
    static void test_##name(void **state)                                                          \
    {                                                                                              \
        (void)state;                                                                               \
        tell(name);                                                                                \
    }
STORY(only_the_sync_counts)
STORY(our_mistakes)
STORY(changed_under_us)
STORY(no_transaction_is_left_open)
STORY(plans_grow_old)
STORY(own_deadline)
STORY(locks)

static void test_servers_deadline(void **state)
{
    (void)state;
    config.timeout_us = 500 * MS;
    tell(servers_deadline);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_only_the_sync_counts),
        cmocka_unit_test(test_our_mistakes),
        cmocka_unit_test(test_changed_under_us),
        cmocka_unit_test(test_no_transaction_is_left_open),
        cmocka_unit_test(test_plans_grow_old),
        cmocka_unit_test(test_own_deadline),
        cmocka_unit_test(test_locks),
        cmocka_unit_test_setup_teardown(test_servers_deadline, config_reset, config_reset),
    };

    story_begin();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
