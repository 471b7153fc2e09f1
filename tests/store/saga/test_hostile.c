/* test_hostile.c - whoever may write to Redis, and whatever a clock, a calendar or a backup does:
 * nothing is lost, nothing stands still, nothing is written where it does not belong. */
#include "say.h"

#include "saga/entry.h"

static const struct sql sql_week = {"toy_week",
                                    "delete from outbox"}; /* as dropped partitions do */
static const struct sql sql_known_id = {
    "toy_known_id",
    "select xid::text || '-' || seq from outbox order by xid desc, seq desc limit 1"};
static const struct sql sql_future = {
    "toy_future",
    "insert into outbox (xid, seq, stream, partition, id, type, source, subject, time, data)"
    " overriding system value"
    " values ('4000000000', 1, 'stream:toys', 0, gen_random_uuid(), 'Said', '/toy', 'z', now(), "
    "'{}')"};
static const struct sql sql_largest = {"toy_largest",
                                       "select max(octet_length(payload))::bigint from job"};
static const struct sql sql_forget_calendar = {
    "toy_forget_calendar", "do $$ begin execute format('drop table %I', 'outbox_' || "
                           "to_char(current_date, 'YYYYMMDD')); end $$"};
static const struct sql sql_n_rest = {"toy_n_rest", "select count(*) from outbox_rest"};
static const struct sql sql_n_told = {"toy_n_told", "select count(*) from outbox"};

static const struct sql sql_many_attempts = {"toy_many_attempts",
                                             "update job set attempts = 30, due_at = now()"};
static const struct sql sql_attempts = {"toy_attempts", "select max(attempts)::bigint from job"};
static const struct sql sql_seconds_away = {
    "toy_seconds_away", "select ceil(extract(epoch from max(due_at) - now()))::bigint from job"};

/* After the relay has turned the calendar, which it does when it starts, and then not for a while.
 */
static void forget_calendar(struct toy *t)
{
    say(t, "calendar", "turned");
    until(n_seen(t) == 1);
    task_sleep(300 * US_PER_MS);
    sql_do(t, &sql_forget_calendar);
}

static void more_strangers_than_a_page(struct toy *t)
{
    say_many(t, "a", 0, 5);
    until(n_seen(t) == 5);
    redis_do(t, "EVAL", "for i = 1, 100 do redis.call('XADD', KEYS[1], '*', 'n', i) end", "1",
             STREAM);
    say_many(t, "a", 5, 10);
    until(n_seen(t) == 10);
    assert_string_equal(words_of(t, "a"), many(t, 0, 10));
    until(redis_do(t, "XLEN", STREAM)->integer <= 10 && hearer_is_well(t->hearer));
}

static void a_strangers_novel_is_cut(struct toy *t)
{
    char *novel = arena_alloc(t->arena, 4 * 1024 * 1024 + 1);

    memset(novel, 'x', 4 * 1024 * 1024);
    novel[4 * 1024 * 1024] = '\0';
    say_many(t, "a", 0, 2);
    until(n_seen(t) == 2);
    redis_do(t, "XADD", STREAM, "*", "novel", novel);
    until(n_jobs(t, "dead", "stranger:%") == 1);
    assert_true(toy_count(t, &sql_largest, NULL, NULL) < 64 * 1024);
    say_many(t, "a", 2, 4);
    until(n_seen(t) == 4);
}

static void a_key_of_another_type_is_taken_back(struct toy *t)
{
    say_many(t, "a", 0, 5);
    until(n_seen(t) == 5);
    redis_do(t, "SET", STREAM, "mine");
    say_many(t, "a", 5, 10);
    until(n_seen(t) == 10);
    assert_string_equal(words_of(t, "a"), many(t, 0, 10));
    assert_int_equal(redis_do(t, "XLEN", STREAM)->integer, 10);
}

/* Its id is that of a row which the relay may not append yet. */
static void an_entry_in_anothers_place_is_removed(struct toy *t)
{
    struct arena *a = arena_new();
    struct pg_rows rows;
    struct pg *slow;

    say_many(t, "a", 0, 2);
    until(n_seen(t) == 2);
    assert_int_equal(pg_begin(t->pg, a, &slow).kind, ERR_NONE);
    tell(slow, a, "slow", "first");
    assert_int_equal(pg_exec(slow, &sql_n_seen, NULL, a, NULL).kind, ERR_NONE);
    say(t, "fast", "second");
    assert_int_equal(pg_exec(t->pg, &sql_known_id, NULL, a, &rows).kind, ERR_NONE);
    redis_do(t, "XADD", STREAM, pg_text(&rows, 0, 0), "type", "Said");
    assert_int_equal(pg_commit(slow).kind, ERR_NONE);
    arena_free(a);
    relay_wake(t->relay);
    until(n_seen(t) == 4);
    assert_string_equal(words_of(t, "slow"), "first");
    assert_string_equal(words_of(t, "fast"), "second");
}

/* Nothing comes after what was cut off: that it is missing shows in the stream's last id only. */
static void what_was_cut_off_at_the_end_comes_back(struct toy *t)
{
    say_many(t, "a", 0, 5);
    until(n_seen(t) == 5);
    stop_hearer(t);
    say_many(t, "a", 5, 10);
    until(redis_do(t, "XLEN", STREAM)->integer == 10);
    redis_do(t, "XTRIM", STREAM, "MAXLEN", "0");
    start_hearer(t);
    until(n_seen(t) == 10);
    assert_string_equal(words_of(t, "a"), many(t, 0, 10));
    until(hearer_is_well(t->hearer));
}

static void a_stream_without_news_for_a_week_is_well(struct toy *t)
{
    const char *why = NULL;

    say_many(t, "a", 0, 3);
    until(n_seen(t) == 3);
    sql_do(t, &sql_week);
    task_sleep(2500 * US_PER_MS); /* two looks of an idle relay */
    assert_true(relay_is_well(t->relay, &why));
    say_many(t, "a", 3, 6);
    until(n_seen(t) == 6);
    assert_string_equal(words_of(t, "a"), many(t, 0, 6));
}

/* Rows brought into a new cluster by a dump keep their transaction ids, which the cluster has yet
 * to reach: what is told now would sort before them and never be read. */
static void rows_from_the_future_are_refused(struct toy *t)
{
    char mac[MAC_TEXT_SIZE];
    const char *why = NULL;
    struct entry e = {.entry = "4000000000-1",
                      .fields = {"01890000-0000-7000-8000-000000000000", "Said", "/toy", "z",
                                 "2026-01-01T00:00:00.000000Z", "1.0", "", "0-0",
                                 "{\"word\":\"x\"}"}};
    struct redis_args *c = redis_args(t->arena, "XADD");
    const struct redis_value *v;

    entry_sign(&t->key, STREAM, &e, mac);
    redis_add(c, STREAM);
    redis_add(c, e.entry);
    for (int f = 0; f < N_ENTRY_FIELDS; f++) {
        redis_add(c, entry_field_names[f]);
        redis_add(c, e.fields[f]);
    }
    sql_do(t, &sql_future);
    assert_int_equal(redis_call(t->redis, c, 0, &v).kind, ERR_NONE);
    until(!relay_is_well(t->relay, &why));
    sql_do(t, &sql_week);
    redis_do(t, "DEL", STREAM);
    until(relay_is_well(t->relay, &why));
}

static void rows_from_the_future_are_refused_by_an_empty_redis(struct toy *t)
{
    const char *why = NULL;

    sql_do(t, &sql_future);
    until(!relay_is_well(t->relay, &why));
    assert_int_equal(redis_do(t, "EXISTS", STREAM)->integer, 0);
    say_many(t, "a", 0, 3); /* what can be read is carried all the same */
    until(n_seen(t) == 3);
}

/* Rows of a day that nobody had made a partition for, because nothing ran for a week. */
static void a_calendar_nobody_turned_is_caught_up(struct toy *t)
{
    struct pg_args *days = pg_args(t->arena);

    forget_calendar(t);
    say_many(t, "a", 0, 3);
    until(n_seen(t) == 4);
    assert_int_equal(toy_count(t, &sql_n_rest, NULL, NULL), 3);
    pg_add_i64(days, 7);
    assert_int_equal(pg_exec(t->pg, &sql_saga_outbox_turn, days, t->arena, NULL).kind, ERR_NONE);
    assert_int_equal(toy_count(t, &sql_n_rest, NULL, NULL), 0);
    assert_int_equal(toy_count(t, &sql_n_told, NULL, NULL), 3);
    say_many(t, "a", 3, 6);
    until(n_seen(t) == 7);
    assert_string_equal(words_of(t, "a"), many(t, 0, 6));
}

/* A dump holds its locks for long; whoever waits for one stronger holds up all who write. */
static void a_dump_does_not_stop_the_calendars_users(struct toy *t)
{
    struct arena *a = arena_new();
    struct pg_args *days = pg_args(a);
    int64_t began;
    struct pg *dump;

    forget_calendar(t);
    assert_int_equal(pg_begin(t->pg, a, &dump).kind, ERR_NONE);
    assert_int_equal(pg_exec(dump, &sql_n_told, NULL, a, NULL).kind, ERR_NONE);
    pg_add_i64(days, 7);
    began = clock_mono_us();
    assert_int_equal(pg_exec(t->pg, &sql_saga_outbox_turn, days, a, NULL).kind, ERR_UNAVAILABLE);
    assert_true(clock_mono_us() - began < US_PER_S);
    pg_rollback(dump);
    arena_free(a);
    days = pg_args(t->arena);
    pg_add_i64(days, 7);
    assert_int_equal(pg_exec(t->pg, &sql_saga_outbox_turn, days, t->arena, NULL).kind, ERR_NONE);
}

/* However often it came too early: when its time has come, it comes soon. */
static void an_early_event_is_tried_again_soon(struct toy *t)
{
    say(t, "a", "early");
    until(n_jobs(t, "due", "hear:%") == 1);
    sql_do(t, &sql_many_attempts);
    until(toy_count(t, &sql_attempts, NULL, NULL) > 30 &&
          toy_count(t, &sql_seconds_away, NULL, NULL) <= 15);
}

/* Commands that only look like a hearer's call for help. */
static void cries_for_help_do_no_harm(struct toy *t)
{
    static const char *const cries[] = {"0-1",
                                        "18446744073709551615-18446744073709551615",
                                        "-",
                                        "99999999999999999999999-1",
                                        "",
                                        "1-1 x",
                                        "5-99999999999"};

    say_many(t, "a", 0, 5);
    for (size_t i = 0; i < sizeof cries / sizeof *cries; i++) {
        redis_do(t, "PUBLISH", "hint:" STREAM, cries[i]);
        redis_do(t, "PUBLISH", "hint:toy", cries[i]);
        say_many(t, "a", 5 + (int)i, 6 + (int)i);
    }
    redis_do(t, "XGROUP", "CREATE", STREAM, "evil", "99999999999-9");
    redis_do(t, "XGROUP", "SETID", STREAM, "toy", "0-0");
    redis_do(t, "PUBLISH", "hint:" STREAM, "0-1");
    say_many(t, "a", 12, 20);
    until(n_seen(t) == 20);
    assert_string_equal(words_of(t, "a"), many(t, 0, 20));
    assert_int_equal(n_jobs(t, "%", "%"), 0);
}

/* A forged cry had the stream filled from its middle: whoever has heard nothing yet
 * finds a gap in that, and must not wait until another rebuild is in order. */
static void a_forged_rebuild_delays_nobody(struct toy *t)
{
    const char *third;
    int64_t began;

    stop_hearer(t);
    say_many(t, "a", 0, 5);
    until(redis_do(t, "XLEN", STREAM)->integer == 5);
    third = redis_do(t, "XRANGE", STREAM, "-", "+")->elements[2].elements[0].text;
    until((redis_do(t, "PUBLISH", "hint:" STREAM, third), strcmp(first_prev(t), third) == 0));
    start_hearer(t);
    began = clock_mono_us();
    until(n_seen(t) == 5);
    assert_true(clock_mono_us() - began < 5 * US_PER_S); /* the pause between rebuilds is 10 s */
    assert_string_equal(words_of(t, "a"), many(t, 0, 5));
}

static void a_last_id_of_nobodys_is_undone(struct toy *t)
{
    say_many(t, "a", 0, 5);
    until(n_seen(t) == 5);
    redis_do(t, "XSETID", STREAM, "18446744073709551615-18446744073709551615");
    say_many(t, "a", 5, 10);
    until(n_seen(t) == 10);
    assert_string_equal(words_of(t, "a"), many(t, 0, 10));
}

/* A second process commits; the first one leads. */
static void what_a_twin_commits_is_carried_at_once(struct toy *t)
{
    static const char *const streams[] = {STREAM, NULL};
    struct pg *pg = pg_open(t->loop, &t->pg_cfg);
    struct relay *twin = relay_start(t->loop, &(struct relay_config){.name = "toy",
                                                                     .pg = pg,
                                                                     .redis = t->redis,
                                                                     .hints = &t->redis_cfg,
                                                                     .mac_key = &t->key,
                                                                     .streams = streams,
                                                                     .n_partitions = 1});
    int64_t slowest_us = 0;

    task_sleep(200 * US_PER_MS);
    for (int i = 0; i < 5; i++) {
        int64_t began = clock_mono_us();
        struct pg *tx;

        assert_int_equal(pg_begin(t->pg, t->arena, &tx).kind, ERR_NONE);
        tell(tx, t->arena, "a", arena_printf(t->arena, "w%03d", i));
        assert_int_equal(pg_commit(tx).kind, ERR_NONE);
        relay_wake(twin);
        until(n_seen(t) == i + 1);
        if (clock_mono_us() - began > slowest_us)
            slowest_us = clock_mono_us() - began;
        task_sleep(100 * US_PER_MS);
    }
    assert_true(slowest_us < 300 * US_PER_MS);
    relay_stop(twin);
    until(relay_has_stopped(twin));
    relay_free(twin);
    pg_close(pg);
}

/* Together they are refused, after they were told to wait for an hour; each alone is done. */
static struct err settle_alone(struct job_batch *b)
{
    if (b->n == 1)
        return OK;
    for (size_t i = 0; i < b->n; i++) {
        b->jobs[i]->fate = JOB_LATER;
        b->jobs[i]->again_us = b->now_us + 3600 * US_PER_S;
    }
    return ERR(ERR_BUG, "not together");
}

static void what_an_undone_attempt_decided_is_forgotten(struct toy *t)
{
    struct job_list *l = job_list_new(t->arena);
    struct pg *tx;

    job_add(l, (struct new_job){.kind = "alone", .key = "a", .due_us = clock_now_us()});
    job_add(l, (struct new_job){.kind = "alone", .key = "b", .due_us = clock_now_us()});
    assert_int_equal(pg_begin(t->pg, t->arena, &tx).kind, ERR_NONE);
    job_list_save(l, tx);
    assert_int_equal(pg_commit(tx).kind, ERR_NONE);
    until(n_jobs(t, "%", "%") == 0);
}

static void test_what_an_undone_attempt_decided_is_forgotten(void **state)
{
    const struct job_kind alone = {.kind = "alone", .settle = settle_alone};

    (void)state;
    play(what_an_undone_attempt_decided_is_forgotten, &alone);
}

/* What all have heard long ago is not brought back, and what somebody has not heard is. */
static void a_refill_begins_where_it_is_needed(struct toy *t)
{
    say_many(t, "a", 0, 30);
    until(n_seen(t) == 30);
    redis_do(t, "FLUSHALL");
    until(redis_do(t, "XLEN", STREAM)->integer == 10);
    say_many(t, "a", 30, 35);
    until(n_seen(t) == 35);
    stop_hearer(t);
    say_many(t, "a", 35, 60);
    redis_do(t, "FLUSHALL");
    start_hearer(t);
    until(n_seen(t) == 60);
    assert_string_equal(words_of(t, "a"), many(t, 0, 60));
    until(hearer_is_well(t->hearer));
}

static void test_a_refill_begins_where_it_is_needed(void **state)
{
    (void)state;
    toy_keep = 10;
    play(a_refill_begins_where_it_is_needed, NULL);
    toy_keep = 0;
}

#define STORY(name)                                                                                \
    static void test_##name(void **state)                                                          \
    {                                                                                              \
        (void)state;                                                                               \
        play(name, NULL);                                                                          \
    }
STORY(what_a_twin_commits_is_carried_at_once)
STORY(more_strangers_than_a_page)
STORY(a_strangers_novel_is_cut)
STORY(a_key_of_another_type_is_taken_back)
STORY(an_entry_in_anothers_place_is_removed)
STORY(what_was_cut_off_at_the_end_comes_back)
STORY(a_stream_without_news_for_a_week_is_well)
STORY(rows_from_the_future_are_refused)
STORY(rows_from_the_future_are_refused_by_an_empty_redis)
STORY(a_calendar_nobody_turned_is_caught_up)
STORY(a_dump_does_not_stop_the_calendars_users)
STORY(an_early_event_is_tried_again_soon)
STORY(cries_for_help_do_no_harm)
STORY(a_forged_rebuild_delays_nobody)
STORY(a_last_id_of_nobodys_is_undone)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_a_twin_commits_is_carried_at_once),
        cmocka_unit_test(test_more_strangers_than_a_page),
        cmocka_unit_test(test_a_strangers_novel_is_cut),
        cmocka_unit_test(test_a_key_of_another_type_is_taken_back),
        cmocka_unit_test(test_an_entry_in_anothers_place_is_removed),
        cmocka_unit_test(test_what_was_cut_off_at_the_end_comes_back),
        cmocka_unit_test(test_a_stream_without_news_for_a_week_is_well),
        cmocka_unit_test(test_rows_from_the_future_are_refused),
        cmocka_unit_test(test_rows_from_the_future_are_refused_by_an_empty_redis),
        cmocka_unit_test(test_a_calendar_nobody_turned_is_caught_up),
        cmocka_unit_test(test_a_dump_does_not_stop_the_calendars_users),
        cmocka_unit_test(test_an_early_event_is_tried_again_soon),
        cmocka_unit_test(test_cries_for_help_do_no_harm),
        cmocka_unit_test(test_a_forged_rebuild_delays_nobody),
        cmocka_unit_test(test_a_refill_begins_where_it_is_needed),
        cmocka_unit_test(test_what_an_undone_attempt_decided_is_forgotten),
        cmocka_unit_test(test_a_last_id_of_nobodys_is_undone),
    };

    crypt_init();
    log_init("test", getenv("LOG_LEVEL") ? getenv("LOG_LEVEL") : "error");
    cmocka_set_test_filter(getenv("ONLY"));
    return cmocka_run_group_tests(tests, NULL, NULL);
}
