/* http.c - the provider's notifications, and how a payment stands. */
#include "workers/payment/http.h"

#include "base/clock.h"
#include "base/failpoint.h"
#include "base/log.h"
#include "workers/payment/domain.h"
#include "workers/payment/notice.h"

/* ---- notifications ---- */

static struct err thank(struct request *req, enum notified what)
{
    payments_count(req->domain, what);
    return reply_json(req, 200, json_pack("{s:s}", "status", "success"));
}

/* Whatever happened here, Midtrans tries most often after a 503. */
static struct err in_trouble(struct err e)
{
    return e.kind == ERR_UNAVAILABLE
               ? e
               : ERR(ERR_UNAVAILABLE, "the notification could not be kept, try again");
}

static struct err refuse(struct request *req, const char *why)
{
    payments_count(req->domain, FORGED);
    log_warn("webhook.forged", kv_text("why", why), kv_text("remote", req->http->remote));
    return ERR(ERR_DENIED, "not a notification of the payment provider");
}

static struct err commit(struct request *req, struct commit *c)
{
    struct err e = payments_commit(req->domain, c);

    if (!e.kind)
        FAILPOINT("payment.kept");
    return e;
}

/* Nothing is lost when the provider cannot be asked now: a job asks until it answers. */
static struct err ask_later(struct request *req, const struct payment *p)
{
    char order[ID_TEXT_SIZE];
    struct commit c = {.job = "confirm", .job_key = order};
    struct err e;

    id_format(&p->order_id, order);
    e = commit(req, &c);
    return e.kind ? in_trouble(e) : thank(req, DEFERRED);
}

static struct err keep(struct request *req, const struct payment *p,
                       const struct payment_news *news)
{
    struct piece piece = {.order_id = p->order_id, .news = *news, .traceparent = req->traceparent};
    struct commit c = {.piece = &piece};
    struct err e = commit(req, &c);

    return e.kind ? in_trouble(e) : thank(req, APPLIED);
}

/* A signed amount that is not ours: nothing is applied, a person looks. The currency beside it is
 * not signed: anybody may have put it there, so only the answer to a question tells of another one.
 */
static bool is_of_another_amount(const struct payment *p, const struct notice *n)
{
    struct money amount;

    return rupiah_parse(n->gross_amount, p->total.currency, &amount).kind ||
           !money_equal(p->total, amount);
}

/* What is claimed to be money is asked about by its own id, for one order may be paid twice.
 * Everything else is asked about by the order: a try that ended says nothing of one that goes on.
 */
static struct err ask(struct request *req, const struct payment *p,
                      const struct payment_news *claimed, struct payment_news *confirmed)
{
    const struct gateway *g = &((struct payments *)req->domain)->gateway;
    struct err e;

    if (claimed->kind == SAYS_SUCCESS && claimed->transaction_id) {
        e = g->ask(g->self, req->arena, p, claimed->transaction_id, confirmed);
        if (e.kind || confirmed->kind == SAYS_SUCCESS)
            return e;
    }
    return g->ask(g->self, req->arena, p, NULL, confirmed);
}

static struct err follow_up(struct request *req, const struct payment *p, const struct notice *n)
{
    struct payment_news claimed = notice_news(n), confirmed;
    struct err e;

    if (is_of_another_amount(p, n)) {
        claimed.kind = SAYS_SUCCESS; /* which, with this amount, only makes an open item */
        return keep(req, p, &claimed);
    }
    if (notice_is_consistent(n) && !payment_is_news(p, &claimed))
        return thank(req, STALE); /* a duplicate, or stale */
    e = ask(req, p, &claimed, &confirmed);
    FAILPOINT("payment.asked");
    if (e.kind)
        return ask_later(req, p);
    if (confirmed.kind == NO_NEWS || !payment_is_news(p, &confirmed))
        return thank(req, STALE);
    return keep(req, p, &confirmed);
}

/* POST /api/v1/payment/webhook: 200 for all that is genuine; only what a status call confirms is
 * believed. */
struct err http_webhook(struct request *req)
{
    struct payments *ps = req->domain;
    struct payment p;
    struct notice n;
    struct id attempt;
    struct err e;

    if (!req->body)
        return ERR(ERR_INVALID, "the body must be a JSON object");
    e = notice_read(req->body, &n);
    if (e.kind)
        return refuse(req, e.what);
    if (!notice_is_genuine(req->arena, &n, ps->midtrans->server_key))
        return refuse(req, "the signature does not fit");
    e = id_parse(n.order_id, &attempt);
    if (e.kind)
        return refuse(req, e.what);
    e = payments_look(ps, req->arena, &attempt, &p);
    if (e.kind == ERR_NOT_FOUND) {
        log_warn("webhook.unknown_attempt", kv_id("attempt_id", &attempt));
        return thank(req, UNKNOWN);
    }
    return e.kind ? in_trouble(e) : follow_up(req, &p, &n);
}

/* ---- how it stands ---- */

/* The tries that were refused, then the attempt itself. */
static json_t *attempts_json(const struct shown *s)
{
    json_t *list = json_array();

    for (size_t i = 0; i < s->refusals.n; i++)
        json_array_append_new(list, json_pack("{s:s?, s:s?, s:s?, s:I, s:o}", "transaction_id",
                                              pg_text(&s->refusals, i, 0), "status",
                                              pg_text(&s->refusals, i, 1), "method",
                                              pg_text(&s->refusals, i, 2), "amount",
                                              (json_int_t)s->p.total.minor, "at",
                                              json_of_time(pg_i64(&s->refusals, i, 3))));
    json_array_append_new(
        list,
        json_pack("{s:o, s:s?, s:s, s:s?, s:I, s:I, s:o}", "id", json_of_id(&s->p.attempt_id),
                  "transaction_id", s->p.transaction_id, "status", payment_state_name(s->p.state),
                  "method", s->p.method, "amount", (json_int_t)s->p.total.minor, "refunded",
                  (json_int_t)s->p.refunded_minor, "at", json_of_time(s->changed_us)));
    return list;
}

/* GET /api/v1/payment/:order_id: to its owner and to admins; to others it does not exist. */
struct err http_get_payment(struct request *req)
{
    struct id order;
    struct shown s;
    struct err e = req_param_id(req, "order_id", &order);

    if (e.kind)
        return e;
    e = store_get(req->pg, req->arena, &order, &s);
    if (e.kind)
        return e;
    if (!req->is_admin && s.p.user_id != req->user.user_id)
        return ERR(ERR_NOT_FOUND, "no such payment");
    return reply_json(req, 200,
                      json_pack("{s:o, s:s, s:I, s:s, s:I, s:o, s:o, s:o, s:o, s:o}", "order_id",
                                json_of_id(&s.p.order_id), "status", payment_state_name(s.p.state),
                                "amount", (json_int_t)s.p.total.minor, "currency",
                                s.p.total.currency, "refunded", (json_int_t)s.p.refunded_minor,
                                "method", json_of_text(s.p.method), "reason",
                                json_of_text(s.p.reason), "payment_url",
                                json_of_text(s.p.state == PENDING ? s.url : NULL), "expires_at",
                                json_of_time(s.p.expires_us), "attempts", attempts_json(&s)));
}
