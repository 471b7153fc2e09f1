/* redis.h - Redis for tasks, over hiredis' asynchronous context and libevent.
 *
 * One `struct redis` is one connection; commands of all tasks share it, pipelined. It reconnects by
 * itself, with back-off. A blocking XREAD or a subscription needs a connection of its own.
 * ERR_UNAVAILABLE: no connection, nothing was sent. ERR_TIMEOUT: sent, no answer. A Redis error
 * reply is a value (REDIS_ERROR), not a failure of the call: callers look at its text. */
#ifndef PASAR_WRAP_REDIS_H
#define PASAR_WRAP_REDIS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "loop/loop.h"

struct redis_config { /* texts borrowed for the life of the connection */
    const char *host;
    int port;
    const char *password; /* "" for none */
    int database;
    int64_t timeout_us; /* longest wait for an answer; 5 s when 0 */
};

enum redis_type { REDIS_NIL, REDIS_TEXT, REDIS_STATUS, REDIS_INTEGER, REDIS_ARRAY, REDIS_ERROR };

struct redis_value { /* lives in the arena of the call */
    enum redis_type type;
    int64_t integer;
    const char *text; /* terminated; may hold NULs before n */
    size_t n;         /* bytes of text, or elements */
    struct redis_value *elements;
};

struct redis_args { /* a command being built: words are borrowed until the call returns */
    struct arena *arena;
    const char **words;
    size_t *lengths;
    size_t n, capacity;
};

struct redis;

struct redis *redis_open(struct loop *l,
                         const struct redis_config *cfg); /* connects in the background */
void redis_close(struct redis *r); /* whoever still waits gets ERR_UNAVAILABLE; NULL is fine */
bool redis_is_up(const struct redis *r);

struct redis_args *redis_args(struct arena *a, const char *command);
void redis_add(struct redis_args *c, const char *word);
void redis_add_bytes(struct redis_args *c, const void *p, size_t n_bytes);
void redis_add_i64(struct redis_args *c, int64_t value); /* formatted into the arena */

/* Sends and waits; the answer lives in c->arena. timeout_us 0 takes the connection's. */
struct err redis_call(struct redis *r, const struct redis_args *c, int64_t timeout_us,
                      const struct redis_value **out) MUST_CHECK;
/* Sends and forgets: for what may be lost. Needs no task. */
void redis_send(struct redis *r, const struct redis_args *c);

/* EVALSHA, with EVAL when Redis does not know the script (any more). `c` starts at
 * redis_script_args(). */
struct redis_script {
    const char *text;
    char sha1[41]; /* filled on first use */
};
struct redis_args *redis_script_args(struct arena *a, struct redis_script *s);
struct err redis_run(struct redis *r, struct redis_script *s, const struct redis_args *c,
                     const struct redis_value **out) MUST_CHECK;

/* fn(arg, channel, message) for each message, outside tasks; subscribes again after each reconnect.
 * The connection can do nothing else any more. */
void redis_subscribe(struct redis *r, const char *const *channels, size_t n,
                     void (*fn)(void *arg, const char *channel, const char *message), void *arg);

#endif
