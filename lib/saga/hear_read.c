/* hear_read.c - XREAD, sorting out strangers, and the proof that nothing was missed. */
#include "saga/hear_read.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"

static struct err read_entries(const struct reader *r, struct arena *a, const char *from,
                               int64_t block_us, const struct redis_value **entries)
{
    struct redis_args *c = redis_args(a, "XREAD");
    const struct redis_value *v;
    struct err e;

    *entries = NULL;
    redis_add(c, "COUNT");
    redis_add_i64(c, r->cfg->max_entries);
    if (block_us > 0) {
        redis_add(c, "BLOCK");
        redis_add_i64(c, block_us / US_PER_MS);
    }
    redis_add(c, "STREAMS");
    redis_add(c, r->name);
    redis_add(c, from);
    e = redis_call(r->redis, c, block_us + 2 * US_PER_S, &v);
    if (e.kind)
        return e;
    if (v->type == REDIS_ERROR) /* "-UNBLOCKED the stream key no longer exists" among others */
        return ERR(ERR_UNAVAILABLE, "redis refused to read a stream");
    if (v->type == REDIS_ARRAY && v->n == 1 && v->elements[0].type == REDIS_ARRAY &&
        v->elements[0].n == 2)
        *entries = &v->elements[0].elements[1];
    return OK;
}

static const char *entry_text(const struct redis_value *entry)
{
    return entry->n > 0 && entry->elements[0].text ? entry->elements[0].text : "";
}

/* The predecessor must be the one we know. At the very beginning any will do: what was before is
 * not kept. One older than ours is right too: ours has gone from the chain, but all before it was
 * heard. */
static bool follows(struct entry_id position, const struct event *e)
{
    return position.xid == 0 || entry_id_compare(e->prev, position) <= 0;
}

static void sort_entries(const struct reader *r, struct arena *a, const struct redis_value *entries,
                         struct entry_id position, struct reading *out)
{
    out->events = ARENA_ARRAY(a, struct event, entries->n);
    out->strangers = ARENA_ARRAY(a, const struct redis_value *, entries->n);
    for (size_t i = 0; i < entries->n && !out->gap; i++) {
        struct event *e = &out->events[out->n];
        struct err err = event_from_entry(a, r->cfg->mac_key, r->name, &entries->elements[i], e);
        e->stream = r->cfg->row.stream;
        if (err.kind == ERR_DENIED || err.kind == ERR_BUG) {
            out->strangers[out->n_strangers++] = &entries->elements[i];
        } else if (!follows(position, e)) {
            out->gap = true;
        } else {
            position = e->entry;
            out->n++;
        }
    }
}

struct err hear_read(const struct reader *r, struct arena *a, struct entry_id position,
                     int64_t block_us, struct reading *out)
{
    char from[ENTRY_ID_TEXT_SIZE];
    const struct redis_value *entries;
    struct err e;

    memset(out, 0, sizeof *out);
    entry_id_format(position, from);
    e = read_entries(r, a, from, block_us, &entries);
    while (e.kind == ERR_NONE && entries && entries->n > 0) {
        sort_entries(r, a, entries, position, out);
        if (out->n > 0 || out->gap || (int)entries->n < r->cfg->max_entries)
            break;
        /* a page of strangers: ours may be behind it */
        e = read_entries(r, a, entry_text(&entries->elements[entries->n - 1]), 0, &entries);
    }
    return e;
}
