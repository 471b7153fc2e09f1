"""What PostgreSQL here can do with the same durable rows: batches of 64 orders, set-based statements, one pipeline a batch, no
HTTP, no Redis, no JSON parsed, none of our code. roofline/<domain>.sql is a batch of one database; all run at once."""

import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from postgres import quoted
from stack import StepFailed
from watch import database_counts, rows_written

HERE = Path(__file__).with_name("roofline")
DOMAINS = ("order", "product", "payment", "cart")
BATCH = 64
CLIENTS = 2  # a database: more only wait for one another
PROBE_BATCHES = 20
SECONDS = 8  # about; all databases do the same number of batches


def database(domain):
    return f"roofline_{domain}"


def prepare(stack):
    """Fresh databases of the same schemas, with the rows that every batch finds there."""
    owner = quoted(stack.env["DB_USER"])
    stack.postgres.psql("postgres", *[f"create database {quoted(database(d))} owner {owner}" for d in DOMAINS])
    for domain in DOMAINS:
        env = stack.env | {"PATH": "/usr/bin:/bin", f"{domain.upper()}_DB_NAME": database(domain)}
        if subprocess.run([stack.bin / domain, "migrate"], env=env, check=False).returncode:
            raise StepFailed("roofline", f"`{domain} migrate` failed")
        stack.postgres.psql(database(domain), "insert into heard (stream, partition) select s, p from unnest(array["
                            f"'stream:orders', 'stream:stock', 'stream:payments']) as s, generate_series(0, {CLIENTS - 1}) as p")
    stack.postgres.psql(database("product"), "insert into product (name, slug, price) "
                        "select 'Kopi Gayo ' || n || ' 250 g', 'kopi-' || n, 50000 from generate_series(1, 100) as n",
                        "insert into stock (product_id, on_hand, stocked) select id, 1000000000, 1000000000 from product")


def write(stack, domain, batches, start):
    """So many batches by each client; raises when one fails."""
    ran = subprocess.run([stack.postgres.bin / "pgbench", "-n", "-M", "prepared", "-c", str(CLIENTS), "-j", "1",
                          "-t", str(batches), "-D", f"batch={start}", "-f", HERE / f"{domain}.sql", "-h",
                          str(stack.postgres.sockets), "-p", str(stack.postgres.port), "-U", stack.env["DB_USER"],
                          database(domain)], capture_output=True, text=True, check=False,
                         env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"})
    if ran.returncode or "failed transactions: 0 " not in ran.stdout:
        raise StepFailed("roofline", f"{domain}.sql: {(ran.stdout + ran.stderr).strip()[-500:]}")


def write_all(stack, batches, start):
    """Seconds until every database has its rows."""
    started = time.monotonic()
    with ThreadPoolExecutor(len(DOMAINS)) as pool:
        for done in [pool.submit(write, stack, domain, batches, start) for domain in DOMAINS]:
            done.result()
    return time.monotonic() - started


def run(stack):
    """The services are stopped for it: it has the machine for itself."""
    for name in (*stack.services, "nginx"):
        stack.stop_service(name)
    prepare(stack)
    stack.postgres.psql("postgres", "checkpoint")
    probe_s = write_all(stack, PROBE_BATCHES, 0)
    batches = max(PROBE_BATCHES, int(PROBE_BATCHES * SECONDS / probe_s))
    before = database_counts(stack)
    took_s = write_all(stack, batches, PROBE_BATCHES)
    orders = batches * CLIENTS * BATCH
    time.sleep(1.1)  # backends tell what they wrote once a second
    after = database_counts(stack)
    check(stack, orders + PROBE_BATCHES * CLIENTS * BATCH)
    return {"orders_per_second": orders / took_s, "orders": orders, "seconds": took_s,
            "wal_bytes_per_order": (after["wal bytes"] - before["wal bytes"]) / orders,
            "rows": {d: rows_written(stack, database(d), orders + PROBE_BATCHES * CLIENTS * BATCH) for d in DOMAINS}}


def check(stack, orders):
    """That the rows are there which were to be compared."""
    for domain, sql in (("order", "select count(*) from orders where status = 'PAID'"),
                        ("product", "select count(*) from hold where state = 'sold'"),
                        ("payment", "select count(*) from payment where state = 'SUCCESS'")):
        have = int(stack.postgres.psql(database(domain), sql)[0][0])
        if have != orders:
            raise StepFailed("roofline", f"{domain} has {have} of {orders} rows")
