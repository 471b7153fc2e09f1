/* crypt.h - the few cryptographic needs: passwords, digests, random tokens (libsodium,
 * libcrypto-free). */
#ifndef PASAR_WRAP_CRYPT_H
#define PASAR_WRAP_CRYPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "loop/offload.h"

void crypt_init(void); /* once, before the rest; aborts when the system has no randomness */

/* Argon2id, 19 MiB, 2 passes (OWASP's second choice; memory of one hash at a time per thread).
 * Suspends: runs on a thread. ERR_UNAVAILABLE: too many waiting. */
struct err password_hash(struct offload *o, struct arena *a, const char *password,
                         const char **out) MUST_CHECK;
/* *ok tells. A NULL hash costs the same time and never fits: for accounts that do not exist. */
struct err password_verify(struct offload *o, const char *hash, const char *password,
                           bool *ok) MUST_CHECK;

/* base64url of n random bytes (n ≤ 64). */
const char *random_token(struct arena *a, size_t n_bytes);
/* Lower-case hex. */
const char *sha256_hex(struct arena *a, const void *p, size_t n_bytes);
const char *sha512_hex(struct arena *a, const void *p, size_t n_bytes);
bool equal_constant_time(const void *a, const void *b, size_t n_bytes);
const char *base64_encode(struct arena *a, const void *p,
                          size_t n_bytes); /* standard alphabet, padded */
struct bytes {
    const uint8_t *p;
    size_t n;
};
/* Strictly base64url without padding; false for anything else. The bytes live in the arena. */
bool base64url_decode(struct arena *a, const char *text, size_t n_chars, struct bytes *out);

#define MAC_TEXT_SIZE 23 /* 22 characters of base64url: 128 bits */
/* Keyed BLAKE2b over the parts, each with its length in front, so that no two lists of parts
 * collide. */
struct mac_part {
    const void *p;
    size_t n_bytes;
};
struct mac_key {
    uint8_t bytes[32];
};
struct mac_key mac_key_of(const char *secret,
                          const char *purpose); /* derives; purpose separates uses */
void mac_sign(const struct mac_key *key, const struct mac_part *parts, size_t n,
              char out[MAC_TEXT_SIZE]);
bool mac_verify(const struct mac_key *key, const struct mac_part *parts, size_t n, const char *mac);

#endif
