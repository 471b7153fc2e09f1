/* redis_call.c - commands on their way, and the tasks that wait for them. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "wrap/redis_private.h"

#define MOST_CALLS 65536 /* on their way; a Redis so far behind is as good as down */

static struct redis_call *take_first(struct redis *r)
{
    struct redis_call *call = r->first;

    r->first = call->next;
    if (!r->first)
        r->last = NULL;
    r->n_calls--;
    return call;
}

/* A reply of NULL: the connection ended first. */
static void on_answer(redisAsyncContext *context, void *answer, void *arg)
{
    struct redis_call *call = arg;
    struct redis *r = call->redis;

    (void)context;
    assert(r->first == call);
    take_first(r);
    if (!call->task) {
        free(call);
        return;
    }
    call->is_finished = true;
    if (answer)
        call->reply = redis_value_copy(call->arena, answer);
    else if (r->is_closed)
        call->result = ERR(ERR_UNAVAILABLE, "redis: closed");
    else
        call->result = ERR(ERR_TIMEOUT, "redis: connection lost before the answer");
    task_wake(call->task);
}

static struct redis_call *call_new(struct redis *r, int64_t timeout_us)
{
    struct redis_call *call = calloc(1, sizeof *call);

    if (!call)
        abort();
    call->redis = r;
    call->sent_mono_us = clock_mono_us();
    call->timeout_us = timeout_us > 0 ? timeout_us : r->cfg.timeout_us;
    if (r->last)
        r->last->next = call;
    else
        r->first = call;
    r->last = call;
    r->n_calls++;
    return call;
}

/* NULL: no connection, and nothing has happened. */
static struct redis_call *issue(struct redis *r, const struct redis_args *c, int64_t timeout_us)
{
    struct redis_call *call;

    assert(!r->subscription);
    if (r->link != LINK_UP || r->n_calls >= MOST_CALLS)
        return NULL;
    call = call_new(r, timeout_us);
    redisAsyncCommandArgv(r->context, on_answer, call, (int)c->n, c->words, c->lengths);
    redis_watch(r, call->sent_mono_us + call->timeout_us);
    return call;
}

/* What Redis says when it has done nothing and will do it later, or elsewhere. */
static struct err judge(const struct redis_value *v)
{
    static const char *const refusals[] = {"LOADING ", "READONLY ", "MASTERDOWN "};

    if (v->type != REDIS_ERROR)
        return OK;
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++)
        if (strncmp(v->text, refusals[i], strlen(refusals[i])) == 0)
            return ERR(ERR_UNAVAILABLE, "redis: not ready to serve");
    return OK;
}

static struct err finish(struct redis_call *call, const struct redis_value **out)
{
    struct err e = call->result;

    *out = call->reply;
    if (!e.kind)
        e = judge(call->reply);
    free(call);
    return e;
}

struct err redis_call(struct redis *r, const struct redis_args *c, int64_t timeout_us,
                      const struct redis_value **out)
{
    struct redis_call *call;
    int64_t deadline_mono_us;

    *out = NULL;
    if (task_deadline() <= clock_mono_us())
        return ERR(ERR_UNAVAILABLE, "redis: no time left");
    call = issue(r, c, timeout_us);
    if (!call)
        return ERR(ERR_UNAVAILABLE, "redis: not connected");
    call->task = task_self();
    call->arena = c->arena;
    deadline_mono_us = call->sent_mono_us + call->timeout_us;
    while (!call->is_finished) {
        struct err e = task_wait(deadline_mono_us);

        if (e.kind && !call->is_finished) {
            call->task = NULL; /* on_answer() frees it */
            return ERR(ERR_TIMEOUT, "redis: no answer in time");
        }
    }
    return finish(call, out);
}

void redis_send(struct redis *r, const struct redis_args *c)
{
    (void)issue(r, c, 0);
}

/* Answers come in order: when the first call has waited too long since bytes last came, none will.
 */
void redis_calls_check(struct redis *r)
{
    const struct redis_call *first = r->first;
    int64_t due_mono_us;

    if (!first)
        return;
    due_mono_us = first->sent_mono_us > r->heard_mono_us ? first->sent_mono_us : r->heard_mono_us;
    due_mono_us += first->timeout_us;
    if (clock_mono_us() >= due_mono_us)
        redis_drop(r, "no answer");
    else
        redis_watch(r, due_mono_us);
}
