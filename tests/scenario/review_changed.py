"""An operator accepts a payment while Midtrans is away, thinks better of it and denies: the last word counts."""
from harness import check, run_story, wait_until
from kit.review import challenge, review

PUT_OFF = "select from job where kind = 'review' and reason is not null"


def story(shop):
    kopi = shop.product(stock=5)
    customer = shop.customer()
    order = challenge(shop, customer, kopi)
    shop.stack.stop_service("midtrans_sim")
    review(shop, order, "accept")
    wait_until(lambda: shop.stack.psql("payment", f"select 1 where exists ({PUT_OFF})"), "the first answer to be put off")
    review(shop, order, "deny")
    shop.stack.start_service("midtrans_sim")
    ended = customer.follow(order, "PAID", "CANCELLED", timeout=40)
    check(ended["status"] == "CANCELLED", f"denied at last, the order is {ended['status']}")
    shop.assert_sound()


run_story(story)
