/* backoff.h - how long to wait before trying again: capped exponential with full jitter.
 * https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/ */
#ifndef PASAR_BASE_BACKOFF_H
#define PASAR_BASE_BACKOFF_H

#include <stdint.h>

/* attempt counts from 1. Between first_us/2 and the exponential bound: never 0, so no busy loop. */
int64_t backoff_us(int attempt, int64_t first_us, int64_t cap_us);

#endif
