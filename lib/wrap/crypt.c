/* crypt.c - libsodium, one call each. */
#include "wrap/crypt.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define PASSWORD_PASSES 2
#define PASSWORD_MEMORY ((size_t)19 * 1024 * 1024) /* mapped for one hash and unmapped after it */
#define TOKEN_MAX_BYTES 64
#define MAC_BYTES 16

/* Verified against when there is no account, so that the answer takes as long as if there were one.
 * It is the hash of random bytes nobody kept, with the settings above; whatever fits it is refused
 * all the same. */
static const char nobody[] = "$argon2id$v=19$m=19456,t=2,p=1$"
                             "jZKB/R6DDpe10omli5+vRg$"
                             "9g2JVe3avQOdYWfE0LRmgtlrbkBRsWRf2U8KzQUI2dw";

void crypt_init(void)
{
    if (sodium_init() < 0)
        abort();
}

/* ---- passwords ---- */

struct password_work { /* what a thread of the offload touches */
    const char *password;
    const char *hash; /* to verify against; NULL: nobody's */
    char made[crypto_pwhash_STRBYTES];
    bool done;
    bool no_memory;
};

static void hash_on_thread(void *arg)
{
    struct password_work *w = arg;

    w->done = crypto_pwhash_str_alg(w->made, w->password, strlen(w->password), PASSWORD_PASSES,
                                    PASSWORD_MEMORY, crypto_pwhash_ALG_ARGON2ID13) == 0;
}

struct err password_hash(struct offload *o, struct arena *a, const char *password, const char **out)
{
    struct password_work w = {.password = password};
    struct err e = offload_run(o, hash_on_thread, &w);

    *out = NULL;
    if (e.kind)
        return e;
    if (!w.done)
        return ERR(ERR_UNAVAILABLE, "no memory to hash a password");
    *out = arena_strdup(a, w.made);
    return OK;
}

static void verify_on_thread(void *arg)
{
    struct password_work *w = arg;
    const char *hash = w->hash ? w->hash : nobody;

    errno = 0;
    w->done = crypto_pwhash_str_verify(hash, w->password, strlen(w->password)) == 0 && w->hash;
    w->no_memory = errno == ENOMEM; /* says nothing about the password */
}

struct err password_verify(struct offload *o, const char *hash, const char *password, bool *ok)
{
    struct password_work w = {.password = password, .hash = hash};
    struct err e = offload_run(o, verify_on_thread, &w);

    *ok = !e.kind && w.done;
    if (!e.kind && w.no_memory)
        return ERR(ERR_UNAVAILABLE, "no memory to hash a password");
    return e;
}

/* ---- texts ---- */

static const char *base64_of(struct arena *a, const void *p, size_t n_bytes, int variant)
{
    size_t size = sodium_base64_encoded_len(n_bytes, variant);
    char *text = arena_alloc(a, size);

    return sodium_bin2base64(text, size, p, n_bytes, variant);
}

const char *base64_encode(struct arena *a, const void *p, size_t n_bytes)
{
    return base64_of(a, p, n_bytes, sodium_base64_VARIANT_ORIGINAL);
}

static bool is_ascii(const char *text, size_t n_chars)
{
    for (size_t i = 0; i < n_chars; i++)
        if ((unsigned char)text[i] > 0x7f)
            return false;
    return true;
}

/* libsodium 1.0.18 takes every byte beyond ASCII for a '_', which other readers do not. */
bool base64url_decode(struct arena *a, const char *text, size_t n_chars, struct bytes *out)
{
    size_t capacity = n_chars / 4 * 3 + 3;
    unsigned char *p = arena_alloc(a, capacity);

    *out = (struct bytes){.p = p};
    return is_ascii(text, n_chars) &&
           sodium_base642bin(p, capacity, text, n_chars, NULL, &out->n, NULL,
                             sodium_base64_VARIANT_URLSAFE_NO_PADDING) == 0;
}

static const char *hex_of(struct arena *a, const unsigned char *p, size_t n_bytes)
{
    char *text = arena_alloc(a, n_bytes * 2 + 1);

    return sodium_bin2hex(text, n_bytes * 2 + 1, p, n_bytes);
}

const char *random_token(struct arena *a, size_t n_bytes)
{
    unsigned char bytes[TOKEN_MAX_BYTES];
    const char *text;

    if (n_bytes > sizeof(bytes))
        abort();
    randombytes_buf(bytes, n_bytes);
    text = base64_of(a, bytes, n_bytes, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    sodium_memzero(bytes, sizeof(bytes));
    return text;
}

/* ---- digests ---- */

const char *sha256_hex(struct arena *a, const void *p, size_t n_bytes)
{
    unsigned char digest[crypto_hash_sha256_BYTES];

    crypto_hash_sha256(digest, p, n_bytes);
    return hex_of(a, digest, sizeof(digest));
}

const char *sha512_hex(struct arena *a, const void *p, size_t n_bytes)
{
    unsigned char digest[crypto_hash_sha512_BYTES];

    crypto_hash_sha512(digest, p, n_bytes);
    return hex_of(a, digest, sizeof(digest));
}

bool equal_constant_time(const void *a, const void *b, size_t n_bytes)
{
    return sodium_memcmp(a, b, n_bytes) == 0;
}

/* ---- keyed digests ---- */

static void absorb(crypto_generichash_state *state, const void *p, size_t n_bytes)
{
    uint64_t length = n_bytes; /* as the machine has it: macs do not travel between architectures */

    crypto_generichash_update(state, (const unsigned char *)&length, sizeof(length));
    crypto_generichash_update(state, p, n_bytes);
}

struct mac_key mac_key_of(const char *secret, const char *purpose)
{
    crypto_generichash_state state;
    struct mac_key key;

    crypto_generichash_init(&state, NULL, 0, sizeof(key.bytes));
    absorb(&state, secret, strlen(secret));
    absorb(&state, purpose, strlen(purpose));
    crypto_generichash_final(&state, key.bytes, sizeof(key.bytes));
    sodium_memzero(&state, sizeof(state));
    return key;
}

void mac_sign(const struct mac_key *key, const struct mac_part *parts, size_t n,
              char out[MAC_TEXT_SIZE])
{
    crypto_generichash_state state;
    unsigned char digest[MAC_BYTES];

    crypto_generichash_init(&state, key->bytes, sizeof(key->bytes), sizeof(digest));
    for (size_t i = 0; i < n; i++)
        absorb(&state, parts[i].p, parts[i].n_bytes);
    crypto_generichash_final(&state, digest, sizeof(digest));
    sodium_bin2base64(out, MAC_TEXT_SIZE, digest, sizeof(digest),
                      sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

bool mac_verify(const struct mac_key *key, const struct mac_part *parts, size_t n, const char *mac)
{
    char right[MAC_TEXT_SIZE];

    mac_sign(key, parts, n, right);
    return mac && strlen(mac) == sizeof(right) - 1 &&
           equal_constant_time(right, mac, sizeof(right) - 1);
}
