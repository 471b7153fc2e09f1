/* test_torture.c - a few seconds of everything at once, in an order drawn from TORTURE_SEED (or the
 * clock): at the end all that was told was heard, once, in order. */
#include "say.h"

#define N_WORDS 400

static unsigned seed;

static unsigned draw(unsigned n)
{
    seed = seed * 1103515245U + 12345U;
    return (seed >> 16) % n;
}

static void server(const char *how)
{
    char command[256];

    snprintf(command, sizeof command, "sh \"$PASAR_WITH_POSTGRES\" --server restart %s </dev/null",
             how);
    assert_int_equal(system(command), 0);
}

/* Redis may refuse, or the connection be away. */
static void try_redis(struct toy *t, const char *const *words, size_t n)
{
    struct arena *a = arena_new();
    struct redis_args *c = redis_args(a, words[0]);
    const struct redis_value *v;

    for (size_t i = 1; i < n; i++)
        redis_add(c, words[i]);
    if (redis_call(t->redis, c, 0, &v).kind)
        log_debug("torture.refused");
    arena_free(a);
}
#define TRY(t, ...)                                                                                \
    try_redis((t), (const char *const[]){__VA_ARGS__},                                             \
              sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *))

static void do_something(struct toy *t)
{
    static const char kill_all[] = "select count(pg_terminate_backend(pid)) from pg_stat_activity "
                                   "where pid <> pg_backend_pid()"
                                   " and backend_type = 'client backend'";
    static const struct sql terminate = {"toy_terminate", kill_all};
    struct err e;

    switch (draw(12)) {
    case 0:
        TRY(t, "FLUSHALL");
        break;
    case 1:
        TRY(t, "SET", STREAM, "x");
        break;
    case 2:
        TRY(t, "XTRIM", STREAM, "MAXLEN", "0");
        break;
    case 3:
        TRY(t, "XTRIM", STREAM, "MAXLEN", "3");
        break;
    case 4:
        TRY(t, "EVAL", "for i = 1, 20 do redis.call('XADD', KEYS[1], '*', 'n', i) end", "1",
            STREAM);
        break;
    case 5:
        TRY(t, "XGROUP", "SETID", STREAM, "toy", draw(2) ? "0" : "99999999-1");
        break;
    case 6:
        TRY(t, "PUBLISH", "hint:" STREAM, draw(2) ? "0-1" : "99999999-1");
        break;
    case 7:
        TRY(t, "CLIENT", "KILL", "TYPE", "normal", "SKIPME", "no");
        break;
    case 8:
        stop_hearer(t);
        start_hearer(t);
        break;
    case 9:
        e = pg_exec(t->pg, &terminate, NULL, t->arena, NULL);
        if (e.kind)
            log_debug("torture.refused");
        break;
    case 10:
        if (draw(3) == 0)
            server(draw(2) ? "fast" : "immediate");
        break;
    default:
        TRY(t, "SCRIPT", "FLUSH");
        break;
    }
}

/* An unknown outcome is asked for. */
static void say_surely(struct toy *t, const char *word)
{
    static const struct sql told = {"toy_told",
                                    "select count(*) from outbox where data = $1::text"};

    for (;;) {
        struct arena *a = arena_new();
        struct pg_args *args = pg_args(a);
        struct pg_rows rows;
        struct pg *tx;
        bool done = false;

        if (pg_begin(t->pg, a, &tx).kind == ERR_NONE) {
            tell(tx, a, "a", word);
            done = pg_commit(tx).kind == ERR_NONE;
        }
        pg_add_text(args, arena_printf(a, "{\"word\":\"%s\"}", word));
        until(pg_exec(t->pg, &told, args, a, &rows).kind == ERR_NONE);
        done |= pg_i64(&rows, 0, 0) == 1;
        arena_free(a);
        if (done)
            break;
    }
    relay_wake(t->relay);
}

static int64_t count_seen(struct toy *t)
{
    struct arena *a = arena_new();
    struct pg_rows rows;
    struct err e = pg_exec(t->pg, &sql_n_seen, NULL, a, &rows);
    int64_t n = e.kind ? -1 : pg_i64(&rows, 0, 0);

    arena_free(a);
    return n;
}

static void whatever_is_done(struct toy *t)
{
    int64_t last;

    for (int i = 0; i < N_WORDS; i++) {
        say_surely(t, arena_printf(t->arena, "w%03d", i));
        if (draw(6) == 0)
            do_something(t);
        if (draw(4) == 0)
            task_sleep((int64_t)draw(20) * US_PER_MS);
    }
    last = clock_mono_us() + 40 * US_PER_S; /* streams are not rebuilt all the time */
    while (clock_mono_us() < last && count_seen(t) != N_WORDS)
        task_sleep(50 * US_PER_MS);
    assert_int_equal(n_seen(t), N_WORDS);
    assert_string_equal(words_of(t, "a"), many(t, 0, N_WORDS));
    assert_int_equal(n_jobs(t, "%", "hear:%"), 0);
}

static void test_whatever_is_done(void **state)
{
    (void)state;
    play(whatever_is_done, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whatever_is_done),
    };
    const char *given = getenv("TORTURE_SEED");

    seed = given ? (unsigned)strtoul(given, NULL, 10) : (unsigned)clock_now_us();
    fprintf(stderr, "TORTURE_SEED=%u\n", seed);
    crypt_init();
    log_init("test", getenv("LOG_LEVEL") ? getenv("LOG_LEVEL") : "none");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
