/* store.h - rows of order's database, one function for each statement.
 *
 * `pg` may be the process's own or a transaction; those that queue need a transaction. Texts of
 * rows live in the arena. */
#ifndef PASAR_ORDER_STORE_H
#define PASAR_ORDER_STORE_H

#include "workers/order/events.h"
#include "workers/order/order.h"
#include "workers/order/set.h"
#include "wrap/pg.h"

/* ---- taking orders ---- */

struct err order_store_catalogue(struct pg *pg, struct arena *a, const int64_t *product_ids,
                                 size_t n, struct catalogue *out) MUST_CHECK;

struct order_claim { /* of an idempotency key */
    int64_t user_id;
    const char *key, *body_hash;
    struct id order_id;
    bool won; /* false: the key is taken */
};
struct err order_store_claim_keys(struct pg *tx, struct arena *a, struct order_claim **claims,
                                  size_t n, int64_t now_us) MUST_CHECK;
void order_store_release_keys(struct pg *tx, struct arena *a, struct order_claim *const *claims,
                              size_t n);

struct order_key { /* a key that was used */
    const char *body_hash, *number, *currency;
    struct id order_id;
    int64_t total;
};
/* ERR_NOT_FOUND: it is free. */
struct err order_store_find_key(struct pg *pg, struct arena *a, int64_t user_id, const char *key,
                                struct order_key *out) MUST_CHECK;

void order_store_insert(struct pg *tx, struct arena *a, struct order *const *orders, size_t n);
/* The first of the 1,024 serial numbers that are this process's alone. */
struct err order_store_take_numbers(struct pg *pg, struct arena *a, uint32_t *first) MUST_CHECK;
/* At most 1,000 keys made before; *n is how many there were. */
struct err order_store_sweep_keys(struct pg *tx, struct arena *a, int64_t before_us,
                                  int64_t *n) MUST_CHECK;

/* ---- showing orders ---- */

struct order_filter {
    int64_t user_id;    /* 0: anybody's */
    const char *status; /* "" for any */
    struct id before;   /* ids below this one */
    int64_t limit;
};
struct order_list {
    struct order *orders;
    size_t n;
};
struct order_past {
    const char *status, *reason;
    int64_t at_us;
};
struct order_history {
    struct order_past *steps;
    size_t n;
};
struct err order_store_get(struct pg *pg, struct arena *a, const struct id *id,
                           struct order *out) MUST_CHECK; /* ERR_NOT_FOUND */
struct err order_store_list(struct pg *pg, struct arena *a, const struct order_filter *f,
                            struct order_list *out) MUST_CHECK;
struct err order_store_history(struct pg *pg, struct arena *a, const struct id *id,
                               struct order_history *out) MUST_CHECK;

/* ---- steps ---- */

/* Locks them, in id order; ids may repeat, and those unknown are missing. */
struct err order_store_lock(struct pg *tx, struct arena *a, const struct id *ids, size_t n,
                            struct order_set *out) MUST_CHECK;
/* What is told of the rows that tell something: number, e-mail, lines, address. */
struct err order_store_details(struct pg *tx, struct arena *a, struct order_set *set) MUST_CHECK;
/* Queues the rows that changed, and their steps. */
void order_store_save(struct pg *tx, struct arena *a, const struct order_set *set, int64_t now_us);

/* ---- our copy of the catalogue ---- */

/* Queued; each product once. */
void order_store_keep_products(struct pg *tx, struct arena *a, const struct product_event *products,
                               size_t n);

#endif
