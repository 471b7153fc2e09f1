/* user.h - accounts: what an address, a name, a phone number look like, and how often a password
 * may be tried. Pure. */
#ifndef PASAR_USER_USER_H
#define PASAR_USER_USER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"

#define USER_EMAIL_MAX 254 /* RFC 5321, less the angle brackets */
#define USER_NAME_MIN 3
#define USER_NAME_MAX 64
#define USER_PASSWORD_MIN 8
#define USER_PASSWORD_MAX 128
#define USER_FULL_NAME_MAX 100
#define USER_PHONE_MAX 32 /* as typed */

struct account {
    int64_t id;
    const char *email, *username, *role; /* role: "user" or "admin" */
    const char *full_name, *phone;       /* or NULL */
    bool email_verified, disabled;
    int64_t created_us;
    const char *password_hash;
    const char *registration_key; /* or NULL */
};

/* Trimmed and in lower case; NULL when it is no address. ASCII only: what mail servers everywhere
 * take. */
const char *user_normalise_email(struct arena *a, const char *text);
/* Without blanks around it; NULL when that leaves less than USER_NAME_MIN characters. */
const char *user_normalise_name(struct arena *a, const char *text);
/* "0812-3456-789" -> "+628123456789"; NULL when it is no phone number. */
const char *user_normalise_phone(struct arena *a, const char *text);

/* ---- the guard before passwords ----
 *
 * Two counts of failures: of a client (its network address) at an account, and, gentler, of the
 * account from everywhere. Waits double, are short, and end by themselves, so that nobody can lock
 * another out for long; a client that has logged in to the account before does not wait for what
 * others did to it. Addresses without an account are counted alike: the answers do not tell them
 * apart. */
struct guard {
    int64_t failures;
    int64_t last_failure_us, blocked_until_us, known_until_us; /* 0: never */
};
struct guards {
    struct guard client, account;
};
struct guard_keys {
    const char *client, *account; /* digests: the database holds neither addresses nor networks */
};

#define GUARD_KNOWN_US INT64_C(2592000000000) /* 30 days */
#define GUARD_FORGET_US INT64_C(86400000000)  /* a day after the last failure */

/* address: textual IPv4 or IPv6; of the latter the network (/64) counts. */
struct guard_keys user_guard_keys(struct arena *a, const char *email, const char *address);
/* How long before a password may be tried; 0: now. */
int64_t user_guard_wait(const struct guards *g, int64_t now_us);
void user_guard_count_failure(struct guards *g, int64_t now_us);

#endif
