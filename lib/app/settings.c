/* settings.c - the settings every service has, read through one table. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/private.h"
#include "base/failpoint.h"

/* A name beginning with '_' is the domain's own: "_LISTEN" is ORDER_LISTEN in order. */
/* clang-format off */
static const struct env_row basic_rows[] = {
    ENV_CHOICE("LOG_LEVEL", struct settings, log_level, "info", "debug info warn error"),
    ENV_INT("STREAM_PARTITIONS", struct settings, n_partitions, "1", 1, 64),
    ENV_TEXT("FAILPOINT", struct settings, failpoint, ""),
};
static const struct env_row listen_rows[] = {
    ENV_TEXT("_LISTEN", struct settings, listen, NULL),
};
static const struct env_row database_rows[] = {
    ENV_TEXT("_DB_HOST", struct settings, db_host, "127.0.0.1"),
    ENV_TEXT("_DB_PORT", struct settings, db_port, "5432"),
    ENV_TEXT("_DB_NAME", struct settings, db_name, NULL),
    ENV_TEXT("DB_USER", struct settings, db_user, "pasar"),
    ENV_TEXT("DB_PASSWORD", struct settings, db_password, "pasar"),
};
static const struct env_row redis_rows[] = {
    ENV_TEXT("REDIS_HOST", struct settings, redis_host, "127.0.0.1"),
    ENV_INT("REDIS_PORT", struct settings, redis_port, "6379", 1, 65535),
    ENV_TEXT("REDIS_PASSWORD", struct settings, redis_password, ""),
};
static const struct env_row jwt_rows[] = {
    ENV_SECRET("JWT_SECRET", struct settings, jwt_secret, 32), /* RFC 7518, 3.2 */
};
static const struct env_row internal_rows[] = {
    ENV_SECRET("INTERNAL_SECRET", struct settings, internal_secret, 16),
};

static const struct {
    const char *domain, *listen;
} usual_addresses[] = {
    {"user", "127.0.0.1:8001"},    {"product", "127.0.0.1:8002"},  {"cart", "127.0.0.1:8003"},
    {"order", "127.0.0.1:8004"},   {"payment", "127.0.0.1:8005"},  {"delivery", "127.0.0.1:8006"},
    {"notification", "127.0.0.1:8007"}, {"sim", "127.0.0.1:8009"}, {"midtrans_sim", "127.0.0.1:8009"},
};
/* clang-format on */

struct table {
    struct env_row rows[24];
    size_t n;
};

static const char *usual_address(const char *domain)
{
    for (size_t i = 0; i < sizeof usual_addresses / sizeof *usual_addresses; i++)
        if (strcmp(usual_addresses[i].domain, domain) == 0)
            return usual_addresses[i].listen;
    return NULL;
}

static const char *own_name(struct app *app, const char *suffix)
{
    char *name = arena_printf(app->private->arena, "%s%s", app->service->name, suffix);

    for (char *p = name; *p; p++)
        *p = (char)toupper((unsigned char)*p);
    return name;
}

static void add_rows(struct app *app, struct table *t, const struct env_row *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct env_row row = rows[i];

        if (strcmp(row.name, "_LISTEN") == 0)
            row.fallback = usual_address(app->service->name);
        if (strcmp(row.name, "_DB_NAME") == 0)
            row.fallback = arena_printf(app->private->arena, "pasar_%s", app->service->name);
        if (row.name[0] == '_')
            row.name = own_name(app, row.name);
        t->rows[t->n++] = row;
    }
}

bool service_needs_redis(const struct service *s)
{
    return s->streams || s->hears || s->wants_carts;
}

static bool has_route(const struct service *s, unsigned auths)
{
    for (const struct route *r = s->routes; r && r->method; r++)
        if (auths & (1U << r->auth))
            return true;
    return false;
}

#define ADD(rows) add_rows(app, &t, (rows), sizeof(rows) / sizeof *(rows))

/* An operator's look at the database needs no secret of the service's. */
static bool only_the_database(enum role role)
{
    return role == ROLE_MIGRATE || role == ROLE_JOBS;
}

/* A secret is asked for only where something depends on it: migrations need none. */
static struct table table_of(struct app *app)
{
    const struct service *s = app->service;
    struct table t = {.n = 0};

    ADD(basic_rows);
    if (s->statements)
        ADD(database_rows);
    if (only_the_database(app->private->role))
        return t;
    ADD(listen_rows);
    if (service_needs_redis(s))
        ADD(redis_rows);
    if (has_route(s, 1U << AUTH_USER | 1U << AUTH_ADMIN | 1U << AUTH_OPTIONAL))
        ADD(jwt_rows);
    if (s->streams || s->hears || has_route(s, 1U << AUTH_INTERNAL))
        ADD(internal_rows);
    return t;
}

/* Before the others: it decides how strictly they are read. */
static struct err read_environment(struct app *app)
{
    const char *name = getenv("PASAR_ENV");

    if (!name || !*name)
        name = "development";
    app->private->settings.environment = name;
    app->production = strcmp(name, "production") == 0;
    if (app->production || strcmp(name, "development") == 0)
        return OK;
    fprintf(stderr, "PASAR_ENV: must be development or production\n");
    return ERR(ERR_INVALID, "PASAR_ENV is neither development nor production");
}

static struct err refuse_examples(const struct app *app)
{
    const struct settings *s = &app->private->settings;
    /* On a socket of this machine PostgreSQL knows its peer and asks for no password. */
    bool is_example =
        s->db_password && s->db_host[0] != '/' && strcmp(s->db_password, "pasar") == 0;

    if (!app->production || !is_example)
        return OK;
    fprintf(stderr, "DB_PASSWORD: production refuses the example value\n");
    return ERR(ERR_INVALID, "DB_PASSWORD is the example value");
}

/* Whoever may set it may end the service. */
static struct err arm_failpoint(const struct app *app)
{
    const char *wish = app->private->settings.failpoint;
    struct err e;

    if (app->production && *wish) {
        fprintf(stderr, "setting FAILPOINT is for tests: production refuses it\n");
        return ERR(ERR_INVALID, "FAILPOINT is set in production");
    }
    e = failpoint_arm(wish);
    if (e.kind)
        fprintf(stderr, "setting FAILPOINT is \"%.60s\": it must be %s\n", wish, FAILPOINT_FORM);
    return e;
}

static void share(struct app *app)
{
    struct app_private *p = app->private;
    const struct settings *s = &p->settings;

    app->n_partitions = (int)s->n_partitions;
    app->jwt_secret = s->jwt_secret;
    app->internal_secret = s->internal_secret;
    p->pg = (struct pg_config){
        .host = s->db_host,
        .port = s->db_port,
        .database = s->db_name,
        .user = s->db_user,
        .password = s->db_password,
        .application = app->service->name,
    };
    p->streams = (struct redis_config){
        .host = s->redis_host,
        .port = (int)s->redis_port,
        .password = s->redis_password,
        .database = 1,
    };
    p->carts = p->streams;
    p->carts.database = 0;
}

struct err settings_read(struct app *app)
{
    struct app_private *p = app->private;
    struct err environment = read_environment(app);
    struct table t = table_of(app);
    struct err common = env_read(t.rows, t.n, app->production, &p->settings);
    struct err own = OK;

    /* All of them are read before giving up, so that one start tells every mistake. */
    if (!only_the_database(p->role) && app->service->n_settings > 0)
        own = env_read(app->service->settings, app->service->n_settings, app->production,
                       app->service->config);
    if (environment.kind)
        return environment;
    if (common.kind)
        return common;
    if (own.kind)
        return own;
    share(app);
    common = refuse_examples(app);
    return common.kind ? common : arm_failpoint(app);
}
