/* redis_subscribe.c - messages: a connection that only listens, and makes sure that it still can.
 */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "wrap/redis_private.h"

struct redis_subscription {
    char **words; /* SUBSCRIBE and the channels */
    int n_words;
    void (*fn)(void *arg, const char *channel, const char *message);
    void *arg;
};

static char *copy_text(const char *s)
{
    char *copy = strdup(s);

    if (!copy)
        abort();
    return copy;
}

void redis_subscribe(struct redis *r, const char *const *channels, size_t n,
                     void (*fn)(void *arg, const char *channel, const char *message), void *arg)
{
    struct redis_subscription *s = calloc(1, sizeof *s);

    if (!s)
        abort();
    s->words = calloc(n + 1, sizeof *s->words);
    if (!s->words)
        abort();
    s->words[s->n_words++] = copy_text("SUBSCRIBE");
    for (size_t i = 0; i < n; i++)
        s->words[s->n_words++] = copy_text(channels[i]);
    s->fn = fn;
    s->arg = arg;
    redis_subscription_free(r->subscription);
    r->subscription = s;
    if (r->link == LINK_UP)
        redis_subscription_start(r);
}

/* Also hears "subscribe", the answers to our PINGs, and a NULL when the connection ends. */
static void on_message(redisAsyncContext *context, void *answer, void *arg)
{
    const redisReply *reply = answer;
    struct redis *r = arg;
    const struct redis_subscription *s = r->subscription;

    if (!context->data || !reply || reply->type != REDIS_REPLY_ARRAY || reply->elements != 3)
        return;
    if (reply->element[2]->type == REDIS_REPLY_STRING &&
        strcmp(reply->element[0]->str, "message") == 0)
        s->fn(s->arg, reply->element[1]->str, reply->element[2]->str);
}

/* Silence is normal here, so we ask for a sign of life, twice within the timeout. */
static void watch(struct redis *r)
{
    redis_watch(r, clock_mono_us() + r->cfg.timeout_us / 2);
}

void redis_subscription_start(struct redis *r)
{
    const struct redis_subscription *s = r->subscription;
    const char **words = calloc((size_t)s->n_words, sizeof *words);

    if (!words)
        abort();
    for (int i = 0; i < s->n_words; i++)
        words[i] = s->words[i];
    redisAsyncCommandArgv(r->context, on_message, r, s->n_words, words, NULL);
    free(words);
    watch(r);
}

void redis_subscription_check(struct redis *r)
{
    if (clock_mono_us() - r->heard_mono_us >= r->cfg.timeout_us) {
        redis_drop(r, "no sign of life");
        return;
    }
    /* Past hiredis' bookkeeping: it would keep a callback for an answer that comes as a message. */
    redisAppendCommand(&r->context->c, "PING");
    r->context->ev.addWrite(r->context->ev.data);
    watch(r);
}

void redis_subscription_free(struct redis_subscription *s)
{
    if (!s)
        return;
    for (int i = 0; i < s->n_words; i++)
        free(s->words[i]);
    free(s->words);
    free(s);
}
