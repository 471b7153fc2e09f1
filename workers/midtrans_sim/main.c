/* main.c - the Midtrans simulator: settings, and a loop round them. Never part of production. */
#include "base/env.h"
#include "base/log.h"
#include "loop/loop.h"
#include "workers/midtrans_sim/agenda.h"
#include "workers/midtrans_sim/deeds.h"
#include "workers/midtrans_sim/http.h"
#include "workers/midtrans_sim/journal.h"
#include "workers/midtrans_sim/notify.h"
#include "workers/midtrans_sim/pay.h"
#include "workers/midtrans_sim/sim.h"
#include "wrap/crypt.h"
#include "wrap/httpd.h"

#include <event2/event.h>
#include <signal.h>
#include <unistd.h>

enum { EXIT_OK = 0, EXIT_OTHER = 1, EXIT_USAGE = 64, EXIT_CANNOT = 69, EXIT_SETTINGS = 78 };

/* clang-format off */
static const struct env_row settings[] = {
    ENV_TEXT("SIM_LISTEN", struct sim_config, listen, "127.0.0.1:8009"),
    ENV_TEXT("SIM_PUBLIC_URL", struct sim_config, public_url, "http://127.0.0.1:8009"),
    ENV_TEXT("SIM_SERVER_KEY", struct sim_config, server_key, ""), /* empty: MIDTRANS_SERVER_KEY */
    ENV_TEXT("SIM_NOTIFICATION_URL", struct sim_config, notification_url, ""),
    ENV_TEXT("SIM_FINISH_URL", struct sim_config, finish_url, ""),
    ENV_TEXT("SIM_STATE", struct sim_config, state_path, ""),
    ENV_TEXT("SIM_ANSWER_STYLE", struct sim_config, style, "body"), /* body | http */
    ENV_TEXT("SIM_AUTOPAY", struct sim_config, autopay, ""), /* method:outcome */
    ENV_TEXT("LOG_LEVEL", struct sim_config, log_level, "info"),
    ENV_INT("SIM_NOTIFY_DELAY_MS", struct sim_config, delay_ms, "0", 0, 3600000),
    ENV_INT("SIM_NOTIFY_DUPLICATE", struct sim_config, duplicate, "0", 0, 20),
    ENV_INT("SIM_NOTIFY_SHUFFLE", struct sim_config, shuffle, "0", 0, 1),
    ENV_INT("SIM_NOTIFY_LOSE", struct sim_config, lose_percent, "0", 0, 100),
    ENV_BOOL("SIM_NOTIFY_PENDING", struct sim_config, tell_pending, "false"),
    ENV_INT("SIM_RETRY_SCALE", struct sim_config, retry_scale, "60", 1, 1000000),
    ENV_INT("SIM_DIRECT_REFUND_REFUSED", struct sim_config, direct_refused, "0", 0, 1),
    ENV_INT("SIM_KEEP", struct sim_config, keep, "200000", 100, 100000000),
    ENV_INT("SIM_SEED", struct sim_config, seed, "0", 0, INT64_MAX),
};
static const struct env_row shared[] = {
    ENV_TEXT("MIDTRANS_SERVER_KEY", struct sim_config, server_key, "SB-Mid-server-pasar-development"),
};
/* clang-format on */

static struct err read_settings(struct sim_config *cfg)
{
    struct err e = env_read(settings, sizeof settings / sizeof *settings, false, cfg);
    if (e.kind || *cfg->server_key)
        return e;
    return env_read(shared, 1, false, cfg);
}

static void stop(evutil_socket_t signal_number, short what, void *arg)
{
    (void)signal_number;
    (void)what;
    loop_stop(arg);
}

static int serve(struct sim *s, struct loop *l)
{
    struct event_base *base = loop_base(l);
    struct event *on_term = evsignal_new(base, SIGTERM, stop, l);
    struct event *on_int = evsignal_new(base, SIGINT, stop, l);
    struct httpd_config http = {.listen = s->cfg->listen};
    struct httpd *h;
    struct err e = httpd_new(l, &http, sim_answer, s, &h);

    if (e.kind)
        return e.kind == ERR_INVALID ? EXIT_SETTINGS : EXIT_CANNOT;
    event_add(on_term, NULL);
    event_add(on_int, NULL);
    deeds_resume(s);
    log_info("sim.ready", kv_text("listen", s->cfg->listen),
             kv_text("public_url", s->cfg->public_url));
    loop_run(l);
    httpd_free(h);
    event_free(on_term);
    event_free(on_int);
    return EXIT_OK;
}

int main(int argc, char **argv)
{
    struct sim_config cfg = {0};
    struct loop *l;
    static struct sim s; /* lives as long as the process: what it holds at the end is no leak */
    int status = EXIT_CANNOT;

    if (argc > 2 || (argc == 2 && strcmp(argv[1], "check") != 0)) {
        (void)fprintf(stderr, "usage: midtrans_sim [check]\n");
        return EXIT_USAGE;
    }
    crypt_init();
    if (read_settings(&cfg).kind)
        return EXIT_SETTINGS;
    log_init("midtrans_sim", cfg.log_level);
    if (!autopay_is_known(cfg.autopay))
        log_error("sim.settings_refused", kv_text("SIM_AUTOPAY", cfg.autopay));
    if (!autopay_is_known(cfg.autopay) || sim_init(&s, &cfg).kind)
        return EXIT_SETTINGS;
    if (argc == 2)
        return EXIT_OK;
    (void)signal(SIGPIPE, SIG_IGN);
    l = loop_new();
    s.notifier = notifier_new(l, &s, agenda_new(l, &s));
    if (!*cfg.state_path || !journal_open(&s, l, cfg.state_path).kind)
        status = serve(&s, l);
    journal_close(s.journal);
    _exit(status); /* orders, and what is still waiting, die with the process */
}
