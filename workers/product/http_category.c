/* http_category.c - the tree of categories. */
#include "workers/product/http.h"
#include "workers/product/store.h"

/* GET /api/v1/categories: the tree. */
struct err http_list_categories(struct request *req)
{
    struct category *categories;
    size_t n;
    struct err e = category_store_list(req->pg, req->arena, &categories, &n);

    if (e.kind)
        return e;
    return reply_json(
        req, 200, json_pack("{s:o}", "categories", category_tree_json(req->arena, categories, n)));
}

static json_t *changed_json(const char *message, const struct category *c)
{
    return json_pack("{s:s, s:o}", "message", message, "category", category_json(c));
}

static struct err read_wish(struct request *req, enum form_need need, struct category *c)
{
    category_read(&req->form, need, c);
    if (c->name && !c->slug)
        form_fail(&req->form, "slug", "is required: the name has no Latin letter or digit");
    return req_check(req);
}

/* POST /api/v1/categories. 201; 409 when one with this slug exists. */
struct err http_create_category(struct request *req)
{
    struct category c = {0};
    struct pg *tx;
    bool answered;
    struct err e = read_wish(req, FORM_REQUIRED, &c);

    if (e.kind)
        return e;
    e = http_answered_before(req, &answered);
    if (e.kind || answered)
        return e;
    e = pg_begin(req->pg, req->arena, &tx);
    if (e.kind)
        return e;
    e = category_store_insert(tx, req->arena, &c);
    return http_created(req, tx, e, 201, e.kind ? NULL : changed_json("Category created", &c));
}

static struct err change(struct request *req, struct pg *tx, struct category *c)
{
    struct err e = category_store_find(tx, req->arena, c->id, c);

    if (!e.kind)
        e = read_wish(req, FORM_OPTIONAL, c);
    if (!e.kind)
        e = category_store_update(tx, req->arena, c);
    return e;
}

/* PUT /api/v1/categories/:id. 200; 409 when the new parent lies below it. `parent_id: null` puts it
 * at the top. */
struct err http_change_category(struct request *req)
{
    struct category c = {0};
    struct pg *tx;
    struct err e = req_param_i64(req, "id", &c.id);

    if (e.kind)
        return e;
    e = pg_begin(req->pg, req->arena, &tx);
    if (e.kind)
        return e;
    e = http_commit(req, tx, change(req, tx, &c));
    return e.kind ? e : reply_json(req, 200, changed_json("Category updated", &c));
}

/* DELETE /api/v1/categories/:id. 200; 409 while there are categories below it. Its products stay.
 */
struct err http_remove_category(struct request *req)
{
    struct pg *tx;
    int64_t id;
    struct err e = req_param_i64(req, "id", &id);

    if (e.kind)
        return e;
    e = pg_begin(req->pg, req->arena, &tx);
    if (e.kind)
        return e;
    e = http_commit(req, tx, category_store_delete(tx, req->arena, id));
    return e.kind ? e : reply_message(req, 200, "Category deleted");
}
