/* store.h - rows <-> structs of the product database, one function per statement or closely so.
 *
 * All suspend, and fail as pg.h says. Those that write take a transaction. */
#ifndef PASAR_PRODUCT_STORE_H
#define PASAR_PRODUCT_STORE_H

#include "base/arena.h"
#include "base/err.h"
#include "workers/product/product.h"
#include "workers/product/saga.h"
#include "wrap/pg.h"

/* ---- products: store.c ---- */
struct product_query {
    const char *search;  /* or NULL */
    int64_t category_id; /* with those below it; 0: any */
    int64_t min_price, max_price;
    bool with_inactive;
    const char *sort_by; /* "created_at" "price" "name" "popularity" "relevance" */
    bool descending;
    int64_t page, limit;
};
struct product_page {
    struct product *products;
    size_t n;
    int64_t total;
};
struct err product_store_list(struct pg *pg, struct arena *a, const struct product_query *q,
                              struct product_page *out) MUST_CHECK;
struct err product_store_find(struct pg *pg, struct arena *a, int64_t id,
                              struct product *out) MUST_CHECK;
struct err product_store_find_slug(struct pg *pg, struct arena *a, const char *slug,
                                   struct product *out) MUST_CHECK;
struct err product_store_brief(struct pg *pg, struct arena *a, const int64_t *ids, size_t n,
                               struct product_page *out) MUST_CHECK;

/* ERR_CONFLICT when the slug is taken. Sets p->id; opens its stock, empty. */
struct err product_store_insert(struct pg *tx, struct arena *a, struct product *p) MUST_CHECK;
/* As found, with its row locked until the end of the transaction. */
struct err product_store_lock(struct pg *tx, struct arena *a, int64_t id,
                              struct product *out) MUST_CHECK;
/* p->version is the one read. */
struct err product_store_update(struct pg *tx, struct arena *a, const struct product *p) MUST_CHECK;
/* ERR_NOT_FOUND when there is none. */
struct err product_store_remove(struct pg *tx, struct arena *a, int64_t id,
                                int64_t *version) MUST_CHECK;
/* ERR_INVALID when one of the categories is unknown. */
struct err product_store_set_categories(struct pg *tx, struct arena *a, int64_t id,
                                        const int64_t *categories, size_t n) MUST_CHECK;

struct movement {
    int64_t product_id, delta, user_id;
    const char *reason;
};
/* Of what is free to sell. ERR_CONFLICT when there is less. */
struct err product_store_move(struct pg *tx, struct arena *a, const struct movement *m) MUST_CHECK;
/* Locks the stock and reads what is free, and held, right now. */
struct err product_store_stock(struct pg *tx, struct arena *a, struct product *p) MUST_CHECK;

/* ---- categories: store_category.c ---- */
struct err category_store_list(struct pg *pg, struct arena *a, struct category **out,
                               size_t *n) MUST_CHECK;
struct err category_store_find(struct pg *pg, struct arena *a, int64_t id,
                               struct category *out) MUST_CHECK;
/* ERR_CONFLICT: slug taken, or the tree would get too deep; ERR_INVALID: no such parent. Sets
 * c->id. */
struct err category_store_insert(struct pg *tx, struct arena *a, struct category *c) MUST_CHECK;
/* The same, and ERR_CONFLICT when the parent lies below the category. */
struct err category_store_update(struct pg *tx, struct arena *a,
                                 const struct category *c) MUST_CHECK;
/* ERR_CONFLICT while it has children. */
struct err category_store_delete(struct pg *tx, struct arena *a, int64_t id) MUST_CHECK;

/* ---- answers kept for a POST that comes again: store_idempotency.c ---- */
struct kept_reply {
    const char *body_hash;
    int status;
    const char *text;
};
/* ERR_NOT_FOUND when the key is new. */
struct err idempotency_store_find(struct pg *pg, struct arena *a, int64_t user_id, const char *key,
                                  struct kept_reply *out) MUST_CHECK;
/* ERR_DUPLICATE when another request with this key was faster. */
struct err idempotency_store_keep(struct pg *tx, struct arena *a, int64_t user_id, const char *key,
                                  const struct kept_reply *reply) MUST_CHECK;

/* ---- holds: store_hold.c ---- */
struct hold_set { /* the holds of a batch, in the order of order_id */
    struct hold *rows;
    enum hold_state *stored; /* what each was when loaded */
    size_t n;
};
/* ids may come in any order and more than once; orders without a hold get one in HOLD_NONE. Rows
 * are locked. */
struct err hold_store_load(struct pg *tx, struct arena *a, const struct id *ids, size_t n,
                           struct hold_set *out) MUST_CHECK;
struct hold *hold_set_find(const struct hold_set *set, const struct id *order_id);
/* The same of products, for the lines of holds. Rows are locked. */
struct err stock_store_load(struct pg *tx, struct arena *a, const struct hold_set *set,
                            struct stock *out) MUST_CHECK;
/* Queues what changed: two statements at most. */
void hold_store_save(struct pg *tx, struct arena *a, const struct hold_set *set);
void stock_store_save(struct pg *tx, struct arena *a, const struct stock *s);
/* Queues the end of the timers of orders that were held when loaded and are no more. */
void hold_store_drop_timers(struct pg *tx, struct arena *a, const struct hold_set *set);

#endif
