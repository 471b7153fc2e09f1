"""Whether the books balance: what the customers were promised against what the databases and carts hold."""

import time

PATIENCE = 30.0  # until everything has drained


class Unbalanced(Exception):
    """What does not add up."""


# What each counts must come to. {orders}, {units}: what the load knows it was promised.
ACCOUNTS = (
    ("order", "orders paid", "select count(*) from orders where status = 'PAID' and payment_status = 'success'", "orders"),
    ("order", "orders in any other state", "select count(*) from orders where status <> 'PAID'", 0),
    ("payment", "payments made", "select count(*) from payment where state = 'SUCCESS'", "orders"),
    ("payment", "payments in any other state", "select count(*) from payment where state <> 'SUCCESS'", 0),
    ("payment", "money paid that is not the orders'", "select count(*) from open_item", 0),
    ("product", "holds sold", "select count(*) from hold where state = 'sold'", "orders"),
    ("product", "holds in any other state", "select count(*) from hold where state <> 'sold'", 0),
    ("product", "units sold", "select coalesce(sum(sold), 0) from stock", "units"),
    ("product", "units still held", "select coalesce(sum(held), 0) from stock", 0),
    ("product", "products whose stock does not add up", "select count(*) from stock where on_hand + held + sold <> stocked", 0),
    ("product", "units in holds against units sold", "select (select coalesce(sum(q), 0) from hold, unnest(quantities) as q) - "
     "(select coalesce(sum(sold), 0) from stock)", 0),
    *((domain, f"dead letters of {domain}", "select count(*) from job where state = 'dead'", 0)
      for domain in ("order", "payment", "product", "cart")),
)


def wrong_accounts(stack, promised):
    wrong = []
    for domain, what, sql, due in ACCOUNTS:
        due = promised.get(due, due)
        have = int(stack.psql(domain, sql)[0][0])
        if have != due:
            wrong.append(f"{what}: {have}, not {due}")
    full = [key for key in stack.redis("KEYS", "cart:*", db=0) if ":bought" not in key
            and stack.redis("TYPE", key, db=0) == "hash"]
    return wrong + ([f"carts not cleared: {len(full)}"] if full else [])


def paid_equals_ordered(stack):
    orders = stack.psql("order", "select coalesce(sum(total), 0) from order_details")[0][0]
    paid = stack.psql("payment", "select coalesce(sum(amount), 0) from payment where state = 'SUCCESS'")[0][0]
    return [] if orders == paid else [f"money paid: {paid}, ordered for {orders}"]


def settle(stack, promised):
    """Waits until the books balance and returns how long that took; Unbalanced when they do not."""
    started = time.monotonic()
    while True:
        wrong = wrong_accounts(stack, promised) or paid_equals_ordered(stack)
        took = time.monotonic() - started
        if not wrong:
            return took
        if took > PATIENCE:
            raise Unbalanced("; ".join(wrong))
        time.sleep(0.1)
