"""Each service in turn is killed three times (kill -9) in the middle of fifty running orders."""
from harness import check, run_story
from kit.crowd import Crowd

SERVICES = ("user", "product", "cart", "order", "payment", "midtrans_sim", "nginx")


def kill_in_the_middle(shop, service, customers, products):
    crowd = Crowd(shop, customers, products, seed=service)
    for stage, n in (("placed", 15), ("paid", 10), ("ended", 20)):
        crowd.wait(stage, n)
        shop.stack.wait_ready(service)
        shop.kill(service)
    crowd.join()
    shop.stack.wait_ready(service)


def story(shop):
    products = [shop.product(stock=2000) for _ in range(5)]
    customers = shop.crowd_of(10)
    for service in SERVICES:
        kill_in_the_middle(shop, service, customers, products)
        shop.assert_sound()
    check(shop.killed == dict.fromkeys(SERVICES, 3), f"each was killed three times: {shop.killed}")
    shop.customer().buy([(products[0], 1)])
    shop.assert_sound()


run_story(story)
