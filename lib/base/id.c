/* id.c - UUIDv7, RFC 9562 section 5.7: 48 bits of milliseconds, version, 12 bits of counter,
 * variant, 62 random bits. The counter is method 1 of section 6.2: it starts random, in its lower
 * half, in each millisecond; when it runs out the time is taken one ahead.
 *
 * State of the process, for its one loop thread: two ids never come out of order, nor the same
 * bytes of the random supply twice. A fork must be followed by an exec. */
#include "base/id.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/clock.h"

#define COUNTER_LAST 0x0fff
#define COUNTER_FIRST_MASK 0x07ff

static struct {
    uint8_t bytes[512]; /* many ids for one system call */
    size_t used;
    uint64_t last_ms;
    unsigned counter;
} supply = {.used = sizeof supply.bytes};

static void refill(void)
{
    size_t n = 0;

    while (n < sizeof supply.bytes) {
        ssize_t got = getrandom(supply.bytes + n, sizeof supply.bytes - n, 0);

        if (got < 0 && errno != EINTR)
            abort();
        n += got > 0 ? (size_t)got : 0;
    }
    supply.used = 0;
}

static void take_random(uint8_t *out, size_t n_bytes)
{
    if (supply.used + n_bytes > sizeof supply.bytes)
        refill();
    memcpy(out, supply.bytes + supply.used, n_bytes);
    memset(supply.bytes + supply.used, 0, n_bytes);
    supply.used += n_bytes;
}

/* Also when the clock is set back: then the last millisecond lasts until the clock has caught up.
 */
static void advance(uint64_t now_ms)
{
    uint8_t start[2];

    if (now_ms <= supply.last_ms && supply.counter < COUNTER_LAST) {
        supply.counter++;
        return;
    }
    supply.last_ms = now_ms > supply.last_ms ? now_ms : supply.last_ms + 1;
    take_random(start, sizeof start);
    supply.counter = ((unsigned)start[0] << 8 | start[1]) & COUNTER_FIRST_MASK;
}

struct id id_new(void)
{
    struct id id;

    advance((uint64_t)(clock_now_us() / US_PER_MS));
    for (int i = 0; i < 6; i++)
        id.bytes[i] = (uint8_t)(supply.last_ms >> (40 - 8 * i));
    id.bytes[6] = (uint8_t)(0x70 | supply.counter >> 8);
    id.bytes[7] = (uint8_t)supply.counter;
    take_random(id.bytes + 8, 8);
    id.bytes[8] = (uint8_t)(0x80 | (id.bytes[8] & 0x3f));
    return id;
}

struct id id_nil(void)
{
    return (struct id){{0}};
}

bool id_is_nil(const struct id *id)
{
    struct id nil = id_nil();

    return id_equal(id, &nil);
}

bool id_equal(const struct id *a, const struct id *b)
{
    return id_compare(a, b) == 0;
}

int id_compare(const struct id *a, const struct id *b)
{
    return memcmp(a->bytes, b->bytes, sizeof a->bytes);
}

static bool hyphen_before(size_t byte)
{
    return byte == 4 || byte == 6 || byte == 8 || byte == 10;
}

void id_format(const struct id *id, char out[ID_TEXT_SIZE])
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < sizeof id->bytes; i++) {
        if (hyphen_before(i))
            *out++ = '-';
        *out++ = digits[id->bytes[i] >> 4];
        *out++ = digits[id->bytes[i] & 0xf];
    }
    *out = '\0';
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

struct err id_parse(const char *text, struct id *out)
{
    static const struct err bad = {ERR_INVALID, "not a UUID"};

    if (!text || strnlen(text, ID_TEXT_SIZE) != ID_TEXT_SIZE - 1)
        return bad;
    for (size_t i = 0; i < sizeof out->bytes; i++) {
        int high, low;

        if (hyphen_before(i) && *text++ != '-')
            return bad;
        high = hex_value(*text++);
        low = hex_value(*text++);
        if (high < 0 || low < 0)
            return bad;
        out->bytes[i] = (uint8_t)(high << 4 | low);
    }
    return OK;
}

const char *id_text(struct arena *a, const struct id *id)
{
    char *text = arena_alloc(a, ID_TEXT_SIZE);

    id_format(id, text);
    return text;
}
