/* midtrans_end.c - ends at Midtrans: giving up what is not paid, giving back what is. */
#include "workers/payment/midtrans_calls.h"

#include "base/failpoint.h"
#include "base/log.h"

/* ---- giving up what is not paid ---- */

struct closing {
    enum news_kind stands;
    const char *token; /* of the page; NULL: not known */
};

/* Any answer but "on progress" means that the page takes nobody any more. */
static struct err close_page(struct midtrans *m, struct arena *a, const char *token, bool *closed)
{
    struct answer r;
    struct err e;

    *closed = true;
    if (!token)
        return OK;
    e = midtrans_run(m, a,
                     &(struct call){.method = "POST",
                                    .path = arena_printf(a, "/transactions/%s/cancel", token),
                                    .to = &m->snap},
                     &r);
    if (!e.kind && r.code >= 400 && strstr(midtrans_message(&r), "progress"))
        *closed = false;
    return e;
}

static struct err close_step(struct midtrans *m, struct arena *a, const struct payment *p,
                             const struct closing *c, bool *closed)
{
    struct answer r;

    if (c->stands == SAYS_PENDING)
        return midtrans_post(m, a, midtrans_path(a, p, "expire"), NULL, &r);
    if (c->stands == SAYS_CHALLENGE)
        return midtrans_post(m, a, midtrans_path(a, p, "deny"), NULL, &r);
    return close_page(m, a, c->token,
                      closed); /* nothing chosen, or a refused try: another may come */
}

static void last_word(struct payment_news *news)
{
    if (news->kind == NO_NEWS || news->kind == SAYS_EXPIRE)
        news->kind = CLOSED_UNPAID;
    else if (news->kind == SAYS_DENY)
        news->kind = CLOSED_DENIED;
}

static bool is_last(enum news_kind k, bool closed)
{
    if (k == SAYS_PENDING || k == SAYS_CHALLENGE)
        return false;
    return closed || (k != NO_NEWS && k != SAYS_DENY);
}

/* Asks, does what that word calls for, and asks again, for a buyer may be faster than we are. */
struct err midtrans_close(void *self, struct arena *a, const struct payment *p, const char *token,
                          struct payment_news *news)
{
    bool closed = false;
    struct err e;

    for (int i = 0; i < 5; i++) {
        e = midtrans_ask(self, a, p, NULL, news);
        if (e.kind)
            return e;
        if (is_last(news->kind, closed)) {
            last_word(news);
            return OK;
        }
        e = close_step(self, a, p, &(struct closing){news->kind, token}, &closed);
        if (e.kind)
            return e;
    }
    return ERR(ERR_CONFLICT, "Midtrans does not let go of it yet");
}

/* ---- giving back ---- */

static struct err refund_answered(const struct payment *p, const struct answer *r,
                                  struct payment_news *news)
{
    news->kind = REFUND_DONE;
    if (r->code == 200) {
        FAILPOINT("payment.refunded");
        return OK;
    }
    if (r->code == 406 ||
        r->code == 412) /* sent before, or it stands otherwise now: the next look will tell */
        return ERR(ERR_CONFLICT, "the refund was sent before, or cannot be made now");
    log_error("midtrans.refund_refused", kv_id("order_id", &p->order_id), kv_i64("code", r->code));
    news->kind = REFUND_REFUSED;
    return OK;
}

static struct err send_refund(struct midtrans *m, struct arena *a, const struct payment *p,
                              struct payment_news *news)
{
    char key[ID_TEXT_SIZE];
    struct answer r;
    struct err e;

    id_format(&p->attempt_id, key); /* one refund for an attempt: its id makes a repeat harmless */
    e = midtrans_post(m, a, midtrans_path(a, p, "refund"),
                      json_text(a, json_pack("{s:s, s:s}", "refund_key", key, "reason",
                                             p->reason ? p->reason : "order cancelled")),
                      &r);
    return e.kind ? e : refund_answered(p, &r, news);
}

static struct err send_cancel(struct midtrans *m, struct arena *a, const struct payment *p,
                              struct payment_news *news)
{
    struct answer r;
    struct err e = midtrans_post(m, a, midtrans_path(a, p, "cancel"), NULL, &r);

    news->kind = REFUND_DONE;
    if (e.kind || r.code == 200)
        return e;
    return ERR(ERR_CONFLICT,
               "it was settled meanwhile"); /* then it is a refund: the next look will tell */
}

struct err midtrans_refund(void *self, struct arena *a, const struct payment *p,
                           struct payment_news *news)
{
    struct notice n;
    bool found;
    struct err e = midtrans_look(self, a, p, &n, &found);
    enum news_kind kind;

    if (e.kind)
        return e;
    kind = notice_kind(&n);
    *news = (struct payment_news){.kind = REFUND_DONE};
    if (kind == SAYS_SUCCESS && notice_is_captured(&n))
        return send_cancel(self, a, p, news);
    if ((kind == SAYS_SUCCESS || kind == SAYS_PARTIAL_REFUND) &&
        method_is_refundable(n.payment_type))
        return send_refund(self, a, p, news);
    if (kind != SAYS_REFUND && kind != SAYS_CANCEL && kind != SAYS_CHARGEBACK && kind != SAYS_DENY)
        news->kind = REFUND_REFUSED; /* no API for this method, or it stands as it should not: a
                                        person looks */
    return OK;
}
