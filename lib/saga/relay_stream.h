/* relay_stream.h - one stream (or partition of one) as its relay sees it. For relay.c only. */
#ifndef PASAR_SAGA_RELAY_STREAM_H
#define PASAR_SAGA_RELAY_STREAM_H

#include "base/metric.h"
#include "saga/entry.h"
#include "saga/relay.h"

struct relay_stream {
    const char *base; /* "stream:orders", as in the outbox */
    const char *name; /* in Redis: with its partition */
    int partition;
    bool knows_tail;      /* else it must be asked for */
    struct entry_id tail; /* the stream's last id, and so the last row appended */
    bool ahead;           /* the stream has an entry of ours that the database never wrote */
    struct entry_id missing_after; /* with wants_rebuild: the lowest position that told of a gap */
    bool wants_rebuild;            /* a hearer found a gap */
    struct entry_id filled_after;  /* when we last filled it: it began after this */
    int64_t rebuilt_mono_us;
    size_t n_appended; /* since the relay counted last */
    bool refused;      /* Redis took nothing more when we last appended: it may be full */
    struct metric *appended, *refilled, *strangers;
};

/* How a pass ended. */
enum pass {
    PASS_CAUGHT_UP,
    PASS_MORE,  /* there is more to read at once */
    PASS_UNRIPE /* rows wait for a transaction older than them to end */
};

/* Asks Redis where the stream ends, removes entries of strangers above our last, and finds out from
 * which row on to append. ERR_CONFLICT: the stream is ahead of the database. */
struct err relay_stream_learn(const struct relay_config *cfg, struct relay_stream *s) MUST_CHECK;
/* Notes that the stream has an entry, or the outbox a row, of a time the database has not reached.
 * ERR_CONFLICT. */
struct err relay_stream_ahead(struct relay_stream *s, struct entry_id of) MUST_CHECK;
/* A hearer at that position found that entries are missing after it. */
void relay_stream_miss(struct relay_stream *s, struct entry_id missing_after);
/* Appends what is ripe, one batch. Needs the tail. A stream that ends elsewhere only makes it
 * unknown. */
struct err relay_stream_pass(const struct relay_config *cfg, struct relay_stream *s,
                             enum pass *out) MUST_CHECK;
/* Cuts off what every group has absorbed, when the stream is long or Redis takes nothing more. */
struct err relay_stream_trim(const struct relay_config *cfg,
                             const struct relay_stream *s) MUST_CHECK;

#endif
