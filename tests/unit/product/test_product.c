/* test_product.c - slugs, the fields of products and categories, the tree. */
#include "workers/product/product.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static struct arena *a;

static int begin(void **state)
{
    (void)state;
    a = arena_new();
    return 0;
}

static int end(void **state)
{
    (void)state;
    arena_free(a);
    return 0;
}

static void test_slugs(void **state)
{
    static const struct {
        const char *name, *slug;
    } cases[] = {
        {"Kopi Gayo 250 g", "kopi-gayo-250-g"},
        {"  --Rp 1.000!! ", "rp-1-000"},
        {"1984", "no-1984"},
        {"Café au lait", "caf-au-lait"},
        {"咖啡", NULL},
        {"", NULL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *slug = slug_of(a, cases[i].name);

        if (!cases[i].slug)
            assert_null(slug);
        else
            assert_string_equal(slug, cases[i].slug);
        assert_true(!slug || slug_is_fit(slug));
    }
}

static void test_long_names_make_slugs_of_bounded_length(void **state)
{
    char name[300];
    const char *slug;

    (void)state;
    for (size_t i = 0; i < sizeof name; i++)
        name[i] = i % 2 ? ' ' : 'x';
    name[sizeof name - 1] = '\0';
    slug = slug_of(a, name);
    assert_in_range(strlen(slug), SLUG_MAX - 6, SLUG_MAX);
    assert_true(slug_is_fit(slug));
    memset(name, '9', sizeof name - 1);
    assert_true(strlen(slug_of(a, name)) <= SLUG_MAX);
}

static void test_unfit_slugs(void **state)
{
    static const char *const unfit[] = {"",     "12", "1-2", "-a", "a-",
                                        "a--b", "A",  "a b", "é",  "a/b"};

    (void)state;
    for (size_t i = 0; i < sizeof unfit / sizeof *unfit; i++)
        assert_false(slug_is_fit(unfit[i]));
}

static struct err read(const char *text, enum form_need need, struct product *p)
{
    struct form f;
    json_t *body;

    assert_int_equal(json_read(a, text, strlen(text), &body).kind, ERR_NONE);
    form_init(&f, a, body);
    product_read(&f, need, p);
    return form_check(&f);
}

static void test_a_new_product(void **state)
{
    struct product p = {.active = true};

    (void)state;
    assert_int_equal(read("{\"name\": \"Kopi\", \"price\": 150000}", FORM_REQUIRED, &p).kind, 0);
    assert_string_equal(p.slug, "kopi");
    assert_string_equal(p.description, "");
    assert_string_equal(p.image_urls, "[]");
    assert_string_equal(p.currency, "IDR");
    assert_int_equal(p.price_minor, 150000);
    assert_true(p.active);
}

static void test_absent_fields_stay(void **state)
{
    struct product p = {.name = "Kopi",
                        .slug = "kopi",
                        .description = "x",
                        .price_minor = 5,
                        .currency = "IDR",
                        .weight_grams = 250,
                        .image_urls = "[\"/a.png\"]",
                        .active = true};
    struct product before = p;

    (void)state;
    assert_int_equal(read("{\"price\": null}", FORM_OPTIONAL, &p).kind, 0);
    assert_false(product_differs(&before, &p));
    assert_string_equal(p.description, "x");
    assert_string_equal(p.image_urls, "[\"/a.png\"]");
    assert_int_equal(read("{\"name\": \"Teh\", \"active\": false}", FORM_OPTIONAL, &p).kind, 0);
    assert_true(product_differs(&before, &p));
    assert_string_equal(p.slug, "kopi"); /* addresses outlive names */
    assert_int_equal(p.price_minor, 5);
}

static void test_refused_fields(void **state)
{
    static const char *const refused[] = {
        "{\"name\": \"a\"}",
        "{\"price\": 5}",
        "{\"name\": \"\", \"price\": 5}",
        "{\"name\": \"a\", \"price\": 0}",
        "{\"name\": \"a\", \"price\": -5}",
        "{\"name\": \"a\", \"price\": \"5\"}",
        "{\"name\": \"a\", \"price\": 1.5}",
        "{\"name\": \"a\", \"price\": 9007199254740993}",
        "{\"name\": \"a\", \"price\": 5, \"currency\": \"USD\"}",
        "{\"name\": \"a\", \"price\": 5, \"slug\": \"7\"}",
        "{\"name\": \"a\", \"price\": 5, \"weight_grams\": -1}",
        "{\"name\": \"a\", \"price\": 5, \"active\": 1}",
        "{\"name\": \"a\", \"price\": 5, \"image_urls\": [\"javascript:alert(1)\"]}",
        "{\"name\": \"a\", \"price\": 5, \"image_urls\": [7]}",
    };

    (void)state;
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        struct product p = {.active = true};

        if (!read(refused[i], FORM_REQUIRED, &p).kind)
            fail_msg("accepted: %s", refused[i]);
    }
}

static void test_stock_is_free_and_held(void **state)
{
    const struct product p = {.name = "a",
                              .slug = "a",
                              .description = "",
                              .currency = "IDR",
                              .on_hand = 5,
                              .held = 2,
                              .sold = 9};
    json_t *json = json_keep(a, product_json(a, &p));

    (void)state;
    assert_int_equal(json_integer_value(json_object_get(json, "stock")), 7);
    assert_int_equal(json_integer_value(json_object_get(json, "available")), 5);
    assert_true(json_is_array(json_object_get(json, "categories")));
}

static void test_the_tree(void **state)
{
    /* in the order of names: a child may stand before its parent */
    const struct category flat[] = {
        {3, "Audio", "audio", 1}, {4, "Cables", "cables", 3}, {1, "Electronics", "electronics", 0}};
    json_t *tree = json_keep(a, category_tree_json(a, flat, 3)), *electronics, *audio;

    (void)state;
    assert_int_equal(json_array_size(tree), 1);
    electronics = json_array_get(tree, 0);
    audio = json_array_get(json_object_get(electronics, "children"), 0);
    assert_string_equal(json_string_value(json_object_get(audio, "name")), "Audio");
    assert_int_equal(json_array_size(json_object_get(audio, "children")), 1);
    assert_int_equal(json_array_size(json_keep(a, category_tree_json(a, flat, 0))), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_slugs, begin, end),
        cmocka_unit_test_setup_teardown(test_long_names_make_slugs_of_bounded_length, begin, end),
        cmocka_unit_test_setup_teardown(test_unfit_slugs, begin, end),
        cmocka_unit_test_setup_teardown(test_a_new_product, begin, end),
        cmocka_unit_test_setup_teardown(test_absent_fields_stay, begin, end),
        cmocka_unit_test_setup_teardown(test_refused_fields, begin, end),
        cmocka_unit_test_setup_teardown(test_stock_is_free_and_held, begin, end),
        cmocka_unit_test_setup_teardown(test_the_tree, begin, end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
