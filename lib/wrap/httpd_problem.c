/* httpd_problem.c - errors found below the routes, as problems (RFC 9457) with our member `error`.
 *
 * evhttp 2.1 answers what it cannot parse by itself, with an HTML page and no way to change it.
 * Those pages go through the connection's output buffer, where we exchange them before they are
 * written. */
#include <event2/buffer.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wrap/httpd_private.h"

#define PAGE_END "</BODY></HTML>\n"
#define PAGE_MOST_BYTES 1023 /* with a "100 Continue" before it */

struct reason {
    int status;
    const char *words;
    const char *detail; /* when we are the ones who say it */
};

/* clang-format off */
static const struct reason reasons[] = {
    {200, "OK", ""},
    {201, "Created", ""},
    {202, "Accepted", ""},
    {204, "No Content", ""},
    {301, "Moved Permanently", ""},
    {302, "Found", ""},
    {303, "See Other", ""},
    {304, "Not Modified", ""},
    {400, "Bad Request", "the request is not well-formed HTTP"},
    {401, "Unauthorized", ""},
    {403, "Forbidden", ""},
    {404, "Not Found", ""},
    {405, "Method Not Allowed", ""},
    {409, "Conflict", ""},
    {410, "Gone", ""},
    {411, "Length Required", ""},
    {412, "Precondition Failed", ""},
    {413, "Content Too Large", "the body is too large"},
    {415, "Unsupported Media Type", ""},
    {417, "Expectation Failed", "only 100-continue can be expected"},
    {422, "Unprocessable Content", ""},
    {428, "Precondition Required", ""},
    {429, "Too Many Requests", ""},
    {500, "Internal Server Error", "something went wrong here"},
    {501, "Not Implemented", "this method is not known here"},
    {502, "Bad Gateway", ""},
    {503, "Service Unavailable", "try again soon"},
    {504, "Gateway Timeout", ""},
};
/* clang-format on */

static const struct reason *find(int status)
{
    static const struct reason unknown = {0, "Unknown", "the request cannot be served"};

    for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++)
        if (reasons[i].status == status)
            return &reasons[i];
    return &unknown;
}

const char *http_reason(int status)
{
    return find(status)->words;
}

size_t http_problem(char *out, size_t size, int status)
{
    const struct reason *r = find(status);
    int n = snprintf(out, size,
                     "{\"type\":\"about:blank\",\"title\":\"%s\",\"status\":%d,"
                     "\"detail\":\"%s\",\"error\":\"%s\"}",
                     r->words, status, r->detail, r->detail);

    return n > 0 && (size_t)n < size ? (size_t)n : 0;
}

/* The status in the last head of the buffer: a "100 Continue" may stand before it. */
static int status_of(const char *page)
{
    const char *head = page, *next;

    while ((next = strstr(head + 1, "HTTP/1.")))
        head = next;
    return head[0] && strlen(head) > 12 ? (int)strtol(head + 9, NULL, 10) : 400;
}

static void exchange_page(struct evbuffer *output, int status)
{
    char body[512];
    size_t n = http_problem(body, sizeof body, status);

    evbuffer_drain(output, evbuffer_get_length(output));
    evbuffer_add_printf(output,
                        "HTTP/1.1 %d %s\r\nContent-Type: application/problem+json\r\n"
                        "Content-Length: %zu\r\nConnection: close\r\n\r\n",
                        status, http_reason(status), n);
    evbuffer_add(output, body, n);
}

/* Looks at what is in the buffer; it is one of evhttp's pages when it ends like one. */
static void look(struct evbuffer *output)
{
    char page[PAGE_MOST_BYTES + 1];
    size_t end = strlen(PAGE_END), n = evbuffer_get_length(output);

    if (n < end || n > PAGE_MOST_BYTES || evbuffer_copyout(output, page, n) != (ev_ssize_t)n)
        return;
    page[n] = '\0';
    if (strcmp(page + n - end, PAGE_END) == 0)
        exchange_page(output, status_of(page));
}

static void on_output(struct evbuffer *output, const struct evbuffer_cb_info *info, void *arg)
{
    struct httpd *h = arg;

    if (h->is_replying || !info->n_added)
        return;
    h->is_replying = true; /* what we write now calls us again */
    /* The bufferevent keeps its front for itself, once it has written: not even to be read. */
    evbuffer_unfreeze(output, 1);
    look(output);
    evbuffer_freeze(output, 1);
    h->is_replying = false;
}

void httpd_watch_errors(struct httpd *h, struct evbuffer *output)
{
    if (!evbuffer_add_cb(output, on_output, h))
        abort();
}
