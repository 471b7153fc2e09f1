/* http_admin.c - what needs a person: open items, reviews, refunds on demand. */
#include "base/clock.h"
#include "workers/payment/domain.h"
#include "workers/payment/http.h"

static json_t *item_json(const struct open_item *item)
{
    char order[ID_TEXT_SIZE], at[TIME_TEXT_SIZE];

    id_format(&item->order_id, order);
    time_format(item->made_us, at);
    return json_pack("{s:I, s:s, s:s, s:s, s:I, s:s, s:s?, s:s}", "id", (json_int_t)item->id,
                     "order_id", order, "kind", item->kind, "transaction_id", item->ref, "amount",
                     (json_int_t)item->amount.minor, "currency", item->amount.currency, "method",
                     item->detail, "created_at", at);
}

/* GET /api/v1/admin/payments/open-items?after=…&limit=…: oldest first. */
struct err http_list_open_items(struct request *req)
{
    int64_t after = req_query_i64(req, "after", 0, 0, INT64_MAX),
            limit = req_query_i64(req, "limit", 50, 1, 100);
    struct open_item_list items;
    json_t *list;
    struct err e = req_check(req);

    if (e.kind)
        return e;
    e = store_items(req->pg, req->arena, after, limit, &items);
    if (e.kind)
        return e;
    list = json_array();
    for (size_t i = 0; i < items.n; i++)
        json_array_append_new(list, item_json(&items.items[i]));
    return reply_json(req, 200, list);
}

static struct err accepted(struct request *req, struct err e)
{
    return e.kind ? e : reply_message(req, 202, "Accepted");
}

/* The provider is told; the item ends when the payment has moved on. */
static struct err review(struct request *req, const struct open_item *item, bool accept)
{
    char order[ID_TEXT_SIZE];
    struct commit c = {.job = "review",
                       .job_key = order,
                       .job_payload = accept ? "{\"accept\":true}" : "{\"accept\":false}"};

    id_format(&item->order_id, order);
    return accepted(req, payments_commit(req->domain, &c));
}

/* Seen and done by hand. A refund owed has then been paid, and the order hears of it. */
static struct err done(struct request *req, const struct open_item *item, const char *note)
{
    struct piece piece = {.order_id = item->order_id,
                          .news = {.kind = OPERATOR_REFUNDED},
                          .traceparent = req->traceparent};
    struct commit c = {.piece = strcmp(item->kind, "refund_due") == 0 ? &piece : NULL,
                       .resolved_item = item->id,
                       .resolved_by = req->user.email,
                       .note = note};

    return accepted(req, payments_commit(req->domain, &c));
}

/* POST /api/v1/admin/payments/open-items/:id/resolve {action: done | accept | deny, note?} */
struct err http_resolve_open_item(struct request *req)
{
    const char *action = form_text(&req->form, "action", FORM_REQUIRED, 1, 20);
    const char *note = form_text(&req->form, "note", FORM_OPTIONAL, 0, 500);
    struct open_item item;
    bool is_review;
    int64_t id;
    struct err e = req_check(req);

    if (e.kind)
        return e;
    e = req_param_i64(req, "id", &id);
    if (e.kind)
        return e;
    e = store_item(req->pg, req->arena, id, &item);
    if (e.kind)
        return e;
    is_review = strcmp(item.kind, "challenge") == 0;
    if (is_review && (strcmp(action, "accept") == 0 || strcmp(action, "deny") == 0))
        return review(req, &item, strcmp(action, "accept") == 0);
    if (!is_review && strcmp(action, "done") == 0)
        return done(req, &item, note);
    return ERR(ERR_UNFIT, "this action does not fit this kind of open item");
}

static struct err check_amount(struct request *req, const struct payment *p)
{
    int64_t amount = form_i64_or(&req->form, "amount", p->total.minor, 1, MONEY_MAX_MINOR);
    struct err e = req_check(req);

    if (!e.kind && amount != p->total.minor)
        return ERR(ERR_UNFIT, "only the whole amount can be refunded");
    return e;
}

/* POST /api/v1/admin/payments/:order_id/refund: all of it. */
struct err http_refund(struct request *req)
{
    struct piece piece = {.news = {.kind = OPERATOR_REFUND}, .traceparent = req->traceparent};
    struct commit c = {.piece = &piece};
    struct shown s;
    struct err e = req_param_id(req, "order_id", &piece.order_id);

    if (e.kind)
        return e;
    e = store_get(req->pg, req->arena, &piece.order_id, &s);
    if (e.kind)
        return e;
    e = check_amount(req, &s.p);
    if (e.kind)
        return e;
    if (s.p.state == REFUNDING || s.p.state == REFUNDED)
        return accepted(req, OK); /* asked for again */
    e = payments_commit(req->domain, &c);
    if (!e.kind && !piece.decision.moves)
        return ERR(ERR_CONFLICT, "only a successful payment can be refunded");
    return accepted(req, e);
}
