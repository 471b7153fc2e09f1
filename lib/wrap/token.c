/* token.c - libjwt makes and checks the signature; everything else about a token is checked here,
 * first.
 *
 * libjwt parses header and claims before it looks at the signature, with jansson's own bound of
 * 2,048 levels, which is more than a task's stack holds: so both go through json_read(), and are
 * read from there. */
#include "wrap/token.h"

#include "base/clock.h"
#include "wrap/crypt.h"
#include "wrap/json.h"

#include <jwt.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#define TOKEN_MAX_BYTES 4096
#define TOKEN_MAX_SECONDS INT64_C(253402300799) /* the year 9999: no overflow in microseconds */
#define TOKEN_MAX_SKEW_S 60                     /* `iat` of a sister whose clock is ahead */

static struct err refused(void)
{
    return ERR(ERR_UNAUTHENTIC, "the access token is not valid");
}

/* ---- making ---- */

static void must(int failed)
{
    if (failed)
        abort(); /* libjwt fails here only without memory */
}

static void add_claims(jwt_t *jwt, const struct claims *c)
{
    must(jwt_add_grant_int(jwt, "userID", c->user_id));
    must(jwt_add_grant(jwt, "email", c->email));
    must(jwt_add_grant(jwt, "username", c->username));
    must(jwt_add_grant(jwt, "role", c->role));
    if (c->session && *c->session)
        must(jwt_add_grant(jwt, "sid", c->session));
    must(jwt_add_grant_int(jwt, "iat", c->issued_us / US_PER_S));
    must(jwt_add_grant_int(jwt, "exp", c->expires_us / US_PER_S));
}

/* libjwt takes the key as bytes it does not change, but asks for its length as an int. */
static int key_length(const char *secret)
{
    size_t n = strlen(secret);

    if (n == 0 || n > INT_MAX)
        abort(); /* settings refuse both; a token without a key would be a token for everybody */
    return (int)n;
}

const char *token_sign(struct arena *a, const char *secret, const struct claims *c)
{
    const unsigned char *key = (const unsigned char *)secret;
    char *encoded;
    const char *out;
    jwt_t *jwt;

    must(jwt_new(&jwt));
    must(jwt_set_alg(jwt, JWT_ALG_HS256, key, key_length(secret)));
    add_claims(jwt, c);
    encoded = jwt_encode_str(jwt);
    must(!encoded);
    out = arena_strdup(a, encoded);
    free(encoded);
    jwt_free(jwt);
    return out;
}

/* ---- checking ---- */

/* Takes the part that ends at `end` (a dot, or the terminator) and moves the cursor behind it. */
static bool part_take(struct arena *a, const char **cursor, char end, struct bytes *out)
{
    const char *from = *cursor;
    const char *to = strchr(from, end);

    if (!to || to == from)
        return false;
    *cursor = to + (end != '\0');
    return base64url_decode(a, from, (size_t)(to - from), out);
}

static bool object_read(struct arena *a, struct bytes text, json_t **out)
{
    if (json_read(a, (const char *)text.p, text.n, out).kind)
        return false;
    return json_is_object(*out);
}

/* The shape alone: header and claims are objects of sane JSON, and a signature follows. */
static bool shape_read(struct arena *a, const char *token, json_t **header, json_t **claims)
{
    struct bytes head, body, signature;
    const char *cursor = token;

    if (strnlen(token, TOKEN_MAX_BYTES + 1) > TOKEN_MAX_BYTES)
        return false;
    if (!part_take(a, &cursor, '.', &head) || !part_take(a, &cursor, '.', &body) ||
        !part_take(a, &cursor, '\0', &signature))
        return false;
    return object_read(a, head, header) && object_read(a, body, claims);
}

static bool text_is(const json_t *object, const char *name, const char *wanted)
{
    const char *text = json_string_value(json_object_get(object, name));

    return text && strcmp(text, wanted) == 0;
}

static bool signature_fits(const char *secret, const char *token)
{
    jwt_t *jwt = NULL;
    bool fits;

    if (jwt_decode(&jwt, token, (const unsigned char *)secret, key_length(secret)) != 0)
        return false;
    fits = jwt_get_alg(jwt) == JWT_ALG_HS256;
    jwt_free(jwt);
    return fits;
}

/* A whole number of seconds in the years we know; -1 for anything else. */
static int64_t seconds_of(const json_t *claims, const char *name)
{
    const json_t *value = json_object_get(claims, name);
    int64_t s = json_integer_value(value);

    return json_is_integer(value) && s >= 0 && s <= TOKEN_MAX_SECONDS ? s : -1;
}

static bool times_fit(const json_t *claims, int64_t now_us, struct claims *out)
{
    int64_t issued = seconds_of(claims, "iat"), expires = seconds_of(claims, "exp");
    int64_t valid_from = json_object_get(claims, "nbf") ? seconds_of(claims, "nbf") : 0;

    if (issued < 0 || expires < 0 || valid_from < 0)
        return false;
    out->issued_us = issued * US_PER_S;
    out->expires_us = expires * US_PER_S;
    return out->issued_us <= now_us + TOKEN_MAX_SKEW_S * US_PER_S &&
           valid_from * US_PER_S <= now_us && now_us < out->expires_us;
}

/* NULL when it is there but no text. */
static const char *text_of(struct arena *a, const json_t *claims, const char *name)
{
    const json_t *value = json_object_get(claims, name);

    return value ? arena_strdup(a, json_string_value(value)) : "";
}

static bool identity_read(struct arena *a, const json_t *claims, struct claims *out)
{
    const json_t *user_id = json_object_get(claims, "userID");

    if (!json_is_integer(user_id) || json_integer_value(user_id) < 1)
        return false;
    if (!text_is(claims, "role", "user") && !text_is(claims, "role", "admin"))
        return false;
    out->user_id = json_integer_value(user_id);
    out->role = text_of(a, claims, "role");
    out->email = text_of(a, claims, "email");
    out->username = text_of(a, claims, "username");
    out->session = text_of(a, claims, "sid");
    return out->email && out->username && out->session;
}

struct err token_verify(struct arena *a, const char *secret, const char *token, int64_t now_us,
                        struct claims *out)
{
    json_t *header, *claims;
    struct claims c = {0};

    *out = c;
    if (!shape_read(a, token, &header, &claims) || !text_is(header, "alg", "HS256"))
        return refused();
    if (!signature_fits(secret, token))
        return refused();
    if (!times_fit(claims, now_us, &c) || !identity_read(a, claims, &c))
        return refused();
    *out = c;
    return OK;
}
