/* offload.h - a few threads for work that burns the CPU (password hashing): the loop goes on. */
#ifndef PASAR_LOOP_OFFLOAD_H
#define PASAR_LOOP_OFFLOAD_H

#include "base/err.h"
#include "loop/loop.h"

struct offload;

struct offload *offload_new(struct loop *l, int n_threads, int max_queued);
void offload_free(struct offload *o); /* waits for running work; NULL is fine */

/* Runs fn(arg) on a thread and suspends the task until it is finished; *arg must stay alive, so the
 * task's deadline does not cut it short. fn touches only *arg. ERR_UNAVAILABLE: queue full. */
struct err offload_run(struct offload *o, void (*fn)(void *), void *arg) MUST_CHECK;

#endif
