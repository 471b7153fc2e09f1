/* product.h - what a product is, and the settings of its service. Pure. */
#ifndef PASAR_PRODUCT_PRODUCT_H
#define PASAR_PRODUCT_PRODUCT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wrap/json.h"

#define PRODUCT_NAME_MAX 200
#define PRODUCT_STOCK_MAX INT64_C(1000000000)
#define SLUG_MAX 80

struct product_config {
    int64_t
        hold_grace_s; /* HOLD_GRACE_SECONDS: stock stays held so long after the order's deadline */
};

struct product { /* texts are borrowed */
    int64_t id;
    const char *name, *slug, *description;
    int64_t price_minor;
    const char *currency;
    int64_t weight_grams;
    const char *image_urls; /* a JSON list */
    bool active;
    int64_t version;
    int64_t created_us, updated_us;
    int64_t on_hand, held, sold; /* free to sell; held for orders that are not paid; sold */
    const char *categories;      /* a JSON list; NULL for none */
};

/* What others have a copy of: a change of these is told. */
bool product_differs(const struct product *a, const struct product *b);

/* As the API shows it. `stock` is what lies in the warehouse unsold (free and held), `available`
 * what is free. */
json_t *product_json(struct arena *a, const struct product *p);

/* Reads the fields a body may have into *p, which holds what is there already: absent fields stay.
 * need: whether name and price must be there. Mistakes go into the form. The slug of a product
 * without one comes from its name. */
void product_read(struct form *f, enum form_need need, struct product *p);

/* "Kopi Gayo 250 g" -> "kopi-gayo-250-g". Never all digits, so that no slug looks like an id; NULL
 * for a name without Latin letters or digits. */
const char *slug_of(struct arena *a, const char *name);
bool slug_is_fit(const char *slug);

struct category {
    int64_t id;
    const char *name, *slug;
    int64_t parent_id; /* 0: at the top */
};

json_t *category_json(const struct category *c);
/* The trees of n categories, children within `children`; in the order given. */
json_t *category_tree_json(struct arena *a, const struct category *categories, size_t n);
void category_read(struct form *f, enum form_need need, struct category *c);

#endif
