/* capture.h - what a function writes to standard error, for tests. */
#ifndef PASAR_TESTS_CAPTURE_H
#define PASAR_TESTS_CAPTURE_H

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct capture {
    int saved_fd;
    FILE *file;
    char text[16384];
};

static inline void capture_begin(struct capture *c)
{
    c->file = tmpfile();
    c->saved_fd = dup(STDERR_FILENO);
    if (!c->file || c->saved_fd < 0 || dup2(fileno(c->file), STDERR_FILENO) < 0)
        abort();
}

static inline const char *capture_end(struct capture *c)
{
    size_t n;

    fflush(stderr);
    if (dup2(c->saved_fd, STDERR_FILENO) < 0)
        abort();
    close(c->saved_fd);
    rewind(c->file);
    n = fread(c->text, 1, sizeof c->text - 1, c->file);
    c->text[n] = '\0';
    fclose(c->file);
    return c->text;
}

#endif
