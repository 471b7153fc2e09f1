/* main.c - the cart service. */
#include "app/app.h"
#include "sql_cart.h"
#include "workers/cart/cart.h"
#include "workers/cart/domain.h"
#include "workers/cart/events.h"
#include "workers/cart/http.h"
#include "workers/cart/worker.h"

static struct cart_config config;

/* clang-format off */
static const struct env_row settings[] = {
    ENV_TEXT("PRODUCT_URL", struct cart_config, product_url, "http://127.0.0.1:8002"),
};

static const struct route routes[] = {
    {"GET",    "/api/v1/cart",                  AUTH_USER,     http_show_cart},
    {"DELETE", "/api/v1/cart",                  AUTH_USER,     http_clear_cart},
    {"POST",   "/api/v1/cart/item",             AUTH_USER,     http_add_item},
    {"PUT",    "/api/v1/cart/item/:product_id", AUTH_USER,     http_set_item},
    {"DELETE", "/api/v1/cart/item/:product_id", AUTH_USER,     http_remove_item},
    {"GET",    "/internal/cart/:user_id",       AUTH_INTERNAL, http_show_items},
    {NULL,     NULL,                            AUTH_NONE,     NULL},
};

static const struct hear_row hears[] = {
    {STREAM_ORDERS,   cart_hear_orders,   purchase_is_told_by},
    {STREAM_PRODUCTS, cart_hear_products, NULL},
    {NULL, NULL, NULL},
};
/* clang-format on */

static struct cart_domain domain;

static struct err start(struct app *app, void **out)
{
    domain = (struct cart_domain){
        .carts = app->carts,
        .stock = {app->fetch, config.product_url, app->internal_secret},
    };
    *out = &domain;
    return OK;
}

static const struct service cart = {
    .name = "cart",
    .settings = settings,
    .n_settings = sizeof settings / sizeof *settings,
    .config = &config,
    .routes = routes,
    .hears = hears,
    .statements = cart_statements,
    .migrations = cart_migrations,
    .wants_carts = true,
    .start = start,
};

int main(int argc, char **argv)
{
    return app_main(argc, argv, &cart);
}
