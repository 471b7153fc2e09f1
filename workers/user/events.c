/* events.c - one function per event type. */
#include "workers/user/events.h"

#include "base/clock.h"
#include "wrap/json.h"

const char *user_event_registered(struct arena *a, const struct account *account)
{
    char at[TIME_TEXT_SIZE];

    time_format(account->created_us, at);
    return json_text(a,
                     json_pack("{s:I, s:s, s:s, s:s}", "user_id", (json_int_t)account->id, "email",
                               account->email, "username", account->username, "registered_at", at));
}
