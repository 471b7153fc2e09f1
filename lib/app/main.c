/* main.c - a service from its command line to its end. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "app/private.h"
#include "base/clock.h"
#include "base/metric.h"
#include "loop/task.h"
#include "sql_saga.h"

#define OFFLOAD_THREADS 2
#define OFFLOAD_QUEUE 64
#define FILES 4096

/* Found by jemalloc, which the services are linked with (not those with sanitizers, who bring their
 * own). A service is mostly small allocations of one thread: a single heap, and what has been free
 * for a second goes back. https://jemalloc.net/jemalloc.3.html#tuning */
extern const char *malloc_conf;
const char *malloc_conf = "narenas:1,dirty_decay_ms:1000,muzzy_decay_ms:0";

static const struct {
    const char *word;
    enum role role;
    const char *meaning;
} roles[] = {
    {"", ROLE_ALL, "serve HTTP, hear events, relay, run jobs"},
    {"http", ROLE_HTTP, "serve HTTP only"},
    {"worker", ROLE_WORKER, "hear events, relay, run jobs; HTTP for health only"},
    {"migrate", ROLE_MIGRATE, "bring the database forward, then exit"},
    {"check", ROLE_CHECK, "try settings, migrations and every statement, then exit"},
    {"jobs", ROLE_JOBS, "list | show | retry | drop: timers, calls, parked events, dead letters"},
};

static int usage(const char *name)
{
    fprintf(stderr, "usage:\n");
    for (size_t i = 0; i < sizeof roles / sizeof *roles; i++)
        fprintf(stderr, "  %s %-8s %s\n", name, roles[i].word, roles[i].meaning);
    return EXIT_USAGE;
}

static bool role_parse(int argc, char **argv, enum role *out)
{
    const char *word = argc >= 2 ? argv[1] : "";

    for (size_t i = 0; i < sizeof roles / sizeof *roles; i++) {
        *out = roles[i].role;
        if (strcmp(roles[i].word, word) == 0)
            return argc <= 2 || *out == ROLE_JOBS;
    }
    return false;
}

/* ---- migrate, check ---- */

static const struct migration *all_migrations(const struct app *app)
{
    const struct migration *parts[2] = {saga_migrations, app->service->migrations};
    struct migration *all;
    size_t n = 0;

    for (size_t i = 0; i < 2; i++)
        for (const struct migration *m = parts[i]; m && m->name; m++)
            n++;
    all = ARENA_ARRAY(app->private->arena, struct migration, n + 1);
    n = 0;
    for (size_t i = 0; i < 2; i++)
        for (const struct migration *m = parts[i]; m && m->name; m++)
            all[n++] = *m;
    return all;
}

static const struct sql *const *all_statements(const struct app *app)
{
    const struct sql *const *parts[2] = {saga_statements, app->service->statements};
    const struct sql **all;
    size_t n = 0;

    for (size_t i = 0; i < 2; i++)
        for (const struct sql *const *s = parts[i]; s && *s; s++)
            n++;
    all = ARENA_ARRAY(app->private->arena, const struct sql *, n + 1);
    n = 0;
    for (size_t i = 0; i < 2; i++)
        for (const struct sql *const *s = parts[i]; s && *s; s++)
            all[n++] = *s;
    return all;
}

static int operate(struct app *app)
{
    const struct pg_config *pg = &app->private->pg;
    bool is_check = app->private->role == ROLE_CHECK;
    struct err e = OK;

    if (app->service->statements && is_check)
        e = migrate_check(pg, all_migrations(app), all_statements(app));
    else if (app->service->statements)
        e = migrate(pg, all_migrations(app));
    if (e.kind) {
        log_error(is_check ? "app.check_failed" : "app.migrate_failed", kv_err(e));
        return e.kind == ERR_UNAVAILABLE ? EXIT_UNREACHABLE : EXIT_FAILURE;
    }
    log_info(is_check ? "app.checked" : "app.migrated");
    return EXIT_SUCCESS;
}

/* ---- serve ---- */

static bool is_passing(struct err e)
{
    return e.kind == ERR_UNAVAILABLE || e.kind == ERR_TIMEOUT;
}

/* Short looks at first, so that we are ready as soon as the servers are; then patience. */
static int64_t pause_us(int64_t waited_us)
{
    return waited_us < US_PER_S ? 5 * US_PER_MS : 200 * US_PER_MS;
}

struct schema_check { /* what a thread of the offload touches: plain libpq blocks */
    const struct pg_config *pg;
    const struct migration *wanted;
    struct err result;
};

static void check_schema(void *arg)
{
    static const struct sql *const none[] = {NULL};
    struct schema_check *c = arg;

    c->result = migrate_check(c->pg, c->wanted, none);
}

/* With a schema older than ours every event would be refused by its statements, and kept as a dead
 * letter. So `migrate` is waited for. */
static struct err wait_for_schema(struct app *app)
{
    struct schema_check c = {.pg = &app->private->pg, .wanted = all_migrations(app)};
    struct err e = OK;

    while (app->pg && !app->private->draining) {
        e = offload_run(app->offload, check_schema, &c);
        if (!e.kind)
            e = c.result;
        if (e.kind != ERR_NOT_FOUND && !is_passing(e))
            break;
        log_warn("app.start_delayed", kv_err(e));
        task_sleep(US_PER_S);
    }
    return e;
}

static struct err start_domain(struct app *app)
{
    int64_t began = clock_mono_us();
    struct err e;

    while (app->pg && !pg_is_up(app->pg) && !app->private->draining)
        task_sleep(pause_us(clock_mono_us() - began));
    e = wait_for_schema(app);
    if (e.kind || !app->service->start)
        return e;
    while (!app->private->draining) {
        e = app->service->start(app, &app->domain);
        if (!is_passing(e))
            break;
        log_warn("app.start_delayed", kv_err(e));
        task_sleep(500 * US_PER_MS);
    }
    return e;
}

static void start(void *arg)
{
    struct app *app = arg;
    struct app_private *p = app->private;
    struct err e = start_domain(app);

    p->start_ended = true;
    if (p->draining)
        return;
    if (e.kind) {
        log_error("app.start_failed", kv_err(e));
        drain_begin(app, EXIT_FAILURE);
        return;
    }
    if (p->role != ROLE_HTTP)
        wiring_start(app);
    p->started = true;
    log_info("app.started", kv_text("listen", p->settings.listen),
             kv_i64("us", clock_mono_us() - p->born_mono_us));
}

/* A role without routes has its health pages all the same. */
static struct err listen_http(struct app *app)
{
    struct app_private *p = app->private;
    const struct httpd_config cfg = {.listen = p->settings.listen};

    if (p->role != ROLE_WORKER && app->service->routes) {
        p->router = router_new(p->arena, app->service->routes);
        while (app->service->routes[p->n_routes].method)
            p->n_routes++;
    }
    p->route_metrics = ARENA_ARRAY(p->arena, struct metric *, (p->n_routes + 1) * 6);
    return httpd_new(app->loop, &cfg, request_serve, app, &p->httpd);
}

static void open_servers(struct app *app)
{
    struct app_private *p = app->private;

    app->loop = loop_new();
    if (app->service->statements)
        app->pg = pg_open(app->loop, &p->pg);
    if (service_needs_redis(app->service))
        app->redis = redis_open(app->loop, &p->streams);
    if (app->service->wants_carts)
        app->carts = redis_open(app->loop, &p->carts);
    if (app->internal_secret)
        p->mac_key = mac_key_of(app->internal_secret, "stream");
    app->fetch = fetch_new(app->loop);
    app->offload = offload_new(app->loop, OFFLOAD_THREADS, OFFLOAD_QUEUE);
}

static void close_servers(struct app *app)
{
    wiring_free(app);
    httpd_free(app->private->httpd);
    fetch_free(app->fetch);
    offload_free(app->offload);
    redis_close(app->carts);
    redis_close(app->redis);
    pg_close(app->pg);
    drain_release();
    loop_free(app->loop);
    arena_free(app->private->arena);
}

static int serve(struct app *app)
{
    struct app_private *p = app->private;
    struct err e;

    open_servers(app);
    drain_on_signals(app);
    e = listen_http(app);
    if (e.kind) {
        log_error("app.listen_failed", kv_text("listen", p->settings.listen), kv_err(e));
        return EXIT_FAILURE;
    }
    task_spawn(app->loop, "start", start, app);
    loop_run(app->loop);
    if (!p->is_drained) /* tasks still hold what would be freed: the system takes it all back */
        exit(p->exit_code);
    close_servers(app);
    return p->exit_code;
}

/* A shell's usual limit of 1024 is less than a service's connections and its own servers' take. */
static void allow_files(void)
{
    struct rlimit files;

    if (getrlimit(RLIMIT_NOFILE, &files) != 0 || files.rlim_cur >= FILES)
        return;
    files.rlim_cur = files.rlim_max < FILES ? files.rlim_max : FILES;
    (void)setrlimit(RLIMIT_NOFILE, &files); /* else with fewer: httpd takes fewer clients then */
}

int app_main(int argc, char **argv, const struct service *service)
{
    /* Static: what a domain keeps for good can still be reached when leaks are looked for at the
     * end. */
    static struct app_private private;
    static struct app app;

    private.born_mono_us = clock_mono_us();
    app.service = service;
    app.private = &private;
    if (!role_parse(argc, argv, &private.role))
        return usage(service->name);
    allow_files();
    private.arena = arena_new();
    if (settings_read(&app).kind) {
        arena_free(private.arena);
        return EXIT_SETTINGS;
    }
    log_init(service->name, private.settings.log_level);
    crypt_init();
    if (private.role >= ROLE_MIGRATE) {
        int status =
            private.role == ROLE_JOBS ? jobs_operate(&app, argc - 2, argv + 2) : operate(&app);

        arena_free(private.arena);
        return status;
    }
    return serve(&app);
}
