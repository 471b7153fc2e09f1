/* store_read.c - rows read without locks: for calls to the provider, and for people. */
#include "workers/payment/store.h"

#include "sql_payment.h"

struct payment store_payment_of(const struct pg_rows *r, size_t i)
{
    return (struct payment){
        .order_id = pg_id(r, i, 0),
        .attempt_id = pg_id(r, i, 1),
        .state = payment_state_find(pg_text(r, i, 2)),
        .version = pg_i64(r, i, 3),
        .user_id = pg_i64(r, i, 4),
        .total = money_of(pg_i64(r, i, 5), pg_text(r, i, 7)),
        .refunded_minor = pg_i64(r, i, 6),
        .expires_us = pg_i64(r, i, 8),
        .transaction_id = pg_text(r, i, 9),
        .method = pg_text(r, i, 10),
        .reason = pg_text(r, i, 11),
    };
}

static struct pg_args *ids_of(struct arena *a, const struct id *ids, size_t n)
{
    struct pg_args *args = pg_args(a);
    pg_add_ids(args, ids, n);
    return args;
}

struct err store_by_attempts(struct pg *pg, struct arena *a, const struct id *attempts, size_t n,
                             struct payment_list *out)
{
    struct pg_rows r;
    struct err e = pg_exec(pg, &sql_payment_by_attempt, ids_of(a, attempts, n), a, &r);

    if (e.kind)
        return e;
    out->items = ARENA_ARRAY(a, struct payment, r.n);
    out->n = r.n;
    for (size_t i = 0; i < r.n; i++)
        out->items[i] = store_payment_of(&r, i);
    return OK;
}

struct err store_sweep_deadlines(struct pg *tx, struct arena *a, int64_t most, struct id_list *out)
{
    struct pg_args *args = pg_args(a);
    struct pg_rows r;
    struct err e;

    pg_add_i64(args, most);
    e = pg_exec(tx, &sql_deadlines_sweep, args, a, &r);
    if (e.kind)
        return e;
    out->ids = ARENA_ARRAY(a, struct id, r.n);
    out->n = r.n;
    for (size_t i = 0; i < r.n; i++)
        out->ids[i] = pg_id(&r, i, 0);
    return OK;
}

static struct brief brief_of(const struct pg_rows *r, size_t i)
{
    return (struct brief){
        .p = store_payment_of(r, i),
        .bill = {.number = pg_text(r, i, 12),
                 .email = pg_text(r, i, 13),
                 .username = pg_text(r, i, 14),
                 .shipping_minor = pg_i64(r, i, 15),
                 .lines = pg_text(r, i, 16)},
        .token = pg_text(r, i, 17),
    };
}

struct err store_briefs(struct pg *pg, struct arena *a, const struct id *orders, size_t n,
                        struct brief_list *out)
{
    struct pg_rows r;
    struct err e = pg_exec(pg, &sql_payment_brief, ids_of(a, orders, n), a, &r);

    if (e.kind)
        return e;
    out->items = ARENA_ARRAY(a, struct brief, r.n);
    out->n = r.n;
    for (size_t i = 0; i < r.n; i++)
        out->items[i] = brief_of(&r, i);
    return OK;
}

struct err store_get(struct pg *pg, struct arena *a, const struct id *order, struct shown *out)
{
    struct pg_args *by_order = pg_args(a), *by_attempt = pg_args(a);
    struct pg_rows r;
    struct err e;

    pg_add_id(by_order, order);
    e = pg_exec(pg, &sql_payment_get, by_order, a, &r);
    if (e.kind)
        return e;
    if (r.n == 0)
        return ERR(ERR_NOT_FOUND, "no such payment");
    out->p = store_payment_of(&r, 0);
    out->url = pg_text(&r, 0, 12);
    out->changed_us = pg_i64(&r, 0, 13);
    pg_add_id(by_attempt, &out->p.attempt_id);
    return pg_exec(pg, &sql_refusal_list, by_attempt, a, &out->refusals);
}

/* ---- open items ---- */

static struct open_item item_of(const struct pg_rows *r, size_t i)
{
    return (struct open_item){
        .id = pg_i64(r, i, 0),
        .order_id = pg_id(r, i, 1),
        .kind = pg_text(r, i, 2),
        .ref = pg_text(r, i, 3),
        .amount = money_of(pg_i64(r, i, 4), pg_text(r, i, 5)),
        .detail = pg_text(r, i, 6),
        .made_us = pg_i64(r, i, 7),
    };
}

struct err store_items(struct pg *pg, struct arena *a, int64_t after, int64_t limit,
                       struct open_item_list *out)
{
    struct pg_args *args = pg_args(a);
    struct pg_rows r;
    struct err e;

    pg_add_i64(args, after);
    pg_add_i64(args, limit);
    e = pg_exec(pg, &sql_open_item_list, args, a, &r);
    if (e.kind)
        return e;
    out->items = ARENA_ARRAY(a, struct open_item, r.n);
    out->n = r.n;
    for (size_t i = 0; i < r.n; i++)
        out->items[i] = item_of(&r, i);
    return OK;
}

struct err store_item(struct pg *pg, struct arena *a, int64_t id, struct open_item *out)
{
    struct pg_args *args = pg_args(a);
    struct pg_rows r;
    struct err e;

    pg_add_i64(args, id);
    e = pg_exec(pg, &sql_open_item_get, args, a, &r);
    if (e.kind)
        return e;
    if (r.n == 0)
        return ERR(ERR_NOT_FOUND, "no such open item");
    *out = item_of(&r, 0);
    return OK;
}
