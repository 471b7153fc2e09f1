/* http.c - accounts: register, profile, change-password. */
#include "workers/user/config.h"

#include "base/clock.h"
#include "base/log.h"
#include "workers/user/events.h"
#include "workers/user/gate.h"
#include "workers/user/store.h"

#include <string.h>

#define EMAIL_AS_TYPED_MAX 320
#define REGISTRATION_KEY_US (86400 * US_PER_S) /* so long an Idempotency-Key finds what it made */

/* ---- register ---- */

static void refuse_field(struct request *req, const char *field)
{
    if (form_has(&req->form, field))
        form_fail(&req->form, field, "cannot be chosen");
}

/* The key is the client's word and may be another client's too; with the address it is one
 * registration. */
static const char *registration_key(struct request *req, const char *email)
{
    const char *text;

    if (!req->idempotency_key || !email)
        return NULL;
    text = arena_printf(req->arena, "%s %s", email, req->idempotency_key);
    return sha256_hex(req->arena, text, strlen(text));
}

static struct err read_registration(struct request *req, struct account *out, const char **password)
{
    struct form *f = &req->form;
    const char *email = form_text(f, "email", FORM_REQUIRED, 1, EMAIL_AS_TYPED_MAX);
    const char *name = form_text(f, "username", FORM_REQUIRED, USER_NAME_MIN, USER_NAME_MAX);

    *password = form_text(f, "password", FORM_REQUIRED, USER_PASSWORD_MIN, USER_PASSWORD_MAX);
    *out = (struct account){.role = "user", .created_us = req->now_us};
    out->email = email ? user_normalise_email(req->arena, email) : NULL;
    out->username = name ? user_normalise_name(req->arena, name) : NULL;
    out->registration_key = registration_key(req, out->email);
    if (email && !out->email)
        form_fail(f, "email", "must be an e-mail address");
    if (name && !out->username)
        form_fail(f, "username", "must have 3 to 64 characters besides blanks");
    refuse_field(req, "role");
    refuse_field(req, "id");
    return req_check(req);
}

static struct err insert_and_tell(struct request *req, struct pg *tx, struct account *account)
{
    struct outbox *told = app_outbox(req->app, req->arena);
    const char *subject, *data;
    struct err e = user_store_insert(tx, req->arena, account);

    if (e.kind)
        return e;
    subject = arena_printf(req->arena, "%lld", (long long)account->id);
    data = user_event_registered(req->arena, account);
    outbox_tell(told, (struct fact){.stream = USER_STREAM,
                                    .type = "UserRegistered",
                                    .subject = subject,
                                    .traceparent = req->traceparent,
                                    .data = data});
    outbox_save(told, tx);
    return OK;
}

static struct err taken(struct request *req, const char *constraint)
{
    if (strcmp(constraint, "account_username") == 0)
        return reply_problem(req, ERR_CONFLICT, "the username is taken");
    return reply_problem(req, ERR_CONFLICT, "the email is registered already");
}

/* The account and the event that tells of it, in one transaction. */
static struct err save_registration(struct request *req, struct account *account)
{
    struct pg *tx;
    struct err e = pg_begin(req->pg, req->arena, &tx);

    if (e.kind)
        return e;
    e = insert_and_tell(req, tx, account);
    if (e.kind == ERR_CONFLICT)
        e = taken(req, pg_constraint(tx));
    if (e.kind) {
        pg_rollback(tx);
        return e;
    }
    e = pg_commit(tx);
    if (!e.kind)
        app_committed(req->app, COMMITTED_EVENTS);
    return e;
}

/* An address that is taken, taken by this very request when it came the first time: the same answer
 * again. */
static struct err registered_before(struct request *req, struct account *account,
                                    const char *password)
{
    struct account found;
    bool same;
    struct err e = user_store_by_email(req->pg, req->arena, account->email, &found);

    if (e.kind == ERR_NOT_FOUND)
        return ERR(ERR_CONFLICT, "the username is taken");
    if (e.kind)
        return e;
    if (!found.registration_key || strcmp(found.registration_key, account->registration_key) != 0 ||
        found.created_us + REGISTRATION_KEY_US < req->now_us)
        return ERR(ERR_CONFLICT, "the email is registered already");
    e = password_verify(req->app->offload, found.password_hash, password, &same);
    if (e.kind)
        return e;
    if (!same || strcmp(found.username, account->username) != 0)
        return ERR(ERR_UNFIT, "this Idempotency-Key was used for another registration");
    account->id = found.id;
    return OK;
}

/* POST /api/v1/register: 201 and the new account's id. */
struct err user_post_register(struct request *req)
{
    struct account account;
    const char *password;
    struct err e = read_registration(req, &account, &password);

    if (e.kind)
        return e;
    e = password_hash(req->app->offload, req->arena, password, &account.password_hash);
    if (e.kind)
        return e;
    e = save_registration(req, &account);
    if (e.kind == ERR_CONFLICT && account.registration_key)
        e = registered_before(req, &account, password);
    if (e.kind)
        return e;
    return reply_json(req, 201,
                      json_pack("{s:s, s:I}", "message", "User registered successfully", "user_id",
                                (json_int_t)account.id));
}

/* ---- profile ---- */

static json_t *profile_json(const struct account *a)
{
    char created[TIME_TEXT_SIZE];

    time_format(a->created_us, created);
    return json_pack("{s:I, s:s, s:s, s:s, s:s?, s:s?, s:b, s:s}", "userID", (json_int_t)a->id,
                     "email", a->email, "username", a->username, "role", a->role, "full_name",
                     a->full_name, "phone", a->phone, "email_verified", (int)a->email_verified,
                     "created_at", created);
}

/* A token outlives its account by up to an hour. */
static struct err still_there(struct err e, const struct account *account)
{
    if (e.kind == ERR_NOT_FOUND || (!e.kind && account->disabled))
        return ERR(ERR_UNAUTHENTIC, "the account is no longer there");
    return e;
}

/* GET /api/v1/auth/profile */
struct err user_get_profile(struct request *req)
{
    struct account account;
    struct err e = user_store_by_id(req->pg, req->arena, req->user.user_id, &account);

    e = still_there(e, &account);
    return e.kind ? e : reply_json(req, 200, profile_json(&account));
}

/* PATCH /api/v1/auth/profile: what is absent stays, an empty text clears. 200 and the profile. */
struct err user_patch_profile(struct request *req)
{
    struct profile_edit edit = {.account_id = req->user.user_id, .now_us = req->now_us};
    struct account account;
    const char *phone = form_text(&req->form, "phone", FORM_OPTIONAL, 0, USER_PHONE_MAX);
    struct err e;

    edit.full_name = form_text(&req->form, "full_name", FORM_OPTIONAL, 0, USER_FULL_NAME_MAX);
    edit.phone = phone && *phone ? user_normalise_phone(req->arena, phone) : phone;
    if (phone && !edit.phone)
        form_fail(&req->form, "phone", "must be a phone number, +62… or 08…");
    e = req_check(req);
    if (e.kind)
        return e;
    e = user_store_edit(req->pg, req->arena, &edit, &account);
    e = still_there(e, &account);
    return e.kind ? e : reply_json(req, 200, profile_json(&account));
}

/* ---- change-password ---- */

struct passwords {
    const char *old, *new;
};

static struct err read_passwords(struct request *req, struct passwords *out)
{
    struct form *f = &req->form;

    out->old = form_text(f, "old_password", FORM_REQUIRED, 1, USER_PASSWORD_MAX);
    out->new = form_text(f, "new_password", FORM_REQUIRED, USER_PASSWORD_MIN, USER_PASSWORD_MAX);
    if (out->old && out->new &&strcmp(out->old, out->new) == 0)
        form_fail(f, "new_password", "must differ from the old one");
    return req_check(req);
}

/* Whoever holds a stolen token may not guess here more freely than at the log-in. */
static struct err verify_old(struct request *req, const struct account *account,
                             const char *password)
{
    struct guard_keys keys = user_gate_keys(req, account->email);
    struct err e = user_gate_try(req, &keys, account, password);

    if (e.kind != ERR_UNAUTHENTIC)
        return e;
    form_fail(&req->form, "old_password", "is not the password");
    return req_check(req);
}

/* POST /api/v1/auth/change-password: all other sessions end. */
struct err user_post_change_password(struct request *req)
{
    struct password_change change = {.account_id = req->user.user_id, .now_us = req->now_us};
    struct passwords passwords;
    struct account account;
    struct id session;
    struct err e = read_passwords(req, &passwords);

    if (e.kind)
        return e;
    e = user_store_by_id(req->pg, req->arena, req->user.user_id, &account);
    e = still_there(e, &account);
    if (e.kind)
        return e;
    e = verify_old(req, &account, passwords.old);
    if (e.kind)
        return e;
    e = password_hash(req->app->offload, req->arena, passwords.new, &change.new_hash);
    if (e.kind)
        return e;
    change.old_hash = account.password_hash;
    change.session = id_parse(req->user.session, &session).kind ? NULL : &session;
    e = user_store_change_password(req->pg, req->arena, &change);
    if (e.kind)
        return e;
    log_info("account.password_changed", kv_i64("user_id", account.id));
    return reply_message(req, 200, "Password changed successfully");
}
