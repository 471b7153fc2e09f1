/* page.c - HTML without scripts: a form with the methods, and a button for each way it can end. */
#include "workers/midtrans_sim/page.h"

#include "base/buf.h"
#include "workers/midtrans_sim/answer.h"

#include <inttypes.h>

static const char head[] =
    "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport "
    "content='width=device-width,initial-scale=1'>"
    "<title>Payment (simulator)</title><style>"
    "body{font:16px/1.5 "
    "system-ui,sans-serif;background:#eef1f6;color:#1c2430;margin:0;padding:1.5rem}"
    "main{max-width:34rem;margin:auto;background:#fff;border-radius:14px;box-shadow:0 2px 18px "
    "#0002;overflow:hidden}"
    "header{background:#12355b;color:#fff;padding:1.2rem 1.5rem}header "
    "small{opacity:.8;word-break:break-all}"
    "header "
    "b{display:block;font-size:1.9rem;font-variant-numeric:tabular-nums}section{padding:1.2rem "
    "1.5rem}"
    "label{display:flex;gap:.6rem;padding:.5rem .7rem;border:1px solid "
    "#d5dbe5;border-radius:8px;margin:.35rem 0;cursor:pointer}"
    "label:has(:checked){border-color:#12355b;background:#eaf1fb}"
    "button{font:inherit;border:0;border-radius:8px;padding:.6rem 1rem;margin:.25rem .25rem 0 "
    "0;background:#dfe5ee;cursor:pointer}"
    "button.pay{background:#157f4b;color:#fff;font-weight:600;width:100%;padding:.8rem}details{"
    "margin-top:1rem}"
    "footer{padding:.8rem "
    "1.5rem;background:#f6f8fb;color:#667;font-size:.85rem}code{word-break:break-all}"
    "</style><main>";

static const char foot[] = "<footer>This is a simulator: no money moves. Nothing typed here leaves "
                           "this machine.</footer></main>";

static const struct {
    const char *outcome, *label;
} more[] = {
    {"pending", "Choose, pay later"},
    {"capture", "Capture (card)"},
    {"challenge", "Challenge (card)"},
    {"deny", "Deny"},
    {"failure", "Failure"},
    {"expire", "Expire"},
    {"late_settlement", "Expire, then money"},
    {"two_settlements", "Money twice"},
    {"close", "Close the page"},
};

/* 150000 -> "Rp150.000" */
static void rupiah(struct buf *b, int64_t amount)
{
    char digits[24];
    int n = snprintf(digits, sizeof digits, "%" PRId64, amount);

    buf_adds(b, "Rp");
    for (int i = 0; i < n; i++) {
        if (i && (n - i) % 3 == 0)
            buf_adds(b, ".");
        buf_add(b, &digits[i], 1);
    }
}

static void header(struct buf *b, const struct order *o)
{
    char until[WIB_TEXT_SIZE];

    wib_format(o->page_ends_us, until);
    buf_adds(b, head);
    buf_adds(b, "<header>Payment<b>");
    rupiah(b, o->amount);
    buf_addf(b, "</b><small>order %s &middot; until %s WIB</small></header><section>", o->id,
             until);
}

static void how_it_stands(struct buf *b, const struct txn *t)
{
    if (!t)
        return;
    buf_addf(b, "<p>%s: <b>%s</b>%s<br><code>%s</code></p>", t->method->label,
             status_name(t->status), t->fraud == FRAUD_CHALLENGE ? " (under review)" : "", t->id);
}

static void form(struct buf *b, const struct order *o)
{
    const struct txn *t = o->latest;

    buf_addf(b, "<form method=post action='/snap/v3/redirection/%s/pay'>", o->token);
    if (t && t->status == PENDING)
        buf_addf(b, "<input type=hidden name=method value='%s'>", t->method->name);
    else
        for (const struct method *m = methods; m->name; m++)
            buf_addf(b, "<label><input type=radio name=method value='%s'%s>%s</label>", m->name,
                     m == methods ? " checked" : "", m->label);
    buf_adds(b, "<button class=pay name=outcome value=settlement>Pay now</button>"
                "<details><summary>Or let something else happen</summary>");
    for (size_t i = 0; i < sizeof more / sizeof *more; i++)
        buf_addf(b, "<button name=outcome value=%s>%s</button>", more[i].outcome, more[i].label);
    buf_adds(b, "</details></form>");
}

const char *page_choose(struct arena *a, const struct order *o, bool is_open)
{
    struct buf b;

    buf_init(&b, a);
    header(&b, o);
    how_it_stands(&b, o->latest);
    if (is_open)
        form(&b, o);
    else
        buf_adds(&b, "<p>This page has ended.</p>");
    buf_adds(&b, "</section>");
    buf_adds(&b, foot);
    return b.data;
}

const char *page_result(struct arena *a, const struct order *o, const struct txn *t, bool is_open)
{
    struct buf b;

    buf_init(&b, a);
    header(&b, o);
    if (t)
        how_it_stands(&b, t);
    else
        buf_adds(&b, "<p>You left without paying.</p>");
    if (is_open)
        buf_addf(&b, "<p><a href='/snap/v3/redirection/%s'>Back to the payment page</a></p>",
                 o->token);
    else
        buf_adds(&b, "<p>You can close this window.</p>");
    buf_adds(&b, "</section>");
    buf_adds(&b, foot);
    return b.data;
}

const char *page_trouble(struct arena *a, const char *why)
{
    return arena_printf(a, "%s<header>Payment</header><section><p>Sorry: %s.</p></section>%s", head,
                        why, foot);
}
