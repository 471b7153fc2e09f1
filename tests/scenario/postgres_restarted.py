"""PostgreSQL is stopped without ceremony (immediate shutdown) and killed in the middle of fifty running orders."""
import signal

from harness import run_story
from kit.crowd import Crowd


def story(shop):
    products = [shop.product(stock=500) for _ in range(5)]
    crowd = Crowd(shop, shop.crowd_of(10), products)
    for stage, n, sig in (("placed", 20, signal.SIGQUIT), ("paid", 10, signal.SIGKILL), ("ended", 20, signal.SIGQUIT)):
        crowd.wait(stage, n)
        shop.stack.wait_ready("postgres")
        shop.kill("postgres", sig)
    crowd.join()
    shop.stack.wait_ready("postgres")
    shop.assert_sound()


run_story(story)
