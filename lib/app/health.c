/* health.c - /livez: the process runs; /readyz: it can do its work; /metrics: Prometheus text. */
#include <string.h>

#include "app/private.h"
#include "base/clock.h"
#include "base/metric.h"
#include "loop/task.h"

static const char *database_state(const struct app *app)
{
    return pg_is_up(app->pg) ? "ok" : "not reachable";
}

static const char *redis_state(const struct app *app)
{
    if (!redis_is_up(app->redis))
        return "not reachable";
    return !app->carts || redis_is_up(app->carts) ? "ok" : "carts not reachable";
}

static const char *hearing_state(const struct app *app)
{
    const struct app_private *p = app->private;

    for (size_t i = 0; i < p->n_hearers; i++)
        if (!hearer_is_well(p->hearers[i]))
            return "a stream lacks entries, or is not the one that was heard: see hear.gap and "
                   "hear.rewound in the log";
    return "ok";
}

static const char *relay_state(const struct app *app)
{
    const char *why = "not well";

    return relay_is_well(app->private->relay, &why) ? "ok" : why;
}

static const char *start_state(const struct app *app)
{
    if (app->private->draining)
        return "stopping";
    return app->private->started ? "ok" : "starting";
}

static json_t *readiness(const struct app *app, bool *ready)
{
    json_t *checks = json_object();
    const char *name;
    json_t *value;

    json_object_set_new(checks, "service", json_string(start_state(app)));
    if (app->pg)
        json_object_set_new(checks, "database", json_string(database_state(app)));
    if (app->redis)
        json_object_set_new(checks, "redis", json_string(redis_state(app)));
    if (app->private->n_hearers)
        json_object_set_new(checks, "hearing", json_string(hearing_state(app)));
    if (app->private->relay)
        json_object_set_new(checks, "relay", json_string(relay_state(app)));
    *ready = true;
    json_object_foreach(checks, name,
                        value) if (strcmp(json_string_value(value), "ok") != 0) *ready = false;
    return json_pack("{s:b, s:o}", "ready", *ready, "checks", checks);
}

static void reply(struct http_request *http, int status, const char *type, const char *text)
{
    const struct http_header headers[] = {
        {"Content-Type", type}, {"Cache-Control", "no-store"}, {NULL, NULL}};

    http_reply(http, status, headers, text, strlen(text));
}

static void livez(struct app *app, struct http_request *http)
{
    (void)app;
    reply(http, 200, "application/json", "{\"alive\":true}");
}

static void readyz(struct app *app, struct http_request *http)
{
    struct arena *a = arena_new();
    bool ready;
    const char *text = json_text(a, readiness(app, &ready));

    reply(http, ready ? 200 : 503, "application/json", text);
    arena_free(a);
}

static void metrics(struct app *app, struct http_request *http)
{
    struct arena *a = arena_new();
    struct buf b;
    bool ready;

    json_decref(readiness(app, &ready));
    metric_set(metric_gauge("app_ready", "1 when /readyz says so.", NULL), ready);
    metric_set(metric_gauge("app_tasks", "Tasks alive.", NULL), task_count(app->loop));
    metric_set(metric_gauge("app_uptime_seconds", "Since the process began.", NULL),
               (clock_mono_us() - app->private->born_mono_us) / US_PER_S);
    metric_set(metric_gauge("http_requests_pending", "Requests not answered yet.", NULL),
               httpd_n_pending(app->private->httpd));
    buf_init(&b, a);
    metric_write_all(&b);
    reply(http, 200, "text/plain; version=0.0.4; charset=utf-8", b.data ? b.data : "");
    arena_free(a);
}

bool health_serve(struct app *app, struct http_request *http)
{
    static const struct {
        const char *path;
        void (*serve)(struct app *app, struct http_request *http);
    } pages[] = {{"/livez", livez}, {"/readyz", readyz}, {"/metrics", metrics}};

    if (strcmp(http->method, "GET") != 0)
        return false;
    for (size_t i = 0; i < sizeof pages / sizeof *pages; i++) {
        if (strcmp(http->path, pages[i].path) != 0)
            continue;
        pages[i].serve(app, http);
        return true;
    }
    return false;
}
