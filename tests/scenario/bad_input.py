"""What clients should not send: each is told so, with a 4xx that is a problem, and leaves no trace in the data."""
import json
import uuid

from harness import check, run_story
from kit.facts import DOMAINS, rows
from kit.people import HOME
from kit.tokens import bad_tokens, claims_of, token

ORDER, CART, LOGIN, REGISTER = "/api/v1/order", "/api/v1/cart/item", "/api/v1/login", "/api/v1/register"
BIG = 10**18


def deep(n, inner=b"1"):
    return b'{"a":' * n + inner + b"}" * n


NOT_JSON = [b"{", b"nonsense", b"{}{}", b'{"a":1,}', b"{'a':1}", b'{"a":NaN}', b'{"a":01}', b'{"a":"\x01"}', b'{"a":"\xff"}',
            b'{"a":"\\ud800"}', b'{"a":"\\u0000"}', b'\xef\xbb\xbf{', b'{"a":1,"a":2}', deep(17), deep(8000),
            b"[" * 30000, b'{"a":1e999}', b'{"a":99999999999999999999999}']
NOT_OBJECTS = [b"null", b"[]", b"1", b'"x"', b"true", b"[{}]"]
# Numbers where a count of units or an id belongs.
NO_COUNTS = [0, -1, -BIG, BIG, 2**63 - 1, 1000, 1.5, 1e3, "1", "", True, None, [], {}, [1]]
NO_IDS = [0, -1, -BIG, 1.5, "1", True, None, [], {}]


def lines(*items, **more):
    return {"items": list(items), "shipping_address": HOME} | more


def order_bodies(product):
    """(what, status, body) for POST /order."""
    for bad in NO_COUNTS:
        yield f"quantity {bad!r}", 400, lines({"product_id": product, "quantity": bad})
    for bad in NO_IDS:
        yield f"product_id {bad!r}", 400, lines({"product_id": bad, "quantity": 1})
    yield "unknown product", 422, lines({"product_id": 999999, "quantity": 1})
    yield "product beyond all", 422, lines({"product_id": 2**63 - 1, "quantity": 1})
    yield "no quantity", 400, lines({"product_id": product})
    yield "one line too many", 400, lines(*({"product_id": product + i, "quantity": 1} for i in range(101)))
    yield "too many in two lines", 400, lines(*({"product_id": product, "quantity": 600} for _ in range(2)))
    for bad in ([], {}, "x", 7, [7], [[]], [None]):
        yield f"items {bad!r}", 400, {"items": bad}
    for bad in ("x", 7, [], {"recipient": "x"}, HOME | {"phone": 7}, HOME | {"street": "x" * 5000},
                HOME | {"city": "\u0007"}, HOME | {"country": "Indonesia"}):
        yield f"address {str(bad)[:40]!r}", 400, lines({"product_id": product, "quantity": 1}, shipping_address=bad)
    for bad in ("x", 7, [], ["1"], [0], [-1], [1.5], [None], [[1]]):
        yield f"product_ids {bad!r}", 400, {"product_ids": bad}
    yield "items and product_ids", 400, lines({"product_id": product, "quantity": 1}, product_ids=[product])
    yield "empty cart", 422, {}
    yield "not in the cart", 422, {"product_ids": [product]}


def cart_bodies(product):
    for bad in NO_COUNTS:
        yield f"quantity {bad!r}", (400, 409), {"product_id": product, "quantity": bad}
    for bad in NO_IDS:
        yield f"product_id {bad!r}", 400, {"product_id": bad, "quantity": 1}
    yield "unknown product", 404, {"product_id": 999999, "quantity": 1}
    yield "beyond stock", 409, {"product_id": product, "quantity": 900}
    yield "no quantity", 400, {"product_id": product}
    yield "a price of one's own", 409, {"product_id": product, "quantity": 900, "price": 1}


def registrations():
    me = {"email": "a.b@example.com", "username": "somebody", "password": "rahasia-123"}
    for name, bad in (("role", "admin"), ("role", 1), ("id", 1), ("email", "x"), ("email", "a@b@c.com"), ("email", 7),
                      ("email", "a" * 300 + "@example.com"), ("username", "ab"), ("username", ["x"]),
                      ("password", "short"), ("password", 12345678), ("password", "x" * 5000), ("email", None)):
        yield f"{name} {str(bad)[:20]!r}", 400, me | {name: bad}


def products():
    good = {"name": "Kopi Toraja", "price": 1000, "stock": 1}
    for name, bad in (("price", 0), ("price", -1), ("price", 1.5), ("price", "1000"), ("price", BIG), ("price", None),
                      ("stock", -1), ("stock", 1.5), ("stock", "1"), ("stock", BIG), ("name", ""), ("name", 7),
                      ("name", "x" * 5000), ("category_ids", 7), ("category_ids", ["1"]), ("category_ids", [-1])):
        yield f"{name} {str(bad)[:20]!r}", 400, good | {name: bad}


QUERIES = [
    (400, "/api/v1/products?page=0"), (400, "/api/v1/products?limit=101"), (400, "/api/v1/products?limit=x"),
    (400, "/api/v1/products?page=99999999999999999999"), (400, "/api/v1/products?sort_by=password"),
    (400, "/api/v1/products?order=sideways"), (400, "/api/v1/products?min_price=-1"),
    (400, "/api/v1/products?category_id=1%20or%201=1"), (404, "/api/v1/products/999999"), (404, "/api/v1/products/-1"),
    (404, "/api/v1/products/99999999999999999999"), (400, "/api/v1/products/%00"), (404, "/api/v1/products/a'b"),
    (400, "/api/v1/order?status=NONSENSE"), (400, "/api/v1/order?limit=0"), (400, "/api/v1/order?cursor=x"),
    (404, "/api/v1/order/x"), (404, f"/api/v1/order/{uuid.UUID(int=0)}"), (404, "/api/v1/order/1%27--"),
    (404, f"/api/v1/payment/{uuid.UUID(int=7)}"), (404, "/api/v1/nothing"), (404, "/internal/cart/1"),
    (404, "/api/v1/../../internal/cart/1"), (404, "/api/v1/cart/%2e%2e/%2e%2e/internal"), (404, "/metrics"), (404, "/livez"),
]


class Critic:
    """Sends and looks at what comes back."""

    def __init__(self):
        self.n = 0

    def problem(self, reply, status, what):
        wanted = status if isinstance(status, tuple) else (status,)
        check(reply.status in wanted, f"{what}: {reply.status} instead of {status}: {reply.text[:300]}")
        kind = reply.headers["Content-Type"] or ""
        check(kind.startswith("application/problem+json"), f"{what}: {reply.status} is no problem but {kind}")
        told = json.loads(reply.body)
        check(told["status"] == reply.status and told["title"] and told["detail"] and told["error"] == told["detail"],
              f"{what}: an incomplete problem: {told}")
        check(reply.headers["X-Correlation-ID"], f"{what}: no correlation id")
        self.n += 1

    def bodies(self, person, method, path, cases):
        for what, status, body in cases:
            self.problem(person.send(method, path, body), status, f"{method} {path}: {what}")

    def refuses(self, person, method, path, bodies, status):
        for body in bodies:
            self.problem(person.send(method, path, body), status, f"{method} {path}: {body[:30]}")


def raw_bodies(critic, customer, admin):
    for person, path in ((customer, ORDER), (customer, CART), (customer, LOGIN), (customer, REGISTER),
                         (admin, "/api/v1/products"), (customer, "/api/v1/payment/webhook")):
        critic.refuses(person, "POST", path, NOT_JSON + NOT_OBJECTS, 400)
        critic.refuses(person, "POST", path, [b'{"a":"' + b"x" * 70000 + b'"}'], 413)
    critic.problem(customer.send("DELETE", ORDER), 405, "DELETE /order")
    critic.problem(customer.send("TRACE", ORDER), 405, "TRACE /order")


def tokens(critic, shop, customer, order):
    secret = shop.stack.env["JWT_SECRET"]
    stranger = customer.clone()
    for what, bad in bad_tokens(customer, secret):
        stranger.http.token = None
        for path in (ORDER, "/api/v1/cart", "/api/v1/auth/profile", f"/api/v1/payment/{order}"):
            reply = stranger.send("GET", path, Authorization=f"Bearer {bad}".encode("latin-1"))
            critic.problem(reply, (400, 401), f"GET {path} with a token: {what}")
    for method, path in (("GET", ORDER), ("POST", ORDER), ("GET", "/api/v1/cart"), ("POST", "/api/v1/products")):
        critic.problem(stranger.send(method, path, {} if method == "POST" else None), 401, f"{method} {path} without a token")
        reply = stranger.send(method, path, {} if method == "POST" else None, Authorization="Basic YTpi")
        critic.problem(reply, 401, f"{method} {path} with a password")
    stranger.http.token = token(claims_of(customer), secret)
    check(stranger.send("GET", ORDER).status == 200, "the same way of signing makes a good token")


def others_things(critic, shop, customer, order):
    """Another's order does not exist; an admin's routes are closed to customers."""
    nosy = shop.customers[1]
    for method, path in (("GET", f"/api/v1/order/{order}"), ("POST", f"/api/v1/order/{order}/cancel"),
                         ("GET", f"/api/v1/payment/{order}")):
        critic.problem(nosy.send(method, path, {} if method == "POST" else None), 404, f"another's {method} {path}")
    check(nosy.send("GET", ORDER).json == [], "a list has one's own orders only")
    for method, path in (("POST", "/api/v1/products"), ("PUT", "/api/v1/products/1"), ("DELETE", "/api/v1/products/1"),
                         ("POST", "/api/v1/products/1/stock"), ("GET", "/api/v1/admin/orders"),
                         ("POST", f"/api/v1/admin/payments/{order}/refund"), ("GET", "/api/v1/admin/payments/open-items")):
        body = {"name": "x", "price": 1, "stock": 1, "delta": 5, "reason": "x"} if method in ("POST", "PUT") else None
        critic.problem(nosy.send(method, path, body), 403, f"a customer's {method} {path}")


def traces(shop):
    """All rows of all tables that clients can reach, and all carts. Failed log-ins are counted on purpose."""
    found = {}
    for domain in DOMAINS:
        tables = shop.stack.psql(domain, "select relname from pg_class where relkind = 'r' and relnamespace = "
                                 "'public'::regnamespace and relname not in ('login_guard', 'job', 'heard', 'deadlines_swept') "
                                 "order by 1")
        for (table,) in tables:
            found[domain, table] = rows(shop.stack, domain, f"select * from {table}")
    found["carts"] = {key: shop.stack.redis("HGETALL", key) for key in sorted(shop.stack.redis("KEYS", "cart:*"))}
    return found


def story(shop):
    kopi = shop.product(stock=50)
    customer, critic = shop.customer(), Critic()
    shop.customer()
    order = customer.buy([(kopi, 1)])
    shop.wait_told()
    before = traces(shop)

    raw_bodies(critic, customer, shop.admin)
    critic.bodies(customer, "POST", ORDER, order_bodies(kopi))
    critic.bodies(customer, "POST", CART, cart_bodies(kopi))
    critic.bodies(customer, "PUT", f"{CART}/{kopi}", [("no such line", 404, {"quantity": 1}), ("none", 400, {"quantity": 0})])
    critic.bodies(customer, "POST", REGISTER, registrations())
    critic.bodies(shop.admin, "POST", "/api/v1/products", products())
    for status, path in QUERIES:
        critic.problem(customer.send("GET", path), status, f"GET {path}")
    tokens(critic, shop, customer, order)
    others_things(critic, shop, customer, order)

    after = traces(shop)
    for table, was in before.items():
        check(after[table] == was, f"{critic.n} bad requests left a trace in {table}: {after[table]}")
    customer.buy([(kopi, 1)])
    shop.assert_sound()


run_story(story)
