/* A token of ours comes back; whatever else is sent is refused with the same words. */
#include "wrap/token.h"

#include "base/clock.h"
#include "wrap/crypt.h"

#include <jwt.h>
#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define SECRET "a secret of the tests, 32 bytes long"
#define NOW_S INT64_C(1767322800)
#define NOW_US (NOW_S * US_PER_S)

static struct arena *arena;

static int set_up(void **state)
{
    (void)state;
    crypt_init();
    arena = arena_new();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    arena_free(arena);
    return 0;
}

static struct claims someone(void)
{
    return (struct claims){.user_id = 42,
                           .email = "sari@example.com",
                           .username = "sari",
                           .role = "user",
                           .session = "0190a5c1-7c3e-7d50-8a5e-0c1d2e3f4a5b",
                           .issued_us = NOW_US,
                           .expires_us = NOW_US + 900 * US_PER_S};
}

static const char *base64url(const char *text)
{
    size_t size = strlen(text) * 2 + 8;
    char *out = arena_alloc(arena, size);

    return sodium_bin2base64(out, size, (const unsigned char *)text, strlen(text),
                             sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

/* A rightly signed token of any header and claims. */
static const char *signed_raw(const char *header, const char *claims)
{
    const char *text = arena_printf(arena, "%s.%s", base64url(header), base64url(claims));
    unsigned char mac[crypto_auth_hmacsha256_BYTES];
    char mac_text[64];
    crypto_auth_hmacsha256_state s;

    crypto_auth_hmacsha256_init(&s, (const unsigned char *)SECRET, strlen(SECRET));
    crypto_auth_hmacsha256_update(&s, (const unsigned char *)text, strlen(text));
    crypto_auth_hmacsha256_final(&s, mac);
    sodium_bin2base64(mac_text, sizeof(mac_text), mac, sizeof(mac),
                      sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    return arena_printf(arena, "%s.%s", text, mac_text);
}

static const char hs256[] = "{\"alg\":\"HS256\",\"typ\":\"JWT\"}";

static void assert_refused(const char *token)
{
    struct claims c;
    struct err e = token_verify(arena, SECRET, token, NOW_US, &c);

    if (e.kind != ERR_UNAUTHENTIC)
        fail_msg("taken: %s", token);
    assert_string_equal(e.what, "the access token is not valid");
    assert_int_equal(c.user_id, 0);
    assert_null(c.role);
}

static void comes_back(void **state)
{
    struct claims in = someone(), out;
    (void)state;

    assert_int_equal(token_verify(arena, SECRET, token_sign(arena, SECRET, &in), NOW_US, &out).kind,
                     0);
    assert_int_equal(out.user_id, 42);
    assert_string_equal(out.email, in.email);
    assert_string_equal(out.username, in.username);
    assert_string_equal(out.role, "user");
    assert_string_equal(out.session, in.session);
    assert_int_equal(out.issued_us, in.issued_us);
    assert_int_equal(out.expires_us, in.expires_us);
    in.role = "admin";
    in.session = NULL;
    assert_int_equal(token_verify(arena, SECRET, token_sign(arena, SECRET, &in), NOW_US, &out).kind,
                     0);
    assert_string_equal(out.role, "admin");
    assert_string_equal(out.session, "");
}

static void ends_on_the_second(void **state)
{
    struct claims in = someone(), out;
    const char *token = token_sign(arena, SECRET, &in);
    (void)state;

    assert_int_equal(token_verify(arena, SECRET, token, in.expires_us - 1, &out).kind, ERR_NONE);
    assert_int_equal(token_verify(arena, SECRET, token, in.expires_us, &out).kind, ERR_UNAUTHENTIC);
}

static void needs_our_key(void **state)
{
    struct claims in = someone(), out;
    const char *token = token_sign(arena, "another secret of the tests, as long", &in);
    (void)state;

    assert_int_equal(token_verify(arena, SECRET, token, NOW_US, &out).kind, ERR_UNAUTHENTIC);
}

static void any_changed_byte_spoils_it(void **state)
{
    struct claims in = someone();
    const char *good = token_sign(arena, SECRET, &in);
    (void)state;

    for (size_t i = 0; good[i]; i++) {
        char *bad = arena_strdup(arena, good);

        bad[i] = bad[i] == 'A' ? 'B' : 'A';
        assert_refused(bad);
        assert_refused(arena_strndup(arena, good, i)); /* cut there */
    }
    assert_refused(arena_printf(arena, "%sA", good));
    assert_refused(arena_printf(arena, "%s=", good));
    assert_refused(arena_printf(arena, "%s.x", good));
    assert_refused(arena_printf(arena, " %s", good));
}

static void odd_shapes(void **state)
{
    static const char *const shapes[] = {
        "",
        ".",
        "..",
        "...",
        "a",
        "a.b",
        "a.b.c",
        "a..c",
        ".b.c",
        "a.b.",
        "....",
        "a.b.c.d",
        "=.=.=",
        "e30.e30.e30",
        "e30..e30",
        "eyJhbGciOiJub25lIn0.e30.",
        "eyJhbGciOiJub25lIn0.e30.e30",
        "eyJhbGciOiJIUzI1NiJ9..AAAA",
        "eyJhbGciOiJIUzI1NiJ9.e30.AAAA",
        "\xff.\xff.\xff",
        "W10.W10.W10",
    };
    char *huge = arena_alloc(arena, 100001);
    (void)state;

    for (size_t i = 0; i < sizeof(shapes) / sizeof(*shapes); i++)
        assert_refused(shapes[i]);
    memset(huge, 'A', 100000);
    huge[10] = huge[20] = '.';
    assert_refused(huge);
}

static void only_hs256(void **state)
{
    static const char *const headers[] = {
        "{\"alg\":\"none\"}",
        "{\"alg\":\"None\"}",
        "{\"alg\":\"HS512\"}",
        "{\"alg\":\"hs256\"}",
        "{\"alg\":\"RS256\"}",
        "{\"alg\":null}",
        "{\"alg\":7}",
        "{}",
        "[]",
        "{\"alg\":\"HS256\",\"alg\":\"none\"}",
        "{\"alg\":\"HS256\",\"typ\":\"JWE\"}",
    };
    const char *claims =
        arena_printf(arena, "{\"userID\":1,\"role\":\"admin\",\"iat\":%lld,\"exp\":%lld}",
                     (long long)NOW_S, (long long)NOW_S + 60);
    struct claims c;
    (void)state;

    assert_int_equal(token_verify(arena, SECRET, signed_raw(hs256, claims), NOW_US, &c).kind,
                     ERR_NONE);
    for (size_t i = 0; i < sizeof(headers) / sizeof(*headers); i++)
        assert_refused(signed_raw(headers[i], claims));
    assert_refused(
        arena_printf(arena, "%s.%s.", base64url("{\"alg\":\"none\"}"), base64url(claims)));
}

/* Signed with another algorithm but the same key. */
static void not_hs512_either(void **state)
{
    jwt_t *jwt;
    char *text;
    (void)state;

    assert_int_equal(jwt_new(&jwt), 0);
    assert_int_equal(
        jwt_set_alg(jwt, JWT_ALG_HS512, (const unsigned char *)SECRET, sizeof(SECRET) - 1), 0);
    jwt_add_grant_int(jwt, "userID", 1);
    jwt_add_grant(jwt, "role", "admin");
    jwt_add_grant_int(jwt, "iat", NOW_S);
    jwt_add_grant_int(jwt, "exp", NOW_S + 60);
    text = jwt_encode_str(jwt);
    assert_refused(text);
    free(text);
    jwt_free(jwt);
}

/* clang-format off */
static const struct {
    const char *claims; /* S stands for now */
    bool fits;
} claim_cases[] = {
    {"{'userID':1,'role':'user','iat':%1$lld,'exp':%2$lld}",                        true},
    {"{'userID':1,'role':'user','iat':%1$lld,'exp':%2$lld,'nbf':%1$lld}",           true},
    {"{'userID':1,'role':'user','iat':%1$lld,'exp':%2$lld,'nbf':%2$lld}",           false},
    {"{'userID':1,'role':'user','iat':%1$lld,'exp':%2$lld,'nbf':'0'}",              false},
    {"{'userID':1,'role':'user','exp':%2$lld}",                                     false},
    {"{'userID':1,'role':'user','iat':%1$lld}",                                     false},
    {"{'userID':1,'role':'user','iat':%1$lld,'exp':%1$lld}",                        false},
    {"{'userID':1,'role':'user','iat':%1$lld,'exp':'%2$lld'}",                      false},
    {"{'userID':1,'role':'user','iat':%1$lld,'exp':%2$lld.5}",                      false},
    {"{'userID':1,'role':'user','iat':%1$lld,'exp':9223372036854775807}",           false},
    {"{'userID':1,'role':'user','iat':%1$lld,'exp':-1}",                            false},
    {"{'userID':1,'role':'user','iat':%3$lld,'exp':%4$lld}",                        false},
    {"{'userID':0,'role':'user','iat':%1$lld,'exp':%2$lld}",                        false},
    {"{'userID':-1,'role':'user','iat':%1$lld,'exp':%2$lld}",                       false},
    {"{'userID':'1','role':'user','iat':%1$lld,'exp':%2$lld}",                      false},
    {"{'userID':1.0,'role':'user','iat':%1$lld,'exp':%2$lld}",                      false},
    {"{'role':'user','iat':%1$lld,'exp':%2$lld}",                                   false},
    {"{'userID':1,'iat':%1$lld,'exp':%2$lld}",                                      false},
    {"{'userID':1,'role':'root','iat':%1$lld,'exp':%2$lld}",                        false},
    {"{'userID':1,'role':['admin'],'iat':%1$lld,'exp':%2$lld}",                     false},
    {"{'userID':1,'role':'user','email':7,'iat':%1$lld,'exp':%2$lld}",              false},
    {"{'userID':1,'userID':2,'role':'user','iat':%1$lld,'exp':%2$lld}",             false},
    {"[]",                                                                          false},
};
/* clang-format on */

static void claims_must_be_whole(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(claim_cases) / sizeof(*claim_cases); i++) {
        char text[512];
        struct claims c;
        struct err e;

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        snprintf(text, sizeof(text), claim_cases[i].claims, (long long)NOW_S, (long long)NOW_S + 60,
                 (long long)NOW_S + 3600, (long long)NOW_S + 7200);
#pragma GCC diagnostic pop
        for (char *p = text; *p; p++)
            *p = *p == '\'' ? '"' : *p;
        e = token_verify(arena, SECRET, signed_raw(hs256, text), NOW_US, &c);
        if ((e.kind == ERR_NONE) != claim_cases[i].fits)
            fail_msg("%s", text);
    }
}

/* Rightly shaped, wrongly nested: must never reach a parser that recurses. */
static void deep_parts(void **state)
{
    char deep[2801];
    const char *part;
    (void)state;

    memset(deep, '[', sizeof(deep) - 1);
    deep[sizeof(deep) - 1] = '\0';
    part = base64url(deep);
    assert_refused(arena_printf(arena, "%s.e30.AAAA", part));
    assert_refused(arena_printf(arena, "%s.%s.AAAA", base64url(hs256), part));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(comes_back, set_up, tear_down),
        cmocka_unit_test_setup_teardown(ends_on_the_second, set_up, tear_down),
        cmocka_unit_test_setup_teardown(needs_our_key, set_up, tear_down),
        cmocka_unit_test_setup_teardown(any_changed_byte_spoils_it, set_up, tear_down),
        cmocka_unit_test_setup_teardown(odd_shapes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(only_hs256, set_up, tear_down),
        cmocka_unit_test_setup_teardown(not_hs512_either, set_up, tear_down),
        cmocka_unit_test_setup_teardown(claims_must_be_whole, set_up, tear_down),
        cmocka_unit_test_setup_teardown(deep_parts, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
