/* log.c - a line is built on the stack and leaves by one write(2): nothing is allocated, nothing
 * kept.
 *
 * A line is at most 2 KiB. What does not fit is cut and the line says so; it is valid JSON in valid
 * UTF-8 whatever was given. */
#include "base/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"

#define LINE_BYTES 2048
#define LINE_END ",\"cut\":true}\n"
#define TEXT_BYTES 512 /* of one value, before escaping */

struct line {
    size_t n;
    bool is_cut;
    char bytes[LINE_BYTES];
};

static const char *const level_names[] = {"debug", "info", "warn", "error"};

/* The log is one of the two things that may be global. A context belongs to its thread, so that an
 * offloaded function does not borrow the running task's. */
static const char *log_service = "pasar";
static enum log_level log_least = LOG_INFO;
static _Thread_local const struct log_context *log_context;

struct kv kv_text(const char *key, const char *text)
{
    return (struct kv){.key = key, .type = KV_TEXT, .as.text = text};
}

struct kv kv_i64(const char *key, int64_t value)
{
    return (struct kv){.key = key, .type = KV_I64, .as.i64 = value};
}

struct kv kv_bool(const char *key, bool value)
{
    return (struct kv){.key = key, .type = KV_BOOL, .as.flag = value};
}

struct kv kv_id(const char *key, const struct id *id)
{
    return (struct kv){.key = key, .type = KV_ID, .as.id = *id};
}

struct kv kv_err(struct err e)
{
    return (struct kv){.key = "error", .type = KV_ERR, .as.err = e};
}

void log_init(const char *service, const char *level)
{
    log_service = service;
    log_least = LOG_INFO;
    for (size_t i = 0; level && i < sizeof level_names / sizeof level_names[0]; i++)
        if (!strcmp(level, level_names[i]))
            log_least = (enum log_level)i;
}

bool log_enabled(enum log_level level)
{
    return level >= log_least;
}

const struct log_context *log_context_set(const struct log_context *context)
{
    const struct log_context *before = log_context;

    log_context = context;
    return before;
}

static size_t room(const struct line *l)
{
    const size_t most =
        sizeof l->bytes - sizeof LINE_END - 1; /* a cut text still closes its quotes */

    return l->n < most ? most - l->n : 0;
}

/* All of it or nothing. */
static bool put(struct line *l, const char *bytes, size_t n)
{
    if (n > room(l)) {
        l->is_cut = true;
        return false;
    }
    memcpy(l->bytes + l->n, bytes, n);
    l->n += n;
    return true;
}

static bool puts_line(struct line *l, const char *text)
{
    return put(l, text, strlen(text));
}

/* Length of the UTF-8 sequence at p of at most n bytes; 0 when it is none (RFC 3629). */
static size_t utf8_length(const unsigned char *p, size_t n)
{
    static const struct {
        unsigned char low, high, second_low, second_high, length;
    } forms[] = {
        {0x00, 0x7f, 0, 0, 1},       {0xc2, 0xdf, 0x80, 0xbf, 2}, {0xe0, 0xe0, 0xa0, 0xbf, 3},
        {0xe1, 0xec, 0x80, 0xbf, 3}, {0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3},
        {0xf0, 0xf0, 0x90, 0xbf, 4}, {0xf1, 0xf3, 0x80, 0xbf, 4}, {0xf4, 0xf4, 0x80, 0x8f, 4},
    };
    size_t i = 0;

    while (i < sizeof forms / sizeof forms[0] && (*p < forms[i].low || *p > forms[i].high))
        i++;
    if (i == sizeof forms / sizeof forms[0] || forms[i].length > n)
        return 0;
    if (forms[i].length > 1 && (p[1] < forms[i].second_low || p[1] > forms[i].second_high))
        return 0;
    for (size_t k = 2; k < forms[i].length; k++)
        if ((p[k] & 0xc0) != 0x80)
            return 0;
    return forms[i].length;
}

static bool put_escaped(struct line *l, unsigned char c)
{
    static const char digits[] = "0123456789abcdef";
    const char plain[] = {'\\', (char)c};
    const char code[] = {'\\', 'u', '0', '0', digits[c >> 4], digits[c & 0xf]};

    return c == '"' || c == '\\' ? put(l, plain, sizeof plain) : put(l, code, sizeof code);
}

/* One character of the text, valid UTF-8 or replaced; how many bytes it was, 0 when it did not fit.
 */
static size_t put_character(struct line *l, const unsigned char *p, size_t n)
{
    size_t length = utf8_length(p, n);

    if (*p < 0x20 || *p == '"' || *p == '\\')
        return put_escaped(l, *p) ? 1 : 0;
    if (length == 0)
        return put(l, "\xef\xbf\xbd", 3) ? 1 : 0;
    return put(l, (const char *)p, length) ? length : 0;
}

static void put_text(struct line *l, const char *text)
{
    const unsigned char *p = (const unsigned char *)text;
    size_t all = strnlen(text, TEXT_BYTES + 1);
    size_t n = all > TEXT_BYTES ? TEXT_BYTES : all;
    size_t step = 1;

    l->is_cut |= all > TEXT_BYTES;
    l->bytes[l->n++] = '"'; /* room for the quotes was made sure of by the caller */
    while (n > 0 && step > 0) {
        step = put_character(l, p, n);
        p += step;
        n -= step;
    }
    l->bytes[l->n++] = '"';
}

static void put_i64(struct line *l, int64_t value)
{
    char digits[20];
    size_t at = sizeof digits;
    uint64_t rest = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;

    do {
        digits[--at] = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest);
    if (value < 0)
        digits[--at] = '-';
    put(l, digits + at, sizeof digits - at);
}

static void put_id(struct line *l, const struct id *id)
{
    char text[ID_TEXT_SIZE];

    id_format(id, text);
    put_text(l, text);
}

/* "unavailable: no connection": what is a literal, so plain and short. */
static void put_err(struct line *l, struct err e)
{
    char text[TEXT_BYTES];
    const char *kind = err_kind_name(e.kind);

    snprintf(text, sizeof text, "%s%s%s", kind, e.what ? ": " : "", e.what ? e.what : "");
    put_text(l, text);
}

static void put_value(struct line *l, const struct kv *v)
{
    switch (v->type) {
    case KV_TEXT:
        if (v->as.text)
            put_text(l, v->as.text);
        else
            puts_line(l, "null");
        return;
    case KV_I64:
        put_i64(l, v->as.i64);
        return;
    case KV_BOOL:
        puts_line(l, v->as.flag ? "true" : "false");
        return;
    case KV_ID:
        put_id(l, &v->as.id);
        return;
    case KV_ERR:
        put_err(l, v->as.err);
        return;
    case KV_NONE:
        puts_line(l, "null");
        return;
    }
}

/* A field is written when its key and the longest value that cannot be cut fit. */
static void put_field(struct line *l, const struct kv *v)
{
    size_t n = strlen(v->key);

    if (n + 3 + 1 + 40 > room(l)) {
        l->is_cut = true;
        return;
    }
    puts_line(l, l->n ? ",\"" : "{\"");
    put(l, v->key, n);
    put(l, "\":", 2);
    put_value(l, v);
}

static void put_text_field(struct line *l, const char *key, const char *text)
{
    struct kv v = kv_text(key, text);

    put_field(l, &v);
}

static void put_head(struct line *l, enum log_level level, const char *event)
{
    char ts[TIME_TEXT_SIZE];

    time_format(clock_now_us(), ts);
    put_text_field(l, "ts", ts);
    put_text_field(l, "level", level_names[level]);
    put_text_field(l, "service", log_service);
    put_text_field(l, "event", event);
    if (log_context && log_context->trace_id)
        put_text_field(l, "trace_id", log_context->trace_id);
    if (log_context && log_context->correlation_id)
        put_text_field(l, "correlation_id", log_context->correlation_id);
}

/* A log that cannot be written is nothing to fail for: the work goes on. */
static void finish(struct line *l)
{
    const char *end = l->is_cut ? LINE_END : "}\n";
    size_t n = strlen(end);
    int saved = errno;
    ssize_t written;

    memcpy(l->bytes + l->n, end, n);
    do
        written = write(STDERR_FILENO, l->bytes, l->n + n);
    while (written < 0 && errno == EINTR);
    errno = saved;
}

void log_at(enum log_level level, const char *event, ...)
{
    struct line line;
    struct kv v;
    va_list args;

    if (!log_enabled(level))
        return;
    line.n = 0;
    line.is_cut = false;
    put_head(&line, level, event);
    va_start(args, event);
    for (v = va_arg(args, struct kv); v.key; v = va_arg(args, struct kv))
        put_field(&line, &v);
    va_end(args);
    finish(&line);
}
