/* main.c - the product service: the catalogue, and the stock that orders hold. */
#include "app/app.h"
#include "sql_product.h"
#include "workers/product/events.h"
#include "workers/product/http.h"
#include "workers/product/product.h"
#include "workers/product/worker.h"

static struct product_config config;

/* clang-format off */
static const struct env_row settings[] = {
    ENV_INT("HOLD_GRACE_SECONDS", struct product_config, hold_grace_s, "60", 0, 86400),
};

static const struct route routes[] = {
    {"GET",    "/api/v1/products",           AUTH_OPTIONAL, http_list_products},
    {"GET",    "/api/v1/products/:id",       AUTH_OPTIONAL, http_show_product},
    {"POST",   "/api/v1/products",           AUTH_ADMIN,    http_create_product},
    {"PUT",    "/api/v1/products/:id",       AUTH_ADMIN,    http_change_product},
    {"DELETE", "/api/v1/products/:id",       AUTH_ADMIN,    http_remove_product},
    {"POST",   "/api/v1/products/:id/stock", AUTH_ADMIN,    http_move_stock},
    {"GET",    "/api/v1/categories",         AUTH_NONE,     http_list_categories},
    {"POST",   "/api/v1/categories",         AUTH_ADMIN,    http_create_category},
    {"PUT",    "/api/v1/categories/:id",     AUTH_ADMIN,    http_change_category},
    {"DELETE", "/api/v1/categories/:id",     AUTH_ADMIN,    http_remove_category},
    {"GET",    "/internal/products",         AUTH_INTERNAL, http_brief_products},
    {NULL,     NULL,                         AUTH_NONE,     NULL},
};

static const struct hear_row hears[] = {
    {STREAM_ORDERS, product_hear_orders, NULL},
    {NULL, NULL, NULL},
};
/* clang-format on */

static const char *const streams[] = {STREAM_STOCK, STREAM_PRODUCTS, NULL};

static struct err start(struct app *app, void **domain)
{
    (void)app;
    *domain = &config;
    return OK;
}

static const struct service product = {
    .name = "product",
    .settings = settings,
    .n_settings = sizeof settings / sizeof *settings,
    .config = &config,
    .routes = routes,
    .hears = hears,
    .jobs = product_jobs,
    .streams = streams,
    .statements = product_statements,
    .migrations = product_migrations,
    .start = start,
};

int main(int argc, char **argv)
{
    return app_main(argc, argv, &product);
}
