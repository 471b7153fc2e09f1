"""Streams in three parts each: orders run over all of them, also when Redis is emptied and a service is killed."""
from harness import check, run_story
from kit.crowd import Crowd
from kit.facts import Facts


def story(shop):
    products = [shop.product(stock=500) for _ in range(5)]
    crowd = Crowd(shop, shop.crowd_of(6), products)
    crowd.wait("placed", 20)
    shop.stack.redis("FLUSHALL")
    crowd.wait("paid", 15)
    shop.kill("order")
    crowd.join()
    used = {stream: {part for name, part in Facts(shop.stack).outbox if name == stream}
            for stream in ("stream:orders", "stream:stock", "stream:payments")}
    check(all(parts == {0, 1, 2} for parts in used.values()), f"each part is used: {used}")
    shop.assert_sound(carts_kept=False)


run_story(story, STREAM_PARTITIONS=3)
