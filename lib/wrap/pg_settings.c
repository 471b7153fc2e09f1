/* pg_settings.c - what libpq is told when connecting.
 * https://www.postgresql.org/docs/15/libpq-connect.html#LIBPQ-PARAMKEYWORDS */
#include <inttypes.h>
#include <stdio.h>

#include "base/clock.h"
#include "wrap/pg_internal.h"

#define TIMEOUT_US (10 * US_PER_S)

int64_t pg_timeout_us(const struct pg_config *cfg)
{
    return cfg->timeout_us ? cfg->timeout_us : TIMEOUT_US;
}

/* jit: compiling costs more than our short statements. random_page_cost: disks do not seek any
 * more, and the default makes plans read whole tables while these are small. plan_cache_mode:
 * each statement is planned once for any values; else the short lists of small batches look cheap
 * enough to plan for each anew. An idle transaction is one whose task hangs: its locks must not
 * outlive that for long. */
static void fill_options(struct pg_settings *s, int64_t statement_timeout_us)
{
    int64_t ms = statement_timeout_us / US_PER_MS;

    snprintf(
        s->options, sizeof s->options,
        "-c timezone=UTC -c jit=off -c random_page_cost=1.1 -c plan_cache_mode=force_generic_plan"
        " -c statement_timeout=%" PRId64 " -c idle_in_transaction_session_timeout=%" PRId64,
        ms, 3 * ms);
}

void pg_settings_fill(struct pg_settings *s, const struct pg_config *cfg,
                      int64_t statement_timeout_us)
{
    const char *const pairs[][2] = {
        {"host", cfg->host},         {"port", cfg->port},
        {"dbname", cfg->database},   {"user", cfg->user},
        {"password", cfg->password}, {"application_name", cfg->application},
        {"client_encoding", "UTF8"}, {"options", s->options},
        {"connect_timeout", "10"}, /* of blocking connects: we keep our own time otherwise */
        {"gssencmode", "disable"},   {"keepalives", "1"},
        {"keepalives_idle", "10"},   {"keepalives_interval", "5"},
        {"keepalives_count", "3"},   {"tcp_user_timeout", s->tcp_timeout},
    };
    size_t n = 0;

    _Static_assert(sizeof pairs / sizeof *pairs < PG_N_SETTINGS, "PG_N_SETTINGS is too small");
    fill_options(s, statement_timeout_us);
    snprintf(s->tcp_timeout, sizeof s->tcp_timeout, "%" PRId64, pg_timeout_us(cfg) / US_PER_MS);
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        if (!pairs[i][1] || !*pairs[i][1])
            continue;
        s->names[n] = pairs[i][0];
        s->values[n] = pairs[i][1];
        n++;
    }
    s->names[n] = s->values[n] = NULL;
}
