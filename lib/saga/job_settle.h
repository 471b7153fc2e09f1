/* job_settle.h - the end of a batch of jobs, in one transaction. For job_runner.c only. */
#ifndef PASAR_SAGA_JOB_SETTLE_H
#define PASAR_SAGA_JOB_SETTLE_H

#include "saga/job.h"

/* Runs settle for jobs of one kind and commits. When that fails for another reason than trouble
 * that passes, each job is tried alone and the culprits are put off or buried by the error's kind.
 * On an error nothing was settled: the jobs come again when their claims run out. */
struct err job_settle(const struct job_runner_config *cfg, const struct job_kind *kind,
                      struct job **jobs, size_t n) MUST_CHECK;
/* What an error of `call` means for the job: fate, reason, and whether the attempt counts. */
void job_fate_of_error(struct job *job, const struct job_kind *kind, struct err e);

#endif
