/* test_job.c - jobs: claimed once, called outside transactions, settled with their effects. */
#include "toy.h"

static int n_failures; /* so many calls fail first */
static struct err call_error;

static struct err call_world(void *domain, struct job *job)
{
    struct toy *t = domain;

    t->n_calls++;
    task_sleep(5 * US_PER_MS); /* the world takes its time; others run meanwhile */
    if (n_failures > 0) {
        n_failures--;
        return call_error;
    }
    job->outcome =
        arena_strdup(job->arena, json_string_value(json_object_get(job->payload, "word")));
    return OK;
}

static struct err settle(struct job_batch *b)
{
    for (size_t i = 0; i < b->n; i++) {
        struct pg_args *args = pg_args(b->arena);
        const struct job *job = b->jobs[i];
        pg_add_text(args, job->subject);
        pg_add_text(args, job->outcome ? (const char *)job->outcome : "timer");
        pg_queue(b->tx, &sql_see, args);
    }
    return OK;
}

static void owe_words(struct toy *t, const char *key, int64_t due_us, bool anew,
                      const char *const *words)
{
    struct arena *a = arena_new();
    struct job_list *l = job_list_new(a);
    struct pg *tx;

    for (; *words; words++)
        job_add(l, (struct new_job){.kind = t->kinds[1].kind,
                                    .key = key,
                                    .anew = anew,
                                    .subject = key,
                                    .due_us = due_us,
                                    .payload = arena_printf(a, "{\"word\":\"%s\"}", *words)});
    assert_int_equal(pg_begin(t->pg, a, &tx).kind, ERR_NONE);
    job_list_save(l, tx);
    assert_int_equal(pg_commit(tx).kind, ERR_NONE);
    job_runner_wake(t->runner, committed_of(outbox_new(a, "/toy", 1), l).first_due_us);
    arena_free(a);
}

static void owe(struct toy *t, const char *key, int64_t due_us)
{
    owe_words(t, key, due_us, false, (const char *const[]){key, NULL});
}

static void calls_run_together_and_settle_once(struct toy *t)
{
    for (int i = 0; i < 100; i++)
        owe(t, arena_printf(t->arena, "j%d", i), clock_now_us());
    until(n_seen(t) == 100);
    until(n_jobs(t, "%", "%") == 0);
    assert_int_equal(t->n_calls, 100);
}

static void a_second_one_of_the_same_key_is_dropped(struct toy *t)
{
    int64_t soon = clock_now_us() + 100 * US_PER_MS;

    owe(t, "same", soon);
    owe(t, "same", soon);
    until(n_seen(t) == 1);
    until(n_jobs(t, "%", "%") == 0);
    assert_int_equal(t->n_calls, 1);
}

static void a_timer_waits_until_it_is_due(struct toy *t)
{
    int64_t due = clock_now_us() + 300 * US_PER_MS;

    owe(t, "later", due);
    until(n_seen(t) == 1);
    assert_true(clock_now_us() >= due);
    assert_string_equal(words_of(t, "later"), "timer");
    assert_int_equal(t->n_calls, 0);
}

/* Told of while the runner already waits for its next look, which is a second away. */
static void a_nearer_job_cuts_the_wait_short(struct toy *t)
{
    int64_t soonest = INT64_MAX;

    for (int i = 0; i < 5; i++) { /* never by chance just before a look, five times in a row */
        int64_t began = clock_mono_us();
        task_sleep(20 * US_PER_MS);
        owe(t, arena_printf(t->arena, "near%d", i), clock_now_us() + 50 * US_PER_MS);
        until(n_seen(t) == i + 1);
        if (clock_mono_us() - began < soonest)
            soonest = clock_mono_us() - began;
    }
    assert_true(soonest < 500 * US_PER_MS);
}

static void what_fails_for_a_while_is_tried_again(struct toy *t)
{
    n_failures = 3;
    call_error = ERR(ERR_TIMEOUT, "no answer");
    owe(t, "again", clock_now_us());
    until(n_seen(t) == 1);
    assert_int_equal(t->n_calls, 4);
}

static void what_can_never_work_is_kept_for_an_operator(struct toy *t)
{
    n_failures = 100;
    call_error = ERR(ERR_INVALID, "refused for good");
    owe(t, "dead", clock_now_us());
    until(n_jobs(t, "dead", "world") == 1);
    assert_int_equal(t->n_calls, 1);
    n_failures = 0;
}

static void attempts_are_bounded_but_trouble_of_ours_is_none(struct toy *t)
{
    n_failures = 2;
    call_error = ERR(ERR_UNAVAILABLE, "nothing has happened");
    owe(t, "world-down", clock_now_us()); /* two failures that are no attempts */
    until(n_seen(t) == 1);
    n_failures = 100;
    call_error = ERR(ERR_TIMEOUT, "no answer");
    owe(t, "too-often", clock_now_us());
    until(n_jobs(t, "dead", "world") == 1);
    assert_int_equal(t->n_calls, 3 + 5); /* max_attempts */
    n_failures = 0;
}

static void timeouts_that_are_free_are_no_attempts(struct toy *t)
{
    n_failures = 8;
    call_error = ERR(ERR_TIMEOUT, "no answer");
    owe(t, "patient", clock_now_us());
    until(n_seen(t) == 1);
    assert_int_equal(t->n_calls, 9);
    assert_int_equal(n_jobs(t, "dead", "%"), 0);
}

/* A job that spoils the transaction of its batch does not take the others down. */
static struct err settle_or_poison(struct job_batch *b)
{
    for (size_t i = 0; i < b->n; i++) {
        if (strcmp(b->jobs[i]->key, "poison") == 0)
            return ERR(ERR_BUG, "poison");
    }
    return settle(b);
}

static void poison_is_found_in_its_batch(struct toy *t)
{
    int64_t due = clock_now_us() + 100 * US_PER_MS;

    owe(t, "good", due);
    owe(t, "poison", due);
    owe(t, "fine", due);
    until(n_seen(t) == 2);
    until(n_jobs(t, "dead", "world") == 1);
}

/* Killed between the call and its commit: the claim runs out, and somebody calls again. */
static void a_lost_claim_is_taken_over(struct toy *t)
{
    static const struct sql claim = {"toy_claim", "update job set attempts = attempts + 1,"
                                                  " due_at = now() + interval '300 milliseconds'"};
    int64_t due = clock_now_us() + 60 * US_PER_S;

    owe(t, "taken", due); /* not due: the runner leaves it alone while "another" claims it */
    assert_int_equal(pg_exec(t->pg, &claim, NULL, t->arena, NULL).kind, ERR_NONE);
    until(n_seen(t) == 1);
    assert_int_equal(t->n_calls, 1);
}

/* A twin claimed the job while we called: what we learnt, and what settle did with it, must not
 * stand. */
static struct err call_and_lose(void *domain, struct job *job)
{
    static const struct sql claim = {"toy_twin_claims", "update job set attempts = attempts + 1,"
                                                        " due_at = now() + interval '60 seconds'"};
    struct toy *t = domain;

    t->n_calls++;
    return pg_exec(t->pg, &claim, NULL, job->arena, NULL);
}

static struct err settle_for_later(struct job_batch *b)
{
    b->jobs[0]->fate = JOB_LATER;
    return settle(b);
}

static void what_a_twin_claimed_is_not_put_off_by_us(struct toy *t)
{
    owe(t, "lost", clock_now_us());
    until(t->n_calls == 1);
    until(job_runner_n_running(t->runner) == 1); /* the claiming task alone */
    assert_int_equal(n_seen(t), 0);
    assert_int_equal(n_jobs(t, "due", "world"), 1);
}

/* While the first answer is on its way the question is asked anew: the answer is too old then. */
static struct err call_and_hear_more(void *domain, struct job *job)
{
    struct toy *t = domain;
    struct err e = call_world(domain, job);

    if (t->n_calls == 1)
        owe_words(t, job->key, clock_now_us(), true,
                  (const char *const[]){"newer", "newest", NULL});
    return e;
}

static void what_is_owed_anew_while_it_runs_is_done_again(struct toy *t)
{
    owe(t, "old", clock_now_us());
    until(n_seen(t) == 1);
    until(n_jobs(t, "%", "%") == 0);
    assert_int_equal(t->n_calls, 2);
    assert_string_equal(words_of(t, "old"), "newest");
}

static void what_is_owed_anew_takes_the_place_of_a_dead_one(struct toy *t)
{
    n_failures = 1;
    call_error = ERR(ERR_INVALID, "refused for good");
    owe(t, "dead", clock_now_us());
    until(n_jobs(t, "dead", "world") == 1);
    owe_words(t, "dead", clock_now_us(), true, (const char *const[]){"alive", NULL});
    until(n_seen(t) == 1);
    assert_string_equal(words_of(t, "dead"), "alive");
}

static const struct job_kind interrupted = {.kind = "world",
                                            .call = call_and_hear_more,
                                            .settle = settle,
                                            .timeout_us = US_PER_S,
                                            .backoff_us = 5 * US_PER_MS};
static const struct job_kind lost = {
    .kind = "world", .call = call_and_lose, .settle = settle_for_later, .timeout_us = US_PER_S};
static const struct job_kind world = {.kind = "world",
                                      .call = call_world,
                                      .settle = settle,
                                      .timeout_us = US_PER_S,
                                      .backoff_us = 5 * US_PER_MS,
                                      .max_attempts = 5};
static const struct job_kind patient = {.kind = "world",
                                        .call = call_world,
                                        .settle = settle,
                                        .timeout_us = US_PER_S,
                                        .backoff_us = 5 * US_PER_MS,
                                        .max_attempts = 2,
                                        .free_timeouts = true};
static const struct job_kind timer = {.kind = "timer", .settle = settle};
static const struct job_kind spoilt = {.kind = "world", .settle = settle_or_poison};

#define STORY(name, kind)                                                                          \
    static void test_##name(void **state)                                                          \
    {                                                                                              \
        (void)state;                                                                               \
        play(name, &(kind));                                                                       \
    }
STORY(calls_run_together_and_settle_once, world)
STORY(a_second_one_of_the_same_key_is_dropped, world)
STORY(a_timer_waits_until_it_is_due, timer)
STORY(a_nearer_job_cuts_the_wait_short, timer)
STORY(what_fails_for_a_while_is_tried_again, world)
STORY(what_can_never_work_is_kept_for_an_operator, world)
STORY(attempts_are_bounded_but_trouble_of_ours_is_none, world)
STORY(timeouts_that_are_free_are_no_attempts, patient)
STORY(poison_is_found_in_its_batch, spoilt)
STORY(a_lost_claim_is_taken_over, world)
STORY(what_a_twin_claimed_is_not_put_off_by_us, lost)
STORY(what_is_owed_anew_while_it_runs_is_done_again, interrupted)
STORY(what_is_owed_anew_takes_the_place_of_a_dead_one, world)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_calls_run_together_and_settle_once),
        cmocka_unit_test(test_a_second_one_of_the_same_key_is_dropped),
        cmocka_unit_test(test_a_timer_waits_until_it_is_due),
        cmocka_unit_test(test_a_nearer_job_cuts_the_wait_short),
        cmocka_unit_test(test_what_fails_for_a_while_is_tried_again),
        cmocka_unit_test(test_what_can_never_work_is_kept_for_an_operator),
        cmocka_unit_test(test_attempts_are_bounded_but_trouble_of_ours_is_none),
        cmocka_unit_test(test_timeouts_that_are_free_are_no_attempts),
        cmocka_unit_test(test_poison_is_found_in_its_batch),
        cmocka_unit_test(test_a_lost_claim_is_taken_over),
        cmocka_unit_test(test_what_a_twin_claimed_is_not_put_off_by_us),
        cmocka_unit_test(test_what_is_owed_anew_while_it_runs_is_done_again),
        cmocka_unit_test(test_what_is_owed_anew_takes_the_place_of_a_dead_one),
    };

    crypt_init();
    log_init("test", getenv("LOG_LEVEL") ? getenv("LOG_LEVEL") : "error");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
