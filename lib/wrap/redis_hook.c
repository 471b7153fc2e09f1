/* redis_hook.c - hiredis' context on our loop.
 *
 * hiredis brings an adapter for libevent, but that one asks the kernel anew before every read and
 * write. Here reading stays asked for, and what the tasks of one turn said is written at its end.
 */
#include <event2/event.h>
#include <stdlib.h>

#include "base/clock.h"
#include "wrap/redis_private.h"

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
    struct redis *r = arg;

    (void)fd;
    (void)what;
    r->heard_mono_us = clock_mono_us();
    redisAsyncHandleRead(r->context);
}

static void write_out(struct redis *r)
{
    r->is_writing = true;
    redisAsyncHandleWrite(r->context);
    r->is_writing = false;
}

static void on_writable(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    write_out(arg);
}

static void flush(void *arg)
{
    struct redis *r = arg;

    r->is_flush_due = false;
    if (r->is_closed)
        redis_free(r);
    else if (r->context && r->context->c.flags & REDIS_CONNECTED)
        write_out(r);
}

void redis_flush_later(struct redis *r)
{
    if (r->is_flush_due)
        return;
    r->is_flush_due = true;
    loop_defer(r->loop, flush, r);
}

static void add_read(void *arg)
{
    struct redis *r = arg;

    if (!event_pending(r->readable, EV_READ, NULL))
        event_add(r->readable, NULL);
}

static void del_read(void *arg)
{
    struct redis *r = arg;

    event_del(r->readable);
}

/* The socket is nearly always writable: ask the kernel only when it is not, or not yet connected.
 */
static void add_write(void *arg)
{
    struct redis *r = arg;

    if (r->is_writing || !(r->context->c.flags & REDIS_CONNECTED))
        event_add(r->writable, NULL);
    else if (!event_pending(r->writable, EV_WRITE, NULL))
        redis_flush_later(r);
}

static void del_write(void *arg)
{
    struct redis *r = arg;

    event_del(r->writable);
}

static void cleanup(void *arg)
{
    struct redis *r = arg;

    event_free(r->readable);
    event_free(r->writable);
    r->readable = r->writable = NULL;
}

void redis_hook(struct redis *r)
{
    struct event_base *base = loop_base(r->loop);
    int fd = r->context->c.fd;

    r->readable = event_new(base, fd, EV_READ | EV_PERSIST, on_readable, r);
    r->writable = event_new(base, fd, EV_WRITE, on_writable, r);
    if (!r->readable || !r->writable)
        abort();
    r->context->ev.data = r;
    r->context->ev.addRead = add_read;
    r->context->ev.delRead = del_read;
    r->context->ev.addWrite = add_write;
    r->context->ev.delWrite = del_write;
    r->context->ev.cleanup = cleanup;
    redis_read_into(r, r->context->c.reader);
    add_read(r);
}
