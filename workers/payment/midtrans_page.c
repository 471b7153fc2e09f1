/* midtrans_page.c - the body of a create: what the buyer's page shows, in Midtrans' units and
 * limits. */
#include "workers/payment/midtrans.h"

#include "base/clock.h"
#include "workers/payment/notice.h"
#include "wrap/json.h"

#define MAX_NAME 50 /* characters of an item's name */
#define MINUTE_US (60 * US_PER_S)

/* Up to 50 characters; what breaks other systems behind Midtrans becomes a blank. */
static json_t *item_name(struct arena *a, const char *name)
{
    char *cut = arena_strdup(a, name);
    size_t characters = 0;
    char *at = cut;

    for (; *at; at++) {
        if (((unsigned char)*at & 0xc0) != 0x80 && ++characters > MAX_NAME)
            break;
        if (*at == '|')
            *at = ' ';
    }
    *at = '\0';
    return json_string(cut);
}

static int64_t add_line(struct arena *a, json_t *items, const json_t *line)
{
    int64_t price = json_integer_value(json_object_get(line, "price"));
    int64_t quantity = json_integer_value(json_object_get(line, "quantity"));
    json_t *product = json_object_get(line, "product_id");
    json_t *item = json_object();

    if (json_is_integer(product))
        json_object_set_new(
            item, "id",
            json_string(arena_printf(a, "%" JSON_INTEGER_FORMAT, json_integer_value(product))));
    json_object_set_new(item, "name",
                        item_name(a, json_string_value(json_object_get(line, "name"))));
    json_object_set_new(item, "price", json_integer(price));
    json_object_set_new(item, "quantity", json_integer(quantity));
    json_array_append_new(items, item);
    return price * quantity; /* cannot overflow: checked when the order was heard */
}

static void add_extra(json_t *items, const char *id, const char *name, int64_t price)
{
    if (price != 0)
        json_array_append_new(items, json_pack("{s:s, s:s, s:I, s:i}", "id", id, "name", name,
                                               "price", (json_int_t)price, "quantity", 1));
}

/* The items must add up to the amount, exactly: what the lines and the shipping leave open is an
 * item as well. */
static json_t *items_of(struct arena *a, const struct payment *p, const struct bill *b)
{
    json_t *items = json_array(), *lines = NULL;
    int64_t sum = b->shipping_minor;

    if (json_read(a, b->lines, strlen(b->lines), &lines).kind)
        lines = NULL;
    for (size_t i = 0; i < json_array_size(lines); i++)
        sum += add_line(a, items, json_array_get(lines, i));
    add_extra(items, "SHIPPING", "Ongkos kirim", b->shipping_minor);
    add_extra(items, "ADJUSTMENT", "Penyesuaian", p->total.minor - sum);
    return items;
}

const char *midtrans_charge_text(struct arena *a, const struct payment *p, const struct bill *b,
                                 int64_t now_us)
{
    int64_t minutes = (p->expires_us - now_us + MINUTE_US - 1) / MINUTE_US;
    char id[ID_TEXT_SIZE], start[MIDTRANS_TIME_SIZE];
    json_t *life;

    if (minutes < 1)
        minutes = 1;
    id_format(&p->attempt_id, id);
    midtrans_time_format(now_us, start);
    life = json_pack("{s:s, s:I}", "unit", "minutes", "duration", (json_int_t)minutes);
    return json_text(
        a,
        json_pack("{s:{s:s, s:I}, s:o, s:{s:s, s:s}, s:{s:b}, s:{s:s, s:s, s:I}, s:o, s:s}",
                  "transaction_details", "order_id", id, "gross_amount", (json_int_t)p->total.minor,
                  "item_details", items_of(a, p, b), "customer_details", "first_name", b->username,
                  "email", b->email, "credit_card", "secure", 1, "expiry", "start_time", start,
                  "unit", "minutes", "duration", (json_int_t)minutes, "page_expiry", life,
                  "custom_field1", b->number));
}
