/* backoff.c - see backoff.h. */
#include "base/backoff.h"

#include <sys/random.h>

int64_t backoff_us(int attempt, int64_t first_us, int64_t cap_us)
{
    int64_t bound = first_us;
    uint32_t r = 0;

    for (int i = 1; i < attempt && bound < cap_us; i++)
        bound *= 2;
    if (bound > cap_us)
        bound = cap_us;
    if (getrandom(&r, sizeof r, GRND_NONBLOCK) != (ssize_t)sizeof r)
        r = UINT32_MAX / 2; /* no jitter is still correct */
    int64_t low = first_us / 2 < bound ? first_us / 2 : bound;
    return low + (int64_t)((double)(bound - low) * ((double)r / (double)UINT32_MAX));
}
