/* follow.h - reads a stream as anybody may, from its end on: what is told, about what, and when it
 * was told. */
#ifndef PASAR_BENCH_FOLLOW_H
#define PASAR_BENCH_FOLLOW_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "wrap/redis.h"

struct stream_entry {
    const char *type, *subject;
    int64_t told_us; /* 0: it does not say */
};

struct follower {
    struct redis *redis;
    const char *stream;
    void (*fn)(void *arg, const struct stream_entry *e);
    void *arg;
    char at[64]; /* the last id read */
};

static inline const struct redis_value *follow_call(struct follower *f, struct redis_args *c)
{
    const struct redis_value *answer;
    struct err e = redis_call(f->redis, c, 0, &answer);

    if (e.kind || answer->type == REDIS_ERROR) {
        fprintf(stderr, "redis: %s\n", e.kind ? e.what : answer->text);
        exit(1);
    }
    return answer;
}

static inline void follow_move(struct follower *f, const struct redis_value *entry)
{
    snprintf(f->at, sizeof f->at, "%s", entry->elements[0].text);
}

static inline struct redis_args *follow_words(struct arena *a, const char *const *words)
{
    struct redis_args *c = redis_args(a, words[0]);

    while (*++words)
        redis_add(c, *words);
    return c;
}

static inline void follow_from_end(struct follower *f)
{
    struct arena *a = arena_new();
    const char *const words[] = {"XREVRANGE", f->stream, "+", "-", "COUNT", "1", NULL};
    const struct redis_value *answer = follow_call(f, follow_words(a, words));

    snprintf(f->at, sizeof f->at, "0-0");
    if (answer->n > 0)
        follow_move(f, &answer->elements[0]);
    arena_free(a);
}

static inline struct stream_entry follow_read(const struct redis_value *fields)
{
    struct stream_entry e = {"", "", 0};

    for (size_t i = 0; i + 1 < fields->n; i += 2) {
        const char *name = fields->elements[i].text, *value = fields->elements[i + 1].text;

        if (strcmp(name, "type") == 0)
            e.type = value;
        else if (strcmp(name, "subject") == 0)
            e.subject = value;
        else if (strcmp(name, "time") == 0 && time_parse(value, &e.told_us).kind)
            e.told_us = 0;
    }
    return e;
}

/* Waits 200 ms at most for entries. */
static inline void follow_once(struct follower *f)
{
    struct arena *a = arena_new();
    const char *const words[] = {"XREAD",   "COUNT",   "200", "BLOCK", "200",
                                 "STREAMS", f->stream, f->at, NULL};
    const struct redis_value *answer = follow_call(f, follow_words(a, words));

    if (answer->type == REDIS_ARRAY && answer->n > 0) {
        const struct redis_value *entries = &answer->elements[0].elements[1];

        for (size_t i = 0; i < entries->n; i++) {
            struct stream_entry e = follow_read(&entries->elements[i].elements[1]);

            f->fn(f->arg, &e);
            follow_move(f, &entries->elements[i]);
        }
    }
    arena_free(a);
}

#endif
