/* payment.c - the names of the states. */
#include "workers/payment/payment.h"

static const char *const names[N_PAYMENT_STATES] = {
    [ABSENT] = "ABSENT",       [WAITING] = "WAITING",       [CHARGING] = "CHARGING",
    [PENDING] = "PENDING",     [CHALLENGED] = "CHALLENGED", [SUCCESS] = "SUCCESS",
    [FAILED] = "FAILED",       [EXPIRED] = "EXPIRED",       [VOID] = "VOID",
    [REFUNDING] = "REFUNDING", [REFUNDED] = "REFUNDED",     [REFUND_DUE] = "REFUND_DUE",
};

const char *payment_state_name(enum payment_state s)
{
    return names[s];
}

enum payment_state payment_state_find(const char *name)
{
    for (enum payment_state s = WAITING; s < N_PAYMENT_STATES; s++)
        if (name && strcmp(names[s], name) == 0)
            return s;
    return ABSENT;
}
