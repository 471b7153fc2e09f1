/* json.h - jansson with bounds, an arena, and errors that name the field.
 *
 * Reading: json_read() then a form. Unknown fields pass, missing or unfit ones are collected, so
 * that one answer tells them all. Writing: jansson's own json_pack()/json_object_set_new(), then
 * json_text(). */
#ifndef PASAR_WRAP_JSON_H
#define PASAR_WRAP_JSON_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/id.h"

#define JSON_MAX_NESTING 16

/* Parses an object or a list, 1 MiB at most; freed with the arena. Rejects duplicates, NULs, bad
 * UTF-8, nesting beyond 16 (checked before jansson recurses), numbers beyond 64 bits. Fails with
 * ERR_INVALID; *out is NULL then. */
struct err json_read(struct arena *a, const char *text, size_t n_bytes, json_t **out) MUST_CHECK;
/* Compact text in the arena. Steals the reference. Aborts on NULL (out of memory). */
const char *json_text(struct arena *a, json_t *steal);
/* Ties a value to the arena: it is decref'd with it. Returns it. */
json_t *json_keep(struct arena *a, json_t *steal);

/* Values as we write them everywhere: new references. NULL and time 0 become null. */
json_t *json_of_text(const char *text);
json_t *json_of_time(int64_t us); /* RFC 3339 */
json_t *json_of_id(const struct id *id);

struct field_error {
    const char *field; /* "items[2].quantity" */
    const char *detail;
    struct field_error *next;
};

/* Reads the fields of one object and remembers what was wrong with them. */
struct form {
    struct arena *arena;
    json_t *object;      /* borrowed */
    const char *prefix;  /* of field names: "items[2]." or "" */
    struct form *parent; /* errors go to the outermost */
    struct field_error *errors, **tail;
};

enum form_need { FORM_REQUIRED, FORM_OPTIONAL };

/* A NULL root is an empty object; one that is no object is an error of field "". Do not copy a
 * form. */
void form_init(struct form *f, struct arena *a, json_t *root);
/* index < 0: none. What is no object is one error, and nothing is read from it; NULL is silent:
 * told already. */
void form_child(struct form *f, struct form *parent, json_t *object, const char *name, int index);
void form_fail(struct form *f, const char *field,
               const char *detail); /* detail: literal, or in the arena */

bool form_has(const struct form *f, const char *field); /* present and not null */
/* Lengths in characters (code points). Control characters are refused but for \n \t in texts over
 * 256. Absent optional: NULL. The text lives as long as the root. */
const char *form_text(struct form *f, const char *field, enum form_need need, size_t min,
                      size_t max);
/* ISO 4217: three capital letters, so that struct money holds it whole. */
const char *form_currency(struct form *f, const char *field, enum form_need need);
/* An integer, no string, no fraction. Absent optional: fallback. */
int64_t form_i64(struct form *f, const char *field, int64_t min, int64_t max);
int64_t form_i64_or(struct form *f, const char *field, int64_t fallback, int64_t min, int64_t max);
bool form_bool_or(struct form *f, const char *field, bool fallback);
struct id form_id(struct form *f, const char *field, enum form_need need);
int64_t form_time(struct form *f, const char *field, enum form_need need); /* RFC 3339 -> us */
json_t *form_object(struct form *f, const char *field, enum form_need need);
json_t *form_array(struct form *f, const char *field, enum form_need need, size_t min, size_t max);

/* OK, or ERR_INVALID "invalid input" when anything failed so far. */
struct err form_check(const struct form *f) MUST_CHECK;
/* "quantity: must be 1 to 999; …" in the arena: the reason kept with a dead letter. */
const char *form_reason(const struct form *f);

#endif
