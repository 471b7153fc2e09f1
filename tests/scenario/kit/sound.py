"""What must always hold, whatever happened: orders, stock, money, streams. Each check yields what is wrong, in words."""
import json
import re
from collections import Counter
from dataclasses import dataclass, field

from kit.facts import ENDED, TELLER

SANITIZER = re.compile(r"ERROR: (?:Address|Leak)Sanitizer|runtime error:|Assertion .* failed")
NO_MONEY = ("VOID", "FAILED", "EXPIRED")


@dataclass
class Expected:
    """What a story brings about that would otherwise be a fault."""
    open_items: list = field(default_factory=list)  # kinds, as often as they are to be there
    refunded_by_hand: list = field(default_factory=list)  # orders whose money went back past Midtrans
    dead: str = None               # jobs of kinds that this matches may be dead
    carts_kept: bool = True        # Redis has lost nothing of them
    streams_from: str = "start"    # "anywhere": a stream may have been renewed without what all have heard


def find_faults(shop, facts, expected):
    checks = (accepted(shop, facts), told_once(facts), stock(shop, facts), money(facts),
              midtrans(facts, expected), open_items(facts, expected), streams(facts, expected), jobs(facts, expected),
              carts(shop, facts, expected), programs(shop))
    return [fault for found in checks for fault in found]


def accepted(shop, facts):
    """Every order that was accepted is there and has ended; there are no others."""
    for order, customer in shop.accepted.items():
        row = facts.orders.get(order)
        if row is None:
            yield f"order {order} was accepted and is lost"
        elif row["status"] not in ENDED:
            yield f"order {order} is {row['status']}"
        elif row["user_id"] != customer.id:
            yield f"order {order} belongs to another"
    for order in facts.orders.keys() - shop.accepted.keys():
        yield f"order {order} exists and nobody was told so"


def told_once(facts):
    """Each step of an order is told once, and no step that did not happen."""
    created, paid, cancelled = (Counter(facts.told(t)) for t in ("OrderCreated", "OrderPaid", "OrderCancelled"))
    reserved, refused = Counter(facts.told("StockReserved")), Counter(facts.told("StockInsufficient"))
    success = Counter(facts.told("PaymentSuccess"))
    for order, row in facts.orders.items():
        is_paid = row["status"] == "PAID"
        for name, times, wanted in (
                ("OrderCreated", created, {1}), ("StockReserved or StockInsufficient", reserved + refused, {1}),
                ("OrderPaid", paid, {1} if is_paid else {0, 1}), ("PaymentSuccess", success, {1} if is_paid else {0, 1}),
                ("OrderCancelled", cancelled, {0} if is_paid else {1})):
            if times[order] not in wanted:
                yield f"{name} was told {times[order]} times of order {order}, which is {row['status']}"
    for type_, times in (("OrderCreated", created), ("StockReserved", reserved), ("PaymentSuccess", success)):
        for stranger in times.keys() - facts.orders.keys():
            yield f"{type_} tells of order {stranger}, which does not exist"


def lines_of(rows):
    """Units by product of orders."""
    units = Counter()
    for row in rows:
        for line in row["items"]:
            units[line["product_id"]] += line["quantity"]
    return units


def stock(shop, facts):
    sold = lines_of(row for row in facts.orders.values() if row["status"] == "PAID")
    holds = Counter()
    for hold in facts.holds.values():
        if hold["state"] == "held":
            yield f"order {hold['order_id']} still holds stock"
        if hold["state"] == "sold":
            holds.update(dict(zip(hold["product_ids"], hold["quantities"])))
    for row in facts.stock:
        product = row["product_id"]
        if row["on_hand"] + row["held"] + row["sold"] != shop.stocked.get(product, row["stocked"]):
            yield f"product {product}: {row} is not the {shop.stocked[product]} units that were stocked"
        if row["held"] or row["on_hand"] < 0:
            yield f"product {product}: {row['held']} held, {row['on_hand']} on hand, when all is over"
        if not row["sold"] == sold[product] == holds[product]:
            yield (f"product {product}: {row['sold']} sold, {holds[product]} by holds, {sold[product]} in paid orders")


def money(facts):
    """Paid orders have one payment of their amount; no other order keeps anybody's money without an open item."""
    owed = {item["order_id"] for item in facts.open_items}
    for order, row in facts.orders.items():
        payment = facts.payments.get(order)
        if payment is None:
            yield f"payment knows nothing of order {order}"
        elif payment["amount"] != row["total"]:
            yield f"order {order} costs {row['total']}, its payment {payment['amount']}"
        elif row["status"] == "PAID" and payment["state"] != "SUCCESS" and order not in owed:
            yield f"order {order} is PAID, its payment {payment['state']}"
        elif row["status"] == "CANCELLED" and payment["state"] not in NO_MONEY and order not in owed:
            yield f"order {order} is CANCELLED ({row['cancel_reason']}), its payment {payment['state']}"
        elif row["status"] == "REFUNDED" and payment["refunded"] != row["total"]:
            yield f"order {order} is REFUNDED, of {row['total']} came back {payment['refunded']}"
    for order in facts.payments.keys() - facts.orders.keys():
        yield f"there is a payment of order {order}, which does not exist"


def midtrans(facts, expected):
    """The same, as the simulator has it: what it took and gave back is what the orders say."""
    attempts = {payment["attempt_id"]: order for order, payment in facts.payments.items()}
    owed = {item["order_id"] for item in facts.open_items}
    for attempt in facts.midtrans["attempts"].keys() - attempts.keys():
        yield f"Midtrans was asked for attempt {attempt}, of which payment knows nothing"
    for attempt, order in attempts.items():
        row = facts.orders.get(order, {"status": "lost"})
        transactions = facts.midtrans["paid"].get(attempt, [])
        amount = facts.midtrans["attempts"].get(attempt, 0)
        back = [facts.midtrans["refunded"].get(transaction, 0) for transaction in transactions]
        kept = amount * len(transactions) - sum(back)
        wanted = row["total"] if row["status"] == "PAID" else 0
        if any(sum_ > amount for sum_ in back):
            yield f"order {order}: more given back than was paid: {back} of {amount} each"
        if kept != wanted and order not in owed and order not in expected.refunded_by_hand:
            yield (f"order {order} is {row['status']}: Midtrans keeps {kept} instead of {wanted} "
                   f"({len(transactions)} payments, given back {back})")


def open_items(facts, expected):
    found = Counter(item["kind"] for item in facts.open_items)
    if found != Counter(expected.open_items):
        yield f"open items: {dict(found)} instead of {dict(Counter(expected.open_items))}"


def streams(facts, expected):
    """A stream has what its outbox has, in that order, each entry naming the one before it."""
    for (stream, partition), told in facts.outbox.items():
        entries = facts.streams[stream, partition]
        first = len(told) - len(entries)
        if first < 0 or (first > 0 and expected.streams_from == "start"):
            yield f"{stream} has {len(entries)} entries, its outbox {len(told)} rows"
            continue
        for row, entry, before in zip(told[first:], entries, [None, *entries]):
            same = all(entry.get(name) == row[name] for name in ("entry", "id", "type", "subject"))
            if not same or json.loads(entry["data"]) != json.loads(row["data"]):
                yield f"{stream}: entry {entry} is not what its outbox says: {row}"
            if before and entry.get("prev") != before["entry"]:
                yield f"{stream}: entry {entry['entry']} follows {entry.get('prev')}, not {before['entry']}"
    for row in facts.heard:
        if row["stream"] not in TELLER:
            yield f"{row['domain']} hears {row['stream']}, which nobody tells"


def jobs(facts, expected):
    for job in facts.dead():
        if not expected.dead or not re.fullmatch(expected.dead, job["kind"]):
            yield f"{job['domain']} has a dead job {job['kind']} {job['key']} of {job['subject']}: {job['reason']}"


def carts(shop, facts, expected):
    """What was put in and not bought is still there, and nothing else."""
    if not expected.carts_kept:
        return
    bought, paid = {}, set(facts.told("OrderPaid"))  # what went back later was taken out all the same
    for order, row in facts.orders.items():
        if order in paid:
            bought.setdefault(row["user_id"], []).append(row)
    for customer in shop.customers:
        units = lines_of(bought.get(customer.id, []))
        wanted = {p: n - units[p] for p, n in customer.cart.items() if n > units[p]}
        if customer.cart and customer.read_cart() != wanted:
            yield f"customer {customer.number} has {customer.read_cart()} in the cart instead of {wanted}"


def programs(shop):
    """No 500, no crash but those that the story caused, nothing that a sanitizer found."""
    yield from shop.blunders
    for line in shop.said:
        crashed = re.match(r"(\w+) (was ended by \w+|ended with status \d+.*): starting it again", line)
        if crashed and not (crashed[1] in shop.killed and crashed[2] in ("was ended by SIGKILL", "ended with status 0")):
            yield line
    for log in sorted(shop.stack.logs.glob("*.log")):
        found = SANITIZER.search(log.read_text("utf-8", "replace"))
        if found:
            yield f"{log.name}: {found[0]}"
