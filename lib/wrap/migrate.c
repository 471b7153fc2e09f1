/* migrate.c - schema migrations, over plain blocking libpq. */
#include "wrap/migrate.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "wrap/pg_internal.h"

#define WAIT_US (30 * US_PER_S) /* for a database that is not up yet */
#define PAUSE_US (250 * US_PER_MS)
#define HASH_TEXT_SIZE (2 * crypto_hash_sha256_BYTES + 1)

/* The bookkeeping is the tool's own. A migration that waits for a lock would make everybody behind
 * it wait too: it rather fails and is tried again. */
#define LOCK "select pg_advisory_lock(hashtextextended('pasar.migrate', 0))"
#define TRY_LOCK "select pg_try_advisory_lock(hashtextextended('pasar.migrate', 0))"
#define BEGIN "begin; set local lock_timeout = '15s'"
#define CREATE                                                                                     \
    "create table if not exists migration (name text primary key, sha256 text not null, "          \
    "applied_at timestamptz not null default now())"
#define EXISTS "select to_regclass('migration') is not null"
#define APPLIED "select name, sha256 from migration"
#define RECORD "insert into migration (name, sha256) values ($1, $2)"

static void hash_of(const char *text, char out[HASH_TEXT_SIZE])
{
    unsigned char hash[crypto_hash_sha256_BYTES];

    crypto_hash_sha256(hash, (const unsigned char *)text, strlen(text));
    sodium_bin2hex(out, HASH_TEXT_SIZE, hash, sizeof hash);
}

/* ---- talking to the server ---- */

static void log_failure(const char *event, const char *name, const char *message)
{
    char text[480];
    size_t n;

    snprintf(text, sizeof text, "%s", message);
    n = strlen(text);
    while (n && text[n - 1] == '\n')
        text[--n] = '\0';
    log_error(event, kv_text("name", name), kv_text("message", text));
}

static struct err kind_of(const PGresult *r, const char *name)
{
    static const struct err lost = {ERR_UNAVAILABLE, "the database connection was lost"};
    const char *state = pg_error_field(r, PG_DIAG_SQLSTATE);

    log_failure("migrate.failed", name, PQresultErrorMessage(r));
    if (!*state || !strncmp(state, "57", 2))
        return lost;
    if (!strcmp(state, "55P03"))
        return ERR(ERR_UNAVAILABLE, "a migration waited too long for a lock");
    return ERR(ERR_BUG, "a migration failed");
}

/* *out, when wanted, is the caller's to PQclear() (also after a failure, where it is NULL). */
static struct err run(PGconn *pq, const char *name, const char *text, PGresult **out)
{
    PGresult *r = PQexec(pq, text);
    struct err e = OK;

    if (PQresultStatus(r) != PGRES_COMMAND_OK && PQresultStatus(r) != PGRES_TUPLES_OK) {
        e = kind_of(r, name);
        PQclear(r);
        r = NULL;
    }
    if (out)
        *out = r;
    else
        PQclear(r);
    return e;
}

static struct err ask(PGconn *pq, const char *text, bool *yes)
{
    PGresult *r;
    struct err e = run(pq, "", text, &r);

    *yes = !e.kind && PQntuples(r) == 1 && PQgetvalue(r, 0, 0)[0] == 't';
    PQclear(r);
    return e;
}

/* False: it will not get better by waiting (wrong password, no such database). */
static bool may_come_up(const struct pg_settings *s)
{
    PGPing ping = PQpingParams(s->names, s->values, 0);

    return ping == PQPING_REJECT || ping == PQPING_NO_RESPONSE;
}

static struct err connect_to(const struct pg_config *cfg, int64_t wait_us, PGconn **out)
{
    int64_t until = clock_mono_us() + wait_us;
    struct pg_settings s;
    bool told = false;

    pg_settings_fill(&s, cfg, 0);
    for (;;) {
        PGconn *pq = PQconnectdbParams(s.names, s.values, 0);

        if (PQstatus(pq) == CONNECTION_OK) {
            *out = pq;
            return OK;
        }
        if (clock_mono_us() >= until || !may_come_up(&s)) {
            log_failure("migrate.no_database", cfg->database, PQerrorMessage(pq));
            PQfinish(pq);
            return ERR(ERR_UNAVAILABLE, "the database cannot be reached");
        }
        if (!told)
            log_info("migrate.waiting_for_database", kv_text("database", cfg->database),
                     kv_text("host", cfg->host), kv_i64("at_most_s", wait_us / US_PER_S));
        told = true;
        PQfinish(pq);
        usleep(PAUSE_US);
    }
}

/* ---- what is applied ---- */

static const char *applied_hash(const PGresult *applied, const char *name)
{
    for (int i = 0; i < PQntuples(applied); i++)
        if (!strcmp(PQgetvalue(applied, i, 0), name))
            return PQgetvalue(applied, i, 1);
    return NULL;
}

/* ERR_NOT_FOUND: not applied yet. */
static struct err compare(const PGresult *applied, const struct migration *m)
{
    const char *hash = applied_hash(applied, m->name);
    char expected[HASH_TEXT_SIZE];

    if (!hash)
        return ERR(ERR_NOT_FOUND, "a migration is missing");
    hash_of(m->text, expected);
    if (!strcmp(hash, expected))
        return OK;
    log_error("migrate.changed", kv_text("name", m->name), kv_text("applied_sha256", hash),
              kv_text("sha256", expected));
    return ERR(ERR_CONFLICT, "a migration was changed after it was applied");
}

/* ---- applying ---- */

static struct err record(PGconn *pq, const struct migration *m)
{
    char hash[HASH_TEXT_SIZE];
    const char *values[] = {m->name, hash};
    struct err e = OK;
    PGresult *r;

    hash_of(m->text, hash);
    r = PQexecParams(pq, RECORD, 2, NULL, values, NULL, NULL, 0);
    if (PQresultStatus(r) != PGRES_COMMAND_OK)
        e = kind_of(r, m->name);
    PQclear(r);
    return e;
}

static struct err apply_inside(PGconn *pq, const struct migration *m)
{
    struct err e = run(pq, m->name, m->text, NULL);

    if (e.kind)
        return e;
    if (PQtransactionStatus(pq) != PQTRANS_INTRANS) {
        log_failure("migrate.failed", m->name, "it ends the transaction it runs in");
        return ERR(ERR_BUG, "a migration ends its own transaction");
    }
    e = record(pq, m);
    if (e.kind)
        return e;
    return run(pq, m->name, "commit", NULL);
}

static struct err apply(PGconn *pq, const struct migration *m)
{
    int64_t began = clock_mono_us();
    struct err e = run(pq, m->name, BEGIN, NULL);

    if (!e.kind)
        e = apply_inside(pq, m);
    if (!e.kind)
        log_info("migrate.applied", kv_text("name", m->name),
                 kv_i64("ms", (clock_mono_us() - began) / US_PER_MS));
    else if (PQtransactionStatus(pq) != PQTRANS_IDLE)
        PQclear(PQexec(pq, "rollback"));
    return e;
}

static struct err apply_missing(PGconn *pq, const PGresult *applied, const struct migration *m)
{
    for (; m->name; m++) {
        struct err e = compare(applied, m);

        if (e.kind == ERR_NOT_FOUND)
            e = apply(pq, m);
        if (e.kind)
            return e;
    }
    return OK;
}

static struct err take_lock(PGconn *pq)
{
    bool got;
    struct err e = ask(pq, TRY_LOCK, &got);

    if (e.kind || got)
        return e;
    log_info("migrate.waiting_for_another");
    return run(pq, "", LOCK, NULL);
}

struct err migrate(const struct pg_config *cfg, const struct migration *migrations)
{
    PGresult *applied = NULL;
    PGconn *pq;
    struct err e = connect_to(cfg, WAIT_US, &pq);

    if (e.kind)
        return e;
    PQclear(PQexec(pq, "set client_min_messages = warning")); /* "already exists, skipping" */
    e = take_lock(pq);
    if (!e.kind)
        e = run(pq, "", CREATE, NULL);
    if (!e.kind)
        e = run(pq, "", APPLIED, &applied);
    if (!e.kind)
        e = apply_missing(pq, applied, migrations);
    PQclear(applied);
    PQfinish(pq); /* and with it the lock */
    return e;
}

/* ---- checking ---- */

/* The failure told first counts. */
static void note(struct err *e, struct err another)
{
    if (!e->kind)
        *e = another;
}

static struct err check_migrations(PGconn *pq, const struct migration *m)
{
    struct err e = OK, first;
    PGresult *applied = NULL;
    bool exists;

    first = ask(pq, EXISTS, &exists);
    if (!first.kind && exists)
        first = run(pq, "", APPLIED, &applied);
    for (; !first.kind && m->name; m++) {
        struct err found = compare(applied, m);

        if (found.kind == ERR_NOT_FOUND)
            log_error("migrate.missing", kv_text("name", m->name));
        note(&e, found);
    }
    PQclear(applied);
    return first.kind ? first : e;
}

/* The unnamed statement: each takes the place of the one before, the last goes with the connection.
 */
static struct err check_statement(PGconn *pq, const struct sql *s)
{
    PGresult *r = PQprepare(pq, "", s->text, 0, NULL);
    struct err e = OK;

    if (PQresultStatus(r) != PGRES_COMMAND_OK) {
        log_failure("statement.refused", s->name, PQresultErrorMessage(r));
        e = ERR(ERR_BUG, "a statement does not fit the schema");
    }
    PQclear(r);
    return e;
}

static struct err check_statements(PGconn *pq, const struct sql *const *s)
{
    struct err e = OK;

    for (; *s; s++)
        note(&e, check_statement(pq, *s));
    return e;
}

struct err migrate_check(const struct pg_config *cfg, const struct migration *migrations,
                         const struct sql *const *statements)
{
    PGconn *pq;
    struct err e = connect_to(cfg, 0, &pq);

    if (e.kind)
        return e;
    e = check_migrations(pq, migrations);
    if (!e.kind)
        e = check_statements(pq, statements);
    PQfinish(pq);
    return e;
}
