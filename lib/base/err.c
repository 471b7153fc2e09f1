/* err.c - the names of the kinds. */
#include "base/err.h"

#include <stddef.h>

static const char *const names[] = {
    [ERR_NONE] = "none",       [ERR_INVALID] = "invalid",         [ERR_UNAUTHENTIC] = "unauthentic",
    [ERR_DENIED] = "denied",   [ERR_NOT_FOUND] = "not_found",     [ERR_CONFLICT] = "conflict",
    [ERR_UNFIT] = "unfit",     [ERR_LIMITED] = "limited",         [ERR_DUPLICATE] = "duplicate",
    [ERR_TIMEOUT] = "timeout", [ERR_UNAVAILABLE] = "unavailable", [ERR_BUG] = "bug",
};

const char *err_kind_name(enum err_kind kind)
{
    if ((size_t)kind >= sizeof names / sizeof names[0])
        return "unknown";
    return names[kind];
}
