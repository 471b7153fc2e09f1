/* store.h - rows <-> structs, one function per statement. Saving functions queue on a transaction.
 */
#ifndef PASAR_PAYMENT_STORE_H
#define PASAR_PAYMENT_STORE_H

#include "base/arena.h"
#include "workers/payment/payment.h"
#include "workers/payment/saga.h"
#include "wrap/pg.h"

/* A payment as it is being decided on: loaded or new, changed or not. */
struct entry {
    struct payment p;
    struct bill bill; /* of a new one */
    bool is_new, is_changed;
    const char *token, *url; /* a link to keep */
};

struct book { /* the payments of one transaction */
    struct entry *entries;
    size_t n, capacity;
    struct arena *arena;
};

/* An item of what else a transaction writes; order and attempt by value. */
struct side {
    struct id order_id, attempt_id;
    const char *kind;   /* of an open item, or the word of a refused try */
    const char *ref;    /* a transaction, or "" */
    const char *detail; /* or the method; may be NULL */
    struct money amount;
};
struct sides {
    struct side *items;
    size_t n;
};

/* The first twelve columns of every statement that reads payments. */
struct payment store_payment_of(const struct pg_rows *r, size_t row);

/* Locks what exists of these orders, in id order, and adds it to the book, which has the room;
 * suspends. */
struct err store_lock(struct pg *tx, const struct id *orders, size_t n, struct book *b) MUST_CHECK;
void store_add(struct pg *tx, const struct book *b);       /* the new ones, with their bills */
void store_save(struct pg *tx, const struct book *b);      /* the changed ones */
void store_add_links(struct pg *tx, const struct book *b); /* those with a link to keep */
void store_add_items(struct pg *tx, struct arena *a, const struct sides *s);
void store_add_refusals(struct pg *tx, struct arena *a, const struct sides *s);
void store_end_items(struct pg *tx, struct arena *a, const struct id *orders, size_t n);

/* Without locks: what a notification, or a call to the provider, is about. */
struct payment_list {
    struct payment *items;
    size_t n;
};
struct err store_by_attempts(struct pg *pg, struct arena *a, const struct id *attempts, size_t n,
                             struct payment_list *out) MUST_CHECK;
struct id_list {
    struct id *ids;
    size_t n;
};
/* Open ones whose deadline has passed since the last sweep, `most` at a time; moves the sweep on.
 */
struct err store_sweep_deadlines(struct pg *tx, struct arena *a, int64_t most,
                                 struct id_list *out) MUST_CHECK;
struct brief {
    struct payment p;
    struct bill bill;
    const char *token; /* NULL: no page was made yet */
};
struct brief_list {
    struct brief *items;
    size_t n;
};
struct err store_briefs(struct pg *pg, struct arena *a, const struct id *orders, size_t n,
                        struct brief_list *out) MUST_CHECK;

struct shown { /* for people */
    struct payment p;
    const char *url;
    int64_t changed_us;
    struct pg_rows refusals; /* transaction_id, status, method, at */
};
struct err store_get(struct pg *pg, struct arena *a, const struct id *order,
                     struct shown *out) MUST_CHECK;

struct open_item {
    int64_t id;
    struct id order_id;
    const char *kind, *ref, *detail;
    struct money amount;
    int64_t made_us;
};
struct open_item_list {
    struct open_item *items;
    size_t n;
};
struct err store_items(struct pg *pg, struct arena *a, int64_t after, int64_t limit,
                       struct open_item_list *out) MUST_CHECK;
struct err store_item(struct pg *pg, struct arena *a, int64_t id, struct open_item *out) MUST_CHECK;
void store_resolve_item(struct pg *tx, struct arena *a, int64_t id, const char *by,
                        const char *note);

#endif
