/* snap.h - the Snap API: makes pages and closes them. */
#ifndef PASAR_MIDTRANS_SIM_SNAP_H
#define PASAR_MIDTRANS_SIM_SNAP_H

#include "base/arena.h"
#include "workers/midtrans_sim/sim.h"

struct answer {
    int status;
    const char *body; /* JSON, in the arena */
};

struct snap_request { /* what the buyer's page will need; texts in the arena */
    const char *order_id;
    int64_t amount;
    int64_t start_us, life_us, page_life_us; /* 0: not said */
    const char *finish_url, *custom[3], *notify_urls;
    const char *messages[8]; /* what is wrong with it */
    size_t n_messages;
};

struct snap_headers { /* NULL when absent */
    const char *append, *override;
};

/* Reads and checks a create; false: its messages say what is wrong. Pure. */
bool snap_parse(struct arena *a, const char *body, size_t n_body, struct snap_request *out);

struct answer snap_create(struct sim *s, struct arena *a, const struct snap_request *req);
struct answer snap_cancel(struct sim *s, struct arena *a, const char *token);
struct answer snap_refuse(struct arena *a, int status, const char *message);
/* The URLs of this order's notifications; NULL: the default. */
const char *snap_notify_urls(const struct sim *s, struct arena *a, const struct snap_headers *h);

#endif
