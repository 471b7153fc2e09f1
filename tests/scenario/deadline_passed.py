"""Deadlines far ahead have no timers: the sweep finds those that have passed, also those that passed while payment was away."""
from harness import check, run_story


def pass_deadline(shop, order):
    shop.stack.psql("payment", f"update payment set expires_at = now() where order_id = '{order}'")


def expires(customer, order):
    ended = customer.follow(order, "CANCELLED")
    check(ended["cancel_reason"] == "payment_expired", f"it expired, not {ended['cancel_reason']}")


def story(shop):
    kopi = shop.product(stock=3)
    customer = shop.customer()
    first, second, third = (customer.order([(kopi, 1)]) for _ in range(3))
    links = {order: customer.link(order) for order in (first, second, third)}
    check(shop.stack.psql("payment", "select count(*) from job where kind = 'deadline'")[0][0] == "0", "no timers are kept")
    pass_deadline(shop, first)
    expires(customer, first)
    shop.stack.stop_service("payment")
    pass_deadline(shop, second)
    shop.stack.start_service("payment")
    expires(customer, second)
    shop.pay(links[third], "settlement")
    customer.follow(third, "PAID")
    shop.assert_sound()


run_story(story)
