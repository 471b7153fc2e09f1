/* http.c - reading the catalogue. */
#include "workers/product/http.h"

#include <string.h>

#include "workers/product/store.h"

#define SEARCH_MAX 200
#define IDS_MAX 100

static const struct {
    const char *name;
    bool descends; /* unless `order` says otherwise */
} sorts[] = {
    {"created_at", true}, {"price", false},    {"name", false},
    {"popularity", true}, {"relevance", true},
};
#define N_SORTS (sizeof sorts / sizeof *sorts)

static void read_sort(struct request *req, struct product_query *q)
{
    const char *by = req_query(req, "sort_by"), *order = req_query(req, "order");
    size_t i = 0;

    if (!by || !*by)
        by = q->search ? "relevance" : "created_at";
    while (i < N_SORTS && strcmp(sorts[i].name, by) != 0)
        i++;
    if (i == N_SORTS) {
        form_fail(&req->form, "sort_by",
                  "must be created_at, price, name, popularity or relevance");
        return;
    }
    q->sort_by = sorts[i].name;
    q->descending = sorts[i].descends;
    if (!order || !*order)
        return;
    if (strcmp(order, "asc") != 0 && strcmp(order, "desc") != 0)
        form_fail(&req->form, "order", "must be asc or desc");
    q->descending = strcmp(order, "desc") == 0;
}

static bool is_utf8(const char *text)
{
    json_t *value = json_string(text); /* refuses what is not */

    json_decref(value);
    return value != NULL;
}

static void read_search(struct request *req, struct product_query *q)
{
    const char *search = req_query(req, "search");

    if (!search || !*search)
        return;
    if (strlen(search) > SEARCH_MAX)
        form_fail(&req->form, "search", "must have at most 200 characters");
    else if (!is_utf8(search))
        form_fail(&req->form, "search", "must be UTF-8");
    q->search = search;
}

/* A form's empty field is none. */
static int64_t number(struct request *req, const char *name, int64_t fallback, int64_t min,
                      int64_t max)
{
    const char *text = req_query(req, name);

    return text && *text ? req_query_i64(req, name, fallback, min, max) : fallback;
}

static struct product_query read_query(struct request *req)
{
    struct product_query q = {.with_inactive = req->is_admin};

    q.page = number(req, "page", 1, 1, 1000000);
    q.limit = number(req, "limit", 10, 1, 100);
    q.category_id = number(req, "category_id", 0, 1, INT64_MAX);
    q.min_price = number(req, "min_price", 0, 0, INT64_MAX);
    q.max_price = number(req, "max_price", INT64_MAX, 0, INT64_MAX);
    read_search(req, &q);
    read_sort(req, &q);
    return q;
}

/* GET /api/v1/products. 200 and a page of the catalogue; an admin also sees what is not active. */
struct err http_list_products(struct request *req)
{
    struct product_query q = read_query(req);
    struct product_page page;
    json_t *products;
    struct err e = req_check(req);

    if (e.kind)
        return e;
    e = product_store_list(req->pg, req->arena, &q, &page);
    if (e.kind)
        return e;
    products = json_array();
    for (size_t i = 0; i < page.n; i++)
        json_array_append_new(products, product_json(req->arena, &page.products[i]));
    return reply_json(req, 200,
                      json_pack("{s:o, s:I, s:I, s:I, s:I}", "products", products, "total",
                                (json_int_t)page.total, "page", (json_int_t)q.page, "limit",
                                (json_int_t)q.limit, "total_pages",
                                (json_int_t)((page.total + q.limit - 1) / q.limit)));
}

static struct err find(struct request *req, const char *id_or_slug, struct product *out)
{
    int64_t id;

    if (!req_param_i64(req, "id", &id).kind)
        return product_store_find(req->pg, req->arena, id, out);
    if (strlen(id_or_slug) > SLUG_MAX || !slug_is_fit(id_or_slug))
        return ERR(ERR_NOT_FOUND, "no such product");
    return product_store_find_slug(req->pg, req->arena, id_or_slug, out);
}

/* GET /api/v1/products/:id, by id or slug. */
struct err http_show_product(struct request *req)
{
    struct product p;
    struct err e = find(req, req_param(req, "id"), &p);

    if (e.kind)
        return e;
    if (!p.active && !req->is_admin)
        return ERR(ERR_NOT_FOUND, "no such product");
    return reply_json(req, 200, json_pack("{s:o}", "product", product_json(req->arena, &p)));
}

/* "1,2,3": false for anything else. */
static bool read_ids(const char *text, int64_t *ids, size_t *n)
{
    *n = 0;
    while (text && *text && *n < IDS_MAX) {
        char *end;

        if (*text < '1' || *text > '9')
            return false;
        ids[(*n)++] = strtoll(text, &end, 10);
        if (*end != ',')
            return *end == '\0';
        text = end + 1;
    }
    return false;
}

/* GET /internal/products?ids=1,2: what can be had of them now. Unknown ones are left out. */
struct err http_brief_products(struct request *req)
{
    int64_t ids[IDS_MAX];
    struct product_page page;
    json_t *products;
    struct err e;
    size_t n;

    if (!read_ids(req_query(req, "ids"), ids, &n))
        return ERR(ERR_INVALID, "ids must be 1 to 100 numbers between commas");
    e = product_store_brief(req->pg, req->arena, ids, n, &page);
    if (e.kind)
        return e;
    products = json_array();
    for (size_t i = 0; i < page.n; i++) {
        const struct product *p = &page.products[i];

        json_array_append_new(
            products, json_pack("{s:I, s:I, s:I, s:s, s:b}", "id", (json_int_t)p->id, "available",
                                (json_int_t)p->on_hand, "price", (json_int_t)p->price_minor, "name",
                                p->name, "active", (int)p->active));
    }
    return reply_json(req, 200, json_pack("{s:o}", "products", products));
}
