/* redis_args.c - builds commands, and runs scripts by their SHA-1. */
#include <inttypes.h>
#include <string.h>

#include "wrap/redis.h"

#define FIRST_WORDS 16

struct redis_args *redis_args(struct arena *a, const char *command)
{
    struct redis_args *c = ARENA_NEW(a, struct redis_args);

    c->arena = a;
    redis_add(c, command);
    return c;
}

static void grow(struct redis_args *c)
{
    size_t capacity = c->capacity ? 2 * c->capacity : FIRST_WORDS;
    const char **words = ARENA_ARRAY(c->arena, const char *, capacity);
    size_t *lengths = ARENA_ARRAY(c->arena, size_t, capacity);

    if (c->n) {
        memcpy(words, c->words, c->n * sizeof *words);
        memcpy(lengths, c->lengths, c->n * sizeof *lengths);
    }
    c->words = words;
    c->lengths = lengths;
    c->capacity = capacity;
}

void redis_add_bytes(struct redis_args *c, const void *p, size_t n_bytes)
{
    if (c->n == c->capacity)
        grow(c);
    c->words[c->n] = p;
    c->lengths[c->n] = n_bytes;
    c->n++;
}

void redis_add(struct redis_args *c, const char *word)
{
    redis_add_bytes(c, word, strlen(word));
}

void redis_add_i64(struct redis_args *c, int64_t value)
{
    redis_add(c, arena_printf(c->arena, "%" PRId64, value));
}

/* ---- scripts ---- */

struct redis_args *redis_script_args(struct arena *a, struct redis_script *s)
{
    struct redis_args *c = redis_args(a, "EVALSHA");

    redis_add(c, s->sha1); /* both words are set again when it runs */
    return c;
}

/* Redis knows the sum best: asked once in the life of the process. */
static struct err learn_sha1(struct redis *r, struct redis_script *s, struct arena *a,
                             const struct redis_value **out)
{
    struct redis_args *c = redis_args(a, "SCRIPT");
    struct err e;

    redis_add(c, "LOAD");
    redis_add(c, s->text);
    e = redis_call(r, c, 0, out);
    if (!e.kind && (*out)->type == REDIS_TEXT && (*out)->n == sizeof s->sha1 - 1)
        memcpy(s->sha1, (*out)->text, sizeof s->sha1);
    return e;
}

static struct err run_as(struct redis *r, const struct redis_args *c, const char *command,
                         const char *word, const struct redis_value **out)
{
    c->words[0] = command;
    c->lengths[0] = strlen(command);
    c->words[1] = word;
    c->lengths[1] = strlen(word);
    return redis_call(r, c, 0, out);
}

/* EVAL teaches Redis the script again, so only the first call after a restart carries the text. */
struct err redis_run(struct redis *r, struct redis_script *s, const struct redis_args *c,
                     const struct redis_value **out)
{
    struct err e = OK;

    if (!s->sha1[0])
        e = learn_sha1(r, s, c->arena, out);
    if (e.kind || !s->sha1[0])
        return e; /* not learnt: the answer says what is wrong with the script */
    e = run_as(r, c, "EVALSHA", s->sha1, out);
    if (e.kind || (*out)->type != REDIS_ERROR || strncmp((*out)->text, "NOSCRIPT", 8) != 0)
        return e;
    return run_as(r, c, "EVAL", s->text, out);
}
