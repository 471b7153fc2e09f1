/* httpd_peer.c - who is connected: counted, bounded, and not for ever.
 *
 * evhttp's own timeout starts again with every byte, so a client that dribbles could stay for good.
 * The sweep bounds the time from one answer to the next. */
#include <assert.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/http_struct.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/log.h"
#include "wrap/httpd_private.h"

static void link_peer(struct peer **list, struct peer *p)
{
    p->newer = NULL;
    p->older = *list;
    if (p->older)
        p->older->newer = p;
    *list = p;
}

static void unlink_peer(struct peer **list, struct peer *p)
{
    if (p->newer)
        p->newer->older = p->older;
    else
        *list = p->older;
    if (p->older)
        p->older->newer = p->newer;
}

/* evhttp asks us for the stream of each connection it accepts: the only word we get of it. */
static struct bufferevent *on_accept(struct event_base *base, void *arg)
{
    struct httpd *h = arg;
    struct peer *p = calloc(1, sizeof *p);

    if (!p)
        abort();
    p->httpd = h;
    p->fd = -1;
    p->quiet_since_mono_us = clock_mono_us();
    p->stream = bufferevent_socket_new(base, -1, BEV_OPT_CLOSE_ON_FREE);
    if (!p->stream)
        abort();
    httpd_watch_errors(h, bufferevent_get_output(p->stream));
    if (h->unadopted_last)
        h->unadopted_last->newer = p;
    else
        h->unadopted = p;
    h->unadopted_last = p;
    event_active(h->adopt, EV_TIMEOUT, 0);
    return p->stream;
}

/* evhttp frees the connection after this, but not a request that is ours. */
static void on_close(struct evhttp_connection *connection, void *arg)
{
    struct peer *p = arg;
    struct httpd *h = p->httpd;

    (void)connection;
    if (p->exchange)
        p->exchange->peer = NULL;
    h->by_fd[p->fd] = NULL;
    h->n_peers--;
    unlink_peer(&h->peers, p);
    if (p->is_writing)
        httpd_count_off(h);
    free(p);
}

static void remember_fd(struct httpd *h, struct peer *p)
{
    if (p->fd >= h->n_by_fd) {
        int n = (p->fd + 64) & ~63;
        struct peer **grown;

        n = n > p->fd ? n : p->fd + 1;
        grown = realloc(h->by_fd, (size_t)n * sizeof(struct peer *));
        if (!grown)
            abort();
        memset(grown + h->n_by_fd, 0, (size_t)(n - h->n_by_fd) * sizeof(struct peer *));
        h->by_fd = grown;
        h->n_by_fd = n;
    }
    h->by_fd[p->fd] = p;
}

static void adopt(struct httpd *h, struct peer *p)
{
    int on = 1;
    void *connection = NULL;

    bufferevent_getcb(p->stream, NULL, NULL, NULL, &connection);
    assert(connection);
    p->connection = connection;
    p->fd = bufferevent_getfd(p->stream);
    link_peer(&h->peers, p);
    h->n_peers++;
    remember_fd(h, p);
    evhttp_connection_set_closecb(p->connection, on_close, p);
    setsockopt(p->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on); /* fails on unix sockets: fine */
    if (h->n_peers > h->cfg.max_connections) {
        log_warn("httpd.too_many_connections", kv_i64("limit", h->cfg.max_connections));
        evhttp_connection_free(p->connection);
    }
}

static void on_adopt(evutil_socket_t fd, short what, void *arg)
{
    struct httpd *h = arg;

    (void)fd;
    (void)what;
    while (h->unadopted) {
        struct peer *p = h->unadopted;

        h->unadopted = p->newer;
        if (!h->unadopted)
            h->unadopted_last = NULL;
        adopt(h, p);
    }
}

static void on_sweep(evutil_socket_t fd, short what, void *arg)
{
    struct httpd *h = arg;
    int64_t oldest_mono_us = clock_mono_us() - 2 * US_PER_S * h->cfg.timeout_s;
    struct peer *older;

    (void)fd;
    (void)what;
    for (struct peer *p = h->peers; p; p = older) {
        older = p->older;
        if (!p->exchange && p->quiet_since_mono_us < oldest_mono_us)
            evhttp_connection_free(p->connection);
    }
}

void httpd_peers_init(struct httpd *h)
{
    struct event_base *base = loop_base(h->loop);
    struct timeval every = {.tv_sec = (h->cfg.timeout_s + 1) / 2};

    h->adopt = event_new(base, -1, 0, on_adopt, h);
    h->sweep = event_new(base, -1, EV_PERSIST, on_sweep, h);
    if (!h->adopt || !h->sweep || event_add(h->sweep, &every))
        abort();
    evhttp_set_bevcb(h->evhttp, on_accept, h);
}

/* Before evhttp is freed, which closes the connections. */
void httpd_peers_release(struct httpd *h)
{
    on_adopt(-1, 0, h);
    while (h->peers)
        evhttp_connection_free(h->peers->connection);
    event_free(h->adopt);
    event_free(h->sweep);
    free(h->by_fd);
}

struct peer *httpd_peer_of(struct httpd *h, struct evhttp_request *request)
{
    struct bufferevent *stream = evhttp_connection_get_bufferevent(request->evcon);
    int fd = bufferevent_getfd(stream);

    assert(fd >= 0 && fd < h->n_by_fd && h->by_fd[fd]);
    return h->by_fd[fd];
}
