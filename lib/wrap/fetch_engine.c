/* fetch_engine.c - curl's multi interface on our loop: it says what to wait for, we say what came.
 */
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "wrap/fetch_private.h"

#define MAX_KEPT_CONNECTIONS 128L

/* curl_multi_remove_handle() here, not in the task: closing TLS wants the large stack. */
static void reap(struct fetch *f)
{
    CURLMsg *message;
    int n_left;

    while ((message = curl_multi_info_read(f->multi, &n_left))) {
        CURLcode code = message->data.result;
        CURL *easy = message->easy_handle;
        struct transfer *t = NULL;

        if (message->msg != CURLMSG_DONE)
            continue;
        curl_easy_getinfo(easy, CURLINFO_PRIVATE, (char **)&t);
        curl_multi_remove_handle(f->multi, easy); /* ends *message */
        t->code = code;
        t->is_finished = true;
        task_wake(t->task);
    }
}

static void act(struct fetch *f, curl_socket_t socket, int what)
{
    int n_running;

    curl_multi_socket_action(f->multi, socket, what, &n_running);
    reap(f);
}

static void on_event(evutil_socket_t fd, short what, void *arg)
{
    int came = 0;

    if (what & EV_READ)
        came |= CURL_CSELECT_IN;
    if (what & EV_WRITE)
        came |= CURL_CSELECT_OUT;
    act(arg, fd, came);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    act(arg, CURL_SOCKET_TIMEOUT, 0);
}

static struct event *socket_event(struct fetch *f, curl_socket_t fd)
{
    struct event **grown;
    int n = (fd + 64) & ~63;

    if (fd >= f->n_sockets) {
        n = n > fd ? n : fd + 1;
        grown = realloc(f->sockets, (size_t)n * sizeof(struct event *));
        if (!grown)
            abort();
        memset(grown + f->n_sockets, 0, (size_t)(n - f->n_sockets) * sizeof(struct event *));
        f->sockets = grown;
        f->n_sockets = n;
    }
    if (!f->sockets[fd])
        f->sockets[fd] = event_new(loop_base(f->loop), fd, 0, on_event, f);
    if (!f->sockets[fd])
        abort();
    return f->sockets[fd];
}

static int on_curl_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *socket_arg)
{
    struct fetch *f = arg;
    struct event *ev = socket_event(f, fd);
    short wanted = EV_PERSIST;

    (void)easy;
    (void)socket_arg;
    event_del(ev);
    if (what == CURL_POLL_REMOVE)
        return 0;
    if (what & CURL_POLL_IN)
        wanted |= EV_READ;
    if (what & CURL_POLL_OUT)
        wanted |= EV_WRITE;
    event_assign(ev, loop_base(f->loop), fd, wanted, on_event, f);
    event_add(ev, NULL);
    return 0;
}

static int on_curl_timer(CURLM *multi, long after_ms, void *arg)
{
    struct fetch *f = arg;
    struct timeval after = {.tv_sec = after_ms / 1000,
                            .tv_usec = (suseconds_t)(after_ms % 1000 * 1000)};

    (void)multi;
    if (after_ms < 0)
        event_del(f->timer);
    else if (after_ms == 0)
        event_active(f->timer, EV_TIMEOUT, 0); /* never from here: curl is not reentrant */
    else
        event_add(f->timer, &after);
    return 0;
}

void fetch_engine_init(struct fetch *f)
{
    if (curl_global_init(CURL_GLOBAL_DEFAULT))
        abort();
    f->multi = curl_multi_init();
    f->timer = event_new(loop_base(f->loop), -1, 0, on_timer, f);
    if (!f->multi || !f->timer)
        abort();
    curl_multi_setopt(f->multi, CURLMOPT_SOCKETFUNCTION, on_curl_socket);
    curl_multi_setopt(f->multi, CURLMOPT_SOCKETDATA, f);
    curl_multi_setopt(f->multi, CURLMOPT_TIMERFUNCTION, on_curl_timer);
    curl_multi_setopt(f->multi, CURLMOPT_TIMERDATA, f);
    curl_multi_setopt(f->multi, CURLMOPT_MAXCONNECTS, MAX_KEPT_CONNECTIONS);
}

void fetch_engine_release(struct fetch *f)
{
    curl_multi_cleanup(f->multi); /* closes what is kept: may still call on_curl_socket() */
    event_free(f->timer);
    for (int fd = 0; fd < f->n_sockets; fd++)
        if (f->sockets[fd])
            event_free(f->sockets[fd]);
    free(f->sockets);
    curl_global_cleanup();
}
