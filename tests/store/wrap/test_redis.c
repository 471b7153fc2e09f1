/* test_redis.c - against a Redis of our own that is killed, stopped, emptied and made a replica. */
#include "wrap/redis.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "loop/sync.h"
#include "tests/unit/wrap/rig.h"

#define PASSWORD "a secret, quite long"

struct server {
    pid_t pid;
    int port;
};

/* ---- the server ---- */

static void server_start(struct server *s)
{
    char port[16];
    int quiet;

    if (!s->port)
        s->port = rig_free_port();
    snprintf(port, sizeof port, "%d", s->port);
    s->pid = fork();
    assert_true(s->pid >= 0);
    if (s->pid)
        return;
    prctl(PR_SET_PDEATHSIG, SIGKILL); /* never outlives the test */
    quiet = open("/dev/null", O_WRONLY);
    dup2(quiet, 1);
    execlp("redis-server", "redis-server", "--port", port, "--bind", "127.0.0.1", "--save", "",
           "--appendonly", "no", "--dir", "/tmp", "--requirepass", PASSWORD,
           "--replica-serve-stale-data", "no", "--enable-debug-command", "yes", (char *)NULL);
    _exit(127);
}

static void server_kill(struct server *s)
{
    kill(s->pid, SIGCONT);
    kill(s->pid, SIGKILL);
    assert_int_equal(waitpid(s->pid, NULL, 0), s->pid);
}

static struct redis_config config_of(const struct server *s)
{
    return (struct redis_config){.host = "127.0.0.1",
                                 .port = s->port,
                                 .password = PASSWORD,
                                 .database = 1,
                                 .timeout_us = 2 * US_PER_S};
}

static struct redis *open_up(struct rig *rig, const struct server *s)
{
    struct redis_config cfg = config_of(s);
    struct redis *r = redis_open(rig->loop, &cfg);

    RIG_AWAIT(redis_is_up(r));
    return r;
}

/* ---- commands: "SET key value" in words ---- */

static struct redis_args *words(struct arena *a, const char *line)
{
    char *rest = arena_strdup(a, line), *word = strtok_r(rest, " ", &rest);
    struct redis_args *c = redis_args(a, word);

    while ((word = strtok_r(NULL, " ", &rest)))
        redis_add(c, word);
    return c;
}

static const struct redis_value *answer(struct rig *rig, struct redis *r, const char *line)
{
    const struct redis_value *v;
    struct err e = redis_call(r, words(rig->arena, line), 0, &v);

    assert_int_equal(e.kind, ERR_NONE);
    assert_non_null(v);
    return v;
}

static enum err_kind failure(struct rig *rig, struct redis *r, const char *line)
{
    const struct redis_value *v;

    return redis_call(r, words(rig->arena, line), 0, &v).kind;
}

/* ---- answers of every kind ---- */

static void reads_scalars(struct rig *rig, struct redis *r)
{
    const struct redis_value *v = answer(rig, r, "SET k hello");

    assert_int_equal(v->type, REDIS_STATUS);
    assert_string_equal(v->text, "OK");
    v = answer(rig, r, "GET k");
    assert_int_equal(v->type, REDIS_TEXT);
    assert_string_equal(v->text, "hello");
    assert_int_equal(v->n, 5);
    assert_int_equal(answer(rig, r, "GET nothing")->type, REDIS_NIL);
    v = answer(rig, r, "DECRBY n 9223372036854775807");
    assert_int_equal(v->type, REDIS_INTEGER);
    assert_true(v->integer == -INT64_MAX);
    v = answer(rig, r, "INCR k");
    assert_int_equal(v->type, REDIS_ERROR);
    assert_int_equal(strncmp(v->text, "ERR value is not an integer", 27), 0);
}

static void reads_bytes(struct rig *rig, struct redis *r)
{
    static const char bytes[] = "\0a\r\n\0\xff";
    struct redis_args *c = words(rig->arena, "SET");
    const struct redis_value *v;
    struct err e;

    redis_add_bytes(c, bytes, sizeof bytes);
    redis_add_bytes(c, bytes, sizeof bytes);
    e = redis_call(r, c, 0, &v);
    assert_int_equal(e.kind, ERR_NONE);
    c = words(rig->arena, "GET");
    redis_add_bytes(c, bytes, sizeof bytes);
    e = redis_call(r, c, 0, &v);
    assert_int_equal(e.kind, ERR_NONE);
    assert_int_equal(v->n, sizeof bytes);
    assert_memory_equal(v->text, bytes, sizeof bytes);
    assert_string_equal(answer(rig, r, "ECHO x")->text, "x");
}

static void reads_arrays(struct rig *rig, struct redis *r)
{
    const struct redis_value *v = answer(rig, r, "EVAL return{1,'two',{'three',{4,{}}},false} 0");

    assert_int_equal(v->type, REDIS_ARRAY);
    assert_int_equal(v->n, 4);
    assert_int_equal(v->elements[0].integer, 1);
    assert_string_equal(v->elements[1].text, "two");
    assert_string_equal(v->elements[2].elements[0].text, "three");
    assert_int_equal(v->elements[2].elements[1].elements[0].integer, 4);
    assert_int_equal(v->elements[2].elements[1].elements[1].type, REDIS_ARRAY);
    assert_int_equal(v->elements[2].elements[1].elements[1].n, 0);
    assert_int_equal(v->elements[3].type, REDIS_NIL);
    assert_int_equal(answer(rig, r, "LRANGE none 0 -1")->n, 0);
}

static void reads_large_answers(struct rig *rig, struct redis *r)
{
    size_t n = 8 << 20;
    char *text = arena_alloc(rig->arena, n + 1);
    struct redis_args *c = redis_args(rig->arena, "SET");
    const struct redis_value *v;
    struct err e;

    memset(text, 'x', n);
    redis_add(c, "large");
    redis_add_bytes(c, text, n);
    e = redis_call(r, c, 0, &v);
    assert_int_equal(e.kind, ERR_NONE);
    v = answer(rig, r, "GET large");
    assert_int_equal(v->n, n);
    assert_memory_equal(v->text, text, n);
    v = answer(rig, r, "EVAL local_t={}for_i=1,50000_do_t[i]=tostring(i)end_return_t 0");
    assert_int_equal(v->type, REDIS_ERROR); /* the underscores: no Lua */
    c = redis_args(rig->arena, "EVAL");
    redis_add(c, "local t = {} for i = 1, 50000 do t[i] = tostring(i) end return t");
    redis_add_i64(c, 0);
    e = redis_call(r, c, 0, &v);
    assert_int_equal(e.kind, ERR_NONE);
    assert_int_equal(v->n, 50000);
    assert_string_equal(v->elements[49999].text, "50000");
}

static void reads_all_kinds(struct rig *rig)
{
    struct server s = {0};
    struct redis *r;

    server_start(&s);
    r = open_up(rig, &s);
    reads_scalars(rig, r);
    reads_bytes(rig, r);
    reads_arrays(rig, r);
    reads_large_answers(rig, r);
    redis_close(r);
    server_kill(&s);
}

static void test_kinds(void **state)
{
    (void)state;
    rig_run((struct httpd_config){0}, reads_all_kinds);
}

/* ---- who we are, and where ---- */

static void greets_first(struct rig *rig)
{
    struct server s = {0};
    struct redis_config cfg;
    struct redis *r, *other;

    server_start(&s);
    r = open_up(rig, &s);
    answer(rig, r, "SET where one");
    cfg = config_of(&s);
    cfg.database = 0;
    other = redis_open(rig->loop, &cfg);
    RIG_AWAIT(redis_is_up(other));
    assert_int_equal(answer(rig, other, "GET where")->type, REDIS_NIL);
    redis_close(other);
    cfg.password = "wrong";
    other = redis_open(rig->loop, &cfg);
    task_sleep(300 * US_PER_MS); /* nothing to wait for: it must not come up */
    assert_false(redis_is_up(other));
    assert_int_equal(failure(rig, other, "GET where"), ERR_UNAVAILABLE);
    redis_close(other);
    redis_close(r);
    server_kill(&s);
}

static void test_greeting(void **state)
{
    (void)state;
    rig_run((struct httpd_config){0}, greets_first);
}

/* ---- many tasks, one connection ---- */

#define N_TASKS 64
#define N_EACH 100

struct crowd {
    struct redis *redis;
    int n_left;
    struct latch over;
};

static void crowd_main(void *arg)
{
    struct crowd *c = arg;
    struct arena *a = arena_new();

    for (int i = 0; i < N_EACH; i++) {
        const struct redis_value *v;
        struct err e = redis_call(c->redis, words(a, "INCR n"), 0, &v);

        assert_int_equal(e.kind, ERR_NONE);
        arena_reset(a);
    }
    redis_send(c->redis, words(a, "INCR sent"));
    arena_free(a);
    if (--c->n_left == 0)
        latch_set(&c->over);
}

static void serves_a_crowd(struct rig *rig)
{
    struct server s = {0};
    struct crowd c = {.n_left = N_TASKS};
    struct err e;

    server_start(&s);
    c.redis = open_up(rig, &s);
    for (int i = 0; i < N_TASKS; i++)
        task_spawn(rig->loop, "crowd", crowd_main, &c);
    e = latch_wait(&c.over, NO_DEADLINE);
    assert_int_equal(e.kind, ERR_NONE);
    assert_string_equal(answer(rig, c.redis, "GET n")->text, "6400");
    assert_string_equal(answer(rig, c.redis, "GET sent")->text, "64");
    redis_close(c.redis);
    server_kill(&s);
}

static void test_crowd(void **state)
{
    (void)state;
    rig_run((struct httpd_config){0}, serves_a_crowd);
}

/* ---- a Redis that comes and goes ---- */

struct call {
    struct rig *rig;
    struct redis *redis;
    const char *line;
    bool begun;
    enum err_kind kind;
    struct latch over;
};

static void call_main(void *arg)
{
    struct call *c = arg;

    c->begun = true;
    c->kind = failure(c->rig, c->redis, c->line);
    latch_set(&c->over);
}

static void begin(struct call *c)
{
    task_spawn(c->rig->loop, "call", call_main, c);
    while (!c->begun)
        task_yield();
}

static void await(struct call *c)
{
    struct err e = latch_wait(&c->over, clock_mono_us() + 5 * US_PER_S);

    assert_int_equal(e.kind, ERR_NONE);
}

static void comes_and_goes(struct rig *rig)
{
    struct server s = {.port = rig_free_port()};
    struct redis_config cfg = config_of(&s);
    struct redis *r = redis_open(rig->loop, &cfg);
    struct call c = {.rig = rig, .redis = r, .line = "BLPOP nothing 1"};

    task_sleep(100 * US_PER_MS);
    assert_int_equal(failure(rig, r, "PING"), ERR_UNAVAILABLE); /* at once */
    server_start(&s);
    RIG_AWAIT(redis_is_up(r));
    for (int i = 0; i < 3; i++) {
        c.begun = false;
        c.over = (struct latch){0};
        begin(&c);
        server_kill(&s);
        await(&c);
        assert_int_equal(c.kind, ERR_TIMEOUT);
        RIG_AWAIT(!redis_is_up(r));
        assert_int_equal(failure(rig, r, "PING"), ERR_UNAVAILABLE);
        redis_send(r, words(rig->arena, "PING"));
        server_start(&s);
        RIG_AWAIT(redis_is_up(r));
        assert_string_equal(answer(rig, r, "PING")->text, "PONG");
    }
    redis_close(r);
    server_kill(&s);
}

static void test_restart(void **state)
{
    (void)state;
    rig_run((struct httpd_config){0}, comes_and_goes);
}

static void notices_a_stopped_server(struct rig *rig)
{
    struct server s = {0};
    struct redis_config cfg;
    struct redis *r;
    int64_t from_us;

    server_start(&s);
    cfg = config_of(&s);
    cfg.timeout_us = 300 * US_PER_MS;
    r = redis_open(rig->loop, &cfg);
    RIG_AWAIT(redis_is_up(r));
    kill(s.pid, SIGSTOP);
    from_us = clock_mono_us();
    assert_int_equal(failure(rig, r, "INCR n"), ERR_TIMEOUT);
    assert_true(clock_mono_us() - from_us < 2 * US_PER_S);
    RIG_AWAIT(!redis_is_up(r));
    assert_int_equal(failure(rig, r, "INCR n"), ERR_UNAVAILABLE);
    kill(s.pid, SIGCONT);
    RIG_AWAIT(redis_is_up(r));
    assert_int_equal(answer(rig, r, "INCR m")->integer, 1);
    redis_close(r);
    server_kill(&s);
}

/* The late answer finds nobody: neither the task's stack nor its arena is touched. */
static void detaches(struct rig *rig)
{
    struct server s = {0};
    struct redis *r;
    struct arena *gone = arena_new();
    const struct redis_value *v;
    struct err e;

    server_start(&s);
    r = open_up(rig, &s);
    task_set_deadline(clock_mono_us() + 50 * US_PER_MS);
    e = redis_call(r, words(gone, "DEBUG SLEEP 0.2"), 0, &v);
    assert_int_equal(e.kind, ERR_TIMEOUT);
    arena_free(gone);
    assert_int_equal(failure(rig, r, "ECHO late"), ERR_UNAVAILABLE); /* not even sent */
    task_set_deadline(NO_DEADLINE);
    assert_string_equal(answer(rig, r, "ECHO after")->text, "after");
    redis_close(r);
    server_kill(&s);
}

/* A long block is no silence, when the call says so. */
static void blocks_long(struct rig *rig)
{
    struct server s = {0};
    struct redis_config cfg;
    const struct redis_value *v;
    struct redis *r;
    struct err e;

    server_start(&s);
    cfg = config_of(&s);
    cfg.timeout_us = 300 * US_PER_MS;
    r = redis_open(rig->loop, &cfg);
    RIG_AWAIT(redis_is_up(r));
    e = redis_call(r, words(rig->arena, "XREAD BLOCK 700 STREAMS x $"), 2 * US_PER_S, &v);
    assert_int_equal(e.kind, ERR_NONE);
    assert_int_equal(v->type, REDIS_NIL);
    assert_string_equal(answer(rig, r, "ECHO after")->text, "after");
    redis_close(r);
    server_kill(&s);
}

static void minds_silence(struct rig *rig)
{
    notices_a_stopped_server(rig);
    detaches(rig);
    blocks_long(rig);
}

static void test_silence(void **state)
{
    (void)state;
    rig_run((struct httpd_config){0}, minds_silence);
}

static void closes_on_who_waits(struct rig *rig)
{
    struct server s = {0};
    struct call c = {.rig = rig, .line = "BLPOP nothing 1"};

    server_start(&s);
    c.redis = open_up(rig, &s);
    begin(&c);
    redis_close(c.redis);
    await(&c);
    assert_int_equal(c.kind, ERR_UNAVAILABLE);
    c.redis = open_up(rig, &s);
    c.begun = false;
    c.over = (struct latch){0};
    begin(&c);
    task_sleep(10 * US_PER_MS); /* sent by now */
    redis_close(c.redis);
    await(&c);
    assert_int_equal(c.kind, ERR_UNAVAILABLE);
    redis_close(NULL);
    server_kill(&s);
}

static void test_close(void **state)
{
    (void)state;
    rig_run((struct httpd_config){0}, closes_on_who_waits);
}

/* ---- refusals ---- */

static void is_refused(struct rig *rig)
{
    struct server s = {0};
    struct redis *r;

    server_start(&s);
    r = open_up(rig, &s);
    answer(rig, r, "SET k v");
    answer(rig, r, "CONFIG SET maxmemory 1");
    assert_int_equal(strncmp(answer(rig, r, "SET k w")->text, "OOM ", 4), 0);
    answer(rig, r, "CONFIG SET maxmemory 0");
    answer(rig, r, "REPLICAOF 127.0.0.1 1");
    assert_int_equal(failure(rig, r, "GET k"), ERR_UNAVAILABLE); /* MASTERDOWN */
    answer(rig, r, "CONFIG SET replica-serve-stale-data yes");
    assert_int_equal(failure(rig, r, "SET k w"), ERR_UNAVAILABLE); /* READONLY */
    assert_string_equal(answer(rig, r, "GET k")->text, "v");
    redis_close(r);
    server_kill(&s);
}

static void test_refusals(void **state)
{
    (void)state;
    rig_run((struct httpd_config){0}, is_refused);
}

/* A server on a thread that gives the next answer for whatever it hears. */
struct fake {
    int listener;
    const char *const *answers; /* ended by NULL: then it closes */
};

static void fake_main(void *arg)
{
    struct fake *f = arg;
    int fd = accept(f->listener, NULL, NULL);
    char heard[4096];

    for (const char *const *answer_text = f->answers; *answer_text; answer_text++)
        if (recv(fd, heard, sizeof heard, 0) <= 0 ||
            send(fd, *answer_text, strlen(*answer_text), MSG_NOSIGNAL) < 0)
            break;
    close(fd);
}

struct fake_call {
    struct rig *rig;
    struct fake fake;
    struct latch over;
};

static void fake_task(void *arg)
{
    struct fake_call *c = arg;
    struct err e = offload_run(c->rig->threads, fake_main, &c->fake);

    assert_int_equal(e.kind, ERR_NONE);
    latch_set(&c->over);
}

static struct redis *fake_start(struct fake_call *c, const char *const *answers)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct redis_config cfg = {.host = "127.0.0.1", .password = ""};
    socklen_t n = sizeof address;

    c->fake.listener = socket(AF_INET, SOCK_STREAM, 0);
    c->fake.answers = answers;
    assert_int_equal(bind(c->fake.listener, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(c->fake.listener, 8), 0);
    assert_int_equal(getsockname(c->fake.listener, (struct sockaddr *)&address, &n), 0);
    cfg.port = ntohs(address.sin_port);
    task_spawn(c->rig->loop, "fake", fake_task, c);
    return redis_open(c->rig->loop, &cfg);
}

static void fake_end(struct fake_call *c, struct redis *r)
{
    struct err e;

    redis_close(r);
    e = latch_wait(&c->over, clock_mono_us() + 5 * US_PER_S);
    assert_int_equal(e.kind, ERR_NONE);
    close(c->fake.listener);
}

static void survives_odd_servers(struct rig *rig)
{
    static const char *const loading[] = {"+PONG\r\n", "-LOADING Redis is loading\r\n", NULL};
    static const char *const refuses[] = {"-LOADING Redis is loading\r\n", NULL};
    static const char *const noise[] = {"+PONG\r\n", "@what is this?\r\n", NULL};
    static const char *const cut[] = {"+PONG\r\n", "*2\r\n$5\r\nab", NULL};
    static const char *const extra[] = {"+PONG\r\n", "+OK\r\n-ERR unasked\r\n", NULL};
    struct fake_call c[5] = {{.rig = rig}, {.rig = rig}, {.rig = rig}, {.rig = rig}, {.rig = rig}};
    struct redis *r = fake_start(&c[0], loading);

    RIG_AWAIT(redis_is_up(r));
    assert_int_equal(failure(rig, r, "GET k"), ERR_UNAVAILABLE);
    fake_end(&c[0], r);
    r = fake_start(&c[1], refuses);
    RIG_AWAIT(c[1].over.is_set);
    assert_false(redis_is_up(r));
    fake_end(&c[1], r);
    r = fake_start(&c[2], noise);
    RIG_AWAIT(redis_is_up(r));
    assert_int_equal(failure(rig, r, "GET k"), ERR_TIMEOUT);
    fake_end(&c[2], r);
    r = fake_start(&c[3], cut);
    RIG_AWAIT(redis_is_up(r));
    assert_int_equal(failure(rig, r, "GET k"), ERR_TIMEOUT);
    fake_end(&c[3], r);
    r = fake_start(&c[4], extra);
    RIG_AWAIT(redis_is_up(r));
    assert_int_equal(failure(rig, r, "GET k"), ERR_NONE);
    RIG_AWAIT(!redis_is_up(r));
    fake_end(&c[4], r);
}

static void test_odd_servers(void **state)
{
    (void)state;
    rig_run((struct httpd_config){0}, survives_odd_servers);
}

/* ---- scripts ---- */

static int64_t add(struct rig *rig, struct redis *r, struct redis_script *script, int64_t n)
{
    struct redis_args *c = redis_script_args(rig->arena, script);
    const struct redis_value *v;
    struct err e;

    redis_add_i64(c, 1);
    redis_add(c, "sum");
    redis_add_i64(c, n);
    e = redis_run(r, script, c, &v);
    assert_int_equal(e.kind, ERR_NONE);
    assert_int_equal(v->type, REDIS_INTEGER);
    return v->integer;
}

static void runs_scripts(struct rig *rig)
{
    struct redis_script adds = {.text = "return redis.call('INCRBY', KEYS[1], ARGV[1])"};
    struct redis_script broken = {.text = "return this is not Lua"};
    const struct redis_value *v;
    struct server s = {0};
    struct redis *r;
    struct err e;

    server_start(&s);
    r = open_up(rig, &s);
    assert_int_equal(add(rig, r, &adds, 2), 2);
    assert_int_equal(strlen(adds.sha1), 40);
    assert_int_equal(add(rig, r, &adds, 3), 5);
    answer(rig, r, "FLUSHALL");
    assert_int_equal(add(rig, r, &adds, 4), 4);
    answer(rig, r, "SCRIPT FLUSH");
    assert_int_equal(add(rig, r, &adds, 1), 5);
    assert_int_equal(add(rig, r, &adds, 1), 6); /* EVAL has taught it again */
    server_kill(&s);
    server_start(&s);
    RIG_AWAIT(!redis_is_up(r));
    RIG_AWAIT(redis_is_up(r));
    assert_int_equal(add(rig, r, &adds, 7), 7);
    e = redis_run(r, &broken, redis_script_args(rig->arena, &broken), &v);
    assert_int_equal(e.kind, ERR_NONE);
    assert_int_equal(v->type, REDIS_ERROR);
    redis_close(r);
    server_kill(&s);
}

static void test_scripts(void **state)
{
    (void)state;
    rig_run((struct httpd_config){0}, runs_scripts);
}

/* ---- messages ---- */

struct ear {
    struct redis *redis;
    char channel[32], message[32];
};

static void on_message(void *arg, const char *channel, const char *message)
{
    struct ear *ear = arg;

    snprintf(ear->channel, sizeof ear->channel, "%s", channel);
    snprintf(ear->message, sizeof ear->message, "%s", message);
    if (strcmp(message, "last") == 0)
        redis_close(ear->redis);
}

/* What is said while the ear is still on its way back is lost, so it is said until it is heard. */
static void publish_heard(struct rig *rig, struct redis *r, struct ear *ear, const char *message)
{
    const char *line = arena_printf(rig->arena, "PUBLISH b %s", message);

    RIG_AWAIT(redis_is_up(r));
    RIG_AWAIT(answer(rig, r, line) && strcmp(ear->message, message) == 0);
    assert_string_equal(ear->channel, "b");
}

static void hears_messages(struct rig *rig)
{
    static const char *const channels[] = {"a", "b"};
    struct server s = {0};
    struct redis_config cfg;
    struct ear ear = {0};
    struct redis *r;

    server_start(&s);
    r = open_up(rig, &s);
    cfg = config_of(&s);
    cfg.timeout_us = 800 * US_PER_MS;
    ear.redis = redis_open(rig->loop, &cfg);
    redis_subscribe(ear.redis, channels, 2, on_message, &ear);
    publish_heard(rig, r, &ear, "one");
    task_sleep(2 * US_PER_S); /* silence for longer than the timeout, with pings in it */
    assert_true(redis_is_up(ear.redis));
    publish_heard(rig, r, &ear, "two");
    server_kill(&s);
    server_start(&s);
    RIG_AWAIT(!redis_is_up(r));
    publish_heard(rig, r, &ear, "three");
    kill(s.pid, SIGSTOP);
    RIG_AWAIT(!redis_is_up(ear.redis)); /* though it has nothing to say */
    kill(s.pid, SIGCONT);
    publish_heard(rig, r, &ear, "four");
    publish_heard(rig, r, &ear, "last"); /* the ear closes itself */
    RIG_AWAIT(answer(rig, r, "PUBLISH b none")->integer == 0);
    assert_string_equal(ear.message, "last");
    redis_close(r);
    server_kill(&s);
}

static void test_messages(void **state)
{
    (void)state;
    rig_run((struct httpd_config){0}, hears_messages);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kinds),    cmocka_unit_test(test_greeting),
        cmocka_unit_test(test_crowd),    cmocka_unit_test(test_restart),
        cmocka_unit_test(test_silence),  cmocka_unit_test(test_close),
        cmocka_unit_test(test_refusals), cmocka_unit_test(test_odd_servers),
        cmocka_unit_test(test_scripts),  cmocka_unit_test(test_messages),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
