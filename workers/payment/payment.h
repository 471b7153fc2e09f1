/* payment.h - what is owed for one order, and what has become of it. Pure. */
#ifndef PASAR_PAYMENT_PAYMENT_H
#define PASAR_PAYMENT_PAYMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/id.h"
#include "base/money.h"

enum payment_state {
    ABSENT,     /* no row: the order is not known here yet */
    WAITING,    /* for stock */
    CHARGING,   /* the provider is being asked for a page */
    PENDING,    /* the customer has the link */
    CHALLENGED, /* the provider holds the money; an operator decides */
    SUCCESS,    /* paid */
    FAILED,     /* refused for good, or taken back */
    EXPIRED,    /* not paid in time */
    VOID,       /* no longer wanted, before money came */
    REFUNDING,  /* the money is on its way back */
    REFUNDED,
    REFUND_DUE, /* the money must go back by hand: an open item */
    N_PAYMENT_STATES,
};

const char *payment_state_name(enum payment_state s);
enum payment_state payment_state_find(const char *name); /* ABSENT for a name that is none */

struct payment { /* texts borrowed from whoever loaded it */
    struct id order_id;
    struct id attempt_id; /* the provider's order id: unique for ever, 36 characters */
    enum payment_state state;
    int64_t version;
    int64_t user_id;
    struct money total;
    int64_t refunded_minor;
    int64_t expires_us;
    const char *transaction_id; /* of the money that came; NULL before */
    const char *method;
    const char *reason; /* of the last turn for the worse */
};

struct bill { /* what the buyer's page shows */
    const char *number, *email, *username;
    int64_t shipping_minor;
    const char *lines; /* JSON: [{"product_id","name","quantity","price"}…] */
};

#endif
