/* hear_read.c - XREAD, sorting out strangers, and the proof that nothing was missed. */
#include "saga/hear_read.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "saga/entry.h"

/* The hearer may have been stopped while we waited for the answer before. */
static struct err call(const struct reader *r, const struct redis_args *c, int64_t block_us,
                       const struct redis_value **out)
{
    if (!*r->redis)
        return ERR(ERR_UNAVAILABLE, "the hearer was stopped");
    return redis_call(*r->redis, c, block_us + 2 * US_PER_S, out);
}

/* [[stream, [entry, ...]]]; NULL for none, and for whatever else a server may say. */
static const struct redis_value *entries_of(const struct redis_value *v)
{
    const struct redis_value *list;

    if (v->type != REDIS_ARRAY || v->n != 1 || v->elements[0].type != REDIS_ARRAY ||
        v->elements[0].n != 2)
        return NULL;
    list = &v->elements[0].elements[1];
    return list->type == REDIS_ARRAY && list->n > 0 ? list : NULL;
}

/* *entries: NULL when there are none. */
static struct err read_entries(const struct reader *r, struct arena *a, struct entry_id after,
                               int64_t block_us, const struct redis_value **entries)
{
    struct redis_args *c = redis_args(a, "XREAD");
    char from[ENTRY_ID_TEXT_SIZE];
    const struct redis_value *v;
    struct err e;

    *entries = NULL;
    entry_id_format(after, from);
    redis_add(c, "COUNT");
    redis_add_i64(c, r->cfg->max_entries);
    if (block_us > 0) {
        redis_add(c, "BLOCK");
        redis_add_i64(c, block_us / US_PER_MS);
    }
    redis_add(c, "STREAMS");
    redis_add(c, r->name);
    redis_add(c, from);
    e = call(r, c, block_us, &v);
    if (e.kind)
        return e;
    if (v->type == REDIS_ERROR) /* "-UNBLOCKED the stream key no longer exists" among others */
        return ERR(ERR_UNAVAILABLE, "redis refused to read a stream");
    *entries = entries_of(v);
    return OK;
}

/* Where the stream says that it ends; 0-0 without one, which its relay mends. */
static struct err end_of(const struct reader *r, struct arena *a, struct entry_id *out)
{
    struct redis_args *c = redis_args(a, "XINFO");
    const struct redis_value *info, *id;
    struct err e;

    *out = (struct entry_id){0, 0};
    redis_add(c, "STREAM");
    redis_add(c, r->name);
    e = call(r, c, 0, &info);
    if (e.kind)
        return e;
    id = xinfo_value(info, "last-generated-id");
    return id ? entry_id_parse(id->text, out) : OK;
}

/* Nothing came. If the stream ends beyond us all the same, and not only since we looked, then its
 * end was cut off, and no later entry may ever tell. If it ends before us, then it is being filled
 * again, or will never come to where we are. No stream at all tells nothing: nothing that is kept
 * was ever told, or its relay has yet to fill it. */
static struct err read_the_end(const struct reader *r, struct arena *a, struct entry_id position,
                               const struct redis_value **entries, struct reading *out)
{
    struct entry_id end;
    struct err e = end_of(r, a, &end);
    int order = entry_id_compare(end, position);

    out->rewound = e.kind == ERR_NONE && order < 0 && end.xid > 0;
    out->end = end;
    if (e.kind || order <= 0)
        return e;
    e = read_entries(r, a, position, 0, entries);
    out->gap = e.kind == ERR_NONE && !*entries;
    return e;
}

/* The predecessor must be the one we know; nobody has heard the very first, whose predecessor is
 * 0-0, and who begins where a stream was cut has it filled again from all that the outbox keeps.
 * Had we heard others before the very first, then we were away for longer than the outbox
 * remembers: what was told meanwhile and dropped, if anything was, cannot be had. Any other
 * predecessor older than ours never was followed by what we heard: the teller's database was
 * restored from before that. */
static bool follows(const struct reader *r, struct entry_id position, const struct event *e,
                    struct reading *out)
{
    int order = entry_id_compare(e->prev, position);
    bool is_first = e->prev.xid == 0;

    if (order < 0 && is_first)
        log_warn("hear.away_too_long", kv_text("stream", r->name),
                 kv_i64("xid", (int64_t)position.xid), kv_i64("next_xid", (int64_t)e->entry.xid));
    out->gap = order > 0;
    out->rewound = order < 0 && !is_first;
    return !out->gap && !out->rewound;
}

/* What the domain has no interest in is passed over unread. */
static struct err read_event(const struct reader *r, struct arena *a,
                             const struct redis_value *entry, struct event *e)
{
    struct err err = event_head_from_entry(r->cfg->mac_key, r->name, entry, e);

    e->stream = r->cfg->row.stream;
    if (err.kind || (r->cfg->row.wants && !r->cfg->row.wants(e->type)))
        return err;
    return event_read_data(a, e);
}

static void sort_entries(const struct reader *r, struct arena *a, const struct redis_value *entries,
                         struct entry_id position, struct reading *out)
{
    out->events = ARENA_ARRAY(a, struct event, entries->n);
    out->strangers = ARENA_ARRAY(a, const struct redis_value *, entries->n);
    for (size_t i = 0; i < entries->n && !out->gap && !out->rewound; i++) {
        struct event *e = &out->events[out->n];
        struct err err = read_event(r, a, &entries->elements[i], e);
        if (err.kind == ERR_DENIED || err.kind == ERR_BUG) {
            out->strangers[out->n_strangers++] = &entries->elements[i];
        } else if (follows(r, position, e, out)) {
            position = e->entry;
            out->n++;
        }
    }
}

struct err hear_read(const struct reader *r, struct arena *a, struct entry_id position,
                     int64_t block_us, struct reading *out)
{
    const struct redis_value *entries;
    struct err e;

    memset(out, 0, sizeof *out);
    e = read_entries(r, a, position, block_us, &entries);
    if (e.kind == ERR_NONE && !entries)
        e = read_the_end(r, a, position, &entries, out);
    if (e.kind || !entries)
        return e;
    sort_entries(r, a, entries, position, out);
    if (out->n == 0 && entries->n >= (size_t)r->cfg->max_entries)
        out->gap = true; /* a page of strangers: ours may be behind it */
    return OK;
}
