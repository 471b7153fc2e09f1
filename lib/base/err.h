/* err.h - the one way to fail.
 *
 * The kind says what happens next (HTTP status, event or job fate) and is acted on once, in app/
 * and saga/. Whoever finds a failure logs it with details; everyone above only passes it on. */
#ifndef PASAR_BASE_ERR_H
#define PASAR_BASE_ERR_H

enum err_kind {
    ERR_NONE = 0,    /* meaning                      reply   event / job   */
    ERR_INVALID,     /* the sender is wrong          400     dead letter   */
    ERR_UNAUTHENTIC, /* who are you                  401     dead letter   */
    ERR_DENIED,      /* known, but not allowed       403     dead letter   */
    ERR_NOT_FOUND,   /* no such thing, or not yet    404     later         */
    ERR_CONFLICT,    /* the row has moved on         409     later         */
    ERR_UNFIT,       /* well said, cannot be done    422     dead letter   */
    ERR_LIMITED,     /* too much, too fast           429     later         */
    ERR_DUPLICATE,   /* done before: same answer     200     absorbed      */
    ERR_TIMEOUT,     /* outcome unknown              504     ask, later    */
    ERR_UNAVAILABLE, /* nothing has happened         503     back off      */
    ERR_BUG,         /* we are wrong                 500     dead letter   */
};

struct err {
    enum err_kind kind;
    const char *what; /* a literal: greppable, comparable, safe to show */
};

#define OK ((struct err){ERR_NONE, 0})
#define ERR(kind, what) ((struct err){(kind), "" what}) /* "" admits literals only */
#define MUST_CHECK __attribute__((warn_unused_result))

/* "unavailable" and so on: for logs and metrics. */
const char *err_kind_name(enum err_kind kind);

#endif
