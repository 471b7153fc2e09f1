/* store.c - rows <-> structs. */
#include "workers/user/store.h"

#include "base/log.h"
#include "sql_user.h"

/* ---- accounts ---- */

static void account_read(const struct pg_rows *rows, size_t row, struct account *out)
{
    *out = (struct account){
        .id = pg_i64(rows, row, 0),
        .email = pg_text(rows, row, 1),
        .username = pg_text(rows, row, 2),
        .role = pg_text(rows, row, 3),
        .full_name = pg_text(rows, row, 4),
        .phone = pg_text(rows, row, 5),
        .email_verified = pg_bool(rows, row, 6),
        .disabled = pg_bool(rows, row, 7),
        .created_us = pg_i64(rows, row, 8),
        .password_hash = pg_text(rows, row, 9),
        .registration_key = pg_text(rows, row, 10),
    };
}

static struct err account_only(struct err e, const struct pg_rows *rows, struct account *out)
{
    if (e.kind)
        return e;
    if (rows->n == 0)
        return ERR(ERR_NOT_FOUND, "no such account");
    account_read(rows, 0, out);
    return OK;
}

struct err user_store_insert(struct pg *pg, struct arena *a, struct account *account)
{
    struct pg_args *args = pg_args(a);
    struct pg_rows rows;
    struct err e;

    pg_add_text(args, account->email);
    pg_add_text(args, account->username);
    pg_add_text(args, account->password_hash);
    pg_add_text(args, account->role);
    pg_add_bool(args, account->email_verified);
    pg_add_text(args, account->registration_key);
    pg_add_i64(args, account->created_us);
    e = pg_exec(pg, &sql_user_account_insert, args, a, &rows);
    if (!e.kind)
        account->id = pg_i64(&rows, 0, 0);
    return e;
}

struct err user_store_by_email(struct pg *pg, struct arena *a, const char *email,
                               struct account *out)
{
    struct pg_args *args = pg_args(a);
    struct pg_rows rows;

    pg_add_text(args, email);
    return account_only(pg_exec(pg, &sql_user_account_by_email, args, a, &rows), &rows, out);
}

struct err user_store_by_id(struct pg *pg, struct arena *a, int64_t id, struct account *out)
{
    struct pg_args *args = pg_args(a);
    struct pg_rows rows;

    pg_add_i64(args, id);
    return account_only(pg_exec(pg, &sql_user_account_by_id, args, a, &rows), &rows, out);
}

struct err user_store_edit(struct pg *pg, struct arena *a, const struct profile_edit *edit,
                           struct account *out)
{
    struct pg_args *args = pg_args(a);
    struct pg_rows rows;

    pg_add_i64(args, edit->account_id);
    pg_add_text(args, edit->full_name);
    pg_add_text(args, edit->phone);
    pg_add_i64(args, edit->now_us);
    return account_only(pg_exec(pg, &sql_user_account_edit, args, a, &rows), &rows, out);
}

static struct err set_password(struct pg *tx, struct arena *a, const struct password_change *change)
{
    struct pg_args *args = pg_args(a);
    struct pg_rows rows;
    struct err e;

    pg_add_i64(args, change->account_id);
    pg_add_text(args, change->old_hash);
    pg_add_text(args, change->new_hash);
    pg_add_i64(args, change->now_us);
    e = pg_exec(tx, &sql_user_account_set_password, args, a, &rows);
    if (e.kind)
        return e;
    return rows.n_affected == 1 ? OK : ERR(ERR_CONFLICT, "the password has been changed meanwhile");
}

/* The sessions are looked for after the account is locked: no log-in with the old password slips in
 * between. */
struct err user_store_change_password(struct pg *pg, struct arena *a,
                                      const struct password_change *change)
{
    struct pg_args *args = pg_args(a);
    struct pg *tx;
    struct err e = pg_begin(pg, a, &tx);

    if (e.kind)
        return e;
    e = set_password(tx, a, change);
    if (e.kind) {
        pg_rollback(tx);
        return e;
    }
    pg_add_i64(args, change->account_id);
    pg_add_id(args, change->session);
    pg_queue(tx, &sql_user_session_end_others, args);
    return pg_commit(tx);
}

/* ---- sessions ---- */

struct err user_store_open_session(struct pg *pg, struct arena *a, const struct session_start *s)
{
    struct pg_args *args = pg_args(a);
    struct pg_rows rows;
    struct err e;

    pg_add_i64(args, s->account->id);
    pg_add_text(args, s->account->password_hash);
    pg_add_text(args, s->guard_key);
    pg_add_id(args, &s->id);
    pg_add_text(args, s->token_hash);
    pg_add_i64(args, s->now_us);
    pg_add_i64(args, s->now_us + GUARD_KNOWN_US);
    pg_add_i64(args, s->expires_us);
    e = pg_exec(pg, &sql_user_session_open, args, a, &rows);
    if (e.kind)
        return e;
    return rows.n == 1 ? OK : ERR(ERR_CONFLICT, "the account has changed meanwhile");
}

static struct err end_reused(struct pg *pg, struct arena *a, const struct rotation *r)
{
    struct pg_args *args = pg_args(a);
    struct pg_rows rows;
    struct id session;
    struct err e;

    pg_add_text(args, r->old_hash);
    pg_add_i64(args, r->now_us);
    e = pg_exec(pg, &sql_user_session_end_reused, args, a, &rows);
    if (e.kind || rows.n == 0)
        return e;
    session = pg_id(&rows, 0, 1);
    log_warn("session.token_reused", kv_i64("user_id", pg_i64(&rows, 0, 0)),
             kv_id("session", &session));
    return OK;
}

struct err user_store_rotate(struct pg *pg, struct arena *a, const struct rotation *r,
                             struct account *account, struct id *session)
{
    struct pg_args *args = pg_args(a);
    struct pg_rows rows;
    struct err e;

    pg_add_text(args, r->old_hash);
    pg_add_text(args, r->new_hash);
    pg_add_i64(args, r->now_us);
    pg_add_i64(args, r->now_us - r->lifetime_us);
    pg_add_i64(args, r->now_us + r->lifetime_us);
    e = pg_exec(pg, &sql_user_session_rotate, args, a, &rows);
    if (!e.kind && rows.n == 0)
        e = end_reused(pg, a, r);
    if (e.kind)
        return e;
    if (rows.n == 0)
        return ERR(ERR_UNAUTHENTIC, "the refresh token is not valid");
    *account = (struct account){
        .id = pg_i64(&rows, 0, 0),
        .email = pg_text(&rows, 0, 1),
        .username = pg_text(&rows, 0, 2),
        .role = pg_text(&rows, 0, 3),
    };
    *session = pg_id(&rows, 0, 4);
    return OK;
}

struct err user_store_end_session(struct pg *pg, struct arena *a, int64_t account_id,
                                  const struct id *session)
{
    struct pg_args *args = pg_args(a);

    pg_add_id(args, session);
    pg_add_i64(args, account_id);
    return pg_exec(pg, &sql_user_session_end, args, a, NULL);
}

struct err user_store_end_by_token(struct pg *pg, struct arena *a, int64_t account_id,
                                   const char *token_hash)
{
    struct pg_args *args = pg_args(a);

    pg_add_text(args, token_hash);
    pg_add_i64(args, account_id);
    return pg_exec(pg, &sql_user_session_end_by_token, args, a, NULL);
}

/* ---- the guard ---- */

/* Both keys, in the order that all statements here take them. */
static struct pg_args *keys_args(struct arena *a, const struct guard_keys *keys)
{
    struct pg_args *args = pg_args(a);
    const char **texts = ARENA_ARRAY(a, const char *, 2);

    texts[0] = keys->client;
    texts[1] = keys->account;
    pg_add_texts(args, texts, 2);
    return args;
}

static struct guard guard_read(const struct pg_rows *rows, size_t row)
{
    return (struct guard){
        .failures = pg_i64(rows, row, 0),
        .last_failure_us = pg_i64(rows, row, 1),
        .blocked_until_us = pg_i64(rows, row, 2),
        .known_until_us = pg_i64(rows, row, 3),
    };
}

struct err user_store_guards(struct pg *pg, struct arena *a, const struct guard_keys *keys,
                             struct guards *out)
{
    struct pg_rows rows;
    struct err e = pg_exec(pg, &sql_user_guard_read, keys_args(a, keys), a, &rows);

    if (e.kind)
        return e;
    *out = (struct guards){.client = guard_read(&rows, 0), .account = guard_read(&rows, 1)};
    return OK;
}

static void guards_queue_write(struct pg *tx, struct arena *a, const struct guard_keys *keys,
                               const struct guards *g, int64_t forget_us)
{
    struct pg_args *args = keys_args(a, keys);
    int64_t *columns = ARENA_ARRAY(a, int64_t, 6);

    columns[0] = g->client.failures;
    columns[1] = g->account.failures;
    columns[2] = g->client.last_failure_us;
    columns[3] = g->account.last_failure_us;
    columns[4] = g->client.blocked_until_us;
    columns[5] = g->account.blocked_until_us;
    pg_add_i64s(args, columns, 2);
    pg_add_i64s(args, columns + 2, 2);
    pg_add_i64s(args, columns + 4, 2);
    pg_add_i64(args, forget_us);
    pg_queue(tx, &sql_user_guard_write, args);
}

static void guards_queue_lock(struct pg *tx, struct arena *a, const struct guard_keys *keys,
                              int64_t forget_us)
{
    struct pg_args *making = keys_args(a, keys);

    pg_add_i64(making, forget_us);
    pg_queue(tx, &sql_user_guard_make, making);
    pg_queue(tx, &sql_user_guard_lock, keys_args(a, keys));
}

struct err user_store_count_failure(struct pg *pg, struct arena *a, const struct guard_keys *keys,
                                    int64_t now_us, int64_t *wait_us)
{
    int64_t forget_us = now_us + GUARD_FORGET_US;
    struct pg_args *sweeping = pg_args(a);
    struct guards g;
    struct pg *tx;
    struct err e = pg_begin(pg, a, &tx);

    if (e.kind)
        return e;
    guards_queue_lock(tx, a, keys, forget_us);
    e = user_store_guards(tx, a, keys, &g);
    if (e.kind) {
        pg_rollback(tx);
        return e;
    }
    *wait_us = user_guard_wait(&g, now_us);
    if (*wait_us == 0) {
        user_guard_count_failure(&g, now_us);
        guards_queue_write(tx, a, keys, &g, forget_us);
    }
    pg_add_i64(sweeping, now_us);
    pg_queue(tx, &sql_user_guard_sweep, sweeping);
    return pg_commit(tx);
}
