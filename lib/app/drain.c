/* drain.c - how the process ends: what is under way is finished, nothing new is begun, within ten
 * seconds. */
#include <event2/event.h>
#include <signal.h>
#include <unistd.h>

#include "app/private.h"
#include "base/clock.h"
#include "loop/task.h"

#define DRAIN_TIMEOUT_US (9 * US_PER_S) /* leaves a second of the ten for the rest */
#define LOOK_US (5 * US_PER_MS)

static struct event *signals[2];

static bool is_idle(const struct app *app)
{
    const struct app_private *p = app->private;

    return p->start_ended && (!p->httpd || httpd_n_pending(p->httpd) == 0) && wiring_is_idle(app);
}

/* A request may still tell events, and so may hearers and jobs: the relay is stopped last. */
static bool finish_work(struct app *app, int64_t deadline)
{
    while (!is_idle(app)) {
        if (clock_mono_us() >= deadline)
            return false;
        task_sleep(LOOK_US);
    }
    if (!app->private->relay)
        return true;
    relay_stop(app->private->relay);
    while (!relay_has_stopped(app->private->relay)) {
        if (clock_mono_us() >= deadline)
            return false;
        task_sleep(LOOK_US);
    }
    return true;
}

static void drain(void *arg)
{
    struct app *app = arg;
    int64_t began = clock_mono_us();

    if (app->private->httpd)
        httpd_drain(app->private->httpd);
    wiring_stop_hearing(app);
    app->private->is_drained = finish_work(app, began + DRAIN_TIMEOUT_US);
    log_info("app.stopped", kv_bool("clean", app->private->is_drained),
             kv_i64("us", clock_mono_us() - began));
    loop_stop(app->loop);
}

void drain_begin(struct app *app, int exit_code)
{
    if (app->private->draining)
        return;
    app->private->draining = true;
    app->private->exit_code = exit_code;
    log_info("app.stopping", kv_i64("exit_code", exit_code));
    task_spawn(app->loop, "drain", drain, app);
}

static void on_signal(evutil_socket_t number, short what, void *arg)
{
    struct app *app = arg;

    (void)number, (void)what;
    if (app->private->draining)
        _exit(1); /* asked twice: at once */
    drain_begin(app, 0);
}

void drain_on_signals(struct app *app)
{
    static const int numbers[] = {SIGTERM, SIGINT};

    (void)signal(SIGPIPE, SIG_IGN);
    for (size_t i = 0; i < 2; i++) {
        signals[i] = evsignal_new(loop_base(app->loop), numbers[i], on_signal, app);
        if (signals[i])
            event_add(signals[i], NULL);
    }
}

void drain_release(void)
{
    for (size_t i = 0; i < 2; i++)
        if (signals[i])
            event_free(signals[i]);
}
