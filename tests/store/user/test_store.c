/* Accounts, sessions and the guard in a real PostgreSQL: above all, who wins when two come at once.
 */
#include "tests/store/wrap/story.h"

#include "sql_saga.h"
#include "sql_user.h"
#include "workers/user/store.h"
#include "wrap/crypt.h"

#define HOUR (3600 * US_PER_S)
#define SQL(name, text) static const struct sql name = {#name, text}

SQL(age_tokens, "update refresh_token set used_at = used_at - interval '1 hour'");
SQL(disable_all, "update account set disabled = true");
SQL(count_sessions, "select count(*) from session");
SQL(count_tokens, "select count(*) from refresh_token");
SQL(count_guards, "select count(*) from login_guard");
SQL(clear_all, "truncate account, login_guard restart identity cascade");

static int64_t now;

static int start_clean(void **state)
{
    struct migration all[32] = {0};
    size_t n = 0;

    config_reset(state);
    for (const struct migration *m = saga_migrations; m->name; m++)
        all[n++] = *m;
    for (const struct migration *m = user_migrations; m->name; m++)
        all[n++] = *m;
    crypt_init();
    now = clock_now_us();
    return (int)migrate(&config, all).kind;
}

static struct account person(const char *email, const char *username)
{
    return (struct account){.email = email,
                            .username = username,
                            .role = "user",
                            .password_hash = "hash",
                            .created_us = now};
}

static struct account registered(struct arena *a)
{
    struct account sari = person("sari@example.com", "sari");

    CHECK_KIND(run(pg, &clear_all), ERR_NONE);
    CHECK_KIND(user_store_insert(pg, a, &sari), ERR_NONE);
    return sari;
}

static struct err open_with(struct arena *a, const struct account *account, const char *token)
{
    struct session_start s = {.account = account,
                              .guard_key = "client",
                              .id = id_new(),
                              .token_hash = token,
                              .now_us = now,
                              .expires_us = now + HOUR};

    return user_store_open_session(pg, a, &s);
}

static struct err rotate_at(struct arena *a, const char *old, const char *new, int64_t at_us)
{
    struct rotation r = {.old_hash = old, .new_hash = new, .now_us = at_us, .lifetime_us = HOUR};
    struct account account;
    struct id session;

    return user_store_rotate(pg, a, &r, &account, &session);
}

/* ---- accounts ---- */

static void one_address_one_name(struct arena *a)
{
    struct account sari = registered(a), again = person("sari@example.com", "other");
    struct account namesake = person("other@example.com", "SARI"), found;

    CHECK(sari.id == 1);
    CHECK_KIND(user_store_insert(pg, a, &again), ERR_CONFLICT);
    CHECK(strcmp(pg_constraint(pg), "account_email") == 0);
    CHECK_KIND(user_store_insert(pg, a, &namesake), ERR_CONFLICT);
    CHECK(strcmp(pg_constraint(pg), "account_username") == 0);
    CHECK_KIND(user_store_by_email(pg, a, "sari@example.com", &found), ERR_NONE);
    CHECK(found.id == 1 && found.created_us == now && !found.full_name && !found.disabled);
    CHECK_KIND(user_store_by_id(pg, a, 77, &found), ERR_NOT_FOUND);
}

static void edits_leave_the_rest(struct arena *a)
{
    struct profile_edit edit = {.account_id = registered(a).id, .now_us = now};
    struct account found;

    edit.full_name = "Sari Dewi";
    edit.phone = "+628123456789";
    CHECK_KIND(user_store_edit(pg, a, &edit, &found), ERR_NONE);
    edit.full_name = NULL;
    edit.phone = "";
    CHECK_KIND(user_store_edit(pg, a, &edit, &found), ERR_NONE);
    CHECK(strcmp(found.full_name, "Sari Dewi") == 0 && !found.phone);
    edit.account_id = 77;
    CHECK_KIND(user_store_edit(pg, a, &edit, &found), ERR_NOT_FOUND);
}

/* ---- sessions ---- */

static void a_token_is_good_once(struct arena *a)
{
    struct account sari = registered(a);

    CHECK_KIND(open_with(a, &sari, "t1"), ERR_NONE);
    CHECK_KIND(open_with(a, &sari, "u1"), ERR_NONE);
    CHECK_KIND(rotate_at(a, "t1", "t2", now), ERR_NONE);
    CHECK_KIND(rotate_at(a, "t2", "t3", now), ERR_NONE);
    CHECK_KIND(run(pg, &age_tokens), ERR_NONE);
    CHECK_KIND(rotate_at(a, "t1", "t4", now), ERR_UNAUTHENTIC); /* seen before: the family ends */
    CHECK_KIND(rotate_at(a, "t3", "t5", now), ERR_UNAUTHENTIC);
    CHECK_KIND(rotate_at(a, "u1", "u2", now), ERR_NONE); /* another log-in goes on */
    CHECK_KIND(rotate_at(a, "never", "t6", now), ERR_UNAUTHENTIC);
    CHECK(number(pg, &count_sessions, a) == 1);
}

/* The request came before the winner's commit: no thief, a client with two windows. */
static void an_overlapping_refresh_only_loses(struct arena *a)
{
    struct account sari = registered(a);

    CHECK_KIND(open_with(a, &sari, "t1"), ERR_NONE);
    CHECK_KIND(rotate_at(a, "t1", "t2", now), ERR_NONE);
    CHECK_KIND(rotate_at(a, "t1", "t3", now), ERR_UNAUTHENTIC);
    CHECK_KIND(rotate_at(a, "t2", "t4", now), ERR_NONE);
}

static int n_won, n_lost;

static void refresh_beside_others(void *arg)
{
    struct arena *a = arena_new();
    struct pg *tx;
    struct rotation r = {.old_hash = "t1", .new_hash = arg, .now_us = now, .lifetime_us = HOUR};
    struct account account;
    struct id session;
    struct err e = pg_begin(pg, a, &tx);

    if (!e.kind) {
        e = user_store_rotate(tx, a, &r, &account, &session);
        task_sleep(20 * MS); /* the others wait at the lock */
        e = pg_commit(tx).kind ? ERR(ERR_BUG, "commit") : e;
    }
    n_won += e.kind == ERR_NONE;
    n_lost += e.kind == ERR_UNAUTHENTIC;
    n_helpers--;
    arena_free(a);
}

static void of_many_at_once_one_wins(struct arena *a)
{
    static char tokens[][4] = {"a", "b", "c", "d", "e", "f"};
    struct account sari = registered(a);

    CHECK_KIND(open_with(a, &sari, "t1"), ERR_NONE);
    for (size_t i = 0; i < 6; i++)
        help(refresh_beside_others, tokens[i]);
    while (n_helpers)
        task_sleep(2 * MS);
    CHECK(n_won == 1 && n_lost == 5);
    CHECK(number(pg, &count_tokens, a) == 2);
}

static void tokens_expire(struct arena *a)
{
    struct account sari = registered(a);

    CHECK_KIND(open_with(a, &sari, "t1"), ERR_NONE);
    CHECK_KIND(rotate_at(a, "t1", "t2", now + HOUR), ERR_UNAUTHENTIC);
    CHECK_KIND(rotate_at(a, "t1", "t2", now + HOUR - 1), ERR_NONE);
    CHECK_KIND(rotate_at(a, "t2", "t3", now + 2 * HOUR - 2), ERR_NONE);
    CHECK(number(pg, &count_tokens, a) == 2); /* t1 could not be alive any more: forgotten */
}

static void disabled_is_disabled(struct arena *a)
{
    struct account sari = registered(a);

    CHECK_KIND(open_with(a, &sari, "t1"), ERR_NONE);
    CHECK_KIND(run(pg, &disable_all), ERR_NONE);
    CHECK_KIND(rotate_at(a, "t1", "t2", now), ERR_UNAUTHENTIC);
    CHECK_KIND(open_with(a, &sari, "u1"), ERR_CONFLICT);
}

static void logging_out(struct arena *a)
{
    struct account sari = registered(a);
    struct id other = id_new();

    CHECK_KIND(open_with(a, &sari, "t1"), ERR_NONE);
    CHECK_KIND(open_with(a, &sari, "u1"), ERR_NONE);
    CHECK_KIND(user_store_end_by_token(pg, a, sari.id + 1, "t1"), ERR_NONE); /* not theirs */
    CHECK_KIND(user_store_end_session(pg, a, sari.id, &other), ERR_NONE);
    CHECK(number(pg, &count_sessions, a) == 2);
    CHECK_KIND(user_store_end_by_token(pg, a, sari.id, "t1"), ERR_NONE);
    CHECK_KIND(rotate_at(a, "t1", "t2", now), ERR_UNAUTHENTIC);
    CHECK(number(pg, &count_sessions, a) == 1);
}

static void a_new_password_ends_other_sessions(struct arena *a)
{
    struct account sari = registered(a);
    struct session_start mine = {.account = &sari,
                                 .guard_key = "client",
                                 .id = id_new(),
                                 .token_hash = "mine",
                                 .now_us = now,
                                 .expires_us = now + HOUR};
    struct password_change change = {.account_id = sari.id,
                                     .now_us = now,
                                     .old_hash = "hash",
                                     .new_hash = "hash 2",
                                     .session = &mine.id};

    CHECK_KIND(user_store_open_session(pg, a, &mine), ERR_NONE);
    CHECK_KIND(open_with(a, &sari, "t1"), ERR_NONE);
    CHECK_KIND(user_store_change_password(pg, a, &change), ERR_NONE);
    CHECK_KIND(rotate_at(a, "t1", "t2", now), ERR_UNAUTHENTIC);
    CHECK_KIND(rotate_at(a, "mine", "mine 2", now), ERR_NONE);
    CHECK_KIND(user_store_change_password(pg, a, &change),
               ERR_CONFLICT);                            /* no longer the old one */
    CHECK_KIND(open_with(a, &sari, "u1"), ERR_CONFLICT); /* verified against the old one */
    change.old_hash = "hash 2";
    change.session = NULL;
    CHECK_KIND(user_store_change_password(pg, a, &change), ERR_NONE);
    CHECK(number(pg, &count_sessions, a) == 0);
}

static void sessions_are_swept(struct arena *a)
{
    struct account sari = registered(a);

    for (int i = 0; i < 110; i++)
        CHECK_KIND(open_with(a, &sari, arena_printf(a, "t%d", i)), ERR_NONE);
    CHECK(number(pg, &count_sessions, a) == 100);
    now += 2 * HOUR;
    for (int i = 0; i < 6; i++)
        CHECK_KIND(open_with(a, &sari, arena_printf(a, "u%d", i)), ERR_NONE);
    CHECK(number(pg, &count_sessions, a) == 6);
    now -= 2 * HOUR;
}

/* ---- the guard ---- */

static const struct guard_keys keys = {.client = "client", .account = "account"};

static void failures_add_up(struct arena *a)
{
    struct account sari = registered(a);
    struct guards g;
    int64_t wait = -1;

    CHECK_KIND(user_store_guards(pg, a, &keys, &g), ERR_NONE);
    CHECK(g.client.failures == 0 && g.account.failures == 0 && g.client.blocked_until_us == 0);
    for (int i = 0; i < 5; i++) {
        CHECK_KIND(user_store_count_failure(pg, a, &keys, now, &wait), ERR_NONE);
        CHECK(wait == 0);
    }
    CHECK_KIND(user_store_count_failure(pg, a, &keys, now, &wait), ERR_NONE);
    CHECK(wait == 10 * US_PER_S);
    CHECK_KIND(user_store_guards(pg, a, &keys, &g), ERR_NONE);
    CHECK(g.client.failures == 5 && g.account.failures == 5 && g.client.last_failure_us == now);
    CHECK_KIND(open_with(a, &sari, "t1"), ERR_CONFLICT); /* right, but beside too many wrong ones */
    CHECK(number(pg, &count_sessions, a) == 0);
    now += 10 * US_PER_S;
    CHECK_KIND(open_with(a, &sari, "t1"), ERR_NONE);
    CHECK_KIND(user_store_guards(pg, a, &keys, &g), ERR_NONE);
    CHECK(g.client.failures == 0 && g.account.failures == 5);
    CHECK(g.client.known_until_us == now + GUARD_KNOWN_US);
}

static void guards_are_forgotten(struct arena *a)
{
    struct guard_keys others = {.client = "client 2", .account = "account 2"};
    int64_t wait;

    registered(a);
    CHECK_KIND(user_store_count_failure(pg, a, &keys, now, &wait), ERR_NONE);
    CHECK(number(pg, &count_guards, a) == 2);
    now += GUARD_FORGET_US;
    CHECK_KIND(user_store_count_failure(pg, a, &others, now, &wait), ERR_NONE);
    CHECK(number(pg, &count_guards, a) == 2);
    now -= GUARD_FORGET_US;
}

#define STORY(name)                                                                                \
    static void test_##name(void **state)                                                          \
    {                                                                                              \
        (void)state;                                                                               \
        tell(name);                                                                                \
    }

STORY(one_address_one_name)
STORY(edits_leave_the_rest)
STORY(a_token_is_good_once)
STORY(an_overlapping_refresh_only_loses)
STORY(of_many_at_once_one_wins)
STORY(tokens_expire)
STORY(disabled_is_disabled)
STORY(logging_out)
STORY(a_new_password_ends_other_sessions)
STORY(sessions_are_swept)
STORY(failures_add_up)
STORY(guards_are_forgotten)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_address_one_name),
        cmocka_unit_test(test_edits_leave_the_rest),
        cmocka_unit_test(test_a_token_is_good_once),
        cmocka_unit_test(test_an_overlapping_refresh_only_loses),
        cmocka_unit_test(test_of_many_at_once_one_wins),
        cmocka_unit_test(test_tokens_expire),
        cmocka_unit_test(test_disabled_is_disabled),
        cmocka_unit_test(test_logging_out),
        cmocka_unit_test(test_a_new_password_ends_other_sessions),
        cmocka_unit_test(test_sessions_are_swept),
        cmocka_unit_test(test_failures_add_up),
        cmocka_unit_test(test_guards_are_forgotten),
    };

    story_begin();
    return cmocka_run_group_tests(tests, start_clean, NULL);
}
