"""Who deals with the shop: customers and the admin, through the gateway, as patient as real clients."""
import time
import uuid
from urllib.parse import urlsplit

from kit.failed import PATIENCE, Failed, wait_until
from wire import Http

INSIST_FOR = 40.0
HOME = {"recipient": "Budi Santoso", "phone": "+6281234567890", "street": "Jl. Kenanga 12", "city": "Bandung",
        "province": "Jawa Barat", "postal_code": "40132", "country": "ID"}
PASSWORD = "rahasia-123"


class Person:
    """Has a connection to the gateway. Not for several threads at once: see clone()."""

    def __init__(self, shop):
        self.shop = shop
        self.http = shop.stack.http(timeout=20.0)

    def send(self, method, path, body=None, **headers):
        """One request. OSError when there was no answer. headers: Idempotency_Key="…"."""
        head = {name.replace("_", "-"): value for name, value in headers.items()}
        reply = self.http.request(method, path, body, headers=head)
        if reply.status == 500:
            self.shop.blunders.append(f"{method} {path}: 500 {reply.text.strip()[:200]}")
        return reply

    def insist(self, method, path, body=None, **headers):
        """Repeats what failed for no fault of ours, under the same key, as clients do."""
        deadline = time.monotonic() + INSIST_FOR * PATIENCE
        while True:
            try:
                reply = self.send(method, path, body, **headers)
                if reply.status < 500 and not is_under_way(reply):
                    return reply
                last = f"{reply.status} {reply.text.strip()[:200]}"
            except OSError as failure:
                last = str(failure)
            if time.monotonic() > deadline:
                raise Failed(f"{method} {path}: still {last} after {INSIST_FOR:.0f} s")
            time.sleep(0.05)

    def expect(self, status, method, path, body=None, **headers):
        """insist(), and the JSON of the reply."""
        reply = self.insist(method, path, body, **headers)
        if reply.status != status:
            raise Failed(f"{method} {path}: {reply.status} instead of {status}: {reply.text.strip()[:300]}")
        return reply.json

    def log_in(self, email, password):
        pair = self.expect(200, "POST", "/api/v1/login", {"email": email, "password": password})
        self.http.token = pair["access_token"]


def is_under_way(reply):
    return reply.status == 409 and b"under way" in reply.body


class Admin(Person):
    def __init__(self, shop):
        super().__init__(shop)
        env = shop.stack.env
        credentials = {"email": env["ADMIN_EMAIL"], "password": env["ADMIN_PASSWORD"]}
        wait_until(lambda: self.insist("POST", "/api/v1/login", credentials).status == 200, "the first admin")
        self.log_in(**credentials)

    def create_product(self, stock, price, name=None):
        """Its id, once it can be put into carts and ordered."""
        name = name or f"Kopi {uuid.uuid4().hex[:8]}"
        made = self.expect(201, "POST", "/api/v1/products", {"name": name, "price": price, "stock": stock},
                           Idempotency_Key=str(uuid.uuid4()))
        product = made["product"]["id"]
        self.shop.stocked[product] = stock
        self.wait_known(product)
        return product

    def wait_known(self, product):
        """Order and cart have copies of the catalogue; they hear of a new product a moment later."""
        sql = f"select 1 from catalogue where product_id = {int(product)}"
        for domain in ("order", "cart"):
            wait_until(lambda d=domain: self.shop.stack.psql(d, sql), f"{domain} to hear of product {product}")


class Customer(Person):
    def __init__(self, shop, number):
        super().__init__(shop)
        self.number = number
        self.email = f"customer{number}.{uuid.uuid4().hex[:6]}@example.com"
        self.cart = {}  # what was put in: product -> units
        self.id = None
        self._join()

    def _join(self):
        me = {"email": self.email, "username": f"u{uuid.uuid4().hex[:10]}", "password": PASSWORD}
        self.id = self.expect(201, "POST", "/api/v1/register", me, Idempotency_Key=str(uuid.uuid4()))["user_id"]
        self.log_in(self.email, PASSWORD)

    def clone(self):
        """The same customer with a connection of its own, for another thread."""
        twin = object.__new__(Customer)
        twin.__dict__ |= self.__dict__
        twin.http = self.shop.stack.http(timeout=20.0)
        twin.http.token = self.http.token
        return twin

    # ---- cart and order ----

    def put(self, product, quantity=1):
        self.expect(200, "POST", "/api/v1/cart/item", {"product_id": product, "quantity": quantity})
        self.cart[product] = self.cart.get(product, 0) + quantity

    def order(self, lines=None, key=None, **more):
        """Orders lines [(product, quantity)], or the cart. The order's id."""
        body = {"shipping_address": HOME} | more
        if lines is not None:
            body["items"] = [{"product_id": product, "quantity": quantity} for product, quantity in lines]
        made = self.expect(201, "POST", "/api/v1/order", body, Idempotency_Key=key or str(uuid.uuid4()))
        with self.shop.lock:
            self.shop.accepted[made["order_id"]] = self
        return made["order_id"]

    def look(self, order):
        return self.expect(200, "GET", f"/api/v1/order/{order}")

    def follow(self, order, *statuses, timeout=30.0):
        """Waits until the order has one of these statuses; the order."""
        seen = {}

        def arrived():
            seen.update(self.look(order))
            return seen["status"] in statuses
        try:
            wait_until(arrived, "", timeout, pause=0.03)
        except Failed:
            raise Failed(f"order {order} is {seen.get('status')} ({seen.get('cancel_reason')}), not "
                         f"{' or '.join(statuses)}, after {timeout:.0f} s") from None
        return seen

    def link(self, order, timeout=30.0):
        """The address of its payment page. Failed when the order ends instead."""
        def link_or_end():
            now = self.look(order)
            if now["status"] not in ("RECEIVED", "AWAITING_PAYMENT"):
                raise Failed(f"order {order} became {now['status']} ({now.get('cancel_reason')}) before it had a link")
            return now.get("payment_url")
        return wait_until(link_or_end, f"the payment link of order {order}", timeout, pause=0.03)

    def buy(self, lines):
        """From order to PAID; the order's id."""
        order = self.order(lines)
        self.shop.pay(self.link(order))
        self.follow(order, "PAID")
        return order

    def read_cart(self):
        return {line["product_id"]: line["quantity"] for line in self.expect(200, "GET", "/api/v1/cart")["items"]}


def pay(url, form):
    """On the payment page; again when it does not answer: then it may turn out to have been taken. The reply."""
    parts = urlsplit(url)
    page = Http(f"{parts.scheme}://{parts.netloc}", timeout=10.0)
    deadline = time.monotonic() + INSIST_FOR * PATIENCE
    again = False
    while True:
        try:
            reply = page.post(parts.path.rstrip("/") + "/pay", form=form)
            page.close()
            if reply.status < 400 or (again and reply.status == 410):
                return reply
            raise Failed(f"the payment page answered {reply.status}: {reply.text[-200:]}")
        except OSError as failure:
            if time.monotonic() > deadline:
                raise Failed(f"the payment page does not answer: {failure}") from None
        again = True
        time.sleep(0.05)
