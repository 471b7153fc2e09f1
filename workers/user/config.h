/* config.h - the settings of the user service beyond those that every service has. */
#ifndef PASAR_USER_CONFIG_H
#define PASAR_USER_CONFIG_H

#include "app/app.h"

struct user_config {
    int64_t access_s, refresh_s; /* how long tokens live */
    const char *admin_email, *admin_password;
};

/* admin.c: makes the first admin where there is none of that address. */
struct err user_make_admin(struct app *app, void **domain) MUST_CHECK;

/* http.c, http_session.c */
struct err user_post_register(struct request *req) MUST_CHECK;
struct err user_get_profile(struct request *req) MUST_CHECK;
struct err user_patch_profile(struct request *req) MUST_CHECK;
struct err user_post_change_password(struct request *req) MUST_CHECK;
struct err user_post_login(struct request *req) MUST_CHECK;
struct err user_post_refresh(struct request *req) MUST_CHECK;
struct err user_post_logout(struct request *req) MUST_CHECK;

#endif
