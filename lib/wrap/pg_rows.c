/* pg_rows.c - reading results. All columns travel as text. */
#include <assert.h>
#include <stdlib.h>

#include "wrap/pg_internal.h"

/* NULL for a null. Asking for a row or column that is not there is our mistake. */
static const char *value_at(const struct pg_rows *r, size_t row, int column)
{
    const PGresult *result = r->result;

    assert(row < r->n && column >= 0 && column < PQnfields(result));
    if (PQgetisnull(result, (int)row, column))
        return NULL;
    return PQgetvalue(result, (int)row, column);
}

int64_t pg_i64(const struct pg_rows *r, size_t row, int column)
{
    const char *text = value_at(r, row, column);

    return text ? (int64_t)strtoll(text, NULL, 10) : 0;
}

bool pg_bool(const struct pg_rows *r, size_t row, int column)
{
    const char *text = value_at(r, row, column);

    return text && text[0] == 't';
}

const char *pg_text(const struct pg_rows *r, size_t row, int column)
{
    return value_at(r, row, column);
}

struct id pg_id(const struct pg_rows *r, size_t row, int column)
{
    const char *text = value_at(r, row, column);
    struct id id;

    if (!text || id_parse(text, &id).kind)
        return id_nil();
    return id;
}

bool pg_is_null(const struct pg_rows *r, size_t row, int column)
{
    return !value_at(r, row, column);
}
