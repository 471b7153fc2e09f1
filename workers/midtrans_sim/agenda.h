/* agenda.h - what shall happen at a time of the simulator's clock: a heap, and one task that waits
 * for its top. */
#ifndef PASAR_MIDTRANS_SIM_AGENDA_H
#define PASAR_MIDTRANS_SIM_AGENDA_H

#include "loop/loop.h"
#include "workers/midtrans_sim/sim.h"

struct agenda;

struct agenda *agenda_new(struct loop *l, struct sim *s); /* starts its task, which never ends */
/* fn(s, what) at that time, in the agenda's task; it must not wait. `what` is fn's to free. */
void agenda_add(struct agenda *a, int64_t at_us, void (*fn)(struct sim *s, void *what), void *what);
void agenda_look_again(struct agenda *a); /* the clock was set */

#endif
