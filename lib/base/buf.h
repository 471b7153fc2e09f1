/* buf.h - text or bytes that grow, in an arena. */
#ifndef PASAR_BASE_BUF_H
#define PASAR_BASE_BUF_H

#include <stddef.h>

#include "base/arena.h"

struct buf {
    struct arena *arena; /* borrowed; owns the bytes */
    char *data;          /* always terminated once something was added */
    size_t n;            /* without the terminator */
    size_t capacity;
};

void buf_init(struct buf *b, struct arena *a);
void buf_add(struct buf *b, const void *p, size_t n_bytes);
void buf_adds(struct buf *b, const char *s);
void buf_addf(struct buf *b, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
