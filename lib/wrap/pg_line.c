/* pg_line.c - tasks that wait for a connection, served in order of arrival. */
#include "wrap/pg_internal.h"

static void leave(struct pg_line *line, const struct pg_waiter *w)
{
    struct pg_waiter **at = &line->first;
    struct pg_waiter *before = NULL;

    while (*at != w) {
        before = *at;
        at = &(*at)->next;
    }
    *at = w->next;
    if (line->last == w)
        line->last = before;
}

/* Once finished the line may be gone (pg_close): it is not touched any more. */
struct pg_conn *pg_line_wait(struct pg_line *line, int64_t deadline_mono_us)
{
    struct pg_waiter w = {.task = task_self()};

    if (line->last)
        line->last->next = &w;
    else
        line->first = &w;
    line->last = &w;
    while (!w.finished) {
        struct err e = task_wait(deadline_mono_us);

        if (e.kind && !w.finished) {
            leave(line, &w);
            return NULL;
        }
    }
    return w.conn;
}

bool pg_line_serve(struct pg_line *line, struct pg_conn *c)
{
    struct pg_waiter *w = line->first;

    if (!w)
        return false;
    line->first = w->next;
    if (!line->first)
        line->last = NULL;
    w->conn = c;
    w->finished = true;
    task_wake(w->task);
    return true;
}

void pg_line_dismiss(struct pg_line *line, struct pg_conn *c)
{
    while (pg_line_serve(line, c))
        continue;
}
