/* task.h - stackful tasks: code that waits and still reads top to bottom.
 *
 * A task runs on the loop's thread, on a stack of its own (256 KiB mapped, a guard page below, only
 * touched pages cost; stacks are pooled), until it waits. Nothing preempts it: between two waits it
 * is alone. AddressSanitizer and valgrind are told of every stack and switch. A task never blocks
 * the thread. Every wait is bounded by its own deadline and by the task's. */
#ifndef PASAR_LOOP_TASK_H
#define PASAR_LOOP_TASK_H

#include <stdint.h>

#include "base/err.h"
#include "base/log.h"
#include "loop/loop.h"

#define NO_DEADLINE INT64_MAX

struct task;
typedef void task_fn(void *arg);

/* Starts at the next chance, not before this returns. `name` is borrowed for the task's life. */
void task_spawn(struct loop *l, const char *name, task_fn *fn, void *arg);

struct task *task_self(void);   /* NULL outside tasks */
struct loop *task_loop(void);   /* of the running task */
int task_count(struct loop *l); /* alive */

/* No wait of this task outlives it; NO_DEADLINE lifts it. A new task has none. */
void task_set_deadline(int64_t deadline_mono_us);
int64_t task_deadline(void);
/* What the task's log lines carry; borrowed until changed. */
void task_set_log_context(const struct log_context *context);

/* Suspends the running task until task_wake() or the earlier of the deadlines. ERR_TIMEOUT then:
 * the waiter must make sure that nobody wakes it for this wait any more. A wake that came since the
 * last wait is remembered: the next wait returns at once (so a spurious wake is possible: loop on
 * the condition). */
struct err task_wait(int64_t deadline_mono_us) MUST_CHECK;
/* From tasks and from event callbacks; runs it later in this turn. */
void task_wake(struct task *t);

void task_sleep(int64_t us); /* cut short by the task's deadline */
void task_yield(void);       /* to the end of the ready queue */

#endif
