/* money.c - checked arithmetic on amounts. */
#include "base/money.h"

#include <string.h>

struct money money_of(int64_t minor, const char *currency)
{
    struct money m = {.minor = minor};

    memcpy(m.currency, currency, strnlen(currency, sizeof m.currency - 1));
    return m;
}

static bool same_currency(struct money a, struct money b)
{
    return memcmp(a.currency, b.currency, sizeof a.currency) == 0;
}

bool money_equal(struct money a, struct money b)
{
    return a.minor == b.minor && same_currency(a, b);
}

struct err money_add(struct money a, struct money b, struct money *out)
{
    struct money m = a;

    if (!same_currency(a, b))
        return ERR(ERR_INVALID, "currencies differ");
    if (__builtin_add_overflow(a.minor, b.minor, &m.minor))
        return ERR(ERR_INVALID, "amount out of range");
    *out = m;
    return OK;
}

struct err money_sub(struct money a, struct money b, struct money *out)
{
    struct money m = a;

    if (!same_currency(a, b))
        return ERR(ERR_INVALID, "currencies differ");
    if (__builtin_sub_overflow(a.minor, b.minor, &m.minor))
        return ERR(ERR_INVALID, "amount out of range");
    *out = m;
    return OK;
}

struct err money_times(struct money a, int64_t n, struct money *out)
{
    struct money m = a;

    if (__builtin_mul_overflow(a.minor, n, &m.minor))
        return ERR(ERR_INVALID, "amount out of range");
    *out = m;
    return OK;
}
