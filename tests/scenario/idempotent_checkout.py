"""One Idempotency-Key, one order: repeated, raced, misused, and after the cart has changed."""
import threading
import uuid

from harness import check, run_story
from kit.people import HOME

TIMES = 20


def order_body(product, quantity=1):
    """To the byte what Customer.order() sends: keys are bound to that."""
    return {"shipping_address": HOME, "items": [{"product_id": product, "quantity": quantity}]}


def repeated(shop, customer, kopi):
    key = str(uuid.uuid4())
    first = customer.order([(kopi, 1)], key=key)
    again = customer.insist("POST", "/api/v1/order", order_body(kopi), Idempotency_Key=key)
    check((again.status, again.json["order_id"]) == (201, first), "the same key and body get the same answer")
    other = customer.insist("POST", "/api/v1/order", order_body(kopi, 2), Idempotency_Key=key)
    check(other.status == 422, f"the same key with another body is told 422, not {other.status}")
    check(other.headers["Content-Type"] == "application/problem+json", "as a problem")
    elsewhere = customer.insist("POST", "/api/v1/checkout", order_body(kopi), Idempotency_Key=key)
    check(elsewhere.status == 422, f"the same key on another path is told 422, not {elsewhere.status}")
    stranger = shop.customer()
    check(stranger.order([(kopi, 1)], key=key) != first, "another's key is another key")
    shop.pay(customer.link(first))
    paid = customer.follow(first, "PAID")
    late = customer.insist("POST", "/api/v1/order", order_body(kopi), Idempotency_Key=key)
    check((late.status, late.json["order_id"]) == (201, paid["id"]), "also when it is paid")


def raced(shop, customer, kopi):
    """The same request over many connections at once."""
    key, answers = str(uuid.uuid4()), []
    begin = threading.Barrier(TIMES)

    def send(client):
        begin.wait()
        answers.append(client.send("POST", "/api/v1/order", order_body(kopi), Idempotency_Key=key))
    threads = [threading.Thread(target=send, args=(customer.clone(),)) for _ in range(TIMES)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    statuses = sorted({answer.status for answer in answers})
    check(set(statuses) <= {201, 409}, f"racing requests are told 201 or 409, not {statuses}")
    made = {answer.json["order_id"] for answer in answers if answer.status == 201}
    check(len(made) == 1, f"they make one order, not {len(made)}")
    customer.order([(kopi, 1)], key=key)


def cart_changed(shop, customer, kopi, teh):
    key = str(uuid.uuid4())
    customer.put(kopi, 2)
    order = customer.order(key=key)
    customer.put(teh, 1)
    again = customer.order(key=key)
    check(again == order, "the first answer stands, whatever the cart is now")
    shop.pay(customer.link(order))
    customer.follow(order, "PAID")
    check(customer.order(key=key) == order, "also with the cart emptied of what was bought")
    check([line["product_id"] for line in customer.look(order)["items"]] == [kopi], "and has its lines only")


def bad_keys(customer, kopi):
    for key in ("", " ", "x" * 256, "with blank", "caf\u00e9", "tab\tbed"):
        told = customer.insist("POST", "/api/v1/order", order_body(kopi), Idempotency_Key=key.encode("utf-8"))
        check(told.status == 400, f"key {key[:20]!r} is told 400, not {told.status}")


def without_key(customer, kopi):
    """Then two requests are two orders."""
    made = {customer.insist("POST", "/api/v1/order", order_body(kopi)).json["order_id"] for _ in range(2)}
    check(len(made) == 2, "without a key each request is an order")
    for order in made:
        customer.shop.accepted[order] = customer


def other_creations(shop):
    """Products and accounts too are made once."""
    key, body = str(uuid.uuid4()), {"name": "Gula Aren", "price": 30000, "stock": 4}
    made = {shop.admin.expect(201, "POST", "/api/v1/products", body, Idempotency_Key=key)["product"]["id"]
            for _ in range(3)}
    check(len(made) == 1, f"one product, not {len(made)}")
    shop.stocked[made.pop()] = 4
    misused = shop.admin.insist("POST", "/api/v1/products", body | {"stock": 5}, Idempotency_Key=key)
    check(misused.status == 422, f"the key of another product is told 422, not {misused.status}")
    me = {"email": "once@example.com", "username": "once", "password": "rahasia-123"}
    ids = {shop.admin.expect(201, "POST", "/api/v1/register", me, Idempotency_Key=key)["user_id"] for _ in range(2)}
    check(len(ids) == 1, f"one account, not {len(ids)}")


def story(shop):
    kopi, teh = shop.product(stock=100), shop.product(stock=100)
    customer = shop.customer()
    repeated(shop, customer, kopi)
    raced(shop, customer, kopi)
    bad_keys(customer, kopi)
    without_key(customer, kopi)
    cart_changed(shop, customer, kopi, teh)
    other_creations(shop)
    for order, owner in list(shop.accepted.items()):
        if owner.look(order)["status"] != "PAID":
            owner.expect(202, "POST", f"/api/v1/order/{order}/cancel", {})
    shop.assert_sound()


run_story(story)
