/* problem.c - a failure as the client sees it: problem details (RFC 9457), with the detail again as
 * `error`, which is the member older clients of such a shop read. */
#include <string.h>

#include "app/private.h"

static const struct meaning {
    enum err_kind kind;
    int status;
} meanings[] = {
    {ERR_INVALID, 400},  {ERR_UNAUTHENTIC, 401}, {ERR_DENIED, 403},  {ERR_NOT_FOUND, 404},
    {ERR_CONFLICT, 409}, {ERR_UNFIT, 422},       {ERR_LIMITED, 429}, {ERR_DUPLICATE, 200},
    {ERR_TIMEOUT, 504},  {ERR_UNAVAILABLE, 503}, {ERR_BUG, 500},
};

static const struct title {
    int status;
    const char *text;
} titles[] = {
    {400, "Bad Request"},         {401, "Unauthorized"},          {403, "Forbidden"},
    {404, "Not Found"},           {405, "Method Not Allowed"},    {409, "Conflict"},
    {413, "Content Too Large"},   {422, "Unprocessable Content"}, {429, "Too Many Requests"},
    {503, "Service Unavailable"}, {504, "Gateway Timeout"},
};

static int status_of(enum err_kind kind)
{
    for (size_t i = 0; i < sizeof meanings / sizeof *meanings; i++)
        if (meanings[i].kind == kind)
            return meanings[i].status;
    return 500;
}

static const char *title_of(int status)
{
    for (size_t i = 0; i < sizeof titles / sizeof *titles; i++)
        if (titles[i].status == status)
            return titles[i].text;
    return "Internal Server Error";
}

static json_t *fields_json(const struct field_error *first)
{
    json_t *array = json_array();

    for (const struct field_error *f = first; f; f = f->next)
        json_array_append_new(array,
                              json_pack("{s:s, s:s}", "field", f->field, "detail", f->detail));
    return array;
}

static bool has_header(const struct request_private *p, const char *name)
{
    for (size_t i = 0; i < p->n_headers; i++)
        if (strcmp(p->headers[i].name, name) == 0)
            return true;
    return false;
}

static void add_headers(struct request *req, int status)
{
    if (status == 401)
        reply_header(req, "WWW-Authenticate", "Bearer");
    if ((status == 503 || status == 429) && !has_header(req->private, "Retry-After"))
        reply_header(req, "Retry-After", "1");
}

void problem_reply_status(struct request *req, int status, const char *detail)
{
    json_t *o = json_pack("{s:s, s:s, s:i, s:s, s:s}", "type", "about:blank", "title",
                          title_of(status), "status", status, "detail", detail, "error", detail);
    const char *text;

    if (status == 400 && req->form.errors)
        json_object_set_new(o, "errors", fields_json(req->form.errors));
    text = json_text(req->arena, o);
    req->private->detail = detail; /* for the log */
    add_headers(req, status);
    (void)!reply_text(req, status, "application/problem+json", text, strlen(text)).kind;
}

/* With field errors the detail says the first of them too: many clients show nothing else. */
static const char *detail_of(struct request *req, struct err e)
{
    const struct request_private *p = req->private;

    if (p->detail && p->detail_kind == e.kind)
        return p->detail;
    if (e.kind == ERR_INVALID && req->form.errors)
        return form_reason(&req->form);
    return e.what;
}

void problem_reply(struct request *req, struct err e)
{
    if (e.kind == ERR_DUPLICATE && req->private->status == 0) {
        (void)!reply_message(req, 200, e.what).kind;
        return;
    }
    problem_reply_status(req, status_of(e.kind), detail_of(req, e));
}
