/* test_history.c - streams and databases that do not go on where they were left: a Redis that is
 * full, a hearer away for longer than anything is kept, a database restored from a backup. */
#include "say.h"

#include "saga/entry.h"

#define NOVEL_BYTES ((size_t)2000)

static const struct sql sql_week = {"toy_week",
                                    "delete from outbox"}; /* as dropped partitions do */
static const struct sql sql_ahead = {"toy_ahead", "update heard set xid = xid + 400"};
static const struct sql sql_rebase = {"toy_rebase", "update heard set xid = xid - 400"};
static const struct sql sql_burn = {"toy_burn", "select pg_current_xact_id()::text"};

static void say_novels(struct toy *t, int n)
{
    struct arena *a = arena_new();
    char *novel = arena_alloc(a, NOVEL_BYTES + 1);
    struct outbox *o = outbox_new(a, "/toy", 1);
    struct pg *tx;

    memset(novel, 'x', NOVEL_BYTES);
    novel[NOVEL_BYTES] = '\0';
    for (int i = 0; i < n; i++)
        outbox_tell(o, (struct fact){.stream = STREAM,
                                     .type = "Said",
                                     .subject = "b",
                                     .data = arena_printf(a, "{\"word\":\"%d %s\"}", i, novel)});
    assert_int_equal(pg_begin(t->pg, a, &tx).kind, ERR_NONE);
    outbox_save(o, tx);
    assert_int_equal(pg_commit(tx).kind, ERR_NONE);
    arena_free(a);
    relay_wake(t->relay);
}

static int64_t used_memory(struct toy *t)
{
    static const char word[] = "used_memory:";
    const char *text = strstr(redis_do(t, "INFO", "memory")->text, word);

    assert_non_null(text);
    return strtoll(text + strlen(word), NULL, 10);
}

static const char *mirrored(struct toy *t)
{
    const struct redis_value *groups = redis_do(t, "XINFO", "GROUPS", STREAM);

    return groups->n == 1 ? xinfo_value(&groups->elements[0], "last-delivered-id")->text : "";
}

static const char *last_entry(struct toy *t)
{
    return xinfo_value(redis_do(t, "XINFO", "STREAM", STREAM), "last-generated-id")->text;
}

/* It takes nothing more, but what all have heard may go: then it takes again. */
static void a_full_redis_is_trimmed(struct toy *t)
{
    say_novels(t, 1000);
    until(n_seen(t) == 1000);
    until(strcmp(mirrored(t), last_entry(t)) == 0);
    redis_do(t, "CONFIG", "SET", "maxmemory",
             arena_printf(t->arena, "%lld", (long long)used_memory(t) - 100000));
    say(t, "a", "still");
    until(n_seen(t) == 1001);
    assert_true(redis_do(t, "XLEN", STREAM)->integer < 900);
}

/* What it missed is gone for good: it goes on, but nobody may believe that it missed nothing. */
static void a_hole_in_what_is_kept_is_told(struct toy *t)
{
    say_many(t, "a", 0, 5);
    until(n_seen(t) == 5);
    stop_hearer(t);
    say_many(t, "a", 5, 10);
    until(redis_do(t, "XLEN", STREAM)->integer == 10);
    sql_do(t, &sql_week);
    say_many(t, "a", 10, 100);
    redis_do(t, "FLUSHALL");
    until(redis_do(t, "XLEN", STREAM)->integer >= 50);
    start_hearer(t);
    until(n_seen(t) == 95);
    assert_string_equal(first_prev(t), "0-0"); /* the chain attests no more than there is */
    assert_string_equal(words_of(t, "a"),
                        arena_printf(t->arena, "%s %s", many(t, 0, 5), many(t, 10, 100)));
    assert_int_equal(n_jobs(t, "%", "%"), 0);
    until(hearer_is_well(t->hearer));
}

/* The stream ends before what was heard of it, and stays so: its history is another one. */
static void a_restored_teller_is_noticed(struct toy *t)
{
    say_many(t, "a", 0, 5);
    until(n_seen(t) == 5);
    stop_hearer(t);
    sql_do(t, &sql_ahead);
    redis_do(t, "DEL", STREAM);
    start_hearer(t);
    say_many(t, "a", 5, 15);
    until(!hearer_is_well(t->hearer));
    sql_do(t, &sql_rebase); /* what an operator does */
    until(n_seen(t) == 15 && hearer_is_well(t->hearer));
}

/* The ids have passed what was heard before anybody looked; the chain tells all the same. */
static void a_restored_teller_that_has_caught_up_is_noticed(struct toy *t)
{
    say_many(t, "a", 0, 5);
    until(n_seen(t) == 5);
    stop_hearer(t);
    sql_do(t, &sql_ahead);
    redis_do(t, "DEL", STREAM);
    say_many(t, "a", 5, 15);
    for (int i = 0; i < 500; i++)
        sql_do(t, &sql_burn);
    say_many(t, "a", 15, 20);
    until(redis_do(t, "XLEN", STREAM)->integer == 20);
    start_hearer(t);
    until(!hearer_is_well(t->hearer));
    assert_int_equal(n_seen(t), 5);
    sql_do(t, &sql_rebase);
    until(n_seen(t) == 20 && hearer_is_well(t->hearer));
}

/* All that was ever told is older than what is kept, and Redis was emptied: there is no stream, and
 * nothing wrong with that. */
static void a_quiet_stream_that_is_gone_is_well(struct toy *t)
{
    say_many(t, "a", 0, 5);
    until(n_seen(t) == 5);
    sql_do(t, &sql_week);
    redis_do(t, "FLUSHALL");
    for (int i = 0; i < 35; i++) { /* nothing may happen: a few looks more than it would take */
        task_sleep(200 * US_PER_MS);
        assert_true(hearer_is_well(t->hearer));
    }
    say(t, "a", "w005");
    until(n_seen(t) == 6);
    assert_true(hearer_is_well(t->hearer));
}

/* Positions that nobody can have are no reason to fill the stream again, which would bring back
 * what was taken out by hand. */
static void unknown_cries_move_nothing(struct toy *t)
{
    say_many(t, "a", 0, 10);
    until(n_seen(t) == 10);
    redis_do(t, "XDEL", STREAM,
             redis_do(t, "XRANGE", STREAM, "-", "+")->elements[2].elements[0].text);
    for (int i = 0; i < 20; i++) {
        const char *newest = last_entry(t);
        redis_do(t, "PUBLISH", "hint:" STREAM,
                 arena_printf(t->arena, "%.*s-999999%d", (int)strcspn(newest, "-"), newest, i));
        say(t, "b", arena_printf(t->arena, "w%03d", i));
        until(n_seen(t) == 11 + i);
    }
    assert_int_equal(redis_do(t, "XLEN", STREAM)->integer, 29);
}

static void test_a_full_redis_is_trimmed(void **state)
{
    (void)state;
    play(a_full_redis_is_trimmed, NULL);
}

#define STORY(name)                                                                                \
    static void test_##name(void **state)                                                          \
    {                                                                                              \
        (void)state;                                                                               \
        toy_keep = 50;                                                                             \
        play(name, NULL);                                                                          \
    }
STORY(a_hole_in_what_is_kept_is_told)
STORY(a_restored_teller_is_noticed)
STORY(a_restored_teller_that_has_caught_up_is_noticed)
STORY(a_quiet_stream_that_is_gone_is_well)
STORY(unknown_cries_move_nothing)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_full_redis_is_trimmed),
        cmocka_unit_test(test_a_hole_in_what_is_kept_is_told),
        cmocka_unit_test(test_a_restored_teller_is_noticed),
        cmocka_unit_test(test_a_restored_teller_that_has_caught_up_is_noticed),
        cmocka_unit_test(test_a_quiet_stream_that_is_gone_is_well),
        cmocka_unit_test(test_unknown_cries_move_nothing),
    };

    crypt_init();
    log_init("test", getenv("LOG_LEVEL") ? getenv("LOG_LEVEL") : "error");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
