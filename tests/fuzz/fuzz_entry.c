/* fuzz_entry.c - an entry of a stream: a line for its id, one for each field, the data last.
 *
 * It is tried as it came, then with a mac of ours, so that what lies behind the mac is reached, and
 * then with one byte changed, which the mac must tell. */
#include "fuzz.h"

#include "saga/entry.h"

#define STREAM "stream:orders"

struct sample {
    struct mac_key key;
    struct entry entry;
    char mac[MAC_TEXT_SIZE];
    struct redis_value fields[2 * N_ENTRY_FIELDS];
};

static struct redis_value text_value(const char *text)
{
    return (struct redis_value){.type = REDIS_TEXT, .text = text, .n = strlen(text)};
}

static struct err read_head(struct sample *s, struct event *out)
{
    struct redis_value parts[2] = {
        text_value(s->entry.entry),
        {.type = REDIS_ARRAY, .n = 2 * (size_t)N_ENTRY_FIELDS, .elements = s->fields}};
    struct redis_value whole = {.type = REDIS_ARRAY, .n = 2, .elements = parts};

    for (int f = 0; f < N_ENTRY_FIELDS; f++) {
        s->fields[2 * f] = text_value(entry_field_names[f]);
        s->fields[2 * f + 1] = text_value(s->entry.fields[f]);
    }
    return event_head_from_entry(&s->key, STREAM, &whole, out);
}

static void sample_read(struct sample *s, struct arena *a, struct input *in)
{
    s->key = mac_key_of("a secret of the fuzzer, 32 bytes and more", "streams");
    s->entry.entry = input_line(a, in);
    for (int f = 0; f < N_ENTRY_FIELDS; f++)
        if (f != FIELD_DATA)
            s->entry.fields[f] = input_line(a, in);
    s->entry.fields[FIELD_DATA] = input_rest(a, in);
}

static void check_understood(struct arena *a, const struct sample *s, struct event *e)
{
    char entry[ENTRY_ID_TEXT_SIZE];
    struct entry_id again;

    entry_id_format(e->entry, entry);
    assert(!entry_id_parse(entry, &again).kind && entry_id_compare(again, e->entry) == 0);
    assert(strcmp(e->type, s->entry.fields[FIELD_TYPE]) == 0);
    assert(!e->traceparent || *e->traceparent);
    if (!event_read_data(a, e).kind)
        assert(json_is_object(e->data) && e->verdict == ABSORBED);
    else
        assert(!e->data && e->verdict == BROKEN && e->reason);
}

static void try_changed(struct arena *a, struct sample *s, const char **text)
{
    char *changed = arena_strdup(a, *text);
    const char *before = *text;
    struct event e;

    if (!*changed)
        return;
    *changed = *changed == 'x' ? 'y' : 'x';
    *text = changed;
    assert(read_head(s, &e).kind == ERR_DENIED);
    *text = before;
}

void fuzz_try(struct arena *a, struct input in)
{
    struct sample *s = ARENA_NEW(a, struct sample);
    struct event e;
    struct err err;

    sample_read(s, a, &in);
    assert(read_head(s, &e).kind == ERR_DENIED);
    entry_sign(&s->key, STREAM, &s->entry, s->mac);
    err = read_head(s, &e);
    assert(err.kind != ERR_DENIED);
    assert((err.kind == ERR_INVALID) == (e.verdict == BROKEN));
    if (!err.kind)
        check_understood(a, s, &e);
    try_changed(a, s, &s->entry.entry);
    for (int f = 0; f < N_ENTRY_FIELDS; f++)
        try_changed(a, s, &s->entry.fields[f]);
}
