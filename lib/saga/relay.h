/* relay.h - carries outbox rows to their streams, idempotently.
 *
 * An entry's id is the row's `xid-seq`. The relay asks Redis for the stream's last id and appends
 * the rows after it, in that order, once no transaction older than them is still running (xid <
 * snapshot xmin). One Lua script checks that the stream still ends where we believe and appends. So
 * there is no "sent" flag, and a Redis that lost its tail, or everything, is filled again by the
 * same code path. One leader per database (session advisory lock); a second relay would fail the
 * check. Entries of others above our last (no mac of ours) are removed and told in the log. */
#ifndef PASAR_SAGA_RELAY_H
#define PASAR_SAGA_RELAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "loop/loop.h"
#include "wrap/crypt.h"
#include "wrap/pg.h"
#include "wrap/redis.h"

struct relay_config {
    const char *name; /* the domain's; lock and hint channel bear it */
    struct pg *pg;
    struct redis *redis;              /* shared, DB 1 */
    const struct redis_config *hints; /* a connection of its own listens for hints here */
    const struct mac_key *mac_key;
    const char *const *streams; /* those this domain tells; ended by NULL */
    int n_partitions;
    int64_t keep; /* a stream is trimmed beyond so many entries, and an empty one filled with as
                     many: who needs more finds a gap and gets it. 20000 when 0 */
};

struct relay;
struct relay *relay_start(struct loop *l, const struct relay_config *cfg);
void relay_wake(struct relay *r); /* rows were committed in this process */
/* From a process without a relay (role http): a hint outside the transaction, at most one per 2 ms.
 */
void relay_hint(struct redis *redis, const char *name);
void relay_stop(struct relay *r);
bool relay_has_stopped(const struct relay *r);
void relay_free(struct relay *r);
bool relay_is_well(const struct relay *r,
                   const char **why); /* false: a stream is ahead of the database */

#endif
