/* worker.h - what order does about streams and jobs, for the tables in main.c. */
#ifndef PASAR_ORDER_WORKER_H
#define PASAR_ORDER_WORKER_H

#include "saga/hear.h"
#include "saga/job.h"

struct err worker_on_steps(struct batch *b);    /* stream:stock, stream:payments */
struct err worker_on_products(struct batch *b); /* stream:products */
struct err worker_sweep_keys(struct job_batch *b);

#define SWEEP_KEYS "sweep_keys" /* the kind of job */

#endif
