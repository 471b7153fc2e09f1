/* httpd_query.c - parameters of a query: "a=1&b=two+words". */
#include <string.h>

#include "wrap/httpd.h"

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

/* A terminated copy without escapes. NULL for a bad escape, or one that hides a NUL. */
static const char *decode(struct arena *a, const char *s, size_t n)
{
    char *text = arena_alloc(a, n + 1), *to = text;

    for (const char *end = s + n; s < end; s++) {
        int high, low;

        if (*s != '%') {
            *to++ = *s == '+' ? ' ' : *s;
            continue;
        }
        if (end - s < 3)
            return NULL;
        high = hex_digit(s[1]);
        low = hex_digit(s[2]);
        if (high < 0 || low < 0 || high + low == 0)
            return NULL;
        *to++ = (char)(high * 16 + low);
        s += 2;
    }
    return text;
}

/* Names are plain in every route of ours, so the name is compared as it stands. */
const char *http_query(const struct http_request *req, struct arena *a, const char *name)
{
    size_t n_name = strlen(name);
    const char *s = req->query;

    while (*s) {
        size_t n = strcspn(s, "&");
        size_t n_key = strcspn(s, "=&");

        if (n_key == n_name && memcmp(s, name, n_name) == 0)
            return n_key == n ? "" : decode(a, s + n_key + 1, n - n_key - 1);
        s += n;
        s += *s == '&';
    }
    return NULL;
}
