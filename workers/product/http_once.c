/* http_once.c - the end of a writing request: commit, and the same answer to the same request. */
#include <string.h>

#include "workers/product/http.h"
#include "workers/product/store.h"

struct err http_answered_before(struct request *req, bool *answered)
{
    struct kept_reply kept;
    struct err e;

    *answered = false;
    if (!req->idempotency_key)
        return OK;
    e = idempotency_store_find(req->pg, req->arena, req->user.user_id, req->idempotency_key, &kept);
    if (e.kind == ERR_NOT_FOUND)
        return OK;
    if (e.kind)
        return e;
    if (strcmp(kept.body_hash, req->body_hash) != 0)
        return ERR(ERR_UNFIT, "this Idempotency-Key was used for another request");
    *answered = true;
    return reply_text(req, kept.status, "application/json", kept.text, strlen(kept.text));
}

struct err http_commit(struct request *req, struct pg *tx, struct err e)
{
    if (e.kind) {
        pg_rollback(tx);
        return e;
    }
    e = pg_commit(tx);
    if (!e.kind)
        app_committed(req->app, COMMITTED_EVENTS);
    return e;
}

static struct err keep(struct request *req, struct pg *tx, int status, const char *text)
{
    const struct kept_reply reply = {req->body_hash, status, text};

    if (!req->idempotency_key)
        return OK;
    return idempotency_store_keep(tx, req->arena, req->user.user_id, req->idempotency_key, &reply);
}

struct err http_created(struct request *req, struct pg *tx, struct err e, int status, json_t *reply)
{
    const char *text = e.kind ? "" : json_text(req->arena, reply);
    struct err again;
    bool answered;

    if (!e.kind)
        e = keep(req, tx, status, text);
    e = http_commit(req, tx, e);
    if (!e.kind)
        return reply_text(req, status, "application/json", text, strlen(text));
    if (e.kind != ERR_DUPLICATE && e.kind != ERR_CONFLICT)
        return e;
    again =
        http_answered_before(req, &answered); /* a twin may have been faster: it has committed */
    return again.kind || answered ? again : e;
}
