/* outbox.c - events of a transaction, gathered in memory and inserted by one statement. */
#include "saga/outbox.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "sql_saga.h"

struct told {
    struct told *next;
    struct fact fact;
    struct id id;
};

struct outbox {
    struct arena *arena;
    const char *source;
    int n_partitions;
    size_t n;
    struct told *first, **tail;
};

struct outbox *outbox_new(struct arena *a, const char *source, int n_partitions)
{
    struct outbox *o = ARENA_NEW(a, struct outbox);

    o->arena = a;
    o->source = source;
    o->n_partitions = n_partitions;
    o->tail = &o->first;
    return o;
}

void outbox_tell(struct outbox *o, struct fact fact)
{
    struct told *t = ARENA_NEW(o->arena, struct told);

    *t = (struct told){.fact = fact, .id = id_new()};
    *o->tail = t;
    o->tail = &t->next;
    o->n++;
}

size_t outbox_count(const struct outbox *o)
{
    return o->n;
}

void outbox_save(struct outbox *o, struct pg *tx)
{
    struct arena *a = o->arena;
    const char **streams, **types, **subjects, **traces, **datas;
    int64_t *partitions;
    struct id *ids;
    size_t i = 0;

    if (o->n == 0)
        return;
    streams = ARENA_ARRAY(a, const char *, o->n);
    types = ARENA_ARRAY(a, const char *, o->n);
    subjects = ARENA_ARRAY(a, const char *, o->n);
    traces = ARENA_ARRAY(a, const char *, o->n);
    datas = ARENA_ARRAY(a, const char *, o->n);
    partitions = ARENA_ARRAY(a, int64_t, o->n);
    ids = ARENA_ARRAY(a, struct id, o->n);
    for (const struct told *t = o->first; t; t = t->next, i++) {
        streams[i] = t->fact.stream;
        types[i] = t->fact.type;
        subjects[i] = t->fact.subject;
        traces[i] = t->fact.traceparent;
        datas[i] = t->fact.data;
        partitions[i] = stream_partition_of(t->fact.subject, o->n_partitions);
        ids[i] = t->id;
    }
    struct pg_args *args = pg_args(a);
    pg_add_texts(args, streams, o->n);
    pg_add_i64s(args, partitions, o->n);
    pg_add_ids(args, ids, o->n);
    pg_add_texts(args, types, o->n);
    pg_add_text(args, o->source);
    pg_add_i64(args, clock_now_us());
    pg_add_texts(args, subjects, o->n);
    pg_add_texts(args, traces, o->n);
    pg_add_texts(args, datas, o->n);
    pg_queue(tx, &sql_saga_outbox_insert, args);
}
