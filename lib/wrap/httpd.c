/* httpd.c - requests in, answers out. */
#include "wrap/httpd.h"

#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/http_struct.h>
#include <event2/keyvalq_struct.h>
#include <event2/listener.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/resource.h>

#include "base/clock.h"
#include "wrap/httpd_private.h"

#define MAX_BODY_BYTES ((size_t)64 * 1024)
#define MAX_HEADER_BYTES ((size_t)16 * 1024)
#define TIMEOUT_S 60
#define MAX_CONNECTIONS 1024
#define SPARE_FILES 128    /* for whatever else the process opens */
#define ALL_METHODS 0xffff /* those we do not know are answered by us, not by evhttp */

/* ---- requests ---- */

static const char *method_name(enum evhttp_cmd_type command)
{
    switch ((int)command) {
    case EVHTTP_REQ_GET:
    case EVHTTP_REQ_HEAD: /* the same answer, without its body */
        return "GET";
    case EVHTTP_REQ_POST:
        return "POST";
    case EVHTTP_REQ_PUT:
        return "PUT";
    case EVHTTP_REQ_PATCH:
        return "PATCH";
    case EVHTTP_REQ_DELETE:
        return "DELETE";
    case EVHTTP_REQ_OPTIONS:
        return "OPTIONS";
    default:
        return NULL;
    }
}

/* evhttp ignores a Transfer-Encoding other than "chunked", the body of a HEAD, and the second of
 * two lengths: what it took for the end of the request may not be the end. Such a request, and
 * whatever seems to follow it, is not to be believed. */
static bool is_framing_clear(struct evhttp_request *request)
{
    const struct evkeyval *header;
    int n_lengths = 0, n_encodings = 0;

    for (header = request->input_headers->tqh_first; header; header = header->next.tqe_next) {
        if (strpbrk(header->key, " \t"))
            return false;
        if (strcasecmp(header->key, "Content-Length") == 0) {
            n_lengths++;
            if (request->type == EVHTTP_REQ_HEAD && strcmp(header->value, "0") != 0)
                return false;
            if (header->value[strspn(header->value, "0123456789")])
                return false;
        } else if (strcasecmp(header->key, "Transfer-Encoding") == 0) {
            n_encodings++;
            if (request->type == EVHTTP_REQ_HEAD || strcasecmp(header->value, "chunked") != 0)
                return false;
        }
    }
    return n_lengths + n_encodings <= 1;
}

/* False for what is no path: nothing before the query, an escaped NUL, "*". */
static bool set_path(struct exchange *x)
{
    const struct evhttp_uri *uri = evhttp_request_get_evhttp_uri(x->request);
    const char *path = uri ? evhttp_uri_get_path(uri) : NULL;
    const char *query = uri ? evhttp_uri_get_query(uri) : NULL;
    size_t n;

    if (!path || path[0] != '/')
        return false;
    x->public.path = path;
    x->public.query = query ? query : "";
    if (!strchr(path, '%'))
        return true;
    x->decoded_path = evhttp_uridecode(path, 0, &n);
    if (!x->decoded_path)
        abort();
    x->public.path = x->decoded_path;
    return strlen(x->decoded_path) == n;
}

static void set_body(struct exchange *x)
{
    struct evbuffer *input = evhttp_request_get_input_buffer(x->request);

    x->public.body = "";
    x->public.n_body = evbuffer_get_length(input);
    if (!x->public.n_body)
        return;
    evbuffer_add(input, "", 1);
    x->public.body = (const char *)evbuffer_pullup(input, -1);
    if (!x->public.body)
        abort();
}

static bool is_unix(const struct httpd *h)
{
    return strncmp(h->cfg.listen, "unix:", 5) == 0;
}

static struct exchange *exchange_new(struct httpd *h, struct evhttp_request *request)
{
    struct exchange *x = calloc(1, sizeof *x);

    if (!x)
        abort();
    x->httpd = h;
    x->request = request;
    x->is_head = request->type == EVHTTP_REQ_HEAD;
    x->peer = httpd_peer_of(h, request);
    x->peer->exchange = x;
    x->public.native = x;
    x->public.remote = is_unix(h) ? "" : request->remote_host;
    h->n_pending++;
    evhttp_request_own(request); /* it outlives a connection that goes first */
    return x;
}

static void reply_problem(struct exchange *x, int status)
{
    static const struct http_header headers[] = {
        {"Content-Type", "application/problem+json"}, {"Connection", "close"}, {NULL, NULL}};
    char body[512];
    size_t n = http_problem(body, sizeof body, status);

    http_reply(&x->public, status, headers, body, n);
}

static void on_evhttp_request(struct evhttp_request *request, void *arg)
{
    struct httpd *h = arg;
    struct exchange *x = exchange_new(h, request);

    x->public.method = method_name(request->type);
    if (!is_framing_clear(request) || !set_path(x)) {
        reply_problem(x, 400);
        return;
    }
    if (!x->public.method) {
        reply_problem(x, 501);
        return;
    }
    set_body(x);
    h->on_request(&x->public, h->arg);
}

const char *http_header(const struct http_request *req, const char *name)
{
    const struct exchange *x = req->native;

    return evhttp_find_header(x->request->input_headers, name);
}

/* ---- replies ---- */

static void exchange_free(struct exchange *x)
{
    free(x->decoded_path);
    free(x);
}

/* Only now may the process end: what http_reply() was given is with the client's kernel. */
static void on_written(struct evhttp_request *request, void *arg)
{
    struct peer *p = arg;

    (void)request;
    p->is_writing = false;
    httpd_count_off(p->httpd);
}

static void add_headers(struct exchange *x, const struct http_header *headers)
{
    struct evkeyvalq *out = x->request->output_headers;

    for (; headers && headers->name; headers++)
        evhttp_add_header(out, headers->name, headers->value);
    if (!x->httpd->bound) /* draining */
        evhttp_add_header(out, "Connection", "close");
}

static void add_body(struct exchange *x, const char *body, size_t n_body)
{
    char length[24];

    if (!x->is_head) {
        evbuffer_add(x->request->output_buffer, body, n_body);
        return;
    }
    snprintf(length, sizeof length, "%zu", n_body);
    evhttp_add_header(x->request->output_headers, "Content-Length", length);
}

void http_reply(struct http_request *req, int status, const struct http_header *headers,
                const char *body, size_t n_body)
{
    struct exchange *x = req->native;
    struct httpd *h = x->httpd;

    if (!x->peer) { /* the client has gone */
        evhttp_request_free(x->request);
        exchange_free(x);
        httpd_count_off(h);
        return;
    }
    x->peer->exchange = NULL;
    x->peer->is_writing = true;
    x->peer->quiet_since_mono_us = clock_mono_us();
    add_headers(x, headers);
    if (body && n_body && status != 204 && status != 304)
        add_body(x, body, n_body);
    x->request->flags &= ~EVHTTP_USER_OWNED;
    evhttp_request_set_on_complete_cb(x->request, on_written, x->peer);
    h->is_replying = true;
    evhttp_send_reply(x->request, status, http_reason(status), NULL);
    h->is_replying = false;
    exchange_free(x);
}

/* ---- birth and death ---- */

/* Clients must not take the last file: the database that comes back would find none, and a waiting
 * connection that cannot be accepted keeps the loop turning. */
static int most_connections(int wanted)
{
    struct rlimit files;
    rlim_t most;

    if (getrlimit(RLIMIT_NOFILE, &files) != 0)
        return wanted;
    most = files.rlim_cur > 2 * SPARE_FILES ? files.rlim_cur - SPARE_FILES : files.rlim_cur / 2;
    return most < (rlim_t)wanted ? (int)most : wanted;
}

static void set_defaults(struct httpd_config *cfg)
{
    if (!cfg->max_body_bytes)
        cfg->max_body_bytes = MAX_BODY_BYTES;
    if (!cfg->max_header_bytes)
        cfg->max_header_bytes = MAX_HEADER_BYTES;
    if (cfg->timeout_s <= 0)
        cfg->timeout_s = TIMEOUT_S;
    if (cfg->max_connections <= 0)
        cfg->max_connections = MAX_CONNECTIONS;
    cfg->max_connections = most_connections(cfg->max_connections);
}

static struct evhttp *evhttp_of(struct httpd *h)
{
    struct evhttp *e = evhttp_new(loop_base(h->loop));

    if (!e)
        abort();
    evhttp_set_allowed_methods(e, ALL_METHODS);
    evhttp_set_default_content_type(e, NULL);
    evhttp_set_max_body_size(e, (ev_ssize_t)h->cfg.max_body_bytes);
    evhttp_set_max_headers_size(e, (ev_ssize_t)h->cfg.max_header_bytes);
    evhttp_set_timeout(e, h->cfg.timeout_s);
    /* Reads the rest of a body that is too large: closing on it would take our answer with it. */
    evhttp_set_flags(e, EVHTTP_SERVER_LINGERING_CLOSE);
    evhttp_set_gencb(e, on_evhttp_request, h);
    return e;
}

struct err httpd_new(struct loop *l, const struct httpd_config *cfg,
                     void (*on_request)(struct http_request *req, void *arg), void *arg,
                     struct httpd **out)
{
    struct evconnlistener *listener;
    struct err e = httpd_listener_new(loop_base(l), cfg->listen, &listener);
    struct httpd *h;

    *out = NULL;
    if (e.kind)
        return e;
    signal(SIGPIPE, SIG_IGN); /* libevent writes to clients that have gone */
    h = calloc(1, sizeof *h);
    if (!h)
        abort();
    *h = (struct httpd){.loop = l, .cfg = *cfg, .on_request = on_request, .arg = arg};
    set_defaults(&h->cfg);
    h->evhttp = evhttp_of(h);
    httpd_peers_init(h);
    h->bound = evhttp_bind_listener(h->evhttp, listener);
    if (!h->bound)
        abort();
    *out = h;
    return OK;
}

void httpd_drain(struct httpd *h)
{
    if (!h->bound)
        return;
    httpd_listener_remove_path(h->cfg.listen);
    evhttp_del_accept_socket(h->evhttp, h->bound);
    h->bound = NULL;
}

void httpd_count_off(struct httpd *h)
{
    if (--h->n_pending == 0 && h->is_freed)
        free(h);
}

int httpd_n_pending(const struct httpd *h)
{
    return h->n_pending;
}

void httpd_free(struct httpd *h)
{
    if (!h)
        return;
    httpd_drain(h);
    httpd_peers_release(h);
    evhttp_free(h->evhttp);
    h->is_freed = true;
    if (h->n_pending == 0)
        free(h);
}
