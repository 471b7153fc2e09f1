/* http_admin.c - what an admin does to products: make, change, remove, move stock. Each change that
 * others have a copy of is told in the same transaction. */
#include <string.h>

#include "workers/product/events.h"
#include "workers/product/http.h"
#include "workers/product/store.h"

#define CATEGORIES_MAX 20
#define REASON_MAX 200

struct wish { /* what the body asks for */
    struct product product;
    bool sets_stock, sets_categories;
    int64_t stock;
    int64_t categories[CATEGORIES_MAX];
    size_t n_categories;
};

static void read_categories(struct form *f, struct wish *w)
{
    json_t *list = form_array(f, "category_ids", FORM_OPTIONAL, 0, CATEGORIES_MAX), *id;
    size_t i;

    w->sets_categories = list != NULL;
    json_array_foreach(list, i, id)
    {
        if (!json_is_integer(id) || json_integer_value(id) <= 0)
            form_fail(f, arena_printf(f->arena, "category_ids[%zu]", i), "must be a category's id");
        w->categories[w->n_categories++] = json_integer_value(id);
    }
}

/* *w holds the product as it is, or a zeroed one. */
static struct err read_wish(struct request *req, enum form_need need, struct wish *w)
{
    product_read(&req->form, need, &w->product);
    w->sets_stock = form_has(&req->form, "stock");
    w->stock = form_i64_or(&req->form, "stock", 0, 0, PRODUCT_STOCK_MAX);
    read_categories(&req->form, w);
    return req_check(req);
}

static void tell(struct request *req, struct pg *tx, int64_t product_id, const char *type,
                 const char *data)
{
    struct outbox *o = app_outbox(req->app, req->arena);
    const char *subject = arena_printf(req->arena, "%lld", (long long)product_id);

    outbox_tell(o, (struct fact){.stream = STREAM_PRODUCTS,
                                 .type = type,
                                 .subject = subject,
                                 .traceparent = req->traceparent,
                                 .data = data});
    outbox_save(o, tx);
}

static void tell_changed(struct request *req, struct pg *tx, const struct product *p)
{
    tell(req, tx, p->id, "ProductChanged", product_changed_data(req->arena, p));
}

static struct err move(struct request *req, struct pg *tx, int64_t product_id, int64_t delta,
                       const char *reason)
{
    const struct movement m = {product_id, delta, req->user.user_id, reason};

    return delta == 0 ? OK : product_store_move(tx, req->arena, &m);
}

static json_t *changed_json(struct request *req, const char *message, const struct product *p)
{
    return json_pack("{s:s, s:o}", "message", message, "product", product_json(req->arena, p));
}

/* ---- POST /api/v1/products ---- */

/* *out: the product as others will find it. */
static struct err insert(struct request *req, struct pg *tx, struct wish *w, struct product *out)
{
    struct err e = product_store_insert(tx, req->arena, &w->product);

    if (!e.kind)
        e = move(req, tx, w->product.id, w->stock, "first stock");
    if (!e.kind && w->n_categories > 0)
        e = product_store_set_categories(tx, req->arena, w->product.id, w->categories,
                                         w->n_categories);
    if (!e.kind)
        e = product_store_find(tx, req->arena, w->product.id, out);
    if (!e.kind)
        tell_changed(req, tx, out);
    return e;
}

/* For a name with neither Latin letters nor digits. */
static const char *made_up_slug(struct arena *a)
{
    struct id id = id_new();
    char text[ID_TEXT_SIZE];

    id_format(&id, text);
    return arena_printf(a, "product-%s", strrchr(text, '-') + 1);
}

/* 201; 409 when a product with this slug exists. */
struct err http_create_product(struct request *req)
{
    struct wish w = {.product = {.active = true}};
    struct product made;
    struct pg *tx;
    bool answered;
    struct err e = read_wish(req, FORM_REQUIRED, &w);

    if (e.kind)
        return e;
    e = http_answered_before(req, &answered);
    if (e.kind || answered)
        return e;
    if (!w.product.slug)
        w.product.slug = made_up_slug(req->arena);
    e = pg_begin(req->pg, req->arena, &tx);
    if (e.kind)
        return e;
    e = insert(req, tx, &w, &made);
    return http_created(req, tx, e, 201,
                        e.kind ? NULL : changed_json(req, "Product created", &made));
}

/* ---- PUT /api/v1/products/:id ---- */

/* The body's `stock` is what a reader of the product sees: free and held together. */
static struct err set_stock(struct request *req, struct pg *tx, const struct wish *w)
{
    struct product now = {.id = w->product.id};
    struct err e;

    if (!w->sets_stock)
        return OK;
    e = product_store_stock(tx, req->arena, &now);
    if (e.kind)
        return e;
    return move(req, tx, now.id, w->stock - now.on_hand - now.held, "set to a count");
}

static struct err change(struct request *req, struct pg *tx, int64_t id, struct product *out)
{
    struct wish w = {0};
    struct product before;
    struct err e = product_store_lock(tx, req->arena, id, &before);

    if (e.kind)
        return e;
    w.product = before;
    e = read_wish(req, FORM_OPTIONAL, &w);
    if (!e.kind)
        e = product_store_update(tx, req->arena, &w.product);
    if (!e.kind)
        e = set_stock(req, tx, &w);
    if (!e.kind && w.sets_categories)
        e = product_store_set_categories(tx, req->arena, id, w.categories, w.n_categories);
    if (!e.kind)
        e = product_store_find(tx, req->arena, id, out);
    if (!e.kind && product_differs(&before, out))
        tell_changed(req, tx, out);
    return e;
}

/* 200; any subset of the fields. */
struct err http_change_product(struct request *req)
{
    struct product changed;
    struct pg *tx;
    int64_t id;
    struct err e = req_param_i64(req, "id", &id);

    if (e.kind)
        return e;
    e = pg_begin(req->pg, req->arena, &tx);
    if (e.kind)
        return e;
    e = http_commit(req, tx, change(req, tx, id, &changed));
    if (e.kind)
        return e;
    return reply_json(req, 200, changed_json(req, "Product updated", &changed));
}

/* ---- DELETE /api/v1/products/:id ---- */

static struct err removal(struct request *req, struct pg *tx, int64_t id)
{
    int64_t version;
    struct err e = product_store_remove(tx, req->arena, id, &version);

    if (!e.kind)
        tell(req, tx, id, "ProductRemoved", product_removed_data(req->arena, id, version));
    return e;
}

/* 200. The row stays, for orders that name it; nobody finds or orders it any more. */
struct err http_remove_product(struct request *req)
{
    struct pg *tx;
    int64_t id;
    struct err e = req_param_i64(req, "id", &id);

    if (e.kind)
        return e;
    e = pg_begin(req->pg, req->arena, &tx);
    if (e.kind)
        return e;
    e = http_commit(req, tx, removal(req, tx, id));
    return e.kind ? e : reply_message(req, 200, "Product deleted");
}

/* ---- POST /api/v1/products/:id/stock ---- */

static struct err move_and_read(struct request *req, struct pg *tx, const struct movement *m,
                                struct product *out)
{
    struct err e = product_store_lock(tx, req->arena, m->product_id, out);

    if (!e.kind)
        e = product_store_move(tx, req->arena, m);
    if (!e.kind)
        e = product_store_find(tx, req->arena, m->product_id, out);
    return e;
}

static json_t *moved_json(struct request *req, const struct product *p)
{
    return json_pack("{s:o}", "product", product_json(req->arena, p));
}

/* 200 and the product; 409 when less than that is free. A repetition under the same key moves
 * nothing. */
struct err http_move_stock(struct request *req)
{
    struct movement m = {.user_id = req->user.user_id};
    struct product moved;
    struct pg *tx;
    bool answered;
    struct err e = req_param_i64(req, "id", &m.product_id);

    if (e.kind)
        return e;
    m.delta = form_i64(&req->form, "delta", -PRODUCT_STOCK_MAX, PRODUCT_STOCK_MAX);
    m.reason = form_text(&req->form, "reason", FORM_REQUIRED, 1, REASON_MAX);
    if (m.delta == 0)
        form_fail(&req->form, "delta", "must not be 0");
    e = req_check(req);
    if (e.kind)
        return e;
    e = http_answered_before(req, &answered);
    if (e.kind || answered)
        return e;
    e = pg_begin(req->pg, req->arena, &tx);
    if (e.kind)
        return e;
    e = move_and_read(req, tx, &m, &moved);
    return http_created(req, tx, e, 200, e.kind ? NULL : moved_json(req, &moved));
}
