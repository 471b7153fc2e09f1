/* job_list.c - new jobs of a transaction, inserted by one statement. */
#include "saga/job.h"

#include <stdlib.h>
#include <string.h>

#include "sql_saga.h"

struct node {
    struct node *next;
    struct new_job job;
};

struct job_list {
    struct arena *arena;
    size_t n;
    int64_t first_due_us;
    struct node *first, **tail;
};

struct job_list *job_list_new(struct arena *a)
{
    struct job_list *l = ARENA_NEW(a, struct job_list);

    l->arena = a;
    l->first_due_us = INT64_MAX;
    l->tail = &l->first;
    return l;
}

void job_add(struct job_list *l, struct new_job job)
{
    struct node *n = ARENA_NEW(l->arena, struct node);

    n->job = job;
    *l->tail = n;
    l->tail = &n->next;
    l->n++;
    if (!job.dead && job.due_us < l->first_due_us)
        l->first_due_us = job.due_us;
}

struct committed committed_of(const struct outbox *told, const struct job_list *owed)
{
    return (struct committed){.has_told = outbox_count(told) > 0,
                              .first_due_us = owed->first_due_us};
}

/* One column of the insert: a text of every job. */
#define COLUMN(name, expression)                                                                   \
    static const char **column_##name(const struct job_list *l)                                    \
    {                                                                                              \
        const char **c = ARENA_ARRAY(l->arena, const char *, l->n);                                \
        size_t i = 0;                                                                              \
        for (const struct node *n = l->first; n; n = n->next) {                                    \
            const struct new_job *job = &n->job;                                                   \
            c[i++] = (expression);                                                                 \
        }                                                                                          \
        return c;                                                                                  \
    }
COLUMN(kind, job->kind)
COLUMN(key, job->key)
COLUMN(subject, job->subject ? job->subject : "")
COLUMN(state, job->dead ? "dead" : "due")
COLUMN(reason, job->dead)
COLUMN(traceparent, job->traceparent)
COLUMN(payload, job->payload ? job->payload : "{}")

void job_list_save(struct job_list *l, struct pg *tx)
{
    struct pg_args *args;
    int64_t *due;
    size_t i = 0;

    if (l->n == 0)
        return;
    args = pg_args(l->arena);
    due = ARENA_ARRAY(l->arena, int64_t, l->n);
    for (const struct node *n = l->first; n; n = n->next)
        due[i++] = n->job.due_us;
    pg_add_texts(args, column_kind(l), l->n);
    pg_add_texts(args, column_key(l), l->n);
    pg_add_texts(args, column_subject(l), l->n);
    pg_add_i64s(args, due, l->n);
    pg_add_texts(args, column_state(l), l->n);
    pg_add_texts(args, column_reason(l), l->n);
    pg_add_texts(args, column_traceparent(l), l->n);
    pg_add_texts(args, column_payload(l), l->n);
    pg_queue(tx, &sql_saga_job_insert, args);
}
