/* loop.h - the event loop of the process: one thread, libevent underneath. */
#ifndef PASAR_LOOP_LOOP_H
#define PASAR_LOOP_LOOP_H

#include <stdint.h>

struct event_base;
struct loop;

struct loop *loop_new(void); /* aborts when the system gives no loop */
void loop_free(struct loop *l);
struct event_base *loop_base(struct loop *l); /* for wrap/ */

/* Until loop_stop(). Each turn: the events that are there, then the ready tasks. */
void loop_run(struct loop *l);
void loop_stop(struct loop *l); /* the current turn ends first */

/* fn(arg) once at the end of this turn of the loop, outside any task (the main stack). */
void loop_defer(struct loop *l, void (*fn)(void *), void *arg);

#endif
