#!/usr/bin/env python3
"""`make bench`: complete sagas a second, latencies, CPU and memory of the whole shop on this machine, beside what the same
PostgreSQL does with the same rows and none of our code. The figures also go to build/bench.json.

Only books that do not balance fail it. BENCH_SECONDS (20: of each phase), BENCH_IN_FLIGHT (64,256: a phase for each),
BENCH_RATE (orders a second of the last phase; half of the best reached before)."""

import base64
import hashlib
import hmac
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "compose/local"))

import report  # noqa: E402
import roofline  # noqa: E402
from books import Unbalanced, settle  # noqa: E402
from seed import expect, log_in  # noqa: E402
from settings import DOMAINS  # noqa: E402
from stack import Stack, StepFailed  # noqa: E402
from watch import Snapshot, grown, hearing, memory_by_program, rows_written, sync_ms  # noqa: E402

RUN = Path(os.environ.get("BENCH_RUN") or ROOT / "build/bench-run")
OUT = ROOT / "build/bench.json"
SECONDS = int(os.environ.get("BENCH_SECONDS", 20))
IN_FLIGHT = [int(n) for n in os.environ.get("BENCH_IN_FLIGHT", "64,256").split(",")]
WARM_SECONDS = 3
MOST_CUSTOMERS = 1024  # of bench_load
PRODUCTS = 100
STOCK = 1_000_000_000
CARTS = 8  # every so many'th customer orders what is in a cart
SETTINGS = {"LOG_LEVEL": "warn", "SIM_AUTOPAY": "qris:settlement", "SIM_STATE": "", "SIM_KEEP": 1_000_000}


class BenchStack(Stack):
    """Knows how long its services take from there on where PostgreSQL and Redis are ready."""

    began = ended = 0.0

    def _bring_up_service(self, name):
        self.began = self.began or time.monotonic()
        super()._bring_up_service(name)
        self.ended = time.monotonic()


def part(value):
    return base64.urlsafe_b64encode(json.dumps(value).encode() if isinstance(value, dict) else value).rstrip(b"=")


def token(secret, number):
    """An access token as the user service gives it: logging so many in would measure Argon2id."""
    now = int(time.time())
    claims = {"userID": 1_000_000 + number, "email": f"customer{number}@example.com", "username": f"customer{number}",
              "role": "user", "sid": str(number), "iat": now, "exp": now + 3600}
    text = part({"alg": "HS256", "typ": "JWT"}) + b"." + part(claims)
    return (text + b"." + part(hmac.new(secret.encode(), text, hashlib.sha256).digest())).decode()


def stock_up(stack):
    """Makes the products; returns the first one's id."""
    http = stack.http()
    http.token = log_in(http, stack.env["ADMIN_EMAIL"], stack.env["ADMIN_PASSWORD"])
    ids = []
    for n in range(PRODUCTS):
        wish = {"name": f"Kopi Gayo {n} 250 g", "description": "Kopi arabika dari dataran tinggi Gayo.",
                "price": 50_000 + 1_000 * n, "stock": STOCK, "weight_grams": 250}
        ids.append(expect(http.post("/api/v1/products", wish), 201, "create a product")["product"]["id"])
    http.close()
    deadline = time.monotonic() + 10
    while any(int(stack.psql(domain, "select count(*) from catalogue")[0][0]) < PRODUCTS for domain in ("order", "cart")):
        if time.monotonic() > deadline:
            raise StepFailed("catalogue", "order and cart have not heard of all products after 10 s")
        time.sleep(0.05)
    return ids[0]


class Load:
    """One run of bench_load, watched from `open` to `shut`."""

    def __init__(self, stack, n, first_product, **settings):
        self.stack = stack
        env = {"LOAD_GATEWAY_PORT": stack.env["GATEWAY_PORT"], "LOAD_REDIS_PORT": stack.env["REDIS_PORT"],
               "LOAD_WARM_SECONDS": WARM_SECONDS, "LOAD_SECONDS": SECONDS, "LOAD_CARTS": CARTS,
               "LOAD_FIRST_PRODUCT": first_product, "LOAD_N_PRODUCTS": PRODUCTS} | settings
        self.process = subprocess.Popen([stack.bin / "bench_load"], env={k: str(v) for k, v in env.items()}, text=True,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        secret = stack.env["JWT_SECRET"]
        self.process.stdin.write("".join(token(secret, number) + "\n" for number in range(n)))
        self.process.stdin.close()

    def measure(self):
        try:
            return self._measure()
        finally:
            self.process.kill()
            self.process.wait()

    def _measure(self):
        others = {"load": self.process.pid, "bench": os.getpid()}
        self._await("open")
        before = Snapshot(self.stack, others)
        self._await("shut")
        after = Snapshot(self.stack, others)
        memory = memory_by_program(self.stack)
        told = json.loads(self.process.stdout.readline())
        return told | {
            "sagas_per_second": told["paid_open"] / told["seconds"],
            "cpu_us": grown(before.cpu, after.cpu),
            "machine_us": after.machine_us - before.machine_us,
            "database": grown(before.database, after.database),
            "hears": {name: hearing(grown(before.metrics[name], after.metrics[name])) for name in self.stack.services},
            "pss": memory,
        }

    def _await(self, word):
        line = self.process.stdout.readline().strip()
        if line != word:
            raise StepFailed("load", f"it said `{line}` instead of `{word}`")


def promised(phases):
    """What the customers of all these phases were promised."""
    return {"orders": sum(m["accepted"] for m in phases), "units": sum(m["units"] for m in phases)}


def run_phases(stack, result):
    first = stock_up(stack)
    phases = result["closed"] = []
    for n in IN_FLIGHT:
        print(f"\n{n} customers, {SECONDS} s: each orders again as soon as its order is paid", flush=True)
        m = Load(stack, n, first).measure()
        phases.append(m | {"in_flight": n, "drain_s": settle(stack, promised([*phases, m]))})
        report.tell_closed(phases[-1])
    best = result["sagas_per_second"] = max(m["sagas_per_second"] for m in phases)
    rate = int(os.environ.get("BENCH_RATE") or max(1, round(best / 2)))
    print(f"\norders that arrive at random, {rate}/s, {SECONDS} s", flush=True)
    m = Load(stack, MOST_CUSTOMERS, first, LOAD_RATE=rate).measure()
    result["open"] = m | {"rate": rate, "drain_s": settle(stack, promised([*phases, m]))}
    report.tell_open(result["open"])
    time.sleep(1.1)  # backends tell what they wrote once a second
    orders = promised([*phases, m])["orders"]
    result["rows"] = {name: rows_written(stack, stack.env[f"{name.upper()}_DB_NAME"], orders) for name in DOMAINS}


def run(stack):
    result = {"seconds": SECONDS, "ready_s": stack.ended - stack.began, "sync_ms": sync_ms(RUN)}
    report.tell_start(result)
    run_phases(stack, result)
    if not os.environ.get("BENCH_NO_ROOFLINE"):
        result["roofline"] = roofline.run(stack)
        report.tell_roofline(result)
    return result


def main():
    shutil.rmtree(RUN, ignore_errors=True)
    try:
        with BenchStack.apart(RUN, SETTINGS, say=lambda line: None) as stack:
            result = run(stack)
    except Unbalanced as failure:
        print(f"the books do not balance: {failure}\nthe logs are in {RUN / 'log'}", file=sys.stderr)
        return 1
    except StepFailed as failure:
        print(f"{failure}\nthe logs are in {RUN / 'log'}", file=sys.stderr)
        return 1
    OUT.write_text(json.dumps(result, indent=1) + "\n")
    print(f"\nthe books balance; all figures are in {OUT.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
