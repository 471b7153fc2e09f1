/* fuzz_value.c - short texts from outside: ids, times, traces, base64url. What is read and written
 * again is read to the same. Every text is tried as each of them. */
#include "fuzz.h"

#include "app/trace.h"
#include "base/clock.h"

static void try_id(struct arena *a, const char *text)
{
    struct id id, again;

    if (id_parse(text, &id).kind)
        return;
    assert(strlen(text) == ID_TEXT_SIZE - 1);
    assert(!id_parse(id_text(a, &id), &again).kind && id_equal(&id, &again));
}

static void try_entry_id(struct arena *a, const char *text)
{
    char *written = arena_alloc(a, ENTRY_ID_TEXT_SIZE);
    struct entry_id id, again;

    if (entry_id_parse(text, &id).kind)
        return;
    entry_id_format(id, written);
    assert(!entry_id_parse(written, &again).kind && entry_id_compare(id, again) == 0);
}

static void try_time(struct arena *a, const char *text)
{
    char *written = arena_alloc(a, TIME_TEXT_SIZE);
    int64_t us, again;

    if (time_parse(text, &us).kind)
        return;
    time_format(us, written);
    assert(!time_parse(written, &again).kind && us == again);
}

static void try_trace(struct arena *a, const char *text)
{
    static const struct id fresh = {{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}};
    struct trace t = trace_continue(text, &fresh);
    struct trace again = trace_continue(t.traceparent, &fresh);

    (void)a;
    assert(strlen(t.traceparent) == TRACEPARENT_SIZE - 1 && strlen(t.trace_id) == 32);
    assert(strspn(t.traceparent, "0123456789abcdef-") == TRACEPARENT_SIZE - 1);
    assert(memcmp(&t, &again, sizeof t) == 0);
}

static void try_base64url(struct arena *a, const char *text)
{
    size_t n = strlen(text);
    struct bytes bytes;

    if (!base64url_decode(a, text, n, &bytes))
        return;
    assert(bytes.n == n * 3 / 4 && n % 4 != 1);
    assert(strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") == n);
}

void fuzz_try(struct arena *a, struct input in)
{
    static void (*const tries[])(struct arena *, const char *) = {
        try_id, try_entry_id, try_time, try_trace, try_base64url,
    };
    const char *text = input_line(a, &in);

    for (size_t i = 0; i < sizeof tries / sizeof *tries; i++)
        tries[i](a, text);
}
