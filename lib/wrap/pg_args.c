/* pg_args.c - parameters of a statement: scalars as text, arrays in PostgreSQL's binary form.
 *
 * https://www.postgresql.org/docs/15/libpq-exec.html#LIBPQ-PQEXECPARAMS; the array format is that
 * of array_recv() in src/backend/utils/adt/arrayfuncs.c: dimensions, has-null flag, element type,
 * then (size, lower bound) per dimension, then (length or -1, bytes) per element, all big-endian.
 */
#include <assert.h>
#include <endian.h>
#include <inttypes.h>
#include <string.h>

#include "wrap/pg_internal.h"

#define OID_INT8 20
#define OID_TEXT 25
#define OID_UUID 2950

#define FIRST_CAPACITY 8
#define I64_TEXT_SIZE 21 /* "-9223372036854775808" and the terminator */

struct pg_args *pg_args(struct arena *a)
{
    struct pg_args *p = ARENA_NEW(a, struct pg_args);

    p->arena = a;
    return p;
}

static void grow(struct pg_args *p)
{
    size_t old = (size_t)p->n;
    size_t capacity = old ? 2 * old : FIRST_CAPACITY;
    const char **values = ARENA_ARRAY(p->arena, const char *, capacity);
    int *lengths = ARENA_ARRAY(p->arena, int, 2 * capacity);
    int *formats = lengths + capacity;

    if (old) {
        memcpy(values, p->values, old * sizeof *values);
        memcpy(lengths, p->lengths, old * sizeof *lengths);
        memcpy(formats, p->formats, old * sizeof *formats);
    }
    p->values = values;
    p->lengths = lengths;
    p->formats = formats;
    p->capacity = (int)capacity;
}

static void add(struct pg_args *p, const char *value, size_t n_bytes, int format)
{
    if (p->n == p->capacity)
        grow(p);
    assert(n_bytes <= INT32_MAX); /* inputs are bounded long before */
    p->values[p->n] = value;
    p->lengths[p->n] = (int)n_bytes;
    p->formats[p->n] = format;
    p->n++;
}

void pg_add_text(struct pg_args *p, const char *text)
{
    add(p, text, 0, 0);
}

void pg_add_i64(struct pg_args *p, int64_t value)
{
    char *text = arena_alloc(p->arena, I64_TEXT_SIZE);
    char *end = text + I64_TEXT_SIZE - 1;
    uint64_t rest = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;

    do {
        *--end = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest);
    if (value < 0)
        *--end = '-';
    add(p, end, 0, 0);
}

void pg_add_bool(struct pg_args *p, bool value)
{
    add(p, value ? "t" : "f", 0, 0);
}

void pg_add_id(struct pg_args *p, const struct id *id)
{
    char *text = NULL;

    if (id) {
        text = arena_alloc(p->arena, ID_TEXT_SIZE);
        id_format(id, text);
    }
    add(p, text, 0, 0);
}

/* ---- arrays ---- */

static char *put_i32(char *at, int32_t value)
{
    uint32_t big = htobe32((uint32_t)value);

    memcpy(at, &big, sizeof big);
    return at + sizeof big;
}

static char *put_bytes(char *at, const void *bytes, size_t n)
{
    at = put_i32(at, (int32_t)n);
    if (n)
        memcpy(at, bytes, n);
    return at + n;
}

/* Room for an array whose elements take n_bytes, their length words included; *at is where they go.
 * No elements: no dimensions either, which is how PostgreSQL writes '{}'. */
static void begin_array(struct pg_args *p, int32_t oid, size_t n, size_t n_bytes, char **at)
{
    size_t size = 3 * sizeof(int32_t) + (n ? 2 * sizeof(int32_t) : 0) + n_bytes;
    char *bytes = arena_alloc(p->arena, size);

    assert(n <= INT32_MAX);
    *at = put_i32(bytes, n ? 1 : 0);
    *at = put_i32(*at, 1); /* there may be nulls */
    *at = put_i32(*at, oid);
    if (n) {
        *at = put_i32(*at, (int32_t)n);
        *at = put_i32(*at, 1); /* lower bound */
    }
    add(p, bytes, size, 1);
}

void pg_add_i64s(struct pg_args *p, const int64_t *values, size_t n)
{
    char *at;

    begin_array(p, OID_INT8, n, n * (4 + sizeof *values), &at);
    for (size_t i = 0; i < n; i++) {
        uint64_t big = htobe64((uint64_t)values[i]);

        at = put_bytes(at, &big, sizeof big);
    }
}

void pg_add_ids(struct pg_args *p, const struct id *ids, size_t n)
{
    char *at;

    begin_array(p, OID_UUID, n, n * (4 + sizeof ids->bytes), &at);
    for (size_t i = 0; i < n; i++)
        at = put_bytes(at, ids[i].bytes, sizeof ids[i].bytes);
}

void pg_add_texts(struct pg_args *p, const char *const *texts, size_t n)
{
    size_t n_bytes = 4 * n;
    char *at;

    for (size_t i = 0; i < n; i++)
        n_bytes += texts[i] ? strlen(texts[i]) : 0;
    begin_array(p, OID_TEXT, n, n_bytes, &at);
    for (size_t i = 0; i < n; i++)
        at = texts[i] ? put_bytes(at, texts[i], strlen(texts[i])) : put_i32(at, -1);
}
