/* http.c - a customer's cart. */
#include "workers/cart/http.h"

#include "workers/cart/carts.h"
#include "workers/cart/domain.h"
#include "workers/cart/store.h"

static struct redis *carts(const struct request *req)
{
    return ((const struct cart_domain *)req->domain)->carts;
}

static struct err reply_cart(struct request *req, const char *message, struct cart *c)
{
    struct err e = catalogue_store_describe(req->pg, req->arena, c);
    json_t *shown;

    if (e.kind)
        return e;
    shown = cart_json(c, req->now_us);
    if (message)
        shown = json_pack("{s:s, s:o}", "message", message, "cart", shown);
    return reply_json(req, 200, shown);
}

/* GET /api/v1/cart. 200, in the order in which the lines were put in. */
struct err http_show_cart(struct request *req)
{
    struct cart c;
    struct err e = carts_read(carts(req), req->arena, req->user.user_id, &c);

    return e.kind ? e : reply_cart(req, NULL, &c);
}

/* Product knows best. When it does not answer, our copy of the catalogue says what exists and stock
 * is not looked at here: no cart holds stock anyway, product decides about every order by itself.
 */
static struct err look_up(struct request *req, int64_t product_id, struct offer *out)
{
    const struct cart_domain *d = req->domain;
    struct product copy;
    struct err e = stock_ask(&d->stock, req->arena, product_id, out);

    if (!e.kind)
        return OK;
    e = catalogue_store_find(req->pg, req->arena, product_id, &copy);
    if (!e.kind)
        *out = (struct offer){copy.name != NULL, copy.active, INT64_MAX};
    return e;
}

static struct err want(struct request *req, struct cart_edit *edit)
{
    struct offer offer;
    struct err e = req_check(req);

    if (e.kind)
        return e;
    e = look_up(req, edit->product_id, &offer);
    if (e.kind)
        return e;
    if (!offer.exists || !offer.active)
        return ERR(ERR_NOT_FOUND, "no such product");
    edit->user_id = req->user.user_id;
    edit->available = offer.available;
    return OK;
}

/* POST /api/v1/cart/item. 200; adds to the line of that product. 404 no such product, 409 beyond
 * stock or limits. */
struct err http_add_item(struct request *req)
{
    struct cart_edit edit = {0};
    struct cart c;
    struct err e;

    edit.product_id = form_i64(&req->form, "product_id", 1, INT64_MAX);
    edit.quantity = form_i64(&req->form, "quantity", 1, CART_QUANTITY_MAX);
    e = want(req, &edit);
    if (!e.kind)
        e = carts_add(carts(req), req->arena, &edit, &c);
    return e.kind ? e : reply_cart(req, "Item added to cart", &c);
}

/* PUT /api/v1/cart/item/:product_id. 200; 404 no such line, 409 beyond stock. */
struct err http_set_item(struct request *req)
{
    struct cart_edit edit = {0};
    struct cart c;
    struct err e = req_param_i64(req, "product_id", &edit.product_id);

    if (e.kind)
        return e;
    edit.quantity = form_i64(&req->form, "quantity", 1, CART_QUANTITY_MAX);
    e = want(req, &edit);
    if (!e.kind)
        e = carts_set(carts(req), req->arena, &edit, &c);
    return e.kind ? e : reply_cart(req, "Cart updated", &c);
}

/* DELETE /api/v1/cart/item/:product_id. 200, also when there was no such line: it is not there now.
 */
struct err http_remove_item(struct request *req)
{
    int64_t product_id;
    struct err e = req_param_i64(req, "product_id", &product_id);

    if (!e.kind)
        e = carts_remove(carts(req), req->arena, req->user.user_id, product_id);
    return e.kind ? e : reply_message(req, 200, "Item removed from cart");
}

/* DELETE /api/v1/cart. 200. */
struct err http_clear_cart(struct request *req)
{
    struct err e = carts_clear(carts(req), req->arena, req->user.user_id);

    return e.kind ? e : reply_message(req, 200, "Cart cleared");
}

/* GET /internal/cart/:user_id. 200 and what is in it, for the order that is to be made of it. */
struct err http_show_items(struct request *req)
{
    struct cart c;
    int64_t user_id;
    struct err e = req_param_i64(req, "user_id", &user_id);

    if (!e.kind)
        e = carts_read(carts(req), req->arena, user_id, &c);
    return e.kind ? e : reply_json(req, 200, cart_items_json(&c));
}
