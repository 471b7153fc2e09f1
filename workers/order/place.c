/* place.c - load, decide, save, as a hearer does with a batch of events: here with a group of
 * requests. */
#include "workers/order/place.h"

#include <assert.h>

#include "base/failpoint.h"
#include "workers/order/checkout.h"

#define SERIALS_OF_A_BLOCK 1024

struct group {
    struct checkout *checkout;
    struct arena *arena;
    struct pg *tx;
    struct placing **all; /* those asked for */
    size_t n;
    struct order **orders; /* those placed */
    size_t n_orders;
    int64_t now_us;
};

static struct err claim_keys(struct group *g)
{
    struct order_claim **claims = ARENA_ARRAY(g->arena, struct order_claim *, g->n);
    size_t n = 0;
    struct err e;

    for (size_t i = 0; i < g->n; i++)
        if (g->all[i]->claim.key)
            claims[n++] = &g->all[i]->claim;
    if (n == 0)
        return OK;
    e = order_store_claim_keys(g->tx, g->arena, claims, n, g->now_us);
    for (size_t i = 0; !e.kind && i < g->n; i++)
        if (g->all[i]->claim.key && !g->all[i]->claim.won)
            g->all[i]->result = ERR(ERR_DUPLICATE, "the key was used before");
    return e;
}

static struct err load_catalogue(struct group *g, struct catalogue *out)
{
    int64_t *ids;
    size_t n = 0;

    for (size_t i = 0; i < g->n; i++)
        n += g->all[i]->n_lines;
    ids = ARENA_ARRAY(g->arena, int64_t, n);
    n = 0;
    for (size_t i = 0; i < g->n; i++)
        for (size_t k = 0; k < g->all[i]->n_lines; k++)
            ids[n++] = g->all[i]->lines[k].product_id;
    return order_store_catalogue(g->tx, g->arena, ids, n, out);
}

/* Numbers come from a block that is this process's alone, so that no index has to keep them apart.
 */
static struct err take_number(struct group *g, struct placing *p)
{
    struct checkout *c = g->checkout;
    char number[ORDER_NUMBER_SIZE];
    struct err e;

    if (c->n_serials == 0) {
        e = order_store_take_numbers(g->tx, g->arena, &c->next_serial);
        if (e.kind)
            return e;
        c->n_serials = SERIALS_OF_A_BLOCK;
    }
    c->n_serials--;
    order_number_format(p->order->created_us, c->next_serial++, number);
    p->order->number = arena_strdup(p->arena, number);
    return OK;
}

/* An order that cannot be placed leaves the others alone. Texts of the catalogue live in the
 * group's arena: of them only the currency outlives it. */
static struct err decide(struct group *g, struct placing *p, const struct catalogue *known)
{
    struct order *o = p->order;
    struct err e;

    if (p->result.kind)
        return OK;
    p->result = order_price(o, p->lines, p->n_lines, known, &p->product_id);
    if (p->result.kind)
        return OK;
    e = take_number(g, p);
    if (e.kind)
        return e;
    o->currency = arena_strdup(p->arena, o->currency);
    o->items = order_items_json(g->arena, p->lines, p->n_lines);
    g->orders[g->n_orders++] = o;
    return OK;
}

/* A key whose order was not placed is free again. */
static void release_keys(struct group *g)
{
    struct order_claim **claims = ARENA_ARRAY(g->arena, struct order_claim *, g->n);
    size_t n = 0;

    for (size_t i = 0; i < g->n; i++)
        if (g->all[i]->claim.won && g->all[i]->result.kind)
            claims[n++] = &g->all[i]->claim;
    if (n)
        order_store_release_keys(g->tx, g->arena, claims, n);
}

static void tell_created(struct group *g)
{
    struct outbox *out = app_outbox(g->checkout->app, g->arena);

    for (size_t i = 0; i < g->n; i++) {
        const struct placing *p = g->all[i];
        char subject[ID_TEXT_SIZE];

        if (p->result.kind)
            continue;
        id_format(&p->order->id, subject);
        outbox_tell(out, (struct fact){.stream = "stream:orders",
                                       .type = "OrderCreated",
                                       .subject = arena_strdup(g->arena, subject),
                                       .traceparent = p->traceparent,
                                       .data = order_created_json(g->arena, p->order)});
    }
    outbox_save(out, g->tx);
}

static struct err load_and_decide(struct group *g)
{
    struct catalogue known;
    struct err e = claim_keys(g);

    if (e.kind)
        return e;
    e = load_catalogue(g, &known);
    for (size_t i = 0; !e.kind && i < g->n; i++)
        e = decide(g, g->all[i], &known);
    return e;
}

static struct err place(struct group *g)
{
    struct err e = pg_begin(g->checkout->app->pg, g->arena, &g->tx);

    if (e.kind)
        return e;
    e = load_and_decide(g);
    if (e.kind || g->n_orders == 0) {
        pg_rollback(g->tx);
        return e;
    }
    release_keys(g);
    order_store_insert(g->tx, g->arena, g->orders, g->n_orders);
    tell_created(g);
    e = pg_commit(g->tx);
    if (e.kind)
        return e;
    FAILPOINT("order.placed");
    app_committed(g->checkout->app, COMMITTED_EVENTS);
    return OK;
}

static struct err place_group(struct checkout *c, struct placing **all, size_t n)
{
    struct arena *a = arena_new();
    struct group g = {
        .checkout = c,
        .arena = a,
        .all = all,
        .n = n,
        .orders = ARENA_ARRAY(a, struct order *, n),
        .now_us = all[0]->order->created_us,
    };
    struct err e;

    for (size_t i = 0; i < n; i++)
        all[i]->result = OK;
    e = place(&g);
    arena_free(a);
    return e;
}

/* Something in the group was refused: not a trouble that would meet each alone as well. */
static bool is_somebodys(struct err e)
{
    return e.kind && e.kind != ERR_UNAVAILABLE && e.kind != ERR_TIMEOUT;
}

struct err place_orders(void *context, struct gather_item **items, size_t n)
{
    struct placing *all[PLACE_MAX_ITEMS];
    struct err e;

    assert(n > 0 && n <= PLACE_MAX_ITEMS);
    for (size_t i = 0; i < n; i++)
        all[i] = (struct placing *)(void *)items[i];
    e = place_group(context, all, n);
    if (n == 1 || !is_somebodys(e))
        return e;
    for (size_t i = 0; i < n; i++) {
        e = place_group(context, &all[i], 1);
        if (e.kind)
            all[i]->result = e;
    }
    return OK;
}
