/* relay_pass.c - appends ripe outbox rows to a stream that still ends where we believe. */
#include "saga/relay_stream.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/failpoint.h"
#include "base/log.h"
#include "sql_saga.h"

#define ROWS_AT_ONCE 256
#define ARGS_PER_ENTRY (1 + 2 * N_ENTRY_FIELDS)

/* KEYS[1] the stream. ARGV[1] the id it must end with, ARGV[2] how many words an entry has; then
 * per entry its id and its fields. Answers the id it really ended with when that is another; nil
 * when all was appended. */
static struct redis_script append_script = {
    .text = "local info = redis.pcall('XINFO', 'STREAM', KEYS[1])\n"
            "local last = '0-0'\n"
            "if not info.err then\n"
            "  for i = 1, #info, 2 do\n"
            "    if info[i] == 'last-generated-id' then last = info[i + 1] end\n"
            "  end\n"
            "end\n"
            "if last ~= ARGV[1] then return last end\n"
            "local width = tonumber(ARGV[2])\n"
            "for i = 3, #ARGV, width do\n"
            "  redis.call('XADD', KEYS[1], unpack(ARGV, i, i + width - 1))\n"
            "end\n"
            "return false\n",
};

static struct err read_rows(const struct relay_config *cfg, const struct relay_stream *s,
                            struct arena *a, struct pg_rows *rows)
{
    struct pg_args *args = pg_args(a);

    pg_add_text(args, s->base);
    pg_add_i64(args, s->partition);
    pg_add_text(args, arena_printf(a, "%llu", (unsigned long long)s->tail.xid));
    pg_add_i64(args, (int64_t)s->tail.seq);
    pg_add_i64(args, ROWS_AT_ONCE);
    return pg_exec(cfg->pg, &sql_saga_outbox_after, args, a, rows);
}

static struct entry_id entry_id_of(const struct pg_rows *rows, size_t i)
{
    return (struct entry_id){strtoull(pg_text(rows, i, 0), NULL, 10), (uint64_t)pg_i64(rows, i, 1)};
}

static const char *text_or_empty(const char *text)
{
    return text ? text : "";
}

struct appending {
    const struct relay_config *cfg;
    const char *stream;
    struct redis_args *command;
    const struct pg_rows *rows;
};

/* Adds row i as an entry after `prev`; returns its id. */
static const char *add_entry(const struct appending *p, size_t i, const char *prev)
{
    struct redis_args *c = p->command;
    const struct pg_rows *rows = p->rows;
    struct arena *a = c->arena;
    char *time = arena_alloc(a, TIME_TEXT_SIZE);
    char *mac = arena_alloc(a, MAC_TEXT_SIZE);
    struct entry e = {.entry = arena_printf(a, "%s-%s", pg_text(rows, i, 0), pg_text(rows, i, 1))};

    time_format(pg_i64(rows, i, 6), time);
    e.fields[FIELD_ID] = pg_text(rows, i, 2);
    e.fields[FIELD_TYPE] = pg_text(rows, i, 3);
    e.fields[FIELD_SOURCE] = pg_text(rows, i, 4);
    e.fields[FIELD_SUBJECT] = pg_text(rows, i, 5);
    e.fields[FIELD_TIME] = time;
    e.fields[FIELD_SPECVERSION] = "1.0";
    e.fields[FIELD_TRACEPARENT] = text_or_empty(pg_text(rows, i, 7));
    e.fields[FIELD_PREV] = prev;
    e.fields[FIELD_DATA] = pg_text(rows, i, 8);
    entry_sign(p->cfg->mac_key, p->stream, &e, mac);
    redis_add(c, e.entry);
    for (int f = 0; f < N_ENTRY_FIELDS; f++) {
        redis_add(c, entry_field_names[f]);
        redis_add(c, e.fields[f]);
    }
    return e.entry;
}

static size_t n_ripe(const struct pg_rows *rows)
{
    size_t n = 0;

    while (n < rows->n && pg_bool(rows, n, 9))
        n++;
    return n;
}

static struct err append(const struct relay_config *cfg, struct relay_stream *s, struct arena *a,
                         const struct pg_rows *rows, size_t n)
{
    struct redis_args *c = redis_script_args(a, &append_script);
    struct appending appending = {cfg, s->name, c, rows};
    char tail[ENTRY_ID_TEXT_SIZE];
    const struct redis_value *answer;
    const char *last;
    struct err e;

    entry_id_format(s->tail, tail);
    redis_add(c, "1");
    redis_add(c, s->name);
    redis_add(c, tail);
    redis_add_i64(c, ARGS_PER_ENTRY);
    last = tail;
    for (size_t i = 0; i < n; i++)
        last = add_entry(&appending, i, last);
    s->knows_tail = false; /* until the answer says so: it may get lost */
    e = redis_run(cfg->redis, &append_script, c, &answer);
    if (e.kind)
        return e;
    if (answer->type != REDIS_NIL) {
        log_warn("relay.stream_moved", kv_text("stream", s->name), kv_text("believed", tail),
                 kv_text("answer", answer->text));
        s->refused = answer->type == REDIS_ERROR;
        return s->refused ? ERR(ERR_UNAVAILABLE, "redis refused the append") : OK;
    }
    s->refused = false;
    FAILPOINT("relay.appended");
    e = entry_id_parse(last, &s->tail);
    s->knows_tail = e.kind == ERR_NONE;
    s->n_appended += n;
    metric_add(s->appended, (int64_t)n);
    return e;
}

struct err relay_stream_pass(const struct relay_config *cfg, struct relay_stream *s, enum pass *out)
{
    struct arena *a = arena_new();
    struct pg_rows rows;
    struct err e;
    size_t n;

    *out = PASS_CAUGHT_UP;
    e = read_rows(cfg, s, a, &rows);
    if (e.kind)
        goto out;
    n = n_ripe(&rows);
    if (n > 0) {
        FAILPOINT("relay.read");
        e = append(cfg, s, a, &rows, n);
    }
    if (e.kind == ERR_NONE && n < rows.n && pg_bool(&rows, n, 10))
        e = relay_stream_ahead(s, entry_id_of(&rows, n));
    if (n < rows.n)
        *out = PASS_UNRIPE;
    else if (rows.n == ROWS_AT_ONCE || !s->knows_tail)
        *out = PASS_MORE;
out:
    arena_free(a);
    return e;
}
