/* test_pg_args.c - parameters as they go to the server, and the set of prepared statements. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "wrap/pg_internal.h"

static void test_scalars_are_text(void **state)
{
    static const struct {
        int64_t value;
        const char *text;
    } numbers[] = {
        {0, "0"},
        {7, "7"},
        {-1, "-1"},
        {1234567890123, "1234567890123"},
        {INT64_MAX, "9223372036854775807"},
        {INT64_MIN, "-9223372036854775808"},
    };
    enum { N = sizeof numbers / sizeof *numbers };
    struct arena *a = arena_new();
    struct pg_args *p = pg_args(a);

    (void)state;
    for (int i = 0; i < N; i++)
        pg_add_i64(p, numbers[i].value);
    pg_add_bool(p, true);
    pg_add_bool(p, false);
    pg_add_text(p, NULL);
    pg_add_text(p, "");
    pg_add_id(p, NULL);
    assert_int_equal(p->n, N + 5);
    for (int i = 0; i < N; i++)
        assert_string_equal(p->values[i], numbers[i].text);
    assert_string_equal(p->values[N], "t");
    assert_string_equal(p->values[N + 1], "f");
    assert_null(p->values[N + 2]);
    assert_string_equal(p->values[N + 3], "");
    assert_null(p->values[N + 4]);
    for (int i = 0; i < p->n; i++)
        assert_int_equal(p->formats[i], 0);
    arena_free(a);
}

static void test_ids_are_text(void **state)
{
    struct arena *a = arena_new();
    struct pg_args *p = pg_args(a);
    struct id id = {{0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef, 1, 2, 3, 4, 5, 6, 7, 8}};

    (void)state;
    pg_add_id(p, &id);
    assert_string_equal(p->values[0], "01234567-89ab-cdef-0102-030405060708");
    arena_free(a);
}

static void assert_bytes(const struct pg_args *p, int i, const char *bytes, int n)
{
    assert_int_equal(p->formats[i], 1);
    assert_int_equal(p->lengths[i], n);
    assert_memory_equal(p->values[i], bytes, (size_t)n);
}

static void test_arrays_are_binary(void **state)
{
    static const int64_t values[] = {1, -2};
    static const char *const texts[] = {"ab", NULL, ""};
    static const char i64s[] = "\0\0\0\1\0\0\0\1\0\0\0\24\0\0\0\2\0\0\0\1"
                               "\0\0\0\10\0\0\0\0\0\0\0\1"
                               "\0\0\0\10\377\377\377\377\377\377\377\376";
    static const char text[] = "\0\0\0\1\0\0\0\1\0\0\0\31\0\0\0\3\0\0\0\1"
                               "\0\0\0\2ab\377\377\377\377\0\0\0\0";
    static const char id[] = "\0\0\0\1\0\0\0\1\0\0\13\206\0\0\0\1\0\0\0\1"
                             "\0\0\0\20\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";
    struct arena *a = arena_new();
    struct pg_args *p = pg_args(a);
    struct id nil = id_nil();

    (void)state;
    pg_add_i64s(p, values, 2);
    pg_add_texts(p, texts, 3);
    pg_add_ids(p, &nil, 1);
    assert_bytes(p, 0, i64s, sizeof i64s - 1);
    assert_bytes(p, 1, text, sizeof text - 1);
    assert_bytes(p, 2, id, sizeof id - 1);
    arena_free(a);
}

static void test_empty_arrays_have_no_dimensions(void **state)
{
    struct arena *a = arena_new();
    struct pg_args *p = pg_args(a);

    (void)state;
    pg_add_i64s(p, NULL, 0);
    pg_add_ids(p, NULL, 0);
    pg_add_texts(p, NULL, 0);
    assert_bytes(p, 0, "\0\0\0\0\0\0\0\1\0\0\0\24", 12);
    assert_bytes(p, 1, "\0\0\0\0\0\0\0\1\0\0\13\206", 12);
    assert_bytes(p, 2, "\0\0\0\0\0\0\0\1\0\0\0\31", 12);
    arena_free(a);
}

static void test_many_parameters(void **state)
{
    struct arena *a = arena_new();
    struct pg_args *p = pg_args(a);

    (void)state;
    for (int i = 0; i < 100; i++) {
        pg_add_i64(p, i);
        pg_add_i64s(p, NULL, 0);
    }
    assert_int_equal(p->n, 200);
    for (int i = 0; i < 100; i++) {
        assert_int_equal(strtol(p->values[2 * i], NULL, 10), i);
        assert_int_equal(p->formats[2 * i], 0);
        assert_int_equal(p->formats[2 * i + 1], 1);
        assert_int_equal(p->lengths[2 * i + 1], 12);
    }
    arena_free(a);
}

static void test_known_statements(void **state)
{
    static struct sql statements[500];
    struct pg_known k = {0};

    (void)state;
    for (size_t i = 0; i < 500; i++) {
        assert_false(pg_known_find(&k, &statements[i])->prepared);
        pg_known_find(&k, &statements[i])->revision = (unsigned)i;
        pg_known_find(&k, &statements[i])->prepared = true;
    }
    assert_int_equal(k.n, 500);
    for (size_t i = 0; i < 500; i++) {
        assert_ptr_equal(pg_known_find(&k, &statements[i])->sql, &statements[i]);
        assert_int_equal(pg_known_find(&k, &statements[i])->revision, i);
    }
    pg_known_forget(&k);
    assert_false(pg_known_find(&k, &statements[7])->prepared);
    pg_known_forget(&k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_scalars_are_text),
        cmocka_unit_test(test_ids_are_text),
        cmocka_unit_test(test_arrays_are_binary),
        cmocka_unit_test(test_empty_arrays_have_no_dimensions),
        cmocka_unit_test(test_many_parameters),
        cmocka_unit_test(test_known_statements),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
