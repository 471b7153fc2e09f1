/* app.h - the program round a domain: roles, settings, routes, health, metrics, drain.
 *
 * A domain's main.c is tables and one call:
 *     int main(int argc, char **argv) { return app_main(argc, argv, &order); }
 * Roles: `order` (all in one process), `order http`, `order worker`, `order migrate`, `order
 * check`, `order jobs …`. */
#ifndef PASAR_APP_APP_H
#define PASAR_APP_APP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/env.h"
#include "base/err.h"
#include "loop/offload.h"
#include "saga/hear.h"
#include "saga/job.h"
#include "saga/outbox.h"
#include "wrap/fetch.h"
#include "wrap/httpd.h"
#include "wrap/json.h"
#include "wrap/migrate.h"
#include "wrap/pg.h"
#include "wrap/redis.h"
#include "wrap/token.h"

struct app;
struct request;

enum route_auth {
    AUTH_NONE,
    AUTH_USER,     /* any valid access token */
    AUTH_ADMIN,    /* role admin; 403 otherwise */
    AUTH_OPTIONAL, /* a token is read when sent; a bad one is refused */
    AUTH_INTERNAL, /* X-Internal-Secret, compared in constant time; 404 without */
};

struct route {           /* a row in a domain's table; ended by a NULL method */
    const char *method;  /* "POST" */
    const char *pattern; /* "/api/v1/order/:id"; parameters by req_param() */
    enum route_auth auth;
    struct err (*handle)(struct request *req);
};

struct service {
    const char
        *name; /* "order"; also the event source "/order" and the settings' prefix "ORDER_" */
    const struct env_row *settings; /* further ones */
    size_t n_settings;
    void *config; /* filled before start */
    const struct route *routes;
    const struct hear_row *hears;        /* ended by a NULL stream; may be NULL */
    const struct job_kind *jobs;         /* ended by a NULL kind; may be NULL */
    const char *const *streams;          /* told by this domain; ended by NULL; may be NULL */
    const struct sql *const *statements; /* of the build; NULL: the service has no database */
    const struct migration *migrations;
    bool wants_carts; /* a connection to Redis DB 0 in app->carts */
    /* Makes the domain's state (NULL for none); what it allocates lives as long as the process.
     * Runs before anything is served; suspends (in a task). A failure stops the start. May be NULL.
     */
    struct err (*start)(struct app *app, void **domain);
};

struct app { /* read-only for domains */
    const struct service *service;
    struct loop *loop;
    struct pg *pg;       /* NULL without a database */
    struct redis *redis; /* DB 1 */
    struct redis *carts; /* DB 0, when wanted */
    struct fetch *fetch;
    struct offload *offload;
    void *domain;
    bool production;
    const char *jwt_secret, *internal_secret;
    int n_partitions;
    /* private */
    struct app_private *private;
};

int app_main(int argc, char **argv, const struct service *service);

/* ---- requests ---- */
struct request {
    struct app *app;
    struct arena *arena; /* dies after the reply */
    struct pg *pg;       /* = app->pg */
    void *domain;        /* = app->domain */
    const struct http_request *http;
    json_t *body;     /* parsed for POST, PUT, PATCH with a body: an object; else NULL. Bad JSON was
                         answered 400 */
    struct form form; /* of the body; its errors go into the problem */
    struct claims user; /* zeroed without a token */
    bool is_admin;
    int64_t now_us;
    const char *correlation_id; /* X-Correlation-ID */
    const char *traceparent;    /* of this request's span, to hand on */
    const char *idempotency_key; /* header; NULL when absent; 1 … 255 visible ASCII characters, else
                                    answered 400 */
    const char *body_hash;       /* SHA-256 hex of method, path and body when there is a key */
    struct request_private *private;
};

/* The parameter of the pattern (":id" -> "id"), decoded; never NULL for one that the pattern has.
 */
const char *req_param(const struct request *req, const char *name);
struct err req_param_i64(const struct request *req, const char *name,
                         int64_t *out) MUST_CHECK; /* ERR_NOT_FOUND when it is no positive number */
struct err req_param_id(const struct request *req, const char *name, struct id *out) MUST_CHECK;
/* Query parameters; a bad one is remembered like a field error. */
const char *req_query(struct request *req, const char *name); /* NULL when absent */
int64_t req_query_i64(struct request *req, const char *name, int64_t fallback, int64_t min,
                      int64_t max);
/* OK, or ERR_INVALID with all field errors told in the problem. Check after reading a form or a
 * query. */
struct err req_check(const struct request *req) MUST_CHECK;

/* Replies; each returns OK so that a handler may end with it. json is stolen. */
struct err reply_json(struct request *req, int status, json_t *json) MUST_CHECK;
struct err reply_text(struct request *req, int status, const char *content_type, const char *text,
                      size_t n) MUST_CHECK;
struct err reply_message(struct request *req, int status,
                         const char *message) MUST_CHECK; /* {"message": …} */
void reply_header(struct request *req, const char *name,
                  const char *value); /* before the reply; borrowed */
/* A problem with a detail that is no literal (in the arena); the kind gives the status. It is an
 * error to hand up. */
struct err reply_problem(struct request *req, enum err_kind kind, const char *detail) MUST_CHECK;

/* After a commit that told events or added jobs: wakes the relay and the runner here, or hints them
 * elsewhere. */
void app_committed(struct app *app, struct committed what);
/* A timer of this kind is there from the first start on: its settle leaves it as JOB_LATER, for
 * ever. For a service's start(): one that has died begins anew. */
struct err app_recur(struct app *app, const char *kind) MUST_CHECK;
struct outbox *app_outbox(struct app *app,
                          struct arena *a); /* outbox_new with this service's source */

#endif
