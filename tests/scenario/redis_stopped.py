"""Redis is away for ten seconds in the middle of fifty running orders. Whoever asks waits; nothing is lost."""
import time

from harness import check, run_story
from kit.crowd import Crowd

AWAY = 10.0


def story(shop):
    products = [shop.product(stock=500) for _ in range(5)]
    customers = shop.crowd_of(10)
    crowd = Crowd(shop, customers, products)
    crowd.wait("placed", 20)
    shop.stack.stop_service("redis")
    stopped = time.monotonic()
    order = customers[0].clone().order([(products[0], 1)])
    check(time.monotonic() - stopped < AWAY / 2, "orders are accepted while Redis is away")
    time.sleep(max(0.0, AWAY - (time.monotonic() - stopped)))  # the story itself: ten seconds
    shop.stack.start_service("redis")
    crowd.join()
    shop.pay(customers[0].link(order))
    customers[0].follow(order, "PAID")
    shop.assert_sound()


run_story(story)
