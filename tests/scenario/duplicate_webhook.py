"""Midtrans repeats itself, in any order: everything happens once."""
import threading

from harness import check, run_story
from kit.crowd import Crowd
from kit.midtrans import Midtrans

TIMES = 30


def told(shop):
    return shop.stack.psql("payment", "select count(*), max(xid::text) from outbox")


def many_at_once(shop, midtrans, notice):
    """The same notification over many connections."""
    answers = []

    def send():
        answers.append(Midtrans(shop).send(notice))
    threads = [threading.Thread(target=send) for _ in range(TIMES)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    check(answers == [200] * TIMES, f"duplicates are answered 200, not {sorted(set(answers))}")


def story(shop):
    products = [shop.product(stock=200) for _ in range(3)]
    crowd = Crowd(shop, shop.crowd_of(4), products, n=20)
    crowd.join()
    shop.assert_sound()
    customer, midtrans = shop.customers[0], Midtrans(shop)

    order = customer.order([(products[0], 1)])
    url = customer.link(order)
    # The simulator tells nobody of this choice: all its notifications are ours.
    early = midtrans.notice(order)
    many_at_once(shop, midtrans, early)
    check(customer.look(order)["status"] == "AWAITING_PAYMENT", "Midtrans denies that it was paid")
    shop.pay(url, fault="lost")
    many_at_once(shop, midtrans, early)
    customer.follow(order, "PAID")

    before = told(shop)
    for status, code in (("pending", "201"), ("settlement", "200"), ("deny", "202"), ("expire", "202"), ("cancel", "202")):
        answer = midtrans.send(midtrans.notice(order, status, code))
        check(answer == 200, f"a stale {status} is answered 200, not {answer}")
    check(told(shop) == before, "what is stale is not told on")
    check(customer.look(order)["status"] == "PAID", "what is stale takes nothing back")
    shop.assert_sound()


run_story(story, SIM_NOTIFY_DUPLICATE=3, SIM_NOTIFY_SHUFFLE=1, SIM_NOTIFY_PENDING=1)
