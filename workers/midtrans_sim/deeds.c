/* deeds.c - changes to orders and transactions, and those that come by themselves with time. */
#include "workers/midtrans_sim/deeds.h"

#include "base/clock.h"
#include "workers/midtrans_sim/journal.h"
#include "workers/midtrans_sim/notify.h"

#define DAY_US (INT64_C(86400) * US_PER_S)
#define WIB_US (INT64_C(7) * 3600 * US_PER_S)
#define CARD_LIFE_US (INT64_C(15) * 60 * US_PER_S) /* a card's 3-D Secure page, in the sandbox */

bool page_is_open(const struct sim *s, const struct order *o)
{
    if (o->is_closed || sim_now_us(s) >= o->page_ends_us)
        return false;
    return !o->latest || o->latest->status == PENDING || status_allows_retry(o->latest->status);
}

void page_close(struct sim *s, struct order *o)
{
    o->is_closed = true;
    journal_order(s->journal, o);
}

/* ---- time ---- */

/* Cards settle at 16:00 of the next day. */
static int64_t settles_us(int64_t made_us)
{
    int64_t midnight_us = (made_us + WIB_US) / DAY_US * DAY_US - WIB_US;
    return midnight_us + DAY_US + 16 * 3600 * US_PER_S;
}

/* What comes by itself when its time is there; looked at again, for much may have happened since.
 */
static void grow_old(struct sim *s, void *what)
{
    struct txn *t = sim_txn(s, what);
    int64_t now_us = sim_now_us(s);

    free(what);
    if (!t)
        return;
    if (t->status == PENDING && now_us >= t->expires_us)
        txn_move(s, t, EXPIRE, t->fraud, FAULT_NONE);
    else if (t->status == CAPTURE && now_us >= settles_us(t->made_us))
        txn_move(s, t, t->fraud == FRAUD_CHALLENGE ? DENY : SETTLEMENT, t->fraud, FAULT_NONE);
}

static void expect_change(struct sim *s, const struct txn *t)
{
    int64_t at_us = t->status == PENDING ? t->expires_us : settles_us(t->made_us);
    char *id;

    if (!s->notifier || (t->status != PENDING && t->status != CAPTURE))
        return;
    id = strdup(t->id);
    if (!id)
        abort(); /* out of memory */
    agenda_add(notifier_agenda(s->notifier), at_us, grow_old, id);
}

static int64_t payment_ends_us(const struct order *o, const struct method *m, int64_t now_us)
{
    int64_t ends_us =
        o->life_us ? (o->start_us ? o->start_us : now_us) + o->life_us : now_us + DAY_US;
    return m->is_card && ends_us > now_us + CARD_LIFE_US ? now_us + CARD_LIFE_US : ends_us;
}

/* ---- transactions ---- */

struct txn *txn_start(struct sim *s, struct order *o, const struct method *m)
{
    char id[UUID_SIZE];
    struct txn *t;

    sim_new_uuid(s, id);
    t = sim_add_txn(s, o, id);
    t->method = m;
    t->status = PENDING;
    t->fraud = FRAUD_ACCEPT;
    t->made_us = sim_now_us(s);
    t->expires_us = payment_ends_us(o, m, t->made_us);
    return t;
}

void txn_tell(struct sim *s, struct txn *t, enum fault fault)
{
    notify(s, t, fault);
    journal_txn(s->journal, t);
    expect_change(s, t);
}

void txn_move(struct sim *s, struct txn *t, enum status to, enum fraud fraud, enum fault fault)
{
    t->status = (uint8_t)to;
    t->fraud = (uint8_t)fraud;
    if (to == SETTLEMENT && !t->settled_us)
        t->settled_us = sim_now_us(s);
    txn_tell(s, t, fault);
}

const struct refund *txn_find_refund(const struct txn *t, const char *key)
{
    const struct refund *r = t->refunds;
    while (r && strcmp(r->key, key) != 0)
        r = r->next;
    return r;
}

const struct refund *txn_refund(struct sim *s, struct txn *t, const struct refund_wish *w)
{
    struct refund *r = calloc(1, sizeof *r);

    if (!r)
        abort(); /* out of memory */
    r->number = ++s->n_refunds;
    r->amount = w->amount;
    r->made_us = sim_now_us(s);
    if (*w->key)
        (void)snprintf(r->key, sizeof r->key, "%s", w->key);
    else
        (void)snprintf(r->key, sizeof r->key, "reference-%lld", (long long)r->number);
    (void)snprintf(r->reason, sizeof r->reason, "%s", w->reason);
    r->next = t->refunds;
    t->refunds = r;
    t->refunded += w->amount;
    r->by_bank = w->by_bank;
    t->status = t->refunded == t->order->amount ? REFUND : PARTIAL_REFUND;
    notify(s, t, FAULT_NONE);
    r->by_bank = true; /* the second notification only adds bank_confirmed_at */
    notify(s, t, FAULT_NONE);
    journal_txn(s->journal, t);
    journal_refund(s->journal, t, r);
    return r;
}

void deeds_resume(struct sim *s)
{
    for (struct order *o = s->oldest; o; o = o->younger) {
        for (struct txn *t = o->latest; t; t = t->older) {
            if (t->told > t->heard)
                notify(s, t, FAULT_NONE);
            expect_change(s, t);
        }
    }
}
