/* hear_read.h - the next entries of a stream, proven complete. For hear.c only. */
#ifndef PASAR_SAGA_HEAR_READ_H
#define PASAR_SAGA_HEAR_READ_H

#include "saga/hear.h"

struct reading {          /* one read; lives in its arena */
    struct event *events; /* in chain order; unreadable ones are BROKEN already */
    size_t n;
    const struct redis_value **strangers; /* entries that no relay signed */
    size_t n_strangers;
    bool gap;     /* entries are missing, or hidden, before events[n] */
    bool rewound; /* its teller's history is not the one we heard: before events[n], or its end */
    struct entry_id end; /* where it ends, when it ends before our position */
};

struct reader { /* borrows all of it */
    const struct hearer_config *cfg;
    struct redis *const *redis; /* of the hearer alone: it blocks; NULL once it was stopped */
    const char *name;           /* of the partition */
};

/* Entries after `position`, proven to follow it; waits up to block_us for the first. */
struct err hear_read(const struct reader *r, struct arena *a, struct entry_id position,
                     int64_t block_us, struct reading *out) MUST_CHECK;

#endif
