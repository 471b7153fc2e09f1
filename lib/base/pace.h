/* pace.h - how long to let work gather before a batch of it is taken.
 *
 * Small batches in quick succession cost a transaction and a few wake-ups each; a pause of a few
 * milliseconds makes one of several. It pays only while enough is coming: what comes alone, or one
 * after the other, never waits. Pure: time and counts come from the caller. */
#ifndef PASAR_BASE_PACE_H
#define PASAR_BASE_PACE_H

#include <stddef.h>
#include <stdint.h>

struct pace {      /* zeroed is ready */
    int64_t per_s; /* items a second of late */
    int64_t noted_mono_us;
};

/* A batch of n was taken just now. Looks back over some 50 ms. */
void pace_note(struct pace *p, size_t n, int64_t now_mono_us);

/* How long to wait so that n_wanted gather, n_waiting of which are here already: at most most_us,
 * and 0 when fewer than two more would come in that time. */
int64_t pace_pause_us(const struct pace *p, size_t n_waiting, size_t n_wanted, int64_t most_us);

#endif
