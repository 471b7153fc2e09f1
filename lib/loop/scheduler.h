/* scheduler.h - between loop.c and task.c: the tasks of a loop. For no one else. */
#ifndef PASAR_LOOP_SCHEDULER_H
#define PASAR_LOOP_SCHEDULER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "loop/context.h"
#include "loop/loop.h"
#include "loop/stack.h"

struct event;
struct task;

struct scheduler {
    struct loop *loop;
    struct task *ready_first, *ready_last;
    struct task *tasks; /* all that are alive */
    int n_tasks;
    uint64_t turn;
    struct stack_pool stacks;
    struct event *trim; /* pending while the pool is large */
    struct context main;
    void *main_fake_stack; /* AddressSanitizer's, with the bounds it told us */
    const void *main_bottom;
    size_t main_size_bytes;
};

void scheduler_init(struct scheduler *s, struct loop *l);
/* Tasks that have not ended are dropped where they wait: what they own is lost. */
void scheduler_release(struct scheduler *s);
/* Runs the ready tasks and those they wake, but none twice after a yield, and not for ever. */
void scheduler_run(struct scheduler *s);
bool scheduler_is_ready(const struct scheduler *s);

struct scheduler *loop_scheduler(struct loop *l);

#endif
