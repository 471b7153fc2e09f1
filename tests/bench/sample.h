/* sample.h - latencies as they were seen, all of them, and their quantiles as JSON. */
#ifndef PASAR_BENCH_SAMPLE_H
#define PASAR_BENCH_SAMPLE_H

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

struct sample {
    int64_t *us;
    size_t n, capacity;
};

static inline void sample_add(struct sample *s, int64_t us)
{
    if (s->n == s->capacity) {
        s->capacity = s->capacity ? 2 * s->capacity : 4096;
        s->us = realloc(s->us, s->capacity * sizeof *s->us);
        if (!s->us)
            abort();
    }
    s->us[s->n++] = us;
}

static inline int sample_by_size(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return (x > y) - (x < y);
}

/* A member of an object that has begun. */
static inline void sample_tell(const char *name, struct sample *s)
{
    static const struct {
        const char *name;
        double at;
    } quantiles[] = {{"p50", 0.5}, {"p90", 0.9}, {"p99", 0.99}, {"max", 1}};

    qsort(s->us, s->n, sizeof *s->us, sample_by_size);
    printf(", \"%s_us\": {\"n\": %zu", name, s->n);
    for (size_t i = 0; s->n && i < sizeof quantiles / sizeof *quantiles; i++)
        printf(", \"%s\": %" PRId64, quantiles[i].name,
               s->us[(size_t)((double)(s->n - 1) * quantiles[i].at)]);
    printf("}");
}

#endif
