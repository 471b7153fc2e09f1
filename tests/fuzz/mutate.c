/* mutate.c - changes the JSON of an input as JSON: changed byte by byte it is hardly ever JSON any
 * more, and no parser behind the first would see much. What has no JSON is left to libFuzzer. */
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define MAX_PLACES 256
#define MAX_TEXT 512

size_t LLVMFuzzerMutate(uint8_t *data, size_t n_bytes, size_t max_bytes);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t n_bytes, size_t max_bytes, unsigned seed);

struct place { /* of a value: in an object when it has a name */
    json_t *parent, *value;
    const char *name;
    size_t index;
};

struct places {
    struct place at[MAX_PLACES];
    size_t n;
    unsigned seed;
};

static size_t chance(struct places *p, size_t n)
{
    return (size_t)rand_r(&p->seed) % n;
}

static void add(struct places *p, struct place place)
{
    if (p->n < MAX_PLACES)
        p->at[p->n++] = place;
}

static void add_children(struct places *p, json_t *of)
{
    const char *name;
    json_t *value;
    size_t i;

    json_array_foreach(of, i, value) add(p, (struct place){of, value, NULL, i});
    json_object_foreach(of, name, value) add(p, (struct place){of, value, name, 0});
}

/* ---- new values ---- */

static json_t *strange(struct places *p)
{
    static const json_int_t numbers[] = {
        0,      1,         -1,           100,           999,       1000,
        999999, INT32_MAX, 999999999999, 1000000000000, INT64_MAX, INT64_MIN,
    };
    static const char *const others[] = {"null",  "true",    "false", "\"\"",
                                         "1.5",   "{}",      "[]",    "\"\\u00e9\\u0085\"",
                                         "\" \"", "\"IDR\"", "[{}]"};
    size_t n_numbers = sizeof numbers / sizeof *numbers;
    size_t i = chance(p, n_numbers + sizeof others / sizeof *others);

    return i < n_numbers ? json_integer(numbers[i])
                         : json_loads(others[i - n_numbers], JSON_DECODE_ANY, NULL);
}

/* NULL when the bytes are no text any more. */
static json_t *text_like(const char *text)
{
    char bytes[MAX_TEXT];
    size_t n = strnlen(text, sizeof bytes / 2);

    memcpy(bytes, text, n);
    n = LLVMFuzzerMutate((uint8_t *)bytes, n, sizeof bytes);
    return json_stringn(bytes, strnlen(bytes, n));
}

static json_t *number_like(struct places *p, json_int_t number)
{
    uint64_t n = (uint64_t)number;

    switch (chance(p, 4)) {
    case 0:
        return json_integer((json_int_t)(n + 1));
    case 1:
        return json_integer((json_int_t)(n - 1));
    case 2:
        return json_integer((json_int_t)(n * 10 + 9));
    default:
        return json_integer((json_int_t)(n ^ UINT64_C(1) << chance(p, 64)));
    }
}

static json_t *value_like(struct places *p, const json_t *value)
{
    if (json_is_string(value))
        return text_like(json_string_value(value));
    if (json_is_integer(value))
        return number_like(p, json_integer_value(value));
    return strange(p);
}

/* ---- where they go ---- */

static void put(const struct place *at, json_t *value)
{
    if (at->name)
        json_object_set_new(at->parent, at->name, value);
    else
        json_array_set_new(at->parent, at->index, value);
}

static void drop(const struct place *at)
{
    if (at->name)
        json_object_del(at->parent, at->name);
    else
        json_array_remove(at->parent, at->index);
}

static void change(struct places *p)
{
    const struct place *at = &p->at[chance(p, p->n)], *other = &p->at[chance(p, p->n)];
    json_t *copy = json_deep_copy(other->value);

    switch (chance(p, 6)) {
    case 0:
        put(at, strange(p));
        break;
    case 1:
        drop(at);
        break;
    case 2: /* one more entry, or the member of another object */
        if (json_is_array(at->parent))
            json_array_insert(at->parent, at->index, copy);
        else
            json_object_set(at->parent, other->name ? other->name : at->name, copy);
        break;
    case 3:
        put(at, json_incref(copy));
        break;
    default:
        put(at, value_like(p, at->value));
        break;
    }
    json_decref(copy);
}

/* The text of a changed copy, to be freed; NULL for what is no JSON. */
static char *changed(const uint8_t *data, size_t n_bytes, unsigned seed)
{
    json_t *root = json_loadb((const char *)data, n_bytes, 0, NULL);
    struct places p = {.seed = seed};
    char *text;

    if (root)
        add_children(&p, root);
    for (size_t i = 0; i < p.n; i++)
        add_children(&p, p.at[i].value);
    if (p.n)
        change(&p);
    text = root ? json_dumps(root, JSON_COMPACT) : NULL;
    json_decref(root);
    return text;
}

/* ---- where the JSON is ---- */

struct span {
    size_t from, to;
};

static bool opens(uint8_t c)
{
    return c == '{' || c == '[';
}

/* All of it, or, when something stands before the first bracket or behind its line, the rest of the
 * line that a random byte is in. */
static struct span find_json(const uint8_t *data, size_t n_bytes, unsigned seed)
{
    struct span s = {0, n_bytes};
    size_t at = (size_t)rand_r(&seed) % n_bytes;
    char *whole = opens(data[0]) ? changed(data, n_bytes, seed) : NULL;

    free(whole);
    if (whole)
        return s;
    for (s.from = at; s.from > 0 && data[s.from - 1] != '\n';)
        s.from--;
    for (s.to = at; s.to < n_bytes && data[s.to] != '\n';)
        s.to++;
    while (s.from < s.to && !opens(data[s.from]))
        s.from++;
    return s;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t n_bytes, size_t max_bytes, unsigned seed)
{
    struct span s = n_bytes ? find_json(data, n_bytes, seed) : (struct span){0, 0};
    char *text = seed % 4 ? changed(data + s.from, s.to - s.from, seed) : NULL;
    size_t n = text ? strlen(text) : 0, n_rest = n_bytes - s.to;

    if (!text || s.from + n + n_rest > max_bytes) {
        free(text);
        return LLVMFuzzerMutate(data, n_bytes, max_bytes);
    }
    memmove(data + s.from + n, data + s.to, n_rest);
    memcpy(data + s.from, text, n);
    free(text);
    return s.from + n + n_rest;
}
