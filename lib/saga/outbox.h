/* outbox.h - what a transaction tells the world: rows beside the change, told by the relay after
 * the commit. */
#ifndef PASAR_SAGA_OUTBOX_H
#define PASAR_SAGA_OUTBOX_H

#include "base/arena.h"
#include "saga/event.h"
#include "wrap/pg.h"

struct outbox; /* of one transaction; lives in its arena */

/* source: "/order". n_partitions: how many every stream of ours has. */
struct outbox *outbox_new(struct arena *a, const char *source, int n_partitions);
struct fact { /* an event about to be told; texts are borrowed until outbox_save() */
    const char *stream, *type, *subject;
    const char *traceparent; /* NULL for none */
    const char *data;        /* JSON text of an object */
};
void outbox_tell(struct outbox *o, struct fact fact);
size_t outbox_count(const struct outbox *o);
/* One array insert, queued on the transaction; nothing when nothing was told. */
void outbox_save(struct outbox *o, struct pg *tx);

#endif
