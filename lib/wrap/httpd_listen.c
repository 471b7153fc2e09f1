/* httpd_listen.c - the listening socket: "host:port" or "unix:/path". */
#include <errno.h>
#include <event2/listener.h>
#include <event2/util.h>
#include <netdb.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/log.h"
#include "wrap/httpd_private.h"

#define BACKLOG 1024
#define UNIX_PREFIX "unix:"

static struct err refuse(const char *listen, const char *reason)
{
    log_error("httpd.cannot_listen", kv_text("address", listen), kv_text("reason", reason));
    return ERR(ERR_UNAVAILABLE, "httpd: cannot listen on the address");
}

static const char *unix_path(const char *listen)
{
    size_t n = strlen(UNIX_PREFIX);

    return strncmp(listen, UNIX_PREFIX, n) == 0 ? listen + n : NULL;
}

/* A socket file that nobody listens on was left behind by a killed process. */
static bool is_stale(const struct sockaddr_un *address)
{
    struct stat st;
    int fd;
    bool stale;

    if (lstat(address->sun_path, &st) != 0 || !S_ISSOCK(st.st_mode))
        return false;
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return false;
    stale = connect(fd, (const struct sockaddr *)address, sizeof *address) != 0 &&
            errno == ECONNREFUSED;
    close(fd);
    return stale;
}

static struct err unix_socket(const char *listen, int *out)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const char *path = unix_path(listen);
    size_t n = strlen(path);
    int fd;

    if (n == 0 || n >= sizeof address.sun_path)
        return ERR(ERR_INVALID, "httpd: bad socket path");
    memcpy(address.sun_path, path, n + 1);
    if (is_stale(&address))
        unlink(path);
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return refuse(listen, strerror(errno));
    /* 0666: nginx runs under a user of its own; the directory says who may come near. */
    if (bind(fd, (const struct sockaddr *)&address, sizeof address) != 0 ||
        chmod(path, 0666) != 0) {
        struct err e = refuse(listen, strerror(errno));

        close(fd);
        return e;
    }
    *out = fd;
    return OK;
}

/* Splits "host:port", "[::1]:port" or ":port". */
static bool split(const char *listen, char host[static 256], const char **port)
{
    const char *colon = strrchr(listen, ':');
    size_t n;

    if (!colon || !colon[1])
        return false;
    n = (size_t)(colon - listen);
    if (n >= 2 && listen[0] == '[' && listen[n - 1] == ']') {
        listen++;
        n -= 2;
    }
    if (n >= 256)
        return false;
    memcpy(host, listen, n);
    host[n] = '\0';
    *port = colon + 1;
    return true;
}

static int bound_tcp_socket(const struct addrinfo *to)
{
    int fd = socket(to->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int on = 1;

    if (fd < 0)
        return -1;
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
        bind(fd, to->ai_addr, to->ai_addrlen) == 0)
        return fd;
    close(fd);
    return -1;
}

/* Before the loop runs, so that looking up a name may block. */
static struct err tcp_socket(const char *listen, int *out)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
    struct addrinfo *found = NULL;
    char host[256];
    const char *port;
    int failure;

    if (!split(listen, host, &port))
        return ERR(ERR_INVALID, "httpd: address is neither host:port nor unix:/path");
    failure = getaddrinfo(host[0] ? host : NULL, port, &hints, &found);
    if (failure)
        return refuse(listen, gai_strerror(failure));
    *out = bound_tcp_socket(found);
    freeaddrinfo(found);
    return *out < 0 ? refuse(listen, strerror(errno)) : OK;
}

struct err httpd_listener_new(struct event_base *base, const char *listen,
                              struct evconnlistener **out)
{
    unsigned flags = LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC;
    int fd = -1;
    struct err e = unix_path(listen) ? unix_socket(listen, &fd) : tcp_socket(listen, &fd);

    if (e.kind)
        return e;
    *out = evconnlistener_new(base, NULL, NULL, flags, BACKLOG, fd);
    if (*out)
        return OK;
    e = refuse(listen, strerror(errno)); /* bound, but another listens on the same port */
    close(fd);
    return e;
}

void httpd_listener_remove_path(const char *listen)
{
    const char *path = unix_path(listen);

    if (path)
        unlink(path);
}
