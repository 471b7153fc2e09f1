/* store_hold.c - the holds and the stock of a batch of orders: two statements to load, two to save.
 */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "sql_product.h"
#include "workers/product/store.h"

/* ---- holds ---- */

static int by_id(const void *a, const void *b)
{
    return id_compare(a, b);
}

static int by_order(const void *key, const void *hold)
{
    return id_compare(key, &((const struct hold *)hold)->order_id);
}

struct hold *hold_set_find(const struct hold_set *set, const struct id *order_id)
{
    return bsearch(order_id, set->rows, set->n, sizeof *set->rows, by_order);
}

static void take_ids(struct arena *a, const struct id *ids, size_t n, struct hold_set *set)
{
    struct id *sorted = arena_memdup(a, ids, n * sizeof *ids);

    qsort(sorted, n, sizeof *sorted, by_id);
    *set = (struct hold_set){ARENA_ARRAY(a, struct hold, n), NULL, 0};
    for (size_t i = 0; i < n; i++)
        if (i == 0 || !id_equal(&sorted[i], &sorted[i - 1]))
            set->rows[set->n++].order_id = sorted[i];
    set->stored = ARENA_ARRAY(a, enum hold_state, set->n);
}

/* Rows are lines, those of an order next to one another. */
static void take_lines(struct arena *a, const struct pg_rows *rows, struct hold_set *set)
{
    struct line *lines = ARENA_ARRAY(a, struct line, rows->n);
    struct hold *h = NULL;

    for (size_t i = 0; i < rows->n; i++) {
        struct id order_id = pg_id(rows, i, 0);

        lines[i] = (struct line){pg_i64(rows, i, 3), pg_i64(rows, i, 4)};
        if (!h || !id_equal(&h->order_id, &order_id)) {
            h = hold_set_find(set, &order_id);
            h->state = hold_state_of(pg_text(rows, i, 1));
            h->hold_until_us = pg_i64(rows, i, 2);
            h->lines = &lines[i];
            set->stored[h - set->rows] = h->state;
        }
        h->n_lines++;
    }
}

struct err hold_store_load(struct pg *tx, struct arena *a, const struct id *ids, size_t n,
                           struct hold_set *out)
{
    struct pg_args *args = pg_args(a);
    struct pg_rows rows;
    struct err e;

    take_ids(a, ids, n, out);
    pg_add_ids(args, ids, n);
    e = pg_exec(tx, &sql_hold_lock, args, a, &rows);
    if (!e.kind)
        take_lines(a, &rows, out);
    return e;
}

/* "{7,8}": unnest() flattens lists of lists, so each order's list travels as a text of its own. */
static const char *list_of(struct arena *a, const struct hold *h, bool quantities)
{
    struct buf b;

    buf_init(&b, a);
    for (size_t i = 0; i < h->n_lines; i++)
        buf_addf(&b, "%s%lld", i ? "," : "{",
                 (long long)(quantities ? h->lines[i].quantity : h->lines[i].product_id));
    buf_adds(&b, "}");
    return b.data;
}

void hold_store_save(struct pg *tx, struct arena *a, const struct hold_set *set)
{
    struct pg_args *args = pg_args(a);
    struct id *ids = ARENA_ARRAY(a, struct id, set->n);
    const char **states = ARENA_ARRAY(a, const char *, set->n);
    int64_t *until = ARENA_ARRAY(a, int64_t, set->n);
    const char **products = ARENA_ARRAY(a, const char *, set->n);
    const char **quantities = ARENA_ARRAY(a, const char *, set->n);
    size_t n = 0;

    for (size_t i = 0; i < set->n; i++) {
        const struct hold *h = &set->rows[i];

        if (h->state == set->stored[i])
            continue;
        ids[n] = h->order_id;
        states[n] = hold_state_name(h->state);
        until[n] = h->hold_until_us;
        products[n] = list_of(a, h, false);
        quantities[n] = list_of(a, h, true);
        n++;
    }
    if (n == 0)
        return;
    pg_add_ids(args, ids, n);
    pg_add_texts(args, states, n);
    pg_add_i64s(args, until, n);
    pg_add_texts(args, products, n);
    pg_add_texts(args, quantities, n);
    pg_queue(tx, &sql_hold_save, args);
}

void hold_store_drop_timers(struct pg *tx, struct arena *a, const struct hold_set *set)
{
    struct pg_args *args = pg_args(a);
    const char **keys = ARENA_ARRAY(a, const char *, set->n);
    size_t n = 0;

    for (size_t i = 0; i < set->n; i++) {
        char *key;

        if (set->stored[i] != HELD || set->rows[i].state == HELD)
            continue;
        key = arena_alloc(a, ID_TEXT_SIZE);
        id_format(&set->rows[i].order_id, key);
        keys[n++] = key;
    }
    if (n == 0)
        return;
    pg_add_texts(args, keys, n);
    pg_queue(tx, &sql_hold_timers_drop, args);
}

/* ---- stock ---- */

static int by_number(const void *a, const void *b)
{
    const int64_t *x = a, *y = b;

    return (*x > *y) - (*x < *y);
}

/* The products of all lines, each once, in order. */
static int64_t *products_of(struct arena *a, const struct hold_set *set, size_t *n)
{
    size_t n_lines = 0, kept = 0;
    int64_t *ids;

    for (size_t i = 0; i < set->n; i++)
        n_lines += set->rows[i].n_lines;
    ids = ARENA_ARRAY(a, int64_t, n_lines);
    *n = 0;
    for (size_t i = 0; i < set->n; i++)
        for (size_t j = 0; j < set->rows[i].n_lines; j++)
            ids[(*n)++] = set->rows[i].lines[j].product_id;
    qsort(ids, *n, sizeof *ids, by_number);
    for (size_t i = 0; i < *n; i++)
        if (kept == 0 || ids[kept - 1] != ids[i])
            ids[kept++] = ids[i];
    *n = kept;
    return ids;
}

struct err stock_store_load(struct pg *tx, struct arena *a, const struct hold_set *set,
                            struct stock *out)
{
    struct pg_args *args = pg_args(a);
    struct pg_rows rows;
    struct err e;
    size_t n;
    int64_t *ids = products_of(a, set, &n);

    *out = (struct stock){NULL, 0};
    if (n == 0)
        return OK;
    pg_add_i64s(args, ids, n);
    e = pg_exec(tx, &sql_stock_lock, args, a, &rows);
    if (e.kind)
        return e;
    *out = (struct stock){ARENA_ARRAY(a, struct balance, rows.n), rows.n};
    for (size_t i = 0; i < rows.n; i++)
        out->rows[i] = (struct balance){
            .product_id = pg_i64(&rows, i, 0),
            .on_hand = pg_i64(&rows, i, 1),
            .is_sold_here = pg_bool(&rows, i, 2),
        };
    return OK;
}

void stock_store_save(struct pg *tx, struct arena *a, const struct stock *s)
{
    struct pg_args *args = pg_args(a);
    int64_t *columns[4];
    size_t n = 0;

    for (size_t c = 0; c < 4; c++)
        columns[c] = ARENA_ARRAY(a, int64_t, s->n);
    for (size_t i = 0; i < s->n; i++) {
        const struct balance *b = &s->rows[i];

        if (!b->d_on_hand && !b->d_held && !b->d_sold)
            continue;
        columns[0][n] = b->product_id;
        columns[1][n] = b->d_on_hand;
        columns[2][n] = b->d_held;
        columns[3][n] = b->d_sold;
        n++;
    }
    if (n == 0)
        return;
    for (size_t c = 0; c < 4; c++)
        pg_add_i64s(args, columns[c], n);
    pg_queue(tx, &sql_stock_apply, args);
}
