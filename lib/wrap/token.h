/* token.h - access tokens: JWT (RFC 7519), HS256 only.
 *
 * libjwt 1.10 neither checks `exp` nor pins `alg`, and writes out of bounds for tokens of odd
 * shape; so the shape (three non-empty base64url parts, at most 4 KiB) is checked before it sees a
 * token, `alg`, `exp`, `nbf` after. */
#ifndef PASAR_WRAP_TOKEN_H
#define PASAR_WRAP_TOKEN_H

#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"

struct claims {
    int64_t user_id;                     /* "userID" */
    const char *email, *username, *role; /* role: "user" or "admin" */
    const char *session;                 /* "sid": the family of refresh tokens; "" for none */
    int64_t issued_us, expires_us;       /* whole seconds in the token */
};

const char *token_sign(struct arena *a, const char *secret, const struct claims *c);
/* ERR_UNAUTHENTIC, always with the same words. now_us decides expiry; 0 s of leeway. */
struct err token_verify(struct arena *a, const char *secret, const char *token, int64_t now_us,
                        struct claims *out) MUST_CHECK;

#endif
