/* test_catalogue.c - finding products on a real PostgreSQL: words, letters, filters, order, pages;
 * the tree. */
#include "tests/store/wrap/story.h"

#include "base/buf.h"
#include "sql_product.h"
#include "sql_saga.h"
#include "workers/product/store.h"

#define SQL(name, text) static const struct sql name = {#name, text}

SQL(clear_all,
    "truncate product, category, product_category, stock, stock_movement restart identity cascade");
SQL(sell_some, "update stock set sold = 5, stocked = 5 where product_id = 2");

static int start_clean(void **state)
{
    struct migration all[32] = {0};
    size_t n = 0;

    config_reset(state);
    for (const struct migration *m = saga_migrations; m->name; m++)
        all[n++] = *m;
    for (const struct migration *m = product_migrations; m->name; m++)
        all[n++] = *m;
    return (int)migrate(&config, all).kind;
}

/* clang-format off */
static const struct product shelf[] = {
    {.name = "Kopi Gayo 250 g",   .slug = "kopi",   .price_minor = 150000, .active = true,
     .description = "Biji kopi arabika pilihan dari Aceh"},
    {.name = "Laptop stand",      .slug = "stand",  .price_minor = 250000, .active = true,
     .description = "Holds books and running computers"},
    {.name = "Running shoes",     .slug = "shoes",  .price_minor = 650000, .active = true,
     .description = "For the road; not for kopi"},
    {.name = "Secret prototype",  .slug = "secret", .price_minor = 1,      .active = false,
     .description = ""},
};
/* clang-format on */
#define N_SHELF (sizeof shelf / sizeof *shelf)

static void fill(struct arena *a)
{
    CHECK_KIND(run(pg, &clear_all), ERR_NONE);
    for (size_t i = 0; i < N_SHELF; i++) {
        struct product p = shelf[i];
        struct pg *tx;

        p.currency = "IDR";
        p.image_urls = "[]";
        CHECK_KIND(pg_begin(pg, a, &tx), ERR_NONE);
        CHECK_KIND(product_store_insert(tx, a, &p), ERR_NONE);
        CHECK_KIND(pg_commit(tx), ERR_NONE);
        CHECK(p.id == (int64_t)i + 1);
    }
}

static struct product_query all(void)
{
    return (struct product_query){.max_price = INT64_MAX,
                                  .sort_by = "created_at",
                                  .descending = true,
                                  .page = 1,
                                  .limit = 10};
}

/* The slugs found, "kopi shoes". */
static const char *found(struct arena *a, struct product_query q)
{
    struct product_page page;
    struct buf b;

    buf_init(&b, a);
    buf_adds(&b, "");
    CHECK_KIND(product_store_list(pg, a, &q, &page), ERR_NONE);
    for (size_t i = 0; i < page.n; i++)
        buf_addf(&b, "%s%s", i ? " " : "", page.products[i].slug);
    return b.data;
}

static const char *searched(struct arena *a, const char *words)
{
    struct product_query q = all();

    q.search = words;
    q.sort_by = "relevance";
    return found(a, q);
}

static void check_found(const char *is, const char *should_be)
{
    if (strcmp(is, should_be) == 0)
        return;
    n_failures++;
    fprintf(stderr, "found '%s', not '%s'\n", is, should_be);
}

static void searching(struct arena *a)
{
    fill(a);
    check_found(searched(a, "kopi"), "kopi shoes");  /* the name before the description */
    check_found(searched(a, "pilihannya"), "kopi");  /* Indonesian endings */
    check_found(searched(a, "runs"), "shoes stand"); /* English ones */
    check_found(searched(a, "latpop stand"), "stand");
    check_found(searched(a, "lptop"), "stand"); /* mistyped */
    check_found(searched(a, "secret"), "");
    check_found(searched(a, "\"'&|!:*()"), "");
    check_found(searched(a, "%_\\"), "");
}

static void filters_and_order(struct arena *a)
{
    struct product_query q = all();

    fill(a);
    check_found(found(a, q), "shoes stand kopi");
    q.descending = false;
    check_found(found(a, q), "kopi stand shoes");
    q.sort_by = "name";
    check_found(found(a, q), "kopi stand shoes");
    q.with_inactive = true;
    check_found(found(a, q), "kopi stand shoes secret");
    q.sort_by = "price";
    check_found(found(a, q), "secret kopi stand shoes");
    q.min_price = 150000;
    q.max_price = 250000;
    check_found(found(a, q), "kopi stand");
    CHECK_KIND(run(pg, &sell_some), ERR_NONE);
    q = all();
    q.sort_by = "popularity";
    check_found(found(a, q), "stand shoes kopi");
}

static void pages_know_the_total(struct arena *a)
{
    struct product_query q = all();
    struct product_page page;

    fill(a);
    q.limit = 2;
    CHECK_KIND(product_store_list(pg, a, &q, &page), ERR_NONE);
    CHECK(page.n == 2 && page.total == 3);
    q.page = 2;
    CHECK_KIND(product_store_list(pg, a, &q, &page), ERR_NONE);
    CHECK(page.n == 1 && page.total == 3);
    q.page = 9;
    CHECK_KIND(product_store_list(pg, a, &q, &page), ERR_NONE);
    CHECK(page.n == 0 && page.total == 3);
}

static struct err into_tree(struct arena *a, struct category *c)
{
    struct pg *tx;
    struct err e = pg_begin(pg, a, &tx);

    if (e.kind)
        return e;
    e = c->id ? category_store_update(tx, a, c) : category_store_insert(tx, a, c);
    if (!e.kind)
        return pg_commit(tx);
    pg_rollback(tx);
    return e;
}

static void the_tree_is_a_tree(struct arena *a)
{
    struct category top = {.name = "Electronics", .slug = "electronics"};
    struct category below = {.name = "Audio", .slug = "audio"}, lost = {.name = "X", .slug = "x"};
    struct product_query q = all();
    struct category deep = {0};
    struct pg *tx;

    fill(a);
    CHECK_KIND(into_tree(a, &top), ERR_NONE);
    below.parent_id = top.id;
    CHECK_KIND(into_tree(a, &below), ERR_NONE);
    lost.parent_id = 999;
    CHECK_KIND(into_tree(a, &lost), ERR_INVALID);
    top.parent_id = below.id;
    CHECK_KIND(into_tree(a, &top), ERR_CONFLICT); /* a ring */
    CHECK_KIND(pg_begin(pg, a, &tx), ERR_NONE);
    CHECK_KIND(product_store_set_categories(tx, a, 2, &below.id, 1), ERR_NONE);
    CHECK_KIND(pg_commit(tx), ERR_NONE);
    q.category_id = top.id;
    check_found(found(a, q), "stand"); /* by the category above its own */
    CHECK_KIND(category_store_delete(pg, a, top.id), ERR_CONFLICT);
    CHECK_KIND(category_store_delete(pg, a, below.id), ERR_NONE);
    CHECK_KIND(category_store_delete(pg, a, below.id), ERR_NOT_FOUND);
    for (int i = 0; i < 12; i++) {
        struct category next = {.name = "n", .parent_id = deep.id};

        next.slug = arena_printf(a, "deep-%d", i);
        CHECK_KIND(into_tree(a, &next), i < 9 ? ERR_NONE : ERR_CONFLICT);
        if (i < 9)
            deep = next;
    }
}

static void slugs_are_taken_until_removed(struct arena *a)
{
    struct product again = shelf[0];
    struct product p;
    struct pg *tx;
    int64_t version;

    fill(a);
    again.currency = "IDR";
    again.image_urls = "[]";
    CHECK_KIND(pg_begin(pg, a, &tx), ERR_NONE);
    CHECK_KIND(product_store_insert(tx, a, &again), ERR_CONFLICT);
    pg_rollback(tx);
    CHECK_KIND(pg_begin(pg, a, &tx), ERR_NONE);
    CHECK_KIND(product_store_remove(tx, a, 1, &version), ERR_NONE);
    CHECK(version == 2);
    CHECK_KIND(product_store_insert(tx, a, &again), ERR_NONE);
    CHECK_KIND(pg_commit(tx), ERR_NONE);
    CHECK_KIND(product_store_find(pg, a, 1, &p), ERR_NOT_FOUND);
    CHECK_KIND(product_store_find_slug(pg, a, "kopi", &p), ERR_NONE);
    CHECK(p.id == again.id);
}

static void stale_changes_are_refused(struct arena *a)
{
    struct product p;
    struct pg *tx;

    fill(a);
    CHECK_KIND(product_store_find(pg, a, 1, &p), ERR_NONE);
    p.price_minor = 5;
    CHECK_KIND(pg_begin(pg, a, &tx), ERR_NONE);
    CHECK_KIND(product_store_update(tx, a, &p), ERR_NONE);
    CHECK_KIND(product_store_update(tx, a, &p), ERR_CONFLICT);
    CHECK_KIND(pg_commit(tx), ERR_NONE);
    CHECK_KIND(product_store_find(pg, a, 1, &p), ERR_NONE);
    CHECK(p.version == 2 && p.price_minor == 5);
}

#define STORY(name)                                                                                \
    static void test_##name(void **state)                                                          \
    {                                                                                              \
        (void)state;                                                                               \
        tell(name);                                                                                \
    }

STORY(searching)
STORY(filters_and_order)
STORY(pages_know_the_total)
STORY(the_tree_is_a_tree)
STORY(slugs_are_taken_until_removed)
STORY(stale_changes_are_refused)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_searching),
        cmocka_unit_test(test_filters_and_order),
        cmocka_unit_test(test_pages_know_the_total),
        cmocka_unit_test(test_the_tree_is_a_tree),
        cmocka_unit_test(test_slugs_are_taken_until_removed),
        cmocka_unit_test(test_stale_changes_are_refused),
    };

    story_begin();
    return cmocka_run_group_tests(tests, start_clean, NULL);
}
