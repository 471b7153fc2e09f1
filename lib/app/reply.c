/* reply.c - what handlers ask of a request and how they answer it. The answer leaves when the
 * handler has ended. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "app/private.h"

const char *req_param(const struct request *req, const char *name)
{
    const struct route_match *m = &req->private->match;

    for (size_t i = 0; i < m->n_params; i++)
        if (strcmp(m->params[i].name, name) == 0)
            return m->params[i].value;
    return NULL;
}

static bool parse_i64(const char *text, int64_t *out)
{
    char *end;

    if (!text || (*text != '-' && (*text < '0' || *text > '9')))
        return false;
    errno = 0;
    *out = strtoll(text, &end, 10);
    return errno == 0 && *end == '\0' && end != text;
}

struct err req_param_i64(const struct request *req, const char *name, int64_t *out)
{
    if (!parse_i64(req_param(req, name), out) || *out <= 0)
        return ERR(ERR_NOT_FOUND, "no such thing");
    return OK;
}

struct err req_param_id(const struct request *req, const char *name, struct id *out)
{
    const char *text = req_param(req, name);

    if (!text || id_parse(text, out).kind)
        return ERR(ERR_NOT_FOUND, "no such thing");
    return OK;
}

const char *req_query(struct request *req, const char *name)
{
    return http_query(req->http, req->arena, name);
}

int64_t req_query_i64(struct request *req, const char *name, int64_t fallback, int64_t min,
                      int64_t max)
{
    const char *text = req_query(req, name);
    int64_t value;

    if (!text)
        return fallback;
    if (parse_i64(text, &value) && value >= min && value <= max)
        return value;
    form_fail(&req->form, name,
              arena_printf(req->arena, "must be a whole number from %lld to %lld", (long long)min,
                           (long long)max));
    return fallback;
}

struct err req_check(const struct request *req)
{
    return form_check(&req->form);
}

void reply_header(struct request *req, const char *name, const char *value)
{
    struct request_private *p = req->private;

    /* One place is kept for the end of the list. */
    if (p->n_headers < sizeof p->headers / sizeof *p->headers - 1)
        p->headers[p->n_headers++] = (struct http_header){name, value};
}

struct err reply_text(struct request *req, int status, const char *content_type, const char *text,
                      size_t n)
{
    struct request_private *p = req->private;

    if (content_type)
        reply_header(req, "Content-Type", content_type);
    p->status = status;
    p->body = text;
    p->n_body = n;
    return OK;
}

struct err reply_json(struct request *req, int status, json_t *json)
{
    const char *text = json_text(req->arena, json);

    return reply_text(req, status, "application/json", text, strlen(text));
}

struct err reply_message(struct request *req, int status, const char *message)
{
    return reply_json(req, status, json_pack("{s:s}", "message", message));
}

struct err reply_problem(struct request *req, enum err_kind kind, const char *detail)
{
    req->private->detail_kind = kind;
    req->private->detail = detail;
    return (struct err){kind, "told in the problem"};
}
