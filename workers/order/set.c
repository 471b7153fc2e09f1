/* set.c - decisions gathered on the rows of one transaction. */
#include "workers/order/set.h"

#include <stdlib.h>

void order_set_init(struct order_set *set, struct arena *a, size_t n)
{
    *set = (struct order_set){.arena = a, .rows = ARENA_ARRAY(a, struct order_row, n), .n = n};
    set->last_step = &set->first_step;
}

static int by_id(const void *id, const void *row)
{
    return id_compare(id, &((const struct order_row *)row)->order.id);
}

struct order_row *order_set_find(const struct order_set *set, struct id id)
{
    return set->n ? bsearch(&id, set->rows, set->n, sizeof *set->rows, by_id) : NULL;
}

static void note_step(struct order_set *set, const struct order *o, const char *reason)
{
    struct order_step *s = ARENA_NEW(set->arena, struct order_step);

    *s = (struct order_step){NULL, o->id, o->version, o->status, reason};
    *set->last_step = s;
    set->last_step = &s->next;
    set->n_steps++;
}

enum order_answer order_set_absorb(struct order_set *set, struct order_row *row,
                                   const struct order_event *ev, const char *traceparent)
{
    struct order *o = &row->order;
    struct order_decision d = order_saga_decide(o, ev);

    if (d.answer != ORDER_CHANGE)
        return d.answer;
    bool moves = d.to != o->status;

    order_saga_apply(o, ev, &d);
    row->changed = true;
    row->tell |= d.tell;
    if (d.tell)
        row->traceparent = traceparent;
    if (moves)
        note_step(set, o, ev->note ? ev->note : d.reason);
    return d.answer;
}
