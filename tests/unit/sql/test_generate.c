/* test_generate.c - sql/generate.awk: what becomes of statements, and what it refuses. Run from the
 * root. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[] = "/tmp/pasar-generate-XXXXXX";
static char made[65536];

static void write_file(const char *name, const char *text)
{
    char path[256];
    FILE *f;

    snprintf(path, sizeof path, "%s/%s", folder, name);
    f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

static void read_made(void)
{
    char path[256];
    size_t n;
    FILE *f;

    snprintf(path, sizeof path, "%s/made.c", folder);
    f = fopen(path, "r");
    assert_non_null(f);
    n = fread(made, 1, sizeof made - 1, f);
    made[n] = '\0';
    fclose(f);
}

/* The exit status; `made` is the source written. */
static int generate(const char *queries, const char *migration)
{
    char command[1024];
    int status;

    write_file("queries.sql", queries);
    write_file("0001_first.sql", migration);
    snprintf(command, sizeof command,
             "awk -f sql/generate.awk -v domain=shop -v out=%s/made %s/queries.sql "
             "%s/0001_first.sql 2>/dev/null",
             folder, folder, folder);
    status = system(command);
    if (status == 0)
        read_made();
    return status;
}

static void assert_made(const char *text)
{
    if (!strstr(made, text))
        fail_msg("not found: %s\nin: %s", text, made);
}

static void test_statements(void **state)
{
    (void)state;
    assert_int_equal(generate("-- about this file\n\n-- name: shop_open\n-- why\nselect 1, -- one\n"
                              "   '--;\\' as \"a;b\" /* so\nwhat */ ;\n\n-- name: shop_shut\n"
                              "select 'two\n  lines'\n",
                              ""),
                     0);
    assert_made("const struct sql sql_shop_open = {\n    \"shop_open\",\n"
                "    \"select 1,\\n\"\n    \"'--;\\\\' as \\\"a;b\\\"\"};");
    assert_made("    \"select 'two\\n\"\n    \"  lines'\"};");
    assert_made("shop_statements[] = {\n    &sql_shop_open,\n    &sql_shop_shut,\n    NULL};");
}

static void test_migrations_are_kept_whole(void **state)
{
    (void)state;
    assert_int_equal(
        generate("", "-- why\ncreate table t (a text default '\\'); -- \"q\"\n\tselect 1;\n"), 0);
    assert_made("{\"shop/0001_first\",\n     \"-- why\\n\"\n"
                "     \"create table t (a text default '\\\\'); -- \\\"q\\\"\\n\"\n"
                "     \"\\tselect 1;\\n\"\n");
    assert_made("{NULL, NULL}};");
}

static void test_what_is_refused(void **state)
{
    static const char *const bad[] = {
        "-- name: a\nselect 1\n-- name: a\nselect 2\n", /* twice */
        "-- name: a\nselect 1; select 2\n",             /* two statements */
        "-- name: A-b\nselect 1\n",                     /* not a name */
        "-- name: a\n-- nothing\n",                     /* no text */
        "select 1\n",                                   /* no name */
        "-- name: a\nselect 'x\n",                      /* open quote */
    };

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_not_equal(generate(bad[i], ""), 0);
}

static int make_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
    char command[256];

    (void)state;
    snprintf(command, sizeof command, "rm -r %s", folder);
    return system(command);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_statements),
        cmocka_unit_test(test_migrations_are_kept_whole),
        cmocka_unit_test(test_what_is_refused),
    };

    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
