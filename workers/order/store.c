/* store.c - rows to structs and back: what is read and written when orders take their steps. */
#include "workers/order/store.h"

#include <string.h>

#include "base/log.h"
#include "sql_order.h"

static void read_status(const struct pg_rows *r, size_t row, int column, struct order *o)
{
    /* The checks of the table hold these to the names we know. */
    if (!order_status_parse(pg_text(r, row, column), &o->status) ||
        !payment_status_parse(pg_text(r, row, column + 1), &o->payment))
        log_error("order.status_unknown", kv_id("order_id", &o->id));
}

struct err order_store_lock(struct pg *tx, struct arena *a, const struct id *ids, size_t n,
                            struct order_set *out)
{
    struct pg_args *args = pg_args(a);
    struct pg_rows rows;
    struct err e;

    pg_add_ids(args, ids, n);
    e = pg_exec(tx, &sql_order_lock, args, a, &rows);
    if (e.kind)
        return e;
    order_set_init(out, a, rows.n);
    for (size_t i = 0; i < rows.n; i++) {
        struct order *o = &out->rows[i].order;

        o->id = pg_id(&rows, i, 0);
        o->user_id = pg_i64(&rows, i, 1);
        read_status(&rows, i, 2, o);
        o->version = pg_i64(&rows, i, 4);
    }
    return OK;
}

static size_t ids_that_tell(const struct order_set *set, struct id *out)
{
    size_t n = 0;

    for (size_t i = 0; i < set->n; i++)
        if (set->rows[i].tell)
            out[n++] = set->rows[i].order.id;
    return n;
}

struct err order_store_details(struct pg *tx, struct arena *a, struct order_set *set)
{
    struct id *ids = ARENA_ARRAY(a, struct id, set->n + 1);
    size_t n = ids_that_tell(set, ids);
    struct pg_args *args = pg_args(a);
    struct pg_rows rows;
    struct err e;

    if (n == 0)
        return OK;
    pg_add_ids(args, ids, n);
    e = pg_exec(tx, &sql_order_details_get, args, a, &rows);
    if (e.kind)
        return e;
    for (size_t i = 0; i < rows.n; i++) {
        struct id id = pg_id(&rows, i, 0);
        struct order *o = &order_set_find(set, id)->order;

        o->number = pg_text(&rows, i, 1);
        o->email = pg_text(&rows, i, 2);
        o->currency = pg_text(&rows, i, 3);
        o->total = pg_i64(&rows, i, 4);
        o->items = pg_text(&rows, i, 5);
        o->shipping_address = pg_text(&rows, i, 6);
    }
    return OK;
}

/* ---- saving: columns side by side ---- */

struct columns {
    size_t n;
    struct id *ids;
    const char **statuses, **payments, **reasons, **urls;
    int64_t *versions, *expires;
};

static struct columns columns_new(struct arena *a, size_t n)
{
    return (struct columns){
        .ids = ARENA_ARRAY(a, struct id, n),
        .statuses = ARENA_ARRAY(a, const char *, n),
        .payments = ARENA_ARRAY(a, const char *, n),
        .reasons = ARENA_ARRAY(a, const char *, n),
        .urls = ARENA_ARRAY(a, const char *, n),
        .versions = ARENA_ARRAY(a, int64_t, n),
        .expires = ARENA_ARRAY(a, int64_t, n),
    };
}

static void add_row(struct columns *c, const struct order *o)
{
    c->ids[c->n] = o->id;
    c->statuses[c->n] = order_status_name(o->status);
    c->payments[c->n] = payment_status_name(o->payment);
    c->reasons[c->n] = o->cancel_reason;
    c->urls[c->n] = o->payment_url;
    c->versions[c->n] = o->version;
    c->expires[c->n] = o->payment_expires_us;
    c->n++;
}

static void queue_update(struct pg *tx, struct arena *a, const struct columns *c)
{
    struct pg_args *args = pg_args(a);

    pg_add_ids(args, c->ids, c->n);
    pg_add_texts(args, c->statuses, c->n);
    pg_add_texts(args, c->payments, c->n);
    pg_add_i64s(args, c->versions, c->n);
    pg_add_texts(args, c->reasons, c->n);
    pg_add_texts(args, c->urls, c->n);
    pg_add_i64s(args, c->expires, c->n);
    pg_queue(tx, &sql_order_update, args);
}

static void queue_steps(struct pg *tx, struct arena *a, const struct order_set *set, int64_t now_us)
{
    struct columns c = columns_new(a, set->n_steps);
    struct pg_args *args = pg_args(a);

    for (const struct order_step *s = set->first_step; s; s = s->next, c.n++) {
        c.ids[c.n] = s->order_id;
        c.versions[c.n] = s->version;
        c.statuses[c.n] = order_status_name(s->status);
        c.reasons[c.n] = s->reason;
    }
    pg_add_ids(args, c.ids, c.n);
    pg_add_i64s(args, c.versions, c.n);
    pg_add_texts(args, c.statuses, c.n);
    pg_add_texts(args, c.reasons, c.n);
    pg_add_i64(args, now_us);
    pg_queue(tx, &sql_order_history_insert, args);
}

void order_store_save(struct pg *tx, struct arena *a, const struct order_set *set, int64_t now_us)
{
    struct columns changed = columns_new(a, set->n);

    for (size_t i = 0; i < set->n; i++)
        if (set->rows[i].changed)
            add_row(&changed, &set->rows[i].order);
    if (changed.n)
        queue_update(tx, a, &changed);
    if (set->n_steps)
        queue_steps(tx, a, set, now_us);
}

void order_store_keep_products(struct pg *tx, struct arena *a, const struct product_event *products,
                               size_t n)
{
    int64_t *ids = ARENA_ARRAY(a, int64_t, n), *versions = ARENA_ARRAY(a, int64_t, n);
    int64_t *prices = ARENA_ARRAY(a, int64_t, n), *weights = ARENA_ARRAY(a, int64_t, n);
    int64_t *active = ARENA_ARRAY(a, int64_t, n);
    const char **names = ARENA_ARRAY(a, const char *, n),
               **currencies = ARENA_ARRAY(a, const char *, n);
    struct pg_args *args = pg_args(a);

    for (size_t i = 0; i < n; i++) {
        ids[i] = products[i].product_id;
        versions[i] = products[i].version;
        names[i] = products[i].name;
        prices[i] = products[i].price;
        currencies[i] = products[i].currency;
        weights[i] = products[i].weight_grams;
        active[i] = products[i].active;
    }
    pg_add_i64s(args, ids, n);
    pg_add_i64s(args, versions, n);
    pg_add_texts(args, names, n);
    pg_add_i64s(args, prices, n);
    pg_add_texts(args, currencies, n);
    pg_add_i64s(args, weights, n);
    pg_add_i64s(args, active, n);
    pg_queue(tx, &sql_order_catalogue_keep, args);
}
