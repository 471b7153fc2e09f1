/* carts.h - the carts in Redis, a hash each: `cart:<user id>`, product id -> "quantity:sequence".
 *
 * Every edit is one script, so concurrent edits lose nothing and the limits hold whoever comes
 * first. A cart lives CART_TTL_S from its last reading or writing. `{cart:<user id>}:bought` (the
 * same cluster slot) remembers the last orders whose lines have been taken out, for as long: Redis
 * and PostgreSQL do not commit together, so the same order may come again. All suspend;
 * ERR_UNAVAILABLE and ERR_TIMEOUT as redis.h says, and ERR_UNAVAILABLE when Redis says that it
 * cannot serve now. */
#ifndef PASAR_CART_CARTS_H
#define PASAR_CART_CARTS_H

#include "base/arena.h"
#include "base/err.h"
#include "workers/cart/cart.h"
#include "workers/cart/events.h"
#include "wrap/redis.h"

struct cart_edit {
    int64_t user_id, product_id, quantity;
    int64_t available; /* the line may not ask for more; INT64_MAX when that is not known */
};

/* *out's lines are in order; what is no line of ours is left out. */
struct err carts_read(struct redis *r, struct arena *a, int64_t user_id,
                      struct cart *out) MUST_CHECK;
/* Adds to the line, or makes one. ERR_CONFLICT: too many lines, too many of it, or beyond what is
 * available. *out is the cart after the edit. */
struct err carts_add(struct redis *r, struct arena *a, const struct cart_edit *edit,
                     struct cart *out) MUST_CHECK;
/* Sets a line's quantity. ERR_NOT_FOUND: no such line; ERR_CONFLICT: beyond what is available. */
struct err carts_set(struct redis *r, struct arena *a, const struct cart_edit *edit,
                     struct cart *out) MUST_CHECK;
struct err carts_remove(struct redis *r, struct arena *a, int64_t user_id,
                        int64_t product_id) MUST_CHECK;
struct err carts_clear(struct redis *r, struct arena *a, int64_t user_id) MUST_CHECK;

/* Takes the bought quantities out of the buyers' carts, each order once: one round trip for all of
 * them. */
struct err carts_take_bought(struct redis *r, struct arena *a, const struct purchase *purchases,
                             size_t n) MUST_CHECK;

#endif
