/* test_env.c - settings: defaults, bounds, every fault told at once, no secret shown. */
#include "base/env.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "capture.h"

struct config {
    const char *name;
    const char *must;
    const char *secret;
    int64_t port;
    bool verbose;
};

static const struct env_row rows[] = {
    ENV_TEXT("TEST_NAME", struct config, name, "pasar"),
    ENV_TEXT("TEST_MUST", struct config, must, NULL),
    ENV_SECRET("TEST_SECRET", struct config, secret, 16),
    ENV_INT("TEST_PORT", struct config, port, "8003", 1, 65535),
    ENV_BOOL("TEST_VERBOSE", struct config, verbose, "false"),
};
enum { N_ROWS = sizeof rows / sizeof rows[0] };

static struct capture capture;

/* NULL: unset. In the order of the rows. */
static void environment(const char *const values[N_ROWS])
{
    for (size_t i = 0; i < N_ROWS; i++) {
        if (values[i])
            setenv(rows[i].name, values[i], 1);
        else
            unsetenv(rows[i].name);
    }
}

static struct err read_captured(bool production, struct config *config)
{
    struct err e;

    capture_begin(&capture);
    e = env_read(rows, N_ROWS, production, config);
    capture_end(&capture);
    return e;
}

static void test_values_and_defaults(void **state)
{
    struct config c = {0};

    (void)state;
    environment((const char *[]){NULL, "x", "short", "", "YES"});
    assert_int_equal(read_captured(false, &c).kind, ERR_NONE);
    assert_string_equal(capture.text, "");
    assert_string_equal(c.name, "pasar");
    assert_string_equal(c.must, "x");
    assert_string_equal(c.secret, "short");
    assert_int_equal(c.port, 8003);
    assert_true(c.verbose);
}

static void test_every_fault_is_told(void **state)
{
    struct config c = {0};

    (void)state;
    environment((const char *[]){"fine", NULL, NULL, "65536", "perhaps\n"});
    assert_int_equal(read_captured(false, &c).kind, ERR_INVALID);
    assert_string_equal(
        capture.text, "setting TEST_MUST is missing: it must be a text\n"
                      "setting TEST_SECRET is missing: it must be a secret\n"
                      "setting TEST_PORT is \"65536\": it must be a whole number from 1 to 65535\n"
                      "setting TEST_VERBOSE is \"perhaps?\": it must be true or false\n");
}

static void test_numbers(void **state)
{
    static const struct {
        const char *text;
        enum err_kind kind;
        int64_t value;
    } numbers[] = {
        {"1", ERR_NONE, 1},      {"65535", ERR_NONE, 65535},
        {"0", ERR_INVALID, 0},   {"-1", ERR_INVALID, 0},
        {"80a", ERR_INVALID, 0}, {"99999999999999999999", ERR_INVALID, 0},
        {"8.5", ERR_INVALID, 0}, {" ", ERR_INVALID, 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        struct config c = {0};

        environment((const char *[]){NULL, "x", "s", numbers[i].text, NULL});
        assert_int_equal(read_captured(false, &c).kind, numbers[i].kind);
        if (!numbers[i].kind)
            assert_int_equal(c.port, numbers[i].value);
    }
}

static void test_production_refuses_weak_secrets(void **state)
{
    static const struct {
        const char *secret;
        enum err_kind kind;
    } secrets[] = {
        {"q8Zr5Tt0uYb3Ew7K", ERR_NONE},
        {"q8Zr5Tt0uYb3Ew7", ERR_INVALID},
        {"example-secret-of-good-length", ERR_INVALID},
        {"CHANGEME-secret-of-good-length", ERR_INVALID},
        {"", ERR_INVALID},
    };

    (void)state;
    for (size_t i = 0; i < sizeof secrets / sizeof secrets[0]; i++) {
        struct config c = {0};

        environment((const char *[]){NULL, "x", secrets[i].secret, NULL, NULL});
        assert_int_equal(read_captured(true, &c).kind, secrets[i].kind);
        assert_int_equal(strlen(capture.text) > 0, secrets[i].kind != ERR_NONE);
        if (*secrets[i].secret)
            assert_null(strstr(capture.text, secrets[i].secret));
    }
}

static void test_production_refuses_a_default_as_secret(void **state)
{
    static const struct env_row with_default[] = {
        {"TEST_SECRET", ENV_TYPE_SECRET, offsetof(struct config, secret),
         "a-default-of-good-length", 16, 0, NULL},
    };
    struct config c = {0};

    (void)state;
    unsetenv("TEST_SECRET");
    assert_int_equal(env_read(with_default, 1, false, &c).kind, ERR_NONE);
    assert_string_equal(c.secret, "a-default-of-good-length");
    capture_begin(&capture);
    assert_int_equal(env_read(with_default, 1, true, &c).kind, ERR_INVALID);
    capture_end(&capture);
}

static void test_a_choice_is_one_of_its_words(void **state)
{
    static const struct env_row one[] = {
        ENV_CHOICE("TEST_LEVEL", struct config, name, "info", "debug info warn"),
    };
    static const struct {
        const char *value;
        enum err_kind kind;
    } values[] = {
        {"debug", ERR_NONE},  {"warn", ERR_NONE},          {"", ERR_NONE},
        {"war", ERR_INVALID}, {"debug info", ERR_INVALID}, {" ", ERR_INVALID},
    };

    (void)state;
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        struct config c = {0};

        setenv("TEST_LEVEL", values[i].value, 1);
        capture_begin(&capture);
        assert_int_equal(env_read(one, 1, false, &c).kind, values[i].kind);
        capture_end(&capture);
        assert_int_equal(strstr(capture.text, "one of: debug info warn") != NULL,
                         values[i].kind != ERR_NONE);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values_and_defaults),
        cmocka_unit_test(test_every_fault_is_told),
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_a_choice_is_one_of_its_words),
        cmocka_unit_test(test_production_refuses_weak_secrets),
        cmocka_unit_test(test_production_refuses_a_default_as_secret),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
