"""Cards that are refused: a refused try ends the try, not the order; the deadline ends the order. Reviews go both ways."""
from harness import check, run_story
from kit.review import challenge, review

TTL = 6


def again_and_paid(shop, customer, kopi):
    """Three refusals of different kinds, then another card."""
    order = customer.order([(kopi, 1)])
    url = customer.link(order)
    for outcome in ("deny", "fraud", "failure"):
        shop.pay(url, outcome, method="credit_card")
    check(customer.look(order)["status"] == "AWAITING_PAYMENT", "a refused card leaves the order open")
    shop.pay(url, method="credit_card")
    customer.follow(order, "PAID")


def denied_for_good(shop, customer, kopi):
    order = customer.order([(kopi, 2)])
    shop.pay(customer.link(order), "deny", method="credit_card")
    return order


def story(shop):
    kopi = shop.product(stock=20)
    customer = shop.customer()
    good, bad = challenge(shop, customer, kopi), challenge(shop, customer, kopi)
    review(shop, good, "accept")
    review(shop, bad, "deny")
    customer.follow(good, "PAID")
    refused = customer.follow(bad, "CANCELLED")
    check(refused["cancel_reason"] == "payment_failed", f"refused by review, not {refused['cancel_reason']}")
    order = denied_for_good(shop, customer, kopi)
    again_and_paid(shop, customer, kopi)
    ended = customer.follow(order, "CANCELLED", timeout=TTL + 15)
    check(ended["cancel_reason"] == "payment_failed", f"its payment failed, not {ended['cancel_reason']}")
    shop.assert_sound()


run_story(story, ORDER_TTL_SECONDS=TTL)
