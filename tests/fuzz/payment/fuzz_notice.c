/* fuzz_notice.c - a notification of Midtrans: as it came, and with a signature that fits. Whatever
 * its words are, no payment is taken for paid that is not, or not in full. */
#include "fuzz.h"

#include <strings.h>

#include "workers/payment/notice.h"

#define SERVER_KEY "SB-Mid-server-of-the-fuzzer"
#define AMOUNT_MAX INT64_C(999999999999999) /* 15 digits */

static void check_amount(struct arena *a, const char *text)
{
    struct money read, again;

    if (rupiah_parse(text, "IDR", &read).kind)
        return;
    assert_in_range(read.minor, 0, AMOUNT_MAX);
    assert(!rupiah_parse(arena_printf(a, "%lld.00", (long long)read.minor), "IDR", &again).kind);
    assert(money_equal(read, again));
}

/* The shape is known to be right. */
static void check_signature(struct arena *a, struct notice *n)
{
    assert(!notice_is_genuine(a, n, SERVER_KEY));
    n->signature_key =
        notice_signature(a, n->order_id, n->status_code, n->gross_amount, SERVER_KEY);
    assert(notice_is_genuine(a, n, SERVER_KEY));
    assert(!notice_is_genuine(a, n, "another key"));
}

static void check_kind(const struct notice *n, enum news_kind kind)
{
    bool is_paid = strcasecmp(n->transaction_status, "settlement") == 0 || notice_is_captured(n);

    assert_in_range((int64_t)kind, NO_NEWS, N_NEWS_KINDS - 1);
    if (kind == SAYS_SUCCESS)
        assert(is_paid && (!*n->fraud_status || strcasecmp(n->fraud_status, "accept") == 0));
    if (kind == SAYS_CHALLENGE)
        assert(strcasecmp(n->fraud_status, "challenge") == 0);
    if (notice_is_consistent(n) && !*n->fraud_status)
        assert(kind != NO_NEWS);
}

/* What it would do to a payment of the same amount, and of one more. */
static void check_decision(const struct payment_news *news, int64_t total)
{
    for (int s = ABSENT + 1; s < N_PAYMENT_STATES; s++) {
        struct payment p = {.state = (enum payment_state)s, .total = money_of(total, "IDR")};
        struct payment_decision d = payment_decide(&p, news);

        if (d.tell && strcmp(d.tell, "PaymentSuccess") == 0)
            assert((news->kind == SAYS_SUCCESS || news->kind == SAYS_PARTIAL_REFUND) &&
                   money_equal(news->amount, p.total));
        if (d.moves)
            payment_apply(&p, news, &d);
        assert_in_range((int64_t)p.state, ABSENT, N_PAYMENT_STATES - 1);
    }
}

void fuzz_try(struct arena *a, struct input in)
{
    json_t *body = input_object(a, &in);
    struct payment_news news;
    struct notice n;
    struct id attempt;

    check_amount(a, input_rest(a, &in));
    if (!body || notice_read(body, &n).kind)
        return;
    assert(!id_parse(n.order_id, &attempt).kind);
    check_amount(a, n.gross_amount);
    check_signature(a, &n);
    check_kind(&n, notice_kind(&n));
    news = notice_news(&n);
    assert(news.kind == notice_kind(&n));
    assert_in_range(news.amount.minor, -1, AMOUNT_MAX);
    check_decision(&news, news.amount.minor);
    check_decision(&news, news.amount.minor + 1);
    (void)method_is_refundable(news.method);
}
