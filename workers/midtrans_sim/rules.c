/* rules.c - the state table of a transaction, and the codes that go with each state. */
#include "workers/midtrans_sim/rules.h"

#include <strings.h>

/* clang-format off */
const struct method methods[] = {
    /* name            type             label                   bank         card   refund fraud */
    {"qris",          "qris",          "QRIS",                  "gopay",     false, true,  true},
    {"gopay",         "gopay",         "GoPay",                 NULL,        false, true,  true},
    {"shopeepay",     "shopeepay",     "ShopeePay",             NULL,        false, true,  true},
    {"dana",          "dana",          "DANA",                  NULL,        false, true,  true},
    {"ovo",           "ovo",           "OVO",                   NULL,        false, true,  true},
    {"credit_card",   "credit_card",   "Credit or debit card",  "bca",       true,  true,  true},
    {"bank_transfer", "bank_transfer", "Bank transfer (BCA)",   "bca",       false, false, true},
    {"bni_va",        "bank_transfer", "Bank transfer (BNI)",   "bni",       false, false, true},
    {"bri_va",        "bank_transfer", "Bank transfer (BRI)",   "bri",       false, false, true},
    {"cimb_va",       "bank_transfer", "Bank transfer (CIMB)",  "cimb",      false, false, true},
    {"permata_va",    "bank_transfer", "Bank transfer (Permata)", NULL,      false, false, true},
    {"echannel",      "echannel",      "Mandiri Bill",          NULL,        false, false, true},
    {"cstore",        "cstore",        "Indomaret",             "indomaret", false, false, false},
    {"alfamart",      "cstore",        "Alfamart",              "alfamart",  false, false, false},
    {"akulaku",       "akulaku",       "Akulaku",               NULL,        false, true,  true},
    {"kredivo",       "kredivo",       "Kredivo",               NULL,        false, true,  true},
    {0},
};

static const struct {
    const char *name, *is;
} aliases[] = {
    {"bca_va", "bank_transfer"}, {"other_va", "bank_transfer"}, {"other_qris", "qris"},
    {"indomaret", "cstore"},     {"card", "credit_card"},       {NULL, NULL},
};

static const char *const status_names[N_STATUSES] = {
    [PENDING] = "pending", [AUTHORIZE] = "authorize", [CAPTURE] = "capture",
    [SETTLEMENT] = "settlement", [DENY] = "deny", [CANCEL] = "cancel", [EXPIRE] = "expire",
    [FAILURE] = "failure", [REFUND] = "refund", [PARTIAL_REFUND] = "partial_refund",
    [CHARGEBACK] = "chargeback", [PARTIAL_CHARGEBACK] = "partial_chargeback",
};

#define TO(s) (1u << (s))
static const unsigned next_of[N_STATUSES] = {
    [PENDING] = TO(SETTLEMENT) | TO(CAPTURE) | TO(AUTHORIZE) | TO(EXPIRE) | TO(CANCEL) | TO(DENY) | TO(FAILURE),
    [AUTHORIZE] = TO(CAPTURE) | TO(DENY) | TO(CANCEL) | TO(EXPIRE),
    [CAPTURE] = TO(SETTLEMENT) | TO(CANCEL) | TO(DENY), /* deny: of a challenge only */
    [SETTLEMENT] = TO(REFUND) | TO(PARTIAL_REFUND) | TO(CHARGEBACK) | TO(PARTIAL_CHARGEBACK) | TO(DENY),
    [PARTIAL_REFUND] = TO(PARTIAL_REFUND) | TO(REFUND),
    [PARTIAL_CHARGEBACK] = TO(CHARGEBACK),
};

static const struct {
    const char *told, *answered;
} codes[N_STATUSES] = {
    [PENDING] = {"201", "201"}, [AUTHORIZE] = {"200", "200"}, [CAPTURE] = {"200", "200"},
    [SETTLEMENT] = {"200", "200"}, [DENY] = {"202", "202"}, [CANCEL] = {"202", "202"},
    [EXPIRE] = {"202", "407"}, [FAILURE] = {"202", "202"}, [REFUND] = {"200", "200"},
    [PARTIAL_REFUND] = {"200", "200"}, [CHARGEBACK] = {"200", "200"},
    [PARTIAL_CHARGEBACK] = {"200", "200"},
};

static const struct {
    unsigned from; /* any of these */
    bool challenged; /* and under review */
    enum status to;
} wishes[N_WISHES] = {
    [WISH_CANCEL] = {TO(PENDING) | TO(AUTHORIZE) | TO(CAPTURE), false, CANCEL},
    [WISH_EXPIRE] = {TO(PENDING), false, EXPIRE},
    [WISH_APPROVE] = {TO(CAPTURE) | TO(AUTHORIZE), true, CAPTURE},
    [WISH_DENY] = {TO(CAPTURE) | TO(AUTHORIZE), true, DENY},
    [WISH_REFUND] = {TO(SETTLEMENT) | TO(PARTIAL_REFUND), false, REFUND},
};
/* clang-format on */

const struct method *method_find(const char *name)
{
    for (size_t i = 0; aliases[i].name; i++)
        if (strcasecmp(aliases[i].name, name) == 0)
            name = aliases[i].is;
    for (const struct method *m = methods; m->name; m++)
        if (strcasecmp(m->name, name) == 0)
            return m;
    return NULL;
}

const char *status_name(enum status s)
{
    return status_names[s];
}

const char *fraud_name(enum fraud f)
{
    static const char *const names[N_FRAUDS] = {"accept", "deny", "challenge"};
    return names[f];
}

bool status_can_become(enum status from, enum status to)
{
    return next_of[from] & TO(to);
}

bool status_allows_retry(enum status s)
{
    return s == DENY || s == FAILURE;
}

const char *code_in_notification(enum status s, enum fraud f)
{
    bool held = f == FRAUD_CHALLENGE && (s == CAPTURE || s == AUTHORIZE);
    return held ? "201" : codes[s].told;
}

const char *code_in_answer(enum status s, enum fraud f)
{
    bool held = f == FRAUD_CHALLENGE && (s == CAPTURE || s == AUTHORIZE);
    return held ? "201" : codes[s].answered;
}

bool wish_allowed(enum wish w, enum status from, enum fraud f, enum status *to)
{
    *to = wishes[w].to;
    if (!(wishes[w].from & TO(from)))
        return false;
    return !wishes[w].challenged || f == FRAUD_CHALLENGE;
}
