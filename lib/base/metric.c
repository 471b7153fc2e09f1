/* metric.c - the registry of the process and its text form.
 *
 * The list is global: a metric belongs to the process, not to any object in it, is made once and
 * never freed, and the page must show all of them. One thread: no locks. */
#include "base/metric.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

#define N_BOUNDS (sizeof bounds / sizeof bounds[0])

enum metric_type { COUNTER, GAUGE, HISTOGRAM };

static const struct {
    int64_t us;
    const char *text; /* in seconds */
} bounds[] = {
    {500, "0.0005"}, {1000, "0.001"}, {2000, "0.002"}, {5000, "0.005"},  {10000, "0.01"},
    {20000, "0.02"}, {50000, "0.05"}, {100000, "0.1"}, {200000, "0.2"},  {500000, "0.5"},
    {1000000, "1"},  {2000000, "2"},  {5000000, "5"},  {10000000, "10"},
};

struct metric {
    struct metric *next;
    const char *name;
    const char *help;   /* NULL but in the first of a name */
    const char *labels; /* "" when there are none */
    enum metric_type type;
    int64_t value; /* of a histogram: the sum in microseconds */
    uint64_t n_observed;
    uint64_t in_bucket[]; /* not cumulated; of a histogram only */
};

static const char *const type_names[] = {"counter", "gauge", "histogram"};

static struct metric *registry;

static char *copy(const char *text)
{
    char *copied = strdup(text ? text : "");

    if (!copied)
        abort();
    return copied;
}

static struct metric *metric_new(enum metric_type type, const char *name, const char *labels)
{
    size_t n_buckets = type == HISTOGRAM ? N_BOUNDS : 0;
    struct metric *m = calloc(1, sizeof *m + n_buckets * sizeof m->in_bucket[0]);

    if (!m)
        abort();
    m->type = type;
    m->name = copy(name);
    m->labels = copy(labels);
    return m;
}

static struct metric *find_name(const char *name)
{
    struct metric *m = registry;

    while (m && strcmp(m->name, name) != 0)
        m = m->next;
    return m;
}

/* Among the metrics of one name, which stand together as the format wants them. NULL: there is
 * none, and *last is where it goes. */
static struct metric *find_labels(struct metric *first, const char *labels, struct metric **last)
{
    for (struct metric *m = first; m && !strcmp(m->name, first->name); m = m->next) {
        if (!strcmp(m->labels, labels))
            return m;
        *last = m;
    }
    return NULL;
}

static struct metric *add(struct metric *m, struct metric *after)
{
    struct metric **link = after ? &after->next : &registry;

    while (!after && *link) /* a new name goes to the end */
        link = &(*link)->next;
    m->next = *link;
    *link = m;
    return m;
}

static struct metric *find_or_add(enum metric_type type, const char *name, const char *help,
                                  const char *labels)
{
    struct metric *first = find_name(name);
    struct metric *last = NULL;
    struct metric *m = first ? find_labels(first, labels ? labels : "", &last) : NULL;

    assert(!first || first->type == type);
    if (!m)
        m = add(metric_new(type, name, labels), last);
    if (!first)
        first = m;
    if (!first->help && help)
        first->help = copy(help);
    return m;
}

struct metric *metric_counter(const char *name, const char *help, const char *labels)
{
    return find_or_add(COUNTER, name, help, labels);
}

struct metric *metric_gauge(const char *name, const char *help, const char *labels)
{
    return find_or_add(GAUGE, name, help, labels);
}

struct metric *metric_histogram(const char *name, const char *help, const char *labels)
{
    return find_or_add(HISTOGRAM, name, help, labels);
}

void metric_add(struct metric *m, int64_t n)
{
    assert(m->type == COUNTER && n >= 0);
    m->value += n;
}

void metric_set(struct metric *m, int64_t value)
{
    assert(m->type == GAUGE);
    m->value = value;
}

void metric_observe_us(struct metric *m, int64_t us)
{
    int64_t observed = us > 0 ? us : 0; /* another machine's clock may be ahead */
    size_t i = 0;

    assert(m->type == HISTOGRAM);
    while (i < N_BOUNDS && observed > bounds[i].us)
        i++;
    if (i < N_BOUNDS)
        m->in_bucket[i]++;
    m->n_observed++;
    m->value += observed;
}

static void write_bucket(struct buf *out, const struct metric *m, const char *bound, uint64_t n)
{
    buf_addf(out, "%s_bucket{%s%sle=\"%s\"} %" PRIu64 "\n", m->name, m->labels,
             *m->labels ? "," : "", bound, n);
}

static void write_name(struct buf *out, const struct metric *m, const char *suffix)
{
    buf_addf(out, "%s%s", m->name, suffix);
    if (*m->labels)
        buf_addf(out, "{%s}", m->labels);
    buf_adds(out, " ");
}

static void write_histogram(struct buf *out, const struct metric *m)
{
    uint64_t n = 0;

    for (size_t i = 0; i < N_BOUNDS; i++) {
        n += m->in_bucket[i];
        write_bucket(out, m, bounds[i].text, n);
    }
    write_bucket(out, m, "+Inf", m->n_observed);
    write_name(out, m, "_sum");
    buf_addf(out, "%" PRId64 ".%06" PRId64 "\n", m->value / US_PER_S, m->value % US_PER_S);
    write_name(out, m, "_count");
    buf_addf(out, "%" PRIu64 "\n", m->n_observed);
}

static void write_sample(struct buf *out, const struct metric *m)
{
    if (m->type == HISTOGRAM) {
        write_histogram(out, m);
        return;
    }
    write_name(out, m, "");
    buf_addf(out, "%" PRId64 "\n", m->value);
}

/* Of the text after HELP only backslash and line feed are special. */
static void write_help(struct buf *out, const char *name, const char *help)
{
    buf_addf(out, "# HELP %s ", name);
    for (const char *p = help; *p; p++) {
        if (*p == '\\')
            buf_adds(out, "\\\\");
        else if (*p == '\n')
            buf_adds(out, "\\n");
        else
            buf_add(out, p, 1);
    }
    buf_adds(out, "\n");
}

static void write_head(struct buf *out, const struct metric *m)
{
    if (m->help)
        write_help(out, m->name, m->help);
    buf_addf(out, "# TYPE %s %s\n", m->name, type_names[m->type]);
}

void metric_write_all(struct buf *out)
{
    const char *before = "";

    for (const struct metric *m = registry; m; m = m->next) {
        if (strcmp(before, m->name) != 0)
            write_head(out, m);
        write_sample(out, m);
        before = m->name;
    }
}
