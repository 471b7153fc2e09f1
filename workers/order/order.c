/* order.c - statuses, prices and numbers of orders. */
#include "workers/order/order.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/money.h"

static const char *const status_names[N_ORDER_STATUSES] = {
    [RECEIVED] = "RECEIVED",   [AWAITING_PAYMENT] = "AWAITING_PAYMENT",
    [PAID] = "PAID",           [SHIPPED] = "SHIPPED",
    [DELIVERED] = "DELIVERED", [CANCELLED] = "CANCELLED",
    [FAILED] = "FAILED",       [REFUNDED] = "REFUNDED",
};

static const char *const payment_names[N_PAYMENT_STATUSES] = {
    [PAYMENT_NONE] = "none",
    [PAYMENT_PENDING] = "pending",
    [PAYMENT_CHALLENGED] = "challenged",
    [PAYMENT_FAILED] = "failed",
    [PAYMENT_EXPIRED] = "expired",
    [PAYMENT_SUCCESS] = "success",
    [PAYMENT_REFUND_DUE] = "refund_due",
    [PAYMENT_REFUNDED] = "refunded",
};

static bool find_name(const char *const *names, size_t n, const char *name, size_t *out)
{
    for (*out = 0; name && *out < n; (*out)++)
        if (strcmp(names[*out], name) == 0)
            return true;
    return false;
}

const char *order_status_name(enum order_status s)
{
    return status_names[s];
}

bool order_status_parse(const char *name, enum order_status *out)
{
    size_t i;
    bool found = find_name(status_names, N_ORDER_STATUSES, name, &i);

    if (found)
        *out = (enum order_status)i;
    return found;
}

bool order_has_ended(enum order_status s)
{
    return s == DELIVERED || s == CANCELLED || s == FAILED || s == REFUNDED;
}

const char *payment_status_name(enum payment_status s)
{
    return payment_names[s];
}

bool payment_status_parse(const char *name, enum payment_status *out)
{
    size_t i;
    bool found = find_name(payment_names, N_PAYMENT_STATUSES, name, &i);

    if (found)
        *out = (enum payment_status)i;
    return found;
}

/* ---- price ---- */

static int by_product(const void *a, const void *b)
{
    const struct catalogue_entry *x = a, *y = b;

    return x->product_id < y->product_id ? -1 : x->product_id > y->product_id;
}

static const struct catalogue_entry *find_entry(const struct catalogue *known, int64_t product_id)
{
    const struct catalogue_entry wanted = {.product_id = product_id};
    const struct catalogue_entry *found =
        known->n ? bsearch(&wanted, known->entries, known->n, sizeof wanted, by_product) : NULL;

    return found && found->active ? found : NULL;
}

static struct err add_line(struct money *sum, const struct order_line *line, const char *currency)
{
    struct money amount;
    struct err e = money_times(money_of(line->price, currency), line->quantity, &amount);

    return e.kind ? e : money_add(*sum, amount, sum);
}

struct err order_price(struct order *o, struct order_line *lines, size_t n,
                       const struct catalogue *known, int64_t *product_id)
{
    struct money sum = money_of(0, "");

    *product_id = 0;
    if (n == 0)
        return ERR(ERR_UNFIT, "an order needs a line");
    for (size_t i = 0; i < n; i++) {
        const struct catalogue_entry *entry = find_entry(known, lines[i].product_id);

        *product_id = lines[i].product_id;
        if (!entry)
            return ERR(ERR_UNFIT, "is not sold");
        *product_id = 0;
        lines[i].name = entry->name;
        lines[i].price = entry->price;
        if (i == 0)
            sum = money_of(0, o->currency = entry->currency);
        if (strcmp(o->currency, entry->currency) != 0)
            return ERR(ERR_UNFIT, "one order cannot mix currencies");
        if (add_line(&sum, &lines[i], o->currency).kind || sum.minor > MONEY_MAX_MINOR)
            return ERR(ERR_UNFIT, "the total is more than one order may cost");
    }
    o->subtotal = sum.minor;
    o->shipping = 0;
    o->total = sum.minor;
    return OK;
}

/* ---- number ---- */

#define SERIAL_BITS 30
#define SERIAL_MASK ((UINT32_C(1) << SERIAL_BITS) - 1)

/* Each step can be undone, so different serials stay different: an odd factor, and a shift mixed
 * in. */
static uint32_t scramble(uint32_t x)
{
    x = (x ^ UINT32_C(0x1d3c5a7)) & SERIAL_MASK; /* or the first of all would be 000000 */
    for (int i = 0; i < 3; i++) {
        x = (x * UINT32_C(0x2545f491)) & SERIAL_MASK;
        x ^= x >> 15;
    }
    return x;
}

/* Crockford's base 32: no I, L, O, U to be misheard or misread. */
void order_number_format(int64_t now_us, uint32_t serial, char out[ORDER_NUMBER_SIZE])
{
    static const char digits[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    char day[TIME_TEXT_SIZE];
    uint32_t x = scramble(serial);

    time_format(now_us, day); /* 2026-01-02T… */
    memcpy(out, "P-", 2);
    memcpy(out + 2, day, 4);
    memcpy(out + 6, day + 5, 2);
    memcpy(out + 8, day + 8, 2);
    out[10] = '-';
    for (int i = 16; i > 10; i--, x >>= 5)
        out[i] = digits[x & 31];
    out[17] = '\0';
}
