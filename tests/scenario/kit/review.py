"""Payments that Midtrans holds for review, and the operator who decides."""
from kit.failed import check, wait_until


def challenge(shop, customer, product):
    order = customer.order([(product, 1)])
    shop.pay(customer.link(order), "challenge", method="credit_card")
    wait_until(lambda: customer.look(order)["payment_status"] == "challenged", "the payment to be under review")
    return order


def review(shop, order, action):
    items = shop.admin.expect(200, "GET", "/api/v1/admin/payments/open-items")
    found = [item["id"] for item in items if item["order_id"] == order]
    check(len(found) == 1, f"the review of order {order} is one open item, not {len(found)}")
    shop.admin.expect(202, "POST", f"/api/v1/admin/payments/open-items/{found[0]}/resolve", {"action": action})
