"""Every service runs twice, one of the two only as a worker, on the same databases; then the first ones are killed.

Each part of a stream has one hearer, each database one relay, each job one runner at a time: nothing happens twice, and
who is left goes on.
"""
import signal

from harness import run_story, wait_until
from kit.crowd import Crowd
from supervisor import Program

DOMAINS = ("product", "cart", "order", "payment")


def start_twin(shop, domain):
    stack = shop.stack
    name = f"{domain}_twin"
    socket = stack.place.sockets / f"{name}.sock"
    first = stack.supervisor.programs[domain]
    env = first.env | {f"{domain.upper()}_LISTEN": f"unix:{socket}"}
    stack.supervisor.start(Program(name, [*first.argv, "worker"], stack.log_path(name), env=env,
                                   before=lambda: socket.unlink(missing_ok=True)))
    wait_until(socket.exists, f"{name} to listen")


def story(shop):
    products = [shop.product(stock=1000) for _ in range(5)]
    customers = shop.crowd_of(6)
    for domain in DOMAINS:
        start_twin(shop, domain)
    crowd = Crowd(shop, customers, products, seed="together")
    crowd.join()
    shop.assert_sound()
    crowd = Crowd(shop, customers, products, seed="first killed")
    for stage, n, domain in zip(("placed", "placed", "paid", "ended"), (10, 25, 15, 15), DOMAINS):
        crowd.wait(stage, n)
        shop.kill(domain)
    crowd.join()
    # Stopped for good: the twins do all the work that is not HTTP. Payment's notifications need it, so not payment.
    for domain in ("product", "cart"):
        shop.stack.stop_service(domain)
    customers[0].buy([(products[0], 1)])
    for domain in ("product", "cart"):
        shop.stack.start_service(domain)
        shop.stack.supervisor.kill(shop.stack.supervisor.programs[f"{domain}_twin"], signal.SIGTERM)
    customers[0].buy([(products[1], 1)])
    shop.assert_sound()


run_story(story)
