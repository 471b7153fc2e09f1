/* metric.h - counters, gauges and histograms of the process, written as Prometheus text.
 *
 * A metric is made once, at start, and lives as long as the process. Names follow the Prometheus
 * conventions (`_total`, `_seconds`); labels are bounded sets, never ids.
 * https://prometheus.io/docs/instrumenting/exposition_formats/ */
#ifndef PASAR_BASE_METRIC_H
#define PASAR_BASE_METRIC_H

#include <stdint.h>

#include "base/buf.h"

struct metric;

/* The same name and labels give the same metric. labels: `stream="stream:orders",partition="0"` or
 * NULL (copied; values already escaped by the caller if they could hold quotes). help may be given
 * once. */
struct metric *metric_counter(const char *name, const char *help, const char *labels);
struct metric *metric_gauge(const char *name, const char *help, const char *labels);
/* Buckets of 0.5 ms … 10 s, roughly doubling. Observed in microseconds, told in seconds. */
struct metric *metric_histogram(const char *name, const char *help, const char *labels);

void metric_add(struct metric *m, int64_t n);         /* counter */
void metric_set(struct metric *m, int64_t value);     /* gauge */
void metric_observe_us(struct metric *m, int64_t us); /* histogram */

void metric_write_all(struct buf *out); /* HELP and TYPE once per name, then the samples */

#endif
