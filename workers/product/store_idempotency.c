/* store_idempotency.c - answers kept for a POST that comes again. */
#include <string.h>

#include "sql_product.h"
#include "workers/product/store.h"

struct err idempotency_store_find(struct pg *pg, struct arena *a, int64_t user_id, const char *key,
                                  struct kept_reply *out)
{
    struct pg_args *args = pg_args(a);
    struct pg_rows rows;
    struct err e;

    pg_add_i64(args, user_id);
    pg_add_text(args, key);
    e = pg_exec(pg, &sql_idempotency_find, args, a, &rows);
    if (e.kind)
        return e;
    if (rows.n == 0)
        return ERR(ERR_NOT_FOUND, "a new key");
    *out =
        (struct kept_reply){pg_text(&rows, 0, 0), (int)pg_i64(&rows, 0, 1), pg_text(&rows, 0, 2)};
    return OK;
}

struct err idempotency_store_keep(struct pg *tx, struct arena *a, int64_t user_id, const char *key,
                                  const struct kept_reply *reply)
{
    struct pg_args *args = pg_args(a);
    struct err e;

    pg_add_i64(args, user_id);
    pg_add_text(args, key);
    pg_add_text(args, reply->body_hash);
    pg_add_i64(args, reply->status);
    pg_add_text(args, reply->text);
    e = pg_exec(tx, &sql_idempotency_insert, args, a, NULL);
    if (e.kind == ERR_CONFLICT && strcmp(pg_constraint(tx), "idempotency_key_is_used") == 0)
        return ERR(ERR_DUPLICATE, "this key is in use");
    return e;
}
