"""`make demo`: one customer, from registration to a paid order, through the gateway with plain HTTP;
then the order's timeline. Uses the shop that runs, or opens one and closes it again."""

import sys
import time
import uuid
from urllib.parse import urlsplit

import run
from seed import SeedError, expect
from timeline import DB, Listeners, ends, events_about, groups, table
from wire import Http, Redis, RedisError

PATIENCE = 20.0  # for anything that happens by events
HOME = {"label": "Home", "recipient": "Budi Santoso", "phone": "+6281234567890",
        "street": "Jl. Kenanga 12", "district": "Coblong", "city": "Bandung", "province": "Jawa Barat",
        "postal_code": "40132", "country": "ID"}


class DemoFailed(Exception):
    """What did not happen."""


def step(text, started):
    print(f"  {text:<64} {(time.monotonic() - started) * 1000:8.1f} ms", flush=True)


def wait_until(happened, what):
    """Asks again and again; returns the first true answer."""
    deadline = time.monotonic() + PATIENCE
    while True:
        answer = happened()
        if answer:
            return answer
        if time.monotonic() > deadline:
            raise DemoFailed(f"waited {PATIENCE:.0f} s for {what}")
        time.sleep(0.005)


class Customer:
    def __init__(self, http):
        self.http = http
        self.order_id = None

    def join(self):
        name = f"budi.{uuid.uuid4().hex[:10]}"
        email = f"{name}@example.com"
        started = time.monotonic()
        budi = {"email": email, "username": name, "password": "rahasia-123"}
        expect(self.http.post("/api/v1/register", budi), 201, "register")
        step(f"registered {email}", started)
        started = time.monotonic()
        reply = self.http.post("/api/v1/login", {"email": email, "password": "rahasia-123"})
        self.http.token = expect(reply, 200, "log in")["access_token"]
        step("logged in", started)

    def fill_cart(self):
        started = time.monotonic()
        catalogue = expect(self.http.get("/api/v1/products?limit=50"), 200, "list products")["products"]
        step(f"listed {len(catalogue)} products", started)
        wanted = [p for p in catalogue if p["stock"] >= 5 and p.get("available", 5)][:2]
        if len(wanted) < 2:
            raise DemoFailed("the shop has not two products in stock")
        for quantity, product in enumerate(wanted, 1):
            started = time.monotonic()
            expect(self.http.post("/api/v1/cart/item", {"product_id": product["id"], "quantity": quantity}),
                   200, f"put product {product['id']} into the cart")
            step(f"cart: {quantity} x {product['name']}, {rupiah(product['price'])}", started)

    def order(self):
        started = time.monotonic()
        reply = self.http.post("/api/v1/order", {"shipping_address": HOME},
                               headers={"Idempotency-Key": str(uuid.uuid4())})
        self.order_id = expect(reply, 201, "order")["order_id"]
        step(f"ordered: {self.order_id}", started)

    def look(self):
        return expect(self.http.get(f"/api/v1/order/{self.order_id}"), 200, "look at the order")

    def wait_for_link(self):
        started = time.monotonic()

        def link():
            order = self.look()
            if order["status"] == "PAID":
                return order  # by the simulator itself: SIM_AUTOPAY
            if order["status"] not in ("RECEIVED", "AWAITING_PAYMENT"):
                raise DemoFailed(f"the order became {order['status']} ({order.get('cancel_reason')})")
            return order if order.get("payment_url") else None
        order = wait_until(link, "the payment link")
        step(f"payment link for {rupiah(order['total_amount'])}: {order['payment_url']}", started)
        return order["payment_url"]

    def pay(self, url):
        started = time.monotonic()
        parts = urlsplit(url)
        page = Http(f"{parts.scheme}://{parts.netloc}")
        reply = page.post(parts.path.rstrip("/") + "/pay", form={"method": "qris", "outcome": "settlement"})
        page.close()
        if reply.status >= 400:
            raise DemoFailed(f"the payment page answered {reply.status}: {reply.text[:300]}")
        step("paid by QRIS on the payment page", started)

    def wait_for_end(self):
        started = time.monotonic()
        wait_until(lambda: self.look()["status"] == "PAID", "the order to become PAID")
        step("the order is PAID", started)
        wait_until(lambda: not expect(self.http.get("/api/v1/cart"), 200, "look into the cart")["items"],
                   "the cart to be emptied")
        step("the cart is empty", started)


def rupiah(amount):
    return "Rp" + f"{amount:,}".replace(",", ".")


def play(state):
    env = state["env"]
    http, redis = Http(state["gateway"]), Redis(int(env["REDIS_PORT"]), env.get("REDIS_PASSWORD", ""), DB)
    customer = Customer(http)
    customer.join()
    customer.fill_cart()
    before, listeners = ends(redis), Listeners(state["logs"])
    started = time.time()
    customer.order()
    url = customer.wait_for_link()
    if env.get("SIM_AUTOPAY"):
        step("the simulator pays by itself (SIM_AUTOPAY)", time.monotonic())
    else:
        customer.pay(url)
    customer.wait_for_end()
    let_it_settle(listeners, customer.order_id)
    # Redis may just have been emptied: then its streams are being filled again.
    events = wait_until(lambda: events_about(redis, customer.order_id, before), "the order's events in the streams")
    print(f"\nwhat happened to order {customer.order_id}\n")
    mirrors = groups(redis, {event["stream"] for event in events})
    for line in table(events, listeners.heard, mirrors, started):
        print(line)
    if not listeners.heard:
        print("\n(the times of absorbing are in the services' logs when LOG_LEVEL is debug)")


def let_it_settle(listeners, order_id):
    """The last listeners may still be at it: reads until a while has passed without news."""
    news = deadline = time.monotonic()
    while time.monotonic() - news < 0.3 and time.monotonic() - deadline < 3:
        if listeners.read_on(order_id):
            news = time.monotonic()
        time.sleep(0.02)


def played(state):
    """The exit status."""
    try:
        play(state)
    except (DemoFailed, SeedError, RedisError, OSError) as failure:
        print(f"\nthe demo failed: {failure}\nthe logs are in {state['logs']}", file=sys.stderr)
        return 1
    except (KeyError, ValueError) as failure:
        print(f"\nthe demo failed: a reply without what it should have: {failure!r}", file=sys.stderr)
        return 1
    return 0


def main():
    pid, state = run.running()
    if pid and not state:
        print("the shop is just starting or closing: try again in a moment", file=sys.stderr)
        return 1
    if state:
        return played(state)
    stack, status = run.bring_up_or_complain()
    if stack is None:
        return status or 1
    try:
        return played(run.running()[1])
    finally:
        stack.stop()
        run.say("\nthe shop is closed again")


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
