"""More is wanted than there is: all lines of an order or none, never a unit too much, and what is given up is sold on."""
import threading

from harness import check, run_story

UNITS, RIVALS = 12, 40


def all_or_nothing(shop, customer):
    few, many = shop.product(stock=2), shop.product(stock=100)
    order = customer.order([(few, 3), (many, 10)])
    ended = customer.follow(order, "CANCELLED")
    check(ended["cancel_reason"] == "stock_insufficient", f"cancelled for the stock, not {ended['cancel_reason']}")
    seen = customer.expect(200, "GET", f"/api/v1/products/{many}")["product"]
    check(seen["stock"] == 100 and seen["available"] == 100, "nothing of the other line is held")
    refused = customer.insist("POST", "/api/v1/cart/item", {"product_id": few, "quantity": 3})
    check(refused.status == 409, f"the cart refuses what is not there with 409, not {refused.status}")


def given_up(shop, customer):
    last = shop.product(stock=1)
    first = customer.order([(last, 1)])
    customer.link(first)
    second = customer.order([(last, 1)])
    customer.follow(second, "CANCELLED")
    customer.expect(202, "POST", f"/api/v1/order/{first}/cancel", {"reason": "changed my mind"})
    customer.follow(first, "CANCELLED")

    def buy_it():  # as soon as product has heard of it
        order = customer.order([(last, 1)])
        ended = customer.follow(order, "AWAITING_PAYMENT", "CANCELLED")
        if ended["status"] == "CANCELLED":
            return False
        shop.pay(customer.link(order))
        return customer.follow(order, "PAID")
    check(any(buy_it() for _ in range(50)), "a unit that was given up is sold to another")


def race(shop, customers):
    """Each wants one of the last units, at the same moment."""
    last = shop.product(stock=UNITS)
    begin = threading.Barrier(RIVALS)
    won, lost, failures = [], [], []

    def want(customer):
        try:
            begin.wait()
            order = customer.order([(last, 1)])
            ended = customer.follow(order, "AWAITING_PAYMENT", "CANCELLED")
            if ended["status"] == "CANCELLED":
                lost.append(order)
                return
            shop.pay(customer.link(order))
            customer.follow(order, "PAID")
            won.append(order)
        except Exception as failure:
            failures.append(failure)
    rivals = [threading.Thread(target=want, args=(customers[i % len(customers)].clone(),), daemon=True)
              for i in range(RIVALS)]
    for rival in rivals:
        rival.start()
    for rival in rivals:
        rival.join()
    if failures:
        raise failures[0]
    check((len(won), len(lost)) == (UNITS, RIVALS - UNITS), f"{UNITS} units were sold to {len(won)}, not to {len(lost)}")


def story(shop):
    customers = shop.crowd_of(8)
    all_or_nothing(shop, customers[0])
    given_up(shop, customers[0])
    race(shop, customers)
    shop.assert_sound()


run_story(story)
