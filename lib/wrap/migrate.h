/* migrate.h - brings a database's schema forward: numbered files, each applied once, under a lock.
 *
 * Forward only; each migration is one transaction together with its row in `migration`. Replicas
 * that start together wait for one another (advisory lock). A migration whose text changed after it
 * was applied is refused: names and SHA-256 of the texts are kept. Blocks: for the `migrate` role,
 * before any loop. */
#ifndef PASAR_WRAP_MIGRATE_H
#define PASAR_WRAP_MIGRATE_H

#include "base/err.h"
#include "wrap/pg.h"

struct migration { /* the build makes tables of them from sql/saga/ and sql/<domain>/ NNNN_*.sql */
    const char *name; /* "saga/0001_tables" */
    const char *text;
};

/* Applies what is missing, in the order given (saga's first); ended by a row of NULLs. */
struct err migrate(const struct pg_config *cfg, const struct migration *migrations) MUST_CHECK;
/* ERR_NOT_FOUND when some are missing: what `check` asks. Every statement (ended by NULL) must
 * prepare. */
struct err migrate_check(const struct pg_config *cfg, const struct migration *migrations,
                         const struct sql *const *statements) MUST_CHECK;

#endif
