/* wrap.c - what one call costs: fetch against httpd over a unix socket, commands and batches to
 * Redis.
 *
 *   bench_wrap [redis host] [redis port]     calls in flight: 64 tasks
 *
 * CPU is told for caller and server apart: the server is a process of its own. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/log.h"
#include "loop/task.h"
#include "wrap/fetch.h"
#include "wrap/httpd.h"
#include "wrap/redis.h"

#define N_TASKS 64
#define N_CALLS 50000

struct bench {
    struct loop *loop;
    struct fetch *fetch;
    struct redis *redis;
    const char *base;
    int n_left, n_tasks, n_failed;
    void (*call)(struct bench *b, struct arena *a);
};

static int64_t cpu_us(int who)
{
    struct rusage u;

    getrusage(who, &u);
    return (u.ru_utime.tv_sec + u.ru_stime.tv_sec) * US_PER_S + u.ru_utime.tv_usec +
           u.ru_stime.tv_usec;
}

static void on_request(struct http_request *req, void *arg)
{
    static const char body[] = "{\"id\":1,\"name\":\"kopi\",\"price\":150000}";
    static const struct http_header headers[] = {{"Content-Type", "application/json"},
                                                 {NULL, NULL}};

    (void)arg;
    http_reply(req, 200, headers, body, sizeof body - 1);
}

static void serve(const char *listen)
{
    struct httpd_config cfg = {.listen = listen};
    struct loop *l = loop_new();
    struct httpd *h;

    if (httpd_new(l, &cfg, on_request, NULL, &h).kind)
        _exit(1);
    loop_run(l);
    _exit(0);
}

static void call_get(struct bench *b, struct arena *a)
{
    static const char *const headers[] = {"Authorization: Bearer abcdefghijklmnopqrstuvwxyz", NULL};
    struct fetch_request req = {.method = "GET",
                                .base = b->base,
                                .path = "/internal/products/1",
                                .headers = headers,
                                .timeout_us = 5 * US_PER_S};
    struct fetch_response res;

    b->n_failed += fetch_call(b->fetch, &req, a, &res).kind != ERR_NONE;
}

static void call_post(struct bench *b, struct arena *a)
{
    static const char *const headers[] = {"Content-Type: application/json", NULL};
    static char body[600];
    struct fetch_request req = {.method = "POST",
                                .base = b->base,
                                .path = "/snap/v1/transactions",
                                .headers = headers,
                                .body = body,
                                .n_body = sizeof body,
                                .timeout_us = 5 * US_PER_S};
    struct fetch_response res;

    memset(body, 'x', sizeof body);
    b->n_failed += fetch_call(b->fetch, &req, a, &res).kind != ERR_NONE;
}

static void call_redis(struct bench *b, struct arena *a)
{
    struct redis_args *c = redis_args(a, "HGET");
    const struct redis_value *v;

    redis_add(c, "cart:1");
    redis_add_i64(c, 17);
    b->n_failed += redis_call(b->redis, c, 0, &v).kind != ERR_NONE;
}

static void call_xread(struct bench *b, struct arena *a)
{
    struct redis_args *c = redis_args(a, "XREAD");
    const struct redis_value *v;

    redis_add(c, "COUNT");
    redis_add(c, "64");
    redis_add(c, "STREAMS");
    redis_add(c, "bench:stream");
    redis_add(c, "0");
    b->n_failed += redis_call(b->redis, c, 0, &v).kind != ERR_NONE;
}

static void fill_stream(struct bench *b)
{
    static const char *const fields[] = {"id",          "type",        "source", "subject", "time",
                                         "specversion", "traceparent", "prev",   "data"};
    struct arena *a = arena_new();

    for (int i = 0; i < 64; i++) {
        struct redis_args *c = redis_args(a, "XADD");

        redis_add(c, "bench:stream");
        redis_add(c, "*");
        for (size_t f = 0; f < sizeof fields / sizeof *fields; f++) {
            redis_add(c, fields[f]);
            redis_add(c, "some 40 characters of value for a field");
        }
        redis_send(b->redis, c);
    }
    arena_free(a);
}

static void task_main(void *arg)
{
    struct bench *b = arg;
    struct arena *a = arena_new();

    while (b->n_left-- > 0) {
        b->call(b, a);
        arena_reset(a);
    }
    arena_free(a);
    if (--b->n_tasks == 0)
        loop_stop(b->loop);
}

static void run(struct bench *b, const char *name, void (*call)(struct bench *, struct arena *),
                int n_tasks, int n_calls)
{
    int64_t from_us, cpu_from_us, took_us;

    for (int warm = 1; warm >= 0; warm--) {
        b->call = call;
        b->n_tasks = n_tasks;
        b->n_left = warm ? n_calls / 10 : n_calls;
        b->n_failed = 0;
        from_us = clock_mono_us();
        cpu_from_us = cpu_us(RUSAGE_SELF);
        for (int i = 0; i < n_tasks; i++)
            task_spawn(b->loop, "bench", task_main, b);
        loop_run(b->loop);
    }
    took_us = clock_mono_us() - from_us;
    printf("%-34s %7lld /s  %6.1f us of our CPU a call, %d failed\n", name,
           (long long)(n_calls * US_PER_S / took_us),
           (double)(cpu_us(RUSAGE_SELF) - cpu_from_us) / n_calls, b->n_failed);
}

static void bench_fetch(struct bench *b)
{
    char dir[] = "/tmp/pasar-bench-XXXXXX", listen[64];
    int64_t cpu_from_us = cpu_us(RUSAGE_CHILDREN);
    pid_t server;

    if (!mkdtemp(dir))
        exit(1);
    snprintf(listen, sizeof listen, "unix:%s/s", dir);
    server = fork();
    if (!server)
        serve(listen);
    b->base = listen;
    while (access(listen + 5, F_OK))
        usleep(1000);
    b->fetch = fetch_new(b->loop);
    run(b, "fetch GET, 64 in flight", call_get, N_TASKS, N_CALLS);
    run(b, "fetch POST 600 B, 64 in flight", call_post, N_TASKS, N_CALLS);
    run(b, "fetch GET, 1 in flight", call_get, 1, N_CALLS);
    fetch_free(b->fetch);
    kill(server, SIGKILL);
    waitpid(server, NULL, 0);
    printf("%-34s           %6.1f us of its CPU a request\n", "httpd",
           (double)(cpu_us(RUSAGE_CHILDREN) - cpu_from_us) / (3.3 * N_CALLS));
    unlink(listen + 5);
    rmdir(dir);
}

static void wait_up(void *arg)
{
    struct bench *b = arg;

    while (!redis_is_up(b->redis))
        task_sleep(US_PER_MS);
    loop_stop(b->loop);
}

static void bench_redis(struct bench *b, const char *host, int port)
{
    struct redis_config cfg = {.host = host, .port = port, .password = "", .database = 9};

    b->redis = redis_open(b->loop, &cfg);
    task_spawn(b->loop, "wait", wait_up, b);
    loop_run(b->loop);
    fill_stream(b);
    run(b, "redis HGET, 64 in flight", call_redis, N_TASKS, 10 * N_CALLS);
    run(b, "redis HGET, 1 in flight", call_redis, 1, N_CALLS);
    run(b, "redis XREAD of 64, 1 in flight", call_xread, 1, N_CALLS / 10);
    redis_close(b->redis);
}

int main(int argc, char **argv)
{
    struct bench b = {0};

    log_init("bench", "warn");
    b.loop = loop_new();
    bench_fetch(&b);
    if (argc > 2)
        bench_redis(&b, argv[1], (int)strtol(argv[2], NULL, 10));
    loop_free(b.loop);
    return 0;
}
