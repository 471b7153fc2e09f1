/* main.c - the order service: from a cart to a paid order. The tables of settings, routes, streams
 * and jobs. */
#include "app/app.h"
#include "sql_order.h"
#include "workers/order/checkout.h"
#include "workers/order/http.h"
#include "workers/order/worker.h"

static struct order_config config;

/* clang-format off */
static const struct env_row settings[] = {
    ENV_INT("ORDER_TTL_SECONDS", struct order_config, ttl_s, "900", 1, 86400),
    ENV_TEXT("CART_URL", struct order_config, cart_url, "http://127.0.0.1:8003"),
};

static const struct route routes[] = {
    {"POST", "/api/v1/order",            AUTH_USER,  http_create_order},
    {"POST", "/api/v1/checkout",         AUTH_USER,  http_create_order},
    {"GET",  "/api/v1/order",            AUTH_USER,  http_list_orders},
    {"GET",  "/api/v1/order/:id",        AUTH_USER,  http_get_order},
    {"POST", "/api/v1/order/:id/cancel", AUTH_USER,  http_cancel_order},
    {"GET",  "/api/v1/admin/orders",     AUTH_ADMIN, http_list_all_orders},
    {NULL, NULL, AUTH_NONE, NULL},
};

static const struct hear_row hears[] = {
    {"stream:stock",    worker_on_steps,    NULL},
    {"stream:payments", worker_on_steps,    NULL},
    {"stream:products", worker_on_products, NULL},
    {NULL, NULL, NULL},
};

static const struct job_kind jobs[] = {
    {.kind = SWEEP_KEYS, .settle = worker_sweep_keys},
    {.kind = NULL},
};
/* clang-format on */

static const char *const streams[] = {"stream:orders", NULL};

static struct err start(struct app *app, void **domain)
{
    if (!*domain)
        *domain = checkout_new(app, &config);
    return app_recur(app, SWEEP_KEYS);
}

static const struct service order = {
    .name = "order",
    .settings = settings,
    .n_settings = sizeof settings / sizeof *settings,
    .config = &config,
    .routes = routes,
    .hears = hears,
    .jobs = jobs,
    .streams = streams,
    .statements = order_statements,
    .migrations = order_migrations,
    .start = start,
};

int main(int argc, char **argv)
{
    return app_main(argc, argv, &order);
}
