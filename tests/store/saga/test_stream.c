/* test_stream.c - from the outbox to the effects: nothing lost, nothing twice, whatever is done to
 * Redis. */
#include "say.h"

static void all_in_order(struct toy *t)
{
    say_many(t, "a", 0, 100);
    until(n_seen(t) == 100);
    assert_string_equal(words_of(t, "a"), many(t, 0, 100));
    assert_int_equal(n_jobs(t, "%", "%"), 0);
}

static void a_flushed_redis_is_refilled_with_the_same_ids(struct toy *t)
{
    const struct redis_value *before, *after;

    say_many(t, "a", 0, 30);
    until(n_seen(t) == 30);
    before = redis_do(t, "XRANGE", STREAM, "-", "+");
    redis_do(t, "FLUSHALL");
    say_many(t, "a", 30, 60);
    until(n_seen(t) == 60);
    after = redis_do(t, "XRANGE", STREAM, "-", "+");
    assert_int_equal(after->n, 60);
    for (size_t i = 0; i < before->n; i++)
        assert_string_equal(before->elements[i].elements[0].text,
                            after->elements[i].elements[0].text);
    assert_string_equal(words_of(t, "a"), many(t, 0, 60));
}

static void a_lost_tail_is_told_again(struct toy *t)
{
    say_many(t, "a", 0, 10);
    until(n_seen(t) == 10);
    redis_do(t, "COPY", STREAM, "backup");
    say_many(t, "a", 10, 20);
    until(n_seen(t) == 20);
    redis_do(t, "RENAME", "backup", STREAM); /* restored from before */
    say_many(t, "a", 20, 30);
    until(n_seen(t) == 30);
    assert_int_equal(redis_do(t, "XLEN", STREAM)->integer, 30);
    assert_string_equal(words_of(t, "a"), many(t, 0, 30));
}

static void strangers_become_dead_letters_and_stop_nothing(struct toy *t)
{
    say_many(t, "a", 0, 5);
    until(n_seen(t) == 5);
    redis_do(t, "XADD", STREAM, "*", "type", "Said", "subject", "a", "data",
             "{\"word\":\"forged\"}");
    redis_do(t, "XADD", STREAM, "*", "\xff\xfe", "{{{");
    until(n_jobs(t, "dead", "stranger:%") >= 1);
    say_many(t, "a", 5, 10);
    until(n_seen(t) == 10);
    assert_string_equal(words_of(t, "a"), many(t, 0, 10));
    until(redis_do(t, "XLEN", STREAM)->n == 0 && hearer_is_well(t->hearer));
}

/* Every field is right, but for another stream's place. */
static void a_copied_entry_is_a_stranger(struct toy *t)
{
    const struct redis_value *entry;
    struct redis_args *c = redis_args(t->arena, "XADD");
    const struct redis_value *v;

    say_many(t, "a", 0, 3);
    until(n_seen(t) == 3);
    entry = &redis_do(t, "XRANGE", STREAM, "-", "+", "COUNT", "1")->elements[0];
    redis_add(c, STREAM);
    redis_add(c, "*");
    for (size_t i = 0; i < entry->elements[1].n; i++)
        redis_add(c, entry->elements[1].elements[i].text);
    assert_int_equal(redis_call(t->redis, c, 0, &v).kind, ERR_NONE);
    until(n_jobs(t, "dead", "stranger:%") == 1);
    say_many(t, "a", 3, 6);
    until(n_seen(t) == 6);
    assert_string_equal(words_of(t, "a"), many(t, 0, 6));
}

static void a_missing_entry_is_noticed_and_brought_back(struct toy *t)
{
    const struct redis_value *all;

    say_many(t, "a", 0, 5);
    until(n_seen(t) == 5);
    stop_hearer(t);
    say_many(t, "a", 5, 15);
    until(redis_do(t, "XLEN", STREAM)->integer == 15);
    all = redis_do(t, "XRANGE", STREAM, "-", "+");
    redis_do(t, "XDEL", STREAM, all->elements[8].elements[0].text);
    start_hearer(t);
    until(n_seen(t) == 15);
    assert_string_equal(words_of(t, "a"), many(t, 0, 15));
    until(hearer_is_well(t->hearer));
}

/* We were away, Redis lost everything with our mirror in it, and others' positions let the relay
 * cut the stream. */
static void what_was_cut_off_before_we_heard_it_comes_back(struct toy *t)
{
    const struct redis_value *all;

    say_many(t, "a", 0, 5);
    until(n_seen(t) == 5);
    stop_hearer(t);
    say_many(t, "a", 5, 15);
    until(redis_do(t, "XLEN", STREAM)->integer == 15);
    all = redis_do(t, "XRANGE", STREAM, "-", "+");
    redis_do(t, "XGROUP", "DESTROY", STREAM, "toy");
    redis_do(t, "XGROUP", "CREATE", STREAM, "another", all->elements[12].elements[0].text);
    redis_do(t, "XTRIM", STREAM, "MINID", all->elements[12].elements[0].text);
    start_hearer(t);
    until(n_seen(t) == 15);
    assert_string_equal(words_of(t, "a"), many(t, 0, 15));
    until(hearer_is_well(t->hearer));
}

/* The sequence number of the slow one is lower, its commit later: a reader by sequence alone would
 * lose it. */
static void a_slow_transaction_is_not_lost(struct toy *t)
{
    struct arena *a = arena_new();
    struct pg *slow;

    assert_int_equal(pg_begin(t->pg, a, &slow).kind, ERR_NONE);
    tell(slow, a, "slow", "first");
    assert_int_equal(pg_exec(slow, &sql_n_seen, NULL, a, NULL).kind,
                     ERR_NONE); /* the insert has run */
    say(t, "fast", "second");
    task_sleep(50 * US_PER_MS); /* time for a wrong relay to go wrong */
    assert_int_equal(n_seen(t), 0);
    assert_int_equal(pg_commit(slow).kind, ERR_NONE);
    arena_free(a);
    relay_wake(t->relay);
    until(n_seen(t) == 2);
    assert_string_equal(words_of(t, "slow"), "first");
}

static void an_early_event_waits_with_those_behind_it(struct toy *t)
{
    say(t, "a", "one");
    say(t, "a", "early");
    say(t, "a", "two");
    say(t, "b", "other");
    until(n_jobs(t, "due", "hear:%") == 2);
    until(n_seen(t) == 2);
    assert_string_equal(words_of(t, "b"), "other");
    t->ready[0] = true;
    until(n_seen(t) == 4);
    assert_string_equal(words_of(t, "a"), "one early two");
    until(n_jobs(t, "%", "%") == 0);
}

static void a_broken_event_is_kept_and_its_subject_waits(struct toy *t)
{
    say(t, "a", "broken");
    say(t, "a", "behind");
    say(t, "b", "other");
    until(n_seen(t) == 1);
    until(n_jobs(t, "dead", "hear:%") == 1 && n_jobs(t, "due", "hear:%") == 1);
    assert_string_equal(words_of(t, "b"), "other");
}

static void poison_does_not_sink_its_batch(struct toy *t)
{
    stop_hearer(t);
    say_many(t, "a", 0, 4);
    say(t, "p", "poison");
    say_many(t, "a", 4, 8);
    start_hearer(t);
    until(n_seen(t) == 8);
    assert_int_equal(n_jobs(t, "dead", "hear:%"), 1);
    assert_string_equal(words_of(t, "a"), many(t, 0, 8));
}

static void a_stream_ahead_of_the_database_is_refused(struct toy *t)
{
    const char *why = NULL;

    say_many(t, "a", 0, 3);
    until(n_seen(t) == 3);
    assert_int_equal(pg_exec(t->pg, &sql_forget, NULL, t->arena, NULL).kind,
                     ERR_NONE); /* a restored backup */
    until(!relay_is_well(t->relay, &why));
    assert_string_equal(why, "a stream is ahead of the database");
    redis_do(t, "DEL", STREAM); /* the operator's word */
    until(relay_is_well(t->relay, &why));
}

static void the_mirror_shows_our_position(struct toy *t)
{
    const struct redis_value *groups;

    say_many(t, "a", 0, 3);
    until(n_seen(t) == 3);
    until((groups = redis_do(t, "XINFO", "GROUPS", STREAM))->n == 1);
    assert_string_equal(groups->elements[0].elements[1].text, "toy");
}

static bool wants_what_is_said(const char *type)
{
    return strcmp(type, "Said") == 0;
}

static const struct sql sql_position = {
    "toy_position", "select xid || '-' || seq from heard where stream = '" STREAM "'"};
static const struct sql sql_newest = {
    "toy_newest", "select xid::text || '-' || seq from outbox order by xid desc, seq desc limit 1"};

static const char *one_text(struct toy *t, const struct sql *s)
{
    struct pg_rows rows;

    assert_int_equal(pg_exec(t->pg, s, NULL, t->arena, &rows).kind, ERR_NONE);
    return rows.n ? pg_text(&rows, 0, 0) : "";
}

static void mutter(struct toy *t, int n)
{
    for (int i = 0; i < n; i++)
        say_as(t, "Muttered", "a", "hm");
}

/* What nobody wants has no effect and needs no commit; a crash in between passes over it again. */
static void what_is_of_no_interest_is_passed_over(struct toy *t)
{
    const char *heard;
    int64_t began;

    stop_hearer(t);
    t->row.wants = wants_what_is_said;
    start_hearer(t);
    say(t, "a", "first");
    until(n_seen(t) == 1);
    began = clock_mono_us();
    heard = one_text(t, &sql_position);
    mutter(t, 5);
    until(redis_do(t, "XLEN", STREAM)->integer == 6);
    if (strcmp(one_text(t, &sql_position), heard) != 0) /* only if we were held up */
        assert_true(clock_mono_us() - began > US_PER_S);
    stop_hearer(t);
    start_hearer(t);
    mutter(t, 5);
    say(t, "a", "second");
    until(n_seen(t) == 2);
    assert_string_equal(one_text(t, &sql_position), one_text(t, &sql_newest));
    mutter(t, 5);
    until(strcmp(one_text(t, &sql_position), one_text(t, &sql_newest)) == 0); /* by and by */
    assert_string_equal(words_of(t, "a"), "first second");
    assert_int_equal(n_jobs(t, "%", "%"), 0);
}

#define STORY(name)                                                                                \
    static void test_##name(void **state)                                                          \
    {                                                                                              \
        (void)state;                                                                               \
        play(name, NULL);                                                                          \
    }
STORY(all_in_order)
STORY(a_flushed_redis_is_refilled_with_the_same_ids)
STORY(a_lost_tail_is_told_again)
STORY(strangers_become_dead_letters_and_stop_nothing)
STORY(a_copied_entry_is_a_stranger)
STORY(a_missing_entry_is_noticed_and_brought_back)
STORY(what_was_cut_off_before_we_heard_it_comes_back)
STORY(a_slow_transaction_is_not_lost)
STORY(an_early_event_waits_with_those_behind_it)
STORY(a_broken_event_is_kept_and_its_subject_waits)
STORY(poison_does_not_sink_its_batch)
STORY(a_stream_ahead_of_the_database_is_refused)
STORY(the_mirror_shows_our_position)
STORY(what_is_of_no_interest_is_passed_over)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_in_order),
        cmocka_unit_test(test_a_flushed_redis_is_refilled_with_the_same_ids),
        cmocka_unit_test(test_a_lost_tail_is_told_again),
        cmocka_unit_test(test_strangers_become_dead_letters_and_stop_nothing),
        cmocka_unit_test(test_a_copied_entry_is_a_stranger),
        cmocka_unit_test(test_a_missing_entry_is_noticed_and_brought_back),
        cmocka_unit_test(test_what_was_cut_off_before_we_heard_it_comes_back),
        cmocka_unit_test(test_a_slow_transaction_is_not_lost),
        cmocka_unit_test(test_an_early_event_waits_with_those_behind_it),
        cmocka_unit_test(test_a_broken_event_is_kept_and_its_subject_waits),
        cmocka_unit_test(test_poison_does_not_sink_its_batch),
        cmocka_unit_test(test_a_stream_ahead_of_the_database_is_refused),
        cmocka_unit_test(test_the_mirror_shows_our_position),
        cmocka_unit_test(test_what_is_of_no_interest_is_passed_over),
    };

    crypt_init();
    log_init("test", getenv("LOG_LEVEL") ? getenv("LOG_LEVEL") : "error");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
