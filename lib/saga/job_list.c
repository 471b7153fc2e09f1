/* job_list.c - new jobs of a transaction, inserted by one statement, or two. */
#include "saga/job.h"

#include <stdlib.h>
#include <string.h>

#include "sql_saga.h"

struct node {
    struct node *next;
    struct new_job job;
};

struct chain { /* in the order they were added */
    struct node *first, **tail;
    size_t n;
};

struct job_list {
    struct arena *arena;
    struct chain once, anew;
    int64_t first_due_us;
};

struct job_list *job_list_new(struct arena *a)
{
    struct job_list *l = ARENA_NEW(a, struct job_list);

    l->arena = a;
    l->first_due_us = INT64_MAX;
    l->once.tail = &l->once.first;
    l->anew.tail = &l->anew.first;
    return l;
}

static void append(struct job_list *l, struct chain *c, struct new_job job)
{
    struct node *n = ARENA_NEW(l->arena, struct node);

    n->job = job;
    *c->tail = n;
    c->tail = &n->next;
    c->n++;
}

/* One statement cannot meet a row twice: of several that are to be done anew the last counts. */
static void replace_or_append(struct job_list *l, struct new_job job)
{
    struct node *n = l->anew.first;

    while (n && (strcmp(n->job.kind, job.kind) != 0 || strcmp(n->job.key, job.key) != 0))
        n = n->next;
    if (n)
        n->job = job;
    else
        append(l, &l->anew, job);
}

void job_add(struct job_list *l, struct new_job job)
{
    if (job.anew)
        replace_or_append(l, job);
    else
        append(l, &l->once, job);
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
    static const char **column_##name(struct arena *a, const struct chain *c)                      \
    {                                                                                              \
        const char **column = ARENA_ARRAY(a, const char *, c->n);                                  \
        size_t i = 0;                                                                              \
        for (const struct node *n = c->first; n; n = n->next) {                                    \
            const struct new_job *job = &n->job;                                                   \
            column[i++] = (expression);                                                            \
        }                                                                                          \
        return column;                                                                             \
    }
COLUMN(kind, job->kind)
COLUMN(key, job->key)
COLUMN(subject, job->subject ? job->subject : "")
COLUMN(state, job->dead ? "dead" : "due")
COLUMN(reason, job->dead)
COLUMN(traceparent, job->traceparent)
COLUMN(payload, job->payload ? job->payload : "{}")

static void save(struct arena *a, const struct chain *c, struct pg *tx, const struct sql *insert)
{
    struct pg_args *args;
    int64_t *due;
    size_t i = 0;

    if (c->n == 0)
        return;
    args = pg_args(a);
    due = ARENA_ARRAY(a, int64_t, c->n);
    for (const struct node *n = c->first; n; n = n->next)
        due[i++] = n->job.due_us;
    pg_add_texts(args, column_kind(a, c), c->n);
    pg_add_texts(args, column_key(a, c), c->n);
    pg_add_texts(args, column_subject(a, c), c->n);
    pg_add_i64s(args, due, c->n);
    pg_add_texts(args, column_state(a, c), c->n);
    pg_add_texts(args, column_reason(a, c), c->n);
    pg_add_texts(args, column_traceparent(a, c), c->n);
    pg_add_texts(args, column_payload(a, c), c->n);
    pg_queue(tx, insert, args);
}

void job_list_save(struct job_list *l, struct pg *tx)
{
    save(l->arena, &l->once, tx, &sql_saga_job_insert);
    save(l->arena, &l->anew, tx, &sql_saga_job_insert_anew);
}
