/* Known answers of the digests, and passwords on their threads. */
#include "wrap/crypt.h"

#include "base/clock.h"
#include "loop/loop.h"
#include "loop/task.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

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

static void digests_are_the_known_ones(void **state)
{
    (void)state;
    assert_string_equal(sha256_hex(arena, "abc", 3),
                        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    assert_string_equal(sha256_hex(arena, "", 0),
                        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    assert_string_equal(sha512_hex(arena, "abc", 3),
                        "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
                        "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f");
    assert_string_equal(base64_encode(arena, "SB-Mid-server-abc:", 18), "U0ItTWlkLXNlcnZlci1hYmM6");
    assert_string_equal(base64_encode(arena, "a", 1), "YQ==");
}

static void random_tokens_differ(void **state)
{
    const char *a = random_token(arena, 32), *b = random_token(arena, 32);
    (void)state;

    assert_int_equal(strlen(a), 43);
    assert_string_not_equal(a, b);
    assert_int_equal(strspn(a, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"),
                     43);
}

static void base64url_is_strict(void **state)
{
    static const char *const bad[] = {"A", "YQ==", "YQ=", "YR", "Y Q", "a+b/", "YQ\n", "AAA\x80"};
    struct bytes b;
    (void)state;

    assert_true(base64url_decode(arena, "_-8", 3, &b));
    assert_int_equal(b.n, 2);
    assert_memory_equal(b.p, "\xff\xef", 2);
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
        if (base64url_decode(arena, bad[i], strlen(bad[i]), &b))
            fail_msg("taken: %s", bad[i]);
}

static void compares(void **state)
{
    (void)state;
    assert_true(equal_constant_time("abc", "abd", 2));
    assert_false(equal_constant_time("abc", "abd", 3));
}

static void macs_keep_parts_apart(void **state)
{
    struct mac_key key = mac_key_of("secret", "events"), other = mac_key_of("secret", "carts");
    const struct mac_part split[] = {{"ab", 2}, {"c", 1}}, joined[] = {{"a", 1}, {"bc", 2}};
    char mac[MAC_TEXT_SIZE];
    (void)state;

    mac_sign(&key, split, 2, mac);
    assert_int_equal(strlen(mac), MAC_TEXT_SIZE - 1);
    assert_true(mac_verify(&key, split, 2, mac));
    assert_false(mac_verify(&key, joined, 2, mac));
    assert_false(mac_verify(&key, split, 1, mac));
    assert_false(mac_verify(&other, split, 2, mac));
    assert_false(mac_verify(&key, split, 2, NULL));
    assert_false(mac_verify(&key, split, 2, ""));
    mac[3] = mac[3] == 'A' ? 'B' : 'A';
    assert_false(mac_verify(&key, split, 2, mac));
}

/* ---- passwords: in a task, for they suspend ---- */

struct password_story {
    struct loop *loop;
    struct offload *offload;
    const char *hash;
    bool right, wrong, nobody, broken;
    int64_t known_us, unknown_us;
};

static bool verify(struct password_story *s, const char *hash, const char *password)
{
    bool ok = true;

    assert_int_equal(password_verify(s->offload, hash, password, &ok).kind, ERR_NONE);
    return ok;
}

static void tell_passwords(void *arg)
{
    struct password_story *s = arg;
    int64_t began;

    assert_int_equal(password_hash(s->offload, arena, "kopi-gayo-250", &s->hash).kind, ERR_NONE);
    s->right = verify(s, s->hash, "kopi-gayo-250");
    began = clock_mono_us();
    s->wrong = verify(s, s->hash, "kopi-gayo-251");
    s->known_us = clock_mono_us() - began;
    began = clock_mono_us();
    s->nobody = verify(s, NULL, "kopi-gayo-250");
    s->unknown_us = clock_mono_us() - began;
    s->broken = verify(s, "$argon2id$nonsense", "kopi-gayo-250");
    loop_stop(s->loop);
}

static void passwords_fit_or_do_not(void **state)
{
    struct password_story s = {.loop = loop_new()};
    (void)state;

    s.offload = offload_new(s.loop, 1, 4);
    task_spawn(s.loop, "passwords", tell_passwords, &s);
    loop_run(s.loop);
    offload_free(s.offload);
    loop_free(s.loop);
    assert_true(strncmp(s.hash, "$argon2id$v=19$m=19456,t=2,p=1$", 31) == 0);
    assert_true(s.right);
    assert_false(s.wrong);
    assert_false(s.nobody);
    assert_false(s.broken);
    assert_true(s.unknown_us > s.known_us / 4); /* real work, on a machine that is busy too */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(digests_are_the_known_ones, set_up, tear_down),
        cmocka_unit_test_setup_teardown(random_tokens_differ, set_up, tear_down),
        cmocka_unit_test_setup_teardown(base64url_is_strict, set_up, tear_down),
        cmocka_unit_test_setup_teardown(compares, set_up, tear_down),
        cmocka_unit_test_setup_teardown(macs_keep_parts_apart, set_up, tear_down),
        cmocka_unit_test_setup_teardown(passwords_fit_or_do_not, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
