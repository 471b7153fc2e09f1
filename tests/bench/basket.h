/* basket.h - what a customer orders, and how it is said. */
#ifndef PASAR_BENCH_BASKET_H
#define PASAR_BENCH_BASKET_H

#include <inttypes.h>
#include <stdio.h>

#define BASKET_HOME                                                                                \
    "{\"label\":\"Home\",\"recipient\":\"Budi Santoso\",\"phone\":\"+6281234567890\","             \
    "\"street\":\"Jl. Kenanga 12\",\"district\":\"Coblong\",\"city\":\"Bandung\","                 \
    "\"province\":\"Jawa Barat\",\"postal_code\":\"40132\",\"country\":\"ID\"}"

struct basket { /* one line or two, of different products */
    int64_t products[2], quantities[2];
    int n;
};

static inline size_t basket_write_line(const struct basket *b, int i, char *out, size_t size)
{
    return (size_t)snprintf(out, size, "{\"product_id\":%" PRId64 ",\"quantity\":%" PRId64 "}",
                            b->products[i], b->quantities[i]);
}

/* The order names its lines … */
static inline void basket_write_order(const struct basket *b, char *out, size_t size)
{
    char lines[2][96] = {"", ""};

    for (int i = 0; i < b->n; i++)
        basket_write_line(b, i, lines[i], sizeof lines[i]);
    snprintf(out, size, "{\"items\":[%s%s%s],\"shipping_address\":%s}", lines[0],
             b->n > 1 ? "," : "", lines[1], BASKET_HOME);
}

/* … or is about all that is in the cart. */
static inline void basket_write_cart_order(char *out, size_t size)
{
    snprintf(out, size, "{\"shipping_address\":%s}", BASKET_HOME);
}

#endif
