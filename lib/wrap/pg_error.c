/* pg_error.c - what PostgreSQL's refusals mean to us.
 * https://www.postgresql.org/docs/15/errcodes-appendix.html */
#include <string.h>

#include "base/log.h"
#include "wrap/pg_internal.h"

enum { TELLS_VALUES = 1, STALE = 2 };

static const struct meaning { /* the first that fits counts */
    const char *code;         /* how the SQLSTATE begins */
    struct err err;
    enum log_level level;
    int flags; /* TELLS_VALUES: its message repeats what was given; STALE: prepare anew */
    const char *function; /* of the server's source, where the code says too little */
} meanings[] = {
    /* clang-format off */
    {"23",    {ERR_CONFLICT,    "a constraint of the database refused"},     LOG_INFO,  0, NULL},
    {"22",    {ERR_INVALID,     "a value was refused by the database"},      LOG_INFO,  TELLS_VALUES, NULL},
    {"40",    {ERR_UNAVAILABLE, "the transaction met another: rolled back"}, LOG_WARN,  0, NULL},
    {"55P03", {ERR_UNAVAILABLE, "a lock was not to be had"},                 LOG_WARN,  0, NULL},
    {"57014", {ERR_UNAVAILABLE, "the statement took too long"},              LOG_WARN,  0, NULL},
    {"57",    {ERR_UNAVAILABLE, "the database is being stopped"},            LOG_WARN,  0, NULL},
    {"25P03", {ERR_UNAVAILABLE, "the transaction was idle for too long"},    LOG_ERROR, 0, NULL},
    {"25006", {ERR_UNAVAILABLE, "the database takes no writes"},             LOG_ERROR, 0, NULL},
    {"26000", {ERR_UNAVAILABLE, "a statement must be prepared anew"},        LOG_WARN,  STALE, NULL},
    {"0A000", {ERR_UNAVAILABLE, "a statement must be prepared anew"},        LOG_WARN,  STALE, "RevalidateCachedQuery"},
    {"08P01", {ERR_BUG,         "a statement was given the wrong parameters"},  LOG_ERROR, 0, NULL},
    {"08",    {ERR_UNAVAILABLE, "the database connection failed"},           LOG_WARN,  0, NULL},
    {"53",    {ERR_UNAVAILABLE, "the database is out of resources"},         LOG_ERROR, 0, NULL},
    {"58",    {ERR_UNAVAILABLE, "the database has trouble with its system"}, LOG_ERROR, 0, NULL},
    {"",      {ERR_BUG,         "a statement failed"},                       LOG_ERROR, 0, NULL},
    /* clang-format on */
};

const char *pg_error_field(const PGresult *refusal, int field)
{
    const char *text = PQresultErrorField(refusal, field);

    return text ? text : "";
}

static bool fits(const struct meaning *m, const PGresult *refusal)
{
    const char *state = pg_error_field(refusal, PG_DIAG_SQLSTATE);

    return !strncmp(state, m->code, strlen(m->code)) &&
           (!m->function || !strcmp(m->function, pg_error_field(refusal, PG_DIAG_SOURCE_FUNCTION)));
}

static const struct meaning *meaning_of(const PGresult *refusal)
{
    const struct meaning *m = meanings;

    while (!fits(m, refusal))
        m++; /* the last fits all */
    return m;
}

bool pg_error_is_stale(const PGresult *refusal)
{
    return meaning_of(refusal)->flags & STALE;
}

struct err pg_error_of(const PGresult *refusal, const struct sql *s)
{
    const struct meaning *m = meaning_of(refusal);

    log_at(m->level, "pg.refused", kv_text("statement", s ? s->name : "(commit)"),
           kv_text("sqlstate", pg_error_field(refusal, PG_DIAG_SQLSTATE)),
           kv_text("constraint", pg_error_field(refusal, PG_DIAG_CONSTRAINT_NAME)),
           kv_text("message", m->flags & TELLS_VALUES
                                  ? NULL
                                  : pg_error_field(refusal, PG_DIAG_MESSAGE_PRIMARY)),
           KV_END);
    return m->err;
}
