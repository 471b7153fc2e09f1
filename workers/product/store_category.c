/* store_category.c - the tree of categories. */
#include <string.h>

#include "sql_product.h"
#include "workers/product/store.h"

static struct category category_row(const struct pg_rows *r, size_t i)
{
    return (struct category){pg_i64(r, i, 0), pg_text(r, i, 1), pg_text(r, i, 2), pg_i64(r, i, 3)};
}

struct err category_store_list(struct pg *pg, struct arena *a, struct category **out, size_t *n)
{
    struct pg_rows rows;
    struct err e = pg_exec(pg, &sql_category_list, NULL, a, &rows);

    if (e.kind)
        return e;
    *n = rows.n;
    *out = ARENA_ARRAY(a, struct category, rows.n);
    for (size_t i = 0; i < rows.n; i++)
        (*out)[i] = category_row(&rows, i);
    return OK;
}

struct err category_store_find(struct pg *pg, struct arena *a, int64_t id, struct category *out)
{
    struct pg_args *args = pg_args(a);
    struct pg_rows rows;
    struct err e;

    pg_add_i64(args, id);
    e = pg_exec(pg, &sql_category_by_id, args, a, &rows);
    if (e.kind)
        return e;
    if (rows.n == 0)
        return ERR(ERR_NOT_FOUND, "no such category");
    *out = category_row(&rows, 0);
    return OK;
}

static struct err told(const struct pg *tx, struct err e)
{
    const char *constraint = e.kind == ERR_CONFLICT ? pg_constraint(tx) : "";

    if (strcmp(constraint, "category_slug_is_taken") == 0)
        return ERR(ERR_CONFLICT, "a category with this slug exists");
    if (strcmp(constraint, "category_parent") == 0)
        return ERR(ERR_INVALID, "no such parent category");
    return e;
}

static void add_parent(struct pg_args *args, const struct category *c)
{
    if (c->parent_id)
        pg_add_i64(args, c->parent_id);
    else
        pg_add_text(args, NULL);
}

struct err category_store_insert(struct pg *tx, struct arena *a, struct category *c)
{
    struct pg_args *args = pg_args(a);
    struct pg_rows rows;
    struct err e;

    pg_add_text(args, c->name);
    pg_add_text(args, c->slug);
    add_parent(args, c);
    e = pg_exec(tx, &sql_category_insert, args, a, &rows);
    if (e.kind)
        return told(tx, e);
    if (rows.n == 0)
        return ERR(ERR_CONFLICT, "the tree of categories would get too deep");
    c->id = pg_i64(&rows, 0, 0);
    return OK;
}

struct err category_store_update(struct pg *tx, struct arena *a, const struct category *c)
{
    struct pg_args *args = pg_args(a);
    struct pg_rows rows;
    struct err e;

    pg_queue(tx, &sql_category_lock_tree, NULL);
    pg_add_i64(args, c->id);
    pg_add_text(args, c->name);
    pg_add_text(args, c->slug);
    add_parent(args, c);
    e = pg_exec(tx, &sql_category_update, args, a, &rows);
    if (e.kind)
        return told(tx, e);
    if (rows.n == 0)
        return ERR(ERR_CONFLICT, "the new parent lies below the category, or too deep");
    return OK;
}

struct err category_store_delete(struct pg *tx, struct arena *a, int64_t id)
{
    struct pg_args *args = pg_args(a);
    struct pg_rows rows;
    struct err e;

    pg_add_i64(args, id);
    e = pg_exec(tx, &sql_category_delete, args, a, &rows);
    if (e.kind == ERR_CONFLICT)
        return ERR(ERR_CONFLICT, "the category has categories below it");
    if (e.kind)
        return e;
    return rows.n > 0 ? OK : ERR(ERR_NOT_FOUND, "no such category");
}
