/* banned.h - functions that do not bound, keep hidden state or hide errors fail to compile.
 * Included on the command line before every source of ours (after the system headers it names). */
#ifndef PASAR_BASE_BANNED_H
#define PASAR_BASE_BANNED_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Some are macros in a fortified build under clang. */
#undef sprintf
#undef vsprintf

#pragma GCC poison strcpy strcat strncpy strncat stpcpy sprintf vsprintf gets strtok
#pragma GCC poison atoi atol atoll atof localtime gmtime ctime asctime rand srand

#endif
