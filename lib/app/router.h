/* router.h - finds the row of a table of routes that answers a request. Pure.
 *
 * The table is compiled into a tree of path segments once; a literal segment wins over a parameter,
 * and a path that fits no route through the literal is tried through the parameter. A slash at the
 * end is ignored. */
#ifndef PASAR_APP_ROUTER_H
#define PASAR_APP_ROUTER_H

#include <stddef.h>

#include "app/app.h"
#include "base/arena.h"

#define ROUTE_MAX_PARAMS 4

struct route_param {
    const char *name, *value;
};

struct route_match {
    const struct route *route; /* NULL: none */
    size_t index;              /* of the route in its table */
    struct route_param params[ROUTE_MAX_PARAMS];
    size_t n_params;
    const char *allow; /* of a path that exists, but not with this method: "GET, POST"; else NULL */
};

struct router;

/* Lives in the arena; routes are borrowed. Aborts on a pattern that is no pattern: that is a
 * mistake of ours. */
struct router *router_new(struct arena *a, const struct route *routes);
/* Values live in the arena given. HEAD is answered by the route of GET. */
struct route_match router_match(const struct router *r, struct arena *a, const char *method,
                                const char *path);

#endif
