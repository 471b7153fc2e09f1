/* test_arena.c - bump allocation: zeroed, aligned, freed together, deferred calls newest first. */
#include "base/arena.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static void assert_zeroed(const unsigned char *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        assert_int_equal(p[i], 0);
}

static void test_memory_is_zeroed_and_aligned(void **state)
{
    static const size_t sizes[] = {0, 1, 15, 16, 17, 4000, 3, 5000, 100000, 1, 64000, 300000, 7};
    struct arena *a = arena_new();

    (void)state;
    for (int round = 0; round < 3; round++) {
        for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
            unsigned char *p = arena_alloc(a, sizes[i]);

            assert_int_equal((uintptr_t)p % 16, 0);
            assert_zeroed(p, sizes[i]);
            memset(p, 0xa5, sizes[i]); /* the next round finds it zeroed again */
        }
        arena_reset(a);
    }
    arena_free(a);
    arena_free(NULL);
}

static void test_allocations_do_not_overlap(void **state)
{
    enum { N = 5000 };
    struct arena *a = arena_new();
    unsigned char *p[N];

    (void)state;
    for (int i = 0; i < N; i++) {
        p[i] = arena_alloc(a, (size_t)(i % 97 + 1));
        memset(p[i], i & 0xff, (size_t)(i % 97 + 1));
    }
    for (int i = 0; i < N; i++)
        for (int k = 0; k <= i % 97; k++)
            assert_int_equal(p[i][k], i & 0xff);
    arena_free(a);
}

static void test_texts(void **state)
{
    struct arena *a = arena_new();
    char long_text[1000];

    (void)state;
    memset(long_text, 'x', sizeof long_text - 1);
    long_text[sizeof long_text - 1] = '\0';
    assert_null(arena_strdup(a, NULL));
    assert_string_equal(arena_strdup(a, ""), "");
    assert_string_equal(arena_strdup(a, "pasar"), "pasar");
    assert_string_equal(arena_strndup(a, "pasar", 3), "pas");
    assert_string_equal(arena_strndup(a, NULL, 0), "");
    assert_string_equal(arena_printf(a, "%d %s", 7, "x"), "7 x");
    assert_string_equal(arena_printf(a, "%s", long_text), long_text);
    assert_memory_equal(arena_memdup(a, "a\0b", 3), "a\0b", 3);
    arena_free(a);
}

static char trace[16];

static void note(void *p)
{
    trace[strlen(trace)] = *(const char *)p;
}

static void test_deferred_calls_run_newest_first_and_once(void **state)
{
    struct arena *a = arena_new();

    (void)state;
    memset(trace, 0, sizeof trace);
    arena_defer(a, note, arena_strdup(a, "1"));
    arena_defer(a, note, arena_strdup(a, "2"));
    arena_reset(a);
    assert_string_equal(trace, "21");
    arena_defer(a, note, arena_strdup(a, "3"));
    arena_free(a);
    assert_string_equal(trace, "213");
}

struct item {
    int64_t n;
    char c;
};

static void test_typed_helpers(void **state)
{
    struct arena *a = arena_new();
    struct item *one = ARENA_NEW(a, struct item);
    struct item *many = ARENA_ARRAY(a, struct item, 100);

    (void)state;
    one->n = 1;
    many[99].n = 2;
    assert_int_equal(many[0].n, 0);
    arena_free(a);
}

/* In a child process, since it aborts. */
static void test_an_overflowing_array_aborts(void **state)
{
    int status = 0;
    pid_t pid = fork();

    (void)state;
    if (pid == 0) {
        setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
        signal(SIGABRT, SIG_DFL);
        arena_alloc_array(arena_new(), SIZE_MAX / 2, 4);
        _exit(0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_memory_is_zeroed_and_aligned),
        cmocka_unit_test(test_allocations_do_not_overlap),
        cmocka_unit_test(test_texts),
        cmocka_unit_test(test_deferred_calls_run_newest_first_and_once),
        cmocka_unit_test(test_typed_helpers),
        cmocka_unit_test(test_an_overflowing_array_aborts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
