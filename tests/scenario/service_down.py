"""One service after another is down: nginx says so as a problem, the others go on, and all goes on when it is back."""
import json

from harness import check, run_story, wait_until

# Of each service something that needs it alone, with the token it takes.
ASKS = {
    "user": ("GET", "/api/v1/auth/profile", None),
    "product": ("GET", "/api/v1/products", None),
    "cart": ("GET", "/api/v1/cart", None),
    "order": ("GET", "/api/v1/order", None),
    "payment": ("POST", "/api/v1/payment/webhook", {}),
}


def problem_of(reply, status, where):
    check(reply.status == status, f"{where}: {reply.status} instead of {status}: {reply.text[:200]}")
    check(reply.headers["Content-Type"].startswith("application/problem+json"), f"{where}: a problem")
    check(reply.headers["X-Correlation-ID"], f"{where}: with a correlation id")
    told = reply.json
    check(told["status"] == status and told["error"] == told["detail"] and told["title"], f"{where}: complete: {told}")
    return told


def health(shop, customer):
    lines = customer.send("GET", "/api/v1/health").text.splitlines()
    return {line["service"]: line["health"]["ready"] for line in map(json.loads, lines)}


def down(shop, customer, service):
    shop.stack.stop_service(service)
    for name, (method, path, body) in ASKS.items():
        reply = customer.send(method, path, body)
        if name != service:
            check(reply.status < 500, f"{path} without {service}: {reply.status} {reply.text[:200]}")
            continue
        problem_of(reply, 503, f"{path} without {service}")
        check(reply.headers["Retry-After"], f"{path} without {service}: says when to come again")
    wait_until(lambda: health(shop, customer) == {name: name != service for name in ASKS},
               f"the health page to say that {service} is down")


def up(shop, customer, service):
    shop.stack.start_service(service)
    method, path, body = ASKS[service]
    wait_until(lambda: customer.send(method, path, body).status < 500, f"{path} to work again", 5)
    wait_until(lambda: all(health(shop, customer).values()), "the health page to say that all is well")


def orders_meanwhile(shop, customer, kopi, service):
    """What can be accepted without it is, and goes on when it is back."""
    if service == "order":
        return None
    if service == "cart":
        problem_of(customer.send("POST", "/api/v1/order", {}), 503, "ordering a cart that cannot be read")
    return customer.order([(kopi, 1)])


def story(shop):
    kopi = shop.product(stock=50)
    customer = shop.customer()
    for service in ASKS:
        down(shop, customer, service)
        order = orders_meanwhile(shop, customer, kopi, service)
        up(shop, customer, service)
        if order:
            shop.pay(customer.link(order))
            customer.follow(order, "PAID")
    shop.assert_sound()


run_story(story)
