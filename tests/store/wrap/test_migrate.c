/* test_migrate.c - migrations and the check of statements, against a real PostgreSQL. */
#include "wrap/migrate.h"

#include "story.h"

/* Each test works in a schema of its own: the settings of the server's user say which. */
static void in_schema(const char *name)
{
    char command[256];

    snprintf(command, sizeof command,
             "psql -qXc 'drop schema if exists %s cascade' -c 'create schema %s' "
             "-c 'alter role postgres set search_path = %s' 2>/dev/null",
             name, name, name);
    assert_int_equal(system(command), 0);
}

static int64_t ask(const char *text)
{
    char command[256], answer[64] = "";
    FILE *f;

    snprintf(command, sizeof command, "psql -AtqXc \"%s\"", text);
    f = popen(command, "r");
    assert_non_null(f);
    assert_true(fgets(answer, sizeof answer, f) != NULL);
    pclose(f);
    return strtoll(answer, NULL, 10);
}

#define A "create table a (id bigint); insert into a values (1);\n-- a comment; and 'a quote\n"
#define B                                                                                          \
    "alter table a add column name text; create function f() returns int language sql as $$ "      \
    "select 1; $$"
static const struct migration only_a[] = {{"x/0001_a", A}, {NULL, NULL}};
static const struct migration a_and_b[] = {{"x/0001_a", A}, {"x/0002_b", B}, {NULL, NULL}};
static const struct migration other_a[] = {{"x/0001_a", A " "}, {NULL, NULL}};
static const struct migration broken[] = {
    {"x/0001_a", A}, {"x/0003_c", "insert into a values (2); select 1 / 0"}, {NULL, NULL}};
static const struct migration escaping[] = {{"x/0001_a", A}, {"x/0004_d", "commit"}, {NULL, NULL}};
static const struct sql good = {"good", "select id, name from a where id = $1::bigint"};
static const struct sql bad = {"bad", "select no_such_column from a"};
static const struct sql worse = {"worse", "selekt"};
static const struct sql *const good_only[] = {&good, NULL};
static const struct sql *const with_bad[] = {&bad, &good, &worse, NULL};
static const struct sql *const none[] = {NULL};

static void check(struct err e, enum err_kind expected)
{
    assert_string_equal(err_kind_name(e.kind), err_kind_name(expected));
}

static void test_each_is_applied_once(void **state)
{
    (void)state;
    in_schema("once");
    check(migrate(&config, only_a), ERR_NONE);
    check(migrate(&config, only_a), ERR_NONE);
    assert_int_equal(ask("select count(*) from a"), 1);
    check(migrate(&config, a_and_b), ERR_NONE);
    check(migrate(&config, only_a), ERR_NONE); /* old code on the new schema */
    assert_int_equal(ask("select count(*) from migration where applied_at <= now()"), 2);
}

static void test_what_changed_is_refused(void **state)
{
    (void)state;
    in_schema("changed");
    check(migrate(&config, only_a), ERR_NONE);
    check(migrate(&config, other_a), ERR_CONFLICT);
    check(migrate_check(&config, other_a, none), ERR_CONFLICT);
}

static void test_a_failing_one_leaves_nothing(void **state)
{
    (void)state;
    in_schema("failing");
    check(migrate(&config, broken), ERR_BUG);
    assert_int_equal(ask("select count(*) from a"), 1);
    assert_int_equal(ask("select count(*) from migration"), 1);
    check(migrate(&config, escaping), ERR_BUG);
    assert_int_equal(ask("select count(*) from migration"), 1);
    check(migrate(&config, a_and_b), ERR_NONE);
}

static void test_check_names_what_is_wrong(void **state)
{
    (void)state;
    in_schema("checked");
    check(migrate_check(&config, a_and_b, good_only), ERR_NOT_FOUND);
    check(migrate(&config, only_a), ERR_NONE);
    check(migrate_check(&config, a_and_b, good_only), ERR_NOT_FOUND);
    check(migrate(&config, a_and_b), ERR_NONE);
    check(migrate_check(&config, a_and_b, good_only), ERR_NONE);
    check(migrate_check(&config, a_and_b, with_bad), ERR_BUG);
}

static void test_replicas_start_together(void **state)
{
    enum { N = 4 };
    pid_t pids[N];

    (void)state;
    in_schema("together");
    for (int i = 0; i < N; i++) {
        pids[i] = fork();
        if (pids[i] == 0)
            _exit((int)migrate(&config, a_and_b).kind);
    }
    for (int i = 0; i < N; i++) {
        int status = -1;

        waitpid(pids[i], &status, 0);
        assert_int_equal(status, 0);
    }
    assert_int_equal(ask("select count(*) from a"), 1);
}

static void test_no_such_database_is_told_at_once(void **state)
{
    int64_t began = clock_mono_us();

    (void)state;
    config.database = "nobody_made_me";
    check(migrate(&config, only_a), ERR_UNAVAILABLE);
    check(migrate_check(&config, only_a, none), ERR_UNAVAILABLE);
    assert_true(clock_mono_us() - began < US_PER_S);
}

static void test_waits_for_a_database_that_is_coming(void **state)
{
    int64_t began;
    int status = -1;
    pid_t pid;

    (void)state;
    in_schema("coming");
    waitpid(begin_server("stop", "fast"), &status, 0);
    assert_int_equal(status, 0);
    began = clock_mono_us();
    check(migrate_check(&config, only_a, none), ERR_UNAVAILABLE); /* it does not wait */
    assert_true(clock_mono_us() - began < 200 * MS);
    pid = begin_server("start", "fast");
    check(migrate(&config, only_a), ERR_NONE);
    waitpid(pid, &status, 0);
    assert_int_equal(status, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_is_applied_once),
        cmocka_unit_test(test_what_changed_is_refused),
        cmocka_unit_test(test_a_failing_one_leaves_nothing),
        cmocka_unit_test(test_check_names_what_is_wrong),
        cmocka_unit_test(test_replicas_start_together),
        cmocka_unit_test(test_waits_for_a_database_that_is_coming),
        cmocka_unit_test_setup_teardown(test_no_such_database_is_told_at_once, NULL, config_reset),
    };

    story_begin();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
