/* arena.c - bump allocation in a chain of growing blocks.
 *
 * The arena itself lives at the start of its first block, so a small request costs one malloc.
 * Under AddressSanitizer what is not handed out is poisoned, with a gap between allocations. */
#include "base/arena.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if defined(__SANITIZE_ADDRESS__)
#define ARENA_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ARENA_ASAN 1
#endif
#endif

#ifdef ARENA_ASAN
#include <sanitizer/asan_interface.h>
#define GAP_BYTES 16
#else
#define GAP_BYTES 0
#define ASAN_POISON_MEMORY_REGION(p, n) ((void)(p), (void)(n))
#define ASAN_UNPOISON_MEMORY_REGION(p, n) ((void)(p), (void)(n))
#endif

#define ALIGN_BYTES ((size_t)16)
#define BLOCK_FIRST_BYTES ((size_t)4000) /* with malloc's own words: just under a page */
#define BLOCK_MOST_BYTES ((size_t)65536)

struct block {
    struct block *older;
    size_t size; /* of bytes[] */
    size_t used;
    size_t padding; /* keeps bytes[] aligned */
    unsigned char bytes[];
};

struct deferred {
    struct deferred *older;
    void (*fn)(void *);
    void *p;
};

struct arena {
    struct block *newest;
    struct block *first; /* holds this struct */
    struct deferred *deferred;
    size_t next_bytes; /* of the next block */
};

_Static_assert(_Alignof(max_align_t) <= 16, "ALIGN_BYTES is too small");
_Static_assert(offsetof(struct block, bytes) % 16 == 0, "blocks start unaligned");

static size_t rounded_up(size_t n)
{
    return (n + ALIGN_BYTES - 1) & ~(ALIGN_BYTES - 1);
}

static struct block *block_new(size_t size, struct block *older)
{
    struct block *b = malloc(sizeof *b + size);

    if (!b)
        abort();
    b->older = older;
    b->size = size;
    b->used = 0;
    ASAN_POISON_MEMORY_REGION(b->bytes, size);
    return b;
}

static void block_free(struct block *b)
{
    ASAN_UNPOISON_MEMORY_REGION(b->bytes, b->size);
    free(b);
}

static void *block_take(struct block *b, size_t n_bytes)
{
    void *p = b->bytes + b->used;

    b->used += rounded_up(n_bytes) + GAP_BYTES;
    ASAN_UNPOISON_MEMORY_REGION(p, n_bytes);
    return p;
}

static size_t block_room(const struct block *b)
{
    return b->size - b->used;
}

struct arena *arena_new(void)
{
    struct block *b = block_new(BLOCK_FIRST_BYTES - sizeof *b, NULL);
    struct arena *a = block_take(b, sizeof *a);

    *a = (struct arena){.newest = b, .first = b, .next_bytes = 2 * BLOCK_FIRST_BYTES};
    return a;
}

/* A deferred call may still use the arena's memory, and even defer more. */
static void run_deferred(struct arena *a)
{
    while (a->deferred) {
        struct deferred *d = a->deferred;

        a->deferred = d->older;
        d->fn(d->p);
    }
}

static void free_all_but_first(struct arena *a)
{
    struct block *b = a->newest;

    while (b) {
        struct block *older = b->older;

        if (b != a->first)
            block_free(b);
        b = older;
    }
    a->newest = a->first;
    a->first->older = NULL;
}

void arena_free(struct arena *a)
{
    if (!a)
        return;
    run_deferred(a);
    free_all_but_first(a);
    block_free(a->first);
}

void arena_reset(struct arena *a)
{
    struct block *b = a->first;

    run_deferred(a);
    free_all_but_first(a);
    b->used = rounded_up(sizeof *a) + GAP_BYTES;
    ASAN_POISON_MEMORY_REGION(b->bytes + b->used, block_room(b));
    a->next_bytes = 2 * BLOCK_FIRST_BYTES;
}

/* What is too large for the next block gets one of its own, put below the newest so that the room
 * left there is still used. */
static void *take_large(struct arena *a, size_t n_bytes)
{
    struct block *b = block_new(rounded_up(n_bytes) + GAP_BYTES, a->newest->older);

    a->newest->older = b;
    return block_take(b, n_bytes);
}

static void *take(struct arena *a, size_t n_bytes)
{
    size_t need;

    if (n_bytes > SIZE_MAX / 2)
        abort();
    need = rounded_up(n_bytes) + GAP_BYTES;
    if (need <= block_room(a->newest))
        return block_take(a->newest, n_bytes);
    if (need > a->next_bytes / 2)
        return take_large(a, n_bytes);
    a->newest = block_new(a->next_bytes - sizeof *a->newest, a->newest);
    if (a->next_bytes < BLOCK_MOST_BYTES)
        a->next_bytes *= 2;
    return block_take(a->newest, n_bytes);
}

void *arena_alloc(struct arena *a, size_t n_bytes)
{
    void *p = take(a, n_bytes);

    memset(p, 0, n_bytes);
    return p;
}

void *arena_alloc_array(struct arena *a, size_t n, size_t size_bytes)
{
    size_t n_bytes;

    if (__builtin_mul_overflow(n, size_bytes, &n_bytes))
        abort();
    return arena_alloc(a, n_bytes);
}

void *arena_memdup(struct arena *a, const void *p, size_t n_bytes)
{
    void *copy = take(a, n_bytes);

    if (n_bytes)
        memcpy(copy, p, n_bytes);
    return copy;
}

char *arena_strdup(struct arena *a, const char *s)
{
    return s ? arena_memdup(a, s, strlen(s) + 1) : NULL;
}

char *arena_strndup(struct arena *a, const char *s, size_t n_bytes)
{
    char *copy = take(a, n_bytes + 1);

    if (n_bytes)
        memcpy(copy, s, n_bytes);
    copy[n_bytes] = '\0';
    return copy;
}

char *arena_printf(struct arena *a, const char *format, ...)
{
    char small[256]; /* most texts fit: formatted once */
    va_list args;
    char *text;
    int n;

    va_start(args, format);
    n = vsnprintf(small, sizeof small, format, args);
    va_end(args);
    if (n < 0)
        abort();
    if ((size_t)n < sizeof small)
        return arena_memdup(a, small, (size_t)n + 1);
    text = take(a, (size_t)n + 1);
    va_start(args, format);
    vsnprintf(text, (size_t)n + 1, format, args);
    va_end(args);
    return text;
}

void arena_defer(struct arena *a, void (*fn)(void *), void *p)
{
    struct deferred *d = take(a, sizeof *d);

    *d = (struct deferred){.older = a->deferred, .fn = fn, .p = p};
    a->deferred = d;
}
