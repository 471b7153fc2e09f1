/* pg_lock.c - session advisory locks on the shared connection: gone with it, see pg_generation().
 */
#include <assert.h>

#include "wrap/pg_internal.h"

static const struct sql try_lock = {"pg_try_lock",
                                    "select pg_try_advisory_lock(hashtextextended($1::text, 0))"};
static const struct sql unlock = {"pg_unlock",
                                  "select pg_advisory_unlock(hashtextextended($1::text, 0))"};

static struct err ask(struct pg *pg, const struct sql *s, const char *name, bool *out)
{
    struct arena *arena = arena_new();
    struct pg_args *args = pg_args(arena);
    struct pg_rows rows;
    struct err e;

    assert(!pg->is_transaction);
    pg_add_text(args, name);
    e = pg_exec(pg, s, args, arena, &rows);
    *out = !e.kind && rows.n == 1 && pg_bool(&rows, 0, 0);
    arena_free(arena);
    return e;
}

struct err pg_try_lock(struct pg *pg, const char *name, bool *got)
{
    return ask(pg, &try_lock, name, got);
}

struct err pg_unlock(struct pg *pg, const char *name)
{
    bool was_held;

    return ask(pg, &unlock, name, &was_held);
}
