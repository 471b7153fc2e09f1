/* pg.c - what one process gets out of PostgreSQL: primary-key selects on the shared connection, and
 * transactions of one round trip.
 *
 *   tests/with_postgres.sh build/release/bin/bench_pg [seconds] */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "base/clock.h"
#include "loop/task.h"
#include "wrap/pg.h"

static const struct sql drop = {"drop", "drop table if exists bench"};
static const struct sql create = {
    "create", "create table bench as select i::bigint as id, 'name ' || i as name, 0::bigint as n "
              "from generate_series(1, 10000) as i"};
static const struct sql key = {"key", "alter table bench add primary key (id)"};
static const struct sql analyze = {"analyze", "analyze bench"};
static const struct sql by_id = {"by_id", "select name, n from bench where id = $1::bigint"};
static const struct sql change = {"change", "update bench set n = n + 1 where id = $1::bigint"};

static struct pg *pg;
static int64_t until_mono_us, n_done, n_failed;
static int n_running;

static void select_once(struct arena *arena, uint64_t *seed)
{
    struct pg_args *p = pg_args(arena);
    struct pg_rows rows;

    *seed = *seed * UINT64_C(6364136223846793005) + 1442695040888963407u;
    pg_add_i64(p, (int64_t)(*seed >> 33) % 10000 + 1);
    if (pg_exec(pg, &by_id, p, arena, &rows).kind || rows.n != 1 || !pg_text(&rows, 0, 0))
        n_failed++;
}

static void transact_once(struct arena *arena, uint64_t *seed)
{
    struct pg *tx;

    if (pg_begin(pg, arena, &tx).kind) {
        n_failed++;
        return;
    }
    for (int i = 0; i < 3; i++) {
        struct pg_args *p = pg_args(arena);

        *seed = *seed * UINT64_C(6364136223846793005) + 1442695040888963407u;
        pg_add_i64(p, (int64_t)(*seed >> 33) % 10000 + 1);
        pg_queue(tx, &change, p);
    }
    n_failed += pg_commit(tx).kind != ERR_NONE;
}

static void (*once)(struct arena *, uint64_t *);

static void work(void *arg)
{
    uint64_t seed = (uint64_t)(uintptr_t)arg;
    struct arena *arena = arena_new();

    while (clock_mono_us() < until_mono_us) {
        once(arena, &seed);
        n_done++;
        arena_reset(arena);
    }
    arena_free(arena);
    n_running--;
}

static int64_t cpu_us(void)
{
    struct rusage u;

    getrusage(RUSAGE_SELF, &u);
    return (u.ru_utime.tv_sec + u.ru_stime.tv_sec) * US_PER_S + u.ru_utime.tv_usec +
           u.ru_stime.tv_usec;
}

static void measure(const char *what, int n_tasks, int64_t seconds)
{
    int64_t began = clock_mono_us(), cpu = cpu_us();

    until_mono_us = began + seconds * US_PER_S;
    n_done = n_failed = 0;
    n_running = n_tasks;
    for (intptr_t i = 0; i < n_tasks; i++)
        task_spawn(task_loop(), "work", work, (void *)(i + 1));
    while (n_running)
        task_sleep(US_PER_MS);
    began = clock_mono_us() - began;
    printf("%-12s %3d tasks: %7lld/s, %5.1f us of our CPU each, %lld failed\n", what, n_tasks,
           (long long)(n_done * US_PER_S / began), (double)(cpu_us() - cpu) / (double)n_done,
           (long long)n_failed);
}

static int64_t seconds = 2;

static void story(void *arg)
{
    enum { N_FIRST = 4 };
    const struct sql *const first[N_FIRST] = {&drop, &create, &key, &analyze};

    for (size_t i = 0; i < N_FIRST; i++)
        if (pg_exec(pg, first[i], NULL, NULL, NULL).kind)
            abort();
    once = select_once;
    measure("select", 1, seconds);
    measure("select", 16, seconds);
    measure("select", 64, seconds);
    once = transact_once;
    measure("transaction", 1, seconds);
    measure("transaction", 2, seconds);
    measure("transaction", 16, seconds);
    loop_stop(arg);
}

int main(int argc, char **argv)
{
    struct loop *l = loop_new();
    struct pg_config config = {.host = getenv("PGHOST"),
                               .port = getenv("PGPORT"),
                               .database = "postgres",
                               .user = "postgres",
                               .application = "bench"};

    if (argc > 1)
        seconds = strtoll(argv[1], NULL, 10);
    log_init("bench", "info");
    pg = pg_open(l, &config);
    task_spawn(l, "story", story, l);
    loop_run(l);
    pg_close(pg);
    loop_free(l);
    return n_failed ? 1 : 0;
}
