/* store.h - the copy of the catalogue in the cart database. All suspend, and fail as pg.h says. */
#ifndef PASAR_CART_STORE_H
#define PASAR_CART_STORE_H

#include "base/arena.h"
#include "base/err.h"
#include "workers/cart/cart.h"
#include "workers/cart/events.h"
#include "wrap/pg.h"

/* Finds the products of the cart's lines. */
struct err catalogue_store_describe(struct pg *pg, struct arena *a, struct cart *c) MUST_CHECK;
/* *out->name is NULL when the catalogue does not know it. */
struct err catalogue_store_find(struct pg *pg, struct arena *a, int64_t product_id,
                                struct product *out) MUST_CHECK;
/* Queues what became of the products, each of which is there once: two statements at most. */
void catalogue_store_save(struct pg *tx, struct arena *a, const struct news *news, size_t n);

#endif
