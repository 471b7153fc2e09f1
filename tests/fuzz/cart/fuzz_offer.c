/* fuzz_offer.c - product's answer to what can be had of its products 1 to 3. */
#include "fuzz.h"

#include "workers/cart/stock.h"

void fuzz_try(struct arena *a, struct input in)
{
    for (int64_t product_id = 1; product_id <= 3; product_id++) {
        struct offer offer;

        if (offer_read(a, in.p, in.n, product_id, &offer).kind)
            continue;
        assert_in_range(offer.available, 0, INT64_MAX);
        assert(offer.exists || (!offer.active && offer.available == 0));
    }
}
