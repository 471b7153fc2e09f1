/* id.h - UUIDv7 (RFC 9562) by value: sortable by time of making, monotonic within a process. */
#ifndef PASAR_BASE_ID_H
#define PASAR_BASE_ID_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"

#define ID_TEXT_SIZE 37 /* 36 characters and the terminator */

struct id {
    uint8_t bytes[16];
};

struct id id_new(void); /* clock and getrandom(2); not for pure code */
struct id id_nil(void);
bool id_is_nil(const struct id *id);
bool id_equal(const struct id *a, const struct id *b);
int id_compare(const struct id *a, const struct id *b); /* byte order, as PostgreSQL orders uuid */

void id_format(const struct id *id, char out[ID_TEXT_SIZE]); /* lower case */
const char *id_text(struct arena *a, const struct id *id);   /* the same, in the arena */
/* Accepts any UUID version, upper or lower case, with hyphens. Fails with ERR_INVALID. */
struct err id_parse(const char *text, struct id *out) MUST_CHECK;

#endif
