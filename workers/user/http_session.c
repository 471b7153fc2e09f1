/* http_session.c - sessions: login, refresh, logout. */
#include "workers/user/config.h"

#include "base/clock.h"
#include "base/log.h"
#include "workers/user/gate.h"
#include "workers/user/store.h"

#include <string.h>

#define REFRESH_TOKEN_BYTES 32
#define TYPED_MAX 320

static const struct user_config *config_of(const struct request *req)
{
    return req->app->service->config;
}

static const char *digest_of(struct request *req, const char *token)
{
    return sha256_hex(req->arena, token, strlen(token));
}

static struct err reply_tokens(struct request *req, const struct account *account,
                               const struct id *session, const char *refresh_token)
{
    int64_t lifetime_s = config_of(req)->access_s;
    struct claims claims = {
        .user_id = account->id,
        .email = account->email,
        .username = account->username,
        .role = account->role,
        .issued_us = req->now_us,
        .expires_us = req->now_us + lifetime_s * US_PER_S,
    };
    char sid[ID_TEXT_SIZE];

    id_format(session, sid);
    claims.session = sid;
    reply_header(req, "Cache-Control", "no-store");
    return reply_json(req, 200,
                      json_pack("{s:s, s:s, s:I, s:s}", "access_token",
                                token_sign(req->arena, req->app->jwt_secret, &claims), "token_type",
                                "Bearer", "expires_in", (json_int_t)lifetime_s, "refresh_token",
                                refresh_token));
}

/* ---- login ---- */

struct credentials {
    const char *email, *password;
};

static struct err read_credentials(struct request *req, struct credentials *out)
{
    const char *email = form_text(&req->form, "email", FORM_REQUIRED, 1, TYPED_MAX);

    out->password = form_text(&req->form, "password", FORM_REQUIRED, 1, USER_PASSWORD_MAX);
    out->email = email ? user_normalise_email(req->arena, email) : NULL;
    if (email && !out->email)
        form_fail(&req->form, "email", "must be an e-mail address");
    return req_check(req);
}

static struct err open_session(struct request *req, const struct guard_keys *keys,
                               const struct account *account)
{
    const char *refresh_token = random_token(req->arena, REFRESH_TOKEN_BYTES);
    struct session_start start = {
        .account = account,
        .guard_key = keys->client,
        .id = id_new(),
        .token_hash = digest_of(req, refresh_token),
        .now_us = req->now_us,
        .expires_us = req->now_us + config_of(req)->refresh_s * US_PER_S,
    };
    struct err e = user_store_open_session(req->pg, req->arena, &start);

    if (e.kind == ERR_CONFLICT)
        return user_gate_refuse(req, keys);
    if (e.kind)
        return e;
    return reply_tokens(req, account, &start.id, refresh_token);
}

/* POST /api/v1/login: 200 and a pair of tokens. */
struct err user_post_login(struct request *req)
{
    struct credentials credentials;
    struct guard_keys keys;
    struct account account;
    bool known;
    struct err e = read_credentials(req, &credentials);

    if (e.kind)
        return e;
    keys = user_gate_keys(req, credentials.email);
    e = user_store_by_email(req->pg, req->arena, credentials.email, &account);
    if (e.kind && e.kind != ERR_NOT_FOUND)
        return e;
    known = !e.kind;
    e = user_gate_try(req, &keys, known ? &account : NULL, credentials.password);
    if (e.kind)
        return e;
    if (account.disabled)
        return ERR(ERR_DENIED, "the account is disabled");
    return open_session(req, &keys, &account);
}

/* ---- refresh ---- */

static const char *read_refresh_token(struct request *req, enum form_need need)
{
    const char *token = form_text(&req->form, "refresh_token", need, 1, TYPED_MAX);

    return token ? digest_of(req, token) : NULL;
}

/* POST /api/v1/auth/refresh: 200 and a new pair. A refresh token is good for one use; one that was
 * used before this request came is in two hands, and nobody can tell which of them is a thief's, so
 * its whole family ends (RFC 9700, 4.14.2). There is no grace for latecomers: a thief within it
 * would go unnoticed. Of two that are under way at the same time one wins and the other gets 401,
 * but the family lives: that is a client with two windows, and a thief cannot know the moment. */
struct err user_post_refresh(struct request *req)
{
    const char *fresh = random_token(req->arena, REFRESH_TOKEN_BYTES);
    struct rotation rotation = {.now_us = req->now_us};
    struct account account;
    struct id session;
    struct err e;

    rotation.old_hash = read_refresh_token(req, FORM_REQUIRED);
    e = req_check(req);
    if (e.kind)
        return e;
    rotation.new_hash = digest_of(req, fresh);
    rotation.lifetime_us = config_of(req)->refresh_s * US_PER_S;
    e = user_store_rotate(req->pg, req->arena, &rotation, &account, &session);
    if (e.kind)
        return e;
    return reply_tokens(req, &account, &session, fresh);
}

/* ---- logout ---- */

/* POST /api/v1/auth/logout: ends the session of the refresh token sent, or else of the access
 * token. */
struct err user_post_logout(struct request *req)
{
    const char *token_hash = read_refresh_token(req, FORM_OPTIONAL);
    struct id session;
    struct err e = req_check(req);

    if (e.kind)
        return e;
    if (token_hash)
        e = user_store_end_by_token(req->pg, req->arena, req->user.user_id, token_hash);
    else if (!id_parse(req->user.session, &session).kind)
        e = user_store_end_session(req->pg, req->arena, req->user.user_id, &session);
    if (e.kind)
        return e;
    return reply_json(req, 200, json_pack("{s:i}", "code", 200));
}
