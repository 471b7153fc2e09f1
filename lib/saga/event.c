/* event.c - entry ids, stream names, and an entry read as an event. */
#include "saga/event.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "saga/entry.h"

int entry_id_compare(struct entry_id a, struct entry_id b)
{
    if (a.xid != b.xid)
        return a.xid < b.xid ? -1 : 1;
    return a.seq == b.seq ? 0 : a.seq < b.seq ? -1 : 1;
}

void entry_id_format(struct entry_id e, char out[ENTRY_ID_TEXT_SIZE])
{
    snprintf(out, ENTRY_ID_TEXT_SIZE, "%" PRIu64 "-%" PRIu64, e.xid, e.seq);
}

static bool digits_u64(const char **p, uint64_t *out)
{
    const char *start = *p;
    uint64_t value = 0;

    for (; **p >= '0' && **p <= '9'; (*p)++) {
        if (__builtin_mul_overflow(value, 10U, &value) ||
            __builtin_add_overflow(value, (uint64_t)(**p - '0'), &value))
            return false;
    }
    *out = value;
    return *p != start;
}

struct err entry_id_parse(const char *text, struct entry_id *out)
{
    const char *p = text;

    *out = (struct entry_id){0, 0};
    if (!p || !digits_u64(&p, &out->xid) || *p++ != '-' || !digits_u64(&p, &out->seq) || *p)
        return ERR(ERR_INVALID, "not an entry id");
    return OK;
}

void event_early(struct event *e, const char *reason)
{
    e->verdict = EARLY;
    e->reason = reason;
}

void event_broken(struct event *e, const char *reason)
{
    e->verdict = BROKEN;
    e->reason = reason;
}

const char *stream_name(struct arena *a, const char *stream, int partition, int n_partitions)
{
    if (n_partitions <= 1)
        return stream;
    return arena_printf(a, "%s:{%d}", stream, partition);
}

int stream_partition_of(const char *subject, int n_partitions)
{
    uint32_t hash = 2166136261U; /* FNV-1a: any spread does, but it may never change */

    if (n_partitions <= 1)
        return 0;
    for (const unsigned char *p = (const unsigned char *)subject; *p; p++)
        hash = (hash ^ *p) * 16777619U;
    return (int)(hash % (uint32_t)n_partitions);
}

const char *const entry_field_names[N_ENTRY_FIELDS] = {
    [FIELD_ID] = "id",
    [FIELD_TYPE] = "type",
    [FIELD_SOURCE] = "source",
    [FIELD_SUBJECT] = "subject",
    [FIELD_TIME] = "time",
    [FIELD_SPECVERSION] = "specversion",
    [FIELD_TRACEPARENT] = "traceparent",
    [FIELD_PREV] = "prev",
    [FIELD_DATA] = "data",
    [FIELD_MAC] = "mac",
};

static size_t mac_parts(const char *stream, const struct entry *e,
                        struct mac_part parts[N_ENTRY_FIELDS + 1])
{
    size_t n = 0;

    parts[n++] = (struct mac_part){stream, strlen(stream)};
    parts[n++] = (struct mac_part){e->entry, strlen(e->entry)};
    for (int f = 0; f < FIELD_MAC; f++)
        parts[n++] = (struct mac_part){e->fields[f], strlen(e->fields[f])};
    return n;
}

void entry_sign(const struct mac_key *key, const char *stream, struct entry *e,
                char mac[MAC_TEXT_SIZE])
{
    struct mac_part parts[N_ENTRY_FIELDS + 1];
    size_t n = mac_parts(stream, e, parts);

    mac_sign(key, parts, n, mac);
    e->fields[FIELD_MAC] = mac;
}

static int field_of(const char *name)
{
    for (int f = 0; f < N_ENTRY_FIELDS; f++) {
        if (strcmp(entry_field_names[f], name) == 0)
            return f;
    }
    return -1;
}

/* False when it has not our shape: every field once, as text without NUL, and no other. */
static bool entry_read(const struct redis_value *v, struct entry *out)
{
    const struct redis_value *list;

    memset(out, 0, sizeof *out);
    if (v->type != REDIS_ARRAY || v->n != 2 || v->elements[0].type != REDIS_TEXT)
        return false;
    out->entry = v->elements[0].text;
    list = &v->elements[1];
    if (list->type != REDIS_ARRAY || list->n != 2 * (size_t)N_ENTRY_FIELDS)
        return false;
    for (size_t i = 0; i < list->n; i += 2) {
        const struct redis_value *value = &list->elements[i + 1];
        int f = list->elements[i].type == REDIS_TEXT ? field_of(list->elements[i].text) : -1;
        if (f < 0 || out->fields[f] || value->type != REDIS_TEXT || strlen(value->text) != value->n)
            return false;
        out->fields[f] = value->text;
    }
    return true;
}

struct err entry_verify(const struct mac_key *key, const char *stream, const struct redis_value *v,
                        struct entry *out)
{
    struct mac_part parts[N_ENTRY_FIELDS + 1];

    if (!entry_read(v, out))
        return ERR(ERR_DENIED, "entry has not our shape");
    if (!mac_verify(key, parts, mac_parts(stream, out, parts), out->fields[FIELD_MAC]))
        return ERR(ERR_DENIED, "entry is not from a relay of ours");
    return OK;
}

const struct redis_value *xinfo_value(const struct redis_value *list, const char *name)
{
    for (size_t i = 0; list->type == REDIS_ARRAY && i + 1 < list->n; i += 2) {
        if (list->elements[i].type == REDIS_TEXT && strcmp(list->elements[i].text, name) == 0)
            return &list->elements[i + 1];
    }
    return NULL;
}

struct err event_head_from_entry(const struct mac_key *key, const char *stream,
                                 const struct redis_value *v, struct event *e)
{
    struct entry entry;
    struct err err;

    memset(e, 0, sizeof *e);
    e->stream = stream;
    err = entry_verify(key, stream, v, &entry);
    if (err.kind)
        return err;
    e->type = entry.fields[FIELD_TYPE];
    e->source = entry.fields[FIELD_SOURCE];
    e->subject = entry.fields[FIELD_SUBJECT];
    e->traceparent = entry.fields[FIELD_TRACEPARENT][0] ? entry.fields[FIELD_TRACEPARENT] : NULL;
    e->text = entry.fields[FIELD_DATA];
    if (entry_id_parse(entry.entry, &e->entry).kind ||
        entry_id_parse(entry.fields[FIELD_PREV], &e->prev).kind)
        return ERR(ERR_BUG, "a relay of ours signed an entry without a place");
    if (id_parse(entry.fields[FIELD_ID], &e->id).kind ||
        time_parse(entry.fields[FIELD_TIME], &e->time_us).kind)
        event_broken(e, "id or time cannot be read");
    return e->verdict == BROKEN ? ERR(ERR_INVALID, "event cannot be read") : OK;
}

struct err event_read_data(struct arena *a, struct event *e)
{
    if (!json_read(a, e->text, strlen(e->text), &e->data).kind && json_is_object(e->data))
        return OK;
    e->data = NULL;
    event_broken(e, "data is not a JSON object");
    return ERR(ERR_INVALID, "event cannot be read");
}

struct err event_from_entry(struct arena *a, const struct mac_key *key, const char *stream,
                            const struct redis_value *v, struct event *e)
{
    struct err err = event_head_from_entry(key, stream, v, e);

    return err.kind ? err : event_read_data(a, e);
}
