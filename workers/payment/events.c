/* events.c - JSON <-> structs, one function per event type. */
#include "workers/payment/events.h"

#include "base/clock.h"

#define MAX_LINES 100
#define MAX_QUANTITY 999999

enum news_kind heard_kind(const char *type)
{
    static const struct {
        const char *type;
        enum news_kind kind;
    } heard[] = {
        {"OrderCreated", ORDER_CREATED},
        {"OrderCancelled", ORDER_CANCELLED},
        {"OrderPaid", ORDER_PAID},
        {"StockReserved", STOCK_RESERVED},
        {"StockInsufficient", STOCK_INSUFFICIENT},
    };

    for (size_t i = 0; i < sizeof heard / sizeof *heard; i++)
        if (strcmp(heard[i].type, type) == 0)
            return heard[i].kind;
    return NO_NEWS;
}

bool heard_is_news(const char *type)
{
    enum news_kind kind = heard_kind(type);

    return kind != NO_NEWS && kind != ORDER_PAID;
}

/* ---- heard ---- */

/* Their sum and the shipping, so that the page's items add up to the amount; -1 when there is no
 * such number. */
static int64_t lines_total(struct form *f, json_t *lines, int64_t shipping)
{
    int64_t sum = shipping, line;

    for (size_t i = 0; i < json_array_size(lines); i++) {
        struct form item;
        int64_t quantity, price;
        form_child(&item, f, json_array_get(lines, i), "items", (int)i);
        (void)form_text(&item, "name", FORM_REQUIRED, 1, 255);
        quantity = form_i64(&item, "quantity", 1, MAX_QUANTITY);
        price = form_i64(&item, "price", 0, MONEY_MAX_MINOR);
        if (__builtin_mul_overflow(quantity, price, &line) ||
            __builtin_add_overflow(sum, line, &sum))
            return -1;
    }
    return sum;
}

struct err order_created_read(struct arena *a, json_t *data, struct payment *p, struct bill *bill,
                              const char **why)
{
    struct form f;
    json_t *lines;
    const char *currency;
    int64_t total;

    form_init(&f, a, data);
    *p = (struct payment){.state = ABSENT};
    p->order_id = form_id(&f, "order_id", FORM_REQUIRED);
    p->user_id = form_i64(&f, "user_id", 0, INT64_MAX);
    p->expires_us = form_time(&f, "expires_at", FORM_REQUIRED);
    total = form_i64(&f, "total", 1, MONEY_MAX_MINOR);
    currency = form_currency(&f, "currency", FORM_REQUIRED);
    bill->number = form_text(&f, "number", FORM_REQUIRED, 1, 50);
    bill->email = form_text(&f, "email", FORM_REQUIRED, 1, 254);
    bill->username = form_text(&f, "username", FORM_REQUIRED, 1, 255);
    bill->shipping_minor = form_i64_or(&f, "shipping", 0, 0, MONEY_MAX_MINOR);
    lines = form_array(&f, "items", FORM_REQUIRED, 1, MAX_LINES);
    if (lines_total(&f, lines, bill->shipping_minor) < 0)
        form_fail(&f, "items", "must add up");
    if (form_check(&f).kind) {
        *why = form_reason(&f);
        return ERR(ERR_INVALID, "OrderCreated is not as agreed");
    }
    p->total = money_of(total, currency);
    bill->lines = json_text(a, json_incref(lines));
    return OK;
}

struct err order_id_read(struct arena *a, json_t *data, struct id *out, const char **why)
{
    struct form f;

    form_init(&f, a, data);
    *out = form_id(&f, "order_id", FORM_REQUIRED);
    if (!form_check(&f).kind)
        return OK;
    *why = form_reason(&f);
    return ERR(ERR_INVALID, "the event names no order");
}

/* ---- told ---- */

static json_t *told_base(const struct payment *p)
{
    char order[ID_TEXT_SIZE], attempt[ID_TEXT_SIZE];

    id_format(&p->order_id, order);
    id_format(&p->attempt_id, attempt);
    return json_pack("{s:s, s:s}", "order_id", order, "payment_id", attempt);
}

static void add_amount(json_t *o, const struct payment *p)
{
    json_object_set_new(o, "amount", json_integer(p->total.minor));
    json_object_set_new(o, "currency", json_string(p->total.currency));
}

static void add_reason(json_t *o, const char *reason)
{
    json_object_set_new(o, "reason", json_string(reason ? reason : "refunded"));
}

static void add_link(json_t *o, const struct payment *p, const struct payment_news *n)
{
    char until[TIME_TEXT_SIZE];

    time_format(p->expires_us, until);
    json_object_set_new(o, "payment_url", json_string(n->url));
    json_object_set_new(o, "expires_at", json_string(until));
}

const char *told_text(struct arena *a, const struct payment *p, const struct payment_news *n,
                      const struct payment_decision *d)
{
    json_t *o = told_base(p);

    if (strcmp(d->tell, "PaymentPending") == 0) {
        add_link(o, p, n);
    } else if (strcmp(d->tell, "PaymentSuccess") == 0) {
        add_amount(o, p);
        json_object_set_new(o, "method", json_string(p->method ? p->method : "unknown"));
    } else if (strcmp(d->tell, "PaymentRefunded") == 0 || strcmp(d->tell, "RefundDue") == 0) {
        add_amount(o, p);
        add_reason(o, p->reason);
    } else { /* PaymentFailed, PaymentExpired, PaymentChallenged */
        add_reason(o, d->reason);
    }
    return json_text(a, o);
}
