/* test_stack.c - the pool of stacks: used again, bounded, and giving back what was not needed. */
#include "loop/stack.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

enum { N = 100 };

static void take_all(struct stack_pool *pool, struct stack *stacks)
{
    for (int i = 0; i < N; i++)
        stacks[i] = stack_take(pool);
}

static void give_all(struct stack_pool *pool, const struct stack *stacks)
{
    for (int i = 0; i < N; i++)
        stack_give(pool, stacks[i]);
}

static void test_the_newest_is_used_again(void **state)
{
    struct stack_pool pool = {0};
    struct stack a = stack_take(&pool), b;

    (void)state;
    assert_true(a.size_bytes >= (size_t)256 * 1024);
    memset(a.bottom, 0xa5, a.size_bytes);
    stack_give(&pool, a);
    b = stack_take(&pool);
    assert_ptr_equal(a.bottom, b.bottom);
    stack_give(&pool, b);
    stack_pool_release(&pool);
    assert_int_equal(pool.n, 0);
}

static void test_the_pool_is_bounded(void **state)
{
    struct stack_pool pool = {0};
    struct stack stacks[N];

    (void)state;
    take_all(&pool, stacks);
    assert_false(stack_pool_is_large(&pool));
    give_all(&pool, stacks);
    assert_true(stack_pool_is_large(&pool));
    assert_in_range(pool.n, 1, 64);
    stack_pool_release(&pool);
}

/* The first trim after a rush keeps what the rush needed, the next ones give it back. */
static void test_what_is_not_needed_is_given_back(void **state)
{
    struct stack_pool pool = {0};
    struct stack stacks[N];

    (void)state;
    take_all(&pool, stacks);
    give_all(&pool, stacks);
    stack_pool_trim(&pool);
    assert_in_range(pool.n, 32, 64);
    for (int i = 0; i < 10; i++)
        stacks[i] = stack_take(&pool); /* ten are in use at a time */
    for (int i = 0; i < 10; i++)
        stack_give(&pool, stacks[i]);
    stack_pool_trim(&pool);
    assert_in_range(pool.n, 10, 14);
    stack_pool_trim(&pool);
    assert_false(stack_pool_is_large(&pool));
    stack_pool_release(&pool);
}

static size_t resident_pages(struct stack s)
{
    unsigned char pages[1024];
    size_t n = s.size_bytes / 4096;
    size_t n_resident = 0;

    assert_true(n <= sizeof pages);
    assert_int_equal(mincore(s.bottom, s.size_bytes, pages), 0);
    for (size_t i = 0; i < n; i++)
        n_resident += pages[i] & 1;
    return n_resident;
}

static void test_a_trim_gives_back_the_depths(void **state)
{
    struct stack_pool pool = {0};
    struct stack s = stack_take(&pool);

    (void)state;
    memset(s.bottom, 0xa5, s.size_bytes);
    stack_give(&pool, s);
    stack_pool_trim(&pool);
    s = stack_take(&pool);
    assert_in_range(resident_pages(s), 1, 4);
    stack_give(&pool, s);
    stack_pool_release(&pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_newest_is_used_again),
        cmocka_unit_test(test_the_pool_is_bounded),
        cmocka_unit_test(test_what_is_not_needed_is_given_back),
        cmocka_unit_test(test_a_trim_gives_back_the_depths),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
