/* worker.h - what cart does about the events of others. The domain is its struct cart_domain. */
#ifndef PASAR_CART_WORKER_H
#define PASAR_CART_WORKER_H

#include "saga/hear.h"

hear_fn cart_hear_orders;   /* what was bought leaves the cart */
hear_fn cart_hear_products; /* our copy of the catalogue */

#endif
