/* test_failpoint.c - settings good and bad, which pass it is that ends the process, and that the
 * marker lets nobody end there again. Who ends is a child. */
#include "base/failpoint.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "capture.h"

static struct capture capture;
static char directory[] = "/tmp/pasar-failpoint-XXXXXX";
static char marker[64];

static int make_directory(void **state)
{
    (void)state;
    if (!mkdtemp(directory))
        return -1;
    snprintf(marker, sizeof marker, "%s/marker", directory);
    return 0;
}

static int remove_directory(void **state)
{
    (void)state;
    (void)unlink(marker);
    return rmdir(directory);
}

/* What a process does that is started with this setting: passes three points, twice each. Returns
 * how many of the six it came past; what it wrote is in the capture. */
static int n_passed(const char *setting)
{
    int ends[2], status, n = 0;
    char byte;
    pid_t child;

    assert_int_equal(pipe(ends), 0);
    capture_begin(&capture);
    child = fork();
    if (child == 0) {
        if (failpoint_arm(setting).kind)
            _exit(1);
        for (int i = 0; i < 2; i++) {
            FAILPOINT("relay.read");
            (void)!write(ends[1], "x", 1);
            FAILPOINT("relay.appended");
            (void)!write(ends[1], "x", 1);
            FAILPOINT("relay.append");
            (void)!write(ends[1], "x", 1);
        }
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    capture_end(&capture);
    close(ends[1]);
    while (read(ends[0], &byte, 1) == 1)
        n++;
    close(ends[0]);
    if (n < 6)
        assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    else
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    return n;
}

static void test_malformed_is_refused(void **state)
{
    static const char *const wrong[] = {":",
                                        ":2",
                                        "@/tmp/x",
                                        "relay.read:",
                                        "relay.read:0",
                                        "relay.read:-1",
                                        "relay.read: 1",
                                        "relay.read:1x",
                                        "relay.read:1:2",
                                        "relay.read:1000001",
                                        "relay.read:99999999999999999999",
                                        "relay.read@",
                                        "relay.read@tmp/x",
                                        "relay.read:2@x",
                                        "Relay.read",
                                        "relay read",
                                        "relay.read ",
                                        " relay.read"};

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_int_equal(failpoint_arm(wrong[i]).kind, ERR_INVALID);
        assert_false(failpoint_is_armed);
    }
}

static void test_the_empty_setting_disarms(void **state)
{
    (void)state;
    assert_int_equal(failpoint_arm("relay.read:1000000").kind, ERR_NONE);
    assert_true(failpoint_is_armed);
    assert_int_equal(failpoint_arm("").kind, ERR_NONE);
    assert_false(failpoint_is_armed);
    FAILPOINT("relay.read");
}

static void test_the_pass_asked_for_is_the_last(void **state)
{
    static const struct {
        const char *setting;
        int n;
    } stories[] = {
        {"relay.read", 0},      {"relay.read:1", 0},
        {"relay.appended", 1},  {"relay.append", 2},
        {"relay.read:2", 3},    {"relay.append:2", 5},
        {"relay.read:3", 6},    {"relay", 6},
        {"relay.appendedd", 6}, {"", 6},
    };

    (void)state;
    for (size_t i = 0; i < sizeof stories / sizeof *stories; i++)
        assert_int_equal(n_passed(stories[i].setting), stories[i].n);
}

static void test_the_last_line_says_where(void **state)
{
    (void)state;
    assert_int_equal(n_passed("relay.appended"), 1);
    assert_non_null(
        strstr(capture.text, "\"event\":\"failpoint.hit\",\"point\":\"relay.appended\"}\n"));
}

static void test_the_marker_lets_it_happen_once(void **state)
{
    char setting[128];

    (void)state;
    snprintf(setting, sizeof setting, "relay.appended:2@%s", marker);
    assert_int_equal(n_passed(setting), 4);
    assert_int_equal(access(marker, F_OK), 0);
    assert_int_equal(n_passed(setting), 6);
    assert_string_equal(capture.text, "");
}

static void test_without_its_marker_it_does_not_happen(void **state)
{
    (void)state;
    assert_int_equal(n_passed("relay.appended@/nowhere/at/all"), 6);
    assert_non_null(strstr(capture.text, "failpoint.marker_not_made"));
    assert_null(strstr(capture.text, "failpoint.hit"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_malformed_is_refused),
        cmocka_unit_test(test_the_empty_setting_disarms),
        cmocka_unit_test(test_the_pass_asked_for_is_the_last),
        cmocka_unit_test(test_the_last_line_says_where),
        cmocka_unit_test(test_the_marker_lets_it_happen_once),
        cmocka_unit_test(test_without_its_marker_it_does_not_happen),
    };
    return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
