"""Prints what was measured."""

FLEET = ("user", "product", "cart", "order", "payment")
MIB = 1024 * 1024


def ms(sample, *names):
    return " / ".join(f"{sample[name] / 1000:.1f}" for name in names)


def tell_start(result):
    print(f"services ready {result['ready_s'] * 1000:.0f} ms after PostgreSQL, Redis and nginx; fdatasync here takes "
          f"{result['sync_ms']['p50']:.2f} ms (p99 {result['sync_ms']['p99']:.2f})", flush=True)


def tell_latencies(m):
    for key, what in (("accept_us", "accepting an order"), ("accept_cart_us", "accepting an order of a cart"),
                      ("saga_us", "order sent to PAID heard"), ("relay_us", "told to read from the stream")):
        if m[key]["n"]:
            print(f"  {what:<30} p50 / p90 / p99 / max {ms(m[key], 'p50', 'p90', 'p99', 'max'):>28} ms")


def tell_hears(m):
    print("  told to absorbed, by service and stream          p50     p99 ms   a batch    its ms")
    for name, streams in m["hears"].items():
        for stream, h in streams.items():
            print(f"    {name:<10} {stream:<30} {h['age_ms']['p50']:8.1f} {h['age_ms']['p99']:8.1f} "
                  f"{h['a_batch']:9.1f} {h['batch_ms']['mean']:9.1f}")


def tell_cpu(m):
    sagas = max(1, m["paid_open"])
    total = sum(m["cpu_us"].values())
    others = max(0, m["machine_us"] - total)
    print(f"  CPU a saga: {total / sagas:.0f} us in all; {total / m['seconds'] / 1e6:.2f} cores, "
          f"and {others / m['seconds'] / 1e6:.2f} for the kernel and programs that are not ours")
    for name, us in sorted(m["cpu_us"].items(), key=lambda item: -item[1]):
        if us / sagas >= 0.5:
            print(f"    {name:<20} {us / sagas:8.1f} us")


def tell_database(m):
    sagas, db = max(1, m["paid_open"]), m["database"]
    commits = {name: n for name, n in db.items() if name.startswith("pasar_")}
    print(f"  PostgreSQL a saga: {sum(commits.values()) / sagas:.3f} transactions ("
          + ", ".join(f"{name[6:]} {n / sagas:.3f}" for name, n in sorted(commits.items()))
          + f"), {db['wal records'] / sagas:.1f} WAL records, {db['wal bytes'] / sagas:.0f} bytes, "
          f"{db['wal syncs'] / sagas:.3f} syncs ({db['wal syncs'] / m['seconds']:.0f}/s)")


def tell_memory(m):
    fleet = sum(m["pss"][name] for name in FLEET if name in m["pss"])
    print(f"  memory (PSS) of the fleet: {fleet / MIB:.1f} MiB; "
          + ", ".join(f"{name} {size / MIB:.1f}" for name, size in m["pss"].items()))


def tell_counts(m):
    print(f"  {m['accepted']} orders accepted ({m['from_carts']} of carts), {m['refused']} refused, "
          f"{m['lost']} not PAID in time; all books balanced {m['drain_s']:.2f} s after the last")


def tell_closed(m):
    print(f"  {m['sagas_per_second']:.0f} complete sagas/s")
    for tell in (tell_latencies, tell_hears, tell_cpu, tell_database, tell_memory, tell_counts):
        tell(m)


def tell_open(m):
    print(f"  {m['accepted_open'] / m['seconds']:.0f} accepted/s, {m['sagas_per_second']:.0f} paid/s")
    for tell in (tell_latencies, tell_hears, tell_cpu, tell_database, tell_counts):
        tell(m)


def tell_roofline(result):
    r = result["roofline"]
    print(f"\nthe same rows by batched SQL alone: {r['orders_per_second']:.0f} orders/s "
          f"({r['wal_bytes_per_order']:.0f} bytes of WAL each)")
    for m in result["closed"]:
        print(f"  {m['in_flight']} in flight: {m['sagas_per_second']:.0f} sagas/s are "
              f"{m['sagas_per_second'] / r['orders_per_second']:.2f} of it")
