/* domain.h - what the cart service works with. */
#ifndef PASAR_CART_DOMAIN_H
#define PASAR_CART_DOMAIN_H

#include "workers/cart/stock.h"
#include "wrap/redis.h"

struct cart_domain {
    struct redis *carts; /* DB 0 */
    struct stock_source stock;
};

#endif
