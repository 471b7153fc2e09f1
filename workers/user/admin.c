/* admin.c - the first admin comes from the settings: somebody has to let the others in. */
#include "workers/user/config.h"

#include "base/clock.h"
#include "base/log.h"
#include "workers/user/store.h"

#include <string.h>

/* A customer may be called "admin" already; the name says nothing about the role. */
static struct err insert(struct app *app, struct arena *a, struct account *admin)
{
    struct err e = user_store_insert(app->pg, a, admin);

    if (e.kind != ERR_CONFLICT || strcmp(pg_constraint(app->pg), "account_username") != 0)
        return e;
    admin->username = arena_printf(a, "admin-%s", random_token(a, 6));
    return user_store_insert(app->pg, a, admin);
}

static struct err make(struct app *app, struct arena *a, const char *email)
{
    const struct user_config *config = app->service->config;
    struct account admin = {.email = email, .username = "admin", .role = "admin"};
    struct err e;

    admin.email_verified = true; /* the operator says so */
    admin.created_us = clock_now_us();
    e = password_hash(app->offload, a, config->admin_password, &admin.password_hash);
    if (!e.kind)
        e = insert(app, a, &admin);
    if (e.kind == ERR_CONFLICT)
        return OK; /* a replica was faster */
    if (!e.kind)
        log_info("admin.made", kv_i64("user_id", admin.id));
    return e;
}

static struct err make_if_absent(struct app *app, struct arena *a)
{
    const struct user_config *config = app->service->config;
    const char *email = user_normalise_email(a, config->admin_email);
    size_t n = strlen(config->admin_password);
    struct account found;
    struct err e;

    if (!email || n < USER_PASSWORD_MIN || n > USER_PASSWORD_MAX)
        return ERR(ERR_INVALID,
                   "ADMIN_EMAIL must be an address, ADMIN_PASSWORD 8 to 128 characters");
    e = user_store_by_email(app->pg, a, email, &found);
    if (e.kind == ERR_NOT_FOUND)
        return make(app, a, email);
    if (!e.kind && strcmp(found.role, "admin") != 0)
        log_warn("admin.is_customer",
                 kv_i64("user_id", found.id)); /* never promoted by a setting */
    return e;
}

struct err user_make_admin(struct app *app, void **domain)
{
    struct arena *a = arena_new();
    struct err e = make_if_absent(app, a);

    *domain = NULL;
    arena_free(a);
    return e;
}
