/* saga.c - the payment's saga: one table of moves, one table of what each move does. */
#include "workers/payment/saga.h"

enum move {
    EMPTY, /* no cell is */
    SAME,  /* late, a duplicate, or no concern of ours: nothing changes */
    SOON,  /* early: its row has not come yet */
    BEGIN,
    CHARGE,
    LINK,
    KEEP,   /* a page whose payment has gone on already */
    UNLINK, /* a page was made for what nobody wants any more */
    DROP,   /* before anything was asked of the provider */
    CLOSE,  /* after: the page must be closed, and may turn out to be paid */
    PAID,
    PART, /* paid, and some of it already given back */
    REVIEW,
    NOTE, /* a try was refused, the page lives on */
    REFUSED,
    DENIED,
    ENDED, /* cancelled by the merchant at the provider */
    EXPIRE,
    ASK,
    REVERSED,
    GONE,   /* paid and taken back before we knew of it */
    BACK_C, /* give it back: the order was cancelled */
    BACK_L, /* … it came too late */
    BACK_O, /* … an operator wants it */
    BACKED, /* it went back */
    OWED,
    CHARGED_BACK,
    FLAG_PART,
    FLAG_BACK,
    FLAG_ODD,
    N_MOVES,
};

/* clang-format off */
#define STAY N_PAYMENT_STATES
static const struct {
    const char *name;
    enum payment_state to; /* STAY: the state does not change */
    const char *tell, *reason, *job, *item;
    unsigned effects;
} moves[N_MOVES] = {
    /*                            to          tell                 reason             job       item              */
    [EMPTY]        = {NULL,           STAY,       NULL,                NULL,              NULL,     NULL, STAYS},
    [SAME]         = {"same",         STAY,       NULL,                NULL,              NULL,     NULL, STAYS},
    [SOON]         = {"soon",         STAY,       NULL,                NULL,              NULL,     NULL, EARLY_NEWS},
    [BEGIN]        = {"begin",        WAITING,    NULL,                NULL,              "deadline", NULL, STAYS},
    [CHARGE]       = {"charge",       CHARGING,   NULL,                NULL,              "charge", NULL, STAYS},
    [LINK]         = {"link",         PENDING,    "PaymentPending",    NULL,              NULL,     NULL, KEEPS_LINK},
    [KEEP]         = {"keep",         STAY,       NULL,                NULL,              NULL,     NULL, KEEPS_LINK},
    [UNLINK]       = {"unlink",       STAY,       NULL,                NULL,              "close",  NULL, KEEPS_LINK | ANEW},
    [DROP]         = {"drop",         VOID,       NULL,                "order_cancelled", NULL,     NULL, STAYS},
    [CLOSE]        = {"close",        VOID,       NULL,                "order_cancelled", "close",  NULL, ENDS_REVIEW | ANEW},
    [PAID]         = {"paid",         SUCCESS,    "PaymentSuccess",    NULL,              NULL,     NULL, TAKES_MONEY | ENDS_REVIEW},
    [PART]         = {"part",         SUCCESS,    "PaymentSuccess",    NULL,              NULL,     "partial_refund", TAKES_MONEY | ENDS_REVIEW},
    [REVIEW]       = {"review",       CHALLENGED, "PaymentChallenged", "challenged",      NULL,     "challenge", STAYS},
    [NOTE]         = {"note",         STAY,       NULL,                NULL,              NULL,     NULL, NOTES},
    [REFUSED]      = {"refused",      FAILED,     "PaymentFailed",     "refused",         NULL,     NULL, STAYS},
    [DENIED]       = {"denied",       FAILED,     "PaymentFailed",     "denied",          NULL,     NULL, ENDS_REVIEW},
    [ENDED]        = {"ended",        FAILED,     "PaymentFailed",     "cancelled",       NULL,     NULL, ENDS_REVIEW},
    [EXPIRE]       = {"expire",       EXPIRED,    "PaymentExpired",    "expired",         NULL,     NULL, ENDS_REVIEW},
    [ASK]          = {"ask",          STAY,       NULL,                NULL,              NULL,     NULL, ASKS},
    [REVERSED]     = {"reversed",     FAILED,     "PaymentFailed",     "reversed",        NULL,     "reversal", STAYS},
    [GONE]         = {"gone",         FAILED,     "PaymentFailed",     "refunded",        NULL,     NULL, TAKES_MONEY | GIVES_BACK | ENDS_REVIEW},
    [BACK_C]       = {"back:order",   REFUNDING,  NULL,                "order_cancelled", "refund", NULL, STAYS},
    [BACK_L]       = {"back:late",    REFUNDING,  NULL,                "paid_late",       "refund", NULL, TAKES_MONEY},
    [BACK_O]       = {"back:operator", REFUNDING, NULL,                "operator",        "refund", NULL, STAYS},
    [BACKED]       = {"backed",       REFUNDED,   "PaymentRefunded",   NULL,              NULL,     NULL, GIVES_BACK | ENDS_REVIEW},
    [OWED]         = {"owed",         REFUND_DUE, "RefundDue",         NULL,              NULL,     "refund_due", STAYS},
    [CHARGED_BACK] = {"chargeback",   REFUNDED,   "PaymentRefunded",   "chargeback",      NULL,     "chargeback", GIVES_BACK | ENDS_REVIEW},
    [FLAG_PART]    = {"flag:part",    STAY,       NULL,                NULL,              NULL,     "partial_refund", STAYS},
    [FLAG_BACK]    = {"flag:back",    STAY,       NULL,                NULL,              NULL,     "chargeback", STAYS},
    [FLAG_ODD]     = {"flag:odd",     STAY,       NULL,                NULL,              NULL,     "mismatch", STAYS},
};

static const enum move table[N_NEWS_KINDS][N_PAYMENT_STATES] = {
    /*                       ABSENT WAITING   CHARGING  PENDING   CHALLENGED    SUCCESS       FAILED     EXPIRED    VOID       REFUNDING     REFUNDED   REFUND_DUE */
    [NO_NEWS]             = {SAME,  SAME,     SAME,     SAME,     SAME,         SAME,         SAME,      SAME,      SAME,      SAME,         SAME,      SAME},
    [ORDER_CREATED]       = {BEGIN, SAME,     SAME,     SAME,     SAME,         SAME,         SAME,      SAME,      SAME,      SAME,         SAME,      SAME},
    [STOCK_RESERVED]      = {SOON,  CHARGE,   SAME,     SAME,     SAME,         SAME,         SAME,      SAME,      SAME,      SAME,         SAME,      SAME},
    [STOCK_INSUFFICIENT]  = {SOON,  DROP,     SAME,     SAME,     SAME,         SAME,         SAME,      SAME,      SAME,      SAME,         SAME,      SAME},
    [ORDER_CANCELLED]     = {SOON,  DROP,     DROP,     CLOSE,    CLOSE,        BACK_C,       SAME,      SAME,      SAME,      SAME,         SAME,      SAME},
    [ORDER_PAID]          = {SAME,  SAME,     SAME,     SAME,     SAME,         SAME,         SAME,      SAME,      SAME,      SAME,         SAME,      SAME},
    [CHARGE_ACCEPTED]     = {SAME,  SAME,     LINK,     SAME,     KEEP,         KEEP,         UNLINK,    UNLINK,    UNLINK,    KEEP,         KEEP,      KEEP},
    [CHARGE_REFUSED]      = {SAME,  SAME,  REFUSED,  SAME,     SAME,         SAME,         SAME,      SAME,      SAME,      SAME,         SAME,      SAME},
    [SAYS_PENDING]        = {SAME,  SAME,     SAME,     SAME,     SAME,         SAME,         SAME,      SAME,      SAME,      SAME,         SAME,      SAME},
    [SAYS_CHALLENGE]      = {SAME,  FLAG_ODD,   REVIEW,   REVIEW,   SAME,         SAME,         UNLINK,    UNLINK,    UNLINK,    SAME,         SAME,      SAME},
    [SAYS_SUCCESS]        = {SAME,  FLAG_ODD,     PAID,     PAID,     PAID,         SAME,         BACK_L,    BACK_L,    BACK_L,    SAME,         SAME,      SAME},
    [SAYS_DENY]           = {SAME,  SAME,     NOTE,     NOTE,     DENIED,       REVERSED,     NOTE,      NOTE,      NOTE,      BACKED,       SAME,      BACKED},
    [SAYS_EXPIRE]         = {SAME,  SAME,   EXPIRE,   EXPIRE,   EXPIRE,       FLAG_ODD,     SAME,      SAME,      SAME,      FLAG_ODD,     SAME,      FLAG_ODD},
    [SAYS_CANCEL]         = {SAME,  SAME,    ENDED,    ENDED,    ENDED,        BACKED,       SAME,      SAME,      SAME,      BACKED,       SAME,      BACKED},
    [SAYS_REFUND]         = {SAME,  FLAG_ODD,     GONE,     GONE,     GONE,         BACKED,       SAME,      SAME,      SAME,      BACKED,       SAME,      BACKED},
    [SAYS_PARTIAL_REFUND] = {SAME,  FLAG_ODD,     PART,     PART,     PART,         FLAG_PART,    BACK_L,    BACK_L,    BACK_L,    SAME,         SAME,      FLAG_PART},
    [SAYS_CHARGEBACK]     = {SAME,  FLAG_ODD, FLAG_ODD, FLAG_BACK, FLAG_BACK,   CHARGED_BACK, FLAG_BACK, FLAG_BACK, FLAG_BACK, CHARGED_BACK, FLAG_BACK, CHARGED_BACK},
    [DEADLINE]            = {SAME,  EXPIRE,   EXPIRE,   ASK,      ASK,          SAME,         SAME,      SAME,      SAME,      SAME,         SAME,      SAME},
    [CLOSED_UNPAID]       = {SAME,  SAME,   EXPIRE,   EXPIRE,   EXPIRE,       SAME,         SAME,      SAME,      SAME,      SAME,         SAME,      SAME},
    [CLOSED_DENIED]       = {SAME,  SAME,   DENIED,   DENIED,   DENIED,       SAME,         SAME,      SAME,      SAME,      SAME,         SAME,      SAME},
    [REFUND_DONE]         = {SAME,  SAME,     SAME,     SAME,     SAME,         SAME,         SAME,      SAME,      SAME,      BACKED,       SAME,      BACKED},
    [REFUND_REFUSED]      = {SAME,  SAME,     SAME,     SAME,     SAME,         SAME,         SAME,      SAME,      SAME,      OWED,         SAME,      SAME},
    [OPERATOR_REFUND]     = {SAME,  SAME,     SAME,     SAME,     SAME,         BACK_O,       SAME,      SAME,      SAME,      SAME,         SAME,      SAME},
    [OPERATOR_REFUNDED]   = {SAME,  SAME,     SAME,     SAME,     SAME,         SAME,         SAME,      SAME,      SAME,      SAME,         SAME,      BACKED},
};

static const char *const kind_names[N_NEWS_KINDS] = {
    [NO_NEWS] = "(nothing)", [ORDER_CREATED] = "OrderCreated", [STOCK_RESERVED] = "StockReserved",
    [STOCK_INSUFFICIENT] = "StockInsufficient", [ORDER_CANCELLED] = "OrderCancelled", [ORDER_PAID] = "OrderPaid",
    [CHARGE_ACCEPTED] = "charge accepted", [CHARGE_REFUSED] = "charge refused", [SAYS_PENDING] = "says pending",
    [SAYS_CHALLENGE] = "says challenge", [SAYS_SUCCESS] = "says success", [SAYS_DENY] = "says deny",
    [SAYS_EXPIRE] = "says expire", [SAYS_CANCEL] = "says cancel", [SAYS_REFUND] = "says refund",
    [SAYS_PARTIAL_REFUND] = "says partial refund", [SAYS_CHARGEBACK] = "says chargeback", [DEADLINE] = "deadline",
    [CLOSED_UNPAID] = "closed unpaid", [CLOSED_DENIED] = "closed denied", [REFUND_DONE] = "refund done",
    [REFUND_REFUSED] = "refund refused", [OPERATOR_REFUND] = "operator: refund", [OPERATOR_REFUNDED] = "operator: refunded",
};
/* clang-format on */

const char *news_kind_name(enum news_kind k)
{
    return kind_names[k];
}

const char *payment_move_name(enum payment_state s, enum news_kind k)
{
    return moves[table[k][s]].name;
}

/* What is said of another transaction than the one whose money we have. A second one that was paid
 * is money we owe. */
static bool is_of_another(const struct payment *p, const struct payment_news *n)
{
    return p->transaction_id && n->transaction_id &&
           strcmp(p->transaction_id, n->transaction_id) != 0;
}

static bool is_money(enum news_kind k)
{
    return k == SAYS_SUCCESS || k == SAYS_CHALLENGE || k == SAYS_PARTIAL_REFUND ||
           k == SAYS_REFUND || k == SAYS_CHARGEBACK;
}

/* All of this transaction's money went back before: only a dispute can still concern it. */
static bool is_past(const struct payment *p, const struct payment_news *n)
{
    return p->refunded_minor == p->total.minor && n->kind != SAYS_CHARGEBACK;
}

static bool fits(const struct payment *p, const struct payment_news *n)
{
    return n->amount.minor == 0 || money_equal(p->total, n->amount);
}

static struct payment_decision flagged(const struct payment *p, const char *item)
{
    return (struct payment_decision){.to = p->state, .item = item};
}

struct payment_decision payment_decide(const struct payment *p, const struct payment_news *n)
{
    enum move m = table[n->kind][p->state];
    struct payment_decision d;

    if (p->state != ABSENT && is_of_another(p, n))
        return flagged(p, n->kind == SAYS_SUCCESS ? "second_payment" : NULL);
    if (p->state != ABSENT && is_money(n->kind) && is_past(p, n))
        return flagged(p, NULL);
    if (p->state != ABSENT && is_money(n->kind) && !fits(p, n))
        return flagged(p, "amount_mismatch");
    d = (struct payment_decision){
        .to = moves[m].to == STAY ? p->state : moves[m].to,
        .moves = moves[m].to != STAY,
        .effects = moves[m].effects,
        .tell = moves[m].tell,
        .reason = moves[m].reason,
        .job = moves[m].job,
        .item = moves[m].item,
    };
    if (n->kind == STOCK_INSUFFICIENT && d.reason)
        d.reason = "stock_insufficient";
    return d;
}

void payment_apply(struct payment *p, const struct payment_news *n,
                   const struct payment_decision *d)
{
    p->state = d->to;
    if (d->reason || d->effects & TAKES_MONEY)
        p->reason = d->reason;
    if (d->effects & TAKES_MONEY) {
        p->transaction_id = n->transaction_id;
        p->method = n->method;
    }
    if (d->effects & GIVES_BACK)
        p->refunded_minor = p->total.minor;
}

bool payment_is_news(const struct payment *p, const struct payment_news *n)
{
    struct payment_decision d = payment_decide(p, n);
    return d.moves || d.effects || d.job || d.item;
}
