/* wiring.c - starts what carries a domain's events: a hearer for each partition heard, the job
 * runner, the relay. */
#include <stdlib.h>
#include <string.h>

#include "app/private.h"
#include "base/clock.h"

static size_t count_jobs(const struct service *s)
{
    size_t n = 0;

    while (s->jobs && s->jobs[n].kind)
        n++;
    return n;
}

static size_t count_hears(const struct service *s)
{
    size_t n = 0;

    while (s->hears && s->hears[n].stream)
        n++;
    return n;
}

/* The domain's kinds of job, and one for the parked events of each stream heard. */
static struct job_kind *all_kinds(struct app *app)
{
    const struct service *s = app->service;
    struct arena *a = app->private->arena;
    size_t n_jobs = count_jobs(s), n_hears = count_hears(s);
    struct job_kind *kinds = ARENA_ARRAY(a, struct job_kind, n_jobs + n_hears + 1);

    for (size_t i = 0; i < n_jobs; i++)
        kinds[i] = s->jobs[i];
    for (size_t i = 0; i < n_hears; i++)
        kinds[n_jobs + i] = (struct job_kind){.kind = hear_job_kind(a, s->hears[i].stream),
                                              .settle = hear_settle_parked,
                                              .context = &s->hears[i]};
    return kinds;
}

static void on_commit(void *arg, struct committed what)
{
    app_committed(arg, what);
}

static const char *source_of(struct app *app)
{
    return arena_printf(app->private->arena, "/%s", app->service->name);
}

static void start_relay(struct app *app)
{
    struct app_private *p = app->private;

    p->relay = relay_start(app->loop, &(struct relay_config){
                                          .name = app->service->name,
                                          .pg = app->pg,
                                          .redis = app->redis,
                                          .hints = &p->streams,
                                          .mac_key = &p->mac_key,
                                          .streams = app->service->streams,
                                          .n_partitions = app->n_partitions,
                                      });
}

static void start_runner(struct app *app, const struct job_kind *kinds)
{
    app->private->runner = job_runner_start(app->loop, &(struct job_runner_config){
                                                           .pg = app->pg,
                                                           .kinds = kinds,
                                                           .source = source_of(app),
                                                           .n_partitions = app->n_partitions,
                                                           .domain = app->domain,
                                                           .on_commit = on_commit,
                                                           .on_commit_arg = app,
                                                       });
}

static struct hearer *start_hearer(struct app *app, const struct hear_row *row, int partition)
{
    struct app_private *p = app->private;

    return hearer_start(app->loop, &(struct hearer_config){
                                       .group = app->service->name,
                                       .source = source_of(app),
                                       .redis = &p->streams,
                                       .commands = app->redis,
                                       .pg = app->pg,
                                       .mac_key = &p->mac_key,
                                       .row = *row,
                                       .partition = partition,
                                       .n_partitions = app->n_partitions,
                                       .domain = app->domain,
                                       .on_commit = on_commit,
                                       .on_commit_arg = app,
                                   });
}

static void start_hearers(struct app *app)
{
    struct app_private *p = app->private;
    size_t n_rows = count_hears(app->service), n_partitions = (size_t)app->n_partitions;

    p->hearers = ARENA_ARRAY(p->arena, struct hearer *, n_rows * n_partitions + 1);
    for (size_t i = 0; i < n_rows; i++)
        for (size_t k = 0; k < n_partitions; k++)
            p->hearers[p->n_hearers++] = start_hearer(app, &app->service->hears[i], (int)k);
}

void wiring_start(struct app *app)
{
    const struct service *s = app->service;
    const struct job_kind *kinds;

    if (!app->pg)
        return;
    kinds = all_kinds(app);
    if (s->streams)
        start_relay(app);
    if (kinds[0].kind)
        start_runner(app, kinds);
    start_hearers(app);
}

void wiring_stop_hearing(struct app *app)
{
    struct app_private *p = app->private;

    for (size_t i = 0; i < p->n_hearers; i++)
        hearer_stop(p->hearers[i]);
    if (p->runner)
        job_runner_stop(p->runner);
}

bool wiring_is_idle(const struct app *app)
{
    const struct app_private *p = app->private;

    for (size_t i = 0; i < p->n_hearers; i++)
        if (!hearer_has_stopped(p->hearers[i]))
            return false;
    return !p->runner || job_runner_n_running(p->runner) == 0;
}

void wiring_free(struct app *app)
{
    struct app_private *p = app->private;

    for (size_t i = 0; i < p->n_hearers; i++)
        hearer_free(p->hearers[i]);
    if (p->runner)
        job_runner_free(p->runner);
    if (p->relay)
        relay_free(p->relay);
}

void app_committed(struct app *app, struct committed what)
{
    struct app_private *p = app->private;

    if (what.has_told && p->relay)
        relay_wake(p->relay);
    else if (what.has_told && app->service->streams)
        relay_hint(app->redis, app->service->name);
    if (p->runner && what.first_due_us < INT64_MAX)
        job_runner_wake(p->runner, what.first_due_us);
}

struct err app_recur(struct app *app, const char *kind)
{
    struct arena *a = arena_new();
    struct job_list *list = job_list_new(a);
    struct pg *tx;
    struct err e = pg_begin(app->pg, a, &tx);

    if (!e.kind) {
        job_add(list, (struct new_job){
                          .kind = kind, .key = "all", .anew = true, .due_us = clock_now_us()});
        job_list_save(list, tx);
        e = pg_commit(tx);
    }
    arena_free(a);
    return e;
}

struct outbox *app_outbox(struct app *app, struct arena *a)
{
    return outbox_new(a, arena_printf(a, "/%s", app->service->name), app->n_partitions);
}
