/* pace.c - see pace.h. */
#include "base/pace.h"

#include "base/clock.h"

#define WINDOW_US (50 * US_PER_MS)
#define LONGEST_US (10 * US_PER_S) /* ago: whatever was before does not count */
#define WORTH_WAITING_FOR 2        /* more items */
#define FASTEST_PER_S 10000000     /* more is the same, and products stay small */

/* What was before weighs the less the longer ago it is; so many more in that time. */
void pace_note(struct pace *p, size_t n, int64_t now_mono_us)
{
    int64_t since_us = now_mono_us - p->noted_mono_us;

    if (since_us < 0)
        since_us = 0;
    if (since_us > LONGEST_US)
        since_us = LONGEST_US;
    p->per_s = (p->per_s * WINDOW_US + (int64_t)n * US_PER_S) / (WINDOW_US + since_us);
    if (p->per_s > FASTEST_PER_S)
        p->per_s = FASTEST_PER_S;
    p->noted_mono_us = now_mono_us;
}

int64_t pace_pause_us(const struct pace *p, size_t n_waiting, size_t n_wanted, int64_t most_us)
{
    int64_t pause_us;

    if (n_waiting >= n_wanted || p->per_s * most_us < WORTH_WAITING_FOR * US_PER_S)
        return 0;
    pause_us = (int64_t)(n_wanted - n_waiting) * US_PER_S / p->per_s;
    return pause_us < most_us ? pause_us : most_us;
}
