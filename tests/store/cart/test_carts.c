/* test_carts.c - the scripts of carts on a Redis of our own: edits at the same time, limits,
 * purchases that come again, a Redis that forgets, refuses or is gone. */
#include "workers/cart/carts.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "tests/unit/wrap/rig.h"

#define USER 42

static pid_t server_pid;
static int server_port;
static struct redis *r;
static struct arena *a;

/* ---- the server ---- */

static void start_server(void)
{
    char port[16];
    int quiet;

    if (!server_port)
        server_port = rig_free_port();
    snprintf(port, sizeof port, "%d", server_port);
    server_pid = fork();
    assert_true(server_pid >= 0);
    if (server_pid)
        return;
    prctl(PR_SET_PDEATHSIG, SIGKILL); /* never outlives the test */
    quiet = open("/dev/null", O_WRONLY);
    dup2(quiet, 1);
    execlp("redis-server", "redis-server", "--port", port, "--bind", "127.0.0.1", "--save", "",
           "--appendonly", "no", "--dir", "/tmp", (char *)NULL);
    _exit(127);
}

static void kill_server(void)
{
    kill(server_pid, SIGKILL);
    assert_int_equal(waitpid(server_pid, NULL, 0), server_pid);
}

static void (*story)(void);

static void tell_story(struct rig *rig)
{
    struct redis_config cfg = {
        .host = "127.0.0.1", .port = server_port, .password = "", .timeout_us = 2 * US_PER_S};

    a = rig->arena;
    r = redis_open(rig->loop, &cfg);
    RIG_AWAIT(redis_is_up(r));
    story();
    redis_close(r);
}

static void with_redis(void (*fn)(void))
{
    start_server();
    story = fn;
    rig_run((struct httpd_config){0}, tell_story);
    kill_server();
}

/* Words between blanks; the answer as an integer, its text in *text when asked for. */
static int64_t command(const char *line, const char **text)
{
    char *rest = arena_strdup(a, line), *word = strtok_r(rest, " ", &rest);
    struct redis_args *c = redis_args(a, word);
    const struct redis_value *v;
    struct err e;

    while ((word = strtok_r(NULL, " ", &rest)))
        redis_add(c, word);
    e = redis_call(r, c, 0, &v);
    assert_int_equal(e.kind, ERR_NONE);
    if (text)
        *text = v->text;
    return v->integer;
}

/* ---- short words for what is done ---- */

static struct cart now_in_cart;

static enum err_kind add(int64_t product_id, int64_t quantity, int64_t available)
{
    const struct cart_edit edit = {USER, product_id, quantity, available};

    return carts_add(r, a, &edit, &now_in_cart).kind;
}

static enum err_kind set(int64_t product_id, int64_t quantity, int64_t available)
{
    const struct cart_edit edit = {USER, product_id, quantity, available};

    return carts_set(r, a, &edit, &now_in_cart).kind;
}

static enum err_kind buy(const char *order_id, int64_t product_id, int64_t quantity)
{
    struct cart_line line = {.product_id = product_id, .quantity = quantity};
    const struct purchase p = {order_id, USER, &line, 1};

    return carts_take_bought(r, a, &p, 1).kind;
}

/* "7*2 9*1": the lines in their order. */
static const char *in_cart(void)
{
    struct cart c;
    struct buf b;
    struct err e = carts_read(r, a, USER, &c);

    assert_int_equal(e.kind, ERR_NONE);
    buf_init(&b, a);
    buf_adds(&b, "");
    for (size_t i = 0; i < c.n; i++)
        buf_addf(&b, "%s%lld*%lld", i ? " " : "", (long long)c.lines[i].product_id,
                 (long long)c.lines[i].quantity);
    return b.data;
}

#define STORY(name)                                                                                \
    static void test_##name(void **state)                                                          \
    {                                                                                              \
        (void)state;                                                                               \
        with_redis(name);                                                                          \
    }

/* ---- stories ---- */

static void lines_keep_their_order(void)
{
    assert_string_equal(in_cart(), "");
    assert_int_equal(add(9, 1, INT64_MAX), ERR_NONE);
    assert_int_equal(add(7, 2, INT64_MAX), ERR_NONE);
    assert_int_equal(add(8, 1, INT64_MAX), ERR_NONE);
    assert_int_equal(add(9, 4, INT64_MAX), ERR_NONE);
    assert_int_equal(now_in_cart.n, 3);
    assert_string_equal(in_cart(), "9*5 7*2 8*1");
    assert_int_equal(set(7, 6, INT64_MAX), ERR_NONE);
    assert_string_equal(in_cart(), "9*5 7*6 8*1");
    assert_int_equal(carts_remove(r, a, USER, 9).kind, ERR_NONE);
    assert_int_equal(carts_remove(r, a, USER, 9).kind, ERR_NONE);
    assert_int_equal(add(9, 1, INT64_MAX), ERR_NONE);
    assert_string_equal(in_cart(), "7*6 8*1 9*1");
    assert_int_equal(carts_clear(r, a, USER).kind, ERR_NONE);
    assert_string_equal(in_cart(), "");
}

static void limits_hold(void)
{
    assert_int_equal(set(1, 5, INT64_MAX), ERR_NOT_FOUND);
    assert_int_equal(add(1, 3, 2), ERR_CONFLICT);
    assert_string_equal(in_cart(), "");
    assert_int_equal(add(1, 2, 2), ERR_NONE);
    assert_int_equal(add(1, 1, 2), ERR_CONFLICT);
    assert_int_equal(set(1, 3, 2), ERR_CONFLICT);
    assert_int_equal(add(1, 998, INT64_MAX), ERR_CONFLICT);
    assert_string_equal(in_cart(), "1*2");
    for (int64_t id = 2; id <= CART_LINES_MAX; id++)
        assert_int_equal(add(id, 1, INT64_MAX), ERR_NONE);
    assert_int_equal(add(CART_LINES_MAX + 1, 1, INT64_MAX), ERR_CONFLICT);
    assert_int_equal(add(1, 1, INT64_MAX), ERR_NONE); /* a line that is there may still grow */
    assert_int_equal(now_in_cart.n, CART_LINES_MAX);
}

static int n_adding;

static void add_one_by_one(void *arg)
{
    (void)arg;
    for (int i = 0; i < 20; i++) {
        const struct cart_edit edit = {USER, 7, 1, 300};
        struct cart c;

        (void)carts_add(r, a, &edit, &c).kind;
    }
    n_adding--;
}

static void edits_at_the_same_time_lose_nothing(void)
{
    n_adding = 20;
    for (int i = 0; i < 20; i++)
        task_spawn(task_loop(), "adding", add_one_by_one, NULL);
    RIG_AWAIT(n_adding == 0);
    assert_string_equal(in_cart(), "7*300"); /* 400 were wanted, 300 there were */
}

static void carts_live_a_week_from_the_last_touch(void)
{
    assert_int_equal(add(7, 1, INT64_MAX), ERR_NONE);
    assert_in_range(command("TTL cart:42", NULL), CART_TTL_S - 2, CART_TTL_S);
    command("EXPIRE cart:42 100", NULL);
    (void)in_cart();
    assert_in_range(command("TTL cart:42", NULL), CART_TTL_S - 2, CART_TTL_S);
    command("EXPIRE cart:42 100", NULL);
    assert_int_equal(set(7, 2, INT64_MAX), ERR_NONE);
    assert_in_range(command("TTL cart:42", NULL), CART_TTL_S - 2, CART_TTL_S);
    assert_int_equal(buy("order", 7, 1), ERR_NONE);
    assert_in_range(command("TTL {cart:42}:bought", NULL), CART_TTL_S - 2, CART_TTL_S);
}

static void what_was_bought_leaves_once(void)
{
    assert_int_equal(add(7, 5, INT64_MAX), ERR_NONE);
    assert_int_equal(add(9, 1, INT64_MAX), ERR_NONE);
    assert_int_equal(buy("first", 7, 2), ERR_NONE);
    assert_string_equal(in_cart(), "7*3 9*1");
    assert_int_equal(buy("first", 7, 2), ERR_NONE); /* again: PostgreSQL did not commit */
    assert_string_equal(in_cart(), "7*3 9*1");
    assert_int_equal(buy("second", 7, 9), ERR_NONE); /* more than is left in it */
    assert_string_equal(in_cart(), "9*1");
    assert_int_equal(buy("third", 7, 1), ERR_NONE); /* not in it any more */
    assert_int_equal(buy("fourth", 9, 1), ERR_NONE);
    assert_string_equal(in_cart(), "");
    assert_int_equal(add(7, 1, INT64_MAX), ERR_NONE);
    assert_int_equal(buy("fourth", 7, 1), ERR_NONE);
    assert_string_equal(in_cart(), "7*1");
}

static void a_batch_is_one_call(void)
{
    struct purchase batch[64];
    struct cart_line line[64][2];

    assert_int_equal(add(7, 100, INT64_MAX), ERR_NONE);
    assert_int_equal(add(9, 100, INT64_MAX), ERR_NONE);
    for (int i = 0; i < 64; i++) {
        line[i][0] = (struct cart_line){.product_id = 7, .quantity = 1};
        line[i][1] = (struct cart_line){.product_id = 9, .quantity = 1};
        batch[i] = (struct purchase){arena_printf(a, "order-%d", i), i % 2 ? USER : 1000 + i,
                                     line[i], i % 4 == 1 ? 1 : 2};
    }
    assert_int_equal(carts_take_bought(r, a, batch, 64).kind, ERR_NONE);
    assert_int_equal(carts_take_bought(r, a, batch, 64).kind, ERR_NONE);
    assert_string_equal(in_cart(), "7*68 9*84");
    assert_int_equal(carts_take_bought(r, a, batch, 0).kind, ERR_NONE);
}

static void the_memory_of_orders_is_bounded(void)
{
    for (int i = 0; i < 300; i++)
        assert_int_equal(buy(arena_printf(a, "order-%03d", i), 7, 1), ERR_NONE);
    assert_int_equal(command("ZCARD {cart:42}:bought", NULL), 128);
    assert_int_equal(add(7, 5, INT64_MAX), ERR_NONE);
    assert_int_equal(buy("order-299", 7, 1), ERR_NONE);
    assert_int_equal(buy("order-200", 7, 1), ERR_NONE);
    assert_string_equal(in_cart(), "7*5");
}

/* Whatever the order of their ids, and of the times at which they were told. */
static void the_last_order_is_always_remembered(void)
{
    for (int i = 300; i > 100; i--)
        assert_int_equal(buy(arena_printf(a, "order-%03d", i), 7, 1), ERR_NONE);
    assert_int_equal(add(7, 5, INT64_MAX), ERR_NONE);
    assert_int_equal(buy("order-000", 7, 1), ERR_NONE);
    assert_int_equal(buy("order-000", 7, 1), ERR_NONE);
    assert_string_equal(in_cart(), "7*4");
}

static void scripts_survive_a_redis_that_forgets(void)
{
    assert_int_equal(add(7, 1, INT64_MAX), ERR_NONE);
    command("SCRIPT FLUSH", NULL);
    command("FLUSHALL", NULL);
    assert_int_equal(add(7, 2, INT64_MAX), ERR_NONE);
    assert_int_equal(buy("first", 7, 1), ERR_NONE);
    assert_string_equal(in_cart(), "7*1");
}

static void refusals(void)
{
    assert_int_equal(add(7, 1, INT64_MAX), ERR_NONE);
    command("CONFIG SET maxmemory 1", NULL);
    assert_int_equal(add(7, 1, INT64_MAX), ERR_UNAVAILABLE);
    assert_int_equal(buy("first", 7, 1), ERR_UNAVAILABLE);
    command("CONFIG SET maxmemory 0", NULL);
    command("CONFIG SET min-replicas-to-write 1", NULL);
    assert_int_equal(add(7, 1, INT64_MAX), ERR_UNAVAILABLE);
    assert_int_equal(buy("first", 7, 1), ERR_UNAVAILABLE);
    command("CONFIG SET min-replicas-to-write 0", NULL);
    assert_string_equal(in_cart(), "7*1");
    command("HSET cart:42 nonsense x 9 y:z 11 1000:5", NULL); /* somebody's hand: left alone */
    assert_string_equal(in_cart(), "7*1");
    assert_int_equal(add(9, 1, INT64_MAX), ERR_NONE);
    assert_int_equal(buy("first", 9, 1), ERR_NONE);
    assert_string_equal(in_cart(), "7*1");
    command("SET cart:42 text", NULL);
    assert_int_equal(add(9, 1, INT64_MAX), ERR_BUG);
}

static void without_redis(void)
{
    assert_int_equal(add(7, 1, INT64_MAX), ERR_NONE);
    kill_server();
    RIG_AWAIT(!redis_is_up(r));
    assert_int_equal(buy("first", 7, 1), ERR_UNAVAILABLE);
    assert_int_equal(add(7, 1, INT64_MAX), ERR_UNAVAILABLE);
    start_server();
    RIG_AWAIT(redis_is_up(r));
    assert_int_equal(buy("first", 7, 1), ERR_NONE);
}

STORY(lines_keep_their_order)
STORY(limits_hold)
STORY(edits_at_the_same_time_lose_nothing)
STORY(carts_live_a_week_from_the_last_touch)
STORY(what_was_bought_leaves_once)
STORY(a_batch_is_one_call)
STORY(the_memory_of_orders_is_bounded)
STORY(the_last_order_is_always_remembered)
STORY(scripts_survive_a_redis_that_forgets)
STORY(refusals)
STORY(without_redis)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines_keep_their_order),
        cmocka_unit_test(test_limits_hold),
        cmocka_unit_test(test_edits_at_the_same_time_lose_nothing),
        cmocka_unit_test(test_carts_live_a_week_from_the_last_touch),
        cmocka_unit_test(test_what_was_bought_leaves_once),
        cmocka_unit_test(test_a_batch_is_one_call),
        cmocka_unit_test(test_the_memory_of_orders_is_bounded),
        cmocka_unit_test(test_the_last_order_is_always_remembered),
        cmocka_unit_test(test_scripts_survive_a_redis_that_forgets),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_without_redis),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
