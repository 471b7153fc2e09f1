/* httpd_private.h - between the httpd*.c files. For no one else. */
#ifndef PASAR_WRAP_HTTPD_PRIVATE_H
#define PASAR_WRAP_HTTPD_PRIVATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wrap/httpd.h"

struct bufferevent;
struct evbuffer;
struct evconnlistener;
struct event;
struct event_base;
struct evhttp;
struct evhttp_bound_socket;
struct evhttp_connection;
struct evhttp_request;

/* An accepted connection. evhttp owns the real one and tells us when it goes. */
struct peer {
    struct httpd *httpd;
    struct peer *older, *newer;
    struct bufferevent *stream;
    struct evhttp_connection *connection; /* NULL until adopted */
    struct exchange *exchange;            /* being answered, or NULL */
    bool is_writing;                      /* the answer to it */
    int fd;
    int64_t quiet_since_mono_us; /* accepted, or last answered */
};

/* A request being answered. */
struct exchange {
    struct http_request public; /* first: http_reply() gets its address */
    struct httpd *httpd;
    struct peer *peer; /* NULL once the connection has gone */
    struct evhttp_request *request;
    char *decoded_path; /* ours, or NULL when nothing was escaped */
    bool is_head;
};

struct httpd {
    struct loop *loop;
    struct httpd_config cfg;
    void (*on_request)(struct http_request *req, void *arg);
    void *arg;
    struct evhttp *evhttp;
    struct evhttp_bound_socket *bound; /* NULL once draining */
    struct event *adopt;               /* made active by an accept, runs before the next wait */
    struct event *sweep;
    struct peer *peers;                      /* newest first */
    struct peer *unadopted, *unadopted_last; /* oldest first */
    struct peer **by_fd;
    int n_by_fd;
    int n_peers;
    int n_pending;    /* requests whose answers are not written */
    bool is_freed;    /* but requests are still being answered: the last one frees it */
    bool is_replying; /* what is written now is ours, not evhttp's own error page */
};

void httpd_count_off(struct httpd *h); /* one request less; the last one of a freed h frees it */

/* ---- httpd_listen.c ---- */
struct err httpd_listener_new(struct event_base *base, const char *listen,
                              struct evconnlistener **out) MUST_CHECK;
void httpd_listener_remove_path(const char *listen);

/* ---- httpd_peer.c ---- */
void httpd_peers_init(struct httpd *h);
void httpd_peers_release(struct httpd *h);
struct peer *httpd_peer_of(struct httpd *h, struct evhttp_request *request);

/* ---- httpd_problem.c ---- */
const char *http_reason(int status);
size_t http_problem(char *out, size_t size, int status);
/* Watches what evhttp writes by itself and turns its HTML error pages into problems. */
void httpd_watch_errors(struct httpd *h, struct evbuffer *output);

#endif
