/* wish.h - what a customer asks for in the body of POST /api/v1/order. Pure. */
#ifndef PASAR_ORDER_WISH_H
#define PASAR_ORDER_WISH_H

#include "workers/order/order.h"
#include "wrap/json.h"

struct wish {
    struct order_line *lines; /* each product once; from the body, or by wish_take_cart() */
    size_t n_lines;
    int64_t *product_ids; /* of the cart only these; none: all */
    size_t n_product_ids;
    bool from_cart;
    const char *shipping_address; /* JSON, or NULL */
    bool not_offered;             /* asks for something that cannot be done yet */
};

/* What is wrong with the body is remembered in the form. */
void wish_read(struct form *f, struct wish *out);

/* The cart's lines into the wish. ERR_UNFIT: the cart is empty, or (then *product_id is not 0)
 * lacks a product that was asked for; ERR_BUG: that is no cart. */
struct err wish_take_cart(struct wish *w, struct arena *a, json_t *cart,
                          int64_t *product_id) MUST_CHECK;

#endif
