"""Somebody writes into the streams by hand, in the middle of running orders: garbage, and copies of what was said.

What no relay of ours signed becomes a dead letter of whoever reads it, or is swept away before anybody does; the orders
do not notice.
"""
from harness import check, run_story, wait_until
from kit.crowd import Crowd
from kit.facts import STREAMS_DB, TELLER, Facts

STREAMS = list(TELLER)


def write(shop, stream, entry, *fields):
    """Redis refuses ids below its last; then there is nothing to survive."""
    try:
        return shop.stack.redis("XADD", stream, entry, *fields, db=STREAMS_DB)
    except Exception as failure:
        refused = "equal or smaller" in str(failure) or "exhausted the last possible ID" in str(failure)
        check(refused, f"XADD {stream}: {failure}")
        return None


def garbage(shop, stream):
    write(shop, stream, "*", "hello", "world")
    write(shop, stream, "*", "", "")
    write(shop, stream, "*", "type", "OrderPaid", "subject", "x", "data", "{")
    write(shop, stream, "*", *["id", "1"] * 200)
    write(shop, stream, "*", "data", "x" * 200000)
    write(shop, stream, "*", "type", "OrderPaid\x00\x1b[2J", "mac", "0" * 64, "prev", "0-0")


def tiny(shop, stream):
    for entry in ("0-1", "1-1", "2-0"):
        write(shop, stream, entry, "hello", "world")


def copies(shop, stream):
    """What a relay of ours did sign: said again, moved on, with another order in it, on another stream."""
    entries = shop.stack.redis("XRANGE", stream, "-", "+", "COUNT", 3, db=STREAMS_DB)
    for entry, fields in entries:
        write(shop, stream, "*", *fields)
        altered = dict(zip(fields[::2], fields[1::2]))
        altered["data"] = altered.get("data", "{}").replace("1", "2")
        write(shop, stream, "*", *[word for pair in altered.items() for word in pair])
        xid, seq = map(int, entry.split("-"))
        write(shop, stream, f"{xid}-{seq + 1}", *fields)
        for other in STREAMS:
            if other != stream:
                write(shop, other, "*", *fields)


def far_ahead(shop, stream):
    """An id so high that nothing could follow it."""
    write(shop, stream, "18446744073709551615-18446744073709551614", "hello", "world")


def strangers(shop):
    return [job for job in Facts(shop.stack).dead() if job["kind"].startswith("stranger:")]


def on_quiet_streams(shop):
    """With nobody writing, every listener finds the stranger and keeps it as a dead letter of its stream."""
    shop.wait_told()
    for stream in STREAMS:
        write(shop, stream, "*", "hello", stream)
    heard = {(row["domain"], row["stream"]) for row in Facts(shop.stack).heard}

    def all_buried():
        dead = {(job["domain"], job["kind"].removeprefix("stranger:")) for job in strangers(shop)}
        return heard <= dead
    wait_until(all_buried, "each listener to bury the stranger", 10, pause=0.1)


def story(shop):
    products = [shop.product(stock=500) for _ in range(5)]
    on_quiet_streams(shop)
    customers = shop.crowd_of(6)
    crowd = Crowd(shop, customers, products, n=60)
    for stage, n, deed in (("placed", 5, tiny), ("placed", 10, garbage), ("paid", 5, copies), ("paid", 20, garbage),
                           ("ended", 10, copies), ("ended", 25, far_ahead), ("ended", 40, garbage)):
        crowd.wait(stage, n)
        for stream in STREAMS:
            deed(shop, stream)
    crowd.join()
    shop.product(stock=1)
    customers[0].buy([(products[0], 1)])
    shop.assert_sound(dead=r"stranger:.*", streams_from="anywhere")
    check(strangers(shop), "there are dead letters")


run_story(story)
