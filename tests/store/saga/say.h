/* say.h - events told in the toy's name, for the tests of lib/saga. */
#ifndef PASAR_TESTS_SAY_H
#define PASAR_TESTS_SAY_H

#include "toy.h"

static inline void sql_do(struct toy *t, const struct sql *s)
{
    assert_int_equal(pg_exec(t->pg, s, NULL, t->arena, NULL).kind, ERR_NONE);
}

static inline void tell_as(struct pg *tx, struct arena *a, const char *type, const char *subject,
                           const char *word)
{
    struct outbox *o = outbox_new(a, "/toy", 1);

    outbox_tell(o, (struct fact){.stream = STREAM,
                                 .type = type,
                                 .subject = subject,
                                 .data = arena_printf(a, "{\"word\":\"%s\"}", word)});
    outbox_save(o, tx);
}

static inline void tell(struct pg *tx, struct arena *a, const char *subject, const char *word)
{
    tell_as(tx, a, "Said", subject, word);
}

static inline void say_as(struct toy *t, const char *type, const char *subject, const char *word)
{
    struct arena *a = arena_new();
    struct pg *tx;

    assert_int_equal(pg_begin(t->pg, a, &tx).kind, ERR_NONE);
    tell_as(tx, a, type, subject, word);
    assert_int_equal(pg_commit(tx).kind, ERR_NONE);
    arena_free(a);
    relay_wake(t->relay);
}

static inline void say(struct toy *t, const char *subject, const char *word)
{
    say_as(t, "Said", subject, word);
}

static inline void say_many(struct toy *t, const char *subject, int from, int to)
{
    for (int i = from; i < to; i++)
        say(t, subject, arena_printf(t->arena, "w%03d", i));
}

static inline const char *many(struct toy *t, int from, int to)
{
    const char *all = "";

    for (int i = from; i < to; i++)
        all = arena_printf(t->arena, "%s%sw%03d", all, i > from ? " " : "", i);
    return all;
}

/* "prev" of the stream's first entry. */
static inline const char *first_prev(struct toy *t)
{
    const struct redis_value *v = redis_do(t, "XRANGE", STREAM, "-", "+", "COUNT", "1");

    for (size_t i = 0; v->n == 1 && i + 1 < v->elements[0].elements[1].n; i += 2) {
        if (strcmp(v->elements[0].elements[1].elements[i].text, "prev") == 0)
            return v->elements[0].elements[1].elements[i + 1].text;
    }
    return "";
}

#endif
