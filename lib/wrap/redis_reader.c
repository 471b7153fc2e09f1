/* redis_reader.c - where hiredis puts an answer while it reads it.
 *
 * By itself it would allocate and free each element twice, which is most of what reading a batch of
 * entries costs. Only one answer is under way at a time, so an arena of the connection holds it. */
#include <stdlib.h>
#include <string.h>

#include "wrap/redis_private.h"

#define MOST_ELEMENTS (16 * 1024 * 1024)

#if HIREDIS_MAJOR >= 1
typedef size_t count;
#else
typedef int count;
#endif

struct node { /* hiredis frees the outermost by its reply, and nothing else */
    struct arena *arena;
    redisReply reply;
};

static redisReply *add(const redisReadTask *task)
{
    const struct redis *r = task->privdata;
    struct node *node = ARENA_NEW(r->reading, struct node);
    const redisReply *parent = task->parent ? task->parent->obj : NULL;

    node->arena = r->reading;
    node->reply.type = task->type;
    if (parent)
        parent->element[task->idx] = &node->reply;
    return &node->reply;
}

static void *add_text(const redisReadTask *task, char *text, size_t n)
{
    const struct redis *r = task->privdata;
    redisReply *reply = add(task);

    reply->str = arena_strndup(r->reading, text, n);
    reply->len = n;
    return reply;
}

static void *add_array(const redisReadTask *task, count n)
{
    const struct redis *r = task->privdata;
    redisReply *reply;

    if (n > MOST_ELEMENTS)
        return NULL; /* ends the connection */
    reply = add(task);
    reply->elements = (size_t)n;
    reply->element = ARENA_ARRAY(r->reading, redisReply *, reply->elements);
    return reply;
}

static void *add_integer(const redisReadTask *task, long long value)
{
    redisReply *reply = add(task);

    reply->integer = value;
    return reply;
}

static void *add_nil(const redisReadTask *task)
{
    redisReply *reply = add(task);

    reply->type = REDIS_REPLY_NIL; /* the task's type is what it would have been */
    return reply;
}

static void forget(void *reply)
{
    struct node *node = (struct node *)(void *)((char *)reply - offsetof(struct node, reply));

    arena_reset(node->arena);
}

void redis_read_into(struct redis *r, redisReader *reader)
{
    static redisReplyObjectFunctions functions = {.createString = add_text,
                                                  .createArray = add_array,
                                                  .createInteger = add_integer,
                                                  .createNil = add_nil,
                                                  .freeObject = forget};

    reader->fn = &functions;
    reader->privdata = r;
}
