/* stock.c - asks the product service. */
#include "workers/cart/stock.h"

#include "base/clock.h"
#include "base/log.h"
#include "wrap/json.h"

#define PATIENCE_US (500 * US_PER_MS)

struct err offer_read(struct arena *a, const char *body, size_t n_body, int64_t product_id,
                      struct offer *out)
{
    json_t *root, *item;
    struct form f;
    size_t i;
    struct err e = json_read(a, body, n_body, &root);

    if (e.kind)
        return e;
    *out = (struct offer){false, false, 0};
    form_init(&f, a, root);
    json_array_foreach(form_array(&f, "products", FORM_REQUIRED, 0, 100), i, item)
    {
        struct form product;

        form_child(&product, &f, item, "products", (int)i);
        if (form_i64(&product, "id", 1, INT64_MAX) != product_id)
            continue;
        out->exists = true;
        out->active = form_bool_or(&product, "active", false);
        out->available = form_i64(&product, "available", 0, INT64_MAX);
    }
    return form_check(&f);
}

struct err stock_ask(const struct stock_source *s, struct arena *a, int64_t product_id,
                     struct offer *out)
{
    const char *headers[] = {arena_printf(a, "X-Internal-Secret: %s", s->secret), NULL};
    const struct fetch_request req = {
        .method = "GET",
        .base = s->base,
        .path = arena_printf(a, "/internal/products?ids=%lld", (long long)product_id),
        .headers = headers,
        .timeout_us = PATIENCE_US,
    };
    struct fetch_response answer;
    struct err e = fetch_call(s->fetch, &req, a, &answer);

    if (!e.kind && answer.status == 200)
        e = offer_read(a, answer.body, answer.n_body, product_id, out);
    else if (!e.kind)
        e = ERR(ERR_UNAVAILABLE, "product answers with a failure");
    if (!e.kind)
        return OK;
    log_warn("stock.not_told", kv_err(e));
    return ERR(ERR_UNAVAILABLE, "product does not say what is in stock");
}
