/* test_pg_loss.c - connections that break: who hears what, and that they come back.
 *
 * What must hold: OK means it is there, ERR_UNAVAILABLE that it is not, only ERR_TIMEOUT leaves it
 * open. */
#include <signal.h>

#include "story.h"

#define SQL(name, text) static const struct sql name = {#name, text}

SQL(drop_all, "drop table if exists mark, slow cascade");
SQL(create_mark, "create table mark (id bigint primary key)");
SQL(create_slow, "create table slow (id bigint)");
SQL(create_pause, "create or replace function pause() returns trigger language plpgsql as "
                  "'begin perform pg_sleep(5); return null; end'");
SQL(create_trigger, "create constraint trigger slowly after insert on slow deferrable initially "
                    "deferred for each row execute function pause()");
SQL(add_mark, "insert into mark values ($1::bigint)");
SQL(add_slow, "insert into slow values ($1::bigint)");
SQL(all_marks, "select id from mark order by id");
SQL(count_slow, "select count(*) from slow");
SQL(one, "select 1");
SQL(nap, "select pg_sleep($1::bigint / 1000.0)");
SQL(my_pid, "select pg_backend_pid()");
SQL(terminate, "select pg_terminate_backend($1::int)");

static void set_up(void)
{
    CHECK_KIND(run(pg, &drop_all), ERR_NONE);
    CHECK_KIND(run(pg, &create_mark), ERR_NONE);
    CHECK_KIND(run(pg, &create_slow), ERR_NONE);
    CHECK_KIND(run(pg, &create_pause), ERR_NONE);
    CHECK_KIND(run(pg, &create_trigger), ERR_NONE);
}

struct killing {
    int64_t pid, after_us;
};

static void kill_backend(void *arg)
{
    struct killing *k = arg;
    struct pg *admin = pg_open(task_loop(), &config);
    struct arena *arena = arena_new();

    task_sleep(k->after_us);
    CHECK_KIND(pg_exec(admin, &terminate, args_i64(arena, k->pid), arena, NULL), ERR_NONE);
    arena_free(arena);
    pg_close(admin);
    n_helpers--;
}

static void wait_behind(void *arg)
{
    (void)arg;
    task_sleep(10 * MS);
    CHECK_KIND(run(pg, &one), ERR_UNAVAILABLE); /* not begun when the server left */
    n_helpers--;
}

static void terminated_in_flight(struct arena *arena)
{
    struct killing k = {.pid = number(pg, &my_pid, arena), .after_us = 60 * MS};

    help(kill_backend, &k);
    help(wait_behind, NULL);
    CHECK_KIND(pg_exec(pg, &nap, args_i64(arena, 5000), NULL, NULL), ERR_UNAVAILABLE);
    while (n_helpers)
        task_sleep(MS);
    CHECK(wait_until_up(1000 * MS));
    CHECK(pg_generation(pg) == 2);
    CHECK_KIND(run(pg, &one), ERR_NONE); /* prepared anew */
}

static void terminated_while_idle(struct arena *arena)
{
    struct killing k = {.pid = number(pg, &my_pid, arena)};
    struct err e;

    help(kill_backend, &k);
    while (n_helpers)
        task_sleep(MS);
    e = run(pg, &one); /* waits for the connection that is coming */
    CHECK(e.kind == ERR_NONE || e.kind == ERR_UNAVAILABLE);
    CHECK_KIND(run(pg, &one), ERR_NONE);
}

static void terminated_in_transaction(struct arena *arena)
{
    struct killing k = {0};
    struct pg *tx;

    set_up();
    CHECK_KIND(pg_begin(pg, arena, &tx), ERR_NONE);
    k.pid = number(tx, &my_pid, arena);
    CHECK_KIND(pg_exec(tx, &add_mark, args_i64(arena, 1), NULL, NULL), ERR_NONE);
    pg_queue(tx, &add_mark, args_i64(arena, 2));
    help(kill_backend, &k);
    while (n_helpers)
        task_sleep(MS);
    CHECK_KIND(pg_exec(tx, &add_mark, args_i64(arena, 3), NULL, NULL), ERR_UNAVAILABLE);
    CHECK_KIND(pg_commit(tx), ERR_UNAVAILABLE);
    CHECK_KIND(pg_begin(pg, arena, &tx), ERR_NONE);
    CHECK_KIND(pg_exec(tx, &add_mark, args_i64(arena, 1), NULL, NULL), ERR_NONE);
    CHECK_KIND(pg_commit(tx), ERR_NONE);
    CHECK(number(pg, &all_marks, arena) == 1);
}

static void terminated_in_commit(struct arena *arena)
{
    struct killing k = {.after_us = 60 * MS};
    struct pg *tx;

    set_up();
    CHECK_KIND(pg_begin(pg, arena, &tx), ERR_NONE);
    k.pid = number(tx, &my_pid, arena);
    pg_queue(tx, &add_slow, args_i64(arena, 1));
    help(kill_backend, &k);
    CHECK_KIND(pg_commit(tx), ERR_TIMEOUT); /* its last word came in COMMIT: who knows */
    k.pid = number(pg, &my_pid, arena);
    help(kill_backend, &k);
    CHECK_KIND(pg_exec(pg, &add_slow, args_i64(arena, 2), NULL, NULL), ERR_TIMEOUT);
    CHECK(wait_until_up(1000 * MS));
    CHECK(number(pg, &count_slow, arena) == 0);
}

/* A server that hangs: the connection is given up after the timeout. */
static void no_answer(struct arena *arena)
{
    pid_t pid = (pid_t)number(pg, &my_pid, arena);
    int64_t began = clock_mono_us();

    kill(pid, SIGSTOP);
    CHECK_KIND(run(pg, &one), ERR_TIMEOUT);
    CHECK(clock_mono_us() - began >= 200 * MS && clock_mono_us() - began < 400 * MS);
    kill(pid, SIGCONT);
    CHECK(wait_until_up(1000 * MS));
    CHECK_KIND(run(pg, &one), ERR_NONE);
    CHECK(pg_generation(pg) == 2);
}

/* ---- nobody there ---- */

static void never_there(struct arena *arena)
{
    int64_t began = clock_mono_us();
    struct pg *tx;

    CHECK_KIND(run(pg, &one), ERR_UNAVAILABLE);
    CHECK_KIND(pg_begin(pg, arena, &tx), ERR_UNAVAILABLE);
    CHECK(clock_mono_us() - began < 100 * MS);
    CHECK(!pg_is_up(pg) && pg_generation(pg) == 0);
    task_sleep(300 * MS);
    CHECK_KIND(run(pg, &one), ERR_UNAVAILABLE);
}

static struct pg *closing;

static void ask_the_closing(void *arg)
{
    (void)arg;
    CHECK_KIND(run(closing, &nap), ERR_BUG); /* no parameter given: it was answered before */
    n_helpers--;
}

static void wait_for_the_closing(void *arg)
{
    struct arena *arena = arena_new();
    struct pg_args *p = args_i64(arena, 5000);
    struct pg *tx;

    (void)arg;
    if (arg)
        CHECK_KIND(pg_begin(closing, arena, &tx), ERR_UNAVAILABLE);
    else
        CHECK_KIND(pg_exec(closing, &nap, p, NULL, NULL), ERR_TIMEOUT);
    arena_free(arena);
    n_helpers--;
}

static void closed_while_waited_for(struct arena *arena)
{
    struct pg *tx;

    closing = pg_open(task_loop(), &config);
    CHECK_KIND(pg_begin(closing, arena, &tx), ERR_NONE);
    help(ask_the_closing, NULL);
    task_sleep(20 * MS);
    help(wait_for_the_closing, NULL);
    help(wait_for_the_closing, &config); /* the only connection is held by us */
    task_sleep(20 * MS);
    CHECK_KIND(run(tx, &one), ERR_NONE);
    pg_close(closing);
    CHECK_KIND(run(tx, &one), ERR_UNAVAILABLE);
    CHECK_KIND(pg_commit(tx), ERR_UNAVAILABLE);
}

#define STORY(name)                                                                                \
    static void test_##name(void **state)                                                          \
    {                                                                                              \
        (void)state;                                                                               \
        tell(name);                                                                                \
    }
STORY(terminated_in_flight)
STORY(terminated_while_idle)
STORY(terminated_in_transaction)
STORY(terminated_in_commit)
STORY(no_answer)
STORY(never_there)
STORY(closed_while_waited_for)

static int impatient(void **state)
{
    config_reset(state);
    config.timeout_us = 200 * MS;
    return 0;
}

static int nowhere(void **state)
{
    config_reset(state);
    config.host = "/nonexistent";
    return 0;
}

static int one_connection(void **state)
{
    config_reset(state);
    config.n_transactions = 1;
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_terminated_in_flight),
        cmocka_unit_test(test_terminated_while_idle),
        cmocka_unit_test_setup_teardown(test_terminated_in_transaction, one_connection,
                                        config_reset),
        cmocka_unit_test(test_terminated_in_commit),
        cmocka_unit_test_setup_teardown(test_no_answer, impatient, config_reset),
        cmocka_unit_test_setup_teardown(test_never_there, nowhere, config_reset),
        cmocka_unit_test_setup_teardown(test_closed_while_waited_for, one_connection, config_reset),
    };

    story_begin();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
