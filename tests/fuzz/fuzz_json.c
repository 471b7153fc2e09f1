/* fuzz_json.c - any bytes: read, put through a form, written, and read again to the same. */
#include "fuzz.h"

static void read_items(struct form *f)
{
    json_t *items = form_array(f, "items", FORM_REQUIRED, 1, 100);
    size_t i;
    json_t *item;

    json_array_foreach(items, i, item)
    {
        struct form line;

        form_child(&line, f, item, "items", (int)i);
        form_i64(&line, "product_id", 1, INT64_MAX);
        form_i64_or(&line, "quantity", 1, 1, 999);
    }
}

static void read_form(struct arena *a, json_t *root)
{
    struct form f, address;
    const char *text;

    form_init(&f, a, root);
    text = form_text(&f, "name", FORM_REQUIRED, 3, 64);
    assert(!text || strlen(text) >= 3);
    form_text(&f, "note", FORM_OPTIONAL, 0, 1000);
    form_bool_or(&f, "flag", false);
    form_id(&f, "id", FORM_OPTIONAL);
    form_time(&f, "time", FORM_OPTIONAL);
    form_child(&address, &f, form_object(&f, "address", FORM_REQUIRED), "address", -1);
    form_text(&address, "city", FORM_REQUIRED, 1, 10);
    read_items(&f);
    assert(!form_check(&f).kind == !*form_reason(&f));
}

void fuzz_try(struct arena *a, struct input in)
{
    json_t *root;

    if (json_read(a, in.p, in.n, &root).kind)
        return;
    read_form(a, root);
    assert(json_equal(root, read_again(a, json_text(a, json_incref(root)))));
}
