/* entry.h - an event as it stands in a stream: field by field, signed. For relay and hear only. */
#ifndef PASAR_SAGA_ENTRY_H
#define PASAR_SAGA_ENTRY_H

#include "saga/event.h"

enum entry_field {
    FIELD_ID,
    FIELD_TYPE,
    FIELD_SOURCE,
    FIELD_SUBJECT,
    FIELD_TIME,
    FIELD_SPECVERSION,
    FIELD_TRACEPARENT, /* "" for none */
    FIELD_PREV,
    FIELD_DATA,
    FIELD_MAC, /* last: it covers the others, the stream's name and the entry's id */
    N_ENTRY_FIELDS,
};
extern const char *const entry_field_names[N_ENTRY_FIELDS];

struct entry {         /* texts borrowed */
    const char *entry; /* "xid-seq" */
    const char *fields[N_ENTRY_FIELDS];
};

/* Fills FIELD_MAC with `mac`. */
void entry_sign(const struct mac_key *key, const char *stream, struct entry *e,
                char mac[MAC_TEXT_SIZE]);
/* ERR_DENIED: not signed by a relay of ours. *out borrows from v. */
struct err entry_verify(const struct mac_key *key, const char *stream, const struct redis_value *v,
                        struct entry *out) MUST_CHECK;

/* The value after `name` in a flat list of names and values, as XINFO answers; NULL when there is
 * none. */
const struct redis_value *xinfo_value(const struct redis_value *list, const char *name);

#endif
