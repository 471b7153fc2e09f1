/* hear_absorb.h - a batch's effects, in one transaction with the position. For
 * hear.c and hear_attempt.c only. */
#ifndef PASAR_SAGA_HEAR_ABSORB_H
#define PASAR_SAGA_HEAR_ABSORB_H

#include "base/metric.h"
#include "saga/hear.h"

struct absorber {
    const struct hearer_config *cfg;
    const char *name; /* of the stream's partition */
    const char *kind; /* of its parked jobs */
    bool knows_position;
    struct entry_id position; /* last entry absorbed or passed over */
    struct entry_id saved;    /* as committed: what is between them was of no interest */
    int64_t ahead_mono_us;    /* since when position is ahead of it */
    bool has_parked;          /* there may be parked events: look before each batch */
    size_t n_singly;          /* so many entries go one by one: a culprit is among them */
    struct entry_id early;    /* the event that is being waited for … */
    int64_t early_mono_us;    /* … since then */
    struct metric *absorbed, *parked, *dead, *strangers, *batches, *age;
};

void absorber_init(struct absorber *b, const struct hearer_config *cfg, struct arena *names,
                   const char *name);
/* Reads the position from the database. */
struct err absorber_open(struct absorber *b) MUST_CHECK;
/* Absorbs some of the first events, at least one unless it fails or waits for an early one. */
struct err absorber_absorb(struct absorber *b, struct arena *a, struct event *events,
                           size_t n) MUST_CHECK;
/* Commits the position when it has been ahead of the one saved for a while. */
struct err absorber_save_position(struct absorber *b, struct arena *a) MUST_CHECK;
struct err absorber_bury_strangers(struct absorber *b, struct arena *a,
                                   const struct redis_value *const *entries, size_t n) MUST_CHECK;

/* For attempts: from the position saved to another; and that events were absorbed or set aside. */
struct pg_args *absorber_advance_args(const struct absorber *b, struct arena *a,
                                      struct entry_id to);
void absorber_count(struct absorber *b, const struct event *events, size_t n);

#endif
