/* user.c - the rules of user.h. */
#include "workers/user/user.h"

#include "base/clock.h"
#include "wrap/crypt.h"

#include <arpa/inet.h>
#include <string.h>

/* ---- texts ---- */

static char *trimmed(struct arena *a, const char *text)
{
    size_t n;

    text += strspn(text, " \t");
    n = strlen(text);
    while (n > 0 && (text[n - 1] == ' ' || text[n - 1] == '\t'))
        n--;
    return arena_strndup(a, text, n);
}

static bool is_ascii_alnum(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* RFC 5321's dot-string; quoted local parts exist on paper only. */
static bool is_local_part(const char *p, size_t n)
{
    if (n == 0 || n > 64 || p[0] == '.' || p[n - 1] == '.')
        return false;
    for (size_t i = 0; i < n; i++) {
        if (p[i] == '.' && p[i + 1] == '.')
            return false;
        if (!is_ascii_alnum(p[i]) && !strchr(".!#$%&'*+-/=?^_`{|}~", p[i]))
            return false;
    }
    return true;
}

static bool is_label(const char *p, size_t n)
{
    if (n == 0 || n > 63 || p[0] == '-' || p[n - 1] == '-')
        return false;
    for (size_t i = 0; i < n; i++)
        if (!is_ascii_alnum(p[i]) && p[i] != '-')
            return false;
    return true;
}

/* Two labels at least, the last one no number: a name that can be in the public DNS. */
static bool is_domain(const char *p)
{
    int labels = 0;
    size_t n = 0;

    for (;; p += n + 1) {
        n = strcspn(p, ".");
        if (!is_label(p, n))
            return false;
        labels++;
        if (!p[n])
            break;
    }
    return labels >= 2 && n >= 2 && strspn(p, "0123456789") < n;
}

const char *user_normalise_email(struct arena *a, const char *text)
{
    char *email = trimmed(a, text);
    const char *at = strrchr(email, '@');

    if (!at || strlen(email) > USER_EMAIL_MAX)
        return NULL;
    if (!is_local_part(email, (size_t)(at - email)) || !is_domain(at + 1))
        return NULL;
    for (char *c = email; *c; c++)
        *c = (char)(*c >= 'A' && *c <= 'Z' ? *c - 'A' + 'a' : *c);
    return email;
}

const char *user_normalise_name(struct arena *a, const char *text)
{
    const char *name = trimmed(a, text);
    size_t n = 0;

    for (const char *c = name; *c; c++)
        n += ((unsigned char)*c & 0xc0) != 0x80;
    return n < USER_NAME_MIN || n > USER_NAME_MAX ? NULL : name;
}

/* The digits; NULL when there is anything else than digits and the usual separators. */
static const char *digits_of(struct arena *a, const char *text)
{
    char *digits = arena_alloc(a, strlen(text) + 1);
    size_t n = 0;

    for (; *text; text++) {
        if (*text >= '0' && *text <= '9')
            digits[n++] = *text;
        else if (!strchr(" -.()", *text))
            return NULL;
    }
    return digits;
}

const char *user_normalise_phone(struct arena *a, const char *text)
{
    const char *typed = trimmed(a, text);
    bool international = *typed == '+';
    const char *digits = digits_of(a, typed + international);

    if (!digits)
        return NULL;
    if (!international && digits[0] == '0')
        digits = arena_printf(a, "62%s", digits + 1); /* Indonesia, where no country is named */
    else if (!international && strncmp(digits, "62", 2) != 0)
        return NULL;
    if (strlen(digits) < 8 || strlen(digits) > 15 || digits[0] == '0')
        return NULL; /* E.164 */
    return arena_printf(a, "+%s", digits);
}

/* ---- the guard ---- */

static const struct guard_rule {
    int64_t free; /* failures before the first wait */
    int64_t first_us, longest_us;
    int64_t window_us; /* without a failure for so long, counting starts again */
} client_rule = {5, 10 * US_PER_S, 300 * US_PER_S, 900 * US_PER_S},
  account_rule = {30, 5 * US_PER_S, 60 * US_PER_S, 900 * US_PER_S};

/* Whoever has one IPv6 address has 2^64 of them. */
static const char *network_of(struct arena *a, const char *address)
{
    unsigned char bytes[16];

    if (inet_pton(AF_INET6, address, bytes) != 1)
        return address;
    return arena_printf(a, "%02x%02x:%02x%02x:%02x%02x:%02x%02x::/64", bytes[0], bytes[1], bytes[2],
                        bytes[3], bytes[4], bytes[5], bytes[6], bytes[7]);
}

struct guard_keys user_guard_keys(struct arena *a, const char *email, const char *address)
{
    const char *client = arena_printf(a, "%s %s", email, network_of(a, address));

    return (struct guard_keys){
        .client = sha256_hex(a, client, strlen(client)),
        .account = sha256_hex(a, email, strlen(email)),
    };
}

static int64_t wait_of(const struct guard *g, int64_t now_us)
{
    return g->blocked_until_us > now_us ? g->blocked_until_us - now_us : 0;
}

int64_t user_guard_wait(const struct guards *g, int64_t now_us)
{
    int64_t client = wait_of(&g->client, now_us), account = wait_of(&g->account, now_us);

    if (g->client.known_until_us > now_us || client > account)
        return client;
    return account;
}

static void count(struct guard *g, const struct guard_rule *rule, int64_t now_us)
{
    int64_t wait = rule->first_us;

    g->failures = g->last_failure_us + rule->window_us < now_us ? 1 : g->failures + 1;
    g->last_failure_us = now_us;
    if (g->failures < rule->free)
        return;
    for (int64_t n = rule->free; n < g->failures && wait < rule->longest_us; n++)
        wait *= 2;
    g->blocked_until_us = now_us + (wait < rule->longest_us ? wait : rule->longest_us);
}

void user_guard_count_failure(struct guards *g, int64_t now_us)
{
    count(&g->client, &client_rule, now_us);
    count(&g->account, &account_rule, now_us);
}
