/* store_orders.c - rows to structs and back: taking new orders, and showing them. */
#include <string.h>

#include "base/log.h"
#include "sql_order.h"
#include "workers/order/store.h"

/* ---- taking ---- */

struct err order_store_catalogue(struct pg *pg, struct arena *a, const int64_t *product_ids,
                                 size_t n, struct catalogue *out)
{
    struct pg_args *args = pg_args(a);
    struct pg_rows rows;
    struct err e;

    pg_add_i64s(args, product_ids, n);
    e = pg_exec(pg, &sql_order_catalogue, args, a, &rows);
    if (e.kind)
        return e;
    out->n = rows.n;
    out->entries = ARENA_ARRAY(a, struct catalogue_entry, rows.n);
    for (size_t i = 0; i < rows.n; i++)
        out->entries[i] = (struct catalogue_entry){
            .product_id = pg_i64(&rows, i, 0),
            .name = pg_text(&rows, i, 1),
            .price = pg_i64(&rows, i, 2),
            .currency = pg_text(&rows, i, 3),
            .active = pg_bool(&rows, i, 4),
        };
    return OK;
}

static void mark_won(struct order_claim **claims, size_t n, struct id order_id)
{
    for (size_t i = 0; i < n; i++)
        if (id_equal(&claims[i]->order_id, &order_id))
            claims[i]->won = true;
}

struct err order_store_claim_keys(struct pg *tx, struct arena *a, struct order_claim **claims,
                                  size_t n, int64_t now_us)
{
    int64_t *users = ARENA_ARRAY(a, int64_t, n);
    const char **keys = ARENA_ARRAY(a, const char *, n), **hashes = ARENA_ARRAY(a, const char *, n);
    struct id *ids = ARENA_ARRAY(a, struct id, n);
    struct pg_args *args = pg_args(a);
    struct pg_rows rows;
    struct err e;

    for (size_t i = 0; i < n; i++) {
        users[i] = claims[i]->user_id;
        keys[i] = claims[i]->key;
        hashes[i] = claims[i]->body_hash;
        ids[i] = claims[i]->order_id;
        claims[i]->won = false;
    }
    pg_add_i64s(args, users, n);
    pg_add_texts(args, keys, n);
    pg_add_texts(args, hashes, n);
    pg_add_ids(args, ids, n);
    pg_add_i64(args, now_us);
    e = pg_exec(tx, &sql_order_claim_keys, args, a, &rows);
    for (size_t i = 0; !e.kind && i < rows.n; i++)
        mark_won(claims, n, pg_id(&rows, i, 0));
    return e;
}

void order_store_release_keys(struct pg *tx, struct arena *a, struct order_claim *const *claims,
                              size_t n)
{
    int64_t *users = ARENA_ARRAY(a, int64_t, n);
    const char **keys = ARENA_ARRAY(a, const char *, n);
    struct pg_args *args = pg_args(a);

    for (size_t i = 0; i < n; i++) {
        users[i] = claims[i]->user_id;
        keys[i] = claims[i]->key;
    }
    pg_add_i64s(args, users, n);
    pg_add_texts(args, keys, n);
    pg_queue(tx, &sql_order_release_keys, args);
}

struct err order_store_find_key(struct pg *pg, struct arena *a, int64_t user_id, const char *key,
                                struct order_key *out)
{
    struct pg_args *args = pg_args(a);
    struct pg_rows rows;
    struct err e;

    pg_add_i64(args, user_id);
    pg_add_text(args, key);
    e = pg_exec(pg, &sql_order_find_key, args, a, &rows);
    if (e.kind)
        return e;
    if (rows.n == 0)
        return ERR(ERR_NOT_FOUND, "the key was not used");
    out->body_hash = pg_text(&rows, 0, 0);
    out->order_id = pg_id(&rows, 0, 1);
    out->number = pg_text(&rows, 0, 2);
    out->total = pg_i64(&rows, 0, 3);
    out->currency = pg_text(&rows, 0, 4);
    return OK;
}

static void queue_orders(struct pg *tx, struct arena *a, struct order *const *orders, size_t n)
{
    struct id *ids = ARENA_ARRAY(a, struct id, n);
    int64_t *users = ARENA_ARRAY(a, int64_t, n);
    struct pg_args *args = pg_args(a);

    for (size_t i = 0; i < n; i++) {
        ids[i] = orders[i]->id;
        users[i] = orders[i]->user_id;
    }
    pg_add_ids(args, ids, n);
    pg_add_i64s(args, users, n);
    pg_queue(tx, &sql_order_insert, args);
}

static const char **texts_of(struct arena *a, struct order *const *orders, size_t n, size_t offset)
{
    const char **texts = ARENA_ARRAY(a, const char *, n);

    for (size_t i = 0; i < n; i++)
        memcpy(&texts[i], (const char *)orders[i] + offset, sizeof texts[i]);
    return texts;
}

static int64_t *numbers_of(struct arena *a, struct order *const *orders, size_t n, size_t offset)
{
    int64_t *numbers = ARENA_ARRAY(a, int64_t, n);

    for (size_t i = 0; i < n; i++)
        memcpy(&numbers[i], (const char *)orders[i] + offset, sizeof numbers[i]);
    return numbers;
}

/* A column of one field of all orders. */
#define TEXTS(field) pg_add_texts(args, texts_of(a, orders, n, offsetof(struct order, field)), n)
#define NUMBERS(field) pg_add_i64s(args, numbers_of(a, orders, n, offsetof(struct order, field)), n)

static void queue_details(struct pg *tx, struct arena *a, struct order *const *orders, size_t n)
{
    struct id *ids = ARENA_ARRAY(a, struct id, n);
    struct pg_args *args = pg_args(a);

    for (size_t i = 0; i < n; i++)
        ids[i] = orders[i]->id;
    pg_add_ids(args, ids, n);
    TEXTS(number);
    TEXTS(email);
    TEXTS(username);
    TEXTS(currency);
    NUMBERS(subtotal);
    NUMBERS(shipping);
    TEXTS(items);
    TEXTS(shipping_address);
    NUMBERS(created_us);
    NUMBERS(expires_us);
    pg_queue(tx, &sql_order_insert_details, args);
}

void order_store_insert(struct pg *tx, struct arena *a, struct order *const *orders, size_t n)
{
    queue_orders(tx, a, orders, n);
    queue_details(tx, a, orders, n);
}

struct err order_store_take_numbers(struct pg *pg, struct arena *a, uint32_t *first)
{
    struct pg_rows rows;
    struct err e = pg_exec(pg, &sql_order_take_numbers, NULL, a, &rows);

    if (!e.kind)
        *first = (uint32_t)(pg_i64(&rows, 0, 0) * 1024);
    return e;
}

struct err order_store_sweep_keys(struct pg *tx, struct arena *a, int64_t before_us, int64_t *n)
{
    struct pg_args *args = pg_args(a);
    struct pg_rows rows;
    struct err e;

    pg_add_i64(args, before_us);
    e = pg_exec(tx, &sql_order_sweep_keys, args, a, &rows);
    *n = e.kind ? 0 : rows.n_affected;
    return e;
}

/* ---- showing ---- */

static void read_order(const struct pg_rows *r, size_t i, struct order *o)
{
    o->id = pg_id(r, i, 0);
    o->number = pg_text(r, i, 1);
    o->user_id = pg_i64(r, i, 2);
    if (!order_status_parse(pg_text(r, i, 3), &o->status) ||
        !payment_status_parse(pg_text(r, i, 4), &o->payment))
        log_error("order.status_unknown", kv_id("order_id", &o->id));
    o->version = pg_i64(r, i, 5);
    o->cancel_reason = pg_text(r, i, 6);
    o->payment_url = pg_text(r, i, 7);
    o->payment_expires_us = pg_i64(r, i, 8);
    o->currency = pg_text(r, i, 9);
    o->subtotal = pg_i64(r, i, 10);
    o->shipping = pg_i64(r, i, 11);
    o->total = pg_i64(r, i, 12);
    o->items = pg_text(r, i, 13);
    o->shipping_address = pg_text(r, i, 14);
    o->created_us = pg_i64(r, i, 15);
    o->expires_us = pg_i64(r, i, 16);
}

struct err order_store_get(struct pg *pg, struct arena *a, const struct id *id, struct order *out)
{
    struct pg_args *args = pg_args(a);
    struct pg_rows rows;
    struct err e;

    pg_add_id(args, id);
    e = pg_exec(pg, &sql_order_get, args, a, &rows);
    if (e.kind)
        return e;
    if (rows.n == 0)
        return ERR(ERR_NOT_FOUND, "no such order");
    memset(out, 0, sizeof *out);
    read_order(&rows, 0, out);
    return OK;
}

struct err order_store_list(struct pg *pg, struct arena *a, const struct order_filter *f,
                            struct order_list *out)
{
    struct pg_args *args = pg_args(a);
    struct pg_rows rows;
    struct err e;

    if (f->user_id)
        pg_add_i64(args, f->user_id);
    pg_add_id(args, &f->before);
    pg_add_text(args, f->status);
    pg_add_i64(args, f->limit);
    e = pg_exec(pg, f->user_id ? &sql_order_list : &sql_order_list_all, args, a, &rows);
    if (e.kind)
        return e;
    out->n = rows.n;
    out->orders = ARENA_ARRAY(a, struct order, rows.n);
    for (size_t i = 0; i < rows.n; i++)
        read_order(&rows, i, &out->orders[i]);
    return OK;
}

struct err order_store_history(struct pg *pg, struct arena *a, const struct id *id,
                               struct order_history *out)
{
    struct pg_args *args = pg_args(a);
    struct pg_rows rows;
    struct err e;

    pg_add_id(args, id);
    e = pg_exec(pg, &sql_order_history_get, args, a, &rows);
    if (e.kind)
        return e;
    out->n = rows.n;
    out->steps = ARENA_ARRAY(a, struct order_past, rows.n);
    for (size_t i = 0; i < rows.n; i++)
        out->steps[i] =
            (struct order_past){pg_text(&rows, i, 0), pg_text(&rows, i, 1), pg_i64(&rows, i, 2)};
    return OK;
}
