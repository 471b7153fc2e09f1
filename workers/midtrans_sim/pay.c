/* pay.c - outcomes as steps of the state table; some of them are what goes wrong at a real gateway.
 */
#include "workers/midtrans_sim/pay.h"

#include <ctype.h>

#include "base/clock.h"
#include "workers/midtrans_sim/deeds.h"
#include "workers/midtrans_sim/notify.h"
#include "workers/midtrans_sim/rules.h"

enum step_kind {
    END,
    GO,
    ANOTHER, /* a new transaction of the same order … */
    LATER,   /* … after a while */
};

struct step {
    enum step_kind kind;
    enum status to;
    enum fraud fraud;
};

#define MAX_STEPS 4
#define LATE_US (2 * US_PER_S) /* enough for the shop to have given up */

/* clang-format off */
static const struct outcome {
    const char *name;
    bool needs_card;
    struct step card[MAX_STEPS], other[MAX_STEPS];
} outcomes[] = {
    {"settlement", false, {{GO, CAPTURE, FRAUD_ACCEPT}, {GO, SETTLEMENT, FRAUD_ACCEPT}}, {{GO, SETTLEMENT, FRAUD_ACCEPT}}},
    {"capture",    false, {{GO, CAPTURE, FRAUD_ACCEPT}},    {{GO, SETTLEMENT, FRAUD_ACCEPT}}},
    {"pending",    false, {{GO, PENDING, FRAUD_ACCEPT}},    {{GO, PENDING, FRAUD_ACCEPT}}},
    {"challenge",  true,  {{GO, CAPTURE, FRAUD_CHALLENGE}}, {{END, PENDING, FRAUD_ACCEPT}}},
    {"deny",       false, {{GO, DENY, FRAUD_ACCEPT}},       {{GO, DENY, FRAUD_ACCEPT}}},
    {"fraud",      true,  {{GO, DENY, FRAUD_DENY}},         {{END, PENDING, FRAUD_ACCEPT}}},
    {"failure",    false, {{GO, FAILURE, FRAUD_ACCEPT}},    {{GO, FAILURE, FRAUD_ACCEPT}}},
    {"expire",     false, {{GO, EXPIRE, FRAUD_ACCEPT}},     {{GO, EXPIRE, FRAUD_ACCEPT}}},
    /* money that comes after the end, and twice: */
    {"late_settlement", false, {{GO, EXPIRE, FRAUD_ACCEPT}, {LATER, SETTLEMENT, FRAUD_ACCEPT}},
                               {{GO, EXPIRE, FRAUD_ACCEPT}, {LATER, SETTLEMENT, FRAUD_ACCEPT}}},
    {"two_settlements", false, {{GO, SETTLEMENT, FRAUD_ACCEPT}, {ANOTHER, PENDING, FRAUD_ACCEPT}, {GO, SETTLEMENT, FRAUD_ACCEPT}},
                               {{GO, SETTLEMENT, FRAUD_ACCEPT}, {ANOTHER, PENDING, FRAUD_ACCEPT}, {GO, SETTLEMENT, FRAUD_ACCEPT}}},
    {NULL, false, {{END, PENDING, FRAUD_ACCEPT}}, {{END, PENDING, FRAUD_ACCEPT}}},
};
/* clang-format on */

/* ---- the form ---- */

static const char *decoded(struct arena *a, const char *s, size_t n)
{
    char *out = arena_alloc(a, n + 1), *to = out;

    for (size_t i = 0; i < n; i++) {
        bool escape = s[i] == '%' && i + 2 < n && isxdigit((unsigned char)s[i + 1]) &&
                      isxdigit((unsigned char)s[i + 2]);
        if (escape) {
            char hex[3] = {s[i + 1], s[i + 2], '\0'};
            *to++ = (char)strtoul(hex, NULL, 16);
            i += 2;
        } else {
            *to++ = s[i] == '+' ? ' ' : s[i];
        }
    }
    return out;
}

struct pay_form pay_form_parse(struct arena *a, const char *body, size_t n_body)
{
    struct pay_form f = {.method = "", .outcome = "", .fault = ""};
    const struct {
        const char *name;
        const char **field;
    } fields[] = {{"method", &f.method}, {"outcome", &f.outcome}, {"fault", &f.fault}};

    for (const char *at = body, *end = body + n_body; at < end;) {
        const char *amp = memchr(at, '&', (size_t)(end - at));
        const char *stop = amp ? amp : end;
        const char *equals = memchr(at, '=', (size_t)(stop - at));
        for (size_t i = 0; equals && i < sizeof fields / sizeof *fields; i++)
            if ((size_t)(equals - at) == strlen(fields[i].name) &&
                memcmp(at, fields[i].name, (size_t)(equals - at)) == 0)
                *fields[i].field = decoded(a, equals + 1, (size_t)(stop - equals - 1));
        at = stop + 1;
    }
    return f;
}

/* ---- the deed ---- */

static struct pay_result refuse(int status, const char *why)
{
    return (struct pay_result){status, why, NULL};
}

/* A try that is pending goes on; otherwise this is a new one, with an id of its own. */
static struct txn *txn_to_pay(struct sim *s, struct order *o, const struct method *m)
{
    if (o->latest && o->latest->status == PENDING)
        return o->latest;
    return txn_start(s, o, m);
}

static void money_comes(struct sim *s, void *what)
{
    struct txn *before = sim_txn(s, what);

    free(what);
    if (before)
        txn_move(s, txn_start(s, before->order, before->method), SETTLEMENT, FRAUD_ACCEPT,
                 FAULT_NONE);
}

static struct txn *come_later(struct sim *s, struct txn *t)
{
    char *id = strdup(t->id);

    if (!id)
        abort(); /* out of memory */
    if (s->notifier)
        agenda_add(notifier_agenda(s->notifier), sim_now_us(s) + LATE_US, money_comes, id);
    else
        money_comes(s, id);
    return t;
}

static struct txn *take_step(struct sim *s, struct txn *t, const struct step *step,
                             enum fault fault)
{
    if (step->kind == ANOTHER)
        return txn_start(s, t->order, t->method);
    if (step->kind == LATER)
        return come_later(s, t);
    if (s->cfg->tell_pending && t->status == PENDING && !t->told && step->to != PENDING)
        txn_tell(s, t, FAULT_NONE);
    txn_move(s, t, step->to, step->fraud, fault);
    return t;
}

static struct pay_result follow(struct sim *s, struct order *o, const struct outcome *out,
                                const struct pay_form *f)
{
    const struct method *m = method_find(out->needs_card ? "credit_card"
                                         : *f->method    ? f->method
                                                         : "qris");
    const struct step *steps;
    struct txn *t;

    if (!m)
        return refuse(400, "no such method");
    t = txn_to_pay(s, o, m);
    if (out->needs_card && !t->method->is_card)
        return refuse(400, "only a card can be challenged");
    steps = t->method->is_card ? out->card : out->other;
    for (size_t i = 0; i < MAX_STEPS && steps[i].kind != END; i++)
        t = take_step(s, t, &steps[i], fault_find(f->fault));
    return (struct pay_result){200, NULL, t};
}

struct pay_result pay(struct sim *s, struct order *o, const struct pay_form *f)
{
    if (!page_is_open(s, o))
        return refuse(410, "this page has ended");
    if (strcmp(f->outcome, "close") == 0) /* the buyer goes away; the page lives on */
        return (struct pay_result){200, NULL, o->latest};
    for (const struct outcome *out = outcomes; out->name; out++)
        if (strcmp(out->name, f->outcome) == 0)
            return follow(s, o, out, f);
    return refuse(400, "no such outcome");
}

/* ---- by itself ---- */

static struct pay_form autopay_form(struct arena *a, const char *autopay)
{
    size_t n = strcspn(autopay, ":");

    return (struct pay_form){
        .method = arena_strndup(a, autopay, n),
        .outcome = autopay[n] ? autopay + n + 1 : "",
        .fault = "",
    };
}

bool autopay_is_known(const char *autopay)
{
    struct arena *a = arena_new();
    struct pay_form f = autopay_form(a, autopay);
    const struct outcome *out = outcomes;
    bool known;

    while (out->name && strcmp(out->name, f.outcome) != 0)
        out++;
    known = !*autopay || (method_find(f.method) && out->name);
    arena_free(a);
    return known;
}

static void autopay(struct sim *s, void *order_id)
{
    struct order *o = sim_order(s, order_id);
    struct arena *a = arena_new();
    struct pay_form f = autopay_form(a, s->cfg->autopay);

    if (o)
        (void)pay(s, o, &f); /* one that somebody was quicker to pay or close is left alone */
    arena_free(a);
    free(order_id);
}

void autopay_expect(struct sim *s, const char *order_id)
{
    char *id;

    if (!s->notifier || !*s->cfg->autopay)
        return;
    id = strdup(order_id);
    if (!id)
        abort(); /* out of memory */
    agenda_add(notifier_agenda(s->notifier), sim_now_us(s), autopay, id);
}

const char *pay_return_url(const struct sim *s, struct arena *a, const struct order *o,
                           const struct txn *t)
{
    const char *url = o->finish_url ? o->finish_url : s->cfg->finish_url;

    if (!url || !*url)
        return NULL;
    return arena_printf(a, "%s%sorder_id=%s&status_code=%s&transaction_status=%s", url,
                        strchr(url, '?') ? "&" : "?", o->id,
                        t ? code_in_notification(t->status, t->fraud) : "201",
                        t ? status_name(t->status) : "pending");
}
