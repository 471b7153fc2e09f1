/* test_pg_chaos.c - writers go on while connections and the server are killed around them.
 *
 * What must hold: OK means it is there, ERR_UNAVAILABLE that it is not, only ERR_TIMEOUT leaves it
 * open. */
#include "story.h"

#define SQL(name, text) static const struct sql name = {#name, text}

SQL(drop_mark, "drop table if exists mark");
SQL(create_mark, "create table mark (id bigint primary key)");
SQL(add_mark, "insert into mark values ($1::bigint)");
SQL(all_marks, "select id from mark order by id");
SQL(one, "select 1");
SQL(nap, "select pg_sleep(0.002)");
SQL(divide, "select 1 / 0");
SQL(terminate_some,
    "select pg_terminate_backend(pid) from pg_stat_activity where application_name = "
    "'test' and pid <> pg_backend_pid() and random() < 0.3");

enum { N_WRITERS = 16, MOST = 2000000 };
static unsigned char outcomes[MOST]; /* enum err_kind + 1 of each mark */
static int64_t next_mark;
static bool stop;
static int n_of[ERR_BUG + 1];

static uint64_t dice(uint64_t n)
{
    static uint64_t seed = 42;

    seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (seed >> 33) % n;
}

static struct err add_alone(int64_t mark, struct arena *arena)
{
    return pg_exec(pg, &add_mark, args_i64(arena, mark), NULL, NULL);
}

static struct err add_in_transaction(int64_t mark, struct arena *arena)
{
    struct pg *tx;
    struct err e = pg_begin(pg, arena, &tx);

    if (e.kind)
        return e;
    if (dice(2))
        pg_queue(tx, &one, NULL);
    pg_queue(tx, &add_mark, args_i64(arena, mark));
    if (dice(2)) {
        e = run(tx, dice(2) ? &one : &nap);
        if (e.kind) {
            pg_rollback(tx);
            return e.kind == ERR_TIMEOUT ? ERR(ERR_UNAVAILABLE, "rolled back") : e;
        }
    }
    return pg_commit(tx);
}

static struct err add_and_think_again(int64_t mark, struct arena *arena)
{
    struct pg *tx;
    struct err e = pg_begin(pg, arena, &tx);

    if (e.kind)
        return e;
    pg_queue(tx, &add_mark, args_i64(arena, mark));
    if (dice(2))
        CHECK(run(tx, dice(2) ? &divide : &one).kind != ERR_BUG);
    pg_rollback(tx);
    return ERR(ERR_UNAVAILABLE, "rolled back");
}

static struct err add_somehow(int64_t mark, struct arena *arena)
{
    static struct err (*const ways[])(int64_t, struct arena *) = {add_alone, add_in_transaction,
                                                                  add_and_think_again};

    return ways[dice(3)](mark, arena);
}

/* Now and then in a hurry. */
static void write_marks(void *arg)
{
    const bool *hurry = arg;
    struct arena *arena = arena_new();

    while (!stop && next_mark < MOST) {
        int64_t mark = next_mark++;
        struct err e;

        if (*hurry && dice(10) == 0)
            task_set_deadline(clock_mono_us() + (int64_t)dice(1500));
        e = add_somehow(mark, arena);
        task_set_deadline(NO_DEADLINE);
        outcomes[mark] = (unsigned char)(e.kind + 1);
        n_of[e.kind]++;
        if (e.kind)
            task_sleep((int64_t)dice(5 * MS));
        arena_reset(arena);
    }
    arena_free(arena);
    n_helpers--;
}

static void compare_marks(struct arena *arena)
{
    struct pg_rows rows = {0};
    size_t at = 0;

    CHECK_KIND(pg_exec(pg, &all_marks, NULL, arena, &rows), ERR_NONE);
    for (int64_t mark = 0; mark < next_mark; mark++) {
        bool there = at < rows.n && pg_i64(&rows, at, 0) == mark;

        at += there;
        if (outcomes[mark] == ERR_NONE + 1)
            CHECK(there);
        else if (outcomes[mark] == ERR_UNAVAILABLE + 1)
            CHECK(!there);
        else
            CHECK(outcomes[mark] == ERR_TIMEOUT + 1);
    }
    CHECK(at == rows.n);
}

static void begin_writing(const bool *hurry)
{
    CHECK_KIND(run(pg, &drop_mark), ERR_NONE);
    CHECK_KIND(run(pg, &create_mark), ERR_NONE);
    stop = false;
    next_mark = 0;
    memset(n_of, 0, sizeof n_of);
    for (int i = 0; i < N_WRITERS; i++)
        help(write_marks, (void *)(uintptr_t)hurry);
    task_sleep(100 * MS);
}

static void end_writing(const char *what, struct arena *arena)
{
    int before;

    CHECK(wait_until_up(3000 * MS));
    before = n_of[ERR_NONE];
    task_sleep(1200 * MS); /* every connection has come back by then */
    CHECK(n_of[ERR_NONE] > before + 100);
    stop = true;
    while (n_helpers)
        task_sleep(MS);
    task_sleep(50 * MS); /* what was given up may still arrive */
    CHECK(wait_until_up(1000 * MS));
    compare_marks(arena);
    print_message("%s: %d ok, %d unavailable, %d open\n", what, n_of[ERR_NONE],
                  n_of[ERR_UNAVAILABLE], n_of[ERR_TIMEOUT]);
}

static void restart_under_load(const char *mode, struct arena *arena)
{
    static const bool hurry = false;

    begin_writing(&hurry);
    restart_server(mode);
    end_writing(mode, arena);
}

static void fast_restart(struct arena *arena)
{
    restart_under_load("fast", arena);
}

static void crash(struct arena *arena)
{
    restart_under_load("immediate", arena);
}

static void terminations(struct arena *arena)
{
    static const bool hurry = true;
    struct pg_config admin_config = config;
    struct pg *admin;

    admin_config.application = "admin";
    admin = pg_open(task_loop(), &admin_config);
    begin_writing(&hurry);
    for (int i = 0; i < 60; i++) {
        CHECK_KIND(run(admin, &terminate_some), ERR_NONE);
        task_sleep((int64_t)dice(40 * MS));
    }
    end_writing("terminations", arena);
    pg_close(admin);
}

#define STORY(name)                                                                                \
    static void test_##name(void **state)                                                          \
    {                                                                                              \
        (void)state;                                                                               \
        tell(name);                                                                                \
    }
STORY(fast_restart)
STORY(crash)
STORY(terminations)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fast_restart),
        cmocka_unit_test(test_crash),
        cmocka_unit_test(test_terminations),
    };

    story_begin();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
