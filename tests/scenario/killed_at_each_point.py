"""Every service dies once at each named point that it passes, in the middle of running orders."""
import re
import subprocess
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

from harness import check, run_story
from kit.crowd import Crowd
from kit.facts import STREAMS_DB
from kit.failpoint import Failpoint, points_in_sources

HEARERS = ("product", "cart", "order", "payment")
TELLERS = ("user", "product", "order", "payment")
PASSERS_OVER = ("cart", "payment")  # who hears what is of no interest
N_ORDERS = 8


# ---- what is going on meanwhile: each begins it, and returns what waits for its end ----

def buying(shop, people, products):
    return Crowd(shop, people, products, n=N_ORDERS).join


def telling(shop, people, products):
    """Every service that tells has something to tell."""
    joins = buying(shop, people, products)
    shop.customer()
    return joins


def intruding(shop, people, products):
    """Somebody writes into the streams: they must be filled again."""
    for stream in ("stream:users", "stream:stock", "stream:orders", "stream:payments"):
        shop.stack.redis("XADD", stream, "*", "hello", "world", db=STREAMS_DB)
    return telling(shop, people, products)


def giving_back(shop, people, products):
    orders = [(customer, customer.buy([(products[0], 1)])) for customer in people[:3]]
    for customer, order in orders:
        customer.expect(202, "POST", f"/api/v1/order/{order}/cancel", {"reason": "customer"})
    return lambda: [customer.follow(order, "REFUNDED", timeout=60) for customer, order in orders]


def expiring(shop, people, products):
    """Payment is away for so long that the stock's holds end."""
    shop.stack.stop_service("payment")
    shop.stack.restart("order", env={"ORDER_TTL_SECONDS": "1"})
    orders = [(customer, customer.order([(products[0], 1)])) for customer in people]

    def end():
        shop.stack.start_service("payment")
        for customer, order in orders:
            customer.follow(order, "CANCELLED", timeout=60)
    return end


PAID = (
    ("order.placed", ("order",), buying),
    ("hear.decided", HEARERS, buying),
    ("hear.committed", HEARERS, buying),
    ("hear.passed_over", PASSERS_OVER, buying),
    ("relay.read", TELLERS, telling),
    ("relay.appended", TELLERS, telling),
    ("relay.renewed", TELLERS, intruding),
    ("payment.asked", ("payment",), buying),
    ("payment.kept", ("payment",), buying),
    ("job.settled", ("payment",), buying),
    ("payment.refunded", ("payment",), giving_back),
    ("payment.charged", ("payment",), buying),
    ("job.claimed", ("payment",), buying),
    ("job.called", ("payment",), buying),
)
UNPAID = (
    ("job.claimed", ("product",), expiring),
    ("job.settled", ("product",), expiring),
)


class Deaths:
    def __init__(self, shop, people, products):
        self.shop, self.people, self.products = shop, people, products
        self.points = []

    def arm(self, services, point, **env):
        with ThreadPoolExecutor(len(services)) as pool:
            armed = list(pool.map(lambda service: Failpoint(self.shop, service, point, **env), services))
        self.points += armed
        return armed

    def die(self, acts, **env):
        """At one point after the other. Then all that was begun ends well, be it when the claim of a job that died with
        its process has run out."""
        ends = []
        for point, services, begin in acts:
            armed = self.arm(services, point, **env)
            ends.append(begin(self.shop, self.people, self.products))
            for failpoint in armed:
                failpoint.wait_passed()
        for end in ends:
            end()
        self.shop.assert_sound(dead=r"stranger:.*", streams_from="anywhere")

    def check_each_was_once(self):
        for failpoint in self.points:
            check(failpoint.n_hits() == 1, f"{failpoint.service} died {failpoint.n_hits()} times at {failpoint.point}")
        died = Counter(m[1] for line in self.shop.said if (m := re.match(r"(\w+) was ended by SIGKILL", line)))
        check(died == Counter(p.service for p in self.points), f"each died there only: {died}")


def knows_every_point():
    named = points_in_sources()
    covered = {point for point, _, _ in PAID + UNPAID}
    check(len(set(named)) == len(named), f"a name is one point's: {sorted(named)}")
    check(set(named) == covered, f"the story knows every point: {sorted(set(named) ^ covered)}")


def refuses(shop, why, **env):
    program = shop.stack.supervisor.programs["order"]
    ran = subprocess.run([*program.argv, "check"], env=program.env | env, capture_output=True, text=True, check=False)
    check(ran.returncode == 78 and why in ran.stderr, f"{env}: refused, {why}: {ran.returncode} {ran.stderr}")


def story(shop):
    knows_every_point()
    refuses(shop, "it must be point, point:3 or", FAILPOINT="order.placed:0")
    refuses(shop, "production refuses it", FAILPOINT="order.placed", PASAR_ENV="production")
    products = [shop.product(stock=1000) for _ in range(3)]
    people = shop.crowd_of(4)
    for customer in people:
        for product in products:  # more than is bought: what were taken out twice would be missing
            customer.put(product, 200)
    deaths = Deaths(shop, people, products)
    deaths.die(PAID)
    deaths.die(UNPAID, HOLD_GRACE_SECONDS="0")
    deaths.check_each_was_once()


run_story(story)
