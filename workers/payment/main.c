/* main.c - the payment service: charges, notifications, refunds. The tables of settings, routes,
 * streams and jobs. */
#include "app/app.h"
#include "base/clock.h"
#include "base/log.h"
#include "sql_payment.h"
#include "workers/payment/domain.h"
#include "workers/payment/events.h"
#include "workers/payment/http.h"
#include "workers/payment/worker.h"

#define EXAMPLE_KEY "SB-Mid-server-pasar-development"

static struct midtrans_config config;

/* clang-format off */
static const struct env_row settings[] = {
    {"MIDTRANS_SERVER_KEY", ENV_TYPE_SECRET, offsetof(struct midtrans_config, server_key), EXAMPLE_KEY, 16, 0, NULL},
    ENV_CHOICE("MIDTRANS_ENVIRONMENT", struct midtrans_config, environment, "sandbox",
               "sandbox production"),
    ENV_TEXT("MIDTRANS_SNAP_URL", struct midtrans_config, snap_url, ""),
    ENV_TEXT("MIDTRANS_API_URL", struct midtrans_config, api_url, ""),
    ENV_TEXT("MIDTRANS_NOTIFICATION_URL", struct midtrans_config, notification_url, ""),
};

static const struct route routes[] = {
    {"POST", "/api/v1/payment/webhook",                       AUTH_NONE,  http_webhook},
    {"GET",  "/api/v1/payment/:order_id",                     AUTH_USER,  http_get_payment},
    {"GET",  "/api/v1/admin/payments/open-items",             AUTH_ADMIN, http_list_open_items},
    {"POST", "/api/v1/admin/payments/open-items/:id/resolve", AUTH_ADMIN, http_resolve_open_item},
    {"POST", "/api/v1/admin/payments/:order_id/refund",       AUTH_ADMIN, http_refund},
    {NULL, NULL, AUTH_NONE, NULL},
};

static const struct hear_row hears[] = {
    {"stream:orders", worker_on_batch, heard_is_news},
    {"stream:stock",  worker_on_batch, heard_is_news},
    {NULL, NULL, NULL},
};

#define AT_ONCE 256 /* the runner claims no more than the narrowest kind has room for: none of them narrows it */
#define JOB(name, fn, seconds) {.kind = (name), .call = (fn), .settle = job_settle_news, .concurrency = AT_ONCE, .timeout_us = (seconds) * US_PER_S}

/* Calls in a row may be many (ask, close, ask again): their time is that of all of them. No more than it needs: a job
 * whose process died waits for twice as long. */
static const struct job_kind jobs[] = {
    JOB("charge",   job_charge,   6),
    JOB("deadline", job_deadline, 15),
    JOB("close",    job_close,    15),
    JOB("confirm",  job_confirm,  5),
    {.kind = "refund", .call = job_refund, .settle = job_settle_news, .concurrency = AT_ONCE, .timeout_us = 10 * US_PER_S,
     .free_timeouts = true}, /* what counts is how often the provider answered */
    JOB("review",   job_review,   10),
    {.kind = SWEEP_DEADLINES, .settle = worker_sweep_deadlines},
    {.kind = NULL},
};
/* clang-format on */

static const char *const streams[] = {"stream:payments", NULL};

static struct err start(struct app *app, void **domain)
{
    struct payments *ps;
    struct err e;

    if (app->production && strcmp(config.server_key, EXAMPLE_KEY) == 0) {
        log_error("payment.settings_refused",
                  kv_text("why", "MIDTRANS_SERVER_KEY is the example value"));
        return ERR(ERR_INVALID, "MIDTRANS_SERVER_KEY is the example value");
    }
    if (!*domain) { /* or we are here again: the database was away below */
        e = payments_new(app, &config, &ps);
        if (e.kind)
            return e;
        *domain = ps;
    }
    return app_recur(app, SWEEP_DEADLINES);
}

static const struct service payment = {
    .name = "payment",
    .settings = settings,
    .n_settings = sizeof settings / sizeof *settings,
    .config = &config,
    .routes = routes,
    .hears = hears,
    .jobs = jobs,
    .streams = streams,
    .statements = payment_statements,
    .migrations = payment_migrations,
    .start = start,
};

int main(int argc, char **argv)
{
    return app_main(argc, argv, &payment);
}
