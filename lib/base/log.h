/* log.h - one JSON object a line on standard error: {"ts","level","service","event",...}.
 *
 *     log_info("payment.refused", kv_id("order_id", &o->id), kv_i64("total", o->total.minor));
 *
 * The event is a constant, `noun.what_happened`. The running task's context (trace id, correlation
 * id) is added by itself. Tokens, cards, addresses and secrets are never given to it. */
#ifndef PASAR_BASE_LOG_H
#define PASAR_BASE_LOG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/id.h"

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };

enum kv_type { KV_NONE, KV_TEXT, KV_I64, KV_BOOL, KV_ID, KV_ERR };

struct kv {
    const char *key; /* a literal */
    enum kv_type type;
    union {
        const char *text; /* NULL is written as null; cut at 512 bytes, escaped */
        int64_t i64;
        bool flag;
        struct id id;
        struct err err;
    } as;
};

struct kv kv_text(const char *key, const char *text);
struct kv kv_i64(const char *key, int64_t value);
struct kv kv_bool(const char *key, bool value);
struct kv kv_id(const char *key, const struct id *id);
struct kv kv_err(struct err e); /* "error": what; with the kind in front */

/* What log lines of the running task carry. Fields may be NULL; borrowed. */
struct log_context {
    const char *trace_id;
    const char *correlation_id;
};

/* Before the first line; `service` is borrowed for good. level: "debug" … "error", else info. */
void log_init(const char *service, const char *level);
bool log_enabled(enum log_level level);
/* Called by the task switcher; NULL outside tasks. Returns the one before. */
const struct log_context *log_context_set(const struct log_context *context);

void log_at(enum log_level level, const char *event, ...); /* struct kv …, ended by KV_END */

#define KV_END ((struct kv){0})
#define log_debug(...) log_at(LOG_DEBUG, __VA_ARGS__, KV_END)
#define log_info(...) log_at(LOG_INFO, __VA_ARGS__, KV_END)
#define log_warn(...) log_at(LOG_WARN, __VA_ARGS__, KV_END)
#define log_error(...) log_at(LOG_ERROR, __VA_ARGS__, KV_END)

#endif
