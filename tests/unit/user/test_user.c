/* Addresses, names, phone numbers; and the guard: how waits grow and for whom. */
#include "workers/user/user.h"

#include "base/clock.h"
#include "wrap/crypt.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define NOW (INT64_C(1767322800) * US_PER_S)

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

struct text_case {
    const char *typed, *kept; /* NULL: refused */
};

/* clang-format off */
static const struct text_case emails[] = {
    {"sari@example.com",            "sari@example.com"},
    {"  Sari.Dewi+kopi@EXAMPLE.co.id\t", "sari.dewi+kopi@example.co.id"},
    {"a@b.co",                      "a@b.co"},
    {"o'hara_1@x-y.example",        "o'hara_1@x-y.example"},
    {"",                            NULL},
    {"sari",                        NULL},
    {"sari@",                       NULL},
    {"@example.com",                NULL},
    {"sari@example",                NULL},
    {"sari@example.c",              NULL},
    {"sari@127.0.0.1",              NULL},
    {"sari@-example.com",           NULL},
    {"sari@example-.com",           NULL},
    {"sari@example..com",           NULL},
    {"sari@example.com.",           NULL},
    {"sari@.com",                   NULL},
    {".sari@example.com",           NULL},
    {"sari.@example.com",           NULL},
    {"sa..ri@example.com",          NULL},
    {"sa ri@example.com",           NULL},
    {"sari@exa mple.com",           NULL},
    {"sari@evil@example.com",       NULL},
    {"sari@example.com>",           NULL},
    {"s\xc3\xa4ri@example.com",     NULL},
    {"sari@ex\xc3\xa4mple.com",     NULL},
    {"\"sari\"@example.com",        NULL},
};
static const struct text_case names[] = {
    {"sari",           "sari"},
    {"  sari  ",       "sari"},
    {"Sari Dewi",      "Sari Dewi"},
    {"\xc3\xa9\xc3\xa9\xc3\xa9", "\xc3\xa9\xc3\xa9\xc3\xa9"},
    {"ab",             NULL},
    {" ab ",           NULL},
    {"\xc3\xa9\xc3\xa9", NULL},
    {"",               NULL},
};
static const struct text_case phones[] = {
    {"0812-3456-789",     "+628123456789"},
    {"(021) 555 12 34",   "+62215551234"},
    {"628123456789",      "+628123456789"},
    {"+62 812 3456 789",  "+628123456789"},
    {"+49 30 1234567",    "+49301234567"},
    {"8123456789",        NULL},
    {"0812",              NULL},
    {"+0812345678",       NULL},
    {"+",                 NULL},
    {"",                  NULL},
    {"0812345678901234567", NULL},
    {"0812-CALL-ME",      NULL},
    {"+62+8123456789",    NULL},
};
/* clang-format on */

static void assert_cases(const struct text_case *cases, size_t n,
                         const char *(*fn)(struct arena *, const char *))
{
    for (size_t i = 0; i < n; i++) {
        const char *kept = fn(arena, cases[i].typed);

        if (!kept != !cases[i].kept || (kept && strcmp(kept, cases[i].kept) != 0))
            fail_msg("\"%s\" gives %s", cases[i].typed, kept ? kept : "nothing");
    }
}

#define ASSERT_CASES(cases, fn) assert_cases((cases), sizeof(cases) / sizeof(*(cases)), (fn))

static void texts_are_normalised(void **state)
{
    (void)state;
    ASSERT_CASES(emails, user_normalise_email);
    ASSERT_CASES(names, user_normalise_name);
    ASSERT_CASES(phones, user_normalise_phone);
}

static void addresses_have_bounds(void **state)
{
    char local[80] = {0}, domain[300] = {0};
    (void)state;

    memset(local, 'a', 65);
    assert_null(user_normalise_email(arena, arena_printf(arena, "%s@example.com", local)));
    local[64] = '\0';
    assert_non_null(user_normalise_email(arena, arena_printf(arena, "%s@example.com", local)));
    for (size_t i = 0; i < 250; i++)
        domain[i] = i % 50 == 49 ? '.' : 'a';
    assert_null(user_normalise_email(arena, arena_printf(arena, "a@%s.com", domain)));
    domain[60] = '\0';
    assert_non_null(user_normalise_email(arena, arena_printf(arena, "a@%s.com", domain)));
}

static void clients_are_networks(void **state)
{
    struct guard_keys a = user_guard_keys(arena, "a@b.co", "10.0.0.1");
    struct guard_keys b = user_guard_keys(arena, "a@b.co", "10.0.0.2");
    struct guard_keys c = user_guard_keys(arena, "a@b.co", "2001:db8:1:2::3");
    struct guard_keys d = user_guard_keys(arena, "a@b.co", "2001:db8:1:2:ffff::4");
    struct guard_keys e = user_guard_keys(arena, "a@b.co", "2001:db8:1:3::3");
    (void)state;

    assert_string_not_equal(a.client, b.client);
    assert_string_equal(a.account, b.account);
    assert_string_equal(c.client, d.client);
    assert_string_not_equal(c.client, e.client);
    assert_string_not_equal(a.client, a.account);
}

static void fifth_failure_makes_a_client_wait(void **state)
{
    static const int64_t waits_s[] = {0, 0, 0, 0, 10, 20, 40, 80, 160, 300, 300};
    struct guards g = {0};
    int64_t now = NOW;
    (void)state;

    for (size_t i = 0; i < sizeof(waits_s) / sizeof(*waits_s); i++) {
        user_guard_count_failure(&g, now);
        assert_int_equal(user_guard_wait(&g, now), waits_s[i] * US_PER_S);
        now += user_guard_wait(&g, now);
        assert_int_equal(user_guard_wait(&g, now), 0);
    }
}

static void a_quiet_while_is_forgiven(void **state)
{
    struct guards g = {0};
    (void)state;

    for (int i = 0; i < 7; i++)
        user_guard_count_failure(&g, NOW);
    user_guard_count_failure(&g, NOW + 901 * US_PER_S);
    assert_int_equal(g.client.failures, 1);
    assert_int_equal(user_guard_wait(&g, NOW + 901 * US_PER_S), 0);
}

/* An attacker with any number of clients slows the others down, for a minute at most, and not those
 * known. */
static void many_clients_cannot_lock_out(void **state)
{
    struct guards g = {0};
    int64_t now = NOW, longest = 0;
    (void)state;

    for (int i = 0; i < 500; i++) {
        int64_t wait;

        g.client = (struct guard){0};
        wait = user_guard_wait(&g, now);
        longest = wait > longest ? wait : longest;
        now += wait;
        user_guard_count_failure(&g, now);
        assert_true(i >= 29 || user_guard_wait(&g, now) == 0);
    }
    assert_int_equal(longest, 60 * US_PER_S);
    g.client = (struct guard){.known_until_us = now + 1};
    assert_int_equal(user_guard_wait(&g, now), 0);
    g.client = (struct guard){.known_until_us = now};
    assert_true(user_guard_wait(&g, now) > 0);
}

static void a_known_client_waits_for_its_own_failures(void **state)
{
    struct guards g = {.client = {.known_until_us = NOW + GUARD_KNOWN_US}};
    (void)state;

    for (int i = 0; i < 5; i++)
        user_guard_count_failure(&g, NOW);
    assert_int_equal(user_guard_wait(&g, NOW), 10 * US_PER_S);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(texts_are_normalised, set_up, tear_down),
        cmocka_unit_test_setup_teardown(addresses_have_bounds, set_up, tear_down),
        cmocka_unit_test_setup_teardown(clients_are_networks, set_up, tear_down),
        cmocka_unit_test_setup_teardown(fifth_failure_makes_a_client_wait, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_quiet_while_is_forgiven, set_up, tear_down),
        cmocka_unit_test_setup_teardown(many_clients_cannot_lock_out, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_known_client_waits_for_its_own_failures, set_up,
                                        tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
