/* store.c - the copy of the catalogue. */
#include "workers/cart/store.h"

#include <stdlib.h>
#include <string.h>

#include "sql_cart.h"

static struct err find(struct pg *pg, struct arena *a, const int64_t *ids, size_t n,
                       struct pg_rows *rows)
{
    struct pg_args *args = pg_args(a);

    pg_add_i64s(args, ids, n);
    return pg_exec(pg, &sql_catalogue_find, args, a, rows);
}

static struct product product_row(const struct pg_rows *r, size_t i)
{
    return (struct product){pg_i64(r, i, 0), pg_text(r, i, 1), pg_i64(r, i, 2), pg_text(r, i, 3),
                            pg_bool(r, i, 4)};
}

struct err catalogue_store_describe(struct pg *pg, struct arena *a, struct cart *c)
{
    int64_t *ids = ARENA_ARRAY(a, int64_t, c->n);
    struct product *products;
    struct pg_rows rows;
    struct err e;

    if (c->n == 0)
        return OK;
    for (size_t i = 0; i < c->n; i++)
        ids[i] = c->lines[i].product_id;
    e = find(pg, a, ids, c->n, &rows);
    if (e.kind)
        return e;
    products = ARENA_ARRAY(a, struct product, rows.n);
    for (size_t i = 0; i < rows.n; i++) {
        products[i] = product_row(&rows, i);
        for (size_t k = 0; k < c->n; k++)
            if (c->lines[k].product_id == products[i].id)
                c->lines[k].product = &products[i];
    }
    return OK;
}

struct err catalogue_store_find(struct pg *pg, struct arena *a, int64_t product_id,
                                struct product *out)
{
    struct pg_rows rows;
    struct err e = find(pg, a, &product_id, 1, &rows);

    *out = (struct product){.id = product_id};
    if (!e.kind && rows.n > 0)
        *out = product_row(&rows, 0);
    return e;
}

/* ---- a batch of news ---- */

static void save_changes(struct pg *tx, struct arena *a, const struct news *news, size_t n)
{
    struct pg_args *args = pg_args(a);
    int64_t *ids = ARENA_ARRAY(a, int64_t, n), *versions = ARENA_ARRAY(a, int64_t, n);
    int64_t *prices = ARENA_ARRAY(a, int64_t, n);
    const char **names = ARENA_ARRAY(a, const char *, n);
    const char **currencies = ARENA_ARRAY(a, const char *, n);
    const char **actives = ARENA_ARRAY(a, const char *, n);
    size_t k = 0;

    for (size_t i = 0; i < n; i++) {
        const struct product *p = &news[i].product;

        if (news[i].is_removal)
            continue;
        ids[k] = p->id;
        versions[k] = news[i].version;
        names[k] = p->name;
        prices[k] = p->price_minor;
        currencies[k] = p->currency;
        actives[k++] = p->active ? "true" : "false";
    }
    if (k == 0)
        return;
    pg_add_i64s(args, ids, k);
    pg_add_i64s(args, versions, k);
    pg_add_texts(args, names, k);
    pg_add_i64s(args, prices, k);
    pg_add_texts(args, currencies, k);
    pg_add_texts(args, actives, k);
    pg_queue(tx, &sql_catalogue_save, args);
}

static void save_removals(struct pg *tx, struct arena *a, const struct news *news, size_t n)
{
    struct pg_args *args = pg_args(a);
    int64_t *ids = ARENA_ARRAY(a, int64_t, n), *versions = ARENA_ARRAY(a, int64_t, n);
    size_t k = 0;

    for (size_t i = 0; i < n; i++) {
        if (!news[i].is_removal)
            continue;
        ids[k] = news[i].product.id;
        versions[k++] = news[i].version;
    }
    if (k == 0)
        return;
    pg_add_i64s(args, ids, k);
    pg_add_i64s(args, versions, k);
    pg_queue(tx, &sql_catalogue_retire, args);
}

void catalogue_store_save(struct pg *tx, struct arena *a, const struct news *news, size_t n)
{
    save_changes(tx, a, news, n);
    save_removals(tx, a, news, n);
}
