/* core.c - /v2/{id}/…, after the table of what may be asked in which state. */
#include "workers/midtrans_sim/core.h"

#include "workers/midtrans_sim/answer.h"
#include "workers/midtrans_sim/deeds.h"
#include "wrap/json.h"

/* 407 is a state, not an error, but it is not 200 either: true style sends it as what it says. */
static struct answer styled(const struct sim *s, const char *code, const char *body)
{
    return (struct answer){s->true_http ? (int)strtol(code, NULL, 10) : 200, body};
}

struct answer core_refuse(struct sim *s, struct arena *a, const char *code, const char *message)
{
    char id[UUID_SIZE];
    sim_new_uuid(s, id);
    return styled(s, code, core_error_text(a, code, message, id));
}

static struct answer status(struct sim *s, struct arena *a, struct txn *t)
{
    const char *code = code_in_answer(t->status, t->fraud);
    return styled(s, code,
                  txn_text(a, t, s->cfg->server_key, code, "Success, transaction is found"));
}

static struct answer change(struct sim *s, struct arena *a, struct txn *t, enum wish w)
{
    static const struct {
        const char *message;
        enum fraud fraud;
    } after[N_WISHES] = {
        [WISH_CANCEL] = {"Success, transaction is canceled", FRAUD_ACCEPT},
        [WISH_EXPIRE] = {"Success, transaction is expired", FRAUD_ACCEPT},
        [WISH_APPROVE] = {"Success, transaction is approved", FRAUD_ACCEPT},
        [WISH_DENY] = {"Success, transaction is denied", FRAUD_DENY},
        [WISH_REFUND] = {"", FRAUD_ACCEPT},
    };
    enum status to;
    const char *code;

    if (!wish_allowed(w, t->status, t->fraud, &to))
        return core_refuse(s, a, "412", "Transaction status cannot be updated.");
    txn_move(s, t, to, after[w].fraud, FAULT_NONE);
    code = w == WISH_EXPIRE ? "407" : "200";
    return styled(s, code, txn_text(a, t, s->cfg->server_key, code, after[w].message));
}

/* ---- refunds ---- */

struct refund_body {
    const char *key, *reason;
    int64_t amount; /* 0: all that is left */
    bool is_bad;
};

static struct refund_body read_refund(struct arena *a, const struct core_call *call)
{
    struct refund_body b = {.key = "", .reason = ""};
    json_t *root = NULL, *amount;
    const char *text;

    if (!call->n_body)
        return b;
    if (json_read(a, call->body, call->n_body, &root).kind) {
        b.is_bad = strcmp(call->body, "null") != 0;
        return b;
    }
    text = json_string_value(json_object_get(root, "refund_key"));
    b.key = text ? text : "";
    text = json_string_value(json_object_get(root, "reason"));
    b.reason = text ? text : "";
    amount = json_object_get(root, "amount");
    b.amount = json_integer_value(amount);
    b.is_bad = (amount && (!json_is_integer(amount) || b.amount < 1)) || strlen(b.key) > 50 ||
               strlen(b.reason) > 255;
    return b;
}

static struct answer refund(struct sim *s, struct arena *a, struct txn *t,
                            const struct core_call *call)
{
    struct refund_body b = read_refund(a, call);
    bool direct = strcmp(call->verb, "refund") != 0;
    int64_t left = t->order->amount - t->refunded;
    struct refund_wish w = {b.key, b.reason, b.amount ? b.amount : left, direct};
    enum status to;

    if (b.is_bad)
        return core_refuse(s, a, "400", "One or more parameters in the payload is invalid.");
    if (*b.key && txn_find_refund(t, b.key))
        return core_refuse(s, a, "406",
                           "The request could not be completed due to a conflict with the current "
                           "state of the target "
                           "resource, please try again");
    if (!wish_allowed(WISH_REFUND, t->status, t->fraud, &to))
        return core_refuse(s, a, "412", "Merchant cannot modify the status of the transaction");
    if (!t->method->is_refundable)
        return core_refuse(s, a, "414", "Refund is not supported for this payment method");
    if (w.amount > left)
        return core_refuse(s, a, "414", "Refund amount is invalid: it is larger than what is left");
    if (direct && s->cfg->direct_refused)
        return styled(s, "202", refund_text(a, t, NULL, s->cfg->server_key, "202"));
    return styled(s, "200", refund_text(a, t, txn_refund(s, t, &w), s->cfg->server_key, "200"));
}

/* ---- which ---- */

struct answer core_answer(struct sim *s, struct arena *a, const struct core_call *call)
{
    static const struct {
        const char *verb;
        enum wish wish;
    } changes[] = {{"cancel", WISH_CANCEL},
                   {"expire", WISH_EXPIRE},
                   {"approve", WISH_APPROVE},
                   {"deny", WISH_DENY}};
    struct txn *t = sim_txn(s, call->id);

    if (!t) /* also before a method is chosen: then there is no transaction yet */
        return core_refuse(s, a, "404", "Transaction doesn't exist.");
    if (strcmp(call->verb, "status") == 0)
        return status(s, a, t);
    if (strcmp(call->verb, "refund") == 0 || strcmp(call->verb, "refund/online/direct") == 0)
        return refund(s, a, t, call);
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++)
        if (strcmp(call->verb, changes[i].verb) == 0)
            return change(s, a, t, changes[i].wish);
    return core_refuse(s, a, "404", "The requested resource is not found");
}
