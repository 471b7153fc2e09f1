/* story.h - tests that run as tasks against the server of tests/with_postgres.sh.
 *
 * A story is one task with a pg and an arena; CHECK() counts failures instead of jumping out of the
 * task's stack, and tell() turns them into the test's result. */
#ifndef PASAR_TESTS_STORE_WRAP_STORY_H
#define PASAR_TESTS_STORE_WRAP_STORY_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "loop/task.h"
#include "wrap/pg.h"

#define MS US_PER_MS

static int n_failures;
static struct pg *pg; /* the story's */
static int n_helpers; /* tasks still running beside it */
static struct pg_config config;

#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            n_failures++;                                                                          \
            fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition);                \
        }                                                                                          \
    } while (0)

#define CHECK_KIND(e, expected)                                                                    \
    do {                                                                                           \
        struct err checked = (e);                                                                  \
        if (checked.kind != (expected)) {                                                          \
            n_failures++;                                                                          \
            fprintf(stderr, "%s:%d: %s (%s), not %s\n", __FILE__, __LINE__,                        \
                    err_kind_name(checked.kind), checked.what ? checked.what : "",                 \
                    err_kind_name(expected));                                                      \
        }                                                                                          \
    } while (0)

struct story {
    void (*fn)(struct arena *);
    struct loop *loop;
};

static inline void story_task(void *arg)
{
    struct story *s = arg;
    struct arena *arena = arena_new();

    s->fn(arena);
    while (n_helpers)
        task_sleep(2 * MS);
    arena_free(arena);
    loop_stop(s->loop);
}

/* Runs fn in a task with a fresh pg on `config`. */
static inline void tell(void (*fn)(struct arena *))
{
    struct story s = {.fn = fn, .loop = loop_new()};

    n_failures = 0;
    pg = pg_open(s.loop, &config);
    task_spawn(s.loop, "story", story_task, &s);
    loop_run(s.loop);
    pg_close(pg);
    loop_free(s.loop);
    assert_int_equal(n_failures, 0);
}

static inline void config_default(void)
{
    config = (struct pg_config){.host = getenv("PGHOST"),
                                .port = getenv("PGPORT"),
                                .database = "postgres",
                                .user = "postgres",
                                .password = "",
                                .application = "test"};
}

static inline int config_reset(void **state)
{
    (void)state;
    config_default();
    return 0;
}

static inline void story_begin(void)
{
    log_init("test", getenv("LOG_LEVEL") ? getenv("LOG_LEVEL") : "error");
    if (!getenv("PGHOST")) {
        fprintf(stderr, "run me through tests/with_postgres.sh\n");
        exit(64);
    }
    config_default();
}

/* One statement without parameters whose text is given. The statement must be static for the pg. */
static inline struct err run(struct pg *on, const struct sql *s)
{
    return pg_exec(on, s, NULL, NULL, NULL);
}

static inline int64_t number(struct pg *on, const struct sql *s, struct arena *arena)
{
    struct pg_rows rows = {0};
    struct err e = pg_exec(on, s, NULL, arena, &rows);

    CHECK_KIND(e, ERR_NONE);
    return e.kind || !rows.n ? -1 : pg_i64(&rows, 0, 0);
}

static inline struct pg_args *args_i64(struct arena *arena, int64_t value)
{
    struct pg_args *p = pg_args(arena);

    pg_add_i64(p, value);
    return p;
}

static inline void help(task_fn *fn, void *arg)
{
    n_helpers++;
    task_spawn(task_loop(), "helper", fn, arg);
}

static inline bool wait_until_up(int64_t at_most_us)
{
    int64_t until = clock_mono_us() + at_most_us;

    while (!pg_is_up(pg) && clock_mono_us() < until)
        task_sleep(5 * MS);
    return pg_is_up(pg);
}

static inline pid_t begin_server(const char *verb, const char *mode)
{
    pid_t pid = fork();

    if (pid == 0) {
        execl(getenv("PASAR_WITH_POSTGRES"), "with_postgres.sh", "--server", verb, mode,
              (char *)NULL);
        _exit(127);
    }
    return pid;
}

/* Restarts the server while the loop goes on. */
static inline void restart_server(const char *mode)
{
    pid_t pid = begin_server("restart", mode);
    int status = -1;

    while (waitpid(pid, &status, WNOHANG) == 0)
        task_sleep(5 * MS);
    CHECK(status == 0);
}

#endif
