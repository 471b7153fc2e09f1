/* rig.h - a server, a caller and raw sockets on one loop, in a temporary directory. */
#ifndef PASAR_TESTS_UNIT_WRAP_RIG_H
#define PASAR_TESTS_UNIT_WRAP_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "loop/offload.h"
#include "loop/task.h"
#include "wrap/fetch.h"
#include "wrap/httpd.h"

#define MOST_HELD 8

struct rig {
    struct loop *loop;
    struct arena *arena;
    struct offload *threads;
    struct httpd *httpd;
    struct fetch *fetch;
    char dir[64];
    char listen[128];                     /* "unix:<dir>/http.sock" */
    struct http_request *held[MOST_HELD]; /* of /hold, oldest first */
    int n_held;
    int n_requests;
    void (*body)(struct rig *rig);
};

/* ---- the server: /echo /hold /big /header /moved ---- */

static inline void rig_reply_text(struct http_request *req, int status, const char *text, size_t n)
{
    static const struct http_header headers[] = {{"Content-Type", "text/plain"}, {NULL, NULL}};

    http_reply(req, status, headers, text, n);
}

static inline void rig_echo(struct rig *rig, struct http_request *req)
{
    struct buf b;

    buf_init(&b, rig->arena);
    buf_addf(&b, "%s %s [%s] from '%s' %zu: ", req->method, req->path, req->query, req->remote,
             req->n_body);
    buf_add(&b, req->body, req->n_body);
    rig_reply_text(req, 200, b.data, b.n);
}

static inline void rig_on_request(struct http_request *req, void *arg)
{
    static const struct http_header moved[] = {{"Location", "/echo"}, {NULL, NULL}};
    struct rig *rig = arg;

    rig->n_requests++;
    assert_int_equal(req->body[req->n_body], '\0');
    if (strcmp(req->path, "/hold") == 0 && rig->n_held < MOST_HELD) {
        rig->held[rig->n_held++] = req;
    } else if (strcmp(req->path, "/big") == 0) {
        const char *n_text = http_query(req, rig->arena, "n");
        size_t n = n_text ? strtoul(n_text, NULL, 10) : 0;
        char *text = arena_alloc(rig->arena, n + 1);

        memset(text, 'x', n);
        rig_reply_text(req, 200, text, n);
    } else if (strcmp(req->path, "/header") == 0) {
        const char *name = http_query(req, rig->arena, "name");
        const char *value = name ? http_header(req, name) : NULL;

        rig_reply_text(req, 200, value ? value : "(none)", strlen(value ? value : "(none)"));
    } else if (strcmp(req->path, "/moved") == 0) {
        http_reply(req, 302, moved, NULL, 0);
    } else {
        rig_echo(rig, req);
    }
}

/* ---- set-up ---- */

static inline void rig_main(void *arg)
{
    struct rig *rig = arg;

    rig->body(rig);
    loop_stop(rig->loop);
}

/* Runs body in a task, with a server fitted out as cfg says (listen is ours when NULL). */
static inline void rig_run(struct httpd_config cfg, void (*body)(struct rig *rig))
{
    struct rig rig = {.body = body};
    struct err e;

    log_init("test", "error");
    snprintf(rig.dir, sizeof rig.dir, "/tmp/pasar-rig-XXXXXX");
    assert_non_null(mkdtemp(rig.dir));
    snprintf(rig.listen, sizeof rig.listen, "unix:%s/http.sock", rig.dir);
    if (!cfg.listen)
        cfg.listen = rig.listen;
    else
        snprintf(rig.listen, sizeof rig.listen, "%s", cfg.listen);
    rig.loop = loop_new();
    rig.arena = arena_new();
    rig.threads = offload_new(rig.loop, 8, 64);
    rig.fetch = fetch_new(rig.loop);
    e = httpd_new(rig.loop, &cfg, rig_on_request, &rig, &rig.httpd);
    assert_int_equal(e.kind, ERR_NONE);
    task_spawn(rig.loop, "test", rig_main, &rig);
    loop_run(rig.loop);
    httpd_free(rig.httpd);
    fetch_free(rig.fetch);
    offload_free(rig.threads);
    loop_free(rig.loop);
    arena_free(rig.arena);
    assert_int_equal(rmdir(rig.dir), 0);
}

/* A free port: asked of the kernel, and given back. */
static inline int rig_free_port(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &n), 0);
    close(fd);
    return ntohs(address.sin_port);
}

/* ---- raw clients: blocking, on threads ---- */

enum raw_end { RAW_WAIT, RAW_HALF_CLOSE, RAW_VANISH };

struct raw {
    const char *socket_path;
    const char *text;
    size_t n_text; /* strlen when 0 */
    enum raw_end end;
    int drip_us; /* pause after each byte, when > 0 */
    char got[70000];
    size_t n_got;
    bool closed; /* by the server, before we gave up after 10 s */
};

static inline int raw_connect(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    if (connect(fd, (struct sockaddr *)&address, sizeof address) == 0)
        return fd;
    close(fd);
    return -1;
}

static inline bool raw_send(struct raw *r, int fd)
{
    size_t n = r->n_text ? r->n_text : strlen(r->text);
    size_t step = r->drip_us ? 1 : n;

    for (size_t at = 0; at < n;) {
        ssize_t sent = send(fd, r->text + at, at + step > n ? n - at : step, MSG_NOSIGNAL);

        if (sent <= 0)
            return false;
        at += (size_t)sent;
        if (r->drip_us)
            usleep((useconds_t)r->drip_us);
    }
    return true;
}

static inline void raw_receive(struct raw *r, int fd)
{
    for (;;) {
        struct pollfd p = {.fd = fd, .events = POLLIN};
        ssize_t n;

        if (poll(&p, 1, 10000) <= 0)
            return;
        n = recv(fd, r->got + r->n_got, sizeof r->got - 1 - r->n_got, 0);
        if (n <= 0) {
            r->closed = true;
            return;
        }
        r->n_got += (size_t)n;
        r->got[r->n_got] = '\0';
    }
}

static inline void raw_talk(void *arg)
{
    struct raw *r = arg;
    int fd = raw_connect(r->socket_path);

    r->closed = fd < 0;
    if (fd < 0)
        return;
    raw_send(r, fd);
    if (r->end == RAW_HALF_CLOSE)
        shutdown(fd, SHUT_WR);
    if (r->end != RAW_VANISH)
        raw_receive(r, fd);
    close(fd);
}

/* Says text, hears until the server closes. The answer lives in the rig's arena. */
static inline struct raw *rig_say(struct rig *rig, const char *text, size_t n, enum raw_end end)
{
    struct raw *r = ARENA_NEW(rig->arena, struct raw);
    struct err e;

    r->socket_path = rig->listen + strlen("unix:");
    r->text = text;
    r->n_text = n;
    r->end = end;
    e = offload_run(rig->threads, raw_talk, r);
    assert_int_equal(e.kind, ERR_NONE);
    return r;
}

/* Waits for a condition, 10 s at most. */
#define RIG_AWAIT(condition)                                                                       \
    do {                                                                                           \
        int64_t until_ = clock_mono_us() + 10 * US_PER_S;                                          \
        while (!(condition) && clock_mono_us() < until_)                                           \
            task_sleep(US_PER_MS);                                                                 \
        assert_true(condition);                                                                    \
    } while (0)

#endif
