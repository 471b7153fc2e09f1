/* private.h - what the files of lib/app share; domains do not include it. */
#ifndef PASAR_APP_PRIVATE_H
#define PASAR_APP_PRIVATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "app/app.h"
#include "app/router.h"
#include "app/trace.h"
#include "base/log.h"
#include "saga/relay.h"

#define EXIT_UNREACHABLE 69 /* as in sysexits.h */
#define EXIT_USAGE 64
#define EXIT_SETTINGS 78

enum role { ROLE_ALL, ROLE_HTTP, ROLE_WORKER, ROLE_MIGRATE, ROLE_CHECK, ROLE_JOBS };

struct settings { /* common to all domains; NULL where the service has no need */
    const char *environment, *log_level, *failpoint;
    const char *listen;
    const char *db_host, *db_port, *db_name, *db_user, *db_password;
    const char *redis_host, *redis_password;
    int64_t redis_port, n_partitions;
    const char *jwt_secret, *internal_secret;
};

struct app_private {
    struct settings settings;
    struct pg_config pg;
    struct redis_config streams, carts;
    struct mac_key mac_key;
    enum role role;
    struct arena *arena; /* lives as long as the process */
    int64_t born_mono_us;

    struct router *router;
    struct metric *
        *route_metrics; /* [route * 6 + status class], made on first use; route n is none of ours */
    size_t n_routes;
    struct httpd *httpd;

    struct hearer **hearers;
    size_t n_hearers;
    struct job_runner *runner;
    struct relay *relay;

    bool started;     /* the domain may be called */
    bool start_ended; /* well or not */
    bool draining;
    bool is_drained; /* no task of ours is left: all may be freed */
    int exit_code;
};

struct request_private {
    struct http_request *http; /* = request->http; freed by the reply */
    struct route_match match;
    struct trace trace;
    struct log_context log;
    int64_t began_mono_us;
    int status; /* 0: not replied yet */
    const char *body;
    size_t n_body;
    struct http_header headers[16]; /* ended by a NULL name */
    size_t n_headers;
    enum err_kind detail_kind; /* of reply_problem() */
    const char *detail;
};

/* settings.c */
bool service_needs_redis(const struct service *s);
/* Fills app->private->settings and the service's own; what is wrong goes to stderr. */
struct err settings_read(struct app *app) MUST_CHECK;

/* request.c: for httpd_new(); arg is the app. */
void request_serve(struct http_request *http, void *arg);

/* problem.c: the reply for a failure. */
void problem_reply(struct request *req, struct err e);
void problem_reply_status(struct request *req, int status, const char *detail);

/* health.c: true when the request was one of /livez, /readyz, /metrics, and is answered. */
bool health_serve(struct app *app, struct http_request *http);

/* wiring.c: the hearers, the runner and the relay of this process. */
void wiring_start(struct app *app);
void wiring_stop_hearing(struct app *app);
bool wiring_is_idle(const struct app *app); /* hearers and jobs have ended */
void wiring_free(struct app *app);

/* jobs.c: `order jobs …`; argv begins after "jobs". Returns the exit status. */
int jobs_operate(struct app *app, int argc, char **argv);

/* drain.c: a signal ends what is under way, then the loop; a second one ends the process. */
void drain_on_signals(struct app *app);
void drain_release(void);
void drain_begin(struct app *app, int exit_code);

#endif
