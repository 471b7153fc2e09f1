/* hear_park.c - events as jobs, and back. */
#include "saga/hear_park.h"

#include <stdlib.h>
#include <string.h>

#include "base/backoff.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "sql_saga.h"

#define FIRST_RETRY_US (50 * US_PER_MS)
#define LONGEST_RETRY_US (15 * US_PER_S) /* the state it waits for may come at any time */

const char *hear_job_kind(struct arena *a, const char *stream)
{
    return arena_printf(a, "hear:%s", stream);
}

static const char *payload_of(struct arena *a, const struct event *e)
{
    char id[ID_TEXT_SIZE], entry[ENTRY_ID_TEXT_SIZE];

    id_format(&e->id, id);
    entry_id_format(e->entry, entry);
    return json_text(a, json_pack("{s:s, s:s, s:s, s:s, s:I, s:s?, s:s, s:s}", "id", id, "type",
                                  e->type, "source", e->source, "subject", e->subject, "time_us",
                                  (json_int_t)e->time_us, "traceparent", e->traceparent, "entry",
                                  entry, "data", e->text));
}

void hear_park(struct job_list *l, struct arena *a, const struct event *e, int64_t now_us)
{
    char *key = arena_alloc(a, ENTRY_ID_TEXT_SIZE);

    entry_id_format(e->entry, key);
    job_add(l, (struct new_job){.kind = hear_job_kind(a, e->stream),
                                .key = key,
                                .subject = e->subject,
                                .due_us = now_us + FIRST_RETRY_US,
                                .traceparent = e->traceparent,
                                .payload = payload_of(a, e),
                                .dead = e->verdict == BROKEN ? e->reason : NULL});
    log_warn(e->verdict == BROKEN ? "hear.event_dead" : "hear.event_parked",
             kv_text("stream", e->stream), kv_text("entry", key), kv_text("type", e->type),
             kv_text("subject", e->subject), kv_text("reason", e->reason));
}

#define STRANGER_BYTES ((size_t)1024) /* shown of each field */

/* A stranger's bytes may be anything, and any number: what is no short UTF-8 text is written as
 * hex, cut. */
static json_t *text_or_hex(struct arena *a, const struct redis_value *v)
{
    struct buf hex;
    json_t *text;

    if (v->type != REDIS_TEXT)
        return json_null();
    text = v->n <= STRANGER_BYTES && strlen(v->text) == v->n ? json_stringn(v->text, v->n) : NULL;
    if (text)
        return text;
    buf_init(&hex, a);
    buf_adds(&hex, "hex:");
    for (size_t i = 0; i < v->n && i < STRANGER_BYTES; i++)
        buf_addf(&hex, "%02x", (unsigned)(unsigned char)v->text[i]);
    return json_string(hex.data);
}

void hear_bury_stranger(struct job_list *l, struct arena *a, const char *stream,
                        const struct redis_value *entry)
{
    json_t *fields = json_array();
    const char *id = entry->elements[0].text;

    for (size_t i = 0; i < entry->elements[1].n && i < 64; i++)
        json_array_append_new(fields, text_or_hex(a, &entry->elements[1].elements[i]));
    job_add(l, (struct new_job){
                   .kind = arena_printf(a, "stranger:%s", stream),
                   .key = id,
                   .payload = json_text(a, json_pack("{s:s, s:o}", "entry", id, "fields", fields)),
                   .dead = "no relay of ours signed it"});
    log_warn("hear.stranger", kv_text("stream", stream), kv_text("entry", id));
}

struct err hear_unpark(const struct job *job, const char *stream, struct event *out)
{
    const char *id = NULL, *entry = NULL;
    json_t *traceparent = NULL; /* jansson unpacks no text that may be null */
    json_int_t time_us = 0;
    struct event e = {.stream = stream};

    if (json_unpack(job->payload, "{s:s, s:s, s:s, s:s, s:I, s:o, s:s, s:s}", "id", &id, "type",
                    &e.type, "source", &e.source, "subject", &e.subject, "time_us", &time_us,
                    "traceparent", &traceparent, "entry", &entry, "data", &e.text) != 0 ||
        id_parse(id, &e.id).kind || entry_id_parse(entry, &e.entry).kind)
        return ERR(ERR_BUG, "a parked event cannot be read");
    e.time_us = time_us;
    e.traceparent = json_string_value(traceparent);
    if (json_read(job->arena, e.text, strlen(e.text), &e.data).kind || !json_is_object(e.data))
        event_broken(&e, "data is not a JSON object");
    *out = e;
    return OK;
}

/* Older events of the same subject go first, and for ever while one of them is dead. */
static struct err is_behind(const struct job *job, struct job_batch *b, bool *behind)
{
    struct pg_args *args = pg_args(b->arena);
    struct pg_rows rows;
    struct err e;

    pg_add_text(args, job->kind);
    pg_add_text(args, job->subject);
    pg_add_i64(args, job->id);
    e = pg_exec(b->tx, &sql_saga_parked_before, args, b->arena, &rows);
    *behind = e.kind == ERR_NONE && pg_bool(&rows, 0, 0);
    return e;
}

static struct err settle_one(const struct hear_row *row, struct job_batch *b, struct job *job)
{
    struct event event;
    struct batch batch = {.events = &event,
                          .n = 1,
                          .arena = b->arena,
                          .tx = b->tx,
                          .outbox = b->outbox,
                          .jobs = b->later,
                          .now_us = b->now_us,
                          .domain = b->domain};
    bool behind;
    struct err e;

    e = is_behind(job, b, &behind);
    if (e.kind == ERR_NONE)
        e = hear_unpark(job, row->stream, &event);
    if (e.kind)
        return e;
    job->fate = JOB_LATER;
    job->again_us = b->now_us + backoff_us(job->attempts, FIRST_RETRY_US, LONGEST_RETRY_US);
    job->reason = "waits behind an older event of its subject";
    if (behind)
        return OK;
    if (event.verdict != BROKEN)
        e = row->on_batch(&batch);
    job->reason = event.reason;
    job->fate = event.verdict == BROKEN ? JOB_DEAD : event.verdict == EARLY ? JOB_LATER : JOB_DONE;
    return e;
}

struct err hear_settle_parked(struct job_batch *b)
{
    struct err e = OK;

    for (size_t i = 0; i < b->n && e.kind == ERR_NONE; i++)
        e = settle_one(b->kind->context, b, b->jobs[i]);
    return e;
}
