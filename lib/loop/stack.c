/* stack.c - mapping, guarding and pooling the stacks of tasks. */
#include "loop/stack.h"

#include <stdlib.h>
#include <sys/mman.h>

#include "loop/sanitize.h"

#define STACK_BYTES ((size_t)256 * 1024 * SANITIZE_STACK_FACTOR)
#define GUARD_BYTES                                                                                \
    ((size_t)64 * 1024) /* costs addresses only; a large frame does not jump over it */
#define SHALLOW_BYTES ((size_t)16 * 1024) /* what a pooled stack may keep of its touched pages */
#define POOL_MOST 64
#define POOL_KEPT 4

/* Lies at the top of a free stack, in a page that was touched anyway. */
struct pooled {
    struct pooled *older;
    struct stack stack;
};

static struct stack stack_map(void)
{
    char *p = mmap(NULL, GUARD_BYTES + STACK_BYTES, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
    struct stack s = {.size_bytes = STACK_BYTES};

    if (p == MAP_FAILED || mprotect(p, GUARD_BYTES, PROT_NONE))
        abort();
    s.bottom = p + GUARD_BYTES;
    s.valgrind_id = VALGRIND_STACK_REGISTER(s.bottom, s.bottom + STACK_BYTES);
    SANITIZE_STACK_MAPPED(s.bottom, STACK_BYTES);
    return s;
}

static void stack_unmap(struct stack s)
{
    VALGRIND_STACK_DEREGISTER(s.valgrind_id);
    SANITIZE_STACK_UNMAPPED(s.bottom, s.size_bytes);
    munmap(s.bottom - GUARD_BYTES, GUARD_BYTES + s.size_bytes);
}

static struct stack pool_pop(struct stack_pool *pool)
{
    struct stack s = pool->newest->stack;

    pool->newest = pool->newest->older;
    pool->n--;
    if (pool->n < pool->n_least)
        pool->n_least = pool->n;
    return s;
}

struct stack stack_take(struct stack_pool *pool)
{
    return pool->newest ? pool_pop(pool) : stack_map();
}

void stack_give(struct stack_pool *pool, struct stack s)
{
    struct pooled *free_one;

    if (pool->n >= POOL_MOST) {
        stack_unmap(s);
        return;
    }
    SANITIZE_STACK_FRESH(s.bottom, s.size_bytes);
    free_one = (struct pooled *)(void *)(s.bottom + s.size_bytes - sizeof *free_one);
    *free_one = (struct pooled){.older = pool->newest, .stack = s};
    pool->newest = free_one;
    pool->n++;
}

bool stack_pool_is_large(const struct stack_pool *pool)
{
    return pool->n > POOL_KEPT;
}

void stack_pool_trim(struct stack_pool *pool)
{
    for (int n = pool->n_least - POOL_KEPT; n > 0; n--)
        stack_unmap(pool_pop(pool));
    for (struct pooled *p = pool->newest; p; p = p->older)
        (void)madvise(p->stack.bottom, p->stack.size_bytes - SHALLOW_BYTES, MADV_DONTNEED);
    pool->n_least = pool->n;
}

void stack_pool_release(struct stack_pool *pool)
{
    while (pool->newest)
        stack_unmap(pool_pop(pool));
}
