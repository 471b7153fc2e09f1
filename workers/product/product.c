/* product.c - products and categories between JSON and structs. */
#include "workers/product/product.h"

#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/money.h"

#define IMAGES_MAX 10
#define IMAGE_URL_MAX 500
#define DESCRIPTION_MAX 10000
#define WEIGHT_MAX_GRAMS 1000000
#define CATEGORY_NAME_MAX 100

bool product_differs(const struct product *a, const struct product *b)
{
    return strcmp(a->name, b->name) != 0 || strcmp(a->slug, b->slug) != 0 ||
           a->price_minor != b->price_minor || a->weight_grams != b->weight_grams ||
           a->active != b->active;
}

/* ---- slugs ---- */

static bool is_letter(char c)
{
    return c >= 'a' && c <= 'z';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

bool slug_is_fit(const char *slug)
{
    bool has_letter = false;

    for (const char *c = slug; *c; c++) {
        bool is_hyphen_within = *c == '-' && c > slug && c[-1] != '-' && c[1];

        if (!is_letter(*c) && !is_digit(*c) && !is_hyphen_within)
            return false;
        has_letter = has_letter || is_letter(*c);
    }
    return has_letter;
}

const char *slug_of(struct arena *a, const char *name)
{
    char *slug = arena_alloc(a, SLUG_MAX + 1);
    size_t n = 0;
    bool gap = false;

    for (const char *c = name; *c && n < SLUG_MAX - 4; c++) { /* leaves room for "no-" */
        char lower = *c >= 'A' && *c <= 'Z' ? (char)(*c + ('a' - 'A')) : *c;

        if (!is_letter(lower) && !is_digit(lower)) {
            gap = n > 0;
            continue;
        }
        if (gap)
            slug[n++] = '-';
        gap = false;
        slug[n++] = lower;
    }
    if (slug_is_fit(slug))
        return slug;
    return n > 0 ? arena_printf(a, "no-%s", slug) : NULL;
}

/* ---- products ---- */

static json_t *parsed(struct arena *a, const char *list)
{
    json_t *value = NULL;

    if (!list || json_read(a, list, strlen(list), &value).kind)
        return json_array();
    return json_incref(value);
}

json_t *product_json(struct arena *a, const struct product *p)
{
    return json_pack("{s:I, s:s, s:s, s:s, s:I, s:s, s:I, s:I, s:I, s:o, s:b, s:o, s:o, s:o}", "id",
                     (json_int_t)p->id, "name", p->name, "slug", p->slug, "description",
                     p->description, "price", (json_int_t)p->price_minor, "currency", p->currency,
                     "stock", (json_int_t)(p->on_hand + p->held), "available",
                     (json_int_t)p->on_hand, "weight_grams", (json_int_t)p->weight_grams,
                     "image_urls", parsed(a, p->image_urls), "active", (int)p->active, "categories",
                     parsed(a, p->categories), "created_at", json_of_time(p->created_us),
                     "updated_at", json_of_time(p->updated_us));
}

static bool is_image_url(const char *url)
{
    return strncmp(url, "https://", 8) == 0 || strncmp(url, "http://", 7) == 0 || *url == '/';
}

static void read_images(struct form *f, struct product *p)
{
    json_t *list = form_array(f, "image_urls", FORM_OPTIONAL, 0, IMAGES_MAX), *url;
    size_t i;

    json_array_foreach(list, i, url)
    {
        const char *text = json_string_value(url);

        if (!text || strlen(text) > IMAGE_URL_MAX || !is_image_url(text)) {
            form_fail(f, arena_printf(f->arena, "image_urls[%zu]", i),
                      "must be an http(s) URL or a path, at most 500 characters");
            return;
        }
    }
    if (list)
        p->image_urls = json_text(f->arena, json_incref(list));
}

static void read_slug(struct form *f, const char **slug)
{
    const char *text = form_text(f, "slug", FORM_OPTIONAL, 1, SLUG_MAX);

    if (text && !slug_is_fit(text))
        form_fail(f, "slug", "must be of a-z, 0-9 and single hyphens, with a letter among them");
    if (text)
        *slug = text;
}

static void read_currency(struct form *f, struct product *p)
{
    const char *currency = form_text(f, "currency", FORM_OPTIONAL, 3, 3);

    if (currency && strcmp(currency, "IDR") != 0)
        form_fail(f, "currency", "must be IDR");
    p->currency = "IDR";
}

void product_read(struct form *f, enum form_need need, struct product *p)
{
    const char *name = form_text(f, "name", need, 1, PRODUCT_NAME_MAX);
    const char *description = form_text(f, "description", FORM_OPTIONAL, 0, DESCRIPTION_MAX);

    if (name)
        p->name = name;
    if (description || !p->description)
        p->description = description ? description : "";
    if (need == FORM_REQUIRED || form_has(f, "price"))
        p->price_minor = form_i64(f, "price", 1, MONEY_MAX_MINOR);
    p->weight_grams = form_i64_or(f, "weight_grams", p->weight_grams, 0, WEIGHT_MAX_GRAMS);
    p->active = form_bool_or(f, "active", p->active);
    read_slug(f, &p->slug);
    read_currency(f, p);
    read_images(f, p);
    if (!p->image_urls)
        p->image_urls = "[]";
    if (!p->slug && p->name)
        p->slug = slug_of(f->arena, p->name);
}

/* ---- categories ---- */

json_t *category_json(const struct category *c)
{
    json_t *parent = c->parent_id ? json_integer(c->parent_id) : json_null();

    return json_pack("{s:I, s:s, s:s, s:o}", "id", (json_int_t)c->id, "name", c->name, "slug",
                     c->slug, "parent_id", parent);
}

static size_t index_of(const struct category *categories, size_t n, int64_t id)
{
    size_t i = 0;

    while (i < n && categories[i].id != id)
        i++;
    return i;
}

/* Without recursion: a tree may be as deep as its owner likes. */
json_t *category_tree_json(struct arena *a, const struct category *categories, size_t n)
{
    json_t **nodes = ARENA_ARRAY(a, json_t *, n), *top = json_array();

    for (size_t i = 0; i < n; i++) {
        nodes[i] = category_json(&categories[i]);
        json_object_set_new(nodes[i], "children", json_array());
    }
    for (size_t i = 0; i < n; i++) {
        size_t parent = index_of(categories, n, categories[i].parent_id);
        json_t *siblings = parent < n ? json_object_get(nodes[parent], "children") : top;

        json_array_append_new(siblings, nodes[i]);
    }
    return top;
}

void category_read(struct form *f, enum form_need need, struct category *c)
{
    const char *name = form_text(f, "name", need, 1, CATEGORY_NAME_MAX);

    if (name)
        c->name = name;
    read_slug(f, &c->slug);
    if (!c->slug && c->name)
        c->slug = slug_of(f->arena, c->name);
    if (json_is_null(json_object_get(f->object, "parent_id")))
        c->parent_id = 0; /* said to be at the top */
    else
        c->parent_id = form_i64_or(f, "parent_id", c->parent_id, 1, INT64_MAX);
}
