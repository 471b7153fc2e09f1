/* store.h - accounts, sessions and the guard in PostgreSQL; a function per statement, or per
 * transaction. */
#ifndef PASAR_USER_STORE_H
#define PASAR_USER_STORE_H

#include "workers/user/user.h"
#include "wrap/pg.h"

/* ---- accounts ---- */

/* Fills account->id. ERR_CONFLICT: address or name is taken; pg_constraint() is account_email or
 * account_username. */
struct err user_store_insert(struct pg *pg, struct arena *a, struct account *account) MUST_CHECK;
/* ERR_NOT_FOUND. */
struct err user_store_by_email(struct pg *pg, struct arena *a, const char *email,
                               struct account *out) MUST_CHECK;
struct err user_store_by_id(struct pg *pg, struct arena *a, int64_t id,
                            struct account *out) MUST_CHECK;

struct profile_edit {
    int64_t account_id, now_us;
    const char *full_name, *phone; /* NULL: as it is; "": none any more */
};
struct err user_store_edit(struct pg *pg, struct arena *a, const struct profile_edit *edit,
                           struct account *out) MUST_CHECK;

struct password_change {
    int64_t account_id, now_us;
    const char *old_hash, *new_hash;
    const struct id *session; /* the one that goes on; NULL: none does */
};
/* One transaction. ERR_CONFLICT: the password is no longer the old one. */
struct err user_store_change_password(struct pg *pg, struct arena *a,
                                      const struct password_change *change) MUST_CHECK;

/* ---- sessions: refresh tokens come and go as digests ---- */

struct session_start {
    const struct account *account; /* as its password was verified */
    const char *guard_key;         /* of the client at the account */
    struct id id;
    const char *token_hash;
    int64_t now_us, expires_us;
};
/* ERR_CONFLICT: not any more; the client got blocked or the account changed while the password was
 * verified. */
struct err user_store_open_session(struct pg *pg, struct arena *a,
                                   const struct session_start *s) MUST_CHECK;

struct rotation {
    const char *old_hash, *new_hash;
    int64_t now_us, lifetime_us;
};
/* Fills id, email, username and role of *account. ERR_UNAUTHENTIC: unknown, expired, or spent; the
 * family of a token that had been spent before now_us is gone then. */
struct err user_store_rotate(struct pg *pg, struct arena *a, const struct rotation *r,
                             struct account *account, struct id *session) MUST_CHECK;

/* Ending what has ended is fine. */
struct err user_store_end_session(struct pg *pg, struct arena *a, int64_t account_id,
                                  const struct id *session) MUST_CHECK;
struct err user_store_end_by_token(struct pg *pg, struct arena *a, int64_t account_id,
                                   const char *token_hash) MUST_CHECK;

/* ---- the guard ---- */

struct err user_store_guards(struct pg *pg, struct arena *a, const struct guard_keys *keys,
                             struct guards *out) MUST_CHECK;
/* Counts, in one transaction. *wait_us: what already had to be waited when it came to this failure;
 * one that ran beside others then must not be told from success, nor from another failure. */
struct err user_store_count_failure(struct pg *pg, struct arena *a, const struct guard_keys *keys,
                                    int64_t now_us, int64_t *wait_us) MUST_CHECK;

#endif
