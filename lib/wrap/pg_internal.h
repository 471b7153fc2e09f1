/* pg_internal.h - what the files of the pg wrapper share. Nobody else includes it.
 *
 *   pg.c        opening, closing, statements on either kind of pg
 *   pg_args.c   parameters            pg_rows.c    results
 *   pg_conn.c   a connection's life: connect, lose, come back
 *   pg_pipe.c   requests travelling on a connection, answers matched first in, first out
 *   pg_known.c  which statements a connection has prepared
 *   pg_line.c   tasks waiting for a connection
 *   pg_tx.c     transactions          pg_lock.c    advisory locks
 *   pg_error.c  SQLSTATE to kinds     pg_settings.c   what libpq is told when connecting
 *
 * A *request* is what travels up to one Sync: a statement of its own, or a part of a transaction.
 * Its memory is its own, not the task's nor the connection's: either may be gone before the other.
 */
#ifndef PASAR_WRAP_PG_INTERNAL_H
#define PASAR_WRAP_PG_INTERNAL_H

#include <libpq-fe.h>

#include "loop/task.h"
#include "wrap/pg.h"

struct event;

#define PG_CONSTRAINT_SIZE 64 /* PostgreSQL's names have at most 63 bytes */
#define PG_NAME_SIZE 64

struct pg_args {
    struct arena *arena;
    int n, capacity;
    const char **values;
    int *lengths; /* of binary values */
    int *formats; /* 0 text, 1 binary */
};

/* ---- pg_known.c ---- */
struct pg_known_entry {
    const struct sql *sql; /* NULL: free */
    unsigned revision;     /* a statement prepared anew needs a new name */
    bool prepared;
};
struct pg_known { /* open addressing, keyed by the statement's address */
    struct pg_known_entry *entries;
    size_t n, capacity; /* capacity: 0 or a power of two */
};
struct pg_known_entry *pg_known_find(struct pg_known *k, const struct sql *s); /* adds it */
void pg_known_forget(struct pg_known *k); /* all: the connection is gone */

/* ---- pg_pipe.c ---- */
enum pg_awaited_kind { PG_AWAIT_PREPARE, PG_AWAIT_STATEMENT, PG_AWAIT_COMMIT, PG_AWAIT_SYNC };
struct pg_awaited { /* one answer of the server */
    enum pg_awaited_kind kind;
    bool answered; /* its result came; the end of it (NULL) has not */
    const struct sql *sql;
};
struct pg_answers { /* ring of what is still to come, in order */
    struct pg_awaited *ring;
    size_t first, n, capacity; /* capacity: 0 or a power of two */
};

struct pg_request {
    struct pg_request *next; /* on the connection, in order of sending */
    struct task *task;       /* who waits; NULL when nobody does (yet) */
    PGresult *rows;          /* of the last statement */
    PGresult *refusal;       /* the first error */
    const struct sql *refused;
    struct err error; /* without a refusal: the connection was lost, or COMMIT rolled back */
    bool commits;     /* once answered its effects are durable: a statement of its own, or COMMIT */
    bool sealed;      /* its Sync is sent */
    bool in_doubt;    /* the server's last word came while it may already have committed */
    bool done;
    bool abandoned; /* nobody will collect it */
};

struct pg_conn;
extern const struct sql pg_word_commit; /* pg_tx.c: its answer must be "COMMIT" */
struct pg_request *pg_request_open(struct pg_conn *c);
/* Both return without a word when the connection breaks meanwhile: the request is done then. */
void pg_request_add(struct pg_conn *c, struct pg_request *r, const struct sql *s,
                    const struct pg_args *args);
void pg_request_seal(struct pg_conn *c, struct pg_request *r);
/* Before the statements of a transaction or one of its own: has old plans made anew. */
void pg_request_replan(struct pg_conn *c);
/* Waits for a sealed request until the task's deadline: ERR_TIMEOUT then, else OK and r is done. */
struct err pg_request_wait(struct pg_request *r) MUST_CHECK;
void pg_request_abandon(struct pg_request *r); /* freed when done */
/* Frees r. The rows go to *out and the arena. */
struct err pg_request_collect(struct pg_request *r, struct pg *pg, struct arena *arena,
                              struct pg_rows *out) MUST_CHECK;
void pg_pipe_read(struct pg_conn *c);  /* bytes have come */
void pg_pipe_flush(struct pg_conn *c); /* there is room to write */
/* Everything still unanswered fails; the kind depends on what may have been committed. */
void pg_pipe_fail(struct pg_conn *c);

/* ---- pg_line.c: tasks that wait for a connection, first in, first out ---- */
struct pg_waiter { /* on the waiting task's stack */
    struct pg_waiter *next;
    struct task *task;
    struct pg_conn *conn; /* what it got; NULL: nothing came of it */
    bool finished;
};
struct pg_line {
    struct pg_waiter *first, *last;
};
/* NULL when nothing came of it, or at the deadline. */
struct pg_conn *pg_line_wait(struct pg_line *line, int64_t deadline_mono_us);
bool pg_line_serve(struct pg_line *line, struct pg_conn *c);   /* the first; false: nobody waits */
void pg_line_dismiss(struct pg_line *line, struct pg_conn *c); /* all, c may be NULL */

/* ---- pg_conn.c ---- */
enum pg_conn_state { PG_CONN_DOWN, PG_CONN_CONNECTING, PG_CONN_UP };
struct pg_conn {
    struct pg_pool *pool;
    enum pg_conn_state state;
    bool known_down;   /* the last attempt to connect failed */
    bool dying;        /* the server said FATAL: what is unanswered has not been done */
    bool taken;        /* by a transaction, until its last answer */
    bool cleaning;     /* its task is gone, the ROLLBACK is on its way */
    int n_failed;      /* attempts in a row */
    uint64_t life;     /* counts connections made */
    struct pg *holder; /* the transaction */
    PGconn *pq;
    struct event *io;       /* while connecting: once, on whatever socket libpq uses now */
    struct event *readable; /* when up: persistent */
    struct event *writable;
    struct event *timer;    /* next attempt; or the attempt's end */
    struct event *watchdog; /* is armed while something is awaited */
    bool watching;
    int64_t progress_mono_us;
    int64_t planned_mono_us; /* when its statements' plans were made, at the latest */
    int n_sealed;            /* requests whose Sync is sent and not answered */
    struct pg_request *first, *last;
    struct pg_answers answers;
    struct pg_known known;
};

void pg_conn_init(struct pg_conn *c, struct pg_pool *pool); /* starts connecting */
void pg_conn_release(struct pg_conn *c);
void pg_conn_lost(struct pg_conn *c,
                  const char *why);    /* fails its requests, comes back by itself */
void pg_conn_watch(struct pg_conn *c); /* something is awaited now */
void pg_conn_want_room(struct pg_conn *c, bool wanted); /* tell pg_pipe_flush() when it can write */

/* ---- the pool ---- */
struct pg { /* what callers hold */
    struct pg_pool *pool;
    bool is_transaction;
    char constraint[PG_CONSTRAINT_SIZE];
    /* of a transaction: */
    struct pg_conn *conn;    /* NULL once lost or ended */
    struct pg_request *open; /* has statements, not yet its Sync */
    struct err failed;
    bool began, ended;
};
struct pg_pool {
    struct pg self; /* first: pg_open() returns it */
    struct loop *loop;
    struct pg_config cfg;
    bool closed;
    int64_t replan_us; /* how old plans may grow */
    int n_inside; /* tasks waiting within our functions: the last one out frees a closed pool */
    struct pg_line for_shared, for_transaction;
    struct pg_conn shared;
    int n_transactions;
    struct pg_conn *transactions;
};
void pg_pool_enter(struct pg_pool *pool);
void pg_pool_leave(struct pg_pool *pool);
/* Told by connections. */
void pg_pool_came(struct pg_conn *c);   /* up, and free */
void pg_pool_failed(struct pg_conn *c); /* an attempt to connect failed */
struct err pg_tx_exec(struct pg *tx, const struct sql *s, const struct pg_args *args,
                      struct arena *arena, struct pg_rows *out) MUST_CHECK;
void pg_tx_lost(struct pg *tx); /* its connection is gone */
void pg_tx_cleaned(
    struct pg_conn *c); /* nothing is awaited on a connection that was being cleaned */

/* ---- pg_error.c ---- */
/* Logs the refusal (not its values: they may be secret) and says what it means. */
struct err pg_error_of(const PGresult *refusal, const struct sql *s);
bool pg_error_is_stale(const PGresult *refusal); /* the statement must be prepared anew */
const char *pg_error_field(const PGresult *refusal, int field); /* never NULL */

/* ---- pg_settings.c ---- */
#define PG_N_SETTINGS 20
struct pg_settings { /* for PQconnect…Params() */
    const char *names[PG_N_SETTINGS];
    const char *values[PG_N_SETTINGS];
    char options[256], tcp_timeout[24];
};
/* statement_timeout_us 0: none */
void pg_settings_fill(struct pg_settings *s, const struct pg_config *cfg,
                      int64_t statement_timeout_us);
int64_t pg_timeout_us(const struct pg_config *cfg);

#endif
