/* test_sim.c - the simulator against the documented tables: creates, states, codes, retries, the
 * journal. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "workers/midtrans_sim/answer.h"
#include "workers/midtrans_sim/core.h"
#include "workers/midtrans_sim/deeds.h"
#include "workers/midtrans_sim/journal.h"
#include "workers/midtrans_sim/notify.h"
#include "workers/midtrans_sim/page.h"
#include "workers/midtrans_sim/pay.h"
#include "workers/midtrans_sim/snap.h"
#include "wrap/crypt.h"
#include "wrap/json.h"

static const struct sim_config config = {.listen = "",
                                         .public_url = "http://sim",
                                         .server_key = "SB-Mid-server-DEMO",
                                         .notification_url = "",
                                         .finish_url = "",
                                         .state_path = "",
                                         .style = "body",
                                         .retry_scale = 1,
                                         .keep = 1000,
                                         .seed = 7};

struct world {
    struct sim sim;
    struct arena *arena;
};

static int open_world(void **state)
{
    struct world *w = calloc(1, sizeof *w);

    crypt_init();
    assert_non_null(w);
    w->arena = arena_new();
    assert_int_equal(sim_init(&w->sim, &config).kind, ERR_NONE);
    *state = w;
    return 0;
}

static int close_world(void **state)
{
    struct world *w = *state;

    sim_release(&w->sim);
    arena_free(w->arena);
    free(w);
    return 0;
}

/* ---- create ---- */

#define DETAILS "\"transaction_details\":{\"order_id\":\"o-1\",\"gross_amount\":145000}"

/* clang-format off */
static const struct {
    const char *body;
    const char *message; /* part of the first; NULL: taken */
} creates[] = {
    {"{" DETAILS "}", NULL},
    {"{" DETAILS ",\"item_details\":[{\"name\":\"a\",\"price\":75000,\"quantity\":2},{\"name\":\"d\",\"price\":-5000,\"quantity\":1}]}", NULL},
    {"{" DETAILS ",\"expiry\":{\"start_time\":\"2026-01-01 07:00:00 +0700\",\"unit\":\"minutes\",\"duration\":60},\"page_expiry\":{\"unit\":\"hour\",\"duration\":1}}", NULL},
    {"", "not valid JSON"}, {"[]", "not valid JSON"}, {"null", "not valid JSON"},
    {"{}", "order_id is required"},
    {"{\"transaction_details\":{\"order_id\":\"o\"}}", "gross_amount is required"},
    {"{\"transaction_details\":{\"order_id\":\"o\",\"gross_amount\":\"145000\"}}", "must be an integer"},
    {"{\"transaction_details\":{\"order_id\":\"o\",\"gross_amount\":1.5}}", "must be an integer"},
    {"{\"transaction_details\":{\"order_id\":\"o\",\"gross_amount\":0}}", "greater than"},
    {"{\"transaction_details\":{\"order_id\":\"a b#c\",\"gross_amount\":1}}", "disallowed"},
    {"{\"transaction_details\":{\"order_id\":\"123456789012345678901234567890123456789012345678901\",\"gross_amount\":1}}", "too long"},
    {"{" DETAILS ",\"item_details\":[{\"name\":\"a\",\"price\":1,\"quantity\":1}]}", "not equal to the sum"},
    {"{" DETAILS ",\"item_details\":[{\"price\":145000,\"quantity\":1}]}", "name is required"},
    {"{" DETAILS ",\"item_details\":[{\"name\":\"a\",\"price\":145000,\"quantity\":0}]}", "quantity"},
    {"{" DETAILS ",\"item_details\":[{\"name\":\"123456789012345678901234567890123456789012345678901\",\"price\":145000,\"quantity\":1}]}", "too long"},
    {"{" DETAILS ",\"item_details\":[{\"name\":\"a\",\"price\":9223372036854775807,\"quantity\":2}]}", "too large"},
    {"{" DETAILS ",\"expiry\":{\"unit\":\"fortnight\",\"duration\":1}}", "expiry"},
    {"{" DETAILS ",\"page_expiry\":{\"unit\":\"day\",\"duration\":8}}", "7 days"},
    {"{" DETAILS ",\"expiry\":{\"start_time\":\"soon\",\"unit\":\"minute\",\"duration\":1}}", "start_time"},
};
/* clang-format on */

static void creates_are_checked(void **state)
{
    struct world *w = *state;

    for (size_t i = 0; i < sizeof creates / sizeof *creates; i++) {
        struct snap_request req;
        bool ok = snap_parse(w->arena, creates[i].body, strlen(creates[i].body), &req);
        assert_int_equal(ok, creates[i].message == NULL);
        if (creates[i].message && !strstr(req.messages[0], creates[i].message))
            fail_msg("%s: %s", creates[i].body, req.messages[0]);
    }
}

static struct order *made(struct world *w, const char *id)
{
    struct snap_request req = {.order_id = id, .amount = 145000};
    struct answer r = snap_create(&w->sim, w->arena, &req);

    assert_int_equal(r.status, 201);
    assert_non_null(strstr(r.body, "\"redirect_url\":\"http://sim/snap/v3/redirection/"));
    return sim_order(&w->sim, id);
}

static void the_same_order_again_revokes_the_token(void **state)
{
    struct world *w = *state;
    struct order *o = made(w, "o-1");
    char before[UUID_SIZE];
    struct snap_request again = {.order_id = "o-1", .amount = 145000};

    memcpy(before, o->token, sizeof before);
    assert_ptr_equal(made(w, "o-1"), o);
    assert_string_not_equal(o->token, before);
    assert_null(sim_by_token(&w->sim, before));
    assert_ptr_equal(sim_by_token(&w->sim, o->token), o);
    (void)txn_start(&w->sim, o, method_find("qris"));
    assert_int_equal(snap_create(&w->sim, w->arena, &again).status, 400);
}

/* ---- paying ---- */

static const struct txn *pays(struct world *w, struct order *o, const char *method,
                              const char *outcome)
{
    struct pay_form f = {method, outcome, ""};
    struct pay_result r = pay(&w->sim, o, &f);

    assert_int_equal(r.status, 200);
    return r.txn;
}

static const char *code_of(struct world *w, const char *id, const char *verb, const char *body)
{
    struct core_call call = {id, verb, body, strlen(body)};
    struct answer r = core_answer(&w->sim, w->arena, &call);
    json_t *root = NULL;

    assert_int_equal(r.status, 200); /* the style where the code is in the body */
    assert_int_equal(json_read(w->arena, r.body, strlen(r.body), &root).kind, ERR_NONE);
    return json_string_value(json_object_get(root, "status_code"));
}

/* clang-format off */
static const struct {
    const char *method, *outcome, *status, *code, *cancel, *expire, *refund;
} ways[] = {
    /* what becomes of it:                    status        answer cancel expire refund */
    {"qris",          "settlement", "settlement", "200", "412", "412", "200"},
    {"gopay",         "pending",    "pending",    "201", "200", "407", "412"},
    {"credit_card",   "capture",    "capture",    "200", "200", "412", "412"},
    {"credit_card",   "settlement", "settlement", "200", "412", "412", "200"},
    {"credit_card",   "challenge",  "capture",    "201", "200", "412", "412"},
    {"credit_card",   "deny",       "deny",       "202", "412", "412", "412"},
    {"bank_transfer", "expire",     "expire",     "407", "412", "412", "412"},
    {"bank_transfer", "settlement", "settlement", "200", "412", "412", "414"},
    {"echannel",      "settlement", "settlement", "200", "412", "412", "414"},
    {"cstore",        "settlement", "settlement", "200", "412", "412", "414"},
    {"permata_va",    "pending",    "pending",    "201", "200", "407", "412"},
};
/* clang-format on */

static void states_answer_as_documented(void **state)
{
    static const char *const verbs[] = {"cancel", "expire", "refund"};
    struct world *w = *state;

    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        const char *const codes[] = {ways[i].cancel, ways[i].expire, ways[i].refund};
        for (size_t v = 0; v < 3; v++) {
            const char *id = arena_printf(w->arena, "o-%zu-%zu", i, v);
            struct order *o = made(w, id);
            assert_string_equal(code_of(w, id, "status", "{}"),
                                "404"); /* before a method is chosen */
            assert_string_equal(status_name(pays(w, o, ways[i].method, ways[i].outcome)->status),
                                ways[i].status);
            assert_string_equal(code_of(w, id, "status", "{}"), ways[i].code);
            assert_string_equal(code_of(w, id, verbs[v], v == 2 ? "{}" : "null"), codes[v]);
        }
    }
}

static void reviews_end_one_way(void **state)
{
    struct world *w = *state;

    (void)pays(w, made(w, "o-1"), "credit_card", "challenge");
    assert_string_equal(code_of(w, "o-1", "approve", "null"), "200");
    assert_string_equal(code_of(w, "o-1", "approve", "null"), "412");
    assert_string_equal(code_of(w, "o-1", "status", "{}"), "200");
    (void)pays(w, made(w, "o-2"), "qris",
               "challenge"); /* only cards are challenged: it becomes one */
    assert_string_equal(code_of(w, "o-2", "deny", "null"), "200");
    assert_string_equal(code_of(w, "o-2", "status", "{}"), "202");
}

static void refunds_add_up(void **state)
{
    struct world *w = *state;
    const struct txn *t = pays(w, made(w, "o-1"), "qris", "settlement");

    assert_string_equal(code_of(w, "o-1", "refund", "{\"refund_key\":\"a\",\"amount\":45000}"),
                        "200");
    assert_int_equal(t->status, PARTIAL_REFUND);
    assert_string_equal(code_of(w, "o-1", "refund", "{\"refund_key\":\"a\",\"amount\":1000}"),
                        "406");
    assert_string_equal(code_of(w, "o-1", "refund", "{\"refund_key\":\"b\",\"amount\":100001}"),
                        "414");
    assert_string_equal(code_of(w, "o-1", "refund", "{\"amount\":\"5\"}"), "400");
    assert_string_equal(code_of(w, t->id, "refund/online/direct", "{\"refund_key\":\"b\"}"), "200");
    assert_int_equal(t->status, REFUND);
    assert_int_equal(t->refunded, 145000);
    assert_string_equal(code_of(w, "o-1", "refund", "{\"refund_key\":\"c\"}"), "412");
}

static void a_refused_card_may_try_again(void **state)
{
    struct world *w = *state;
    struct order *o = made(w, "o-1");
    char first[UUID_SIZE];

    memcpy(first, pays(w, o, "credit_card", "deny")->id, sizeof first);
    assert_true(page_is_open(&w->sim, o));
    assert_string_not_equal(pays(w, o, "credit_card", "settlement")->id, first);
    assert_false(page_is_open(&w->sim, o));
    assert_int_equal(sim_txn(&w->sim, first)->status, DENY);
}

static void a_closed_page_takes_nobody(void **state)
{
    struct world *w = *state;
    struct order *o = made(w, "o-1");
    struct pay_form f = {"qris", "settlement", ""};

    assert_int_equal(snap_cancel(&w->sim, w->arena, o->token).status, 200);
    assert_int_equal(snap_cancel(&w->sim, w->arena, o->token).status, 400);
    assert_int_equal(pay(&w->sim, o, &f).status, 410);
    assert_int_equal(snap_cancel(&w->sim, w->arena, "nothing").status, 404);
    o = made(w, "o-2");
    (void)pays(w, o, "qris", "pending");
    assert_int_equal(snap_cancel(&w->sim, w->arena, o->token).status, 400); /* on progress */
    o = made(w, "o-3");
    w->sim.clock_ahead_us += INT64_C(86400) * US_PER_S; /* a day later */
    assert_int_equal(pay(&w->sim, o, &f).status, 410);
    assert_non_null(strstr(page_choose(w->arena, o, false), "ended"));
}

static void forms_are_decoded(void **state)
{
    struct world *w = *state;
    const char *body = "outcome=settle%6Dent&x&method=credit+card&fault=%zz";
    struct pay_form f = pay_form_parse(w->arena, body, strlen(body));

    assert_string_equal(f.outcome, "settlement");
    assert_string_equal(f.method, "credit card");
    assert_string_equal(f.fault, "%zz");
}

/* ---- notifications ---- */

static void retries_are_as_documented(void **state)
{
    static const struct {
        int status, retries;
    } rows[] = {{200, 0}, {204, 0}, {302, 0}, {400, 2}, {404, 2},
                {500, 1}, {503, 4}, {502, 5}, {403, 5}, {0, 5}};

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_int_equal(retries_after(rows[i].status), rows[i].retries);
    assert_int_equal(retry_interval_us(1), 120 * US_PER_S);
    assert_int_equal(retry_interval_us(5), 210 * 60 * US_PER_S);
}

static void notifications_are_signed(void **state)
{
    struct world *w = *state;
    const struct txn *t = pays(w, made(w, "ORD-20260101-0001-1"), "bank_transfer", "settlement");
    const char *text = notification_text(w->arena, t, "SB-Mid-server-DEMO", FAULT_NONE);

    assert_non_null(strstr(
        text, "0e8e2d7aa1df087f9dbba04cddb3675984ba234a86730d7be31a0e7f627f63bf697961bee8277714f1a8"
              "e84df1cfc09e32a694e0468f4ffcd692b64b963b4c08"));
    assert_non_null(strstr(text, "\"gross_amount\":\"145000.00\""));
    assert_non_null(strstr(text, "\"va_numbers\":[{\"bank\":\"bca\""));
    assert_null(strstr(notification_text(w->arena, t, "SB-Mid-server-DEMO", FAULT_WRONG_SIGNATURE),
                       "0e8e2d7a"));
    assert_non_null(strstr(
        notification_text(w->arena, t, "SB-Mid-server-DEMO", FAULT_ALTERED_AMOUNT), "146000.00"));
}

static void every_notification_is_json(void **state)
{
    static const char *const outcomes[] = {"settlement", "pending", "capture",
                                           "deny",       "expire",  "failure"};
    struct world *w = *state;

    for (const struct method *m = methods; m->name; m++) {
        for (size_t i = 0; i < sizeof outcomes / sizeof *outcomes; i++) {
            struct order *o = made(w, arena_printf(w->arena, "%s-%s", m->name, outcomes[i]));
            const char *text;
            json_t *root = NULL;
            sim_set_text(&o->custom[0], "a \"quoted\" \\ text\n");
            text = notification_text(w->arena, pays(w, o, m->name, outcomes[i]), "k", FAULT_NONE);
            assert_int_equal(json_read(w->arena, text, strlen(text), &root).kind, ERR_NONE);
            assert_string_equal(json_string_value(json_object_get(root, "custom_field1")),
                                o->custom[0]);
            assert_string_equal(json_string_value(json_object_get(root, "payment_type")), m->type);
        }
    }
}

/* ---- the journal, the clock ---- */

static void the_journal_says_it_all(void **state)
{
    char lines[][128] = {"O\to-9\ttoken-9\t5000\t1\t2\t0\t0\t0\thttp://a,http://b\t\tx\\ty\t\t",
                         "T\tt-9\to-9\tqris\t3\t0\t5\t6\t7\t2",
                         "R\tt-9\tkey\t4\t1000\t8\t1\twhy",
                         "A\tt-9\t2",
                         "T\tt-8\tnobody\tqris\t3\t0\t5\t6\t7\t2",
                         "nonsense",
                         ""};
    static const bool fine[] = {true, true, true, true, false, false, false};
    struct world *w = *state;
    const struct txn *t;

    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        assert_int_equal(journal_apply(&w->sim, lines[i]), fine[i]);
    t = sim_txn(&w->sim, "t-9");
    assert_non_null(t);
    assert_int_equal(t->status, SETTLEMENT);
    assert_int_equal(t->refunded, 1000);
    assert_int_equal(t->heard, 2);
    assert_string_equal(t->order->custom[0], "x\ty");
    assert_string_equal(t->order->notify_urls, "http://a,http://b");
    assert_null(t->order->finish_url);
    assert_ptr_equal(sim_by_token(&w->sim, "token-9"), t->order);
}

static void old_orders_are_forgotten(void **state)
{
    struct world *w = *state;

    for (int i = 0; i < 3000; i++)
        (void)pays(w, made(w, arena_printf(w->arena, "o-%d", i)), "qris", "settlement");
    assert_int_equal(w->sim.n_orders, 1000);
    assert_null(sim_order(&w->sim, "o-1999"));
    assert_non_null(sim_order(&w->sim, "o-2000"));
}

static void times_are_those_of_jakarta(void **state)
{
    char text[WIB_TEXT_SIZE];
    int64_t us;

    (void)state;
    wib_format(INT64_C(1767225600000000), text);
    assert_string_equal(text, "2026-01-01 07:00:00");
    assert_int_equal(wib_parse("2026-01-01 07:00:00 +0700", &us).kind, ERR_NONE);
    assert_int_equal(us, INT64_C(1767225600000000));
    assert_int_equal(wib_parse("2026-01-01 07:00:00", &us).kind, ERR_NONE);
    assert_int_equal(us, INT64_C(1767225600000000));
    assert_int_equal(wib_parse("tomorrow", &us).kind, ERR_INVALID);
}

static void a_production_key_is_refused(void **state)
{
    struct sim_config other = config;
    struct sim s;

    (void)state;
    other.server_key = "Mid-server-real";
    assert_int_equal(sim_init(&s, &other).kind, ERR_INVALID);
}

int main(void)
{
#define IN_A_WORLD(test) cmocka_unit_test_setup_teardown(test, open_world, close_world)
    const struct CMUnitTest tests[] = {
        IN_A_WORLD(creates_are_checked),
        IN_A_WORLD(the_same_order_again_revokes_the_token),
        IN_A_WORLD(states_answer_as_documented),
        IN_A_WORLD(reviews_end_one_way),
        IN_A_WORLD(refunds_add_up),
        IN_A_WORLD(a_refused_card_may_try_again),
        IN_A_WORLD(a_closed_page_takes_nobody),
        IN_A_WORLD(forms_are_decoded),
        IN_A_WORLD(retries_are_as_documented),
        IN_A_WORLD(notifications_are_signed),
        IN_A_WORLD(every_notification_is_json),
        IN_A_WORLD(the_journal_says_it_all),
        IN_A_WORLD(old_orders_are_forgotten),
        IN_A_WORLD(times_are_those_of_jakarta),
        IN_A_WORLD(a_production_key_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
