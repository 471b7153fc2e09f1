/* rules.h - what a Midtrans transaction may become: the documented state table, as data. Pure. */
#ifndef PASAR_MIDTRANS_SIM_RULES_H
#define PASAR_MIDTRANS_SIM_RULES_H

#include <stdbool.h>
#include <stddef.h>

enum status {
    PENDING,
    AUTHORIZE,
    CAPTURE,
    SETTLEMENT,
    DENY,
    CANCEL,
    EXPIRE,
    FAILURE,
    REFUND,
    PARTIAL_REFUND,
    CHARGEBACK,
    PARTIAL_CHARGEBACK,
    N_STATUSES,
};

enum fraud { FRAUD_ACCEPT, FRAUD_DENY, FRAUD_CHALLENGE, N_FRAUDS };

/* What a merchant may ask of a transaction. */
enum wish { WISH_CANCEL, WISH_EXPIRE, WISH_APPROVE, WISH_DENY, WISH_REFUND, N_WISHES };

struct method { /* how a buyer pays */
    const char *
        name; /* of the page's form, and the documented payment_type unless `type` says otherwise */
    const char *type;   /* payment_type */
    const char *label;  /* what the page shows */
    const char *bank;   /* or store, or acquirer; NULL for none */
    bool is_card;       /* knows capture and challenge */
    bool is_refundable; /* by API; otherwise the money goes back by hand */
    bool has_fraud_status;
};

extern const struct method methods[]; /* ended by a NULL name */
/* By name; NULL when there is none. Also the names of enabled_payments: bca_va, indomaret,
 * other_qris … */
const struct method *method_find(const char *name);

const char *status_name(enum status s);
const char *fraud_name(enum fraud f);
bool status_can_become(enum status from, enum status to);
/* May the page take another try when the last one stands so? */
bool status_allows_retry(enum status s);

/* status_code of a notification, and of an answer to GET status: they differ for expire. */
const char *code_in_notification(enum status s, enum fraud f);
const char *code_in_answer(enum status s, enum fraud f);

/* What a wish makes of a transaction; false: 412. For a refund *to is REFUND. */
bool wish_allowed(enum wish w, enum status from, enum fraud f, enum status *to);

#endif
