/* redis_value.c - copies an answer out of hiredis' hands, which free it after the callback. */
#include <string.h>

#include "wrap/redis_private.h"

static enum redis_type type_of(const redisReply *reply)
{
    switch (reply->type) {
    case REDIS_REPLY_NIL:
        return REDIS_NIL;
    case REDIS_REPLY_STATUS:
        return REDIS_STATUS;
    case REDIS_REPLY_INTEGER:
        return REDIS_INTEGER;
    case REDIS_REPLY_ARRAY:
        return REDIS_ARRAY;
    case REDIS_REPLY_ERROR:
        return REDIS_ERROR;
    default:
        return REDIS_TEXT;
    }
}

static size_t text_bytes(const redisReply *reply)
{
    return reply->str ? (size_t)reply->len + 1 : 0;
}

/* Fills *v but for its elements; its text goes to `room`. Returns what is left of it. */
static char *copy_scalar(struct redis_value *v, const redisReply *reply, char *room)
{
    v->type = type_of(reply);
    v->integer = reply->integer;
    if (!reply->str)
        return room;
    v->text = memcpy(room, reply->str, (size_t)reply->len);
    v->n = (size_t)reply->len;
    room[v->n] = '\0';
    return room + v->n + 1;
}

/* One allocation for the elements of an array and all their texts. hiredis bounds the nesting. */
static void copy_elements(struct arena *a, struct redis_value *v, const redisReply *reply)
{
    size_t n_bytes = reply->elements * sizeof *v->elements;
    size_t n_text_bytes = 0;
    char *room;

    if (v->type != REDIS_ARRAY)
        return;
    for (size_t i = 0; i < reply->elements; i++)
        n_text_bytes += text_bytes(reply->element[i]);
    v->n = reply->elements;
    v->elements = arena_alloc(a, n_bytes + n_text_bytes);
    room = (char *)v->elements + n_bytes;
    for (size_t i = 0; i < v->n; i++)
        room = copy_scalar(&v->elements[i], reply->element[i], room);
    for (size_t i = 0; i < v->n; i++)
        copy_elements(a, &v->elements[i], reply->element[i]);
}

struct redis_value *redis_value_copy(struct arena *a, const redisReply *reply)
{
    struct redis_value *v = arena_alloc(a, sizeof *v + text_bytes(reply));

    copy_scalar(v, reply, (char *)(v + 1));
    copy_elements(a, v, reply);
    return v;
}
