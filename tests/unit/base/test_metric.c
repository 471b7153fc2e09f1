/* test_metric.c - the text form: grouped by name, cumulated buckets, seconds. */
#include "base/metric.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const char *written(struct arena *a)
{
    struct buf b;

    buf_init(&b, a);
    metric_write_all(&b);
    return b.data;
}

static void assert_contains(const char *text, const char *part)
{
    if (!strstr(text, part))
        fail_msg("missing:\n%s\nin:\n%s", part, text);
}

static void test_names_stand_together(void **state)
{
    struct arena *a = arena_new();
    struct metric *a0 = metric_counter("pasar_heard_total", "Entries heard.", "partition=\"0\"");
    struct metric *g = metric_gauge("pasar_ready", "One \\ or\nnone.", NULL);
    struct metric *a1 = metric_counter("pasar_heard_total", NULL, "partition=\"1\"");

    (void)state;
    assert_ptr_equal(metric_counter("pasar_heard_total", NULL, "partition=\"0\""), a0);
    assert_ptr_not_equal(a0, a1);
    metric_add(a0, 3);
    metric_add(a1, 1);
    metric_add(a1, 1);
    metric_set(g, -5);
    assert_string_equal(written(a), "# HELP pasar_heard_total Entries heard.\n"
                                    "# TYPE pasar_heard_total counter\n"
                                    "pasar_heard_total{partition=\"0\"} 3\n"
                                    "pasar_heard_total{partition=\"1\"} 2\n"
                                    "# HELP pasar_ready One \\\\ or\\nnone.\n"
                                    "# TYPE pasar_ready gauge\n"
                                    "pasar_ready -5\n");
    arena_free(a);
}

static const struct {
    int64_t us;
    const char *bucket; /* the first that counts it */
} observed[] = {
    {-10, "0.0005"}, {0, "0.0005"},    {500, "0.0005"},    {501, "0.001"},
    {2000, "0.002"}, {10000000, "10"}, {10000001, "+Inf"}, {3600000000, "+Inf"},
};

static void test_buckets(void **state)
{
    struct arena *a = arena_new();

    (void)state;
    for (size_t i = 0; i < sizeof observed / sizeof observed[0]; i++) {
        char *name = arena_printf(a, "pasar_wait%zu_seconds", i);
        struct metric *m = metric_histogram(name, "Time waited.", NULL);

        metric_observe_us(m, observed[i].us);
        assert_contains(written(a),
                        arena_printf(a, "%s_bucket{le=\"%s\"} 1\n", name, observed[i].bucket));
        assert_contains(written(a), arena_printf(a, "%s_bucket{le=\"+Inf\"} 1\n", name));
        if (strcmp(observed[i].bucket, "0.0005") != 0)
            assert_contains(written(a), arena_printf(a, "%s_bucket{le=\"0.0005\"} 0\n", name));
    }
    arena_free(a);
}

static void test_a_histogram_adds_up(void **state)
{
    struct arena *a = arena_new();
    struct metric *m = metric_histogram("pasar_commit_seconds", "A commit.", "db=\"order\"");

    (void)state;
    metric_observe_us(m, 700);
    metric_observe_us(m, 1500000);
    assert_contains(written(a), "# TYPE pasar_commit_seconds histogram\n"
                                "pasar_commit_seconds_bucket{db=\"order\",le=\"0.0005\"} 0\n"
                                "pasar_commit_seconds_bucket{db=\"order\",le=\"0.001\"} 1\n");
    assert_contains(written(a), "pasar_commit_seconds_bucket{db=\"order\",le=\"1\"} 1\n"
                                "pasar_commit_seconds_bucket{db=\"order\",le=\"2\"} 2\n");
    assert_contains(written(a), "pasar_commit_seconds_sum{db=\"order\"} 1.500700\n"
                                "pasar_commit_seconds_count{db=\"order\"} 2\n");
    arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names_stand_together),
        cmocka_unit_test(test_buckets),
        cmocka_unit_test(test_a_histogram_adds_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
