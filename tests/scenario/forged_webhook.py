"""Notifications that are forged, altered or true but about other money: the order stays unpaid, and then is paid."""
from harness import check, run_story
from kit.facts import Facts
from kit.midtrans import Midtrans


def shapes(midtrans, order):
    """Notifications whose signature is none: (what, body)."""
    genuine = midtrans.notice(order)
    key = genuine["signature_key"]
    yield "signed with another key", genuine | {"signature_key": midtrans.signature(genuine, "SB-Mid-server-x")}
    yield "signed with no key", genuine | {"signature_key": midtrans.signature(genuine, " ")}
    for name, value in (("none", None), ("empty", ""), ("cut", key[:-1]), ("too long", key + "0"), ("a number", 7),
                        ("a list", [key]), ("an object", {"key": key}), ("true", True), ("not hex", "z" * 128),
                        ("with a blank", " " + key[1:]), ("all zeros", "0" * 128), ("in another script", "\u0660" * 128)):
        yield f"signature {name}", genuine | {"signature_key": value}
    yield "without signature", {name: value for name, value in genuine.items() if name != "signature_key"}
    attempt, amount = genuine["order_id"], genuine["gross_amount"]
    for name, value in (("gross_amount", "1.00"), ("gross_amount", amount.removesuffix(".00")), ("status_code", "201"),
                        ("status_code", 200), ("gross_amount", 25000), ("order_id", attempt[:-1]),
                        ("order_id", attempt.upper()), ("order_id", None)):
        yield f"{name} became {value!r}", genuine | {name: value}
    # The parts are joined without separators: they can be shifted against one another.
    yield "shifted to the code", genuine | {"order_id": attempt + "2", "status_code": "00" + amount[0],
                                            "gross_amount": amount[1:]}
    yield "shifted to the order", genuine | {"order_id": attempt[:-1], "status_code": attempt[-1] + "20",
                                             "gross_amount": "0" + amount}


def altered(midtrans, order, paid_one):
    """Signed by Midtrans, with other words in what no signature covers. Its own words: pending, 201."""
    pending = midtrans.notice(order, "pending", "201")
    yield "201 pending became settlement", pending | {"transaction_status": "settlement"}
    yield "201 pending became SETTLEMENT", pending | {"transaction_status": "SETTLEMENT"}
    yield "201 pending became capture", pending | {"transaction_status": "capture", "payment_type": "credit_card"}
    yield "201 pending became deny", pending | {"transaction_status": "deny", "fraud_status": "deny"}
    yield "201 pending became expire", pending | {"transaction_status": "expire"}
    yield "201 pending became refund", pending | {"transaction_status": "refund", "refund_amount": "25000.00"}
    # The transaction of another order of the same amount, which Midtrans will say was settled.
    for name in ("transaction_id", "order_id"):
        yield f"{name} of a paid order", pending | {"transaction_status": "settlement", "transaction_id": paid_one[name]}
    denied = midtrans.notice(order, "deny", "202")
    yield "202 deny became settlement", denied | {"transaction_status": "settlement"}
    yield "another currency", pending | {"transaction_status": "settlement", "currency": "USD"}
    yield "words of other types", pending | {"transaction_status": ["settlement"], "fraud_status": 1}
    # A settlement that was signed, of which Midtrans itself knows nothing when it is asked.
    yield "200 settlement that never was", midtrans.notice(order)


def not_json():
    yield from (b"", b"null", b"[]", b"7", b"{", b"order_id=1&signature_key=2", b"\xff\xfe", b'{"signature_key":"\\u0000"}',
                b'{"a":' * 200 + b"1" + b"}" * 200)


def state(shop):
    facts = Facts(shop.stack)
    told = {f"told on {stream}": len(rows) for (stream, _), rows in facts.outbox.items()}
    return {"orders": facts.orders, "payments": facts.payments, "open items": facts.open_items, "jobs": facts.jobs,
            "holds": facts.holds} | told


def changed(what, before, after):
    for name in before:
        check(before[name] == after[name], f"{what}: {name} changed from {before[name]} to {after[name]}")


def paid_one(shop, customer, kopi):
    order = customer.buy([(kopi, 1)])
    sql = f"select attempt_id, transaction_id from payment where order_id = '{order}'"
    return dict(zip(("order_id", "transaction_id"), shop.stack.psql("payment", sql)[0]))


def story(shop):
    kopi = shop.product(stock=5)
    customer, midtrans = shop.customer(), Midtrans(shop)
    other = paid_one(shop, customer, kopi)
    order = customer.order([(kopi, 1)])
    url = customer.link(order)
    shop.pay(url, "pending", method="bank_transfer")
    shop.wait_told()
    before = state(shop)
    for what, body in shapes(midtrans, order):
        status = midtrans.send(body)
        check(status in (401, 403), f"{what}: answered {status}, not 401 or 403")
    for body in not_json():
        status = midtrans.send(body)
        check(status == 400, f"{body[:20]}: answered {status}, not 400")
    for what, body in altered(midtrans, order, other):
        status = midtrans.send(body)
        check(status == 200, f"{what}: answered {status}, not 200")
        changed(what, before, state(shop))
    stranger = midtrans.notice(order, order_id="01890000-0000-7000-8000-000000000000")
    check(midtrans.send(stranger) == 200, "a notification of an order that is not ours is taken and forgotten")
    changed("a stranger", before, state(shop))
    check(midtrans.send(midtrans.notice(order, gross_amount="1.00")) == 200, "a signed amount is heard")
    check(customer.look(order)["status"] == "AWAITING_PAYMENT", "another amount pays nothing")
    shop.pay(url, method="bank_transfer")
    customer.follow(order, "PAID")
    shop.assert_sound(open_items=["amount_mismatch"])


run_story(story)
