/* load.c - customers who order, and know from stream:orders when their orders are paid.
 *
 * Tokens come on stdin, a line a customer. Closed loop (LOAD_RATE=0): every customer orders again
 * as soon as its order is PAID. Open loop: orders arrive at random at so many a second, whatever
 * became of the others, and wait for a customer who is free; that wait is part of their latency.
 * Every LOAD_CARTS-th customer fills a cart first and orders that. Prints `open` and `shut` when
 * the time that is measured begins and ends, then what was measured, as JSON. */
#include <inttypes.h>
#include <math.h>

#include "base/env.h"
#include "base/id.h"
#include "base/log.h"
#include "basket.h"
#include "client.h"
#include "follow.h"
#include "sample.h"
#include "wrap/redis.h"

#define MAX_CUSTOMERS 1024
#define RECENT 4096 /* orders seen paid, of which the answer may still be on its way */
#define ARRIVALS 65536
#define PATIENCE_US (30 * US_PER_S)
struct config {
    int64_t gateway_port, redis_port, warm_s, seconds, rate, carts, first_product, n_products;
};

/* clang-format off */
static const struct env_row settings[] = {
    ENV_INT("LOAD_GATEWAY_PORT", struct config, gateway_port, NULL, 1, 65535),
    ENV_INT("LOAD_REDIS_PORT", struct config, redis_port, NULL, 1, 65535),
    ENV_INT("LOAD_WARM_SECONDS", struct config, warm_s, "3", 0, 600),
    ENV_INT("LOAD_SECONDS", struct config, seconds, "20", 1, 3600),
    ENV_INT("LOAD_RATE", struct config, rate, "0", 0, 100000),
    ENV_INT("LOAD_CARTS", struct config, carts, "8", 0, 1000000),
    ENV_INT("LOAD_FIRST_PRODUCT", struct config, first_product, "1", 1, INT64_MAX),
    ENV_INT("LOAD_N_PRODUCTS", struct config, n_products, "1", 1, 1000000),
};
/* clang-format on */

struct customer {
    struct load *load;
    struct customer *next_idle;
    struct task *task;
    struct client client;
    const char *token;
    bool has_cart, is_waiting; /* for its order to be paid */
    struct id order;
    int64_t arrived_us; /* when the order it is free for came; 0: none has */
};

struct load {
    struct config cfg;
    struct loop *loop;
    struct redis *redis;
    struct customer *customers, *idle;
    size_t n, n_running;
    bool is_open, is_over; /* measuring; no further orders */
    int64_t opened_us, shut_us;
    struct id recent[RECENT];
    size_t n_recent;
    int64_t arrivals[ARRIVALS]; /* that found nobody free */
    size_t n_taken, n_arrived;
    uint64_t seed;
    int64_t n_accepted, n_units, n_lines, n_carts, n_refused, n_lost,
        n_paid; /* from first to last */
    int64_t n_accepted_open, n_paid_open;
    struct sample accept, accept_cart, saga, relay;
};

static void observe(struct load *l, struct sample *s, int64_t us)
{
    if (l->is_open)
        sample_add(s, us);
}

static uint64_t dice(struct load *l)
{
    l->seed ^= l->seed << 13; /* xorshift64 */
    l->seed ^= l->seed >> 7;
    l->seed ^= l->seed << 17;
    return l->seed;
}

/* ---- a customer ---- */

static int get_cart(struct customer *c)
{
    char request[2048];
    int n = snprintf(request, sizeof request,
                     "GET /api/v1/cart HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer %s\r\n\r\n",
                     c->token);

    if (n < 0 || (size_t)n >= sizeof request)
        abort();
    return client_call(&c->client, request, (size_t)n);
}

static int post(struct customer *c, const char *path, const char *key, const char *body)
{
    char request[3072];
    int n = snprintf(
        request, sizeof request,
        "POST /api/v1%s HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer %s\r\n"
        "Content-Type: application/json\r\nIdempotency-Key: %s\r\nContent-Length: %zu\r\n\r\n%s",
        path, c->token, key, strlen(body), body);

    if (n < 0 || (size_t)n >= sizeof request)
        abort();
    return client_call(&c->client, request, (size_t)n);
}

static int64_t a_product(struct load *l)
{
    return l->cfg.first_product + (int64_t)(dice(l) % (uint64_t)l->cfg.n_products);
}

static struct basket fill(struct load *l)
{
    struct basket b = {.n = l->cfg.n_products > 1 ? 1 + (int)(dice(l) % 2) : 1};

    for (int i = 0; i < b.n; i++) {
        do
            b.products[i] = a_product(l);
        while (i && b.products[i] == b.products[0]);
        b.quantities[i] = 1 + (int64_t)(dice(l) % 3);
    }
    return b;
}

static bool fill_cart(struct customer *c, const struct basket *b)
{
    char body[128], key[ID_TEXT_SIZE];
    struct id id;

    for (int i = 0; i < b->n; i++) {
        basket_write_line(b, i, body, sizeof body);
        id = id_new();
        id_format(&id, key);
        if (post(c, "/cart/item", key, body) != 200)
            return false;
    }
    return true;
}

static int order(struct customer *c, const struct basket *b)
{
    char body[1024], key[ID_TEXT_SIZE];
    struct id id = id_new();

    id_format(&id, key);
    if (c->has_cart)
        basket_write_cart_order(body, sizeof body);
    else
        basket_write_order(b, body, sizeof body);
    return post(c, "/order", key, body);
}

static bool read_order_id(struct customer *c)
{
    const char *at = strstr(c->client.text, "\"order_id\":\"");
    char text[ID_TEXT_SIZE] = "";

    if (!at)
        return false;
    memcpy(text, at + 12, ID_TEXT_SIZE - 1);
    return !id_parse(text, &c->order).kind;
}

static bool was_seen_paid(const struct load *l, const struct id *order)
{
    for (size_t i = 0; i < RECENT && i < l->n_recent; i++)
        if (id_equal(&l->recent[i], order))
            return true;
    return false;
}

static void wait_until_paid(struct customer *c)
{
    int64_t deadline_us = clock_mono_us() + PATIENCE_US;

    c->is_waiting = !was_seen_paid(c->load, &c->order);
    while (c->is_waiting && !task_wait(deadline_us).kind)
        ;
    if (c->is_waiting)
        c->load->n_lost++;
    c->is_waiting = false;
}

/* Who filled the cart again too early would order the old lines once more. */
static void wait_until_cleared(struct customer *c)
{
    int64_t deadline_us = clock_mono_us() + PATIENCE_US;

    while (get_cart(c) == 200 && !strstr(c->client.text, "\"items\":[]") &&
           clock_mono_us() < deadline_us)
        task_sleep(2 * US_PER_MS);
}

static void account(struct customer *c, const struct basket *b, int64_t took_us)
{
    struct load *l = c->load;

    l->n_accepted++;
    l->n_accepted_open += l->is_open;
    l->n_lines += b->n;
    for (int i = 0; i < b->n; i++)
        l->n_units += b->quantities[i];
    l->n_carts += c->has_cart;
    observe(l, c->has_cart ? &l->accept_cart : &l->accept, took_us);
}

/* lag_us: how long the order waited for this customer. */
static void buy(struct customer *c, int64_t lag_us)
{
    struct load *l = c->load;
    struct basket b = fill(l);
    int64_t began_us, took_us;
    int status = 0;

    if (c->has_cart && !fill_cart(c, &b)) {
        fprintf(stderr, "cart: %.300s\n", c->client.text);
        l->n_refused++;
        task_sleep(100 * US_PER_MS);
        return;
    }
    began_us = clock_mono_us();
    status = order(c, &b);
    took_us = clock_mono_us() - began_us + lag_us;
    if (status != 201 || !read_order_id(c)) {
        if (l->n_refused++ < 5)
            fprintf(stderr, "order: %d %.300s\n", status, c->client.text);
        task_sleep(100 * US_PER_MS);
        return;
    }
    account(c, &b, took_us);
    wait_until_paid(c);
    observe(l, &l->saga, clock_mono_us() - began_us + lag_us);
    if (c->has_cart)
        wait_until_cleared(c);
}

/* Waits for an order to come to this customer; false at the end. */
static bool await_arrival(struct customer *c)
{
    struct load *l = c->load;

    c->arrived_us = 0;
    if (l->n_taken < l->n_arrived) {
        c->arrived_us = l->arrivals[l->n_taken++ % ARRIVALS];
        return !l->is_over;
    }
    c->next_idle = l->idle;
    l->idle = c;
    while (!c->arrived_us && !l->is_over) {
        struct err e = task_wait(NO_DEADLINE);
        (void)e;
    }
    return !l->is_over;
}

static void customer_task(void *arg)
{
    struct customer *c = arg;
    struct load *l = c->load;

    c->task = task_self();
    while (!l->is_over) {
        if (l->cfg.rate == 0)
            buy(c, 0);
        else if (await_arrival(c))
            buy(c, clock_mono_us() - c->arrived_us);
    }
    client_close(&c->client);
    l->n_running--;
}

/* ---- who pays attention ---- */

static void seen_paid(struct load *l, const char *subject)
{
    struct id order;

    if (id_parse(subject, &order).kind)
        return;
    l->n_paid++;
    l->n_paid_open += l->is_open;
    l->recent[l->n_recent++ % RECENT] = order;
    for (size_t i = 0; i < l->n; i++) {
        struct customer *c = &l->customers[i];
        if (!c->is_waiting || !id_equal(&c->order, &order))
            continue;
        c->is_waiting = false;
        task_wake(c->task);
        return;
    }
}

static void on_entry(void *arg, const struct stream_entry *e)
{
    struct load *l = arg;

    if (e->told_us)
        observe(l, &l->relay, clock_now_us() - e->told_us);
    if (strcmp(e->type, "OrderPaid") == 0)
        seen_paid(l, e->subject);
}

static void listen_task(void *arg)
{
    struct load *l = arg;
    struct follower f = {.redis = l->redis, .stream = "stream:orders", .fn = on_entry, .arg = l};

    while (!redis_is_up(l->redis))
        task_sleep(US_PER_MS);
    follow_from_end(&f);
    for (size_t i = 0; i < l->n; i++)
        task_spawn(l->loop, "customer", customer_task, &l->customers[i]);
    while (l->n_running > 0)
        follow_once(&f);
    loop_stop(l->loop);
}

/* ---- time ---- */

static void arrive(struct load *l, int64_t at_us)
{
    struct customer *c = l->idle;

    if (!c) {
        l->arrivals[l->n_arrived++ % ARRIVALS] = at_us;
        return;
    }
    l->idle = c->next_idle;
    c->arrived_us = at_us;
    task_wake(c->task);
}

/* Pauses between arrivals are exponential: as many customers as there are do not know of one
 * another. */
static void arrivals_task(void *arg)
{
    struct load *l = arg;
    double at_us = (double)clock_mono_us();

    while (!l->is_over) {
        double even = ((double)(dice(l) >> 11) + 1) / 9007199254740993.0; /* in (0, 1) */
        at_us -= log(even) * US_PER_S / (double)l->cfg.rate;
        while ((int64_t)at_us > clock_mono_us() && !l->is_over)
            task_sleep((int64_t)at_us - clock_mono_us());
        arrive(l, (int64_t)at_us);
    }
}

static void say(const char *word)
{
    puts(word);
    fflush(stdout);
}

static void clock_task(void *arg)
{
    struct load *l = arg;

    task_sleep(l->cfg.warm_s * US_PER_S);
    l->is_open = true;
    l->opened_us = clock_mono_us();
    say("open");
    task_sleep(l->cfg.seconds * US_PER_S);
    l->is_open = false;
    l->shut_us = clock_mono_us();
    say("shut");
    l->is_over = true;
    for (struct customer *c = l->idle; c; c = c->next_idle)
        task_wake(c->task);
}

/* ---- the end ---- */

static void tell(struct load *l)
{
    int64_t n_connects = 0;

    for (size_t i = 0; i < l->n; i++)
        n_connects += l->customers[i].client.n_connects;
    printf("{\"seconds\": %.3f, \"accepted\": %" PRId64 ", \"paid\": %" PRId64
           ", \"accepted_open\": %" PRId64 ", \"paid_open\": %" PRId64 ", \"units\": %" PRId64
           ", \"lines\": %" PRId64 ", \"from_carts\": %" PRId64 ", \"refused\": %" PRId64
           ", \"lost\": %" PRId64 ", \"connects\": %" PRId64,
           (double)(l->shut_us - l->opened_us) / US_PER_S, l->n_accepted, l->n_paid,
           l->n_accepted_open, l->n_paid_open, l->n_units, l->n_lines, l->n_carts, l->n_refused,
           l->n_lost, n_connects);
    sample_tell("accept", &l->accept);
    sample_tell("accept_cart", &l->accept_cart);
    sample_tell("saga", &l->saga);
    sample_tell("relay", &l->relay);
    puts("}");
}

static void read_tokens(struct load *l)
{
    char line[2048];

    while (l->n < MAX_CUSTOMERS && fgets(line, sizeof line, stdin)) {
        struct customer *c = &l->customers[l->n++];
        line[strcspn(line, "\n")] = '\0';
        c->load = l;
        c->token = strdup(line);
        c->client.fd = -1;
        c->client.port = (int)l->cfg.gateway_port;
        c->has_cart = l->cfg.carts && l->n % (size_t)l->cfg.carts == 0;
    }
    l->n_running = l->n;
}

int main(void)
{
    struct load *l = calloc(1, sizeof *l);
    struct redis_config redis = {.host = "127.0.0.1", .password = "", .database = 1};

    if (!l || env_read(settings, sizeof settings / sizeof *settings, false, &l->cfg).kind)
        return 78;
    log_init("bench_load", "warn");
    l->customers = calloc(MAX_CUSTOMERS, sizeof *l->customers);
    if (!l->customers)
        return 1;
    l->seed = UINT64_C(0x9e3779b97f4a7c15);
    read_tokens(l);
    redis.port = (int)l->cfg.redis_port;
    l->loop = loop_new();
    l->redis = redis_open(l->loop, &redis);
    task_spawn(l->loop, "listen", listen_task, l);
    task_spawn(l->loop, "clock", clock_task, l);
    if (l->cfg.rate)
        task_spawn(l->loop, "arrivals", arrivals_task, l);
    loop_run(l->loop);
    tell(l);
    return 0;
}
