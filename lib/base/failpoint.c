/* failpoint.c - which point is armed, how often it was passed, and the end. */
#include "base/failpoint.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"

#define MOST_PASSES 1000000
#define NAME_LETTERS "abcdefghijklmnopqrstuvwxyz_."

struct armed {
    const char *name; /* the setting's bytes, up to n_name */
    size_t n_name;
    long n_left;        /* passes, that which ends it included */
    const char *marker; /* NULL: none */
};

/* A setting, and so one of the things that may be global. */
bool failpoint_is_armed;
static struct armed armed;

static bool parse(const char *text, struct armed *out)
{
    char *end;

    *out = (struct armed){.name = text, .n_name = strspn(text, NAME_LETTERS), .n_left = 1};
    text += out->n_name;
    if (*text == ':') {
        if (text[1] < '1' || text[1] > '9') /* strtol() takes blanks and signs */
            return false;
        out->n_left = strtol(text + 1, &end, 10);
        text = end;
    }
    if (*text == '@' && text[1] == '/') {
        out->marker = text + 1;
        text += strlen(text);
    }
    return out->n_name > 0 && out->n_left <= MOST_PASSES && *text == '\0';
}

struct err failpoint_arm(const char *setting)
{
    failpoint_is_armed = false;
    if (*setting == '\0')
        return OK;
    if (!parse(setting, &armed))
        return ERR(ERR_INVALID, "a failpoint is " FAILPOINT_FORM);
    failpoint_is_armed = true;
    return OK;
}

/* Made by us: nobody has ended here before. */
static bool make_marker(void)
{
    int fd = open(armed.marker, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

    if (fd >= 0)
        close(fd);
    else if (errno != EEXIST)
        log_error("failpoint.marker_not_made", kv_text("path", armed.marker),
                  kv_text("why", strerror(errno)));
    return fd >= 0;
}

void failpoint_pass(const char *name)
{
    if (strlen(name) != armed.n_name || memcmp(name, armed.name, armed.n_name) != 0 ||
        --armed.n_left > 0)
        return;
    failpoint_is_armed = false;
    if (armed.marker && !make_marker())
        return;
    log_error("failpoint.hit", kv_text("point", name));
    (void)kill(getpid(), SIGKILL);
    abort(); /* not reached: the signal is ours before kill() returns */
}
