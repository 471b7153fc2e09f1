/* redis_private.h - between the redis*.c files. For no one else. */
#ifndef PASAR_WRAP_REDIS_PRIVATE_H
#define PASAR_WRAP_REDIS_PRIVATE_H

#include <hiredis/async.h>
#include <stdbool.h>
#include <stdint.h>

#include "loop/task.h"
#include "wrap/redis.h"

struct event;

/* A command on its way. Redis answers in the order of sending, so they form a queue. */
struct redis_call {
    struct redis_call *next;
    struct redis *redis;
    struct task *task;   /* NULL: nobody waits, or nobody any more */
    struct arena *arena; /* of the task; not touched once it has gone */
    struct redis_value *reply;
    struct err result;
    bool is_finished;
    int64_t sent_mono_us;
    int64_t timeout_us;
};

enum redis_link { LINK_DOWN, LINK_CONNECTING, LINK_GREETING, LINK_UP };

struct redis {
    struct loop *loop;
    struct redis_config cfg;
    char address[64]; /* where host was found, once it was */
    enum redis_link link;
    redisAsyncContext *context;        /* NULL while down */
    struct event *readable, *writable; /* of the context */
    struct event *timer;   /* while down: connect again; otherwise: is there still an answer? */
    int64_t timer_mono_us; /* when it fires; NO_DEADLINE: not pending */
    int64_t heard_mono_us; /* when bytes last came */
    int n_attempts;        /* to connect, since it was last up */
    int n_greetings;       /* answers still to come before it is up */
    bool is_flush_due;     /* a flush is put off to the end of this turn */
    bool is_writing;
    bool is_closed;
    struct redis_call *first, *last;
    size_t n_calls;
    struct arena *reading;                   /* the answer hiredis is reading */
    struct redis_subscription *subscription; /* NULL for commands */
};

/* Hooks the context into the loop; its cleanup takes them out again. */
void redis_hook(struct redis *r);
void redis_read_into(struct redis *r, redisReader *reader);
void redis_flush_later(struct redis *r); /* at the end of this turn; frees a closed one */
void redis_free(struct redis *r);        /* once closed */
void redis_watch(struct redis *r, int64_t at_mono_us); /* the timer fires then, or earlier */
void redis_drop(struct redis *r,
                const char *reason); /* closes, fails who waits, connects again later */

void redis_calls_check(struct redis *r); /* the timer fired */

struct redis_value *redis_value_copy(struct arena *a, const redisReply *reply);

void redis_subscription_start(struct redis *r); /* once up */
void redis_subscription_check(struct redis *r); /* the timer fired */
void redis_subscription_free(struct redis_subscription *s);

#endif
