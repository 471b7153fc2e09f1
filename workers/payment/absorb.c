/* absorb.c - one load with locks, decisions in memory, a handful of array statements. */
#include "workers/payment/absorb.h"

#include <assert.h>

#include "base/clock.h"
#include "base/log.h"
#include "workers/payment/events.h"

#define STREAM "stream:payments"
#define SWEEP_LEAD_US (300 * US_PER_S) /* more than a process may pause and clocks may differ */

struct work {
    const struct absorbing *c;
    struct book book;
    struct sides items, refusals;
    struct id *ended; /* orders whose open items have ended */
    size_t n_ended;
};

static struct entry *find(struct book *b, const struct id *order)
{
    for (size_t i = 0; i < b->n; i++) /* a batch is small */
        if (id_equal(&b->entries[i].p.order_id, order))
            return &b->entries[i];
    return NULL;
}

/* Orders that are new in this batch need no look: their rows come into being here, or were there
 * before and stay. One that something else is said of as well is looked up like any other. */
static size_t to_load(const struct piece *pieces, size_t n, struct id *out)
{
    size_t n_out = 0;

    for (size_t i = 0; i < n; i++) {
        size_t k = 0;
        if (pieces[i].made)
            continue;
        while (k < n_out && !id_equal(&out[k], &pieces[i].order_id))
            k++;
        if (k == n_out)
            out[n_out++] = pieces[i].order_id;
    }
    return n_out;
}

/* A payment that has no row stands as ABSENT; ORDER_CREATED gives it one. */
static struct entry *stand_in(struct work *w, const struct piece *piece)
{
    struct entry *e = ARENA_NEW(w->c->arena, struct entry);

    assert(w->book.entries && w->book.n < w->book.capacity); /* there is room for every piece */
    if (piece->made) {
        e = &w->book.entries[w->book.n++];
        e->p = *piece->made;
        e->bill = *piece->bill;
        e->is_new = true;
    } else {
        e->p.order_id = piece->order_id;
    }
    return e;
}

static void add_side(struct sides *s, const struct entry *e, const struct payment_news *n,
                     const char *kind)
{
    s->items[s->n++] = (struct side){
        .order_id = e->p.order_id,
        .attempt_id = e->p.attempt_id,
        .kind = kind,
        .ref = n->transaction_id ? n->transaction_id : "",
        .detail = n->method,
        .amount = n->amount.minor > 0 ? n->amount : e->p.total,
    };
}

/* Found by the sweep when its time has come, unless the sweep may have passed it before this
 * commits. */
static bool is_left_to_sweep(const struct work *w, const struct entry *e, bool is_timer)
{
    return is_timer && e->p.expires_us > w->c->now_us + SWEEP_LEAD_US;
}

static void add_job(struct work *w, const struct entry *e, const struct piece *piece)
{
    const char *order = id_text(w->c->arena, &e->p.order_id);
    bool is_timer = strcmp(piece->decision.job, "deadline") == 0;

    if (is_left_to_sweep(w, e, is_timer))
        return;
    job_add(w->c->jobs, (struct new_job){.kind = piece->decision.job,
                                         .key = order,
                                         .anew = piece->decision.effects & ANEW,
                                         .subject = order,
                                         .due_us = is_timer ? e->p.expires_us : w->c->now_us,
                                         .traceparent = piece->traceparent});
}

static void tell(struct work *w, const struct entry *e, const struct piece *piece)
{
    struct arena *a = w->c->arena;

    outbox_tell(w->c->outbox,
                (struct fact){.stream = STREAM,
                              .type = piece->decision.tell,
                              .subject = id_text(a, &e->p.order_id),
                              .traceparent = piece->traceparent,
                              .data = told_text(a, &e->p, &piece->news, &piece->decision)});
}

static void log_piece(const struct payment *before, const struct piece *piece)
{
    const struct payment_decision *d = &piece->decision;

    if (d->item)
        log_warn("payment.needs_a_person", kv_id("order_id", &piece->order_id),
                 kv_text("kind", d->item), kv_text("news", news_kind_name(piece->news.kind)));
    if (d->moves)
        log_debug("payment.moved", kv_id("order_id", &piece->order_id),
                  kv_text("from", payment_state_name(before->state)),
                  kv_text("to", payment_state_name(d->to)));
}

static void take(struct work *w, struct entry *e, struct piece *piece)
{
    struct payment_decision *d = &piece->decision;
    struct payment before = e->p;

    *d = payment_decide(&e->p, &piece->news);
    payment_apply(&e->p, &piece->news, d);
    e->is_changed |= d->moves;
    log_piece(&before, piece);
    if (d->effects & KEEPS_LINK && piece->news.url) {
        e->token = piece->news.token;
        e->url = piece->news.url;
    }
    if (d->effects & NOTES && piece->news.transaction_id)
        add_side(&w->refusals, e, &piece->news, piece->news.word);
    if (d->effects & ENDS_REVIEW && (before.state == CHALLENGED || before.state == REFUND_DUE))
        w->ended[w->n_ended++] = e->p.order_id;
    if (d->item)
        add_side(&w->items, e, &piece->news, d->item);
    if (d->job)
        add_job(w, e, piece);
    if (d->tell)
        tell(w, e, piece);
}

static void save(struct work *w)
{
    struct pg *tx = w->c->tx;

    store_add(tx, &w->book);
    store_save(tx, &w->book);
    store_add_links(tx, &w->book);
    store_end_items(tx, w->c->arena, w->ended, w->n_ended);
    store_add_items(tx, w->c->arena, &w->items);
    store_add_refusals(tx, w->c->arena, &w->refusals);
}

struct err absorb(const struct absorbing *c, struct piece *pieces, size_t n)
{
    struct arena *a = c->arena;
    struct work w = {.c = c, .book = {.arena = a}};
    struct id *orders = ARENA_ARRAY(a, struct id, n);
    struct err e;

    if (n == 0)
        return OK;
    w.items.items = ARENA_ARRAY(a, struct side, n);
    w.refusals.items = ARENA_ARRAY(a, struct side, n);
    w.ended = ARENA_ARRAY(a, struct id, n);
    w.book.entries = ARENA_ARRAY(a, struct entry, n);
    w.book.capacity = n;
    e = store_lock(c->tx, orders, to_load(pieces, n, orders), &w.book);
    if (e.kind)
        return e;
    for (size_t i = 0; i < n; i++) {
        struct entry *entry = find(&w.book, &pieces[i].order_id);
        take(&w, entry ? entry : stand_in(&w, &pieces[i]), &pieces[i]);
    }
    save(&w);
    return OK;
}
