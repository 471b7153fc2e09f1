/* test_httpd.c - what clients may send, well-meant or not, and what they get. */
#include "tests/unit/wrap/rig.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define CLOSE "Connection: close\r\n"

static const char *body_of(const struct raw *r)
{
    const char *end = strstr(r->got, "\r\n\r\n");

    assert_non_null(end);
    return end + 4;
}

/* ---- good requests ---- */

struct good {
    const char *request;
    const char *body;
};

/* clang-format off */
static const struct good good[] = {
    {"GET /echo HTTP/1.1\r\nHost: a\r\n" CLOSE "\r\n", "GET /echo [] from '' 0: "},
    {"GET /a%20b/%C3%A9%2Fc?q=%20x&y HTTP/1.1\r\n" CLOSE "\r\n", "GET /a b/\xc3\xa9/c [q=%20x&y] from '' 0: "},
    {"GET /50%-off HTTP/1.1\r\n" CLOSE "\r\n", "GET /50%-off [] from '' 0: "},
    {"GET http://shop.example/x?y HTTP/1.1\r\n" CLOSE "\r\n", "GET /x [y] from '' 0: "},
    {"GET /echo HTTP/1.0\r\n\r\n", "GET /echo [] from '' 0: "},
    {"POST /echo HTTP/1.1\r\nContent-Length: 5\r\n" CLOSE "\r\nhello", "POST /echo [] from '' 5: hello"},
    {"PUT /echo HTTP/1.1\r\nContent-Length: 1\r\n" CLOSE "\r\nx", "PUT /echo [] from '' 1: x"},
    {"PATCH /echo HTTP/1.1\r\nContent-Length: 1\r\n" CLOSE "\r\nx", "PATCH /echo [] from '' 1: x"},
    {"DELETE /echo HTTP/1.1\r\n" CLOSE "\r\n", "DELETE /echo [] from '' 0: "},
    {"DELETE /echo HTTP/1.1\r\nContent-Length: 1\r\n" CLOSE "\r\nx", "DELETE /echo [] from '' 1: x"},
    {"OPTIONS /echo HTTP/1.1\r\n" CLOSE "\r\n", "OPTIONS /echo [] from '' 0: "},
    {"POST /echo HTTP/1.1\r\nTransfer-Encoding: chunked\r\n" CLOSE "\r\n"
     "3\r\nabc\r\nA;x=y\r\n0123456789\r\n0\r\nTrailer: t\r\n\r\n", NULL},
    {"POST /echo HTTP/1.1\r\nTransfer-Encoding: chunked\r\n" CLOSE "\r\n"
     "3\r\nabc\r\na\r\n0123456789\r\n0\r\nTrailer: t\r\n\r\n", "POST /echo [] from '' 13: abc0123456789"},
    {"GET /header?name=x-test HTTP/1.1\r\nX-TEST:  a b \r\n" CLOSE "\r\n", "a b"},
    {"GET /header?name=nope HTTP/1.1\r\n" CLOSE "\r\n", "(none)"},
};
/* clang-format on */

static void answers_good_requests(struct rig *rig)
{
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        const struct raw *r = rig_say(rig, good[i].request, 0, RAW_WAIT);

        assert_true(r->closed);
        assert_non_null(strstr(r->got, "HTTP/1."));
        if (good[i].body) {
            assert_non_null(strstr(r->got, " 200 OK\r\n"));
            assert_string_equal(body_of(r), good[i].body);
        }
    }
}

static void test_good(void **state)
{
    (void)state;
    rig_run((struct httpd_config){0}, answers_good_requests);
}

static void answers_head(struct rig *rig)
{
    const struct raw *r = rig_say(rig, "HEAD /big?n=1234 HTTP/1.1\r\n" CLOSE "\r\n", 0, RAW_WAIT);

    assert_non_null(strstr(r->got, " 200 OK\r\n"));
    assert_non_null(strstr(r->got, "Content-Length: 1234\r\n"));
    assert_string_equal(body_of(r), "");
}

static void test_head(void **state)
{
    (void)state;
    rig_run((struct httpd_config){0}, answers_head);
}

/* ---- bad requests: each a problem, then closed ---- */

struct bad {
    const char *request;
    size_t n;
    int status;
};

#define BAD(text, status)                                                                          \
    {                                                                                              \
        text, sizeof text - 1, status                                                              \
    }

/* clang-format off */
static const struct bad bad[] = {
    BAD("nonsense\r\n\r\n", 400),
    BAD("GET /\r\n\r\n", 400),
    BAD("GET / HTTP/2.0\r\n\r\n", 400),
    BAD("GET / HTTP/1.1\r\nno colon\r\n\r\n", 400),
    BAD("GET * HTTP/1.1\r\n\r\n", 400),
    BAD("GET relative HTTP/1.1\r\n\r\n", 400),
    BAD("GET /a%00b HTTP/1.1\r\n\r\n", 400),
    BAD("GET /a\0b HTTP/1.1\r\n\r\n", 400),
    BAD("\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\r\n\r\n", 400),
    BAD("FLY / HTTP/1.1\r\n\r\n", 501),
    BAD("get / HTTP/1.1\r\n\r\n", 501),
    BAD("TRACE / HTTP/1.1\r\n\r\n", 501),
    BAD("POST /echo HTTP/1.1\r\nContent-Length: -1\r\n\r\n", 400),
    BAD("POST /echo HTTP/1.1\r\nContent-Length: 1x\r\n\r\nx", 400),
    BAD("POST /echo HTTP/1.1\r\nContent-Length: +1\r\n\r\nx", 400),
    BAD("POST /echo HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx", 400),
    BAD("POST /echo HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    BAD("POST /echo HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 400),
    BAD("POST /echo HTTP/1.1\r\nContent-Length : 1\r\n\r\nx", 400),
    BAD("HEAD /echo HTTP/1.1\r\nContent-Length: 1\r\n\r\nx", 400),
    BAD("POST /echo HTTP/1.1\r\nExpect: miracles\r\nContent-Length: 1\r\n\r\nx", 417),
    BAD("POST /echo HTTP/1.1\r\nContent-Length: 1001\r\n\r\n", 0),
    BAD("POST /echo HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3e9\r\n", 413),
    BAD("POST /echo HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n", 413),
    BAD("POST /echo HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 413),
    BAD("POST /echo HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n", 413),
};
/* clang-format on */

static void assert_problem(const struct raw *r, int status)
{
    bool is_head = strncmp(r->text, "HEAD", 4) == 0;
    char line[32], member[32];

    snprintf(line, sizeof line, "HTTP/1.1 %d ", status);
    snprintf(member, sizeof member, "\"status\":%d,", status);
    assert_non_null(strstr(r->got, line));
    assert_non_null(strstr(r->got, "Content-Type: application/problem+json\r\n"));
    assert_non_null(strstr(r->got, "Connection: close\r\n"));
    assert_true(is_head || strstr(body_of(r), member));
    assert_null(strstr(r->got, "<HTML>"));
    assert_true(r->closed);
}

static void refuses_bad_requests(struct rig *rig)
{
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        const struct raw *r = rig_say(rig, bad[i].request, bad[i].n, RAW_HALF_CLOSE);

        if (bad[i].status)
            assert_problem(r, bad[i].status);
        assert_true(r->closed);
    }
    assert_int_equal(rig->n_requests, 0);
    assert_int_equal(httpd_n_pending(rig->httpd), 0);
}

static void test_bad(void **state)
{
    (void)state;
    rig_run((struct httpd_config){.max_body_bytes = 1000}, refuses_bad_requests);
}

/* A body over the limit is read to its end, so that the client hears our answer. */
static void refuses_large_things(struct rig *rig)
{
    const char *head = "POST /echo HTTP/1.1\r\nContent-Length: 300000\r\n\r\n";
    size_t n = strlen(head) + 300000;
    char *text = arena_alloc(rig->arena, n + 1);
    char *header = arena_alloc(rig->arena, 20001);

    memset(text, 'x', n);
    memcpy(text, head, strlen(head));
    assert_problem(rig_say(rig, text, n, RAW_WAIT), 413);
    memset(header, 'h', 20000);
    memcpy(header, "GET / HTTP/1.1\r\nA:", 18);
    assert_problem(rig_say(rig, header, 20000, RAW_WAIT), 400); /* without an end */
    memcpy(header + 19000, "\r\n\r\n", 4);
    assert_problem(rig_say(rig, header, 19004, RAW_WAIT), 400);
    memset(header, 'h', 20000);
    assert_problem(rig_say(rig, header, 20000, RAW_WAIT), 400); /* not even a first line */
    assert_int_equal(rig->n_requests, 0);
}

static void test_large(void **state)
{
    (void)state;
    rig_run((struct httpd_config){0}, refuses_large_things);
}

/* ---- manners of speaking ---- */

static void answers_a_pipeline(struct rig *rig)
{
    const struct raw *r = rig_say(rig,
                                  "GET /1 HTTP/1.1\r\n\r\n"
                                  "POST /2 HTTP/1.1\r\nContent-Length: 2\r\n\r\nab"
                                  "GET /3 HTTP/1.1\r\n" CLOSE "\r\n"
                                  "GET /4 HTTP/1.1\r\n\r\n",
                                  0, RAW_WAIT);
    const char *one = strstr(r->got, "GET /1"), *two = strstr(r->got, "POST /2");
    const char *three = strstr(r->got, "GET /3");

    assert_true(one && two && three && one < two && two < three);
    assert_int_equal(rig->n_requests, 3); /* nothing after the last word */
}

static void answers_a_half_closed_socket(struct rig *rig)
{
    const struct raw *r = rig_say(rig, "GET /x HTTP/1.1\r\n\r\n", 0, RAW_HALF_CLOSE);

    assert_non_null(strstr(r->got, "GET /x"));
}

/* The same words as on a fresh connection: a gateway keeps its connections. */
static void refuses_what_follows_a_good_request(struct rig *rig)
{
    char text[256];

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        const char *first = "GET /good HTTP/1.1\r\n\r\n";
        const struct raw *r;
        struct raw second;
        size_t n = strlen(first);

        if (!bad[i].status)
            continue;
        memcpy(text, first, n);
        memcpy(text + n, bad[i].request, bad[i].n);
        r = rig_say(rig, text, n + bad[i].n, RAW_WAIT);
        second = (struct raw){.text = bad[i].request, .closed = r->closed};
        assert_non_null(strstr(r->got, "GET /good"));
        snprintf(second.got, sizeof second.got, "%s", strstr(r->got, "GET /good"));
        assert_problem(&second, bad[i].status);
    }
}

static void test_bad_second(void **state)
{
    (void)state;
    rig_run((struct httpd_config){.max_body_bytes = 1000}, refuses_what_follows_a_good_request);
}

/* In the loop's own thread, so without blocking. */
static bool hears(struct raw *r, int fd, const char *text)
{
    ssize_t n = recv(fd, r->got + r->n_got, sizeof r->got - 1 - r->n_got, MSG_DONTWAIT);

    if (n > 0)
        r->n_got += (size_t)n;
    r->got[r->n_got] = '\0';
    return strstr(r->got, text) != NULL;
}

static void sends_continue(struct rig *rig)
{
    struct raw *r = ARENA_NEW(rig->arena, struct raw);
    int fd = raw_connect(rig->listen + strlen("unix:"));

    r->text = "POST /x HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n";
    assert_true(raw_send(r, fd));
    RIG_AWAIT(hears(r, fd, "HTTP/1.1 100 Continue\r\n\r\n"));
    r->text = "ab";
    assert_true(raw_send(r, fd));
    RIG_AWAIT(hears(r, fd, " 2: ab"));
    close(fd);
}

static void answers_all_manners(struct rig *rig)
{
    answers_a_pipeline(rig);
    answers_a_half_closed_socket(rig);
    sends_continue(rig);
}

static void test_manners(void **state)
{
    (void)state;
    rig_run((struct httpd_config){0}, answers_all_manners);
}

/* ---- clients that go, and those that stay too long ---- */

static void survives_vanished_clients(struct rig *rig)
{
    for (int i = 0; i < 4; i++)
        rig_say(rig, "GET /hold HTTP/1.1\r\n\r\n", 0, RAW_VANISH);
    RIG_AWAIT(rig->n_held == 4);
    assert_int_equal(httpd_n_pending(rig->httpd), 4);
    for (int i = 0; i < 4; i++) {
        assert_string_equal(rig->held[i]->path, "/hold"); /* lives until it is answered */
        rig_reply_text(rig->held[i], 200, "late", 4);
    }
    RIG_AWAIT(httpd_n_pending(rig->httpd) == 0);
    answers_a_half_closed_socket(rig);
}

static void test_vanished(void **state)
{
    (void)state;
    rig_run((struct httpd_config){0}, survives_vanished_clients);
}

static void is_freed_before_the_answer(struct rig *rig)
{
    rig_say(rig, "GET /hold HTTP/1.1\r\n\r\n", 0, RAW_VANISH);
    rig_say(rig, "POST /hold HTTP/1.1\r\nContent-Length: 2\r\n\r\nab", 0, RAW_VANISH);
    RIG_AWAIT(rig->n_held == 2);
    httpd_free(rig->httpd);
    rig->httpd = NULL;
    assert_string_equal(rig->held[1]->body, "ab");
    rig_reply_text(rig->held[0], 200, "late", 4);
    rig_reply_text(rig->held[1], 200, "late", 4);
}

static void test_freed(void **state)
{
    (void)state;
    rig_run((struct httpd_config){0}, is_freed_before_the_answer);
}

static void cuts_off_dribblers(struct rig *rig)
{
    struct raw *r = ARENA_NEW(rig->arena, struct raw);
    int64_t from_us = clock_mono_us();
    char text[401];
    struct err e;

    memset(text, 'a', sizeof text);
    memcpy(text, "GET /", 5);
    *r = (struct raw){.socket_path = rig->listen + strlen("unix:"),
                      .text = text,
                      .n_text = 400,
                      .drip_us = 20000};
    e = offload_run(rig->threads, raw_talk, r);
    assert_int_equal(e.kind, ERR_NONE);
    assert_true(r->closed);
    assert_true(clock_mono_us() - from_us < 7 * US_PER_S); /* 8 s if it were let */
    assert_int_equal(rig->n_requests, 0);
}

/* The idle one is closed by then, too. */
static void test_dribble(void **state)
{
    (void)state;
    rig_run((struct httpd_config){.timeout_s = 1}, cuts_off_dribblers);
}

static void bounds_connections(struct rig *rig)
{
    const char *path = rig->listen + strlen("unix:");
    int a = raw_connect(path), b = raw_connect(path);
    const struct raw *r;

    assert_true(a >= 0 && b >= 0);
    r = rig_say(rig, "GET /x HTTP/1.1\r\n" CLOSE "\r\n", 0, RAW_WAIT);
    assert_true(r->closed);
    assert_int_equal(r->n_got, 0);
    close(a);
    RIG_AWAIT(rig_say(rig, "GET /x HTTP/1.1\r\n" CLOSE "\r\n", 0, RAW_WAIT)->n_got > 0);
    close(b);
}

static void test_bound(void **state)
{
    (void)state;
    rig_run((struct httpd_config){.max_connections = 2}, bounds_connections);
}

/* A process of its own, for its sockets: it holds them until it is killed. */
static pid_t crowd_at(const char *path, int n)
{
    pid_t child = fork();

    if (child != 0)
        return child;
    while (n-- > 0 && raw_connect(path) >= 0)
        continue;
    for (;;)
        pause();
}

/* Clients must not take the last file: a database that comes back would find none. */
static void leaves_files_for_others(struct rig *rig)
{
    pid_t crowd = crowd_at(rig->listen + strlen("unix:"), 200);
    int fd;

    assert_true(crowd > 0);
    task_sleep(300 * US_PER_MS);
    fd = socket(AF_UNIX, SOCK_STREAM, 0);
    kill(crowd, SIGKILL);
    assert_int_equal(waitpid(crowd, NULL, 0), crowd);
    assert_true(fd >= 0);
    close(fd);
    answers_a_half_closed_socket(rig);
}

static void test_files(void **state)
{
    struct rlimit before, few;

    (void)state;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    few = (struct rlimit){100, before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
    rig_run((struct httpd_config){0}, leaves_files_for_others);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
}

static void drains(struct rig *rig)
{
    const char *path = rig->listen + strlen("unix:");
    int fd = raw_connect(path);
    struct raw *r = ARENA_NEW(rig->arena, struct raw);

    *r = (struct raw){.text = "GET /hold HTTP/1.1\r\n\r\n"};
    assert_true(raw_send(r, fd));
    RIG_AWAIT(rig->n_held == 1);
    httpd_drain(rig->httpd);
    assert_int_equal(raw_connect(path), -1);
    rig_reply_text(rig->held[0], 200, "last", 4);
    assert_int_equal(httpd_n_pending(rig->httpd), 1); /* not before it is written */
    RIG_AWAIT(httpd_n_pending(rig->httpd) == 0);
    RIG_AWAIT(hears(r, fd, "\r\n\r\nlast"));
    assert_non_null(strstr(r->got, "Connection: close\r\n"));
    close(fd);
}

static void test_drain(void **state)
{
    (void)state;
    rig_run((struct httpd_config){0}, drains);
}

/* ---- addresses ---- */

static void listens_once(struct rig *rig)
{
    struct httpd *second;
    struct stat st;
    struct err e;

    e = httpd_new(rig->loop, &(struct httpd_config){.listen = rig->listen}, rig_on_request, rig,
                  &second);
    assert_int_equal(e.kind, ERR_UNAVAILABLE);
    assert_int_equal(stat(rig->listen + strlen("unix:"), &st), 0);
    assert_int_equal(st.st_mode & 0777, 0666);
}

static void takes_over_a_stale_socket(struct rig *rig)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct httpd_config cfg = {.listen = arena_printf(rig->arena, "unix:%s/stale", rig->dir)};
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    struct httpd *second;
    struct err e;

    snprintf(address.sun_path, sizeof address.sun_path, "%s/stale", rig->dir);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    close(fd);
    e = httpd_new(rig->loop, &cfg, rig_on_request, rig, &second);
    assert_int_equal(e.kind, ERR_NONE);
    httpd_free(second);
    assert_int_equal(access(address.sun_path, F_OK), -1);
}

static void spares_a_file(struct rig *rig)
{
    struct httpd_config cfg = {.listen = arena_printf(rig->arena, "unix:%s/file", rig->dir)};
    const char *path = cfg.listen + strlen("unix:");
    int fd = open(path, O_CREAT | O_WRONLY, 0600);
    struct httpd *second;
    struct err e;

    close(fd);
    e = httpd_new(rig->loop, &cfg, rig_on_request, rig, &second);
    assert_int_equal(e.kind, ERR_UNAVAILABLE);
    assert_int_equal(unlink(path), 0);
}

static void refuses_odd_addresses(struct rig *rig)
{
    static const char *const odd[] = {"", "8080", "127.0.0.1:", "unix:"};
    struct httpd *second;

    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
        struct err e = httpd_new(rig->loop, &(struct httpd_config){.listen = odd[i]},
                                 rig_on_request, rig, &second);
        assert_int_equal(e.kind, ERR_INVALID);
    }
}

static void minds_addresses(struct rig *rig)
{
    listens_once(rig);
    takes_over_a_stale_socket(rig);
    spares_a_file(rig);
    refuses_odd_addresses(rig);
}

static void test_addresses(void **state)
{
    (void)state;
    rig_run((struct httpd_config){0}, minds_addresses);
}

/* ---- queries ---- */

static void reads_queries(struct rig *rig)
{
    struct http_request req = {.query = "a=1&b=x+y%2Bz&empty=&bare&bad=%zz&nul=%00&cut=%4&a=2"};

    assert_string_equal(http_query(&req, rig->arena, "a"), "1");
    assert_string_equal(http_query(&req, rig->arena, "b"), "x y+z");
    assert_string_equal(http_query(&req, rig->arena, "empty"), "");
    assert_string_equal(http_query(&req, rig->arena, "bare"), "");
    assert_null(http_query(&req, rig->arena, "bad"));
    assert_null(http_query(&req, rig->arena, "nul"));
    assert_null(http_query(&req, rig->arena, "cut"));
    assert_null(http_query(&req, rig->arena, "absent"));
    req.query = "";
    assert_null(http_query(&req, rig->arena, "a"));
}

static void test_query(void **state)
{
    (void)state;
    rig_run((struct httpd_config){0}, reads_queries);
}

/* ---- noise ---- */

/* Good requests with bytes changed, cut and doubled, from a fixed seed. */
static size_t mutate(char *out, uint64_t *seed)
{
    const char *base = good[(*seed >> 20) % (sizeof good / sizeof *good)].request;
    size_t n = strlen(base);

    memcpy(out, base, n);
    for (int i = 0; i < 4; i++) {
        *seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        out[(*seed >> 33) % n] = (char)(*seed >> 24);
    }
    return *seed & 64 ? (*seed >> 40) % n + 1 : n;
}

static void survives_noise(struct rig *rig)
{
    uint64_t seed = 7;
    char text[1024];

    for (int i = 0; i < 400; i++) {
        size_t n = mutate(text, &seed);

        rig_say(rig, text, n, i % 4 ? RAW_HALF_CLOSE : RAW_VANISH);
        while (rig->n_held)
            rig_reply_text(rig->held[--rig->n_held], 200, "", 0);
    }
    answers_a_half_closed_socket(rig);
}

static void test_noise(void **state)
{
    (void)state;
    rig_run((struct httpd_config){.timeout_s = 1}, survives_noise);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),       cmocka_unit_test(test_head),
        cmocka_unit_test(test_bad),        cmocka_unit_test(test_large),
        cmocka_unit_test(test_manners),    cmocka_unit_test(test_vanished),
        cmocka_unit_test(test_freed),      cmocka_unit_test(test_dribble),
        cmocka_unit_test(test_bound),      cmocka_unit_test(test_drain),
        cmocka_unit_test(test_addresses),  cmocka_unit_test(test_query),
        cmocka_unit_test(test_noise),      cmocka_unit_test(test_files),
        cmocka_unit_test(test_bad_second),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
