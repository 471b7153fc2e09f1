/* env.c - a table of settings, checked row by row; every row that is wrong is told. */
#include "base/env.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define SHOWN_BYTES 60 /* of a bad value */

/* Where a setting came from matters to secrets: a default is nobody's secret. */
struct setting {
    const struct env_row *row;
    const char *value; /* NULL: missing */
    bool is_fallback;
    bool production;
};

static const struct {
    const char *word;
    bool flag;
} words[] = {
    {"true", true},   {"1", true},  {"yes", true}, {"on", true},
    {"false", false}, {"0", false}, {"no", false}, {"off", false},
};

static struct setting look_up(const struct env_row *row, bool production)
{
    struct setting s = {.row = row, .value = getenv(row->name), .production = production};

    if (!s.value || !*s.value) {
        s.value = row->fallback;
        s.is_fallback = true;
    }
    return s;
}

static void describe(const struct env_row *row, bool production, char *out, size_t n)
{
    switch (row->type) {
    case ENV_TYPE_TEXT:
        snprintf(out, n, "a text");
        return;
    case ENV_TYPE_SECRET:
        if (production)
            snprintf(out, n, "a secret of at least %" PRId64 " characters, not an example",
                     row->min);
        else
            snprintf(out, n, "a secret");
        return;
    case ENV_TYPE_CHOICE:
        snprintf(out, n, "one of: %s", row->words);
        return;
    case ENV_TYPE_INT:
        snprintf(out, n, "a whole number from %" PRId64 " to %" PRId64, row->min, row->max);
        return;
    case ENV_TYPE_BOOL:
        snprintf(out, n, "true or false");
        return;
    }
}

/* One line; a secret's value is never shown, and no control character of another's is. */
static void complain(const struct setting *s)
{
    char wanted[96];
    char shown[SHOWN_BYTES + 1];
    size_t n = 0;

    describe(s->row, s->production, wanted, sizeof wanted);
    if (!s->value) {
        fprintf(stderr, "setting %s is missing: it must be %s\n", s->row->name, wanted);
        return;
    }
    if (s->row->type == ENV_TYPE_SECRET) {
        fprintf(stderr, "setting %s is unfit: it must be %s\n", s->row->name, wanted);
        return;
    }
    for (; s->value[n] && n < SHOWN_BYTES; n++)
        shown[n] = (unsigned char)s->value[n] < 0x20 ? '?' : s->value[n];
    shown[n] = '\0';
    fprintf(stderr, "setting %s is \"%s\": it must be %s\n", s->row->name, shown, wanted);
}

static bool read_int(const struct setting *s, int64_t *out)
{
    char *end;
    long long value;

    errno = 0;
    value = strtoll(s->value, &end, 10);
    if (errno || end == s->value || *end || value < s->row->min || value > s->row->max)
        return false;
    *out = value;
    return true;
}

static bool read_bool(const struct setting *s, bool *out)
{
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (!strcasecmp(s->value, words[i].word)) {
            *out = words[i].flag;
            return true;
        }
    }
    return false;
}

static bool read_choice(const struct setting *s, const char **out)
{
    size_t n = strlen(s->value);

    *out = s->value;
    for (const char *w = s->row->words; n > 0 && w; w = strchr(w, ' ') ? strchr(w, ' ') + 1 : NULL)
        if (strcspn(w, " ") == n && strncmp(w, s->value, n) == 0)
            return true;
    return false;
}

static bool starts_with(const char *text, const char *start)
{
    return !strncasecmp(text, start, strlen(start));
}

static bool secret_is_fit(const struct setting *s)
{
    if (!s->production)
        return true;
    return !s->is_fallback && strlen(s->value) >= (size_t)s->row->min &&
           !starts_with(s->value, "example") && !starts_with(s->value, "changeme");
}

static bool read_setting(const struct setting *s, void *field)
{
    if (!s->value)
        return false;
    switch (s->row->type) {
    case ENV_TYPE_TEXT:
        *(const char **)field = s->value;
        return true;
    case ENV_TYPE_CHOICE:
        return read_choice(s, field);
    case ENV_TYPE_SECRET:
        *(const char **)field = s->value;
        return secret_is_fit(s);
    case ENV_TYPE_INT:
        return read_int(s, field);
    case ENV_TYPE_BOOL:
        return read_bool(s, field);
    }
    return false;
}

struct err env_read(const struct env_row *rows, size_t n, bool production, void *config)
{
    struct err e = OK;

    for (size_t i = 0; i < n; i++) {
        struct setting s = look_up(&rows[i], production);

        if (!read_setting(&s, (char *)config + rows[i].offset)) {
            complain(&s);
            e = ERR(ERR_INVALID, "bad settings");
        }
    }
    return e;
}
