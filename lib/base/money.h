/* money.h - amounts in a currency's minor units; IDR has none, so 150000 is Rp150.000.
 *
 * Arithmetic is checked and currencies never mix: both fail with ERR_INVALID. No floats. */
#ifndef PASAR_BASE_MONEY_H
#define PASAR_BASE_MONEY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

/* Largest amount taken anywhere: fits JSON's exact integers (2^53) with room for sums of lines. */
#define MONEY_MAX_MINOR INT64_C(999999999999)

struct money {
    int64_t minor;
    char currency[4]; /* ISO 4217, upper case */
};

struct money money_of(int64_t minor, const char *currency);
bool money_equal(struct money a, struct money b);
struct err money_add(struct money a, struct money b, struct money *out) MUST_CHECK;
struct err money_sub(struct money a, struct money b, struct money *out) MUST_CHECK;
struct err money_times(struct money a, int64_t n, struct money *out) MUST_CHECK;

#endif
