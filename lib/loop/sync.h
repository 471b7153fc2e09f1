/* sync.h - how tasks wait for one another. No threads here: all run on one loop. */
#ifndef PASAR_LOOP_SYNC_H
#define PASAR_LOOP_SYNC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/pace.h"
#include "loop/task.h"

struct waiter; /* on the waiting task's stack */

/* A flag that tasks wait for. `set` wakes all waiters and stays until `clear`. Zeroed is ready. */
struct latch {
    bool is_set;
    struct waiter *waiters;
};
void latch_set(struct latch *l);
void latch_clear(struct latch *l);
struct err latch_wait(struct latch *l, int64_t deadline_mono_us) MUST_CHECK; /* ERR_TIMEOUT */

/* At most `limit` holders; the others wait in order of arrival. Zeroed with a limit is ready. */
struct turnstile {
    int limit;
    int held;
    struct waiter *first, *last;
};
/* Fails with ERR_TIMEOUT. */
struct err turnstile_enter(struct turnstile *t, int64_t deadline_mono_us) MUST_CHECK;
void turnstile_leave(struct turnstile *t);

/* Group commit: items of tasks that arrive while a run is under way share the next one.
 *
 * run(context, items, n) is called in one of the submitting tasks and may wait; it sets each item's
 * own result inside the item; the err it returns is what gather_submit() returns to each of its
 * submitters. With longest_pause_us a run waits that long at most for more to come, while many do.
 */
struct gather_item {
    struct gather_item *next;
    struct waiter *waiter;
    struct err result;
    bool finished;
};
#define GATHER_COMMIT_PAUSE_US 2000 /* a commit costs more than what it waits for */
struct gather {
    struct err (*run)(void *context, struct gather_item **items, size_t n);
    void *context;
    size_t max_items; /* of one run; 64 when 0 */
    int64_t longest_pause_us;
    struct pace pace;
    struct gather_item *first, *last;
    size_t n_waiting;
    bool running;
};
/* Embed a zeroed gather_item in a struct of your own; it must live until this returns. There is no
 * early return at the task's deadline: an item handed in is answered by its run. */
struct err gather_submit(struct gather *g, struct gather_item *item) MUST_CHECK;

#endif
