/* notify.c - the notification sender: one task for each notification under way, at most so many at
 * once. */
#include "workers/midtrans_sim/notify.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/metric.h"
#include "loop/task.h"
#include "workers/midtrans_sim/journal.h"
#include "wrap/fetch.h"

#define AT_ONCE 64
#define TIMEOUT_US (15 * US_PER_S)
#define SHUFFLE_MS 100 /* how far shuffled notifications may drift apart, at least */

struct notice {          /* one notification to one URL */
    struct notice *next; /* in the queue */
    struct notifier *notifier;
    char *base, *path, *body;
    int n_tries;
    uint32_t number; /* of its transaction */
    char txn_id[UUID_SIZE];
};

struct notifier {
    struct loop *loop;
    struct sim *sim;
    struct agenda *agenda;
    struct fetch *fetch;
    struct metric *sent, *failed;
    struct notice *first, *last; /* due, waiting for a task */
    int n_running;
};

struct notifier *notifier_new(struct loop *l, struct sim *s, struct agenda *agenda)
{
    struct notifier *n = calloc(1, sizeof *n);

    if (!n)
        abort(); /* out of memory */
    *n = (struct notifier){.loop = l, .sim = s, .agenda = agenda, .fetch = fetch_new(l)};
    n->sent = metric_counter("midtrans_sim_notifications_total", "Notifications sent", NULL);
    n->failed = metric_counter("midtrans_sim_notifications_failed_total",
                               "Notifications not answered with 2xx", NULL);
    return n;
}

struct agenda *notifier_agenda(struct notifier *n)
{
    return n->agenda;
}

int retries_after(int http_status)
{
    static const struct {
        int from, to, retries;
    } table[] = {{200, 299, 0}, {301, 303, 0}, {400, 400, 2},
                 {404, 404, 2}, {500, 500, 1}, {503, 503, 4}};

    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (http_status >= table[i].from && http_status <= table[i].to)
            return table[i].retries;
    return 5;
}

int64_t retry_interval_us(int retry)
{
    static const int64_t minutes[] = {2, 10, 30, 90, 210};
    return minutes[retry < 1 ? 0 : retry > 5 ? 4 : retry - 1] * 60 * US_PER_S;
}

/* ---- a notice ---- */

static void notice_free(struct notice *n)
{
    free(n->base);
    free(n->path);
    free(n->body);
    free(n);
}

static void *must(void *p)
{
    if (!p)
        abort(); /* out of memory */
    return p;
}

/* "http://host:port" and "/path?query" of a URL. */
static void split_url(struct notice *n, const char *url, size_t length)
{
    const char *scheme_end = memmem(url, length, "://", 3);
    const char *host = scheme_end ? scheme_end + 3 : url;
    const char *slash = memchr(host, '/', (size_t)(url + length - host));

    n->base = must(strndup(url, slash ? (size_t)(slash - url) : length));
    n->path = must(slash ? strndup(slash, (size_t)(url + length - slash)) : strdup("/"));
}

/* The shift is between a quarter and the whole of the interval: the first retry can come after 33
 * s. */
static int64_t retry_wait_us(struct sim *s, int retry)
{
    int64_t interval = retry_interval_us(retry) / s->cfg->retry_scale;
    return interval / 4 + (int64_t)(sim_random(s) % (uint64_t)(interval * 3 / 4 + 1));
}

static void acknowledged(struct notifier *n, const struct notice *notice)
{
    struct txn *t = sim_txn(n->sim, notice->txn_id);

    if (!t || t->heard >= notice->number)
        return;
    t->heard = notice->number;
    journal_heard(n->sim->journal, t);
}

static int send_once(const struct notice *notice, struct arena *a)
{
    static const char *const headers[] = {"User-Agent: Veritrans", "Accept: application/json",
                                          "Content-Type: application/json", NULL};
    struct fetch_request req = {.method = "POST",
                                .base = notice->base,
                                .path = notice->path,
                                .headers = headers,
                                .body = notice->body,
                                .n_body = strlen(notice->body),
                                .timeout_us = TIMEOUT_US};
    struct fetch_response answer;
    struct err e = fetch_call(notice->notifier->fetch, &req, a, &answer);

    return e.kind ? 0 : answer.status;
}

static void start_waiting(struct notifier *n);
static void due(struct sim *s, void *what);

/* Done, given up, or on the agenda for another time. */
static void after_try(struct notifier *n, struct notice *notice, int status)
{
    metric_add(n->sent, 1);
    if (status < 200 || status > 299)
        metric_add(n->failed, 1);
    if (notice->n_tries <= retries_after(status)) {
        int64_t wait_us = retry_wait_us(n->sim, notice->n_tries);
        log_info("sim.notification_again", kv_text("transaction_id", notice->txn_id),
                 kv_i64("status", status), kv_i64("wait_ms", wait_us / US_PER_MS));
        agenda_add(n->agenda, sim_now_us(n->sim) + wait_us, due, notice);
        return;
    }
    acknowledged(n, notice);
    notice_free(notice);
}

static void send_notice(void *arg)
{
    struct notice *notice = arg;
    struct notifier *n = notice->notifier;
    struct arena *a = arena_new();
    int status;

    notice->n_tries++;
    status = send_once(notice, a);
    arena_free(a);
    after_try(n, notice, status);
    n->n_running--;
    start_waiting(n);
}

static void start_waiting(struct notifier *n)
{
    while (n->first && n->n_running < AT_ONCE) {
        struct notice *notice = n->first;
        n->first = notice->next;
        if (!n->first)
            n->last = NULL;
        n->n_running++;
        task_spawn(n->loop, "notify", send_notice, notice);
    }
}

static void due(struct sim *s, void *what)
{
    struct notice *notice = what;
    struct notifier *n = s->notifier;

    notice->next = NULL;
    if (n->last)
        n->last->next = notice;
    else
        n->first = notice;
    n->last = notice;
    start_waiting(n);
}

/* When a notification leaves. */
static int64_t departure_us(struct sim *s)
{
    int64_t at_us = sim_now_us(s) + s->cfg->delay_ms * US_PER_MS;
    int64_t spread_ms = s->cfg->delay_ms > SHUFFLE_MS ? s->cfg->delay_ms : SHUFFLE_MS;

    if (s->cfg->shuffle)
        at_us += (int64_t)(sim_random(s) % (uint64_t)(spread_ms * US_PER_MS));
    return at_us;
}

static void notify_url(struct sim *s, const struct txn *t, const char *url, size_t length,
                       const char *body)
{
    for (int64_t copy = 0; copy <= s->cfg->duplicate; copy++) {
        struct notice *notice = must(calloc(1, sizeof *notice));
        *notice =
            (struct notice){.notifier = s->notifier, .body = must(strdup(body)), .number = t->told};
        memcpy(notice->txn_id, t->id, sizeof notice->txn_id);
        split_url(notice, url, length);
        if (s->cfg->delay_ms || s->cfg->shuffle)
            agenda_add(s->notifier->agenda, departure_us(s), due, notice);
        else
            due(s, notice);
    }
}

void notify(struct sim *s, struct txn *t, enum fault fault)
{
    const char *urls = t->order->notify_urls ? t->order->notify_urls : s->cfg->notification_url;
    struct arena *a;
    const char *body;
    bool lost = fault == FAULT_LOST || (int64_t)(sim_random(s) % 100) < s->cfg->lose_percent;

    t->told++;
    if (!s->notifier || lost || !*urls)
        return;
    a = arena_new();
    body = notification_text(a, t, s->cfg->server_key, fault);
    while (*urls) {
        size_t n = strcspn(urls, ",");
        if (n)
            notify_url(s, t, urls, n, body);
        urls += n + (urls[n] == ',');
        urls += strspn(urls, " ");
    }
    arena_free(a);
}
