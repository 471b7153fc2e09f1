"""PostgreSQL is stopped without ceremony (immediate shutdown) and killed in the middle of fifty running orders.

Meanwhile notifications of payments are refused, and Midtrans may tire of repeating them. Then it is the deadline of the
order that makes payment ask: late, but nobody's money is lost."""
import signal

from harness import run_story
from kit.crowd import Crowd

TTL = 45


def story(shop):
    products = [shop.product(stock=500) for _ in range(5)]
    crowd = Crowd(shop, shop.crowd_of(10), products, patience=TTL + 30)
    for stage, n, sig in (("placed", 20, signal.SIGQUIT), ("paid", 10, signal.SIGKILL)):
        crowd.wait(stage, n)
        shop.stack.wait_ready("postgres")
        shop.kill("postgres", sig)
    crowd.join()
    shop.stack.wait_ready("postgres")
    shop.assert_sound()


run_story(story, ORDER_TTL_SECONDS=TTL, SIM_RETRY_SCALE=250)
