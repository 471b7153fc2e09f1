/* relay_learn.c - finds out where a stream ends, and mends it when that is not where we left it.
 *
 * The usual cases need nothing: the stream ends with a row of ours (go on after it), or it is gone
 * (begin with the newest). An entry that a stranger put above our last has taken the ids that
 * ours need, and Redis lets no id go back: then the stream is renewed and filled again from the
 * lowest position of any group. */
#include "saga/relay_stream.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/failpoint.h"
#include "base/log.h"
#include "sql_saga.h"

#define ENTRIES_AT_ONCE 64
#define REBUILD_PAUSE_US (10 * US_PER_S)

/* No stream: neither is an error here, and what the answer lacks says so. */
static bool is_no_stream(const char *refusal)
{
    return strstr(refusal, "no such key") || strncmp(refusal, "WRONGTYPE", 9) == 0;
}

static struct err call(const struct relay_config *cfg, struct redis_args *c,
                       const struct redis_value **out)
{
    struct err e = redis_call(cfg->redis, c, 0, out);

    if (e.kind == ERR_NONE && (*out)->type == REDIS_ERROR && !is_no_stream((*out)->text))
        return ERR(ERR_UNAVAILABLE, "redis refused a command");
    return e;
}

/* Whether the entry that stands at `last` is a stranger's. Where none stands, it was cut off. */
static bool ends_with_stranger(const struct relay_config *cfg, const struct relay_stream *s,
                               const struct redis_value *info, struct entry_id last)
{
    const struct redis_value *v = xinfo_value(info, "last-entry");
    struct entry_id id;
    struct entry entry;

    if (!v || v->type != REDIS_ARRAY || v->n == 0 ||
        entry_id_parse(v->elements[0].text, &id).kind || entry_id_compare(id, last) != 0)
        return false;
    return entry_verify(cfg->mac_key, s->name, v, &entry).kind != ERR_NONE;
}

/* *foreign: what ends there, or all that is there, was not put by a relay of ours. Its id alone
 * does not tell: it may be that of a row of ours, whose place was taken. */
static struct err last_id(const struct relay_config *cfg, const struct relay_stream *s,
                          struct arena *a, struct entry_id *out, bool *foreign)
{
    struct redis_args *c = redis_args(a, "XINFO");
    const struct redis_value *info, *id;
    struct err e;

    *out = (struct entry_id){0, 0};
    *foreign = false;
    redis_add(c, "STREAM");
    redis_add(c, s->name);
    e = call(cfg, c, &info);
    if (e.kind)
        return e;
    id = xinfo_value(info, "last-generated-id");
    if (id)
        e = entry_id_parse(id->text, out);
    *foreign = id ? ends_with_stranger(cfg, s, info, *out)
                  : info->type == REDIS_ERROR && strstr(info->text, "no such key") == NULL;
    return e; /* no such key: it ends at 0-0 */
}

enum known {
    UNKNOWN, /* no row of this database */
    DROPPED, /* older than all that is kept: it may have been one */
    KEPT,
};

static struct err outbox_knows(const struct relay_config *cfg, const struct relay_stream *s,
                               struct arena *a, struct entry_id id, enum known *known)
{
    struct pg_args *args = pg_args(a);
    struct pg_rows rows;
    struct err e;

    pg_add_text(args, s->base);
    pg_add_i64(args, s->partition);
    pg_add_text(args, arena_printf(a, "%llu", (unsigned long long)id.xid));
    pg_add_text(args, arena_printf(a, "%llu", (unsigned long long)id.seq));
    e = pg_exec(cfg->pg, &sql_saga_outbox_knows, args, a, &rows);
    *known = UNKNOWN;
    if (e.kind)
        return e.kind == ERR_INVALID ? OK : e; /* an id beyond bigint is nobody's */
    if (pg_bool(&rows, 0, 0))
        *known = KEPT;
    else if (pg_bool(&rows, 0, 1))
        *known = DROPPED;
    return OK;
}

/* A page of entries, newest first: *out is the newest of ours among them. Else *end moves on, and
 * is empty after the last page. */
static struct err look_back(const struct relay_config *cfg, struct relay_stream *s, char end[64],
                            struct entry_id *out, int64_t *n_strangers)
{
    struct arena *a = arena_new(); /* of each page: there may be any number */
    struct redis_args *c = redis_args(a, "XREVRANGE");
    const struct redis_value *list;
    struct entry entry;
    struct err e;

    redis_add(c, s->name);
    redis_add(c, end);
    redis_add(c, "-");
    redis_add(c, "COUNT");
    redis_add_i64(c, ENTRIES_AT_ONCE);
    e = call(cfg, c, &list);
    end[0] = '\0';
    for (size_t i = 0; e.kind == ERR_NONE && list->type == REDIS_ARRAY && i < list->n; i++) {
        if (entry_verify(cfg->mac_key, s->name, &list->elements[i], &entry).kind == ERR_NONE) {
            e = entry_id_parse(entry.entry, out);
            end[0] = '\0';
            break;
        }
        ++*n_strangers;
        snprintf(end, 64, "(%s", entry.entry);
    }
    arena_free(a);
    return e;
}

/* The newest entry that a relay of ours signed; 0-0 when there is none. Strangers above it are
 * told. */
static struct err newest_of_ours(const struct relay_config *cfg, struct relay_stream *s,
                                 struct entry_id *out)
{
    char end[64] = "+";
    int64_t n_strangers = 0;
    struct err e = OK;

    *out = (struct entry_id){0, 0};
    while (e.kind == ERR_NONE && end[0])
        e = look_back(cfg, s, end, out, &n_strangers);
    if (e.kind || n_strangers == 0)
        return e;
    log_warn("relay.strangers_removed", kv_text("stream", s->name), kv_i64("n", n_strangers));
    metric_add(s->strangers, n_strangers);
    return OK;
}

/* The lowest position that a group has mirrored: nobody needs what is before it. 0-0 without
 * groups. */
static struct err lowest_group(const struct relay_config *cfg, const struct relay_stream *s,
                               struct arena *a, struct entry_id *out)
{
    struct redis_args *c = redis_args(a, "XINFO");
    const struct redis_value *groups;
    bool any = false;
    struct err e;

    *out = (struct entry_id){0, 0};
    redis_add(c, "GROUPS");
    redis_add(c, s->name);
    e = call(cfg, c, &groups);
    if (e.kind || groups->type != REDIS_ARRAY)
        return e;
    for (size_t i = 0; i < groups->n; i++) {
        const struct redis_value *text = xinfo_value(&groups->elements[i], "last-delivered-id");
        struct entry_id id;
        if (!text || entry_id_parse(text->text, &id).kind)
            return OK;
        if (!any || entry_id_compare(id, *out) < 0)
            *out = id;
        any = true;
    }
    return OK;
}

/* KEYS[1] the stream, ARGV[1] the id it shall seem to end with: empty, but for that. */
static struct redis_script renew_script = {
    .text = "redis.call('UNLINK', KEYS[1])\n"
            "if ARGV[1] == '0-0' then return end\n"
            "redis.call('XGROUP', 'CREATE', KEYS[1], 'new', '0', 'MKSTREAM')\n"
            "redis.call('XGROUP', 'DESTROY', KEYS[1], 'new')\n"
            "redis.call('XSETID', KEYS[1], ARGV[1])\n",
};

static struct err renew(const struct relay_config *cfg, const struct relay_stream *s,
                        struct arena *a, struct entry_id from)
{
    struct redis_args *c = redis_script_args(a, &renew_script);
    char text[ENTRY_ID_TEXT_SIZE];
    const struct redis_value *answer;
    struct err e;

    entry_id_format(from, text);
    redis_add(c, "1");
    redis_add(c, s->name);
    redis_add(c, text);
    e = redis_run(cfg->redis, &renew_script, c, &answer);
    if (e.kind == ERR_NONE && answer->type == REDIS_ERROR)
        return ERR(ERR_UNAVAILABLE, "redis refused to renew a stream");
    if (e.kind == ERR_NONE)
        FAILPOINT("relay.renewed");
    return e;
}

void relay_stream_miss(struct relay_stream *s, struct entry_id missing_after)
{
    if (!s->wants_rebuild || entry_id_compare(missing_after, s->missing_after) < 0)
        s->missing_after = missing_after;
    s->wants_rebuild = true;
}

/* An empty stream begins with what a trimmed one has: to bring back all that is kept would take its
 * time and its memory for what most have heard. Whoever has not finds a gap, and gets the rest. */
static struct err refill_from(const struct relay_config *cfg, const struct relay_stream *s,
                              struct arena *a, struct entry_id *out)
{
    struct pg_args *args = pg_args(a);
    struct pg_rows rows;
    struct err e;

    *out = (struct entry_id){0, 0};
    pg_add_text(args, s->base);
    pg_add_i64(args, s->partition);
    pg_add_i64(args, cfg->keep);
    e = pg_exec(cfg->pg, &sql_saga_outbox_before_newest, args, a, &rows);
    if (e.kind == ERR_NONE && rows.n == 1)
        *out = (struct entry_id){strtoull(pg_text(&rows, 0, 0), NULL, 10),
                                 (uint64_t)pg_i64(&rows, 0, 1)};
    return e;
}

/* From the lowest position that a group or a cry for help tells of. Without any, or when the outbox
 * does not know it (it was tampered with), as an empty stream begins. From the beginning when its
 * row was dropped: the chain must not attest that nothing was between it and what is kept. */
static struct err rebuild_from(const struct relay_config *cfg, const struct relay_stream *s,
                               struct arena *a, struct entry_id newest, struct entry_id *out)
{
    enum known known = UNKNOWN;
    struct err e;

    if (s->wants_rebuild && s->missing_after.xid == 0) {
        *out = (struct entry_id){0, 0}; /* who cries has heard nothing yet: all that is kept */
        return OK;
    }
    e = lowest_group(cfg, s, a, out);
    if (s->wants_rebuild && (out->xid == 0 || entry_id_compare(s->missing_after, *out) < 0))
        *out = s->missing_after;
    if (e.kind == ERR_NONE && out->xid > 0)
        e = outbox_knows(cfg, s, a, *out, &known);
    if (e.kind)
        return e;
    if (known == UNKNOWN || (newest.xid && entry_id_compare(*out, newest) > 0))
        return refill_from(cfg, s, a, out);
    if (known == DROPPED)
        *out = (struct entry_id){0, 0};
    return OK;
}

static struct err rebuild(const struct relay_config *cfg, struct relay_stream *s, struct arena *a,
                          struct entry_id newest)
{
    struct entry_id from;
    struct err e = rebuild_from(cfg, s, a, newest, &from);

    if (e.kind == ERR_NONE)
        e = renew(cfg, s, a, from);
    if (e.kind)
        return e;
    s->tail = s->filled_after = from;
    s->rebuilt_mono_us = clock_mono_us();
    s->wants_rebuild = false;
    log_warn("relay.stream_rebuilt", kv_text("stream", s->name),
             kv_i64("from_xid", (int64_t)from.xid));
    return OK;
}

struct err relay_stream_ahead(struct relay_stream *s, struct entry_id of)
{
    if (!s->ahead)
        log_error("relay.stream_ahead", kv_text("stream", s->name), kv_i64("xid", (int64_t)of.xid),
                  kv_i64("seq", (int64_t)of.seq));
    s->ahead = true;
    return ERR(ERR_CONFLICT, "the stream is ahead of the database");
}

static struct err refill(const struct relay_config *cfg, struct relay_stream *s, struct arena *a)
{
    struct entry_id from;
    struct err e = refill_from(cfg, s, a, &from);

    if (e.kind == ERR_NONE && from.xid)
        e = renew(cfg, s, a, from);
    s->tail = s->filled_after = from;
    metric_add(s->refilled, 1);
    return e;
}

/* A position that no row of ours ever had is no reason: its hearer would miss as much afterwards.
 */
static struct err check_cry(const struct relay_config *cfg, struct relay_stream *s, struct arena *a)
{
    enum known known = DROPPED;
    struct err e = OK;

    if (s->wants_rebuild && s->missing_after.xid > 0)
        e = outbox_knows(cfg, s, a, s->missing_after, &known);
    if (e.kind == ERR_NONE && known == UNKNOWN)
        s->wants_rebuild = false;
    return e;
}

/* Whoever misses what we left out when we filled it gets it at once. Who misses what we put there
 * is told to read again for a while: cries can be forged, and a rebuild moves the whole stream. */
static bool may_rebuild(const struct relay_stream *s)
{
    return s->rebuilt_mono_us == 0 || entry_id_compare(s->missing_after, s->filled_after) < 0 ||
           clock_mono_us() - s->rebuilt_mono_us > REBUILD_PAUSE_US;
}

/* What the stream ends with is a stranger's, or ours from another life; or the key is no stream. */
static struct err mend(const struct relay_config *cfg, struct relay_stream *s, struct arena *a)
{
    struct entry_id newest;
    enum known known = KEPT;
    struct err e;

    e = newest_of_ours(cfg, s, &newest);
    if (e.kind == ERR_NONE && entry_id_compare(newest, (struct entry_id){0, 0}) != 0)
        e = outbox_knows(cfg, s, a, newest, &known);
    if (e.kind)
        return e;
    if (known == UNKNOWN)
        return relay_stream_ahead(s, newest);
    return rebuild(cfg, s, a, newest);
}

struct err relay_stream_learn(const struct relay_config *cfg, struct relay_stream *s)
{
    struct arena *a = arena_new();
    struct entry_id last;
    enum known known = KEPT;
    bool foreign;
    struct err e;

    e = last_id(cfg, s, a, &last, &foreign);
    if (e.kind == ERR_NONE && entry_id_compare(last, (struct entry_id){0, 0}) != 0)
        e = outbox_knows(cfg, s, a, last, &known);
    if (e.kind == ERR_NONE)
        e = check_cry(cfg, s, a);
    if (e.kind)
        goto out;
    if (known == UNKNOWN || foreign) {
        e = mend(cfg, s, a);
    } else if (s->wants_rebuild && may_rebuild(s)) {
        e = rebuild(cfg, s, a, last);
    } else {
        s->wants_rebuild = false;
        s->tail = last;
        if (last.xid == 0)
            e = refill(cfg, s, a);
    }
    s->knows_tail = e.kind == ERR_NONE;
    s->ahead = s->ahead && e.kind != ERR_NONE;
out:
    arena_free(a);
    return e;
}

struct err relay_stream_trim(const struct relay_config *cfg, const struct relay_stream *s)
{
    struct arena *a = arena_new();
    struct redis_args *c = redis_args(a, "XLEN");
    const struct redis_value *answer;
    char text[ENTRY_ID_TEXT_SIZE];
    struct entry_id low;
    struct err e;

    redis_add(c, s->name);
    e = call(cfg, c, &answer);
    if (e.kind || answer->type != REDIS_INTEGER || (answer->integer <= cfg->keep && !s->refused))
        goto out;
    e = lowest_group(cfg, s, a, &low);
    if (e.kind || low.xid == 0)
        goto out;
    entry_id_format(low, text);
    c = redis_args(a, "XTRIM");
    redis_add(c, s->name);
    redis_add(c, "MINID");
    redis_add(c, "~");
    redis_add(c, text);
    e = call(cfg, c, &answer);
out:
    arena_free(a);
    return e;
}
