/* What the user service tells is what the contract says. */
#include "workers/user/events.h"

#include "base/clock.h"
#include "wrap/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void user_registered_is_as_agreed(void **state)
{
    struct arena *a = arena_new();
    json_t *contract =
        json_load_file("tests/contracts/UserRegistered.json", JSON_REJECT_DUPLICATES, NULL);
    struct account account = {.id = 42,
                              .email = "sari@example.com",
                              .username = "sari",
                              .role = "user",
                              .password_hash = "$argon2id$secret"};
    const char *text;
    json_t *told;
    (void)state;

    assert_non_null(contract);
    assert_int_equal(time_parse("2026-01-02T03:04:05.678901Z", &account.created_us).kind, ERR_NONE);
    text = user_event_registered(a, &account);
    assert_int_equal(json_read(a, text, strlen(text), &told).kind, ERR_NONE);
    assert_true(json_equal(told, json_object_get(contract, "data")));
    assert_string_equal(json_string_value(json_object_get(contract, "stream")), USER_STREAM);
    assert_null(strstr(text, "argon2id"));
    json_decref(contract);
    arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(user_registered_is_as_agreed)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
