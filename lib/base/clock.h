/* clock.h - the time, in microseconds. Pure code never calls these: time enters it as now_us. */
#ifndef PASAR_BASE_CLOCK_H
#define PASAR_BASE_CLOCK_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define US_PER_MS INT64_C(1000)
#define US_PER_S INT64_C(1000000)

int64_t clock_now_us(void);  /* wall clock, UTC, since 1970 */
int64_t clock_mono_us(void); /* monotonic: deadlines and durations (`_mono_us`) */

/* RFC 3339 with microseconds and Z: "2026-01-02T03:04:05.678901Z". */
#define TIME_TEXT_SIZE 28
void time_format(int64_t us, char out[TIME_TEXT_SIZE]);
/* Accepts RFC 3339 with any offset and 0..9 digits of fraction. Fails with ERR_INVALID. */
struct err time_parse(const char *text, int64_t *out_us) MUST_CHECK;

#endif
