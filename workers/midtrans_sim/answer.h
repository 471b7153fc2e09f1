/* answer.h - a transaction as Midtrans writes it: in a notification, in a status answer, in an
 * error. Pure. */
#ifndef PASAR_MIDTRANS_SIM_ANSWER_H
#define PASAR_MIDTRANS_SIM_ANSWER_H

#include "base/arena.h"
#include "workers/midtrans_sim/sim.h"

enum fault { /* what a notification may suffer on its way */
             FAULT_NONE,
             FAULT_WRONG_SIGNATURE,
             FAULT_ALTERED_AMOUNT, /* signed for another amount */
             FAULT_SWAPPED_STATUS, /* the unsigned word says settlement */
             FAULT_LOST,           /* never sent */
             N_FAULTS,
};
enum fault fault_find(const char *name); /* "wrong_signature" …; FAULT_NONE for others */

#define WIB_TEXT_SIZE 20 /* "2026-01-01 07:03:10", GMT+7 */
void wib_format(int64_t us, char out[WIB_TEXT_SIZE]);
/* "yyyy-MM-dd HH:mm:ss +0700" (any offset; without one, GMT+7). */
struct err wib_parse(const char *text, int64_t *out_us) MUST_CHECK;

/* lower-case hex of SHA-512 over the four strings, nothing between them. */
const char *signature_of(struct arena *a, const char *order_id, const char *code,
                         const char *amount, const char *server_key);

const char *notification_text(struct arena *a, const struct txn *t, const char *server_key,
                              enum fault fault);
/* The answer to GET status and to the calls that changed a transaction, with the code and message
 * given. */
const char *txn_text(struct arena *a, const struct txn *t, const char *server_key, const char *code,
                     const char *message);
/* As txn_text(), of a refund: refund_amount is this one's. Refused by the bank: "0.00". */
const char *refund_text(struct arena *a, const struct txn *t, const struct refund *r,
                        const char *server_key, const char *code);
/* {"status_code","status_message","id"} */
const char *core_error_text(struct arena *a, const char *code, const char *message, const char *id);
/* {"error_messages":[…]} of Snap. */
const char *snap_error_text(struct arena *a, const char *const *messages, size_t n);

#endif
