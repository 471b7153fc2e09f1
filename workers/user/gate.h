/* gate.h - one try of a password: the guard is asked, the password verified, a failure counted. */
#ifndef PASAR_USER_GATE_H
#define PASAR_USER_GATE_H

#include "app/app.h"
#include "workers/user/user.h"

struct guard_keys user_gate_keys(struct request *req, const char *email);
/* account NULL: there is none; that takes as long and is refused alike. ERR_UNAUTHENTIC: wrong.
 * ERR_LIMITED: too many were, Retry-After is set. Waits. */
struct err user_gate_try(struct request *req, const struct guard_keys *keys,
                         const struct account *account, const char *password) MUST_CHECK;
/* After a success that could not be used: ERR_LIMITED when the client got blocked meanwhile, else
 * ERR_UNAUTHENTIC. */
struct err user_gate_refuse(struct request *req, const struct guard_keys *keys) MUST_CHECK;

#endif
