"""Nobody pays: the order ends at its deadline and its stock is free again, also when payment itself is away."""
import time

from harness import check, run_story

TTL, GRACE = 3, 2


def nobody_pays(shop, customer, kopi):
    """One whose page is never looked at, one who chose a method and left, one whose method expired early."""
    started = time.monotonic()
    orders = [customer.order([(kopi, 1)]) for _ in range(3)]
    shop.pay(customer.link(orders[1]), "pending", method="bank_transfer")
    shop.pay(customer.link(orders[2]), "expire", method="gopay")
    early = customer.follow(orders[2], "CANCELLED")
    check(time.monotonic() - started < TTL, "an expiry that Midtrans tells of is not waited for")
    for ended in [early, *(customer.follow(order, "CANCELLED") for order in orders[:2])]:
        check(ended["cancel_reason"] == "payment_expired", f"it expired, not {ended['cancel_reason']}")
    check(time.monotonic() - started >= TTL, "until its deadline an order can be paid")
    return orders[0]


def page_is_closed(shop, customer, order):
    url = shop.stack.psql("order", f"select payment_url from orders where id = '{order}'")[0][0]
    path = "/" + url.split("/", 3)[3]
    reply = shop.simulator().post(path + "/pay", form={"method": "qris", "outcome": "settlement"})
    check(reply.status == 410, f"the page of an expired order takes no money: {reply.status}")


def chosen_then_paid(shop, customer, kopi):
    order = customer.order([(kopi, 1)])
    url = customer.link(order)
    shop.pay(url, "pending", method="bank_transfer")
    shop.pay(url, "settlement", method="bank_transfer")
    customer.follow(order, "PAID")


def payment_is_away(shop, customer, kopi):
    """Then it is the end of the hold that ends the order."""
    order = customer.order([(kopi, 1)])
    customer.link(order)
    shop.stack.stop_service("payment")
    ended = customer.follow(order, "CANCELLED", timeout=TTL + GRACE + 15)
    check(ended["cancel_reason"] == "hold_expired", f"its hold expired, not {ended['cancel_reason']}")
    shop.stack.start_service("payment")


def story(shop):
    kopi = shop.product(stock=3)  # so few that each part needs what the last gave back
    customer = shop.customer()
    order = nobody_pays(shop, customer, kopi)
    page_is_closed(shop, customer, order)
    chosen_then_paid(shop, customer, kopi)
    payment_is_away(shop, customer, kopi)
    shop.assert_sound()


run_story(story, ORDER_TTL_SECONDS=TTL, HOLD_GRACE_SECONDS=GRACE)
