/* fetch.c - one call: fit out a kept handle, wait, and say honestly how it went. */
#include "wrap/fetch.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "wrap/fetch_private.h"

#define TIMEOUT_US (30 * US_PER_S)
#define MAX_BYTES ((size_t)256 * 1024)
#define MAX_HEADER_BYTES ((size_t)64 * 1024)
#define MAX_IDLE 64
#define MAX_CONNECTION_AGE_S 50L /* below the 60 s after which servers close */
#define UNIX_PREFIX "unix:"

/* ---- what comes back ---- */

static size_t on_body(char *p, size_t size, size_t n, void *arg)
{
    struct transfer *t = arg;
    size_t n_bytes = size * n;

    if (n_bytes > t->max_bytes - t->body.n)
        return 0; /* ends the transfer */
    buf_add(&t->body, p, n_bytes);
    return n_bytes;
}

static size_t on_header(char *p, size_t size, size_t n, void *arg)
{
    struct transfer *t = arg;

    (void)p;
    t->n_header_bytes += size * n;
    return t->n_header_bytes > MAX_HEADER_BYTES ? 0 : size * n;
}

/* ---- handles ---- */

/* What is the same in all calls. */
static void set_constants(struct transfer *t)
{
    CURL *easy = t->easy;

    curl_easy_setopt(easy, CURLOPT_PRIVATE, t);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    /* Giving up would otherwise wait, blocking the loop, for the thread that looks up the name. */
    curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_PROXY, ""); /* none, whatever the environment says */
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(easy, CURLOPT_TCP_NODELAY, 1L);
    curl_easy_setopt(easy, CURLOPT_MAXAGE_CONN, MAX_CONNECTION_AGE_S);
    curl_easy_setopt(easy, CURLOPT_USERAGENT, "pasar");
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, t);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, t);
}

static struct transfer *transfer_take(struct fetch *f)
{
    struct transfer *t = f->idle;

    f->n_running++;
    if (t) {
        f->idle = t->next;
        f->n_idle--;
        return t;
    }
    t = calloc(1, sizeof *t);
    if (!t)
        abort();
    t->fetch = f;
    t->easy = curl_easy_init();
    if (!t->easy)
        abort();
    set_constants(t);
    return t;
}

static void transfer_free(struct transfer *t)
{
    curl_easy_cleanup(t->easy);
    curl_slist_free_all(t->headers);
    free(t);
}

static void release(struct fetch *f)
{
    while (f->idle) {
        struct transfer *t = f->idle;

        f->idle = t->next;
        transfer_free(t);
    }
    fetch_engine_release(f);
    free(f);
}

static void transfer_give(struct transfer *t)
{
    struct fetch *f = t->fetch;

    t->task = NULL;
    t->body = (struct buf){0};
    f->n_running--;
    if (f->n_idle >= MAX_IDLE) {
        transfer_free(t);
    } else {
        t->next = f->idle;
        f->idle = t;
        f->n_idle++;
    }
    if (f->is_freed && f->n_running == 0)
        release(f);
}

/* ---- fitting out ---- */

/* curl would wait for a "100 Continue", and guess at a type; a caller's own type still counts. */
static const char *const own_headers[] = {"Expect:", "Content-Type:", NULL};

static const struct curl_slist *skip_equal(const struct curl_slist *kept,
                                           const char *const *headers, bool *equal)
{
    for (; headers && *headers; headers++) {
        if (!kept || strcmp(kept->data, *headers) != 0) {
            *equal = false;
            return NULL;
        }
        kept = kept->next;
    }
    return kept;
}

static bool has_headers(const struct transfer *t, const char *const *headers)
{
    bool equal = true;
    const struct curl_slist *rest = skip_equal(t->headers, own_headers, &equal);

    rest = equal ? skip_equal(rest, headers, &equal) : NULL;
    return equal && !rest;
}

static void append_all(struct curl_slist **list, const char *const *headers)
{
    for (; headers && *headers; headers++) {
        *list = curl_slist_append(*list, *headers);
        if (!*list)
            abort();
    }
}

static void set_headers(struct transfer *t, const char *const *headers)
{
    if (has_headers(t, headers))
        return;
    curl_slist_free_all(t->headers);
    t->headers = NULL;
    append_all(&t->headers, own_headers);
    append_all(&t->headers, headers);
    curl_easy_setopt(t->easy, CURLOPT_HTTPHEADER, t->headers);
}

static void set_method(struct transfer *t, const struct fetch_request *req)
{
    CURL *easy = t->easy;
    const char *method = req->method;

    if (strcmp(method, "HEAD") == 0) {
        curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
        curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, NULL);
    } else if (req->body || strcmp(method, "POST") == 0) {
        curl_easy_setopt(easy, CURLOPT_POST, 1L);
        curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)req->n_body);
        curl_easy_setopt(easy, CURLOPT_POSTFIELDS, req->body ? req->body : "");
        curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, strcmp(method, "POST") == 0 ? NULL : method);
    } else {
        curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L);
        curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, strcmp(method, "GET") == 0 ? NULL : method);
    }
}

static void set_address(struct transfer *t, const struct fetch_request *req, struct arena *a)
{
    size_t n = strlen(UNIX_PREFIX);
    bool is_unix = strncmp(req->base, UNIX_PREFIX, n) == 0;
    const char *base = is_unix ? "http://localhost" : req->base;

    curl_easy_setopt(t->easy, CURLOPT_UNIX_SOCKET_PATH, is_unix ? req->base + n : NULL);
    curl_easy_setopt(t->easy, CURLOPT_URL, arena_printf(a, "%s%s", base, req->path));
}

static void fit_out(struct transfer *t, const struct fetch_request *req, struct arena *a)
{
    buf_init(&t->body, a);
    t->max_bytes = req->max_bytes ? req->max_bytes : MAX_BYTES;
    t->n_header_bytes = 0;
    t->is_finished = false;
    t->code = CURLE_OK;
    set_address(t, req, a);
    set_method(t, req);
    set_headers(t, req->headers);
}

/* ---- the call ---- */

/* At most one line a second: a neighbour that is down fails every call. */
static void tell(struct fetch *f, const struct fetch_request *req, const char *reason)
{
    int64_t now_mono_us = clock_mono_us();

    if (f->told_mono_us && now_mono_us - f->told_mono_us < US_PER_S)
        return;
    f->told_mono_us = now_mono_us;
    log_warn("fetch.failed", kv_text("method", req->method), kv_text("base", req->base),
             kv_text("reason", reason));
}

/* Nothing of the request left: nothing can have happened. Otherwise nobody knows. */
static struct err judge(const struct transfer *t, const struct fetch_request *req)
{
    long n_sent = 0;

    if (t->is_finished && t->code == CURLE_OK)
        return OK;
    tell(t->fetch, req, t->is_finished ? curl_easy_strerror(t->code) : "no answer in time");
    curl_easy_getinfo(t->easy, CURLINFO_REQUEST_SIZE, &n_sent);
    if (n_sent > 0)
        return ERR(ERR_TIMEOUT, "fetch: no whole answer");
    if (t->code == CURLE_URL_MALFORMAT || t->code == CURLE_UNSUPPORTED_PROTOCOL)
        return ERR(ERR_BUG, "fetch: bad address");
    return ERR(ERR_UNAVAILABLE, "fetch: cannot connect");
}

static void await(struct transfer *t, int64_t deadline_mono_us)
{
    while (!t->is_finished) {
        struct err e = task_wait(deadline_mono_us);

        if (e.kind && !t->is_finished) {
            curl_multi_remove_handle(t->fetch->multi, t->easy);
            return;
        }
    }
}

struct err fetch_call(struct fetch *f, const struct fetch_request *req, struct arena *a,
                      struct fetch_response *out)
{
    int64_t timeout_us = req->timeout_us > 0 ? req->timeout_us : TIMEOUT_US;
    int64_t now_mono_us = clock_mono_us();
    struct transfer *t;
    struct err e;
    long status = 0;

    *out = (struct fetch_response){.body = ""};
    if (f->is_freed || task_deadline() <= now_mono_us)
        return ERR(ERR_UNAVAILABLE, "fetch: no time left");
    t = transfer_take(f);
    fit_out(t, req, a);
    t->task = task_self();
    if (curl_multi_add_handle(f->multi, t->easy))
        abort(); /* out of memory */
    await(t, now_mono_us + timeout_us);
    e = judge(t, req);
    curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
    if (!e.kind)
        *out = (struct fetch_response){
            .status = (int)status, .body = t->body.n ? t->body.data : "", .n_body = t->body.n};
    transfer_give(t);
    return e;
}

struct fetch *fetch_new(struct loop *l)
{
    struct fetch *f = calloc(1, sizeof *f);

    if (!f)
        abort();
    f->loop = l;
    fetch_engine_init(f);
    return f;
}

void fetch_free(struct fetch *f)
{
    if (!f)
        return;
    f->is_freed = true;
    if (f->n_running == 0)
        release(f);
}
