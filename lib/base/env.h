/* env.h - settings: read once from the environment through a table of rows into a struct.
 *
 *     static const struct env_row rows[] = {
 *         ENV_TEXT("ORDER_DB_NAME", struct order_config, db_name, "pasar_order"),
 *         ENV_INT("ORDER_TTL_SECONDS", struct order_config, ttl_s, "900", 60, 86400),
 *         ENV_SECRET("JWT_SECRET", struct order_config, jwt_secret, 32),
 *     };
 *
 * Text fields borrow the environment's bytes, which live as long as the process. */
#ifndef PASAR_BASE_ENV_H
#define PASAR_BASE_ENV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum env_type {
    ENV_TYPE_TEXT,   /* const char * */
    ENV_TYPE_CHOICE, /* const char *: one of the row's words */
    ENV_TYPE_SECRET, /* const char *; never shown; in production of at least `min` characters */
    ENV_TYPE_INT,    /* int64_t */
    ENV_TYPE_BOOL,   /* bool: true/false/1/0/yes/no */
};

struct env_row {
    const char *name;
    enum env_type type;
    size_t offset;
    const char *fallback; /* NULL: required */
    int64_t min, max;     /* of an int */
    const char *words;    /* of a choice, with a blank between them */
};

/* clang-format off */
#define ENV_TEXT(name, type, field, fallback) {name, ENV_TYPE_TEXT, offsetof(type, field), fallback, 0, 0, NULL}
#define ENV_CHOICE(name, type, field, fallback, words) {name, ENV_TYPE_CHOICE, offsetof(type, field), fallback, 0, 0, words}
#define ENV_SECRET(name, type, field, least) {name, ENV_TYPE_SECRET, offsetof(type, field), NULL, least, 0, NULL}
#define ENV_INT(name, type, field, fallback, min, max) {name, ENV_TYPE_INT, offsetof(type, field), fallback, min, max, NULL}
#define ENV_BOOL(name, type, field, fallback) {name, ENV_TYPE_BOOL, offsetof(type, field), fallback, 0, 0, NULL}
/* clang-format on */

/* Fills every row's field of *config. Each bad or missing setting is written to stderr, in one line
 * that names it, its meaning and its bounds, never a secret's value; all are told, not the first
 * only. `production` refuses short secrets and the example values (secrets beginning "example" or
 * "changeme"). Fails with ERR_INVALID. An empty variable counts as unset. */
struct err env_read(const struct env_row *rows, size_t n, bool production, void *config) MUST_CHECK;

#endif
