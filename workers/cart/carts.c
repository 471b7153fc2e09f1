/* carts.c - the scripts of carts, and their answers. */
#include "workers/cart/carts.h"

#include <string.h>

#include "base/clock.h"
#include "base/log.h"

#define BOUGHT_MAX                                                                                 \
    128 /* orders remembered a cart: more than one batch, and Redis keeps so few compactly */

/* An edit answers {what came of it, the cart's fields and values}. ARGV: product, quantity,
 * available, the limits of a line and of lines, seconds to live. */
#define LUA_HEAD                                                                                   \
    "local key, product, quantity, available = KEYS[1], ARGV[1], tonumber(ARGV[2]), "              \
    "tonumber(ARGV[3])\n"                                                                          \
    "local function done(word)\n"                                                                  \
    "  redis.call('EXPIRE', key, ARGV[6])\n"                                                       \
    "  return {word, redis.call('HGETALL', key)}\n"                                                \
    "end\n"                                                                                        \
    "local function put(n, sequence)\n"                                                            \
    "  if n > tonumber(ARGV[4]) then return done('many') end\n"                                    \
    "  if n > available then return done('short') end\n"                                           \
    "  redis.call('HSET', key, product, string.format('%d:%d', n, sequence))\n"                    \
    "  return done('ok')\n"                                                                        \
    "end\n"                                                                                        \
    "local line = redis.call('HGET', key, product)\n"                                              \
    "local has, sequence = string.match(line or '', '^(%d+):(%d+)$')\n"

static struct redis_script add_script = {
    .text = LUA_HEAD "if has then return put(has + quantity, sequence) end\n"
                     "local last = 0\n"
                     "local values = redis.call('HVALS', key)\n"
                     "if #values >= tonumber(ARGV[5]) then return done('full') end\n"
                     "for _, value in ipairs(values) do\n"
                     "  last = math.max(last, tonumber(string.match(value, ':(%d+)$') or 0))\n"
                     "end\n"
                     "return put(quantity, last + 1)\n",
};

static struct redis_script set_script = {
    .text = LUA_HEAD "if not has then return done('none') end\n"
                     "return put(quantity, sequence)\n",
};

static struct redis_script read_script = {
    .text = "redis.call('EXPIRE', KEYS[1], ARGV[1])\n"
            "return {'ok', redis.call('HGETALL', KEYS[1])}\n",
};

static struct redis_script remove_script = {
    .text = "redis.call('HDEL', KEYS[1], ARGV[1])\n"
            "return redis.call('EXPIRE', KEYS[1], ARGV[2])\n",
};

/* KEYS: a cart and its memory for each order. ARGV: seconds to live, orders to remember; then for
 * each order its id, how many lines, and the product and quantity of each. Those that came last are
 * remembered, whatever time they were told at: these are the ones that may come again. */
static struct redis_script bought_script = {
    .text = "local at = 3\n"
            "for k = 1, #KEYS, 2 do\n"
            "  local cart, bought, n = KEYS[k], KEYS[k + 1], tonumber(ARGV[at + 1])\n"
            "  local last = redis.call('ZREVRANGE', bought, 0, 0, 'WITHSCORES')[2] or 0\n"
            "  if redis.call('ZADD', bought, 'NX', last + 1, ARGV[at]) == 1 then\n"
            "    redis.call('ZREMRANGEBYRANK', bought, 0, -1 - ARGV[2])\n"
            "    redis.call('EXPIRE', bought, ARGV[1])\n"
            "    for i = at + 2, at + 2 * n, 2 do\n"
            "      local line = redis.call('HGET', cart, ARGV[i])\n"
            "      local has, sequence = string.match(line or '', '^(%d+):(%d+)$')\n"
            "      local left = (has or 0) - ARGV[i + 1]\n"
            "      if left > 0 then\n"
            "        redis.call('HSET', cart, ARGV[i], string.format('%d:%d', left, sequence))\n"
            "      elseif line then\n"
            "        redis.call('HDEL', cart, ARGV[i])\n"
            "      end\n"
            "    end\n"
            "  end\n"
            "  at = at + 2 + 2 * n\n"
            "end\n"
            "return 'ok'\n",
};

static const char *cart_key(struct arena *a, int64_t user_id)
{
    return arena_printf(a, "cart:%lld", (long long)user_id);
}

/* ---- answers ---- */

/* What Redis says while it cannot serve: it passes, and nothing has happened. */
static const char *const passing[] = {"LOADING ", "OOM ",        "READONLY ",    "MISCONF ",
                                      "BUSY ",    "MASTERDOWN ", "CLUSTERDOWN ", "NOREPLICAS "};

static struct err refused(const struct redis_value *answer)
{
    log_warn("cart.redis_refused", kv_text("message", answer->text));
    for (size_t i = 0; i < sizeof passing / sizeof *passing; i++)
        if (strncmp(answer->text, passing[i], strlen(passing[i])) == 0)
            return ERR(ERR_UNAVAILABLE, "carts cannot be served now");
    return ERR(ERR_BUG, "redis refused a cart command");
}

static struct err run(struct redis *r, struct redis_script *s, const struct redis_args *c,
                      const struct redis_value **answer)
{
    struct err e = redis_run(r, s, c, answer);

    if (!e.kind && (*answer)->type == REDIS_ERROR)
        return refused(*answer);
    return e;
}

static struct err take_word(const char *word)
{
    if (strcmp(word, "ok") == 0)
        return OK;
    if (strcmp(word, "none") == 0)
        return ERR(ERR_NOT_FOUND, "the cart has no such line");
    if (strcmp(word, "short") == 0)
        return ERR(ERR_CONFLICT, "there is not enough in stock");
    if (strcmp(word, "many") == 0)
        return ERR(ERR_CONFLICT, "a line may have at most 999");
    if (strcmp(word, "full") == 0)
        return ERR(ERR_CONFLICT, "a cart may have at most 100 lines");
    return ERR(ERR_BUG, "a cart script gave an unknown answer");
}

/* {word, [field, value, …]} */
static struct err take_cart(struct arena *a, const struct redis_value *answer, int64_t user_id,
                            struct cart *out)
{
    const struct redis_value *all = &answer->elements[1];

    *out = (struct cart){user_id, ARENA_ARRAY(a, struct cart_line, all->n / 2), 0};
    for (size_t i = 0; i + 1 < all->n; i += 2)
        if (cart_line_parse(all->elements[i].text, all->elements[i + 1].text, &out->lines[out->n]))
            out->n++;
    cart_sort(out);
    return take_word(answer->elements[0].text);
}

/* ---- commands ---- */

static struct redis_args *begin(struct arena *a, struct redis_script *s, int64_t n_keys)
{
    struct redis_args *c = redis_script_args(a, s);

    redis_add_i64(c, n_keys);
    return c;
}

static struct err edit(struct redis *r, struct arena *a, struct redis_script *s,
                       const struct cart_edit *edit, struct cart *out)
{
    struct redis_args *c = begin(a, s, 1);
    const struct redis_value *answer;
    struct err e;

    redis_add(c, cart_key(a, edit->user_id));
    redis_add_i64(c, edit->product_id);
    redis_add_i64(c, edit->quantity);
    redis_add_i64(c, edit->available);
    redis_add_i64(c, CART_QUANTITY_MAX);
    redis_add_i64(c, CART_LINES_MAX);
    redis_add_i64(c, CART_TTL_S);
    e = run(r, s, c, &answer);
    return e.kind ? e : take_cart(a, answer, edit->user_id, out);
}

struct err carts_add(struct redis *r, struct arena *a, const struct cart_edit *e, struct cart *out)
{
    return edit(r, a, &add_script, e, out);
}

struct err carts_set(struct redis *r, struct arena *a, const struct cart_edit *e, struct cart *out)
{
    return edit(r, a, &set_script, e, out);
}

struct err carts_read(struct redis *r, struct arena *a, int64_t user_id, struct cart *out)
{
    struct redis_args *c = begin(a, &read_script, 1);
    const struct redis_value *answer;
    struct err e;

    redis_add(c, cart_key(a, user_id));
    redis_add_i64(c, CART_TTL_S);
    e = run(r, &read_script, c, &answer);
    return e.kind ? e : take_cart(a, answer, user_id, out);
}

struct err carts_remove(struct redis *r, struct arena *a, int64_t user_id, int64_t product_id)
{
    struct redis_args *c = begin(a, &remove_script, 1);
    const struct redis_value *answer;

    redis_add(c, cart_key(a, user_id));
    redis_add_i64(c, product_id);
    redis_add_i64(c, CART_TTL_S);
    return run(r, &remove_script, c, &answer);
}

struct err carts_clear(struct redis *r, struct arena *a, int64_t user_id)
{
    struct redis_args *c = redis_args(a, "DEL");
    const struct redis_value *answer;
    struct err e;

    redis_add(c, cart_key(a, user_id));
    e = redis_call(r, c, 0, &answer);
    if (!e.kind && answer->type == REDIS_ERROR)
        return refused(answer);
    return e;
}

static void add_purchase(struct redis_args *c, const struct purchase *p)
{
    redis_add(c, p->order_id);
    redis_add_i64(c, (int64_t)p->n);
    for (size_t i = 0; i < p->n; i++) {
        redis_add_i64(c, p->lines[i].product_id);
        redis_add_i64(c, p->lines[i].quantity);
    }
}

struct err carts_take_bought(struct redis *r, struct arena *a, const struct purchase *purchases,
                             size_t n)
{
    struct redis_args *c;
    const struct redis_value *answer;

    if (n == 0)
        return OK;
    c = begin(a, &bought_script, 2 * (int64_t)n);
    for (size_t i = 0; i < n; i++) {
        const char *key = cart_key(a, purchases[i].user_id);

        redis_add(c, key);
        redis_add(c, arena_printf(a, "{%s}:bought", key));
    }
    redis_add_i64(c, CART_TTL_S);
    redis_add_i64(c, BOUGHT_MAX);
    for (size_t i = 0; i < n; i++)
        add_purchase(c, &purchases[i]);
    return run(r, &bought_script, c, &answer);
}
