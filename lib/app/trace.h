/* trace.h - W3C trace context (https://www.w3.org/TR/trace-context/, version 00). Pure. */
#ifndef PASAR_APP_TRACE_H
#define PASAR_APP_TRACE_H

#include "base/id.h"

#define TRACE_ID_SIZE 33
#define TRACEPARENT_SIZE 56

struct trace {
    char trace_id[TRACE_ID_SIZE];       /* for logs */
    char traceparent[TRACEPARENT_SIZE]; /* of our own span, to hand on */
};

/* Our span within the caller's trace; a new trace, sampled, when the header is missing or unfit.
 * `fresh` gives the random bits. */
struct trace trace_continue(const char *header, const struct id *fresh);

#endif
