/* arena.h - memory that dies with a request or a batch.
 *
 * Bump allocation in growing blocks; nothing is freed singly. Allocation never returns NULL: out of
 * memory aborts and the supervisor restarts us, so every input is bounded before it comes here. */
#ifndef PASAR_BASE_ARENA_H
#define PASAR_BASE_ARENA_H

#include <stddef.h>

struct arena;

struct arena *arena_new(void);
void arena_free(struct arena *a);  /* runs the deferred calls, newest first; NULL is fine */
void arena_reset(struct arena *a); /* as free and new, keeping the first block */

void *arena_alloc(struct arena *a, size_t n_bytes); /* zeroed, aligned for any type */
void *arena_alloc_array(struct arena *a, size_t n, size_t size_bytes); /* aborts on overflow */
void *arena_memdup(struct arena *a, const void *p, size_t n_bytes);
char *arena_strdup(struct arena *a, const char *s);                  /* NULL gives NULL */
char *arena_strndup(struct arena *a, const char *s, size_t n_bytes); /* terminated copy */
char *arena_printf(struct arena *a, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* fn(p) runs when the arena is freed or reset: for what foreign libraries allocated. */
void arena_defer(struct arena *a, void (*fn)(void *), void *p);

#define ARENA_NEW(a, type) ((type *)arena_alloc((a), sizeof(type)))
#define ARENA_ARRAY(a, type, n) ((type *)arena_alloc_array((a), (n), sizeof(type)))

#endif
