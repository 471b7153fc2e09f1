/* fuzz.h - what the targets share. A target is one function that is given any bytes and asserts
 * what must hold of all of them; fuzz.c is the rest.
 *
 * A target is linked from archives: a function that it defines itself (redis_call, fetch_call)
 * takes the place of ours, and the world behind it is the input. */
#ifndef PASAR_TESTS_FUZZ_H
#define PASAR_TESTS_FUZZ_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/arena.h"
#include "saga/event.h"
#include "wrap/json.h"

struct input {
    const char *p;
    size_t n;
};

/* The target's own. The arena dies with the input. */
void fuzz_try(struct arena *a, struct input in);

/* The next line, without its end, as a text without NULs; "" when nothing is left. */
const char *input_line(struct arena *a, struct input *in);
/* All that is left, as a text that ends at its first NUL. */
const char *input_rest(struct arena *a, const struct input *in);
/* NULL when it is no JSON object. */
json_t *input_object(struct arena *a, const struct input *in);
/* An event told as the files of tests/contracts/ tell it; false when it is none. */
bool input_event(struct arena *a, const struct input *in, struct event *out);

/* What the API or another service would read of a text that we wrote. */
json_t *read_again(struct arena *a, const char *text);
void assert_is_text(const char *s, size_t min, size_t max); /* UTF-8 of so many bytes */
void assert_in_range(int64_t value, int64_t min, int64_t max);

#endif
