/* trace.c - reading and making `traceparent`: 00-<trace id, 32 hex>-<span id, 16 hex>-<flags, 2
 * hex>. */
#include "app/trace.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

static bool is_hex(const char *s, size_t n)
{
    return strspn(s, "0123456789abcdef") >= n;
}

static bool is_zero(const char *s, size_t n)
{
    return strspn(s, "0") >= n;
}

/* A later version may be longer, and is read as 00 is; version ff is forbidden. */
static bool is_fit(const char *h)
{
    if (strnlen(h, TRACEPARENT_SIZE + 64) < TRACEPARENT_SIZE - 1)
        return false;
    if (h[2] != '-' || h[35] != '-' || h[52] != '-')
        return false;
    if (!is_hex(h, 2) || !is_hex(h + 3, 32) || !is_hex(h + 36, 16) || !is_hex(h + 53, 2))
        return false;
    if (strncmp(h, "00", 2) == 0 ? h[55] != '\0' : h[55] != '\0' && h[55] != '-')
        return false;
    return strncmp(h, "ff", 2) != 0 && !is_zero(h + 3, 32) && !is_zero(h + 36, 16);
}

static void to_hex(const uint8_t *bytes, size_t n, char *out)
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < n; i++) {
        out[2 * i] = digits[bytes[i] >> 4];
        out[2 * i + 1] = digits[bytes[i] & 15];
    }
}

struct trace trace_continue(const char *header, const struct id *fresh)
{
    struct trace t;
    bool fit = header && is_fit(header);

    memset(&t, 0, sizeof t);
    if (fit)
        memcpy(t.trace_id, header + 3, 32);
    else
        to_hex(fresh->bytes, 16, t.trace_id);
    memcpy(t.traceparent, "00-", 3);
    memcpy(t.traceparent + 3, t.trace_id, 32);
    t.traceparent[35] = '-';
    to_hex(fresh->bytes + 8, 8, t.traceparent + 36); /* the random half */
    t.traceparent[52] = '-';
    memcpy(t.traceparent + 53, fit ? header + 53 : "01", 2);
    return t;
}
