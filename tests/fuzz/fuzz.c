/* fuzz.c - from libFuzzer's bytes to a target, and what targets say of texts and numbers. */
#include "fuzz.h"

#include "wrap/crypt.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n_bytes);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    crypt_init();
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n_bytes)
{
    struct arena *a = arena_new();

    fuzz_try(a, (struct input){(const char *)data, n_bytes});
    arena_free(a);
    return 0;
}

const char *input_line(struct arena *a, struct input *in)
{
    const char *end = in->n ? memchr(in->p, '\n', in->n) : NULL;
    size_t n = end ? (size_t)(end - in->p) : in->n;
    const char *line = arena_strndup(a, in->p, n);

    in->p += n + (end != NULL);
    in->n -= n + (end != NULL);
    return line;
}

const char *input_rest(struct arena *a, const struct input *in)
{
    return arena_strndup(a, in->p, in->n);
}

json_t *input_object(struct arena *a, const struct input *in)
{
    json_t *root;

    if (json_read(a, in->p, in->n, &root).kind || !json_is_object(root))
        return NULL;
    return root;
}

bool input_event(struct arena *a, const struct input *in, struct event *out)
{
    json_t *told = input_object(a, in);

    *out = (struct event){
        .type = json_string_value(json_object_get(told, "type")),
        .subject = json_string_value(json_object_get(told, "subject")),
        .data = json_object_get(told, "data"),
    };
    return out->type && out->subject && json_is_object(out->data);
}

json_t *read_again(struct arena *a, const char *text)
{
    json_t *root;
    struct err e = json_read(a, text, strlen(text), &root);

    assert(!e.kind);
    return root;
}

void assert_is_text(const char *s, size_t min, size_t max)
{
    json_t *text = json_string(s); /* NULL for what is no UTF-8 */

    assert(text && strlen(s) >= min && strlen(s) <= max);
    json_decref(text);
}

void assert_in_range(int64_t value, int64_t min, int64_t max)
{
    assert(value >= min && value <= max);
}
