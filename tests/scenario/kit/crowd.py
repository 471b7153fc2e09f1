"""Many orders at once, each in a thread of its own: placed, paid, followed to its end. A story strikes in between."""
import random
import threading

from kit.failed import wait_until


class Crowd:
    """n orders of the customers, one line each of a random product. Reproducible but for the scheduling."""

    def __init__(self, shop, customers, products, n=50, seed=1, patience=60):
        """patience: so many seconds each waits for the link, and for the end."""
        self.shop, self.n, self.patience = shop, n, patience
        self.random = random.Random(seed)
        self.done = {"placed": [], "paid": [], "ended": []}
        self.failures = []
        self.threads = [threading.Thread(target=self._live, daemon=True,
                                         args=(customers[i % len(customers)].clone(), self._lines(products)))
                        for i in range(n)]
        for thread in self.threads:
            thread.start()

    def _lines(self, products):
        return [(product, self.random.randint(1, 3)) for product in self.random.sample(products, 2)]

    def _live(self, customer, lines):
        try:
            order = customer.order(lines)
            self.done["placed"].append(order)
            self.shop.pay(customer.link(order, timeout=self.patience))
            self.done["paid"].append(order)
            customer.follow(order, "PAID", timeout=self.patience)
            self.done["ended"].append(order)
        except Exception as failure:
            self.failures.append(failure)
        finally:
            customer.http.close()

    def wait(self, stage, n):
        """Until n orders are so far."""
        def so_far():
            self._raise()
            return len(self.done[stage]) >= n
        wait_until(so_far, f"{n} orders {stage}", self.patience, pause=0.002)

    def _raise(self):
        if self.failures:
            raise self.failures[0]

    def join(self):
        """Until all have ended; the first failure of any of them."""
        for thread in self.threads:
            while thread.is_alive():
                thread.join(0.2)
                self._raise()
        self._raise()
