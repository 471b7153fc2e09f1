/* hear_attempt.h - a batch in one transaction. For hear_absorb.c only. */
#ifndef PASAR_SAGA_HEAR_ATTEMPT_H
#define PASAR_SAGA_HEAR_ATTEMPT_H

#include "saga/hear_absorb.h"

/* Whether the domain decides it: it was neither put aside already nor is it of no interest. */
bool attempt_decides(const struct event *e);

/* Commits what the events effect, or nothing. *wait_at: n, or where an early event stands that is
 * worth waiting for; nothing was committed then. */
struct err attempt_run(struct absorber *b, struct arena *a, struct event *events, size_t n,
                       size_t *wait_at) MUST_CHECK;

#endif
