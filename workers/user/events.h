/* events.h - what the user service tells, as JSON. Pure. */
#ifndef PASAR_USER_EVENTS_H
#define PASAR_USER_EVENTS_H

#include "workers/user/user.h"

#define USER_STREAM "stream:users"

/* The data of UserRegistered: neither password nor token. */
const char *user_event_registered(struct arena *a, const struct account *account);

#endif
