"""What the gateway itself answers: ids, addresses nobody has, hostile requests, too many of them, services that are
down. Every refusal is a problem (RFC 9457), and none of it reaches a service."""
import json
import socket

from harness import check, run_story, wait_until

HIDDEN = ("/internal/carts/1", "/livez", "/readyz", "/metrics", "/.health/user", "/.problem", "/api/v2/products",
          "/internal/../api/v1/products", "/api/v1/products/../cart", "/api/v1/products/%2e%2e/cart",
          "//internal/carts/1", "/api/v1/..%2f..%2finternal/carts/1")
HOSTILE = {  # what is sent, and the status that answers it
    b"NONSENSE\r\n\r\n": 400,
    b"GET /api/v1/products HTTP/1.1\r\n\r\n": 400,
    b"GET /%00 HTTP/1.1\r\nHost: shop\r\n\r\n": 400,
    b"GET / HTTP/1.1\r\nHost: shop\r\nCookie: " + b"c" * 9000 + b"\r\n\r\n": 400,
    b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\nHost: shop\r\n\r\n": 414,
    b"TRACE / HTTP/1.1\r\nHost: shop\r\n\r\n": 405,
    b"POST /api/v1/order HTTP/1.1\r\nHost: shop\r\nContent-Length: -1\r\n\r\n": 400,
    b"POST /api/v1/order HTTP/1.1\r\nHost: shop\r\nTransfer-Encoding: gzip\r\n\r\n": 501,
    b"POST /api/v1/order HTTP/1.1\r\nHost: shop\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n": 400,
    b"POST /api/v1/order HTTP/1.1\r\nHost: shop\r\nContent-Length: 65537\r\n\r\n": 413,
    b"POST /api/v1/order HTTP/1.1\r\nHost: shop\r\nTransfer-Encoding: chunked\r\n\r\n"
    + b"10000\r\n" + b"x" * 65536 + b"\r\n1\r\ny\r\n0\r\n\r\n": 413,
}


def check_problem(what, status, headers, body, wanted):
    check(status == wanted, f"{what}: {status} instead of {wanted}")
    check(headers.get("content-type") == "application/problem+json", f"{what}: is no problem: {headers}")
    problem = json.loads(body)
    check(problem["status"] == wanted and problem["title"] and problem["error"] == problem["detail"],
          f"{what}: a poor problem: {problem}")
    check(headers.get("x-correlation-id"), f"{what}: no correlation id")


def is_problem(what, reply, wanted):
    check_problem(what, reply.status, {k.lower(): v for k, v in reply.headers.items()}, reply.body, wanted)


def raw(shop, words):
    """Sends bytes as they are: (status, headers, body)."""
    port = int(shop.stack.env["GATEWAY_PORT"])
    with socket.create_connection(("127.0.0.1", port), 5) as line:
        line.sendall(words)
        answer = b""
        while b"\r\n\r\n" not in answer or not answer.endswith(b"}\n"):
            got = line.recv(65536)
            if not got:
                break
            answer += got
    head, _, body = answer.decode().partition("\r\n\r\n")
    first, *rows = head.split("\r\n")
    return int(first.split()[1]), {k.lower(): v for k, v in (row.split(": ", 1) for row in rows)}, body


def ids(http):
    echoed = http.get("/api/v1/products", headers={"X-Correlation-ID": "order-7.a:b_C"})
    check(echoed.headers.get_all("X-Correlation-ID") == ["order-7.a:b_C"], "a client's correlation id is not echoed once")
    for strange in ("a" * 65, "a b", 'x"y', "Ü".encode().decode("latin-1")):
        made = http.get("/api/v1/products", headers={"X-Correlation-ID": strange}).headers["X-Correlation-ID"]
        check(len(made) == 32 and made != strange, f"the correlation id {strange!r} became {made!r}")


def crossing_origins(http):
    reply = http.request("OPTIONS", "/api/v1/order", headers={"Origin": "http://example.com"})
    check(reply.status == 204, f"preflight: {reply.status}")
    check("PATCH" in reply.headers["Access-Control-Allow-Methods"], "preflight names no methods")
    check("Idempotency-Key" in reply.headers["Access-Control-Allow-Headers"], "preflight names no headers")
    check(http.get("/api/v1/products").headers["Access-Control-Allow-Origin"] == "*", "no origin is allowed")


def down(shop, http):
    shop.stack.stop_service("cart")
    reply = http.get("/api/v1/cart")
    is_problem("a service that is down", reply, 503)
    check(reply.headers["Retry-After"], "503 without Retry-After")
    check(http.get("/api/v1/products").status == 200, "one service down takes another with it")
    lines = [json.loads(line) for line in http.get("/api/v1/health").text.splitlines()]
    ready = {line["service"]: line["health"]["ready"] for line in lines}
    check(ready == {"user": True, "product": True, "cart": False, "order": True, "payment": True},
          f"health says {ready}")
    shop.stack.restart("nginx")  # starts although a service is down
    shop.stack.start_service("cart")
    check(shop.stack.http().get("/api/v1/cart").status == 401, "the cart does not come back")


def crowded(shop, http):
    """One client's requests that never end leave room for everybody else's: 500 at once are too many."""
    port = int(shop.stack.env["GATEWAY_PORT"])
    half = b"POST /api/v1/order HTTP/1.1\r\nHost: shop\r\nContent-Length: 9\r\n\r\n{"
    lines = []

    def one_more():
        lines.append(socket.create_connection(("127.0.0.1", port), 5))
        lines[-1].sendall(half)

    def is_too_many():  # one may have been refused for a request of before that has ended by now
        one_more()
        return http.get("/api/v1/products").status == 429

    try:
        for _ in range(500):
            one_more()
        wait_until(is_too_many, "a crowd of one client to be too many")
        is_problem("the request after 500", http.get("/api/v1/products"), 429)
    finally:
        for line in lines:
            line.close()
    wait_until(lambda: http.get("/api/v1/products").status == 200, "the crowd to be forgotten")


def too_many(http):
    """100 a minute, 40 of them at once."""
    wrong = {"email": "nobody@example.com", "password": "not-the-password"}
    replies = [http.post("/api/v1/auth/refresh", wrong) for _ in range(60)]
    refused = [reply for reply in replies if reply.status == 429]
    check(15 <= len(refused) <= 25, f"{len(refused)} of 60 were refused")
    is_problem("one too many", refused[0], 429)
    check(refused[0].headers["Retry-After"], "429 without Retry-After")
    check(http.get("/api/v1/products").status == 200, "the limit holds for everything")


def story(shop):
    http = shop.stack.http()
    ids(http)
    for path in HIDDEN:
        is_problem(path, http.get(path), 404)
    for words, status in HOSTILE.items():
        check_problem(words[:60], *raw(shop, words), status)
    crossing_origins(http)
    crowded(shop, http)
    down(shop, http)
    too_many(shop.stack.http())


run_story(story, GATEWAY_AUTH_PER_MINUTE=100, GATEWAY_AUTH_BURST=40)
