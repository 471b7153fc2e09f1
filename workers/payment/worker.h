/* worker.h - what payment hears, and the jobs that call the provider. */
#ifndef PASAR_PAYMENT_WORKER_H
#define PASAR_PAYMENT_WORKER_H

#include "saga/hear.h"
#include "saga/job.h"

struct err worker_on_batch(struct batch *b); /* of stream:orders and of stream:stock */

struct err job_charge(void *domain, struct job *job);
struct err job_deadline(void *domain, struct job *job);
struct err job_close(void *domain, struct job *job);
struct err job_confirm(void *domain, struct job *job);
struct err job_refund(void *domain, struct job *job);
struct err job_review(void *domain, struct job *job);
struct err job_settle_news(struct job_batch *b); /* of all of them */

/* Makes a job "deadline" of each payment that is open when its time has come. Recurs. */
#define SWEEP_DEADLINES "sweep_deadlines"
struct err worker_sweep_deadlines(struct job_batch *b);

#endif
