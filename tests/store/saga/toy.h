/* toy.h - a toy domain on a real PostgreSQL (PGHOST …) and a Redis of its own, for the tests of
 * lib/saga. */
#ifndef PASAR_TESTS_TOY_H
#define PASAR_TESTS_TOY_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "loop/task.h"
#include "saga/hear.h"
#include "saga/relay.h"
#include "sql_saga.h"

#define STREAM "stream:toys"

static const struct migration toy_migrations[] = {
    {"toy/0001", "create table seen (n bigint generated always as identity, subject text not null, "
                 "word text not null,"
                 " primary key (subject, word))"},
    {NULL, NULL},
};
static const struct sql sql_see = {"toy_see",
                                   "insert into seen (subject, word) values ($1::text, $2::text)"};
static const struct sql sql_words = {
    "toy_words", "select coalesce(string_agg(word, ' ' order by n), '') from seen"
                 " where subject = $1::text"};
static const struct sql sql_n_seen = {"toy_n_seen", "select count(*) from seen"};
static const struct sql sql_jobs = {
    "toy_jobs", "select count(*) from job where state = $1::text and kind like $2::text"};
static const struct sql sql_reset = {"toy_reset", "truncate seen, job, outbox, heard"};
static const struct sql sql_forget = {
    "toy_forget", "delete from outbox where seq = (select max(seq) from outbox)"};

struct toy {
    struct loop *loop;
    struct pg *pg;
    struct redis *redis;
    struct redis_config redis_cfg;
    struct pg_config pg_cfg;
    struct mac_key key;
    struct relay *relay;
    struct hearer *hearer;
    struct job_runner *runner;
    struct job_kind kinds[4];
    struct hear_row row;
    pid_t redis_pid;
    struct arena *arena;
    bool ready[16]; /* words that an "early" event waits for, by first letter */
    int n_calls;
    void (*story)(struct toy *);
};

static int64_t toy_keep;    /* of the relay; 0: as it likes */
static pid_t redis_running; /* to be ended when a test gives up */

_Noreturn static void give_up(const char *file, int line, const char *condition)
{
    fprintf(stderr, "%s:%d: waited in vain for: %s\n", file, line, condition);
    kill(redis_running, SIGKILL);
    exit(1);
}

static int free_port(void)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof at;
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    assert_int_equal(bind(fd, (struct sockaddr *)&at, n), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &n), 0);
    close(fd);
    return ntohs(at.sin_port);
}

static pid_t redis_server(int port)
{
    char text[16];
    pid_t pid;

    snprintf(text, sizeof text, "%d", port);
    pid = fork();
    if (pid == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL); /* also when the test crashes */
        execlp("redis-server", "redis-server", "--port", text, "--bind", "127.0.0.1", "--save", "",
               "--appendonly", "no", "--loglevel", "warning", "--dir", "/tmp", (char *)NULL);
        _exit(127);
    }
    return pid;
}

/* Until `condition` holds; ends the program after ten seconds (no jump leaves a task's stack). It
 * polls. */
#define until(condition)                                                                           \
    do {                                                                                           \
        int64_t limit = clock_mono_us() + 10 * US_PER_S;                                           \
        while (!(condition)) {                                                                     \
            if (clock_mono_us() > limit)                                                           \
                give_up(__FILE__, __LINE__, #condition);                                           \
            task_sleep(5 * US_PER_MS);                                                             \
        }                                                                                          \
    } while (0)

static int64_t toy_count(struct toy *t, const struct sql *s, const char *p1, const char *p2)
{
    struct arena *a = arena_new();
    struct pg_args *args = pg_args(a);
    struct pg_rows rows;
    int64_t n;

    if (p1)
        pg_add_text(args, p1);
    if (p2)
        pg_add_text(args, p2);
    assert_int_equal(pg_exec(t->pg, s, args, a, &rows).kind, ERR_NONE);
    n = pg_i64(&rows, 0, 0);
    arena_free(a);
    return n;
}

static int64_t n_seen(struct toy *t)
{
    return toy_count(t, &sql_n_seen, NULL, NULL);
}

static int64_t n_jobs(struct toy *t, const char *state, const char *kind)
{
    return toy_count(t, &sql_jobs, state, kind);
}

static const char *words_of(struct toy *t, const char *subject)
{
    struct pg_args *args = pg_args(t->arena);
    struct pg_rows rows;

    pg_add_text(args, subject);
    assert_int_equal(pg_exec(t->pg, &sql_words, args, t->arena, &rows).kind, ERR_NONE);
    return pg_text(&rows, 0, 0);
}

static const struct redis_value *redis_words(struct toy *t, const char *const *words, size_t n)
{
    struct redis_args *c = redis_args(t->arena, words[0]);
    const struct redis_value *v = NULL;

    for (size_t i = 1; i < n; i++)
        redis_add(c, words[i]);
    assert_int_equal(redis_call(t->redis, c, 0, &v).kind, ERR_NONE);
    return v;
}
#define redis_do(t, ...)                                                                           \
    redis_words((t), (const char *const[]){__VA_ARGS__},                                           \
                sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *))

/* "early…" waits until ready, "broken" is broken, "poison" makes the whole batch fail, the rest is
 * seen. */
static struct err toy_hear(struct batch *b)
{
    struct toy *t = b->domain;

    for (size_t i = 0; i < b->n; i++) {
        struct event *e = &b->events[i];
        const char *word = json_string_value(json_object_get(e->data, "word"));
        struct pg_args *args = pg_args(b->arena);
        if (strcmp(word, "poison") == 0)
            return ERR(ERR_BUG, "poison");
        if (strcmp(word, "broken") == 0) {
            event_broken(e, "it is broken");
            continue;
        }
        if (strcmp(word, "early") == 0 && !t->ready[0]) {
            event_early(e, "not ready");
            continue;
        }
        pg_add_text(args, e->subject);
        pg_add_text(args, word);
        pg_queue(b->tx, &sql_see, args);
    }
    return OK;
}

static void toy_committed(void *arg, struct committed what)
{
    struct toy *t = arg;

    if (what.has_told)
        relay_wake(t->relay);
    if (t->runner && what.first_due_us < INT64_MAX)
        job_runner_wake(t->runner, what.first_due_us);
}

static void start_hearer(struct toy *t)
{
    t->hearer = hearer_start(t->loop, &(struct hearer_config){.group = "toy",
                                                              .source = "/toy",
                                                              .redis = &t->redis_cfg,
                                                              .commands = t->redis,
                                                              .pg = t->pg,
                                                              .mac_key = &t->key,
                                                              .row = t->row,
                                                              .n_partitions = 1,
                                                              .max_entries = 8,
                                                              .domain = t,
                                                              .on_commit = toy_committed,
                                                              .on_commit_arg = t});
}

static void stop_hearer(struct toy *t)
{
    hearer_stop(t->hearer);
    until(hearer_has_stopped(t->hearer));
    hearer_free(t->hearer);
    t->hearer = NULL;
}

static void toy_start(struct toy *t)
{
    static const char *const streams[] = {STREAM, NULL};

    until(pg_is_up(t->pg) && redis_is_up(t->redis));
    assert_int_equal(pg_exec(t->pg, &sql_reset, NULL, t->arena, NULL).kind, ERR_NONE);
    redis_do(t, "FLUSHALL");
    t->relay = relay_start(t->loop, &(struct relay_config){.name = "toy",
                                                           .pg = t->pg,
                                                           .redis = t->redis,
                                                           .hints = &t->redis_cfg,
                                                           .mac_key = &t->key,
                                                           .streams = streams,
                                                           .n_partitions = 1,
                                                           .keep = toy_keep});
    t->runner = job_runner_start(t->loop, &(struct job_runner_config){.pg = t->pg,
                                                                      .kinds = t->kinds,
                                                                      .source = "/toy",
                                                                      .n_partitions = 1,
                                                                      .domain = t,
                                                                      .on_commit = toy_committed,
                                                                      .on_commit_arg = t});
    start_hearer(t);
}

static void toy_task(void *arg)
{
    struct toy *t = arg;

    toy_start(t);
    t->story(t);
    stop_hearer(t);
    job_runner_stop(t->runner);
    relay_stop(t->relay);
    until(relay_has_stopped(t->relay) && job_runner_n_running(t->runner) == 0);
    loop_stop(t->loop);
}

static const char *env_or(const char *name, const char *fallback)
{
    const char *value = getenv(name);

    return value ? value : fallback;
}

/* One story, from an empty database and an empty Redis. `extra`: a kind of job of the test's own,
 * or NULL. */
static void play(void (*story)(struct toy *), const struct job_kind *extra)
{
    struct toy t = {
        .story = story, .arena = arena_new(), .loop = loop_new(), .row = {STREAM, toy_hear, NULL}};

    t.kinds[0] = (struct job_kind){.kind = "hear:" STREAM,
                                   .settle = hear_settle_parked,
                                   .context = &t.row,
                                   .backoff_us = 10 * US_PER_MS};
    if (extra)
        t.kinds[1] = *extra;
    t.key = mac_key_of("a secret of the tests", "stream");
    t.pg_cfg = (struct pg_config){.host = env_or("PGHOST", "/tmp"),
                                  .port = env_or("PGPORT", "5432"),
                                  .database = env_or("PGDATABASE", "postgres"),
                                  .user = env_or("PGUSER", "postgres"),
                                  .password = "",
                                  .application = "toy"};
    t.redis_cfg = (struct redis_config){
        .host = "127.0.0.1", .port = free_port(), .password = "", .database = 1};
    redis_running = t.redis_pid = redis_server(t.redis_cfg.port);
    assert_int_equal(migrate(&t.pg_cfg, saga_migrations).kind, ERR_NONE);
    assert_int_equal(migrate(&t.pg_cfg, toy_migrations).kind, ERR_NONE);
    t.pg = pg_open(t.loop, &t.pg_cfg);
    t.redis = redis_open(t.loop, &t.redis_cfg);
    task_spawn(t.loop, "toy", toy_task, &t);
    loop_run(t.loop);
    relay_free(t.relay);
    job_runner_free(t.runner);
    redis_close(t.redis);
    pg_close(t.pg);
    loop_free(t.loop);
    kill(t.redis_pid, SIGKILL);
    waitpid(t.redis_pid, NULL, 0);
    arena_free(t.arena);
}

#endif
