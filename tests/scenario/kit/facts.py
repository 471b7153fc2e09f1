"""How everything stands, read past the services: from their databases, from Redis, from the simulator's journal."""
import base64
import json

from postgres import PostgresError
from settings import DOMAINS
from wire import RedisError

ENDED = ("PAID", "SHIPPED", "DELIVERED", "CANCELLED", "FAILED", "REFUNDED")  # nobody ships yet, so PAID is an end
MONEY_ENDED = ("SUCCESS", "FAILED", "EXPIRED", "VOID", "REFUNDED", "REFUND_DUE")
TIMERS = ("deadline", "hold_expire")  # jobs that may wait while nothing is under way
TELLER = {"stream:orders": "order", "stream:stock": "product", "stream:products": "product",
          "stream:payments": "payment", "stream:users": "user"}
STREAMS_DB = 1

SQL = {
    "orders": ("order", "select o.id, o.user_id, o.status, o.payment_status, o.cancel_reason, d.total, d.items "
                        "from orders o join order_details d on d.order_id = o.id"),
    "stock": ("product", "select * from stock"),
    "holds": ("product", "select order_id, state, product_ids, quantities from hold"),
    "payments": ("payment", "select order_id, attempt_id, state, amount, refunded, transaction_id from payment"),
    "open_items": ("payment", "select order_id, kind, amount from open_item where resolved_at is null"),
}
OUTBOX = ("select stream, partition, xid::text || '-' || seq as entry, id, type, subject, data from outbox "
          "order by outbox.xid, outbox.seq")
HEARD = "select stream, partition, xid::text || '-' || seq as entry from heard"
# Not those that come again and again by themselves, unless something has become of them.
JOBS = "select kind, key, subject, state, attempts, reason from job where kind not like 'sweep%' or state = 'dead'"

# The simulator's states (workers/midtrans_sim/rules.h) in which money has come.
CAPTURE, SETTLEMENT, REFUND, PARTIAL_REFUND = 2, 3, 8, 9
PAID_STATES = (CAPTURE, SETTLEMENT, REFUND, PARTIAL_REFUND)


def rows(stack, domain, sql):
    """Dicts. In base64, since a text may contain anything that psql's lines are made of."""
    wrapped = f"select encode(convert_to(coalesce(jsonb_agg(t), '[]')::text, 'UTF8'), 'base64') from ({sql}) t"
    return json.loads(base64.b64decode("".join(row[0] for row in stack.psql(domain, wrapped))))


class Facts:
    def __init__(self, stack):
        self.trouble = None
        try:
            self._read(stack)
        except (OSError, PostgresError, RedisError) as failure:
            self.trouble = f"cannot be read: {failure}"

    def _read(self, stack):
        for name, (domain, sql) in SQL.items():
            setattr(self, name, rows(stack, domain, sql))
        self.orders = {row["id"]: row | {"items": json.loads(row["items"])} for row in self.orders}
        self.payments = {row["order_id"]: row for row in self.payments}
        self.holds = {row["order_id"]: row for row in self.holds}
        self.outbox, self.heard, self.jobs = {}, [], []
        for domain in DOMAINS:
            for row in rows(stack, domain, OUTBOX):
                self.outbox.setdefault((row["stream"], row["partition"]), []).append(row)
            self.heard += [row | {"domain": domain} for row in rows(stack, domain, HEARD)]
            self.jobs += [row | {"domain": domain} for row in rows(stack, domain, JOBS)]
        parts = int(stack.env["STREAM_PARTITIONS"])
        names = {place: stream_name(*place, parts) for place in self.outbox}
        # In this order: a stream that has been seen to end rightly has no strangers in it any more.
        self.last_ids = {place: last_id(stack, name) for place, name in names.items()}
        self.streams = {place: read_stream(stack, name) for place, name in names.items()}
        self.midtrans = read_journal(stack.env["SIM_STATE"])

    def tail(self, stream, partition):
        told = self.outbox.get((stream, partition))
        return told[-1]["entry"] if told else "0-0"

    def dead(self):
        return [job for job in self.jobs if job["state"] == "dead"]

    def told(self, type_):
        """Subjects of all events of a type, as often as it was told."""
        return [row["subject"] for told in self.outbox.values() for row in told if row["type"] == type_]

    def busy(self):
        """What is still under way, in words; empty when all is quiet."""
        return self.untold() + ([] if self.trouble else list(self._unfinished()))

    def untold(self):
        """What has not reached everybody yet, in words."""
        return [self.trouble] if self.trouble else list(self._untold())

    def _unfinished(self):
        for order in self.orders.values():
            if order["status"] not in ENDED:
                yield f"order {order['id']} is {order['status']}"
        for hold in self.holds.values():
            if hold["state"] == "held":
                yield f"order {hold['order_id']} holds stock"
        for payment in self.payments.values():
            if payment["state"] not in MONEY_ENDED:
                yield f"the payment of order {payment['order_id']} is {payment['state']}"
        for job in self.jobs:
            if job["state"] == "due" and job["kind"] not in TIMERS:
                yield (f"{job['domain']} has a job {job['kind']} {job['key']}, {job['attempts']} attempts: "
                       f"{job['reason']}")

    def _untold(self):
        for (stream, partition), told in self.outbox.items():
            last = self.last_ids[stream, partition]
            if last != told[-1]["entry"]:
                yield f"{stream} ends with {last}, its outbox with {told[-1]['entry']}"
        for row in self.heard:
            tail = self.tail(row["stream"], row["partition"])
            if row["entry"] != tail:
                yield f"{row['domain']} has heard {row['stream']} up to {row['entry']}, not {tail}"


def stream_name(stream, partition, parts):
    return stream if parts == 1 else f"{stream}:{{{partition}}}"


def last_id(stack, name):
    """Of its last entry, which may be gone when everybody has heard it."""
    try:
        info = stack.redis("XINFO", "STREAM", name, db=STREAMS_DB)
    except RedisError as failure:
        return str(failure)
    return info[info.index("last-generated-id") + 1]


def read_stream(stack, name):
    entries = stack.redis("XRANGE", name, "-", "+", db=STREAMS_DB)
    return [dict(zip(flat[::2], flat[1::2])) | {"entry": entry} for entry, flat in entries]


def read_journal(path):
    """{"attempts": {attempt id: amount}, "paid": {attempt id: [transaction id]}, "refunded": {transaction id: sum}}"""
    attempts, money, refunded = {}, {}, {}
    with open(path, encoding="utf-8") as journal:
        for line in journal:
            field = line.rstrip("\n").split("\t")
            if not line.endswith("\n"):
                break  # half a line of a killed process, or of one that is just writing
            if field[0] == "O":
                attempts[field[1]] = int(field[3])
            elif field[0] == "T":
                money[field[1]] = (field[2], int(field[4]))
            elif field[0] == "R":
                refunded[field[1], field[2]] = int(field[4])
    paid, back = {}, {}
    for transaction, (attempt, state) in money.items():
        if state in PAID_STATES:
            paid.setdefault(attempt, []).append(transaction)
    for (transaction, _), amount in refunded.items():
        back[transaction] = back.get(transaction, 0) + amount
    return {"attempts": attempts, "paid": paid, "refunded": back}
