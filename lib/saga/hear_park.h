/* hear_park.h - events that wait as jobs: early ones, dead letters, and those behind them. For
 * hear.c only. */
#ifndef PASAR_SAGA_HEAR_PARK_H
#define PASAR_SAGA_HEAR_PARK_H

#include "saga/hear.h"

/* A job of the event's stream: due soon, or dead when the event is broken. */
void hear_park(struct job_list *l, struct arena *a, const struct event *e, int64_t now_us);
/* A dead letter of its own kind, which nothing waits behind. payload: the entry as text. */
void hear_bury_stranger(struct job_list *l, struct arena *a, const char *stream,
                        const struct redis_value *entry);
/* The event back from its job's payload. */
struct err hear_unpark(const struct job *job, const char *stream, struct event *out) MUST_CHECK;

#endif
