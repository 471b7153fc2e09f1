/* order.h - an order: what it is, its statuses, its price, its number. Pure. */
#ifndef PASAR_ORDER_ORDER_H
#define PASAR_ORDER_ORDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/id.h"

#define ORDER_MAX_LINES 100
#define ORDER_MAX_QUANTITY 999
#define ORDER_NUMBER_SIZE 18 /* "P-20260102-7K3QX9" */

enum order_status {
    RECEIVED,
    AWAITING_PAYMENT,
    PAID,
    SHIPPED,
    DELIVERED,
    CANCELLED,
    FAILED,
    REFUNDED,
    N_ORDER_STATUSES
};

/* In the order in which money goes: it never goes back. */
enum payment_status {
    PAYMENT_NONE,
    PAYMENT_PENDING,
    PAYMENT_CHALLENGED,
    PAYMENT_FAILED,
    PAYMENT_EXPIRED,
    PAYMENT_SUCCESS,
    PAYMENT_REFUND_DUE,
    PAYMENT_REFUNDED,
    N_PAYMENT_STATUSES
};

struct order_line {
    int64_t product_id, quantity;
    const char *name; /* filled by order_price() */
    int64_t price;    /* of one, minor units */
};

struct order { /* texts are borrowed */
    struct id id;
    int64_t user_id;
    enum order_status status;
    enum payment_status payment;
    int64_t version;
    const char *cancel_reason, *payment_url; /* NULL: none */
    int64_t payment_expires_us;              /* 0: none */

    /* What was agreed, and never changes. */
    const char *number, *email, *username, *currency;
    int64_t subtotal, shipping, total;
    const char *items;            /* JSON, as OrderCreated tells them */
    const char *shipping_address; /* JSON, or NULL */
    int64_t created_us, expires_us;
};

struct catalogue_entry {
    int64_t product_id, price;
    const char *name, *currency;
    bool active;
};

struct catalogue {
    struct catalogue_entry *entries; /* by product id */
    size_t n;
};

const char *order_status_name(enum order_status s);
bool order_status_parse(const char *name, enum order_status *out);
bool order_has_ended(enum order_status s); /* nothing but a refund comes after */
const char *payment_status_name(enum payment_status s);
bool payment_status_parse(const char *name, enum payment_status *out);

/* Names and prices from the catalogue into the lines, sums into the order. ERR_UNFIT: *product_id
 * is not sold (the line's), or, when it is 0, the currencies differ or the total is beyond what we
 * take. */
struct err order_price(struct order *o, struct order_line *lines, size_t n,
                       const struct catalogue *known, int64_t *product_id) MUST_CHECK;

/* The day and a scrambled serial number of 30 bits: as unique as the serial is, and no count to be
 * read off. */
void order_number_format(int64_t now_us, uint32_t serial, char out[ORDER_NUMBER_SIZE]);

#endif
