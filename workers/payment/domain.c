/* domain.c - reads and commits that requests and jobs of the same moment share. */
#include "workers/payment/domain.h"

#include "base/clock.h"

struct look {
    struct gather_item item; /* first */
    struct arena *arena;
    struct id key;
    struct brief found;
    bool is_found;
};

/* ---- reading together ---- */

static void copy_payment(struct arena *a, struct payment *p)
{
    p->transaction_id = arena_strdup(a, p->transaction_id);
    p->method = arena_strdup(a, p->method);
    p->reason = arena_strdup(a, p->reason);
}

static void copy_brief(struct arena *a, struct brief *b)
{
    copy_payment(a, &b->p);
    b->bill.number = arena_strdup(a, b->bill.number);
    b->bill.email = arena_strdup(a, b->bill.email);
    b->bill.username = arena_strdup(a, b->bill.username);
    b->bill.lines = arena_strdup(a, b->bill.lines);
    b->token = arena_strdup(a, b->token);
}

static void hand_out(struct gather_item **items, size_t n, const struct brief *found,
                     const struct id *key)
{
    for (size_t i = 0; i < n; i++) {
        struct look *look = (struct look *)items[i];
        if (!id_equal(&look->key, key))
            continue;
        look->found = *found;
        copy_brief(look->arena, &look->found);
        look->is_found = true;
    }
}

static const struct id *keys_of(struct arena *a, struct gather_item **items, size_t n)
{
    struct id *keys = ARENA_ARRAY(a, struct id, n);
    for (size_t i = 0; i < n; i++)
        keys[i] = ((struct look *)items[i])->key;
    return keys;
}

static struct err read_briefs(void *context, struct gather_item **items, size_t n)
{
    struct payments *ps = context;
    struct arena *a = arena_new();
    struct brief_list found = {0};
    struct err e = store_briefs(ps->app->pg, a, keys_of(a, items, n), n, &found);

    for (size_t i = 0; !e.kind && i < found.n; i++)
        hand_out(items, n, &found.items[i], &found.items[i].p.order_id);
    arena_free(a);
    return e;
}

static struct err read_looks(void *context, struct gather_item **items, size_t n)
{
    struct payments *ps = context;
    struct arena *a = arena_new();
    struct payment_list found = {0};
    struct err e = store_by_attempts(ps->app->pg, a, keys_of(a, items, n), n, &found);

    for (size_t i = 0; !e.kind && i < found.n; i++)
        hand_out(items, n, &(struct brief){.p = found.items[i]}, &found.items[i].attempt_id);
    arena_free(a);
    return e;
}

static struct err read_shared(struct gather *g, struct look *look)
{
    struct err e = gather_submit(g, &look->item);
    if (e.kind)
        return e;
    return look->is_found ? OK : ERR(ERR_NOT_FOUND, "no such payment");
}

struct err payments_brief(struct payments *ps, struct arena *a, const struct id *order,
                          struct brief *out)
{
    struct look look = {.arena = a, .key = *order};
    struct err e = read_shared(&ps->briefs, &look);

    *out = look.found;
    return e;
}

struct err payments_look(struct payments *ps, struct arena *a, const struct id *attempt,
                         struct payment *out)
{
    struct look look = {.arena = a, .key = *attempt};
    struct err e = read_shared(&ps->looks, &look);

    *out = look.found.p;
    return e;
}

/* ---- writing together ---- */

static struct err write_all(const struct absorbing *c, struct gather_item **items, size_t n)
{
    struct piece *pieces = ARENA_ARRAY(c->arena, struct piece, n);
    size_t n_pieces = 0;
    struct err e;

    for (size_t i = 0; i < n; i++)
        if (((struct commit *)items[i])->piece)
            pieces[n_pieces++] = *((struct commit *)items[i])->piece;
    e = absorb(c, pieces, n_pieces);
    if (e.kind)
        return e;
    n_pieces = 0;
    for (size_t i = 0; i < n; i++) {
        struct commit *one = (struct commit *)items[i];
        if (one->piece)
            one->piece->decision = pieces[n_pieces++].decision;
        if (one->job)
            job_add(c->jobs, (struct new_job){.kind = one->job,
                                              .key = one->job_key,
                                              .anew = true,
                                              .subject = one->job_key,
                                              .due_us = c->now_us,
                                              .payload = one->job_payload});
        if (one->resolved_item)
            store_resolve_item(c->tx, c->arena, one->resolved_item, one->resolved_by, one->note);
    }
    return OK;
}

static struct err commit_together(struct payments *ps, struct gather_item **items, size_t n)
{
    struct arena *a = arena_new();
    struct absorbing c = {.arena = a,
                          .outbox = app_outbox(ps->app, a),
                          .jobs = job_list_new(a),
                          .now_us = clock_now_us()};
    struct err e = pg_begin(ps->app->pg, a, &c.tx);

    if (e.kind)
        goto out;
    e = write_all(&c, items, n);
    if (e.kind) {
        pg_rollback(c.tx);
        goto out;
    }
    outbox_save(c.outbox, c.tx);
    job_list_save(c.jobs, c.tx);
    e = pg_commit(c.tx);
    if (!e.kind)
        app_committed(ps->app, committed_of(c.outbox, c.jobs));
out:
    arena_free(a);
    return e;
}

/* One that cannot be written must not take the others with it. */
static struct err run_commits(void *context, struct gather_item **items, size_t n)
{
    struct err e = commit_together(context, items, n);

    if (!e.kind || n == 1 || e.kind == ERR_UNAVAILABLE || e.kind == ERR_TIMEOUT)
        return e;
    for (size_t i = 0; i < n; i++)
        ((struct commit *)items[i])->result = commit_together(context, &items[i], 1);
    return OK;
}

struct err payments_commit(struct payments *ps, struct commit *c)
{
    struct err e = gather_submit(&ps->commits, &c->item);
    return e.kind ? e : c->result;
}

void payments_count(struct payments *ps, enum notified what)
{
    metric_add(ps->notifications[what], 1);
}

static void make_metrics(struct payments *ps)
{
    static const char *const labels[N_NOTIFIED] = {
        [FORGED] = "result=\"forged\"",     [UNKNOWN] = "result=\"unknown\"",
        [STALE] = "result=\"stale\"",       [APPLIED] = "result=\"applied\"",
        [DEFERRED] = "result=\"deferred\"",
    };

    for (size_t i = 0; i < N_NOTIFIED; i++)
        ps->notifications[i] =
            metric_counter("payment_notifications_total",
                           "Notifications of the provider, by what became of them.", labels[i]);
}

struct err payments_new(struct app *app, const struct midtrans_config *cfg, struct payments **out)
{
    struct payments *ps = calloc(1, sizeof *ps);
    struct err e;

    if (!ps)
        abort(); /* out of memory */
    ps->app = app;
    ps->arena = arena_new();
    ps->midtrans = cfg;
    make_metrics(ps);
    ps->briefs = (struct gather){.run = read_briefs, .context = ps};
    ps->looks = (struct gather){.run = read_looks, .context = ps};
    ps->commits = (struct gather){
        .run = run_commits, .context = ps, .longest_pause_us = GATHER_COMMIT_PAUSE_US};
    e = midtrans_new(ps->arena, cfg, app->fetch, &ps->gateway);
    if (e.kind) {
        arena_free(ps->arena);
        free(ps);
        return e;
    }
    *out = ps;
    return OK;
}
