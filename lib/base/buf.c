/* buf.c - bytes that double their room in an arena when it runs out. */
#include "base/buf.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CAPACITY_FIRST ((size_t)256)

void buf_init(struct buf *b, struct arena *a)
{
    *b = (struct buf){.arena = a};
}

/* Room for n_bytes more and the terminator. The old bytes stay in the arena: doubling bounds the
 * waste to what is in use. */
static void make_room(struct buf *b, size_t n_bytes)
{
    size_t need = b->n + n_bytes + 1;
    size_t capacity = b->capacity ? b->capacity : CAPACITY_FIRST;
    char *data;

    if (n_bytes > SIZE_MAX / 4 || b->n > SIZE_MAX / 4)
        abort();
    if (need <= b->capacity)
        return;
    while (capacity < need)
        capacity *= 2;
    data = arena_alloc(b->arena, capacity);
    if (b->n)
        memcpy(data, b->data, b->n);
    b->data = data;
    b->capacity = capacity;
}

void buf_add(struct buf *b, const void *p, size_t n_bytes)
{
    make_room(b, n_bytes);
    if (n_bytes)
        memcpy(b->data + b->n, p, n_bytes);
    b->n += n_bytes;
    b->data[b->n] = '\0';
}

void buf_adds(struct buf *b, const char *s)
{
    buf_add(b, s, strlen(s));
}

void buf_addf(struct buf *b, const char *format, ...)
{
    va_list args;
    size_t room;
    int n;

    make_room(b, 64); /* most additions are short: formatted once */
    room = b->capacity - b->n;
    va_start(args, format);
    n = vsnprintf(b->data + b->n, room, format, args);
    va_end(args);
    if (n < 0)
        abort();
    if ((size_t)n >= room) {
        make_room(b, (size_t)n);
        va_start(args, format);
        vsnprintf(b->data + b->n, (size_t)n + 1, format, args);
        va_end(args);
    }
    b->n += (size_t)n;
}
