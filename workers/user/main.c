/* main.c - the user service: accounts and log-ins. */
#include "app/app.h"
#include "sql_user.h"
#include "workers/user/config.h"
#include "workers/user/events.h"

/* clang-format off */
static struct user_config config;

static const struct env_row settings[] = {
    ENV_INT("ACCESS_TOKEN_SECONDS", struct user_config, access_s, "3600", 60, 3600),
    ENV_INT("REFRESH_TOKEN_SECONDS", struct user_config, refresh_s, "2592000", 3600, 31536000),
    ENV_TEXT("ADMIN_EMAIL", struct user_config, admin_email, "admin@admin.com"),
    {"ADMIN_PASSWORD", ENV_TYPE_SECRET, offsetof(struct user_config, admin_password), "admin123", 16, 0, NULL},
};

static const struct route routes[] = {
    {"POST",  "/api/v1/register",             AUTH_NONE, user_post_register},
    {"POST",  "/api/v1/login",                AUTH_NONE, user_post_login},
    {"POST",  "/api/v1/auth/refresh",         AUTH_NONE, user_post_refresh},
    {"POST",  "/api/v1/auth/logout",          AUTH_USER, user_post_logout},
    {"GET",   "/api/v1/auth/profile",         AUTH_USER, user_get_profile},
    {"PATCH", "/api/v1/auth/profile",         AUTH_USER, user_patch_profile},
    {"POST",  "/api/v1/auth/change-password", AUTH_USER, user_post_change_password},
    {NULL, NULL, AUTH_NONE, NULL},
};

static const char *const streams[] = {USER_STREAM, NULL};

static const struct service user = {
    .name = "user",
    .settings = settings,
    .n_settings = sizeof(settings) / sizeof(*settings),
    .config = &config,
    .routes = routes,
    .streams = streams,
    .statements = user_statements,
    .migrations = user_migrations,
    .start = user_make_admin,
};
/* clang-format on */

int main(int argc, char **argv)
{
    return app_main(argc, argv, &user);
}
