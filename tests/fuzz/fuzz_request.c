/* fuzz_request.c - a request as httpd hands it on: "POST /path?query", headers, an empty line, the
 * body. What a handler sees is as app.h promises, and every request has one answer, whose headers
 * are plain and whose problem is JSON. */
#include "fuzz.h"

#include <strings.h>

#include "app/private.h"
#include "base/clock.h"
#include "loop/task.h"

#define SECRET "a secret of the fuzzer, 32 bytes and more"
#define MAX_HEADERS 8

static struct err look(struct request *req);
static struct err page(struct request *req);

static const struct route routes[] = {
    {"GET", "/api/v1/things", AUTH_NONE, page},
    {"POST", "/api/v1/things", AUTH_USER, look},
    {"GET", "/api/v1/things/:id", AUTH_OPTIONAL, look},
    {"PATCH", "/api/v1/things/:id/parts/:part", AUTH_ADMIN, look},
    {"GET", "/api/v1/things/mine", AUTH_USER, look},
    {"PUT", "/internal/things/:id", AUTH_INTERNAL, look},
    {NULL, NULL, AUTH_NONE, NULL},
};
#define N_ROUTES (sizeof routes / sizeof *routes - 1)

static struct {
    struct app app;
    struct app_private private;
    struct metric *metrics[(N_ROUTES + 1) * 6];
    const char *names[MAX_HEADERS], *values[MAX_HEADERS];
    size_t n_headers;
    int n_answers;
} world;

/* ---- in httpd's place ---- */

const char *http_header(const struct http_request *req, const char *name)
{
    (void)req;
    for (size_t i = 0; i < world.n_headers; i++)
        if (strcasecmp(world.names[i], name) == 0)
            return world.values[i];
    return NULL;
}

int httpd_n_pending(const struct httpd *h)
{
    (void)h;
    return 1;
}

static bool is_plain(const char *s)
{
    for (; *s; s++)
        if (*s < 0x20 || *s > 0x7e)
            return false;
    return true;
}

void http_reply(struct http_request *req, int status, const struct http_header *headers,
                const char *body, size_t n_body)
{
    struct arena *a = arena_new();
    json_t *root;

    (void)req;
    world.n_answers++;
    assert_in_range(status, 200, 599);
    for (; headers && headers->name; headers++)
        assert(is_plain(headers->name) && is_plain(headers->value));
    if (body && status >= 400)
        assert(!json_read(a, body, n_body, &root).kind);
    arena_free(a);
    if (task_self()) /* else it was answered without a task, and no loop turns */
        loop_stop(world.app.loop);
}

/* ---- in a domain's place ---- */

static struct err look(struct request *req)
{
    const char *id = req_param(req, "id"), *key = req->idempotency_key;
    int64_t number;

    assert(!id || (*id && !strchr(id, '/')));
    assert(!req->body || json_is_object(req->body));
    if (key) {
        assert_is_text(key, 1, 255);
        assert(is_plain(key) && !strchr(key, ' ') && strlen(req->body_hash) == 64);
    }
    if (id && !req_param_i64(req, "id", &number).kind)
        assert_in_range(number, 1, INT64_MAX);
    assert(is_plain(req->correlation_id) && strlen(req->traceparent) == TRACEPARENT_SIZE - 1);
    (void)form_text(&req->form, "name", FORM_REQUIRED, 1, 20);
    return req_check(req).kind ? req_check(req) : reply_message(req, 200, "seen");
}

static struct err page(struct request *req)
{
    const char *search = req_query(req, "search");

    assert_in_range(req_query_i64(req, "limit", 20, 1, 100), 1, 100);
    assert(!search || strlen(search) <= strlen(req->http->query));
    assert(!req->idempotency_key && !req->body);
    return req_check(req).kind ? req_check(req) : reply_message(req, 200, "seen");
}

/* ---- one request ---- */

static void world_begin(struct arena *a)
{
    if (!world.app.loop)
        world.app.loop = loop_new();
    world.private = (struct app_private){.started = true,
                                         .router = router_new(a, routes),
                                         .n_routes = N_ROUTES,
                                         .route_metrics = world.metrics};
    world.app.private = &world.private;
    world.app.jwt_secret = SECRET;
    world.app.internal_secret = "internal";
    world.n_headers = 0;
    world.n_answers = 0;
}

/* Whoever writes "Bearer admin" or "Bearer user" has a token of that role. */
static const char *with_token(struct arena *a, const char *value)
{
    struct claims c = {1, "s@example.com", "sari", "user", "", 0, 0};

    if (strcmp(value, "Bearer admin") == 0)
        c.role = "admin";
    else if (strcmp(value, "Bearer user") != 0)
        return value;
    c.issued_us = clock_now_us() / US_PER_S * US_PER_S;
    c.expires_us = c.issued_us + 60 * US_PER_S;
    return arena_printf(a, "Bearer %s", token_sign(a, SECRET, &c));
}

static void read_headers(struct arena *a, struct input *in)
{
    const char *line = input_line(a, in);

    for (; *line && world.n_headers < MAX_HEADERS; line = input_line(a, in)) {
        const char *colon = strchr(line, ':');
        size_t i = world.n_headers;

        if (!colon)
            continue;
        world.names[i] = arena_strndup(a, line, (size_t)(colon - line));
        world.values[i] = with_token(a, colon + 1 + strspn(colon + 1, " "));
        world.n_headers++;
    }
}

static void read_request(struct arena *a, struct input *in, struct http_request *out)
{
    const char *line = input_line(a, in);
    const char *path = strchr(line, ' '), *query = path ? strchr(path, '?') : NULL;
    size_t n_path = !path ? 0 : query ? (size_t)(query - path - 1) : strlen(path + 1);

    read_headers(a, in);
    *out = (struct http_request){
        .method = arena_strndup(a, line, path ? (size_t)(path - line) : strlen(line)),
        .path = arena_printf(a, "/%s",
                             path ? arena_strndup(a, path + 1, n_path) + (path[1] == '/') : ""),
        .query = query ? query + 1 : "",
        .body = arena_strndup(a, in->p, in->n),
        .n_body = in->n,
        .remote = "127.0.0.1",
    };
}

void fuzz_try(struct arena *a, struct input in)
{
    struct http_request http;

    world_begin(a);
    read_request(a, &in, &http);
    if (strcmp(http.path, "/readyz") == 0 || strcmp(http.path, "/metrics") == 0)
        return; /* of the process, whatever was asked */
    request_serve(&http, &world.app);
    if (!world.n_answers)
        loop_run(world.app.loop);
    assert(world.n_answers == 1);
}
