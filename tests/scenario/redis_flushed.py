"""Redis is emptied three times in the middle of fifty running orders. The streams come back by themselves."""
from harness import run_story
from kit.crowd import Crowd


def story(shop):
    products = [shop.product(stock=500) for _ in range(5)]
    crowd = Crowd(shop, shop.crowd_of(10), products)
    for stage, n in (("placed", 20), ("paid", 10), ("ended", 25)):
        crowd.wait(stage, n)
        shop.stack.redis("FLUSHALL")
    crowd.join()
    shop.assert_sound(carts_kept=False)


run_story(story)
