/* fuzz_token.c - any text as a token: refused, unless it is the one whose signature it bears.
 *
 * A fuzzer cannot guess a signature, so the bytes are tried twice: as a whole token, and as header
 * and claims (split at the first line break) that get a right signature. */
#include "fuzz.h"

#include "wrap/token.h"

#include <sodium.h>

#define SECRET "a secret of the fuzzer, 32 bytes and more"
#define NOW_US INT64_C(1767322800000000)

static const char *base64url(struct arena *a, const void *p, size_t n_bytes)
{
    size_t size = sodium_base64_encoded_len(n_bytes, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    char *out = arena_alloc(a, size);

    return sodium_bin2base64(out, size, p, n_bytes, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

static const char *sign(struct arena *a, const char *text)
{
    unsigned char mac[crypto_auth_hmacsha256_BYTES];
    crypto_auth_hmacsha256_state s;

    crypto_auth_hmacsha256_init(&s, (const unsigned char *)SECRET, strlen(SECRET));
    crypto_auth_hmacsha256_update(&s, (const unsigned char *)text, strlen(text));
    crypto_auth_hmacsha256_final(&s, mac);
    return arena_printf(a, "%s.%s", text, base64url(a, mac, sizeof(mac)));
}

static void try(struct arena *a, const char *token, bool is_signed)
{
    struct claims c;

    if (token_verify(a, SECRET, token, NOW_US, &c).kind)
        return;
    assert(is_signed && c.user_id >= 1 && c.expires_us > NOW_US);
    assert(c.email && c.username && c.session);
    assert(strcmp(c.role, "user") == 0 || strcmp(c.role, "admin") == 0);
}

void fuzz_try(struct arena *a, struct input in)
{
    const char *line = memchr(in.p, '\n', in.n);
    size_t n_head = line ? (size_t)(line - in.p) : 0;
    const char *head, *claims;

    try(a, input_rest(a, &in), false);
    if (!line)
        return;
    head = base64url(a, in.p, n_head);
    claims = base64url(a, line + 1, in.n - n_head - 1);
    try(a, sign(a, arena_printf(a, "%s.%s", head, claims)), true);
}
