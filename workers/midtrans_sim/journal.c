/* journal.c - one line a change; texts are escaped so that a line stays a line. */
#include "workers/midtrans_sim/journal.h"

#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <unistd.h>

#define FLUSH_AT (size_t)(64 * 1024)
#define MAX_FIELDS 16

struct journal {
    struct loop *loop;
    int fd;
    bool is_deferred;
    size_t n;
    char waiting[2 * FLUSH_AT];
};

static void write_all(struct journal *j)
{
    for (size_t done = 0; done < j->n;) {
        ssize_t n = write(j->fd, j->waiting + done, j->n - done);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0) {
            log_error("sim.journal_not_written", kv_text("why", strerror(errno)));
            break;
        }
        done += (size_t)n;
    }
    j->n = 0;
}

static void write_deferred(void *arg)
{
    struct journal *j = arg;
    j->is_deferred = false;
    write_all(j);
}

static void line_end(struct journal *j, int n)
{
    if (n > 0 && (size_t)n < sizeof j->waiting - j->n)
        j->n += (size_t)n;
    if (j->n > FLUSH_AT)
        write_all(j);
    if (j->is_deferred)
        return;
    j->is_deferred = true;
    loop_defer(j->loop, write_deferred, j);
}

/* Tabs, newlines and backslashes as \t \n \\; NULL is empty. Cut where it would not fit. */
static const char *escaped(const char *s, char out[1024])
{
    size_t n = 0;

    for (; s && *s && n < 1021; s++) {
        char c = *s == '\t' ? 't' : *s == '\n' ? 'n' : *s;
        if (c != *s || c == '\\')
            out[n++] = '\\';
        out[n++] = c;
    }
    out[n] = '\0';
    return out;
}

void journal_order(struct journal *j, const struct order *o)
{
    char urls[1024], finish[1024], custom[3][1024];
    int n;

    if (!j)
        return;
    n = snprintf(j->waiting + j->n, sizeof j->waiting - j->n,
                 "O\t%s\t%s\t%" PRId64 "\t%" PRId64 "\t%" PRId64 "\t%" PRId64 "\t%" PRId64
                 "\t%d\t%s\t%s\t%s\t%s\t%s\n",
                 o->id, o->token, o->amount, o->made_us, o->page_ends_us, o->start_us, o->life_us,
                 o->is_closed, escaped(o->notify_urls, urls), escaped(o->finish_url, finish),
                 escaped(o->custom[0], custom[0]), escaped(o->custom[1], custom[1]),
                 escaped(o->custom[2], custom[2]));
    line_end(j, n);
}

void journal_txn(struct journal *j, const struct txn *t)
{
    int n;

    if (!j)
        return;
    n = snprintf(j->waiting + j->n, sizeof j->waiting - j->n,
                 "T\t%s\t%s\t%s\t%d\t%d\t%" PRId64 "\t%" PRId64 "\t%" PRId64 "\t%u\n", t->id,
                 t->order->id, t->method->name, t->status, t->fraud, t->made_us, t->settled_us,
                 t->expires_us, t->told);
    line_end(j, n);
}

void journal_refund(struct journal *j, const struct txn *t, const struct refund *r)
{
    char reason[1024];
    int n;

    if (!j)
        return;
    n = snprintf(j->waiting + j->n, sizeof j->waiting - j->n,
                 "R\t%s\t%s\t%" PRId64 "\t%" PRId64 "\t%" PRId64 "\t%d\t%s\n", t->id, r->key,
                 r->number, r->amount, r->made_us, r->by_bank, escaped(r->reason, reason));
    line_end(j, n);
}

void journal_heard(struct journal *j, const struct txn *t)
{
    if (j)
        line_end(j, snprintf(j->waiting + j->n, sizeof j->waiting - j->n, "A\t%s\t%u\n", t->id,
                             t->heard));
}

/* ---- reading ---- */

static void unescape(char *s)
{
    char *to = s;
    for (; *s; s++) {
        if (*s == '\\' && s[1]) {
            s++;
            *to++ = *s == 't' ? '\t' : *s == 'n' ? '\n' : *s;
        } else {
            *to++ = *s;
        }
    }
    *to = '\0';
}

static int64_t number(const char *s)
{
    return strtoll(s, NULL, 10);
}

static bool apply_order(struct sim *s, char **f)
{
    struct order *o = sim_order(s, f[1]);

    if (strlen(f[1]) >= ORDER_ID_SIZE || strlen(f[2]) >= UUID_SIZE)
        return false;
    if (!o)
        o = sim_add_order(s, f[1], f[2]);
    else if (strcmp(o->token, f[2]) != 0)
        sim_renew_token(s, o, f[2]);
    o->amount = number(f[3]);
    o->made_us = number(f[4]);
    o->page_ends_us = number(f[5]);
    o->start_us = number(f[6]);
    o->life_us = number(f[7]);
    o->is_closed = number(f[8]) != 0;
    sim_set_text(&o->notify_urls, f[9]);
    sim_set_text(&o->finish_url, f[10]);
    for (size_t i = 0; i < 3; i++)
        sim_set_text(&o->custom[i], f[11 + i]);
    return true;
}

static bool apply_txn(struct sim *s, char **f)
{
    struct order *o = sim_order(s, f[2]);
    struct txn *t = sim_txn(s, f[1]);
    const struct method *m = method_find(f[3]);

    if (!o || !m || strlen(f[1]) >= UUID_SIZE || number(f[4]) < 0 || number(f[4]) >= N_STATUSES)
        return false;
    if (!t)
        t = sim_add_txn(s, o, f[1]);
    t->method = m;
    t->status = (uint8_t)number(f[4]);
    t->fraud = (uint8_t)(number(f[5]) % N_FRAUDS);
    t->made_us = number(f[6]);
    t->settled_us = number(f[7]);
    t->expires_us = number(f[8]);
    t->told = (uint32_t)number(f[9]);
    return true;
}

static bool apply_refund(struct sim *s, char **f)
{
    struct txn *t = sim_txn(s, f[1]);
    struct refund *r;

    if (!t)
        return false;
    r = calloc(1, sizeof *r);
    if (!r)
        abort(); /* out of memory */
    (void)snprintf(r->key, sizeof r->key, "%s", f[2]);
    (void)snprintf(r->reason, sizeof r->reason, "%s", f[7]);
    r->number = number(f[3]);
    r->amount = number(f[4]);
    r->made_us = number(f[5]);
    r->by_bank = number(f[6]) != 0;
    r->next = t->refunds;
    t->refunds = r;
    t->refunded += r->amount;
    s->n_refunds = r->number > s->n_refunds ? r->number : s->n_refunds;
    return true;
}

static bool apply_heard(struct sim *s, char **f)
{
    struct txn *t = sim_txn(s, f[1]);

    if (t)
        t->heard = (uint32_t)number(f[2]);
    return t;
}

bool journal_apply(struct sim *s, char *line)
{
    static const struct {
        char kind;
        int n_fields;
        bool (*apply)(struct sim *s, char **fields);
    } kinds[] = {{'O', 14, apply_order},
                 {'T', 10, apply_txn},
                 {'R', 8, apply_refund},
                 {'A', 3, apply_heard}};
    char *fields[MAX_FIELDS];
    int n = 0;

    for (char *at = line; at && n < MAX_FIELDS; n++) {
        fields[n] = strsep(&at, "\t");
        unescape(fields[n]);
    }
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (n == kinds[i].n_fields && fields[0][0] == kinds[i].kind)
            return kinds[i].apply(s, fields);
    return false;
}

static void replay(struct sim *s, FILE *file)
{
    char *line = NULL;
    size_t room = 0;
    int64_t n_bad = 0;

    for (ssize_t n; (n = getline(&line, &room, file)) > 0;) {
        if (line[n - 1] == '\n')
            line[n - 1] = '\0';
        n_bad += !journal_apply(s, line);
    }
    free(line);
    log_info("sim.journal_read", kv_i64("orders", (int64_t)s->n_orders),
             kv_i64("bad_lines", n_bad));
}

struct err journal_open(struct sim *s, struct loop *l, const char *path)
{
    struct journal *j;
    FILE *file = fopen(path, "re");
    int fd;

    if (file) {
        replay(s, file);
        (void)fclose(file);
    }
    fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0) {
        log_error("sim.journal_not_opened", kv_text("path", path), kv_text("why", strerror(errno)));
        return ERR(ERR_UNAVAILABLE, "the journal cannot be opened");
    }
    j = calloc(1, sizeof *j);
    if (!j)
        abort(); /* out of memory */
    j->loop = l;
    j->fd = fd;
    s->journal = j;
    return OK;
}

void journal_close(struct journal *j)
{
    if (!j)
        return;
    write_all(j);
    (void)close(j->fd);
    free(j);
}
