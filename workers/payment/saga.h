/* saga.h - what payment does about what it learns. Pure: no clock, no database, no allocation.
 *
 * Everything that can be learnt is one kind of news: events heard, answers of the provider, the
 * deadline, an operator. The table in saga.c has a move for every state and every kind. */
#ifndef PASAR_PAYMENT_SAGA_H
#define PASAR_PAYMENT_SAGA_H

#include "workers/payment/payment.h"

enum news_kind {
    NO_NEWS,
    /* heard */
    ORDER_CREATED,
    STOCK_RESERVED,
    STOCK_INSUFFICIENT,
    ORDER_CANCELLED,
    ORDER_PAID,
    /* of the call that asks for a page */
    CHARGE_ACCEPTED,
    CHARGE_REFUSED,
    /* the provider's word on the attempt, confirmed by a status call */
    SAYS_PENDING,
    SAYS_CHALLENGE,
    SAYS_SUCCESS,
    SAYS_DENY,
    SAYS_EXPIRE,
    SAYS_CANCEL,
    SAYS_REFUND,
    SAYS_PARTIAL_REFUND,
    SAYS_CHARGEBACK,
    /* time is up and nobody has been asked / the page was closed, and the last word was none or a
       refusal */
    DEADLINE,
    CLOSED_UNPAID,
    CLOSED_DENIED,
    /* of the call that gives money back */
    REFUND_DONE,
    REFUND_REFUSED,
    /* an operator wants it given back / has given it back by hand */
    OPERATOR_REFUND,
    OPERATOR_REFUNDED,
    N_NEWS_KINDS,
};

const char *news_kind_name(enum news_kind k);

struct payment_news { /* texts borrowed; NULL for what is not known */
    enum news_kind kind;
    const char *transaction_id, *method; /* of SAYS_… */
    const char *word;                    /* the provider's own */
    struct money amount;     /* of SAYS_…: what the provider says it is; minor 0: not said */
    const char *token, *url; /* of CHARGE_ACCEPTED */
};

enum effect { /* what else a move does, besides the state and what it tells */
              STAYS = 0,
              EARLY_NEWS = 1,   /* its state has not come yet */
              NOTES = 2,        /* the refused try is kept */
              ASKS = 4,         /* the provider must be asked first: the deadline comes again */
              KEEPS_LINK = 8,   /* the page's address is kept */
              TAKES_MONEY = 16, /* transaction and method are kept */
              GIVES_BACK = 32,  /* all of it is refunded now */
              ENDS_REVIEW = 64, /* open items of this payment have ended by themselves */
              ANEW = 128, /* its job must be done again even if one runs: that one knew less */
};

struct payment_decision {
    bool moves; /* the row changes */
    enum payment_state to;
    unsigned effects;   /* enum effect */
    const char *tell;   /* type of the event, or NULL */
    const char *reason; /* told and kept, or NULL */
    const char *job;    /* kind, or NULL */
    const char *item;   /* kind of open item, or NULL */
};

struct payment_decision payment_decide(const struct payment *p, const struct payment_news *n);
/* What the row is afterwards. */
void payment_apply(struct payment *p, const struct payment_news *n,
                   const struct payment_decision *d);

/* Would it change anything? Asked before a status call is spent on it. */
bool payment_is_news(const struct payment *p, const struct payment_news *n);

/* For the printed matrix: the name of the move; NULL would be an empty cell. */
const char *payment_move_name(enum payment_state s, enum news_kind k);

#endif
