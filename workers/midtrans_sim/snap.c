/* snap.c - POST /snap/v1/transactions and its cancel, with the documented refusals. */
#include "workers/midtrans_sim/snap.h"

#include "base/clock.h"
#include "workers/midtrans_sim/answer.h"
#include "workers/midtrans_sim/deeds.h"
#include "workers/midtrans_sim/journal.h"
#include "wrap/json.h"

#define MAX_BODY 16384
#define DAY_US (INT64_C(86400) * US_PER_S)

static void wrong(struct snap_request *r, const char *message)
{
    if (r->n_messages < sizeof r->messages / sizeof *r->messages)
        r->messages[r->n_messages++] = message;
}

static const char *text_of(const json_t *object, const char *name)
{
    return json_string_value(json_object_get(object, name));
}

static bool is_order_id(const char *s)
{
    size_t n = strlen(s);
    return n > 0 && n < ORDER_ID_SIZE &&
           strspn(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_~.") == n;
}

static void read_transaction(const json_t *root, struct snap_request *out)
{
    const json_t *details = json_object_get(root, "transaction_details");
    const json_t *amount = json_object_get(details, "gross_amount");

    out->order_id = text_of(details, "order_id");
    out->amount = json_integer_value(amount);
    if (!out->order_id || !*out->order_id)
        wrong(out, "transaction_details.order_id is required");
    else if (strlen(out->order_id) >= ORDER_ID_SIZE)
        wrong(out, "transaction_details.order_id is too long");
    else if (!is_order_id(out->order_id))
        wrong(out, "transaction_details.order_id has disallowed characters");
    if (!amount || json_is_null(amount))
        wrong(out, "transaction_details.gross_amount is required");
    else if (!json_is_integer(amount))
        wrong(out, "transaction_details.gross_amount must be an integer");
    else if (out->amount < 1)
        wrong(out, "transaction_details.gross_amount must be greater than or equal to 1");
    else if (out->amount > INT64_C(999999999999))
        wrong(out, "transaction_details.gross_amount is too large");
}

static size_t n_characters(const char *utf8)
{
    size_t n = 0;
    for (; *utf8; utf8++)
        n += ((unsigned char)*utf8 & 0xc0) != 0x80;
    return n;
}

static bool read_item(struct snap_request *r, const json_t *item, int64_t *sum)
{
    const char *name = text_of(item, "name");
    const json_t *price = json_object_get(item, "price");
    const json_t *quantity = json_object_get(item, "quantity");
    int64_t line;

    if (!name || !*name)
        return wrong(r, "item_details.name is required"), false;
    if (n_characters(name) > 50)
        return wrong(r, "item_details.name is too long"), false;
    if (!json_is_integer(price) || !json_is_integer(quantity) || json_integer_value(quantity) < 1)
        return wrong(r, "item_details.price and quantity are required"), false;
    if (__builtin_mul_overflow(json_integer_value(price), json_integer_value(quantity), &line) ||
        __builtin_add_overflow(*sum, line, sum))
        return wrong(r, "item_details.price is too large"), false;
    return true;
}

static void read_items(struct snap_request *r, const json_t *root, int64_t amount)
{
    const json_t *items = json_object_get(root, "item_details");
    int64_t sum = 0;

    if (!items || json_is_null(items))
        return;
    for (size_t i = 0; i < json_array_size(items); i++)
        if (!read_item(r, json_array_get(items, i), &sum))
            return;
    if (sum != amount)
        wrong(r, "transaction_details.gross_amount is not equal to the sum of item_details");
}

static int64_t unit_us(const char *unit)
{
    static const struct {
        const char *name;
        int64_t seconds;
    } units[] = {{"day", 86400},  {"days", 86400}, {"hour", 3600},
                 {"hours", 3600}, {"minute", 60},  {"minutes", 60}};

    for (size_t i = 0; unit && i < sizeof units / sizeof *units; i++)
        if (strcmp(units[i].name, unit) == 0)
            return units[i].seconds * US_PER_S;
    return 0;
}

/* A duration of one of the two expiries; 0 when it was not said. */
static int64_t read_life(struct snap_request *r, const json_t *expiry, const char *complaint)
{
    int64_t unit = unit_us(text_of(expiry, "unit"));
    int64_t n = json_integer_value(json_object_get(expiry, "duration"));

    if (!json_is_object(expiry))
        return 0;
    if (!unit || n < 1 || n > 259200)
        return wrong(r, complaint), 0;
    return n * unit;
}

static void read_expiry(const json_t *root, struct snap_request *out)
{
    const json_t *expiry = json_object_get(root, "expiry");
    const char *start = text_of(expiry, "start_time");

    out->life_us = read_life(out, expiry, "expiry.unit and expiry.duration are invalid");
    out->page_life_us = read_life(out, json_object_get(root, "page_expiry"),
                                  "page_expiry.unit and page_expiry.duration are invalid");
    if (out->page_life_us > 7 * DAY_US)
        wrong(out, "page_expiry.duration must not exceed 7 days");
    if (start && wib_parse(start, &out->start_us).kind)
        wrong(out, "expiry.start_time is invalid");
}

bool snap_parse(struct arena *a, const char *body, size_t n_body, struct snap_request *out)
{
    static const char *const custom[3] = {"custom_field1", "custom_field2", "custom_field3"};
    json_t *root = NULL;
    struct err e = json_read(a, body, n_body, &root);

    *out = (struct snap_request){0};
    if (n_body > MAX_BODY) {
        wrong(out, "request body is too large");
    } else if (e.kind || !json_is_object(root)) {
        wrong(out, "request body is not valid JSON");
    } else {
        read_transaction(root, out);
        read_items(out, root, out->amount);
        read_expiry(root, out);
        out->finish_url = text_of(json_object_get(root, "callbacks"), "finish");
        for (size_t i = 0; i < 3; i++)
            out->custom[i] = text_of(root, custom[i]);
    }
    return out->n_messages == 0;
}

/* ---- deeds ---- */

struct answer snap_refuse(struct arena *a, int status, const char *message)
{
    return (struct answer){status, snap_error_text(a, &message, 1)};
}

const char *snap_notify_urls(const struct sim *s, struct arena *a, const struct snap_headers *h)
{
    if (h->override && *h->override)
        return h->override;
    if (!h->append || !*h->append)
        return NULL;
    return *s->cfg->notification_url ? arena_printf(a, "%s,%s", s->cfg->notification_url, h->append)
                                     : h->append;
}

/* Before a method is chosen the same order id gives a new token and revokes the old one; after, it
 * is taken. */
static const char *why_taken(const struct order *o)
{
    if (!o || !o->latest)
        return NULL;
    if (o->latest->settled_us)
        return "transaction_details.order_id has been paid and utilized, please use another "
               "order_id";
    return "transaction_details.order_id has already been taken";
}

static void fill_order(struct sim *s, struct order *o, const struct snap_request *req)
{
    int64_t now_us = sim_now_us(s);
    int64_t start_us = req->start_us ? req->start_us : now_us;

    o->amount = req->amount;
    o->made_us = now_us;
    o->start_us = req->start_us;
    o->life_us = req->life_us;
    o->page_ends_us = now_us + DAY_US;
    if (req->page_life_us)
        o->page_ends_us = now_us + req->page_life_us;
    else if (req->life_us && req->start_us)
        o->page_ends_us = start_us + req->life_us;
    o->is_closed = false;
    sim_set_text(&o->notify_urls, req->notify_urls);
    sim_set_text(&o->finish_url, req->finish_url);
    for (size_t i = 0; i < 3; i++)
        sim_set_text(&o->custom[i], req->custom[i]);
}

struct answer snap_create(struct sim *s, struct arena *a, const struct snap_request *req)
{
    struct order *o = sim_order(s, req->order_id);
    const char *taken = why_taken(o);
    char token[UUID_SIZE];

    if (taken)
        return snap_refuse(a, 400, taken);
    sim_new_uuid(s, token);
    if (o)
        sim_renew_token(s, o, token);
    else
        o = sim_add_order(s, req->order_id, token);
    fill_order(s, o, req);
    journal_order(s->journal, o);
    sim_forget_old(s);
    return (struct answer){
        201, arena_printf(a, "{\"token\":\"%s\",\"redirect_url\":\"%s/snap/v3/redirection/%s\"}",
                          token, s->cfg->public_url, token)};
}

struct answer snap_cancel(struct sim *s, struct arena *a, const char *token)
{
    struct order *o = sim_by_token(s, token);
    char at[TIME_TEXT_SIZE];

    if (!o)
        return snap_refuse(a, 404, "token not found");
    if (o->is_closed)
        return snap_refuse(a, 400, "token already canceled");
    if (o->latest && !status_allows_retry(o->latest->status))
        return snap_refuse(a, 400, "transaction is on progress");
    page_close(s, o);
    time_format(sim_now_us(s), at);
    return (struct answer){200, arena_printf(a, "{\"canceled_at\":\"%s\"}", at)};
}
