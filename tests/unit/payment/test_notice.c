/* test_notice.c - Midtrans' words: the published signatures, the mapping of every status, and what
 * is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "workers/payment/notice.h"
#include "wrap/crypt.h"

#define KEY "SB-Mid-server-DEMO"
#define ORDER "0190a5c1-8000-7d50-8a5e-0c1d2e3f4a5c"

/* clang-format off */
static const struct {
    const char *order_id, *code, *amount, *key, *signature;
} vectors[] = {
    {"1111", "200", "100000.00", "askvnoibnosifnboseofinbofinfgbiufglnbfg",
     "edc076b21793ebe3e17926350f5b8ae67d902fe657b3d0aa31b932d5c127e2375d308a2bc94f3265ac2d80a1f181a79b997ac178a236fcff35af263fc4d4c231"},
    {"ORD-20260101-0001-1", "200", "145000.00", KEY,
     "0e8e2d7aa1df087f9dbba04cddb3675984ba234a86730d7be31a0e7f627f63bf697961bee8277714f1a8e84df1cfc09e32a694e0468f4ffcd692b64b963b4c08"},
    {"ORD-20260101-0001-1", "201", "145000.00", KEY,
     "cd3216d8b2dbfd7ff0cbe331e34bf79b35a5b78a9d5ece893a85e0a785a0ab66c2b143cccf69d23b7e02f4b8f2a3c45d9d30c72ab3094703f77d4624463de800"},
    {"ORD-20260101-0001-1", "202", "145000.00", KEY,
     "487f087b995905fd9ad1c0d3f8a1d9198e1acc739bcb3010878746afdf33080f842554474f47ffb112dd3d3423629a750b72e15abafa015e7af3e23475c3acb5"},
    {"ORD-20260101-0001-1", "407", "145000.00", KEY,
     "4c9b2af9fc1b0ce5fdfa49501c63247eb843d6b8c815972fe60103022cc6cf264e436e187ec0d1774f0ff1ae31307174bcfe6e6c5bcf84834d4583c161993043"},
};

static const struct {
    const char *status, *fraud, *code;
    enum news_kind kind;
    bool fits; /* the code goes with the word */
} mapping[] = {
    {"pending", "accept", "201", SAYS_PENDING, true},         {"pending", "", "201", SAYS_PENDING, true},
    {"PENDING", "accept", "201", SAYS_PENDING, true},         {"pending", "accept", "200", SAYS_PENDING, false},
    {"authorize", "accept", "200", SAYS_PENDING, true},       {"authorize", "challenge", "201", SAYS_CHALLENGE, true},
    {"capture", "accept", "200", SAYS_SUCCESS, true},         {"capture", "", "200", SAYS_SUCCESS, true},
    {"capture", "challenge", "201", SAYS_CHALLENGE, true},    {"capture", "challenge", "200", SAYS_CHALLENGE, false},
    {"capture", "deny", "200", NO_NEWS, true},
    {"settlement", "accept", "200", SAYS_SUCCESS, true},      {"settlement", "", "200", SAYS_SUCCESS, true},
    {"settlement", "accept", "201", SAYS_SUCCESS, false}, /* a genuine 201 with the word changed */
    {"settlement", "challenge", "200", NO_NEWS, true},        {"settlement", "deny", "200", NO_NEWS, true},
    {"deny", "accept", "202", SAYS_DENY, true},               {"deny", "deny", "202", SAYS_DENY, true},
    {"failure", "", "202", SAYS_DENY, true},
    {"cancel", "", "202", SAYS_CANCEL, true},                 {"cancel", "", "200", SAYS_CANCEL, true},
    {"expire", "", "202", SAYS_EXPIRE, true},                 {"expire", "", "407", SAYS_EXPIRE, true},
    {"refund", "accept", "200", SAYS_REFUND, true},           {"partial_refund", "", "200", SAYS_PARTIAL_REFUND, true},
    {"chargeback", "", "200", SAYS_CHARGEBACK, true},         {"partial_chargeback", "", "200", SAYS_CHARGEBACK, true},
    {"something_new", "", "200", NO_NEWS, false},             {"", "", "200", NO_NEWS, false},
};
/* clang-format on */

static void signatures_are_as_published(void **state)
{
    struct arena *a = arena_new();

    (void)state;
    for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++)
        assert_string_equal(notice_signature(a, vectors[i].order_id, vectors[i].code,
                                             vectors[i].amount, vectors[i].key),
                            vectors[i].signature);
    arena_free(a);
}

static void every_status_is_mapped(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof mapping / sizeof *mapping; i++) {
        struct notice n = {.transaction_status = mapping[i].status,
                           .fraud_status = mapping[i].fraud,
                           .status_code = mapping[i].code};
        assert_int_equal(notice_kind(&n), mapping[i].kind);
        assert_int_equal(notice_is_consistent(&n), mapping[i].fits);
    }
}

/* ---- notifications ---- */

static json_t *notification(struct arena *a, const char *code, const char *amount,
                            const char *status)
{
    return json_keep(a, json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "order_id", ORDER,
                                  "status_code", code, "gross_amount", amount, "transaction_status",
                                  status, "fraud_status", "accept", "transaction_id", "t-1",
                                  "payment_type", "qris", "signature_key",
                                  notice_signature(a, ORDER, code, amount, KEY)));
}

static bool is_taken(struct arena *a, const json_t *body)
{
    struct notice n;
    return notice_read(body, &n).kind == ERR_NONE && notice_is_genuine(a, &n, KEY);
}

static void a_genuine_one_is_taken(void **state)
{
    struct arena *a = arena_new();
    json_t *body = notification(a, "200", "300000.00", "settlement");
    struct notice n;
    struct payment_news news;

    (void)state;
    assert_true(is_taken(a, body));
    assert_int_equal(notice_read(body, &n).kind, ERR_NONE);
    news = notice_news(&n);
    assert_int_equal(news.kind, SAYS_SUCCESS);
    assert_true(money_equal(news.amount, money_of(300000, "IDR")));
    assert_string_equal(news.transaction_id, "t-1");
    assert_string_equal(news.method, "qris");
    arena_free(a);
}

/* In news an amount of 0 stands for one that is not said, and those fit every payment. */
static void an_amount_of_nothing_fits_nothing(void **state)
{
    struct arena *a = arena_new();
    json_t *body = notification(a, "200", "0000.00", "settlement");
    struct notice n;

    (void)state;
    assert_int_equal(notice_read(body, &n).kind, ERR_NONE);
    assert_int_equal(notice_news(&n).amount.minor, -1);
    arena_free(a);
}

/* Everything that is signed, changed; and everything of a wrong shape. */
static void forged_ones_are_refused(void **state)
{
    static const struct {
        const char *field;
        const char *value; /* NULL: a number instead of a text; "-": taken away */
    } spoils[] = {
        {"status_code", "201"},
        {"status_code", "20"},
        {"status_code", "2000"},
        {"status_code", "20x"},
        {"status_code", NULL},
        {"status_code", "-"},
        {"gross_amount", "3.00"},
        {"gross_amount", "300000"},
        {"gross_amount", "300000.0"},
        {"gross_amount", "300000.000"},
        {"gross_amount", "-1.00"},
        {"gross_amount", ".00"},
        {"gross_amount", "3e5.00"},
        {"gross_amount", NULL},
        {"gross_amount", "-"},
        {"order_id", "1111"},
        {"order_id", "0190a5c1-8000-7d50-8a5e-0c1d2e3f4a5d"},
        {"order_id", NULL},
        {"order_id", "-"},
        {"signature_key", ""},
        {"signature_key", "abc"},
        {"signature_key", NULL},
        {"signature_key", "-"},
        {"signature_key", "zz8e2d7aa1df087f9dbba04cddb3675984ba234a86730d7be31a0e7f627f63bf697961be"
                          "e8277714f1a8e84df1cfc0"
                          "9e32a694e0468f4ffcd692b64b963b4c08"},
        {"signature_key", "0e8e2d7aa1df087f9dbba04cddb3675984ba234a86730d7be31a0e7f627f63bf697961be"
                          "e8277714f1a8e84df1cfc0"
                          "9e32a694e0468f4ffcd692b64b963b4c08"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof spoils / sizeof *spoils; i++) {
        struct arena *a = arena_new();
        json_t *body = notification(a, "200", "300000.00", "settlement");
        if (!spoils[i].value)
            json_object_set_new(body, spoils[i].field, json_integer(200));
        else if (strcmp(spoils[i].value, "-") == 0)
            json_object_del(body, spoils[i].field);
        else
            json_object_set_new(body, spoils[i].field, json_string(spoils[i].value));
        assert_false(is_taken(a, body));
        arena_free(a);
    }
}

/* Moving a digit from the code to the amount keeps the signed text the same; the shapes do not
 * allow it. */
static void the_parts_cannot_be_shifted(void **state)
{
    struct arena *a = arena_new();
    json_t *body = notification(a, "200", "20050.00", "settlement");

    (void)state;
    json_object_set_new(body, "order_id", json_string(ORDER "200"));
    json_object_set_new(body, "status_code", json_string("200"));
    json_object_set_new(body, "gross_amount", json_string("50.00"));
    assert_false(is_taken(a, body));
    arena_free(a);
}

/* It verifies, for the word is not signed; that its code does not fit makes us ask. */
static void an_altered_word_is_noticed(void **state)
{
    struct arena *a = arena_new();
    json_t *body = notification(a, "201", "300000.00", "settlement");
    struct notice n;

    (void)state;
    assert_true(is_taken(a, body));
    assert_int_equal(notice_read(body, &n).kind, ERR_NONE);
    assert_false(notice_is_consistent(&n));
    arena_free(a);
}

static void amounts_are_whole_rupiah(void **state)
{
    static const struct {
        const char *text;
        int64_t minor; /* -1: refused */
    } rows[] = {{"145000.00", 145000},
                {"0.00", 0},
                {"1.00", 1},
                {"145000.50", -1},
                {"145000", -1},
                {"1.450.00", -1},
                {"", -1},
                {"-5.00", -1},
                {" 5.00", -1},
                {"99999999999999999.00", -1}};

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct money m = money_of(-1, "IDR");
        struct err e = rupiah_parse(rows[i].text, "IDR", &m);
        assert_int_equal(e.kind ? -1 : m.minor, rows[i].minor);
    }
}

static void methods_know_their_way_back(void **state)
{
    (void)state;
    assert_true(method_is_refundable("qris"));
    assert_true(method_is_refundable("credit_card"));
    assert_true(method_is_refundable("gopay"));
    assert_false(method_is_refundable("bank_transfer"));
    assert_false(method_is_refundable("echannel"));
    assert_false(method_is_refundable("cstore"));
}

static void times_are_those_of_jakarta(void **state)
{
    char text[MIDTRANS_TIME_SIZE];

    (void)state;
    midtrans_time_format(INT64_C(1767225600000000), text); /* 2026-01-01T00:00:00Z */
    assert_string_equal(text, "2026-01-01 07:00:00 +0700");
}

static int start(void **state)
{
    (void)state;
    crypt_init();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(signatures_are_as_published),
        cmocka_unit_test(every_status_is_mapped),
        cmocka_unit_test(a_genuine_one_is_taken),
        cmocka_unit_test(an_amount_of_nothing_fits_nothing),
        cmocka_unit_test(forged_ones_are_refused),
        cmocka_unit_test(the_parts_cannot_be_shifted),
        cmocka_unit_test(an_altered_word_is_noticed),
        cmocka_unit_test(amounts_are_whole_rupiah),
        cmocka_unit_test(methods_know_their_way_back),
        cmocka_unit_test(times_are_those_of_jakarta),
    };
    return cmocka_run_group_tests(tests, start, NULL);
}
