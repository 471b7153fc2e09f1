/* fetch.h - HTTP calls for tasks, over libcurl's multi interface; connections are kept and reused.
 */
#ifndef PASAR_WRAP_FETCH_H
#define PASAR_WRAP_FETCH_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "loop/loop.h"

struct fetch_request {
    const char *method;         /* "GET" */
    const char *base;           /* "http://host:port", "https://…", or "unix:/path" */
    const char *path;           /* "/v2/x/status?a=b", escaped already */
    const char *const *headers; /* "Name: value" …, ended by NULL; may be NULL */
    const char *body;           /* may be NULL */
    size_t n_body;
    int64_t timeout_us; /* of the whole call; also bounded by the task's deadline */
    size_t max_bytes;   /* of the answer; 256 KiB when 0 */
};

struct fetch_response {
    int status;
    const char *body; /* terminated; in the arena */
    size_t n_body;
};

struct fetch;

struct fetch *fetch_new(struct loop *l);
void fetch_free(struct fetch *f); /* NULL is fine */

/* Any HTTP status is OK here. ERR_UNAVAILABLE: could not connect, nothing was sent. ERR_TIMEOUT:
 * sent, but no whole answer came (or it was too large): outcome unknown. Redirects are not
 * followed; TLS is verified. */
struct err fetch_call(struct fetch *f, const struct fetch_request *req, struct arena *a,
                      struct fetch_response *out) MUST_CHECK;

#endif
