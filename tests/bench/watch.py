"""What a running stack uses: CPU and memory by program, transactions and WAL, the services' own metrics."""

import os
import re
import time

from memory import family_of, pss_of
from settings import DOMAINS
from stack import SIMULATOR
from wire import Http

TICK_US = 1_000_000 // os.sysconf("SC_CLK_TCK")
SAMPLE = re.compile(r"^(\w+)(?:\{(.*)\})? (\S+)$")


def cpu_us(pid, with_reaped=False):
    """User and system time of a process; of its ended children too, if they were waited for."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as line:
            fields = line.read().rpartition(")")[2].split()
    except OSError:
        return 0
    return sum(map(int, fields[11:15 if with_reaped else 13])) * TICK_US


def backend_of(pid):
    """Which part of PostgreSQL a process is: `postgres order`, or `postgres own` for its own helpers."""
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as title:
            words = title.read().replace(b"\0", b" ").decode("utf-8", "replace").split()
    except OSError:
        return "postgres own"
    for domain in DOMAINS:
        if f"pasar_{domain}" in words:
            return f"postgres {domain}"
    return "postgres own"


def cpu_by_program(stack, others):
    """others: {name: pid} of programs that are not the stack's."""
    used = {}
    for name, program in stack.supervisor.programs.items():
        for pid in family_of(program.pid):
            who = backend_of(pid) if name == "postgres" else name
            used[who] = used.get(who, 0) + cpu_us(pid, with_reaped=pid == program.pid)
    for name, pid in others.items():
        used[name] = cpu_us(pid)
    return used


def machine_cpu_us():
    """What all processors have spent on anything."""
    with open("/proc/stat", encoding="ascii") as lines:
        user, nice, system, _, _, irq, softirq, steal, *_ = map(int, lines.readline().split()[1:])
    return (user + nice + system + irq + softirq + steal) * TICK_US


def sync_ms(directory, n=100):
    """What one write of 8 KiB and its fdatasync take on this disk: {"p50", "p99"}."""
    path = directory / "sync.probe"
    took = []
    with open(path, "wb", buffering=0) as file:
        for _ in range(n):
            file.write(b"\0" * 8192)
            started = time.perf_counter()
            os.fdatasync(file)
            took.append(1000 * (time.perf_counter() - started))
    path.unlink()
    took.sort()
    return {"p50": took[n // 2], "p99": took[n * 99 // 100]}


def memory_by_program(stack):
    """Proportional set sizes in bytes."""
    return {name: pss_of(program.pid) for name, program in stack.supervisor.programs.items()}


def database_counts(stack):
    """Commits by database; records, bytes and syncs of the WAL."""
    rows = stack.postgres.psql("postgres", "select datname, xact_commit + xact_rollback from pg_stat_database "
                               "where datname is not null",
                               "select 'wal ' || k, v from pg_stat_wal, lateral (values ('records', wal_records), "
                               "('bytes', wal_bytes), ('syncs', wal_sync), ('full pages', wal_fpi)) as x (k, v)")
    return {name: int(value) for name, value in rows}


def rows_written(stack, database, orders):
    """Rows inserted, updated and deleted for each order, by table."""
    rows = stack.postgres.psql(database, "select relname, n_tup_ins, n_tup_upd, n_tup_del from pg_stat_user_tables "
                               "where n_tup_ins + n_tup_upd + n_tup_del > 0 order by relname")
    return {name: [round(int(n) / orders, 3) for n in counts] for name, *counts in rows}


def metrics_of(stack, name):
    base = stack.simulator_url if name == SIMULATOR else f"unix:{stack.place.sockets / name}.sock"
    client = Http(base, timeout=2)
    try:
        text = client.get("/metrics").text
    finally:
        client.close()
    found = (SAMPLE.match(line) for line in text.splitlines())
    return {(m[1], m[2] or ""): float(m[3]) for m in found if m}


class Snapshot:
    def __init__(self, stack, others):
        self.cpu = cpu_by_program(stack, others)
        self.machine_us = machine_cpu_us()
        self.metrics = {name: metrics_of(stack, name) for name in stack.services}
        self.database = database_counts(stack)


def grown(before, after):
    return {key: value - before.get(key, 0) for key, value in after.items()}


def quantile(buckets, q):
    """buckets: [(upper bound, count up to it)]. Even within a bucket, as Prometheus reckons."""
    buckets = sorted(buckets)
    total = buckets[-1][1] if buckets else 0
    below, floor = 0, 0.0
    for bound, count in buckets:
        if total and count >= q * total:
            if bound == float("inf"):
                return floor
            return floor + (bound - floor) * (q * total - below) / (count - below)
        below, floor = count, bound
    return None


def histogram(metrics, name, labels):
    """{"n", "mean", "p50", "p99"} in milliseconds of what one histogram has seen."""
    bucket = re.compile(re.escape(labels) + r',le="([^"]+)"')
    buckets = [(float(m[1]), value) for (which, l), value in metrics.items()
               if which == name + "_bucket" and (m := bucket.fullmatch(l))]
    n, total = metrics.get((name + "_count", labels), 0), metrics.get((name + "_sum", labels), 0)
    if not n:
        return None
    return {"n": int(n), "mean": 1000 * total / n, "p50": 1000 * quantile(buckets, 0.5),
            "p99": 1000 * quantile(buckets, 0.99)}


def hearing(metrics):
    """By stream: how long from telling to absorbing, how long a batch took, how many a batch had."""
    heard = {}
    for name, labels in metrics:
        if name != "pasar_hear_age_seconds_count":
            continue
        age = histogram(metrics, "pasar_hear_age_seconds", labels)
        batch = histogram(metrics, "pasar_hear_batch_seconds", labels)
        if age and batch:
            heard[labels.split('"')[1]] = {"age_ms": age, "batch_ms": batch, "a_batch": age["n"] / batch["n"]}
    return heard
