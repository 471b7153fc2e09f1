/* failpoint.h - points where a test ends the process, as kill -9 at exactly that instruction.
 *
 *     e = pg_commit(tx);
 *     if (e.kind == ERR_NONE)
 *         FAILPOINT("order.placed");
 *
 * They are in every build and cost a branch while none is armed. Names are `noun.what_happened`,
 * literals, and unique: tests/scenario/killed_at_each_point.py looks for them in the sources.
 *
 * The setting, read once at the start, arms one of them for the life of the process:
 *     relay.appended             when it is passed for the first time
 *     relay.appended:3           … for the third time, counted from the start of the process
 *     relay.appended:3@/a/file   … unless the file exists. It is made, empty, just before the end:
 * so whoever is started again with the same environment lives on. For the loop's thread alone.
 * Never in production: lib/app/settings.c refuses the setting there. */
#ifndef PASAR_BASE_FAILPOINT_H
#define PASAR_BASE_FAILPOINT_H

#include <stdbool.h>

#include "base/err.h"

#define FAILPOINT_FORM "point, point:3 or point:3@/a/file" /* for whoever wrote another */

/* Arms what the setting names, instead of what was armed before; "" nothing. Borrows the text for
 * good. Fails with ERR_INVALID when it has another form; a name that no point bears is not known
 * here and never passed. */
struct err failpoint_arm(const char *setting) MUST_CHECK;

#define FAILPOINT(name)                                                                            \
    do {                                                                                           \
        if (__builtin_expect(failpoint_is_armed, 0))                                               \
            failpoint_pass(name);                                                                  \
    } while (0)

/* For the macro. Logs a line (the log keeps nothing back) before it ends the process. */
extern bool failpoint_is_armed;
void failpoint_pass(const char *name);

#endif
