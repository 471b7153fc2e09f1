"""Redis is killed, rolled back to what it knew a while ago, and replaced by an empty one, in the middle of running orders.

The databases are ahead of it then: streams are filled again from the outboxes, with the same ids, and who has heard
more than the streams know goes on from where he was.
"""
import shutil

from harness import run_story
from kit.crowd import Crowd
from kit.failed import Failed


def files(shop):
    return shop.stack.redis_server.home / "appendonlydir"


def remember(shop):
    """A copy of its files, as a backup would have it."""
    shop.stack.stop_service("redis")
    copy = files(shop).with_name("backup")
    shutil.copytree(files(shop), copy)
    shop.stack.start_service("redis")
    return copy


def roll_back(shop, backup):
    shop.stack.stop_service("redis")
    shutil.rmtree(files(shop))
    if backup:
        shutil.copytree(backup, files(shop))
    shop.stack.start_service("redis")
    if not backup and shop.stack.redis("DBSIZE", db=0):
        raise Failed("the new Redis is not empty")


def killed(shop):
    shop.stack.wait_ready("redis")
    shop.kill("redis")
    shop.stack.wait_ready("redis")


def story(shop):
    products = [shop.product(stock=500) for _ in range(5)]
    crowd = Crowd(shop, shop.crowd_of(10), products)
    crowd.wait("placed", 15)
    backup = remember(shop)
    crowd.wait("paid", 10)
    roll_back(shop, backup)
    crowd.wait("ended", 15)
    killed(shop)
    crowd.wait("ended", 30)
    roll_back(shop, None)
    crowd.join()
    shop.assert_sound(carts_kept=False)


run_story(story)
