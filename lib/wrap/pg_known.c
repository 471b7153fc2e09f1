/* pg_known.c - which statements a connection has prepared: a small set keyed by address. */
#include <stdlib.h>

#include "wrap/pg_internal.h"

#define FIRST_CAPACITY ((size_t)64)

static struct pg_known_entry *slot_of(const struct pg_known *k, const struct sql *s)
{
    uint64_t hash = (uint64_t)(uintptr_t)s * UINT64_C(0x9E3779B97F4A7C15);
    size_t i = (size_t)(hash >> 32) & (k->capacity - 1);

    while (k->entries[i].sql && k->entries[i].sql != s)
        i = (i + 1) & (k->capacity - 1);
    return &k->entries[i];
}

static void grow(struct pg_known *k)
{
    struct pg_known old = *k;

    k->capacity = old.capacity ? 2 * old.capacity : FIRST_CAPACITY;
    k->entries = calloc(k->capacity, sizeof *k->entries);
    if (!k->entries)
        abort();
    for (size_t i = 0; i < old.capacity; i++)
        if (old.entries[i].sql)
            *slot_of(k, old.entries[i].sql) = old.entries[i];
    free(old.entries);
}

struct pg_known_entry *pg_known_find(struct pg_known *k, const struct sql *s)
{
    struct pg_known_entry *e;

    if (2 * k->n >= k->capacity)
        grow(k);
    e = slot_of(k, s);
    if (!e->sql) {
        e->sql = s;
        k->n++;
    }
    return e;
}

void pg_known_forget(struct pg_known *k)
{
    free(k->entries);
    *k = (struct pg_known){0};
}
