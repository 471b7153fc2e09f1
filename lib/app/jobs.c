/* jobs.c - `order jobs …`: what an operator sees of jobs, and what may be done about dead ones. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/private.h"
#include "base/clock.h"
#include "loop/task.h"
#include "sql_saga.h"

#define CONNECT_US (5 * US_PER_S)

struct command {
    struct app *app;
    struct arena *arena;
    const struct verb *verb;
    const char *word; /* after the verb; "" for none */
    int64_t id;
    int status;
};

static struct err list(struct command *c, struct pg_rows *rows)
{
    int64_t after = 0;
    struct err e;

    printf("%-8s %-28s %-10s %-5s %-8s %s\n", "id", "kind", "subject", "state", "attempts",
           "reason");
    do {
        struct pg_args *args = pg_args(c->arena);
        pg_add_text(args, c->word);
        pg_add_i64(args, after);
        e = pg_exec(c->app->pg, &sql_saga_job_list, args, c->arena, rows);
        for (size_t i = 0; !e.kind && i < rows->n; i++) {
            const char *reason = pg_text(rows, i, 7);
            after = pg_i64(rows, i, 0);
            printf("%-8lld %-28s %-10s %-5s %-8lld %s\n", (long long)after, pg_text(rows, i, 1),
                   pg_text(rows, i, 3), pg_text(rows, i, 4), (long long)pg_i64(rows, i, 5),
                   reason ? reason : "");
        }
    } while (!e.kind && rows->n > 0);
    return e;
}

static struct err on_one(struct command *c, const struct sql *s, struct pg_rows *rows)
{
    struct pg_args *args = pg_args(c->arena);

    pg_add_i64(args, c->id);
    return pg_exec(c->app->pg, s, args, c->arena, rows);
}

static struct err show(struct command *c, struct pg_rows *rows)
{
    static const char *const names[] = {"id",       "kind", "key",    "subject", "state",
                                        "attempts", NULL,   "reason", "payload"};
    struct err e = on_one(c, &sql_saga_job_show, rows);

    for (int k = 0; !e.kind && rows->n == 1 && k < 9; k++)
        if (names[k] && !pg_is_null(rows, 0, k))
            printf("%-9s %s\n", names[k], pg_text(rows, 0, k));
    rows->n_affected = (int64_t)rows->n;
    return e;
}

static struct err retry(struct command *c, struct pg_rows *rows)
{
    return on_one(c, &sql_saga_job_retry, rows);
}

static struct err drop(struct command *c, struct pg_rows *rows)
{
    return on_one(c, &sql_saga_job_drop, rows);
}

static const struct verb {
    const char *word;
    struct err (*run)(struct command *c, struct pg_rows *rows);
    bool wants_id;
    const char *none; /* said when it met no job */
} verbs[] = {
    {"list", list, false, NULL},
    {"show", show, true, "no such job"},
    {"retry", retry, true, "no such job"},
    {"drop", drop, true, "no such dead job or parked event"},
};

static void run(void *arg)
{
    struct command *c = arg;
    int64_t limit = clock_mono_us() + CONNECT_US;
    struct pg_rows rows = {0};
    struct err e;

    while (!pg_is_up(c->app->pg) && clock_mono_us() < limit)
        task_sleep(10 * US_PER_MS);
    e = c->verb->run(c, &rows);
    c->status = EXIT_SUCCESS;
    if (e.kind) {
        fprintf(stderr, "%s: %s\n", err_kind_name(e.kind), e.what);
        c->status = e.kind == ERR_UNAVAILABLE ? EXIT_UNREACHABLE : EXIT_FAILURE;
    } else if (c->verb->none && rows.n_affected == 0) {
        fprintf(stderr, "%s\n", c->verb->none);
        c->status = EXIT_FAILURE;
    }
    loop_stop(c->app->loop);
}

static bool parse(struct command *c, int argc, char **argv)
{
    char *end;

    for (size_t i = 0; argc >= 1 && argc <= 2 && i < sizeof verbs / sizeof *verbs; i++)
        if (strcmp(argv[0], verbs[i].word) == 0)
            c->verb = &verbs[i];
    if (!c->verb)
        return false;
    c->word = argc == 2 ? argv[1] : "";
    if (!c->verb->wants_id)
        return strcmp(c->word, "") == 0 || strcmp(c->word, "dead") == 0 ||
               strcmp(c->word, "due") == 0;
    errno = 0;
    c->id = strtoll(c->word, &end, 10);
    return errno == 0 && c->id > 0 && *end == '\0';
}

int jobs_operate(struct app *app, int argc, char **argv)
{
    struct command c = {.app = app, .arena = app->private->arena, .status = EXIT_FAILURE};

    if (!app->service->statements || !parse(&c, argc, argv)) {
        fprintf(stderr, "usage: %s jobs list [dead|due] | show ID | retry ID | drop ID\n",
                app->service->name);
        return EXIT_USAGE;
    }
    app->loop = loop_new();
    app->pg = pg_open(app->loop, &app->private->pg);
    task_spawn(app->loop, "jobs", run, &c);
    loop_run(app->loop);
    pg_close(app->pg);
    loop_free(app->loop);
    return c.status;
}
