/* client.h - the load's HTTP/1.1 client: one kept connection to nginx a task, and as little CPU as
 * can be. */
#ifndef PASAR_BENCH_CLIENT_H
#define PASAR_BENCH_CLIENT_H

#include <arpa/inet.h>
#include <errno.h>
#include <event2/event.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "loop/task.h"

#define CLIENT_TIMEOUT_US (15 * US_PER_S)

struct client {
    int port, fd; /* fd -1: not connected */
    struct task *task;
    struct event *readable;
    int64_t n_connects;
    size_t n;        /* bytes of the answer in text, terminated */
    char text[8192]; /* an answer fits, or is none we ask for */
};

static inline void client_wake(evutil_socket_t fd, short what, void *arg)
{
    struct client *c = arg;

    (void)fd;
    (void)what;
    task_wake(c->task);
}

static inline void client_close(struct client *c)
{
    if (c->fd < 0)
        return;
    event_free(c->readable);
    close(c->fd);
    c->fd = -1;
}

/* Blocks for the moment a loopback connection takes. */
static inline bool client_connect(struct client *c)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)c->port)};
    int one = 1;

    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (c->fd < 0 || connect(c->fd, (const struct sockaddr *)&to, sizeof to)) {
        perror("connect");
        if (c->fd >= 0)
            close(c->fd);
        c->fd = -1;
        return false;
    }
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    evutil_make_socket_nonblocking(c->fd);
    c->task = task_self();
    c->n_connects++;
    /* Edge-triggered and for good: one epoll_ctl in a connection's life. */
    c->readable =
        event_new(loop_base(task_loop()), c->fd, EV_READ | EV_PERSIST | EV_ET, client_wake, c);
    event_add(c->readable, NULL);
    return true;
}

/* The whole answer's length, once its head is there; 0 before. */
static inline size_t client_answer_length(const struct client *c)
{
    const char *end = strstr(c->text, "\r\n\r\n");
    const char *length = end ? strcasestr(c->text, "\r\nContent-Length:") : NULL;

    if (!end || !length || length > end)
        return 0;
    return (size_t)(end + 4 - c->text) + strtoul(length + 17, NULL, 10);
}

/* 1: answered; 0: the server had closed the kept connection; -1: broken, or no answer in time. */
static inline int client_receive(struct client *c)
{
    int64_t deadline_us = clock_mono_us() + CLIENT_TIMEOUT_US;

    c->n = 0;
    c->text[0] = '\0';
    for (;;) {
        ssize_t got = recv(c->fd, c->text + c->n, sizeof c->text - 1 - c->n, 0);
        size_t length;

        if (got == 0 || (got < 0 && errno == ECONNRESET))
            return c->n == 0 ? 0 : -1;
        if (got < 0 && errno != EAGAIN)
            return -1;
        if (got < 0 && task_wait(deadline_us).kind)
            return -1;
        if (got < 0)
            continue;
        c->n += (size_t)got;
        c->text[c->n] = '\0';
        length = client_answer_length(c);
        if (length && c->n >= length)
            return 1;
        if (c->n == sizeof c->text - 1)
            return -1;
    }
}

/* Sends a request and waits for its answer, which stays in c->text. The status; 0 when there is
 * none. A request that meets a connection just closed is sent again: it must bear a key if it
 * creates. */
static inline int client_call(struct client *c, const char *request, size_t n)
{
    for (int tries = 0; tries < 3; tries++) {
        int end;

        if (c->fd < 0 && !client_connect(c))
            return 0;
        /* A request is far smaller than a socket's buffer: all of it is taken at once. */
        end = send(c->fd, request, n, MSG_NOSIGNAL) == (ssize_t)n ? client_receive(c) : 0;
        if (end == 1)
            return (int)strtol(c->text + 9, NULL, 10); /* after "HTTP/1.1 " */
        client_close(c);
        if (end < 0)
            return 0;
    }
    return 0;
}

#endif
