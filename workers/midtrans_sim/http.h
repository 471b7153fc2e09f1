/* http.h - the simulator's routes. */
#ifndef PASAR_MIDTRANS_SIM_HTTP_H
#define PASAR_MIDTRANS_SIM_HTTP_H

#include "wrap/httpd.h"

/* arg: the struct sim. Answers at once: nothing here waits. */
void sim_answer(struct http_request *req, void *arg);

#endif
