/* http.c - one function for each route of order. */
#include "workers/order/http.h"

#include <string.h>

#include "workers/order/checkout.h"
#include "workers/order/events.h"
#include "workers/order/set.h"
#include "workers/order/show.h"
#include "workers/order/store.h"

#define LIMIT_USUAL 20
#define LIMIT_MOST 100

/* POST /api/v1/order: turns the caller's cart, some of its lines, or lines sent, into an order. 201
 * and its id. */
struct err http_create_order(struct request *req)
{
    struct wish wish;
    struct order order;
    struct err e;

    wish_read(&req->form, &wish);
    e = req_check(req);
    if (e.kind)
        return e;
    if (wish.not_offered)
        return ERR(ERR_UNFIT,
                   "address_id, courier and service are not offered yet: send a shipping_address");
    e = checkout_place(req->domain, req, &wish, &order); /* waits: the cart, the commit */
    if (e.kind)
        return e;
    return reply_json(req, 201, show_placed(&order));
}

/* ---- lists ---- */

/* One more than is shown, to know whether another page follows. */
static struct err read_filter(struct request *req, int64_t user_id, struct order_filter *f)
{
    const char *status = req_query(req, "status"), *cursor = req_query(req, "cursor");
    enum order_status known;

    memset(f, 0, sizeof *f);
    memset(&f->before, 0xff, sizeof f->before);
    f->user_id = user_id;
    f->limit = req_query_i64(req, "limit", LIMIT_USUAL, 1, LIMIT_MOST) + 1;
    f->status = status ? status : "";
    if (*f->status && !order_status_parse(f->status, &known))
        form_fail(&req->form, "status", "is no status of an order");
    if (cursor && id_parse(cursor, &f->before).kind)
        form_fail(&req->form, "cursor", "is not one that we gave");
    return req_check(req);
}

/* The list of everybody's orders may be of one user; the other list looks at no such word. */
static const char *user_asked(struct request *req)
{
    int64_t user_id = req_query_i64(req, "user_id", 0, 1, INT64_MAX);

    return user_id ? arena_printf(req->arena, "&user_id=%lld", (long long)user_id) : "";
}

static void link_next(struct request *req, const struct order_filter *f, const struct order *last)
{
    char cursor[ID_TEXT_SIZE];

    id_format(&last->id, cursor);
    reply_header(req, "Link",
                 arena_printf(req->arena, "<%s?limit=%lld%s%s%s&cursor=%s>; rel=\"next\"",
                              req->http->path, (long long)f->limit - 1,
                              *f->status ? "&status=" : "", f->status, user_asked(req), cursor));
}

static struct err list(struct request *req, int64_t user_id)
{
    struct order_filter filter;
    struct order_list orders;
    struct buf b;
    struct err e;

    e = read_filter(req, user_id, &filter);
    if (e.kind)
        return e;
    e = order_store_list(req->pg, req->arena, &filter, &orders);
    if (e.kind)
        return e;
    if ((int64_t)orders.n == filter.limit)
        link_next(req, &filter, &orders.orders[--orders.n - 1]);
    buf_init(&b, req->arena);
    show_orders(&b, &orders);
    return reply_text(req, 200, "application/json", b.data, b.n);
}

/* GET /api/v1/order: the caller's orders, newest first. */
struct err http_list_orders(struct request *req)
{
    return list(req, req->user.user_id);
}

/* GET /api/v1/admin/orders: everybody's, or those of ?user_id=. */
struct err http_list_all_orders(struct request *req)
{
    return list(req, req_query_i64(req, "user_id", 0, 1, INT64_MAX));
}

/* ---- one order ---- */

static bool may_see(const struct request *req, const struct order *o)
{
    return req->is_admin || o->user_id == req->user.user_id;
}

/* GET /api/v1/order/:id: to its owner and to admins; to others it does not exist. */
struct err http_get_order(struct request *req)
{
    struct order order;
    struct order_history history;
    struct id id;
    struct buf b;
    struct err e;

    e = req_param_id(req, "id", &id);
    if (e.kind)
        return ERR(ERR_NOT_FOUND, "no such order");
    e = order_store_get(req->pg, req->arena, &id, &order);
    if (e.kind)
        return e;
    if (!may_see(req, &order))
        return ERR(ERR_NOT_FOUND, "no such order");
    e = order_store_history(req->pg, req->arena, &id, &history);
    if (e.kind)
        return e;
    buf_init(&b, req->arena);
    show_order(&b, &order, &history);
    return reply_text(req, 200, "application/json", b.data, b.n);
}

/* ---- cancel ---- */

/* Locks the order and decides. Nothing is queued when it has been cancelled before. */
static struct err cancel(struct request *req, struct pg *tx, struct id id, struct order **out)
{
    struct order_event ev = {.kind = CANCEL_REQUESTED};
    struct order_set set;
    struct outbox *told = app_outbox(req->app, req->arena);
    struct err e = order_store_lock(tx, req->arena, &id, 1, &set);

    if (e.kind)
        return e;
    if (set.n == 0 || !may_see(req, &set.rows[0].order))
        return ERR(ERR_NOT_FOUND, "no such order");
    *out = &set.rows[0].order;
    if ((*out)->status == CANCELLED)
        return OK;
    ev.reason = (*out)->user_id == req->user.user_id ? "customer" : "operator";
    ev.note = form_text(&req->form, "reason", FORM_OPTIONAL, 1, 200);
    if (order_set_absorb(&set, &set.rows[0], &ev, req->traceparent) != ORDER_CHANGE)
        return reply_problem(req, ERR_CONFLICT,
                             arena_printf(req->arena, "too late: the order is %s",
                                          order_status_name((*out)->status)));
    e = order_store_details(tx, req->arena, &set);
    if (e.kind)
        return e;
    order_store_save(tx, req->arena, &set, req->now_us);
    order_events_tell(told, req->arena, &set, req->traceparent);
    outbox_save(told, tx);
    return OK;
}

/* POST /api/v1/order/:id/cancel: by its owner or an admin, until it is shipped. Money comes back by
 * itself. */
struct err http_cancel_order(struct request *req)
{
    struct order *order;
    struct id id;
    struct pg *tx;
    struct err e;

    e = req_param_id(req, "id", &id);
    if (e.kind)
        return ERR(ERR_NOT_FOUND, "no such order");
    (void)form_text(&req->form, "reason", FORM_OPTIONAL, 1, 200);
    e = req_check(req);
    if (e.kind)
        return e;
    e = pg_begin(req->pg, req->arena, &tx);
    if (e.kind)
        return e;
    e = cancel(req, tx, id, &order);
    if (e.kind) {
        pg_rollback(tx);
        return e;
    }
    e = pg_commit(tx);
    if (e.kind)
        return e;
    app_committed(req->app, COMMITTED_EVENTS);
    return reply_json(req, 202,
                      json_pack("{s:s, s:s, s:s}", "message", "Order cancelled", "order_id",
                                req_param(req, "id"), "status", order_status_name(order->status)));
}
