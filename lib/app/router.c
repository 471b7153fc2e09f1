/* router.c - a tree of path segments over a domain's table of routes. */
#include "app/router.h"

#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "base/buf.h"

struct segment {
    const char *text;
    size_t n;
};

struct node {
    struct segment literal; /* of a parameter: n is 0 */
    struct node *literals;  /* children, */
    struct node *next;      /* linked */
    struct node *parameter; /* the child that takes anything */
    size_t *routes;         /* indices that end here: one for each method */
    size_t n_routes;
};

struct router {
    const struct route *routes;
    size_t n_routes;
    struct node *root;
};

#define MAX_SEGMENTS 16

/* Splits at slashes; empty segments only at the end are dropped, others never match. */
static size_t split(const char *path, struct segment out[MAX_SEGMENTS])
{
    size_t n = 0;

    while (*path == '/') {
        size_t length = strcspn(++path, "/");

        if (length == 0 && *path == '\0')
            break;
        if (n == MAX_SEGMENTS)
            return SIZE_MAX;
        out[n++] = (struct segment){path, length};
        path += length;
    }
    return n;
}

static struct node *find_literal(const struct node *parent, struct segment s)
{
    for (struct node *n = parent->literals; n; n = n->next)
        if (n->literal.n == s.n && memcmp(n->literal.text, s.text, s.n) == 0)
            return n;
    return NULL;
}

static struct node *child_for(struct arena *a, struct node *parent, struct segment s)
{
    struct node *n;

    if (s.text[0] == ':') {
        if (!parent->parameter)
            parent->parameter = ARENA_NEW(a, struct node);
        return parent->parameter;
    }
    n = find_literal(parent, s);
    if (n)
        return n;
    n = ARENA_NEW(a, struct node);
    n->literal = s;
    n->next = parent->literals;
    parent->literals = n;
    return n;
}

static void add(struct router *r, struct arena *a, size_t index)
{
    struct segment path[MAX_SEGMENTS];
    size_t n = split(r->routes[index].pattern, path);
    struct node *at = r->root;

    assert(n != SIZE_MAX && r->routes[index].pattern[0] == '/');
    for (size_t i = 0; i < n; i++)
        at = child_for(a, at, path[i]);
    if (!at->routes)
        at->routes = ARENA_ARRAY(a, size_t, r->n_routes);
    at->routes[at->n_routes++] = index;
}

struct router *router_new(struct arena *a, const struct route *routes)
{
    struct router *r = ARENA_NEW(a, struct router);

    r->routes = routes;
    r->root = ARENA_NEW(a, struct node);
    while (routes[r->n_routes].method)
        r->n_routes++;
    for (size_t i = 0; i < r->n_routes; i++)
        add(r, a, i);
    return r;
}

/* Depth is bounded by MAX_SEGMENTS, width by two tries a segment. */
static const struct node *descend(const struct node *at, const struct segment *path, size_t n)
{
    const struct node *found = NULL;

    if (n == 0)
        return at->n_routes ? at : NULL;
    if (path->n == 0)
        return NULL;
    if ((at->literals && (found = find_literal(at, *path))) &&
        (found = descend(found, path + 1, n - 1)))
        return found;
    return at->parameter ? descend(at->parameter, path + 1, n - 1) : NULL;
}

static const char *methods_of(const struct router *r, struct arena *a, const struct node *at)
{
    struct buf b;

    buf_init(&b, a);
    for (size_t i = 0; i < at->n_routes; i++)
        buf_addf(&b, "%s%s", i ? ", " : "", r->routes[at->routes[i]].method);
    return b.data;
}

static void take_params(struct route_match *m, struct arena *a, const struct segment *path,
                        size_t n)
{
    struct segment pattern[MAX_SEGMENTS];
    size_t n_pattern = split(m->route->pattern, pattern);

    assert(n_pattern == n);
    for (size_t i = 0; i < n; i++) {
        if (pattern[i].text[0] != ':')
            continue;
        assert(m->n_params < ROUTE_MAX_PARAMS);
        m->params[m->n_params++] = (struct route_param){
            arena_strndup(a, pattern[i].text + 1, pattern[i].n - 1),
            arena_strndup(a, path[i].text, path[i].n),
        };
    }
}

struct route_match router_match(const struct router *r, struct arena *a, const char *method,
                                const char *path)
{
    struct route_match m = {0};
    struct segment segments[MAX_SEGMENTS];
    size_t n = split(path, segments);
    const struct node *at;
    const char *wanted = strcmp(method, "HEAD") == 0 ? "GET" : method;

    if (n == SIZE_MAX || path[0] != '/')
        return m;
    at = descend(r->root, segments, n);
    if (!at)
        return m;
    for (size_t i = 0; i < at->n_routes; i++) {
        if (strcmp(r->routes[at->routes[i]].method, wanted) != 0)
            continue;
        m.index = at->routes[i];
        m.route = &r->routes[m.index];
        take_params(&m, a, segments, n);
        return m;
    }
    m.allow = methods_of(r, a, at);
    return m;
}
