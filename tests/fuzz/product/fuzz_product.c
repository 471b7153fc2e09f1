/* fuzz_product.c - the body of a product or of a category: what is taken fits, and comes back as it
 * is shown. */
#include "fuzz.h"

#include "base/money.h"
#include "workers/product/product.h"

static void check_slug(const char *slug)
{
    assert(slug_is_fit(slug));
    assert_is_text(slug, 1, SLUG_MAX);
}

static void check_same(struct arena *a, const struct product *p)
{
    json_t *shown = json_keep(a, product_json(a, p));
    struct product again = {.active = false};
    struct form f;

    form_init(&f, a, shown);
    product_read(&f, FORM_REQUIRED, &again);
    assert(!form_check(&f).kind);
    assert(!product_differs(p, &again));
    assert(strcmp(p->description, again.description) == 0);
    assert(strcmp(p->image_urls, again.image_urls) == 0);
}

static void try_product(struct arena *a, json_t *body)
{
    struct product p = {.active = true};
    struct form f;

    form_init(&f, a, body);
    product_read(&f, FORM_REQUIRED, &p);
    if (form_check(&f).kind)
        return;
    assert_is_text(p.name, 1, (size_t)4 * PRODUCT_NAME_MAX);
    assert_in_range(p.price_minor, 1, MONEY_MAX_MINOR);
    assert(json_is_array(read_again(a, p.image_urls)));
    if (!p.slug)
        return;
    check_slug(p.slug);
    check_same(a, &p);
}

static void try_category(struct arena *a, json_t *body)
{
    struct category c = {.id = INT64_MAX, .parent_id = 7};
    struct form f;

    form_init(&f, a, body);
    category_read(&f, FORM_REQUIRED, &c);
    if (form_check(&f).kind)
        return;
    assert_in_range(c.parent_id, 0, INT64_MAX);
    if (!c.slug)
        return;
    check_slug(c.slug);
    if (c.parent_id != c.id) /* the database refuses it */
        json_keep(a, category_tree_json(a, &c, 1));
}

void fuzz_try(struct arena *a, struct input in)
{
    json_t *body = input_object(a, &in);

    if (!body)
        return;
    try_product(a, body);
    try_category(a, body);
}
