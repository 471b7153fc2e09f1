/* sim.c - the simulator's memory: three hash tables, a clock that can be set, ids that can be
 * seeded. */
#include "workers/midtrans_sim/sim.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/log.h"
#include "wrap/crypt.h"

#include <sys/random.h>

#define KEY_PREFIX "SB-Mid-server-"

/* One table of chains; the chain's link and the key are found by offset, so that one piece of code
 * serves all three. */
struct buckets {
    size_t n, n_items; /* n: a power of two */
    size_t link, key;  /* offsets in the item */
    void **heads;
};

static uint64_t hash_text(const char *s)
{
    uint64_t h = UINT64_C(14695981039346656037); /* FNV-1a */
    for (; *s; s++)
        h = (h ^ (unsigned char)*s) * UINT64_C(1099511628211);
    return h ^ (h >> 29);
}

static void *must(void *p)
{
    if (!p)
        abort(); /* out of memory */
    return p;
}

static struct buckets *buckets_new(size_t link, size_t key)
{
    struct buckets *b = must(calloc(1, sizeof *b));
    *b = (struct buckets){.n = 1024, .link = link, .key = key};
    b->heads = must(calloc(b->n, sizeof *b->heads));
    return b;
}

static void buckets_free(struct buckets *b)
{
    if (!b)
        return;
    free(b->heads);
    free(b);
}

static void **link_of(const struct buckets *b, void *item)
{
    return (void **)(void *)((char *)item + b->link);
}

static const char *key_of(const struct buckets *b, const void *item)
{
    return (const char *)item + b->key;
}

static void **slot_of(const struct buckets *b, const char *key)
{
    return &b->heads[hash_text(key) & (b->n - 1)];
}

static void *buckets_find(const struct buckets *b, const char *key)
{
    void *item = *slot_of(b, key);
    while (item && strcmp(key_of(b, item), key) != 0)
        item = *link_of(b, item);
    return item;
}

static void buckets_grow(struct buckets *b)
{
    struct buckets wider = *b;

    wider.n = b->n * 2;
    wider.heads = must(calloc(wider.n, sizeof *wider.heads));
    for (size_t i = 0; i < b->n; i++) {
        for (void *item = b->heads[i], *next; item; item = next) {
            void **slot = slot_of(&wider, key_of(b, item));
            next = *link_of(b, item);
            *link_of(b, item) = *slot;
            *slot = item;
        }
    }
    free(b->heads);
    *b = wider;
}

static void buckets_add(struct buckets *b, void *item)
{
    void **slot;

    if (b->n_items++ >= b->n)
        buckets_grow(b);
    slot = slot_of(b, key_of(b, item));
    *link_of(b, item) = *slot;
    *slot = item;
}

static void buckets_remove(struct buckets *b, void *item)
{
    void **at = slot_of(b, key_of(b, item));
    while (*at && *at != item)
        at = link_of(b, *at);
    if (!*at)
        return;
    *at = *link_of(b, item);
    b->n_items--;
}

/* ---- the simulator ---- */

static struct err check_key(const char *key)
{
    if (strncmp(key, KEY_PREFIX, strlen(KEY_PREFIX)) == 0)
        return OK;
    log_error("sim.key_refused", kv_text("why", "the server key must begin with " KEY_PREFIX));
    return ERR(ERR_INVALID, "no sandbox key");
}

static void seed_ids(struct sim *s)
{
    if (s->cfg->seed) {
        s->seed[0] = (uint64_t)s->cfg->seed;
        s->seed[1] = UINT64_C(0x9e3779b97f4a7c15);
    } else if (getrandom(s->seed, sizeof s->seed, 0) != sizeof s->seed) {
        abort();
    }
}

struct err sim_init(struct sim *s, const struct sim_config *cfg)
{
    struct arena *a;
    char *pair;
    struct err e = check_key(cfg->server_key);

    if (e.kind)
        return e;
    *s = (struct sim){.cfg = cfg, .true_http = strcmp(cfg->style, "http") == 0};
    s->by_id = buckets_new(offsetof(struct order, in_id_bucket), offsetof(struct order, id));
    s->by_token =
        buckets_new(offsetof(struct order, in_token_bucket), offsetof(struct order, token));
    s->by_txn = buckets_new(offsetof(struct txn, in_bucket), offsetof(struct txn, id));
    seed_ids(s);
    a = arena_new();
    pair = arena_printf(a, "%s:", cfg->server_key);
    (void)snprintf(s->authorization, sizeof s->authorization, "Basic %s",
                   base64_encode(a, pair, strlen(pair)));
    arena_free(a);
    return OK;
}

int64_t sim_now_us(const struct sim *s)
{
    return clock_now_us() + s->clock_ahead_us;
}

uint64_t sim_random(struct sim *s)
{
    uint64_t a = s->seed[0], b = s->seed[1]; /* xorshift128+ */
    s->seed[0] = b;
    a ^= a << 23;
    s->seed[1] = a ^ b ^ (a >> 17) ^ (b >> 26);
    return s->seed[1] + b;
}

void sim_new_uuid(struct sim *s, char out[UUID_SIZE])
{
    uint64_t a = sim_random(s), b = sim_random(s);
    (void)snprintf(out, UUID_SIZE, "%08x-%04x-4%03x-%04x-%012llx", (unsigned)(a >> 32),
                   (unsigned)(a >> 16) & 0xffff, (unsigned)a & 0xfff,
                   ((unsigned)(b >> 48) & 0x3fff) | 0x8000,
                   (unsigned long long)(b & UINT64_C(0xffffffffffff)));
}

struct order *sim_order(struct sim *s, const char *id)
{
    return buckets_find(s->by_id, id);
}

struct order *sim_by_token(struct sim *s, const char *token)
{
    return buckets_find(s->by_token, token);
}

struct txn *sim_txn(struct sim *s, const char *id)
{
    struct order *o = sim_order(s, id);
    return o ? o->latest : buckets_find(s->by_txn, id);
}

void sim_set_text(char **field, const char *value)
{
    free(*field);
    *field = value && *value ? must(strdup(value)) : NULL;
}

struct order *sim_add_order(struct sim *s, const char *id, const char *token)
{
    struct order *o = must(calloc(1, sizeof *o));

    (void)snprintf(o->id, sizeof o->id, "%s", id);
    (void)snprintf(o->token, sizeof o->token, "%s", token);
    buckets_add(s->by_id, o);
    buckets_add(s->by_token, o);
    if (s->youngest)
        s->youngest->younger = o;
    else
        s->oldest = o;
    s->youngest = o;
    s->n_orders++;
    return o;
}

void sim_renew_token(struct sim *s, struct order *o, const char *token)
{
    buckets_remove(s->by_token, o);
    (void)snprintf(o->token, sizeof o->token, "%s", token);
    buckets_add(s->by_token, o);
}

struct txn *sim_add_txn(struct sim *s, struct order *o, const char *id)
{
    struct txn *t = must(calloc(1, sizeof *t));

    (void)snprintf(t->id, sizeof t->id, "%s", id);
    t->order = o;
    t->older = o->latest;
    o->latest = t;
    buckets_add(s->by_txn, t);
    return t;
}

static void order_free(struct sim *s, struct order *o)
{
    for (struct txn *t = o->latest, *older; t; t = older) {
        older = t->older;
        for (struct refund *r = t->refunds, *next; r; r = next) {
            next = r->next;
            free(r);
        }
        buckets_remove(s->by_txn, t);
        free(t);
    }
    buckets_remove(s->by_id, o);
    buckets_remove(s->by_token, o);
    free(o->notify_urls);
    free(o->finish_url);
    for (size_t i = 0; i < 3; i++)
        free(o->custom[i]);
    free(o);
}

static void forget_oldest(struct sim *s)
{
    struct order *o = s->oldest;
    s->oldest = o->younger;
    if (!s->oldest)
        s->youngest = NULL;
    s->n_orders--;
    order_free(s, o);
}

void sim_forget_old(struct sim *s)
{
    while (s->n_orders > (size_t)s->cfg->keep)
        forget_oldest(s);
}

void sim_release(struct sim *s)
{
    while (s->oldest)
        forget_oldest(s);
    buckets_free(s->by_id);
    buckets_free(s->by_token);
    buckets_free(s->by_txn);
}
