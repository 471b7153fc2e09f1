/* test_fetch.c - calls to our own server, and to servers that are not there, hang, or cheat. */
#include "tests/unit/wrap/rig.h"

#include "loop/sync.h"

#include <dlfcn.h>
#include <netdb.h>

static struct fetch_response assert_fetched(struct rig *rig, struct fetch_request req)
{
    struct fetch_response res;
    struct err e;

    if (!req.base)
        req.base = rig->listen;
    e = fetch_call(rig->fetch, &req, rig->arena, &res);
    assert_int_equal(e.kind, ERR_NONE);
    return res;
}

static enum err_kind failure(struct rig *rig, struct fetch_request req)
{
    struct fetch_response res;

    if (!req.base)
        req.base = rig->listen;
    return fetch_call(rig->fetch, &req, rig->arena, &res).kind;
}

static struct fetch_request get(const char *path)
{
    return (struct fetch_request){.method = "GET", .path = path, .timeout_us = 5 * US_PER_S};
}

/* ---- what is sent and what comes back ---- */

struct shape {
    const char *method, *path, *body;
    int status;
    const char *answer;
};

/* clang-format off */
static const struct shape shapes[] = {
    {"GET", "/echo?a=%20b", NULL, 200, "GET /echo [a=%20b] from '' 0: "},
    {"POST", "/echo", "hello", 200, "POST /echo [] from '' 5: hello"},
    {"POST", "/echo", NULL, 200, "POST /echo [] from '' 0: "},
    {"GET", "/echo", NULL, 200, "GET /echo [] from '' 0: "},
    {"PUT", "/echo", "x", 200, "PUT /echo [] from '' 1: x"},
    {"PATCH", "/echo", "", 200, "PATCH /echo [] from '' 0: "},
    {"DELETE", "/echo", NULL, 200, "DELETE /echo [] from '' 0: "},
    {"DELETE", "/echo", "why", 200, "DELETE /echo [] from '' 3: why"},
    {"HEAD", "/big?n=99", NULL, 200, ""},
    {"OPTIONS", "/echo", NULL, 200, "OPTIONS /echo [] from '' 0: "},
    {"GET", "/moved", NULL, 302, ""},
    {"FLY", "/echo", NULL, 501, NULL},
    {"GET", "/header?name=expect", NULL, 200, "(none)"},
    {"POST", "/header?name=content-type", "x", 200, "(none)"},
    {"POST", "/header?name=content-length", "x", 200, "1"},
};
/* clang-format on */

static void sends_all_shapes(struct rig *rig)
{
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        const struct shape *s = &shapes[i];
        struct fetch_request req = get(s->path);
        struct fetch_response res;

        req.method = s->method;
        req.body = s->body;
        req.n_body = s->body ? strlen(s->body) : 0;
        res = assert_fetched(rig, req);
        assert_int_equal(res.status, s->status);
        assert_int_equal(res.n_body, strlen(res.body));
        if (s->answer)
            assert_string_equal(res.body, s->answer);
    }
}

static void test_shapes(void **state)
{
    (void)state;
    rig_run((struct httpd_config){0}, sends_all_shapes);
}

static void sends_headers(struct rig *rig)
{
    static const char *const one[] = {"Content-Type: application/json", "X-One: 1", NULL};
    static const char *const two[] = {"Content-Type: application/json", "X-One: 2", NULL};
    struct fetch_request req = get("/header?name=x-one");

    req.headers = one;
    assert_string_equal(assert_fetched(rig, req).body, "1");
    assert_string_equal(assert_fetched(rig, req).body, "1");
    req.headers = two;
    assert_string_equal(assert_fetched(rig, req).body, "2");
    req.path = "/header?name=content-type";
    assert_string_equal(assert_fetched(rig, req).body, "application/json");
    req.headers = NULL;
    assert_string_equal(assert_fetched(rig, req).body, "(none)");
}

static void test_headers(void **state)
{
    (void)state;
    rig_run((struct httpd_config){0}, sends_headers);
}

static void bounds_the_answer(struct rig *rig)
{
    struct fetch_request req = get("/big?n=200000");

    assert_int_equal(assert_fetched(rig, req).n_body, 200000);
    req.max_bytes = 200000;
    assert_int_equal(assert_fetched(rig, req).n_body, 200000);
    req.max_bytes = 199999;
    assert_int_equal(failure(rig, req), ERR_TIMEOUT);
    assert_int_equal(assert_fetched(rig, get("/echo")).status, 200);
}

static void test_large_answer(void **state)
{
    (void)state;
    rig_run((struct httpd_config){0}, bounds_the_answer);
}

/* ---- nobody there: nothing has happened ---- */

static void finds_nobody(struct rig *rig)
{
    struct fetch_request req = get("/");
    int port = rig_free_port();

    req.base = arena_printf(rig->arena, "http://127.0.0.1:%d", port);
    assert_int_equal(failure(rig, req), ERR_UNAVAILABLE);
    req.base = arena_printf(rig->arena, "unix:%s/nobody", rig->dir);
    assert_int_equal(failure(rig, req), ERR_UNAVAILABLE);
    req.base = "http://nobody.invalid";
    assert_int_equal(failure(rig, req), ERR_UNAVAILABLE);
    req.base = "file:///etc";
    assert_int_equal(failure(rig, req), ERR_BUG);
    assert_int_equal(assert_fetched(rig, get("/echo")).status, 200); /* the handle is as new */
    req.base = arena_printf(rig->arena, "http://127.0.0.1:%d", port);
    assert_int_equal(failure(rig, req), ERR_UNAVAILABLE); /* also with a handle that has sent */
}

static void test_nobody(void **state)
{
    (void)state;
    setenv("http_proxy", "http://127.0.0.1:1", 1);
    rig_run((struct httpd_config){0}, finds_nobody);
    unsetenv("http_proxy");
}

static void is_refused_after_it_was_served(struct rig *rig)
{
    assert_int_equal(assert_fetched(rig, get("/echo")).status, 200);
    httpd_free(rig->httpd);
    rig->httpd = NULL;
    assert_int_equal(failure(rig, get("/echo")), ERR_UNAVAILABLE);
    assert_int_equal(httpd_new(rig->loop, &(struct httpd_config){.listen = rig->listen},
                               rig_on_request, rig, &rig->httpd)
                         .kind,
                     ERR_NONE);
    assert_int_equal(assert_fetched(rig, get("/echo")).status, 200);
}

static void test_restart(void **state)
{
    (void)state;
    rig_run((struct httpd_config){0}, is_refused_after_it_was_served);
}

/* ---- a name server that does not answer must not hold up the loop ---- */

#define SILENCE_S 2

/* In front of libc's, for libcurl too. */
int getaddrinfo(const char *restrict name, const char *restrict service,
                const struct addrinfo *restrict hints, struct addrinfo **restrict out)
{
    typedef int look_up(const char *restrict, const char *restrict, const struct addrinfo *restrict,
                        struct addrinfo **restrict);
    union { /* ISO C has no conversion of one to the other */
        void *found;
        look_up *fn;
    } real = {.found = dlsym(RTLD_NEXT, "getaddrinfo")};

    if (name && strcmp(name, "silent.invalid") == 0) {
        sleep(SILENCE_S);
        return EAI_AGAIN;
    }
    return real.fn(name, service, hints, out);
}

static void waits_for_no_name_server(struct rig *rig)
{
    struct fetch_request req = get("/");
    int64_t from_us = clock_mono_us();

    req.base = "http://silent.invalid";
    req.timeout_us = 50 * US_PER_MS;
    assert_int_equal(failure(rig, req), ERR_UNAVAILABLE);
    assert_true(clock_mono_us() - from_us < US_PER_S);
    assert_int_equal(assert_fetched(rig, get("/echo")).status, 200);
    task_sleep(SILENCE_S * US_PER_S); /* the thread that asked ends: nothing of it is left */
}

static void test_name_server(void **state)
{
    (void)state;
    rig_run((struct httpd_config){0}, waits_for_no_name_server);
}

/* ---- sent, and then nothing: nobody knows ---- */

static void gives_up_in_time(struct rig *rig)
{
    struct fetch_request req = get("/hold");
    int64_t from_us = clock_mono_us();

    req.timeout_us = 50 * US_PER_MS;
    assert_int_equal(failure(rig, req), ERR_TIMEOUT);
    task_set_deadline(clock_mono_us() + 50 * US_PER_MS);
    req.timeout_us = 0;
    assert_int_equal(failure(rig, req), ERR_TIMEOUT);
    assert_int_equal(failure(rig, req), ERR_UNAVAILABLE); /* not even begun */
    task_set_deadline(NO_DEADLINE);
    assert_true(clock_mono_us() - from_us < 2 * US_PER_S);
    assert_int_equal(rig->n_requests, 2);
    for (int i = 0; i < 2; i++)
        rig_reply_text(rig->held[i], 200, "late", 4);
    assert_int_equal(assert_fetched(rig, get("/echo")).status, 200);
}

static void test_timeout(void **state)
{
    (void)state;
    rig_run((struct httpd_config){0}, gives_up_in_time);
}

struct call {
    struct rig *rig;
    struct latch over;
    struct fetch_request req;
    enum err_kind kind;
};

static void call_main(void *arg)
{
    struct call *c = arg;

    c->kind = failure(c->rig, c->req);
    latch_set(&c->over);
}

static void loses_the_connection(struct rig *rig)
{
    struct call c = {.rig = rig, .req = get("/hold")};
    struct err e;

    task_spawn(rig->loop, "call", call_main, &c);
    RIG_AWAIT(rig->n_held == 1);
    httpd_free(rig->httpd);
    rig->httpd = NULL;
    e = latch_wait(&c.over, clock_mono_us() + 5 * US_PER_S);
    assert_int_equal(e.kind, ERR_NONE);
    assert_int_equal(c.kind, ERR_TIMEOUT);
    rig_reply_text(rig->held[0], 200, "late", 4);
}

static void test_lost(void **state)
{
    (void)state;
    rig_run((struct httpd_config){0}, loses_the_connection);
}

/* ---- a server that says what it likes, on a thread ---- */

struct cheat {
    int listener;
    int port;
    const char *says;
    size_t n_says;
};

static void cheat_main(void *arg)
{
    struct cheat *c = arg;
    int fd = accept(c->listener, NULL, NULL);
    struct pollfd p = {.fd = fd, .events = POLLIN};
    char heard[4096];

    if (poll(&p, 1, 5000) > 0 && recv(fd, heard, sizeof heard, 0) > 0) {
        const char *from = c->says;
        size_t n = c->n_says;

        while (n) {
            ssize_t sent = send(fd, from, n, MSG_NOSIGNAL);

            if (sent <= 0)
                break;
            from += sent;
            n -= (size_t)sent;
        }
    }
    close(fd);
}

struct cheat_call {
    struct rig *rig;
    struct cheat cheat;
    struct latch over;
};

static void cheat_task(void *arg)
{
    struct cheat_call *c = arg;
    struct err e = offload_run(c->rig->threads, cheat_main, &c->cheat);

    assert_int_equal(e.kind, ERR_NONE);
    latch_set(&c->over);
}

static enum err_kind failure_with(struct rig *rig, const char *says, size_t n)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct cheat_call c = {.rig = rig, .cheat = {.says = says, .n_says = n}};
    struct fetch_request req = get("/");
    socklen_t n_address = sizeof address;
    enum err_kind kind;
    struct err e;

    c.cheat.listener = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(c.cheat.listener, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(c.cheat.listener, 1), 0);
    assert_int_equal(getsockname(c.cheat.listener, (struct sockaddr *)&address, &n_address), 0);
    req.base = arena_printf(rig->arena, "http://127.0.0.1:%d", ntohs(address.sin_port));
    req.timeout_us = 3 * US_PER_S;
    task_spawn(rig->loop, "cheat", cheat_task, &c);
    kind = failure(rig, req);
    e = latch_wait(&c.over, clock_mono_us() + 6 * US_PER_S);
    assert_int_equal(e.kind, ERR_NONE);
    close(c.cheat.listener);
    return kind;
}

static void survives_cheats(struct rig *rig)
{
    static const char cut[] = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc";
    static const char short_chunk[] =
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\nabc";
    static const char bad_chunk[] =
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nabc";
    static const char noise[] = "\x16\x03\x01\0\0\0nothing like HTTP\r\n\r\n";
    static const char whole[] = "HTTP/1.1 200 OK\r\n\r\nuntil the end";
    size_t n_endless = 4 << 20;
    char *endless = malloc(n_endless);

    assert_int_equal(failure_with(rig, "", 0), ERR_TIMEOUT);
    assert_int_equal(failure_with(rig, cut, sizeof cut - 1), ERR_TIMEOUT);
    assert_int_equal(failure_with(rig, short_chunk, sizeof short_chunk - 1), ERR_TIMEOUT);
    assert_int_equal(failure_with(rig, bad_chunk, sizeof bad_chunk - 1), ERR_TIMEOUT);
    assert_int_equal(failure_with(rig, noise, sizeof noise - 1), ERR_TIMEOUT);
    assert_int_equal(failure_with(rig, whole, sizeof whole - 1), ERR_NONE);
    memset(endless, 'x', n_endless);
    memcpy(endless, "HTTP/1.1 200 OK\r\n\r\n", 19);
    assert_int_equal(failure_with(rig, endless, n_endless), ERR_TIMEOUT);
    for (size_t i = 17; i + 10 < n_endless; i += 10)
        memcpy(endless + i, "X: abcde\r\n", 10);
    assert_int_equal(failure_with(rig, endless, n_endless), ERR_TIMEOUT);
    free(endless);
}

static void test_cheats(void **state)
{
    (void)state;
    rig_run((struct httpd_config){0}, survives_cheats);
}

/* ---- many at once ---- */

#define N_TASKS 64
#define N_EACH 20

struct crowd {
    struct rig *rig;
    int n_left, n_ok;
    struct latch over;
};

static void crowd_main(void *arg)
{
    struct crowd *c = arg;

    for (int i = 0; i < N_EACH; i++) {
        struct fetch_request req = get("/big?n=100");
        struct arena *a = arena_new();
        struct fetch_response res;

        req.base = c->rig->listen;
        if (!fetch_call(c->rig->fetch, &req, a, &res).kind && res.n_body == 100)
            c->n_ok++;
        arena_free(a);
    }
    if (--c->n_left == 0)
        latch_set(&c->over);
}

/* No connection beyond one for each task: the server would close it. */
static void serves_a_crowd(struct rig *rig)
{
    struct crowd c = {.rig = rig, .n_left = N_TASKS};
    struct err e;

    for (int i = 0; i < N_TASKS; i++)
        task_spawn(rig->loop, "crowd", crowd_main, &c);
    e = latch_wait(&c.over, NO_DEADLINE);
    assert_int_equal(e.kind, ERR_NONE);
    assert_int_equal(c.n_ok, N_TASKS * N_EACH);
}

static void test_crowd(void **state)
{
    (void)state;
    rig_run((struct httpd_config){.max_connections = N_TASKS}, serves_a_crowd);
}

/* ---- over TCP ---- */

static void goes_over_tcp(struct rig *rig)
{
    struct fetch_request req = get("/echo");

    req.base = arena_printf(rig->arena, "http://%s", rig->listen);
    assert_string_equal(assert_fetched(rig, req).body, "GET /echo [] from '127.0.0.1' 0: ");
}

static void test_tcp(void **state)
{
    char address[32];

    (void)state;
    snprintf(address, sizeof address, "127.0.0.1:%d", rig_free_port());
    rig_run((struct httpd_config){.listen = address}, goes_over_tcp);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shapes),       cmocka_unit_test(test_headers),
        cmocka_unit_test(test_large_answer), cmocka_unit_test(test_nobody),
        cmocka_unit_test(test_restart),      cmocka_unit_test(test_timeout),
        cmocka_unit_test(test_lost),         cmocka_unit_test(test_cheats),
        cmocka_unit_test(test_crowd),        cmocka_unit_test(test_tcp),
        cmocka_unit_test(test_name_server),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
