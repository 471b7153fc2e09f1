/* notice.h - what Midtrans says of a transaction: in a notification, in the answer to a status
 * call. Pure.
 *
 * The signature covers order id, status code and amount, and nothing else: the words beside them
 * can be anybody's. So a notification is a reason to ask, and only the answer to the question is
 * believed. */
#ifndef PASAR_PAYMENT_NOTICE_H
#define PASAR_PAYMENT_NOTICE_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/money.h"
#include "workers/payment/saga.h"
#include "wrap/json.h"

struct notice {           /* texts borrowed from the JSON; "" when absent */
    const char *order_id; /* our attempt's id */
    const char *status_code, *gross_amount, *signature_key;
    const char *transaction_status, *fraud_status, *transaction_id, *payment_type, *currency;
};

/* ERR_INVALID: not of the shape that can be checked. */
struct err notice_read(const json_t *object, struct notice *out) MUST_CHECK;
/* Compares in constant time. */
bool notice_is_genuine(struct arena *a, const struct notice *n, const char *server_key);
const char *notice_signature(struct arena *a, const char *order_id, const char *status_code,
                             const char *gross_amount, const char *server_key);

/* Does the code go with the word? If not, the word was changed on its way, or is new to us. */
bool notice_is_consistent(const struct notice *n);
/* NO_NEWS: a word, or a pair of words, that means nothing to us. Capitals do not matter. */
enum news_kind notice_kind(const struct notice *n);
/* Captured and not yet settled: to be cancelled, not refunded. */
bool notice_is_captured(const struct notice *n);
/* All of it, for the saga; the amount checked. */
struct payment_news notice_news(const struct notice *n);

/* "145000.00" -> 145000 (IDR, whole). ERR_INVALID for another shape. */
struct err rupiah_parse(const char *text, const char *currency, struct money *out) MUST_CHECK;
/* Can it be given back by API? */
bool method_is_refundable(const char *payment_type);

#define MIDTRANS_TIME_SIZE 26 /* "2026-01-01 07:00:00 +0700" */
void midtrans_time_format(int64_t us, char out[MIDTRANS_TIME_SIZE]);

#endif
