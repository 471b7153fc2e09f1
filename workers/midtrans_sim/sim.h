/* sim.h - what the simulator remembers: orders (Snap pages), their transactions, and the clock.
 *
 * Every look-up is by hash, so a create, a payment or a status call costs the same with one order
 * or a million. What changes is written to the journal, if there is one, and told to the merchant
 * by notify.h. */
#ifndef PASAR_MIDTRANS_SIM_SIM_H
#define PASAR_MIDTRANS_SIM_SIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "workers/midtrans_sim/rules.h"

#define ORDER_ID_SIZE 51 /* 50 characters and the terminator */
#define UUID_SIZE 37

struct refund {
    struct refund *next; /* newest first */
    char key[51];
    char reason[256];
    int64_t number; /* refund_chargeback_id */
    int64_t amount; /* rupiah */
    int64_t made_us;
    bool by_bank; /* online/direct: the bank has confirmed */
};

struct order;
struct txn { /* one try to pay */
    struct txn *in_bucket;
    struct txn *older; /* of the same order */
    struct order *order;
    const struct method *method;
    struct refund *refunds;
    int64_t made_us, settled_us, expires_us;
    int64_t refunded;      /* rupiah, in all */
    uint32_t told, heard;  /* notifications made, and answered with 2xx or given up */
    uint8_t status, fraud; /* enum status, enum fraud */
    char id[UUID_SIZE];
};

struct order { /* one Snap page */
    struct order *in_id_bucket, *in_token_bucket;
    struct order *younger; /* the next one made: for forgetting the oldest */
    struct txn *latest;    /* NULL: no method was chosen yet */
    int64_t amount;        /* rupiah */
    int64_t made_us, page_ends_us;
    int64_t start_us,
        life_us; /* of a chosen payment: from start, or from choosing when start is 0; 0: a day */
    bool is_closed; /* the page takes no more tries */
    char id[ORDER_ID_SIZE];
    char token[UUID_SIZE];
    /* NULL for none; notify_urls: comma-separated */
    char *notify_urls, *finish_url, *custom[3];
};

struct sim_config {
    const char *listen, *public_url, *server_key, *notification_url, *finish_url, *state_path,
        *style;
    const char *log_level, *environment;
    const char *autopay; /* "method:outcome" of a buyer who is always there; "" for none */
    int64_t delay_ms, duplicate, shuffle, lose_percent, retry_scale;
    int64_t keep, seed, direct_refused;
    bool tell_pending;
};

struct journal;
struct notifier;
struct buckets;

struct sim {
    const struct sim_config *cfg;
    struct buckets *by_id, *by_token, *by_txn;
    struct order *oldest, *youngest;
    struct journal *journal;   /* NULL: state dies with the process */
    struct notifier *notifier; /* NULL in tests */
    size_t n_orders;
    int64_t clock_ahead_us; /* the settable clock: what it is ahead of the true one */
    int64_t n_refunds;
    uint64_t seed[2];
    char authorization[512]; /* what the header must be */
    bool true_http; /* Core API errors as HTTP statuses, not 200 with the code in the body */
};

/* cfg is borrowed for good. ERR_INVALID: settings that must not be (logged). */
struct err sim_init(struct sim *s, const struct sim_config *cfg) MUST_CHECK;
void sim_release(struct sim *s);

int64_t sim_now_us(const struct sim *s);
void sim_new_uuid(struct sim *s, char out[UUID_SIZE]); /* the same from the same seed */
uint64_t sim_random(struct sim *s);

struct order *sim_order(struct sim *s, const char *id);
struct order *sim_by_token(struct sim *s, const char *token);
struct txn *sim_txn(struct sim *s,
                    const char *transaction_or_order_id); /* of an order: its latest */

/* A new order with this id; texts are copied. */
struct order *sim_add_order(struct sim *s, const char *id, const char *token);
/* The page's token changes: the old one is good for nothing any more. */
void sim_renew_token(struct sim *s, struct order *o, const char *token);
struct txn *sim_add_txn(struct sim *s, struct order *o, const char *id);
void sim_forget_old(struct sim *s);                 /* beyond cfg->keep */
void sim_set_text(char **field, const char *value); /* frees the old one; NULL or "" clears */

#endif
