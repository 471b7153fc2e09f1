/* answer.c - writes Midtrans' JSON: strings everywhere, two decimals, local time without its zone.
 */
#include "workers/midtrans_sim/answer.h"

#include "base/buf.h"
#include "base/clock.h"
#include "wrap/crypt.h"

#include <inttypes.h>

#define WIB_US (INT64_C(7) * 3600 * US_PER_S)
#define MERCHANT "G000000000"

enum fault fault_find(const char *name)
{
    static const char *const names[N_FAULTS] = {"", "wrong_signature", "altered_amount",
                                                "swapped_status", "lost"};
    for (enum fault f = FAULT_WRONG_SIGNATURE; f < N_FAULTS; f++)
        if (strcmp(names[f], name) == 0)
            return f;
    return FAULT_NONE;
}

void wib_format(int64_t us, char out[WIB_TEXT_SIZE])
{
    char text[TIME_TEXT_SIZE];
    time_format(us + WIB_US, text);
    (void)snprintf(out, WIB_TEXT_SIZE, "%.10s %.8s", text, text + 11);
}

struct err wib_parse(const char *text, int64_t *out_us)
{
    char iso[40];
    size_t n = strlen(text);

    if (n < 19 || n > 26 || (text[10] != ' ' && text[10] != 'T'))
        return ERR(ERR_INVALID, "not a time");
    if (n == 25 && text[19] == ' ')
        (void)snprintf(iso, sizeof iso, "%.10sT%.8s%.3s:%.2s", text, text + 11, text + 20,
                       text + 23);
    else if (n == 19)
        (void)snprintf(iso, sizeof iso, "%.10sT%.8s+07:00", text, text + 11);
    else
        return ERR(ERR_INVALID, "not a time");
    return time_parse(iso, out_us);
}

const char *signature_of(struct arena *a, const char *order_id, const char *code,
                         const char *amount, const char *server_key)
{
    const char *all = arena_printf(a, "%s%s%s%s", order_id, code, amount, server_key);
    return sha512_hex(a, all, strlen(all));
}

/* ---- writing ---- */

static void text_add(struct buf *b, const char *s)
{
    buf_add(b, "\"", 1);
    for (; *s; s++) {
        unsigned char c = (unsigned char)*s;
        if (c == '"' || c == '\\')
            buf_addf(b, "\\%c", c);
        else if (c < 0x20)
            buf_addf(b, "\\u%04x", c);
        else
            buf_add(b, s, 1);
    }
    buf_add(b, "\"", 1);
}

static void field(struct buf *b, const char *name, const char *value)
{
    if (!value)
        return; /* fields with null are left out */
    buf_adds(b, b->n > 1 ? ",\"" : "\"");
    buf_adds(b, name);
    buf_adds(b, "\":");
    text_add(b, value);
}

/* Values without a character that needs escaping: most of them. */
static void plain(struct buf *b, const char *name, const char *value)
{
    buf_adds(b, b->n > 1 ? ",\"" : "\"");
    buf_adds(b, name);
    buf_adds(b, "\":\"");
    buf_adds(b, value);
    buf_add(b, "\"", 1);
}

static void time_field(struct buf *b, const char *name, int64_t us)
{
    char text[WIB_TEXT_SIZE];

    if (!us)
        return;
    wib_format(us, text);
    plain(b, name, text);
}

static const char *rupiah(struct arena *a, int64_t amount)
{
    return arena_printf(a, "%" PRId64 ".00", amount);
}

static void card_fields(struct buf *b, const struct txn *t)
{
    bool refused = t->status == DENY;

    plain(b, "masked_card", "48111111-1114");
    plain(b, "bank", t->method->bank);
    plain(b, "eci", "05");
    plain(b, "channel_response_code", refused ? "05" : "00");
    plain(b, "channel_response_message", refused ? "Do not honour" : "Approved");
    plain(b, "card_type", "credit");
    plain(b, "three_ds_version", "2");
    buf_adds(b, ",\"three_ds_challenge_completion\":true");
    if (!refused)
        plain(b, "approval_code", "112233");
}

static void qris_fields(struct buf *b, const struct txn *t)
{
    plain(b, "acquirer", t->method->bank);
    plain(b, "transaction_type", "on-us");
    plain(b, "merchant_cross_reference_id", t->id);
    if (t->settled_us)
        plain(b, "issuer", "gopay");
}

/* Numbers a buyer types: taken from the transaction's id, so that they are the same every time. */
static unsigned long number_of(const struct txn *t)
{
    char hex[9];
    (void)snprintf(hex, sizeof hex, "%.8s", t->id);
    return strtoul(hex, NULL, 16);
}

static void transfer_fields(struct buf *b, const struct txn *t)
{
    if (!t->method->bank) {
        buf_addf(b, ",\"permata_va_number\":\"8562%012lu\"", number_of(t));
        return;
    }
    buf_addf(b, ",\"va_numbers\":[{\"bank\":\"%s\",\"va_number\":\"81%010lu\"}]", t->method->bank,
             number_of(t));
    buf_adds(b, ",\"payment_amounts\":[");
    if (t->settled_us) {
        char paid[WIB_TEXT_SIZE];
        wib_format(t->settled_us, paid);
        buf_addf(b, "{\"paid_at\":\"%s\",\"amount\":\"%" PRId64 ".00\"}", paid, t->order->amount);
    }
    buf_adds(b, "]");
}

static void method_fields(struct buf *b, const struct txn *t)
{
    const char *type = t->method->type;

    if (t->method->is_card)
        card_fields(b, t);
    else if (strcmp(type, "qris") == 0)
        qris_fields(b, t);
    else if (strcmp(type, "bank_transfer") == 0)
        transfer_fields(b, t);
    else if (strcmp(type, "echannel") == 0)
        buf_addf(b, ",\"biller_code\":\"70012\",\"bill_key\":\"%012lu\"", number_of(t));
    else if (strcmp(type, "cstore") == 0)
        buf_addf(b, ",\"store\":\"%s\",\"payment_code\":\"%014lu\"", t->method->bank, number_of(t));
}

static void refund_fields(struct buf *b, const struct txn *t)
{
    const char *comma = "";

    if (!t->refunds)
        return;
    buf_addf(b, ",\"refund_amount\":\"%" PRId64 ".00\",\"refunds\":[", t->refunded);
    for (const struct refund *r = t->refunds; r; r = r->next, comma = ",") {
        char at[WIB_TEXT_SIZE];
        wib_format(r->made_us, at);
        buf_addf(b,
                 "%s{\"refund_chargeback_id\":%" PRId64 ",\"refund_amount\":\"%" PRId64
                 ".00\",\"created_at\":\"%s\"",
                 comma, r->number, r->amount, at);
        field(b, "reason", r->reason);
        plain(b, "refund_key", r->key);
        plain(b, "refund_method", r->by_bank ? "online" : "offline");
        if (r->by_bank)
            plain(b, "bank_confirmed_at", at);
        buf_adds(b, "}");
    }
    buf_adds(b, "]");
}

static void common_fields(struct buf *b, const struct txn *t)
{
    static const char *const custom[3] = {"custom_field1", "custom_field2", "custom_field3"};

    time_field(b, "transaction_time", t->made_us);
    plain(b, "transaction_id", t->id);
    plain(b, "payment_type", t->method->type);
    plain(b, "order_id", t->order->id);
    plain(b, "merchant_id", MERCHANT);
    plain(b, "currency", "IDR");
    if (t->method->has_fraud_status)
        plain(b, "fraud_status", fraud_name(t->fraud));
    time_field(b, "settlement_time", t->settled_us);
    time_field(b, "expiry_time", t->expires_us);
    for (size_t i = 0; i < 3; i++)
        field(b, custom[i], t->order->custom[i]);
    method_fields(b, t);
}

static void signed_fields(struct buf *b, const struct txn *t, const char *code, const char *amount,
                          const char *server_key)
{
    plain(b, "status_code", code);
    plain(b, "gross_amount", amount);
    plain(b, "signature_key", signature_of(b->arena, t->order->id, code, amount, server_key));
}

const char *notification_text(struct arena *a, const struct txn *t, const char *server_key,
                              enum fault fault)
{
    const char *code = code_in_notification(t->status, t->fraud);
    int64_t amount = t->order->amount + (fault == FAULT_ALTERED_AMOUNT ? 1000 : 0);
    struct buf b;

    buf_init(&b, a);
    buf_adds(&b, "{");
    common_fields(&b, t);
    signed_fields(&b, t, code, rupiah(a, amount),
                  fault == FAULT_WRONG_SIGNATURE ? "SB-Mid-server-of-somebody-else" : server_key);
    plain(&b, "transaction_status",
          fault == FAULT_SWAPPED_STATUS ? "settlement" : status_name(t->status));
    plain(&b, "status_message", "midtrans payment notification");
    refund_fields(&b, t);
    buf_adds(&b, "}");
    return b.data;
}

const char *txn_text(struct arena *a, const struct txn *t, const char *server_key, const char *code,
                     const char *message)
{
    struct buf b;

    buf_init(&b, a);
    buf_adds(&b, "{");
    common_fields(&b, t);
    signed_fields(&b, t, code, rupiah(a, t->order->amount), server_key);
    plain(&b, "transaction_status", status_name(t->status));
    plain(&b, "status_message", message);
    refund_fields(&b, t);
    buf_adds(&b, "}");
    return b.data;
}

const char *refund_text(struct arena *a, const struct txn *t, const struct refund *r,
                        const char *server_key, const char *code)
{
    struct buf b;

    buf_init(&b, a);
    buf_adds(&b, "{");
    common_fields(&b, t);
    signed_fields(&b, t, code, rupiah(a, t->order->amount), server_key);
    plain(&b, "transaction_status", status_name(t->status));
    plain(&b, "status_message",
          r ? "Success, refund request is approved" : "Refund is refused by the bank");
    if (r) {
        buf_addf(&b, ",\"refund_chargeback_id\":%" PRId64, r->number);
        plain(&b, "refund_key", r->key);
    }
    plain(&b, "refund_amount", rupiah(a, r ? r->amount : 0));
    buf_adds(&b, "}");
    return b.data;
}

const char *core_error_text(struct arena *a, const char *code, const char *message, const char *id)
{
    struct buf b;

    buf_init(&b, a);
    buf_adds(&b, "{");
    plain(&b, "status_code", code);
    field(&b, "status_message", message);
    plain(&b, "id", id);
    buf_adds(&b, "}");
    return b.data;
}

const char *snap_error_text(struct arena *a, const char *const *messages, size_t n)
{
    struct buf b;

    buf_init(&b, a);
    buf_adds(&b, "{\"error_messages\":[");
    for (size_t i = 0; i < n; i++) {
        if (i)
            buf_adds(&b, ",");
        text_add(&b, messages[i]);
    }
    buf_adds(&b, "]}");
    return b.data;
}
