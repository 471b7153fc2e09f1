/* worker.h - what product does about the events of others and its own timers. */
#ifndef PASAR_PRODUCT_WORKER_H
#define PASAR_PRODUCT_WORKER_H

#include "saga/hear.h"
#include "saga/job.h"

hear_fn product_hear_orders; /* of stream:orders; the domain is its struct product_config */
extern const struct job_kind product_jobs[]; /* ended by a NULL kind */

#endif
