/* checkout.c - one order's way: its key, its cart, its place in the next commit. */
#include "workers/order/checkout.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "workers/order/place.h"

#define CART_TIMEOUT_US (2 * US_PER_S)

struct checkout *checkout_new(struct app *app, const struct order_config *config)
{
    struct checkout *c = calloc(1, sizeof *c);

    if (!c)
        abort();
    c->app = app;
    c->config = config;
    c->gather.run = place_orders;
    c->gather.context = c;
    c->gather.max_items = PLACE_MAX_ITEMS;
    c->gather.longest_pause_us = GATHER_COMMIT_PAUSE_US;
    return c;
}

/* ---- keys ---- */

static bool enter(struct checkout *c, struct key_in_flight *k)
{
    for (const struct key_in_flight *other = c->keys; other; other = other->next)
        if (other->user_id == k->user_id && strcmp(other->key, k->key) == 0)
            return false;
    k->next = c->keys;
    c->keys = k;
    return true;
}

static void leave(struct checkout *c, struct key_in_flight *k)
{
    struct key_in_flight **at = &c->keys;

    while (*at != k)
        at = &(*at)->next;
    *at = k->next;
}

/* The answer given before. ERR_NOT_FOUND: none was. */
static struct err answer_again(struct request *req, struct order *out)
{
    struct order_key key;
    struct err e =
        order_store_find_key(req->pg, req->arena, req->user.user_id, req->idempotency_key, &key);

    if (e.kind)
        return e;
    if (strcmp(key.body_hash, req->body_hash) != 0)
        return ERR(ERR_UNFIT, "this Idempotency-Key was used with another body");
    out->id = key.order_id;
    out->number = key.number;
    out->total = key.total;
    out->currency = key.currency;
    return OK;
}

/* ---- the cart ---- */

static struct err fetch_cart(struct checkout *c, struct request *req, json_t **out)
{
    const char *const headers[] = {
        arena_printf(req->arena, "X-Internal-Secret: %s", c->app->internal_secret),
        arena_printf(req->arena, "X-Correlation-ID: %s", req->correlation_id),
        arena_printf(req->arena, "traceparent: %s", req->traceparent),
        NULL,
    };
    const struct fetch_request call = {
        .method = "GET",
        .base = c->config->cart_url,
        .path = arena_printf(req->arena, "/internal/cart/%lld", (long long)req->user.user_id),
        .headers = headers,
        .timeout_us = CART_TIMEOUT_US,
    };
    struct fetch_response answer;
    struct err e = fetch_call(c->app->fetch, &call, req->arena, &answer);

    if (!e.kind && answer.status == 200)
        return json_read(req->arena, answer.body, answer.n_body, out);
    log_warn("cart.unreachable", kv_err(e), kv_i64("status", e.kind ? 0 : answer.status));
    return ERR(ERR_UNAVAILABLE, "the cart does not answer");
}

static struct err name_product(struct request *req, struct err e, int64_t product_id)
{
    if (e.kind != ERR_UNFIT || !product_id)
        return e;
    return reply_problem(
        req, ERR_UNFIT, arena_printf(req->arena, "product %lld %s", (long long)product_id, e.what));
}

static struct err take_cart(struct checkout *c, struct request *req, struct wish *wish)
{
    json_t *cart;
    int64_t product_id = 0;
    struct err e = fetch_cart(c, req, &cart);

    if (e.kind)
        return e;
    e = wish_take_cart(wish, req->arena, cart, &product_id);
    return name_product(req, e, product_id);
}

/* ---- the order ---- */

static struct placing placing_of(const struct checkout *c, struct request *req,
                                 const struct wish *wish, struct order *o)
{
    o->id = id_new();
    o->user_id = req->user.user_id;
    o->email = req->user.email ? req->user.email : "";
    o->username = req->user.username ? req->user.username : "";
    o->shipping_address = wish->shipping_address;
    o->created_us = req->now_us;
    o->expires_us = req->now_us + c->config->ttl_s * US_PER_S;
    return (struct placing){
        .order = o,
        .arena = req->arena,
        .lines = wish->lines,
        .n_lines = wish->n_lines,
        .traceparent = req->traceparent,
        .claim = {o->user_id, req->idempotency_key, req->body_hash, o->id, false},
    };
}

static struct err place(struct checkout *c, struct request *req, struct wish *wish,
                        struct order *out)
{
    struct placing p;
    struct err e;

    if (wish->from_cart &&
        req->idempotency_key) { /* the cart may be another by now: the answer may not */
        e = answer_again(req, out);
        if (e.kind != ERR_NOT_FOUND)
            return e;
    }
    if (wish->from_cart) {
        e = take_cart(c, req, wish);
        if (e.kind)
            return e;
    }
    p = placing_of(c, req, wish, out);
    e = gather_submit(&c->gather, &p.item);
    if (e.kind)
        return e;
    if (p.result.kind == ERR_DUPLICATE) {
        e = answer_again(req, out);
        return e.kind == ERR_NOT_FOUND
                   ? ERR(ERR_UNAVAILABLE, "the key was given up meanwhile: try again")
                   : e;
    }
    return name_product(req, p.result, p.product_id);
}

struct err checkout_place(struct checkout *c, struct request *req, struct wish *wish,
                          struct order *out)
{
    struct key_in_flight *key = ARENA_NEW(req->arena, struct key_in_flight);
    struct err e;

    memset(out, 0, sizeof *out);
    if (!req->idempotency_key)
        return place(c, req, wish, out);
    *key = (struct key_in_flight){NULL, req->user.user_id, req->idempotency_key};
    if (!enter(c, key))
        return ERR(ERR_CONFLICT, "a request with this Idempotency-Key is under way");
    e = place(c, req, wish, out);
    leave(c, key);
    return e;
}
