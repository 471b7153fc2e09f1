/* gate.c - between a password and what it opens. */
#include "workers/user/gate.h"

#include "base/clock.h"
#include "base/metric.h"
#include "workers/user/store.h"

/* nginx, and nobody else, talks to us: it says who the client is. */
static const char *client_address(struct request *req)
{
    const char *told = http_header(req->http, "X-Real-IP");

    return told && *told ? told : req->http->remote;
}

struct guard_keys user_gate_keys(struct request *req, const char *email)
{
    return user_guard_keys(req->arena, email, client_address(req));
}

static struct err limited(struct request *req, int64_t wait_us)
{
    long long s = (wait_us + US_PER_S - 1) / US_PER_S;

    reply_header(req, "Retry-After", arena_printf(req->arena, "%lld", s));
    return reply_problem(
        req, ERR_LIMITED,
        arena_printf(req->arena, "too many wrong passwords, try again in %lld s", s));
}

static struct err wrong(void)
{
    return ERR(ERR_UNAUTHENTIC, "wrong e-mail address or password");
}

static struct err ask(struct request *req, const struct guard_keys *keys)
{
    struct guards g;
    struct err e = user_store_guards(req->pg, req->arena, keys, &g);
    int64_t wait_us;

    if (e.kind)
        return e;
    wait_us = user_guard_wait(&g, req->now_us);
    return wait_us > 0 ? limited(req, wait_us) : OK;
}

static struct err count_failure(struct request *req, const struct guard_keys *keys)
{
    int64_t wait_us = 0;
    struct err e = user_store_count_failure(req->pg, req->arena, keys, req->now_us, &wait_us);

    if (e.kind)
        return e;
    metric_add(metric_counter("user_wrong_passwords_total", "Passwords tried in vain.", NULL), 1);
    return wait_us > 0 ? limited(req, wait_us) : wrong();
}

struct err user_gate_try(struct request *req, const struct guard_keys *keys,
                         const struct account *account, const char *password)
{
    const char *hash = account ? account->password_hash : NULL;
    struct err e = ask(req, keys);
    bool fits;

    if (e.kind)
        return e;
    e = password_verify(req->app->offload, hash, password, &fits);
    if (e.kind)
        return e;
    return fits ? OK : count_failure(req, keys);
}

struct err user_gate_refuse(struct request *req, const struct guard_keys *keys)
{
    struct err e = ask(req, keys);

    return e.kind ? e : wrong();
}
