/* json.c - jansson within bounds. The bounds are checked before it runs: it recurses, and a task's
 * stack is small. */
#include "wrap/json.h"

#include "base/buf.h"
#include "base/clock.h"

#include <string.h>

#define JSON_MAX_BYTES ((size_t)1024 * 1024) /* the largest thing read is an answer of 256 KiB */

/* True when brackets outside strings never nest deeper than JSON_MAX_NESTING. Text that is no JSON
 * may pass: the parser stops at its first mistake, and up to there both agree on what a string is.
 */
static bool nesting_is_fine(const char *text, size_t n_bytes)
{
    int depth = 0;
    bool in_string = false;

    for (size_t i = 0; i < n_bytes; i++) {
        char c = text[i];

        if (in_string && c == '\\')
            i++;
        else if (c == '"')
            in_string = !in_string;
        else if (!in_string && (c == '{' || c == '[') && ++depth > JSON_MAX_NESTING)
            return false;
        else if (!in_string && (c == '}' || c == ']'))
            depth--;
    }
    return true;
}

static struct err json_failure(const json_error_t *why)
{
    switch (json_error_code(why)) {
    case json_error_duplicate_key:
        return ERR(ERR_INVALID, "JSON names a member twice");
    case json_error_numeric_overflow:
        return ERR(ERR_INVALID, "JSON holds a number beyond 64 bits");
    case json_error_invalid_utf8:
        return ERR(ERR_INVALID, "JSON is not UTF-8");
    case json_error_null_character:
    case json_error_null_byte_in_key:
        return ERR(ERR_INVALID, "JSON holds a NUL");
    case json_error_premature_end_of_input:
        return ERR(ERR_INVALID, "JSON ends too early");
    case json_error_unknown:
    case json_error_out_of_memory:
    case json_error_stack_overflow:
    case json_error_cannot_open_file:
    case json_error_invalid_argument:
    case json_error_end_of_input_expected:
    case json_error_invalid_syntax:
    case json_error_invalid_format:
    case json_error_wrong_type:
    case json_error_null_value:
    case json_error_item_not_found:
    case json_error_index_out_of_range:
    default:
        return ERR(ERR_INVALID, "malformed JSON");
    }
}

struct err json_read(struct arena *a, const char *text, size_t n_bytes, json_t **out)
{
    json_error_t why;
    json_t *root;

    *out = NULL;
    if (n_bytes > JSON_MAX_BYTES)
        return ERR(ERR_INVALID, "JSON is too large");
    if (!nesting_is_fine(text, n_bytes))
        return ERR(ERR_INVALID, "JSON is nested too deeply");
    root = json_loadb(text, n_bytes, JSON_REJECT_DUPLICATES, &why);
    if (!root)
        return json_failure(&why);
    *out = json_keep(a, root);
    return OK;
}

static int add_to_buf(const char *bytes, size_t n_bytes, void *buf)
{
    buf_add(buf, bytes, n_bytes);
    return 0;
}

const char *json_text(struct arena *a, json_t *steal)
{
    struct buf text;

    buf_init(&text, a);
    if (!steal || json_dump_callback(steal, add_to_buf, &text, JSON_COMPACT | JSON_ENCODE_ANY) != 0)
        abort();
    json_decref(steal);
    return text.data;
}

static void release(void *value)
{
    json_decref(value);
}

json_t *json_keep(struct arena *a, json_t *steal)
{
    if (!steal)
        abort();
    arena_defer(a, release, steal);
    return steal;
}

json_t *json_of_text(const char *text)
{
    return text ? json_string(text) : json_null();
}

json_t *json_of_time(int64_t us)
{
    char text[TIME_TEXT_SIZE];

    if (us == 0)
        return json_null();
    time_format(us, text);
    return json_string(text);
}

json_t *json_of_id(const struct id *id)
{
    char text[ID_TEXT_SIZE];

    id_format(id, text);
    return json_string(text);
}
