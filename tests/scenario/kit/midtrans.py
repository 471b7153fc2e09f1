"""Notifications as Midtrans would send them, and as a forger would like to."""
import hashlib
import uuid

WEBHOOK = "/api/v1/payment/webhook"


class Midtrans:
    """Speaks to the shop's webhook. A notification's fields can be replaced before or after it is signed."""

    def __init__(self, shop):
        self.shop = shop
        self.http = shop.stack.http(timeout=20.0)
        self.key = shop.stack.env["MIDTRANS_SERVER_KEY"]

    def attempt_of(self, order):
        """(our order id at Midtrans, the amount as Midtrans writes it)"""
        sql = f"select attempt_id, amount from payment where order_id = '{uuid.UUID(order)}'"
        attempt, amount = self.shop.stack.psql("payment", sql)[0]
        return attempt, f"{amount}.00"

    def signature(self, notice, key=None):
        signed = notice["order_id"] + notice["status_code"] + notice["gross_amount"] + (key or self.key)
        return hashlib.sha512(signed.encode()).hexdigest()

    def notice(self, order, status="settlement", code="200", **signed):
        """A genuine one. signed: fields replaced before it is signed."""
        attempt, amount = self.attempt_of(order)
        notice = {"transaction_time": "2026-01-01 07:03:10", "transaction_status": status,
                  "transaction_id": str(uuid.uuid4()), "status_message": "midtrans payment notification",
                  "status_code": code, "payment_type": "qris", "order_id": attempt, "merchant_id": "G1",
                  "gross_amount": amount, "fraud_status": "accept", "currency": "IDR"} | signed
        return notice | {"signature_key": self.signature(notice)}

    def send(self, body):
        """The status of the answer. body: an object or bytes."""
        reply = self.http.post(WEBHOOK, body, headers={"User-Agent": "Veritrans"})
        if reply.status == 500:
            self.shop.blunders.append(f"POST {WEBHOOK}: 500 {reply.text[:200]}")
        return reply.status
