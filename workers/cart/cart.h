/* cart.h - what a cart is, and the settings of its service. Pure. */
#ifndef PASAR_CART_CART_H
#define PASAR_CART_CART_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "wrap/json.h"

#define CART_LINES_MAX 100
#define CART_QUANTITY_MAX 999 /* of one line */
#define CART_TTL_S (7 * 24 * 3600)

struct cart_config {
    const char *product_url; /* PRODUCT_URL */
};

struct product { /* as the catalogue has it now; texts are borrowed */
    int64_t id;
    const char *name;
    int64_t price_minor;
    const char *currency;
    bool active;
};

struct cart_line {
    int64_t product_id, quantity;
    int64_t sequence;              /* lines are shown in the order in which they were put in */
    const struct product *product; /* NULL when the catalogue does not know it */
};

struct cart {
    int64_t user_id;
    struct cart_line *lines;
    size_t n;
};

/* A line as Redis keeps it: the field is the product's id, the value "quantity:sequence". false:
 * not one of ours. */
bool cart_line_parse(const char *field, const char *value, struct cart_line *out);
void cart_sort(struct cart *c);

/* As the API shows it. What can no longer be bought is shown, but not counted. */
json_t *cart_json(const struct cart *c, int64_t now_us);
/* {"items": [{product_id, quantity}]}: for whoever turns it into an order. */
json_t *cart_items_json(const struct cart *c);

#endif
