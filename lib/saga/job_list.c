/* job_list.c - new jobs of a transaction, inserted by one statement. */
#include "saga/job.h"

#include <stdlib.h>
#include <string.h>

#include "sql_saga.h"

struct new_job {
    struct new_job *next;
    const char *kind, *key, *subject, *state, *reason, *traceparent, *payload;
    int64_t due_us;
};

struct job_list {
    struct arena *arena;
    size_t n;
    int64_t first_due_us;
    struct new_job *first, **tail;
};

struct job_list *job_list_new(struct arena *a)
{
    struct job_list *l = ARENA_NEW(a, struct job_list);

    l->arena = a;
    l->first_due_us = INT64_MAX;
    l->tail = &l->first;
    return l;
}

static void append(struct job_list *l, struct new_job job)
{
    struct new_job *j = ARENA_NEW(l->arena, struct new_job);

    *j = job;
    *l->tail = j;
    l->tail = &j->next;
    l->n++;
}

void job_add(struct job_list *l, const char *kind, const char *key, const char *subject, int64_t due_us,
             const char *traceparent, const char *payload)
{
    append(l, (struct new_job){.kind = kind, .key = key, .subject = subject, .state = "due", .due_us = due_us,
                               .traceparent = traceparent, .payload = payload});
    if (due_us < l->first_due_us)
        l->first_due_us = due_us;
}

void job_bury(struct job_list *l, const char *kind, const char *key, const char *subject, const char *reason,
              const char *payload)
{
    append(l, (struct new_job){.kind = kind, .key = key, .subject = subject, .state = "dead", .reason = reason,
                               .payload = payload});
}

int64_t job_list_first_due(const struct job_list *l)
{
    return l->first_due_us;
}

#define COLUMN(name)                                                                               \
    static const char **column_##name(const struct job_list *l)                                    \
    {                                                                                              \
        const char **c = ARENA_ARRAY(l->arena, const char *, l->n);                                \
        size_t i = 0;                                                                              \
        for (const struct new_job *j = l->first; j; j = j->next)                                   \
            c[i++] = j->name;                                                                      \
        return c;                                                                                  \
    }
COLUMN(kind)
COLUMN(key)
COLUMN(subject)
COLUMN(state)
COLUMN(reason)
COLUMN(traceparent)
COLUMN(payload)

void job_list_save(struct job_list *l, struct pg *tx)
{
    struct pg_args *args = pg_args(l->arena);
    int64_t *due = ARENA_ARRAY(l->arena, int64_t, l->n);
    size_t i = 0;

    if (l->n == 0)
        return;
    for (const struct new_job *j = l->first; j; j = j->next)
        due[i++] = j->due_us;
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
