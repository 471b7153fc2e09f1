/* test_router.c - which row of a table of routes answers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "app/router.h"

static const struct route routes[] = {
    {"GET", "/api/v1/order", AUTH_USER, NULL},
    {"POST", "/api/v1/order", AUTH_USER, NULL},
    {"GET", "/api/v1/order/:id", AUTH_USER, NULL},
    {"POST", "/api/v1/order/:id/cancel", AUTH_USER, NULL},
    {"GET", "/api/v1/order/recent", AUTH_USER, NULL},
    {"DELETE", "/api/v1/order/recent/:day/:hour", AUTH_USER, NULL},
    {"GET", "/", AUTH_NONE, NULL},
    {NULL, NULL, AUTH_NONE, NULL},
};

struct story {
    const char *method, *path;
    int route;         /* -1: none */
    const char *allow; /* when there is none */
    const char *value; /* of the first parameter */
};

static const struct story stories[] = {
    {"GET", "/api/v1/order", 0, NULL, NULL},
    {"HEAD", "/api/v1/order", 0, NULL, NULL},
    {"GET", "/api/v1/order/", 0, NULL, NULL},
    {"POST", "/api/v1/order", 1, NULL, NULL},
    {"GET", "/api/v1/order/42", 2, NULL, "42"},
    {"GET", "/api/v1/order/a b", 2, NULL, "a b"},
    {"GET", "/api/v1/order/recent", 4, NULL, NULL},
    {"GET", "/api/v1/order/recently", 2, NULL, "recently"},
    {"POST", "/api/v1/order/42/cancel", 3, NULL, "42"},
    {"POST", "/api/v1/order/recent/cancel", 3, NULL, "recent"}, /* the literal leads nowhere */
    {"DELETE", "/api/v1/order/recent/mon/7", 5, NULL, "mon"},
    {"GET", "/", 6, NULL, NULL},
    {"PUT", "/api/v1/order", -1, "GET, POST", NULL},
    {"GET", "/api/v1/order/42/cancel", -1, "POST", NULL},
    {"GET", "/api/v1/orders", -1, NULL, NULL},
    {"GET", "/api/v1/orde", -1, NULL, NULL},
    {"GET", "/api/v1", -1, NULL, NULL},
    {"GET", "/api/v1/order//cancel", -1, NULL, NULL},
    {"GET", "//api/v1/order", -1, NULL, NULL},
    {"GET", "", -1, NULL, NULL},
    {"GET", "*", -1, NULL, NULL},
    {"GET", "/a/b/c/d/e/f/g/h/i/j/k/l/m/n/o/p/q/r/s/t", -1, NULL, NULL},
};

static void check(const struct story *s, const struct route_match *m)
{
    if (s->route < 0)
        assert_null(m->route);
    else
        assert_ptr_equal(m->route, &routes[s->route]);
    if (s->allow)
        assert_string_equal(m->allow, s->allow);
    else
        assert_null(m->allow);
    assert_int_equal(m->n_params > 0, s->value != NULL);
    if (s->value)
        assert_string_equal(m->params[0].value, s->value);
}

static void finds_the_route(void **state)
{
    struct arena *a = arena_new();
    struct router *r = router_new(a, routes);

    (void)state;
    for (size_t i = 0; i < sizeof stories / sizeof *stories; i++) {
        struct route_match m = router_match(r, a, stories[i].method, stories[i].path);

        print_message("%s %s\n", stories[i].method, stories[i].path);
        check(&stories[i], &m);
    }
    arena_free(a);
}

static void names_parameters(void **state)
{
    struct arena *a = arena_new();
    struct router *r = router_new(a, routes);
    struct route_match m = router_match(r, a, "DELETE", "/api/v1/order/recent/mon/7");

    (void)state;
    assert_int_equal(m.n_params, 2);
    assert_string_equal(m.params[0].name, "day");
    assert_string_equal(m.params[1].name, "hour");
    assert_string_equal(m.params[1].value, "7");
    arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_the_route),
        cmocka_unit_test(names_parameters),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
