/* form.c - the fields of an object, read one by one; what is wrong with them is remembered, never
 * thrown. */
#include "wrap/json.h"

#include "base/buf.h"
#include "base/clock.h"

#include <string.h>

#define FORM_MAX_ERRORS 32 /* more help nobody, and the answer stays small */
#define LONG_TEXT 256      /* texts that may be longer may have lines */

/* A form whose object was refused already reads nothing and complains no more: its object is this.
 */
static json_t *refused(void)
{
    return json_null();
}

static void take_object(struct form *f, json_t *object, const char *path)
{
    f->object = object;
    if (json_is_object(object))
        return;
    f->object = refused();
    f->prefix = path;
    form_fail(f, "", "must be an object");
}

void form_init(struct form *f, struct arena *a, json_t *root)
{
    *f = (struct form){.arena = a, .prefix = ""};
    f->tail = &f->errors;
    if (root)
        take_object(f, root, "");
}

void form_child(struct form *f, struct form *parent, json_t *object, const char *name, int index)
{
    const char *path;

    *f = (struct form){.arena = parent->arena, .parent = parent, .object = refused()};
    if (index < 0)
        path = arena_printf(f->arena, "%s%s", parent->prefix, name);
    else
        path = arena_printf(f->arena, "%s%s[%d]", parent->prefix, name, index);
    f->prefix = arena_printf(f->arena, "%s.", path);
    if (object)
        take_object(f, object, path);
}

static struct form *outermost(struct form *f)
{
    while (f->parent)
        f = f->parent;
    return f;
}

void form_fail(struct form *f, const char *field, const char *detail)
{
    struct form *root = outermost(f);
    struct field_error *error;
    size_t n = 0;

    for (error = root->errors; error; error = error->next)
        n++;
    if (n >= FORM_MAX_ERRORS)
        return;
    error = ARENA_NEW(root->arena, struct field_error);
    error->field = arena_printf(root->arena, "%s%s", f->prefix, field);
    error->detail = detail;
    *root->tail = error;
    root->tail = &error->next;
}

/* The value, or NULL when it is absent or null; a required one is complained of then. */
static json_t *find(struct form *f, const char *field, enum form_need need)
{
    json_t *value;

    if (f->object && !json_is_object(f->object))
        return NULL; /* refused */
    value = json_object_get(f->object, field);
    if (value && !json_is_null(value))
        return value;
    if (need == FORM_REQUIRED)
        form_fail(f, field, "is required");
    return NULL;
}

bool form_has(const struct form *f, const char *field)
{
    const json_t *value = json_object_get(f->object, field);

    return value && !json_is_null(value);
}

/* ---- texts ---- */

static bool is_control(const unsigned char *c)
{
    return *c < 0x20 || *c == 0x7f || (c[0] == 0xc2 && c[1] < 0xa0); /* C0, DEL, C1 */
}

static bool has_control(const char *text, bool lines_allowed)
{
    for (const unsigned char *c = (const unsigned char *)text; *c; c++)
        if (is_control(c) && !(lines_allowed && (*c == '\n' || *c == '\t')))
            return true;
    return false;
}

static size_t count_characters(const char *text)
{
    size_t n = 0;

    for (; *text; text++)
        n += ((unsigned char)*text & 0xc0) != 0x80;
    return n;
}

static const char *size_words(struct arena *a, size_t min, size_t max, const char *unit)
{
    if (min == max)
        return arena_printf(a, "must have exactly %zu %s", min, unit);
    if (min == 0)
        return arena_printf(a, "must have at most %zu %s", max, unit);
    return arena_printf(a, "must have %zu to %zu %s", min, max, unit);
}

const char *form_text(struct form *f, const char *field, enum form_need need, size_t min,
                      size_t max)
{
    const json_t *value = find(f, field, need);
    const char *text, *wrong = NULL;
    size_t n;

    if (!value)
        return NULL;
    text = json_string_value(value);
    n = text ? count_characters(text) : 0;
    if (!text)
        wrong = "must be a text";
    else if (n < min || n > max)
        wrong = size_words(f->arena, min, max, "characters");
    else if (has_control(text, max > LONG_TEXT))
        wrong = "must not have control characters";
    else if (min > 0 && text[strspn(text, " \t\n")] == '\0')
        wrong = "must not be blank";
    if (wrong)
        form_fail(f, field, wrong);
    return wrong ? NULL : text;
}

const char *form_currency(struct form *f, const char *field, enum form_need need)
{
    const char *code = form_text(f, field, need, 3, 3);

    if (!code || (strlen(code) == 3 && strspn(code, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == 3))
        return code;
    form_fail(f, field, "must be a currency's three capital letters");
    return NULL;
}

struct id form_id(struct form *f, const char *field, enum form_need need)
{
    const json_t *value = find(f, field, need);
    struct id id = id_nil();

    if (value && (!json_is_string(value) || id_parse(json_string_value(value), &id).kind)) {
        form_fail(f, field, "must be a UUID");
        return id_nil();
    }
    return id;
}

int64_t form_time(struct form *f, const char *field, enum form_need need)
{
    const json_t *value = find(f, field, need);
    int64_t us = 0;

    if (value && (!json_is_string(value) || time_parse(json_string_value(value), &us).kind)) {
        form_fail(f, field, "must be a time as RFC 3339 writes it");
        return 0;
    }
    return us;
}

/* ---- numbers ---- */

static const char *range_words(struct arena *a, int64_t min, int64_t max)
{
    if (max == INT64_MAX)
        return arena_printf(a, "must be at least %lld", (long long)min);
    if (min == INT64_MIN)
        return arena_printf(a, "must be at most %lld", (long long)max);
    return arena_printf(a, "must be %lld to %lld", (long long)min, (long long)max);
}

static int64_t integer_of(struct form *f, const char *field, const json_t *value, int64_t min,
                          int64_t max)
{
    int64_t i = json_integer_value(value);

    if (!json_is_integer(value))
        form_fail(f, field, "must be an integer");
    else if (i < min || i > max)
        form_fail(f, field, range_words(f->arena, min, max));
    else
        return i;
    return min;
}

int64_t form_i64(struct form *f, const char *field, int64_t min, int64_t max)
{
    const json_t *value = find(f, field, FORM_REQUIRED);

    return value ? integer_of(f, field, value, min, max) : min;
}

int64_t form_i64_or(struct form *f, const char *field, int64_t fallback, int64_t min, int64_t max)
{
    const json_t *value = find(f, field, FORM_OPTIONAL);

    return value ? integer_of(f, field, value, min, max) : fallback;
}

bool form_bool_or(struct form *f, const char *field, bool fallback)
{
    const json_t *value = find(f, field, FORM_OPTIONAL);

    if (!value)
        return fallback;
    if (!json_is_boolean(value))
        form_fail(f, field, "must be true or false");
    return json_is_true(value);
}

/* ---- objects and lists ---- */

json_t *form_object(struct form *f, const char *field, enum form_need need)
{
    json_t *value = find(f, field, need);

    if (!value || json_is_object(value))
        return value;
    form_fail(f, field, "must be an object");
    return NULL;
}

json_t *form_array(struct form *f, const char *field, enum form_need need, size_t min, size_t max)
{
    json_t *value = find(f, field, need);
    const char *wrong = NULL;

    if (!value)
        return NULL;
    if (!json_is_array(value))
        wrong = "must be a list";
    else if (json_array_size(value) < min || json_array_size(value) > max)
        wrong = size_words(f->arena, min, max, "entries");
    if (wrong)
        form_fail(f, field, wrong);
    return wrong ? NULL : value;
}

/* ---- the verdict ---- */

static const struct field_error *all_errors(const struct form *f)
{
    while (f->parent)
        f = f->parent;
    return f->errors;
}

struct err form_check(const struct form *f)
{
    return all_errors(f) ? ERR(ERR_INVALID, "invalid input") : OK;
}

const char *form_reason(const struct form *f)
{
    struct buf b;

    buf_init(&b, f->arena);
    buf_adds(&b, "");
    for (const struct field_error *e = all_errors(f); e; e = e->next)
        buf_addf(&b, "%s%s%s%s", e->field, *e->field ? ": " : "", e->detail, e->next ? "; " : "");
    return b.data;
}
