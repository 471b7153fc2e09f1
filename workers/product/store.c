/* store.c - products and their stock as an admin moves it. */
#include "workers/product/store.h"

#include <string.h>

#include "sql_product.h"

/* The columns of product_by_id and its kin, in their order. */
static struct product product_row(const struct pg_rows *r, size_t i)
{
    return (struct product){
        .id = pg_i64(r, i, 0),
        .name = pg_text(r, i, 1),
        .slug = pg_text(r, i, 2),
        .description = pg_text(r, i, 3),
        .price_minor = pg_i64(r, i, 4),
        .currency = pg_text(r, i, 5),
        .weight_grams = pg_i64(r, i, 6),
        .image_urls = pg_text(r, i, 7),
        .active = pg_bool(r, i, 8),
        .version = pg_i64(r, i, 9),
        .created_us = pg_i64(r, i, 10),
        .updated_us = pg_i64(r, i, 11),
        .on_hand = pg_i64(r, i, 12),
        .held = pg_i64(r, i, 13),
        .sold = pg_i64(r, i, 14),
        .categories = pg_text(r, i, 15),
    };
}
#define COLUMN_TOTAL 16

static struct err list_page(struct pg *pg, struct arena *a, const struct product_query *q,
                            int64_t page, struct pg_rows *rows)
{
    struct pg_args *args = pg_args(a);

    if (q->category_id)
        pg_add_i64(args, q->category_id);
    else
        pg_add_text(args, NULL);
    pg_add_i64(args, q->min_price);
    pg_add_i64(args, q->max_price);
    pg_add_bool(args, q->with_inactive);
    pg_add_text(args, q->sort_by);
    pg_add_bool(args, q->descending);
    pg_add_i64(args, q->limit);
    pg_add_i64(args, (page - 1) * q->limit);
    if (q->search)
        pg_add_text(args, q->search);
    return pg_exec(pg, q->search ? &sql_product_search : &sql_product_list, args, a, rows);
}

struct err product_store_list(struct pg *pg, struct arena *a, const struct product_query *q,
                              struct product_page *out)
{
    struct pg_rows rows, first;
    struct err e = list_page(pg, a, q, q->page, &rows);

    if (e.kind)
        return e;
    *out = (struct product_page){ARENA_ARRAY(a, struct product, rows.n), rows.n, 0};
    for (size_t i = 0; i < rows.n; i++)
        out->products[i] = product_row(&rows, i);
    if (rows.n > 0)
        out->total = pg_i64(&rows, 0, COLUMN_TOTAL);
    if (rows.n > 0 || q->page == 1)
        return OK;
    e = list_page(pg, a, q, 1, &first); /* beyond the end: no row says how many there are */
    if (!e.kind && first.n > 0)
        out->total = pg_i64(&first, 0, COLUMN_TOTAL);
    return e;
}

static struct err find(struct pg *pg, struct arena *a, const struct sql *s,
                       const struct pg_args *args, struct product *out)
{
    struct pg_rows rows;
    struct err e = pg_exec(pg, s, args, a, &rows);

    if (e.kind)
        return e;
    if (rows.n == 0)
        return ERR(ERR_NOT_FOUND, "no such product");
    *out = product_row(&rows, 0);
    return OK;
}

struct err product_store_find(struct pg *pg, struct arena *a, int64_t id, struct product *out)
{
    struct pg_args *args = pg_args(a);

    pg_add_i64(args, id);
    return find(pg, a, &sql_product_by_id, args, out);
}

struct err product_store_find_slug(struct pg *pg, struct arena *a, const char *slug,
                                   struct product *out)
{
    struct pg_args *args = pg_args(a);

    pg_add_text(args, slug);
    return find(pg, a, &sql_product_by_slug, args, out);
}

struct err product_store_brief(struct pg *pg, struct arena *a, const int64_t *ids, size_t n,
                               struct product_page *out)
{
    struct pg_args *args = pg_args(a);
    struct pg_rows rows;
    struct err e;

    pg_add_i64s(args, ids, n);
    e = pg_exec(pg, &sql_product_brief, args, a, &rows);
    if (e.kind)
        return e;
    *out = (struct product_page){ARENA_ARRAY(a, struct product, rows.n), rows.n, (int64_t)rows.n};
    for (size_t i = 0; i < rows.n; i++)
        out->products[i] = (struct product){
            .id = pg_i64(&rows, i, 0),
            .on_hand = pg_i64(&rows, i, 1),
            .price_minor = pg_i64(&rows, i, 2),
            .name = pg_text(&rows, i, 3),
            .active = pg_bool(&rows, i, 4),
        };
    return OK;
}

static struct err told_slug(const struct pg *tx, struct err e)
{
    if (e.kind == ERR_CONFLICT && strcmp(pg_constraint(tx), "product_slug_is_taken") == 0)
        return ERR(ERR_CONFLICT, "a product with this slug exists");
    return e;
}

static struct err open_stock(struct pg *tx, struct arena *a, int64_t id)
{
    struct pg_args *args = pg_args(a);

    pg_add_i64(args, id);
    return pg_exec(tx, &sql_stock_open, args, a, NULL);
}

struct err product_store_insert(struct pg *tx, struct arena *a, struct product *p)
{
    struct pg_args *args = pg_args(a);
    struct pg_rows rows;
    struct err e;

    pg_add_text(args, p->name);
    pg_add_text(args, p->slug);
    pg_add_text(args, p->description);
    pg_add_i64(args, p->price_minor);
    pg_add_text(args, p->currency);
    pg_add_i64(args, p->weight_grams);
    pg_add_text(args, p->image_urls);
    pg_add_bool(args, p->active);
    e = pg_exec(tx, &sql_product_insert, args, a, &rows);
    if (e.kind)
        return told_slug(tx, e);
    p->id = pg_i64(&rows, 0, 0);
    return open_stock(tx, a, p->id);
}

struct err product_store_lock(struct pg *tx, struct arena *a, int64_t id, struct product *out)
{
    struct pg_args *args = pg_args(a);
    struct pg_rows rows;
    struct err e;

    pg_add_i64(args, id);
    e = pg_exec(tx, &sql_product_lock, args, a, &rows);
    if (e.kind)
        return e;
    if (rows.n == 0)
        return ERR(ERR_NOT_FOUND, "no such product");
    return product_store_find(tx, a, id,
                              out); /* a statement of its own: it sees what the lock waited for */
}

struct err product_store_update(struct pg *tx, struct arena *a, const struct product *p)
{
    struct pg_args *args = pg_args(a);
    struct pg_rows rows;
    struct err e;

    pg_add_i64(args, p->id);
    pg_add_i64(args, p->version);
    pg_add_text(args, p->name);
    pg_add_text(args, p->slug);
    pg_add_text(args, p->description);
    pg_add_i64(args, p->price_minor);
    pg_add_i64(args, p->weight_grams);
    pg_add_text(args, p->image_urls);
    pg_add_bool(args, p->active);
    e = pg_exec(tx, &sql_product_update, args, a, &rows);
    if (e.kind)
        return told_slug(tx, e);
    return rows.n_affected == 1 ? OK : ERR(ERR_CONFLICT, "the product has changed meanwhile");
}

struct err product_store_remove(struct pg *tx, struct arena *a, int64_t id, int64_t *version)
{
    struct pg_args *args = pg_args(a);
    struct pg_rows rows;
    struct err e;

    pg_add_i64(args, id);
    e = pg_exec(tx, &sql_product_remove, args, a, &rows);
    if (e.kind)
        return e;
    if (rows.n == 0)
        return ERR(ERR_NOT_FOUND, "no such product");
    *version = pg_i64(&rows, 0, 0);
    return OK;
}

struct err product_store_set_categories(struct pg *tx, struct arena *a, int64_t id,
                                        const int64_t *categories, size_t n)
{
    struct pg_args *clear = pg_args(a), *add = pg_args(a);
    struct err e;

    pg_add_i64(clear, id);
    pg_queue(tx, &sql_product_categories_clear, clear);
    pg_add_i64(add, id);
    pg_add_i64s(add, categories, n);
    e = pg_exec(tx, &sql_product_categories_add, add, a, NULL);
    if (e.kind == ERR_CONFLICT && strcmp(pg_constraint(tx), "product_category_known") == 0)
        return ERR(ERR_INVALID, "no such category");
    return e;
}

struct err product_store_move(struct pg *tx, struct arena *a, const struct movement *m)
{
    struct pg_args *args = pg_args(a);
    struct pg_rows rows;
    struct err e;

    pg_add_i64(args, m->product_id);
    pg_add_i64(args, m->delta);
    pg_add_text(args, m->reason);
    pg_add_i64(args, m->user_id);
    e = pg_exec(tx, &sql_stock_move, args, a, &rows);
    if (e.kind == ERR_CONFLICT && strcmp(pg_constraint(tx), "stock_is_not_negative") == 0)
        return ERR(ERR_CONFLICT, "less than that is free: the rest is held for orders");
    return e;
}

struct err product_store_stock(struct pg *tx, struct arena *a, struct product *p)
{
    struct pg_args *args = pg_args(a);
    struct pg_rows rows;
    struct err e;

    pg_add_i64(args, p->id);
    e = pg_exec(tx, &sql_stock_read_locked, args, a, &rows);
    if (e.kind)
        return e;
    if (rows.n == 0)
        return ERR(ERR_BUG, "a product without stock");
    p->on_hand = pg_i64(&rows, 0, 0);
    p->held = pg_i64(&rows, 0, 1);
    return OK;
}
