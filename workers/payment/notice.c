/* notice.c - Midtrans' words: their shape, their signature, what they mean. */
#include "workers/payment/notice.h"

#include <ctype.h>
#include <strings.h>

#include "base/clock.h"
#include "base/id.h"
#include "wrap/crypt.h"

#define SIGNATURE_SIZE 128
#define WIB_US (INT64_C(7) * 3600 * US_PER_S)

/* clang-format off */
static const struct word {
    const char *status;
    const char *code;     /* of a notification */
    const char *answered; /* of a status answer, where it is another */
    enum news_kind kind, held; /* held: with fraud_status challenge */
} words[] = {
    {"pending",            "201", NULL,  SAYS_PENDING,        SAYS_PENDING},
    {"authorize",          "200", NULL,  SAYS_PENDING,        SAYS_CHALLENGE},
    {"capture",            "200", NULL,  SAYS_SUCCESS,        SAYS_CHALLENGE},
    {"settlement",         "200", NULL,  SAYS_SUCCESS,        NO_NEWS},
    {"deny",               "202", NULL,  SAYS_DENY,           SAYS_DENY},
    {"failure",            "202", NULL,  SAYS_DENY,           SAYS_DENY},
    {"cancel",             "202", "200", SAYS_CANCEL,         SAYS_CANCEL},
    {"expire",             "202", "407", SAYS_EXPIRE,         SAYS_EXPIRE},
    {"refund",             "200", NULL,  SAYS_REFUND,         SAYS_REFUND},
    {"partial_refund",     "200", NULL,  SAYS_PARTIAL_REFUND, SAYS_PARTIAL_REFUND},
    {"chargeback",         "200", NULL,  SAYS_CHARGEBACK,     SAYS_CHARGEBACK},
    {"partial_chargeback", "200", NULL,  SAYS_CHARGEBACK,     SAYS_CHARGEBACK},
};
/* clang-format on */

static const char *text_of(const json_t *object, const char *name)
{
    const char *s = json_string_value(json_object_get(object, name));
    return s ? s : "";
}

static bool is_hex(const char *s)
{
    for (; *s; s++)
        if (!isxdigit((unsigned char)*s))
            return false;
    return true;
}

static bool is_digits(const char *s, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!isdigit((unsigned char)s[i]))
            return false;
    return n > 0;
}

static bool is_amount(const char *s)
{
    size_t n = strlen(s);
    return n > 3 && n <= 18 && is_digits(s, n - 3) && s[n - 3] == '.' && is_digits(s + n - 2, 2);
}

struct err notice_read(const json_t *object, struct notice *out)
{
    struct id attempt;

    *out = (struct notice){
        .order_id = text_of(object, "order_id"),
        .status_code = text_of(object, "status_code"),
        .gross_amount = text_of(object, "gross_amount"),
        .signature_key = text_of(object, "signature_key"),
        .transaction_status = text_of(object, "transaction_status"),
        .fraud_status = text_of(object, "fraud_status"),
        .transaction_id = text_of(object, "transaction_id"),
        .payment_type = text_of(object, "payment_type"),
        .currency = text_of(object, "currency"),
    };
    if (strlen(out->signature_key) != SIGNATURE_SIZE || !is_hex(out->signature_key))
        return ERR(ERR_INVALID, "no signature");
    if (strlen(out->status_code) != 3 || !is_digits(out->status_code, 3))
        return ERR(ERR_INVALID, "no status code");
    if (!is_amount(out->gross_amount))
        return ERR(ERR_INVALID, "no amount");
    if (id_parse(out->order_id, &attempt)
            .kind) /* of one fixed length: or the parts signed could be shifted */
        return ERR(ERR_INVALID, "no order of ours");
    return OK;
}

const char *notice_signature(struct arena *a, const char *order_id, const char *status_code,
                             const char *gross_amount, const char *server_key)
{
    const char *all = arena_printf(a, "%s%s%s%s", order_id, status_code, gross_amount, server_key);
    return sha512_hex(a, all, strlen(all));
}

bool notice_is_genuine(struct arena *a, const struct notice *n, const char *server_key)
{
    const char *ours =
        notice_signature(a, n->order_id, n->status_code, n->gross_amount, server_key);
    char theirs[SIGNATURE_SIZE];

    for (size_t i = 0; i < SIGNATURE_SIZE; i++) /* the shape was checked: 128 of them */
        theirs[i] = (char)tolower((unsigned char)n->signature_key[i]);
    return equal_constant_time(ours, theirs, SIGNATURE_SIZE);
}

static const struct word *word_of(const struct notice *n)
{
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcasecmp(words[i].status, n->transaction_status) == 0)
            return &words[i];
    return NULL;
}

static bool is_fraud(const struct notice *n, const char *what)
{
    return strcasecmp(n->fraud_status, what) == 0;
}

bool notice_is_consistent(const struct notice *n)
{
    const struct word *w = word_of(n);

    if (!w)
        return false;
    if (w->held == SAYS_CHALLENGE && is_fraud(n, "challenge"))
        return strcmp(n->status_code, "201") == 0;
    return strcmp(n->status_code, w->code) == 0 ||
           (w->answered && strcmp(n->status_code, w->answered) == 0);
}

enum news_kind notice_kind(const struct notice *n)
{
    const struct word *w = word_of(n);

    if (!w)
        return NO_NEWS;
    if (is_fraud(n, "challenge"))
        return w->held;
    if (w->kind == SAYS_SUCCESS && *n->fraud_status && !is_fraud(n, "accept"))
        return NO_NEWS;
    return w->kind;
}

bool notice_is_captured(const struct notice *n)
{
    return strcasecmp(n->transaction_status, "capture") == 0;
}

struct payment_news notice_news(const struct notice *n)
{
    struct payment_news news = {.kind = notice_kind(n), .word = n->transaction_status};

    if (*n->transaction_id)
        news.transaction_id = n->transaction_id;
    if (*n->payment_type)
        news.method = n->payment_type;
    if (rupiah_parse(n->gross_amount, *n->currency ? n->currency : "IDR", &news.amount).kind ||
        news.amount.minor == 0) /* which would stand for "not said", and fit everything */
        news.amount = money_of(-1, "IDR"); /* fits nothing */
    return news;
}

struct err rupiah_parse(const char *text, const char *currency, struct money *out)
{
    size_t n = strlen(text);

    if (!is_amount(text) || strcmp(text + n - 2, "00") != 0 || strlen(currency) != 3)
        return ERR(ERR_INVALID, "not a whole amount");
    *out = money_of(strtoll(text, NULL, 10), currency);
    return OK;
}

bool method_is_refundable(const char *payment_type)
{
    static const char *const by_hand[] = {"bank_transfer", "echannel", "cstore"};

    for (size_t i = 0; i < sizeof by_hand / sizeof *by_hand; i++)
        if (payment_type && strcasecmp(by_hand[i], payment_type) == 0)
            return false;
    return true;
}

void midtrans_time_format(int64_t us, char out[MIDTRANS_TIME_SIZE])
{
    char iso[TIME_TEXT_SIZE];

    time_format(us + WIB_US, iso);
    (void)snprintf(out, MIDTRANS_TIME_SIZE, "%.10s %.8s +0700", iso, iso + 11);
}
