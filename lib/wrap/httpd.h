/* httpd.h - an HTTP/1.1 server over evhttp: bounded, and safe when the client has gone. */
#ifndef PASAR_WRAP_HTTPD_H
#define PASAR_WRAP_HTTPD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "loop/loop.h"

struct httpd_config {
    const char *listen;      /* "127.0.0.1:8003" or "unix:/path"; borrowed */
    size_t max_body_bytes;   /* 64 KiB when 0; more is answered 413 by us */
    size_t max_header_bytes; /* 16 KiB when 0 */
    int timeout_s;           /* of reading, writing, and idle keep-alive; 60 when 0 */
    int max_connections; /* 1024 when 0; more, or more than files are left, are closed at once */
};

struct http_header {
    const char *name, *value;
};

/* A request being answered. All texts live until http_reply() returns. */
struct http_request {
    const char *method; /* "GET" */
    const char *path;   /* decoded, without the query; always starts with '/' */
    const char *query;  /* raw, "" for none */
    const char *body;   /* terminated; "" for none */
    size_t n_body;
    const char *remote; /* address of the peer, "" on a unix socket */
    void *native;       /* private */
};

struct httpd;

/* on_request is called outside tasks, for every complete request; http_reply() must follow exactly
 * once, then or later. Fails with ERR_UNAVAILABLE (address in use: logged with the address),
 * ERR_INVALID. */
struct err httpd_new(struct loop *l, const struct httpd_config *cfg,
                     void (*on_request)(struct http_request *req, void *arg), void *arg,
                     struct httpd **out) MUST_CHECK;
/* Takes no further connections; those open are answered with Connection: close. */
void httpd_drain(struct httpd *h);
int httpd_n_pending(const struct httpd *h); /* requests whose answers are not written yet */
void httpd_free(struct httpd *h);           /* NULL is fine */

/* By name without regard to case; NULL when absent. */
const char *http_header(const struct http_request *req, const char *name);
/* Decoded value of a query parameter, in the arena; NULL when absent. Bad escapes give NULL too. */
const char *http_query(const struct http_request *req, struct arena *a, const char *name);

/* Frees req. headers ended by a NULL name; may be NULL. A vanished client is no error. body may be
 * NULL. */
void http_reply(struct http_request *req, int status, const struct http_header *headers,
                const char *body, size_t n_body);

#endif
