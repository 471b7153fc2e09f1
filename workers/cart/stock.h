/* stock.h - what product says can be had of something, now. */
#ifndef PASAR_CART_STOCK_H
#define PASAR_CART_STOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "wrap/fetch.h"

struct stock_source {
    struct fetch *fetch;
    const char *base, *secret; /* PRODUCT_URL, INTERNAL_SECRET */
};

struct offer {
    bool exists, active;
    int64_t available;
};

/* Suspends, 500 ms at most. ERR_UNAVAILABLE when there is no usable answer. */
struct err stock_ask(const struct stock_source *s, struct arena *a, int64_t product_id,
                     struct offer *out) MUST_CHECK;
/* From the body of an answer. Pure. ERR_INVALID when it is none. */
struct err offer_read(struct arena *a, const char *body, size_t n_body, int64_t product_id,
                      struct offer *out) MUST_CHECK;

#endif
