"""Money that comes when nobody wants it any more, or twice: it goes back, or a person is asked to give it back."""
from harness import check, run_story, wait_until


def after_expiry(shop, customer, kopi):
    """The page expired, and the bank paid all the same; once by a method that can be refunded, once by one that cannot."""
    back, by_hand = customer.order([(kopi, 1)]), customer.order([(kopi, 1)])
    shop.pay(customer.link(back), "late_settlement", method="qris")
    shop.pay(customer.link(by_hand), "late_settlement", method="bank_transfer")
    customer.follow(back, "REFUNDED")
    wait_until(lambda: customer.look(by_hand)["payment_status"] == "refund_due", "the refund to be owed")
    check(customer.look(by_hand)["status"] == "CANCELLED", "an order whose refund is owed is cancelled")
    return by_hand


def paid_meanwhile(shop, customer, kopi):
    """Cancelled while payment is away and its page still open; the customer pays on it."""
    order = customer.order([(kopi, 1)])
    url = customer.link(order)
    shop.stack.stop_service("payment")
    customer.expect(202, "POST", f"/api/v1/order/{order}/cancel", {"reason": "too slow"})
    shop.pay(url)
    shop.stack.start_service("payment")
    customer.follow(order, "REFUNDED")


def cancelled_after_payment(shop, customer, kopi):
    order = customer.buy([(kopi, 2)])
    customer.expect(202, "POST", f"/api/v1/order/{order}/cancel", {"reason": "wrong colour"})
    customer.follow(order, "REFUNDED")
    again = customer.insist("POST", f"/api/v1/order/{order}/cancel", {})
    check(again.status in (202, 409), f"cancelling again is told 202 or 409, not {again.status}")


def refund_by_admin(shop, customer, kopi):
    order = customer.buy([(kopi, 1)])
    for _ in range(2):
        shop.admin.expect(202, "POST", f"/api/v1/admin/payments/{order}/refund", {"reason": "goodwill"},
                          Idempotency_Key=order)
    customer.follow(order, "REFUNDED")


def twice(shop, customer, kopi):
    """Two payments of one order: it is paid, and the second is somebody's to look at."""
    order = customer.order([(kopi, 1)])
    shop.pay(customer.link(order), "two_settlements", method="qris")
    customer.follow(order, "PAID")


def given_back_by_hand(shop, customer, order):
    items = shop.admin.expect(200, "GET", "/api/v1/admin/payments/open-items")
    owed = [item for item in items if item["order_id"] == order and item["kind"] == "refund_due"]
    check(len(owed) == 1, f"what is owed is one open item, not {len(owed)}")
    shop.admin.expect(202, "POST", f"/api/v1/admin/payments/open-items/{owed[0]['id']}/resolve",
                      {"action": "done", "note": "by bank transfer"})
    customer.follow(order, "REFUNDED")


def story(shop):
    kopi = shop.product(stock=3)  # so few that each part needs what the last gave back
    customer = shop.customer()
    by_hand = after_expiry(shop, customer, kopi)
    paid_meanwhile(shop, customer, kopi)
    cancelled_after_payment(shop, customer, kopi)
    refund_by_admin(shop, customer, kopi)
    twice(shop, customer, kopi)
    shop.assert_sound(open_items=["refund_due", "second_payment"])
    given_back_by_hand(shop, customer, by_hand)
    shop.assert_sound(open_items=["second_payment"], refunded_by_hand=[by_hand])


run_story(story)
