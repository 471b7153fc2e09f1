/* fuzz_hear.c - Redis' answers to whoever reads a stream: a JSON list of them, in turn. A list is a
 * list, null is nil, {"error": …} a failure, and an object with an "entry" is one that a relay of
 * ours signed. */
#include "fuzz.h"

#include "saga/entry.h"
#include "saga/hear_read.h"

#define STREAM "stream:orders"
#define MOST_ENTRIES 4

static struct {
    struct mac_key key;
    json_t *answers;
    size_t n_given;
} redis;

static struct redis_value value_of(struct arena *a, const json_t *json);

static const char *text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));

    return text ? text : "";
}

static struct redis_value text_value(const char *text)
{
    return (struct redis_value){.type = REDIS_TEXT, .text = text, .n = strlen(text)};
}

static struct redis_value list_of(struct arena *a, size_t n)
{
    return (struct redis_value){
        .type = REDIS_ARRAY, .n = n, .elements = ARENA_ARRAY(a, struct redis_value, n)};
}

static struct redis_value signed_entry(struct arena *a, const json_t *json)
{
    struct redis_value whole = list_of(a, 2), fields = list_of(a, 2 * (size_t)N_ENTRY_FIELDS);
    struct entry entry = {.entry = text_of(json, "entry")};
    char *mac = arena_alloc(a, MAC_TEXT_SIZE);

    for (int f = 0; f < N_ENTRY_FIELDS; f++)
        entry.fields[f] = text_of(json, entry_field_names[f]);
    entry_sign(&redis.key, STREAM, &entry, mac);
    for (int f = 0; f < N_ENTRY_FIELDS; f++) {
        fields.elements[2 * f] = text_value(entry_field_names[f]);
        fields.elements[2 * f + 1] = text_value(entry.fields[f]);
    }
    whole.elements[0] = text_value(entry.entry);
    whole.elements[1] = fields;
    return whole;
}

static struct redis_value array_value(struct arena *a, const json_t *json)
{
    struct redis_value v = list_of(a, json_array_size(json));

    for (size_t i = 0; i < v.n; i++)
        v.elements[i] = value_of(a, json_array_get(json, i));
    return v;
}

/* Nesting is bounded by json_read(). */
static struct redis_value value_of(struct arena *a, const json_t *json)
{
    struct redis_value v = {.type = REDIS_NIL};

    if (json_is_array(json))
        return array_value(a, json);
    if (json_is_string(json))
        return text_value(json_string_value(json));
    if (json_object_get(json, "entry"))
        return signed_entry(a, json);
    if (json_is_integer(json))
        v = (struct redis_value){.type = REDIS_INTEGER, .integer = json_integer_value(json)};
    else if (json_is_object(json))
        v = (struct redis_value){.type = REDIS_ERROR, .text = text_of(json, "error")};
    return v;
}

struct err redis_call(struct redis *r, const struct redis_args *c, int64_t timeout_us,
                      const struct redis_value **out)
{
    struct redis_value *v;

    (void)r;
    (void)timeout_us;
    if (redis.n_given >= json_array_size(redis.answers))
        return ERR(ERR_TIMEOUT, "no answer");
    v = ARENA_NEW(c->arena, struct redis_value);
    *v = value_of(c->arena, json_array_get(redis.answers, redis.n_given++));
    *out = v;
    return OK;
}

static bool wants(const char *type)
{
    return strcmp(type, "OrderPaid") == 0;
}

static void check_chain(const struct reading *read, struct entry_id position)
{
    for (size_t i = 0; i < read->n; i++) {
        const struct event *e = &read->events[i];

        assert(entry_id_compare(e->prev, position) <= 0);
        assert((e->verdict == BROKEN) == (e->reason != NULL));
        assert(e->verdict == BROKEN || wants(e->type) == json_is_object(e->data));
        position = e->entry;
    }
}

void fuzz_try(struct arena *a, struct input in)
{
    static struct redis *const connection = (struct redis *)&redis; /* never looked into */
    const struct hearer_config cfg = {.mac_key = &redis.key,
                                      .row = {.stream = STREAM, .wants = wants},
                                      .max_entries = MOST_ENTRIES};
    const struct reader reader = {&cfg, &connection, STREAM};
    const struct entry_id position = {5, 1};
    struct reading read;

    redis.key = mac_key_of("a secret of the fuzzer, 32 bytes and more", "streams");
    redis.n_given = 0;
    if (json_read(a, in.p, in.n, &redis.answers).kind)
        return;
    if (!hear_read(&reader, a, position, 0, &read).kind)
        check_chain(&read, position);
}
