/* stack.h - the stacks of tasks: mapped, guarded below, pooled.
 *
 * A stack costs the pages it touched. What was not needed lately is given back to the system when
 * stack_pool_trim() is called, now and then, while stack_pool_is_large(). */
#ifndef PASAR_LOOP_STACK_H
#define PASAR_LOOP_STACK_H

#include <stdbool.h>
#include <stddef.h>

struct stack {
    char *bottom; /* lowest usable byte; the guard lies below it */
    size_t size_bytes;
    unsigned valgrind_id;
};

struct pooled;

struct stack_pool { /* zeroed is ready */
    struct pooled *newest;
    int n;
    int n_least; /* since the last trim: so many were never needed */
};

struct stack stack_take(struct stack_pool *pool); /* aborts when there is no memory */
void stack_give(struct stack_pool *pool, struct stack s);
void stack_pool_trim(struct stack_pool *pool);
bool stack_pool_is_large(const struct stack_pool *pool);
void stack_pool_release(struct stack_pool *pool);

#endif
