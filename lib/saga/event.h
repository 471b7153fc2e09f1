/* event.h - what happened, as a CloudEvent (https://github.com/cloudevents/spec, 1.0).
 *
 * In a stream an event is an entry whose fields are the attributes; `prev` is the id of the entry
 * before it, `mac` proves that a relay of ours put it there. */
#ifndef PASAR_SAGA_EVENT_H
#define PASAR_SAGA_EVENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/id.h"
#include "wrap/crypt.h"
#include "wrap/json.h"
#include "wrap/redis.h"

/* Id of a stream entry: the outbox row's transaction and sequence. {0, 0} is before all. */
struct entry_id {
    uint64_t xid, seq;
};
#define ENTRY_ID_TEXT_SIZE 42
int entry_id_compare(struct entry_id a, struct entry_id b);
void entry_id_format(struct entry_id e, char out[ENTRY_ID_TEXT_SIZE]); /* "123-4" */
struct err entry_id_parse(const char *text, struct entry_id *out) MUST_CHECK;

/* What became of a heard event; ABSORBED unless the domain says otherwise. */
enum verdict {
    ABSORBED, /* done, or nothing to do (late, duplicate, not for us) */
    EARLY,    /* its state has not come yet: parked, tried again soon */
    BROKEN,   /* cannot be understood, or violates the contract: kept as a dead letter */
};

struct event { /* texts live in the batch's arena */
    struct id id;
    const char *type;    /* "OrderCreated" */
    const char *source;  /* "/order" */
    const char *subject; /* what it is about: an order's id, a product's id; orders the events */
    int64_t time_us;
    const char *traceparent; /* W3C, or NULL */
    const char *text;        /* the data, JSON as it was told */
    json_t *data; /* the data, parsed; an object. NULL: not understood, or of no interest */

    const char *stream; /* "stream:orders" */
    struct entry_id entry, prev;

    enum verdict verdict;
    const char *reason; /* of EARLY and BROKEN; literal or in the arena */
};

void event_early(struct event *e, const char *reason);
void event_broken(struct event *e, const char *reason);

/* A stream's name, or that of one of its partitions: "stream:orders", "stream:orders:{2}". */
const char *stream_name(struct arena *a, const char *stream, int partition, int n_partitions);
int stream_partition_of(const char *subject, int n_partitions);

/* From a stream's entry (its id and its list of fields). ERR_DENIED: not from a relay of ours (no
 * or wrong mac); ERR_INVALID: ours, but not understood (e->reason says why; the entry and prev ids
 * are set). */
struct err event_from_entry(struct arena *a, const struct mac_key *key, const char *stream,
                            const struct redis_value *entry, struct event *e) MUST_CHECK;
/* The same in two steps, for who can tell by the type that the data is of no interest. */
struct err event_head_from_entry(const struct mac_key *key, const char *stream,
                                 const struct redis_value *entry, struct event *e) MUST_CHECK;
struct err event_read_data(struct arena *a, struct event *e) MUST_CHECK;

#endif
