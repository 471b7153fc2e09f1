"""`make run`, `make stop`, `make demo`, `make status` as people use them: open twice, closed by a signal, killed outright,
a port taken. No process is ever left behind, and after a kill -9 of the supervisor it opens again as if nothing was."""
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "compose/local"))
sys.dont_write_bytecode = True

from memory import family_of  # noqa: E402
from place import Place  # noqa: E402
from ports import free_port  # noqa: E402

HERE = ROOT / "build/scenario/run_and_stop"
PORTS = {name: str(free_port()) for name in ("GATEWAY_PORT", "REDIS_PORT", "SIM_PORT")}
ENV = os.environ | PORTS | {"PASAR_RUN": str(HERE)}
PATIENCE = 30 * float(os.environ.get("PASAR_PATIENCE", "1"))


def fail(why):
    print(f"FAILED: {why}\nthe logs are in {HERE}/log/")
    subprocess.run(words("stop"), env=ENV, check=False)
    sys.exit(1)


def check(holds, why):
    if not holds:
        fail(why)


def words(verb):
    script = "demo.py" if verb == "demo" else "run.py"
    return [sys.executable, "-B", str(ROOT / "compose/local" / script), *([] if verb == "demo" else [verb])]


def ask(verb, **env):
    """(exit status, what it printed)."""
    ran = subprocess.run(words(verb), env=ENV | env, capture_output=True, text=True, timeout=PATIENCE, check=False)
    return ran.returncode, ran.stdout + ran.stderr


def wait(happened, what):
    deadline = time.monotonic() + PATIENCE
    while not happened():
        if time.monotonic() > deadline:
            fail(f"waited in vain for {what}")
        time.sleep(0.01)


def opened():
    """A `run` in the background, once it is open."""
    shop = subprocess.Popen(words("run"), env=ENV, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wait(lambda: shop.poll() is not None or Place(HERE).holder()[1], "the shop to open")
    check(shop.poll() is None, "`run` ended instead of opening the shop")
    return shop


def family(shop):
    """The processes of an open shop, its supervisor's included."""
    found = family_of(shop.pid)
    check(len(found) > 12, f"this test is blind: it sees {len(found)} processes of an open shop")
    return found


def left(members):
    """Those of them that still run."""
    alive = []
    for pid in members:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
            line = Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")[:60]
        except OSError:
            continue
        if state not in "ZX":
            alive.append((pid, line))
    return alive


def closed_by(shop, sig):
    members = family(shop)
    shop.send_signal(sig)
    status = shop.wait(PATIENCE)
    check(status == 0, f"`run` ended with status {status} on {sig.name}")
    check(not left(members), f"processes are left after {sig.name}: {left(members)}")


def main():
    shutil.rmtree(HERE, ignore_errors=True)
    check(ask("status")[0] == 3, "an empty directory has a running shop")
    shop = opened()
    members = family(shop)
    status, said = ask("run")
    check(status == 0 and "runs already" in said, f"a second `run` said: {said}")
    status, said = ask("run", PASAR_RUN=str(HERE) + ".other")
    check(status == 1 and "GATEWAY_PORT" in said and PORTS["REDIS_PORT"] in said, f"ports are taken, but: {said}")
    status, said = ask("demo")
    check(status == 0 and "OrderPaid" in said, f"the demo failed:\n{said}")
    check(ask("status")[0] == 0, "status does not see the shop")
    check(ask("stop")[0] == 0 and shop.wait(PATIENCE) == 0, "`stop` did not end it")
    check(not left(members), f"processes are left after `stop`: {left(members)}")
    closed_by(opened(), signal.SIGINT)
    closed_by(opened(), signal.SIGTERM)

    shop = opened()
    members = family(shop)
    shop.kill()
    shop.wait()
    wait(lambda: not left(members), "all processes to end after a kill -9 of their supervisor")
    for name in ("postgres/data/postmaster.pid", "sock/pg/.s.PGSQL.5432.lock"):
        (HERE / name).write_text("")  # PostgreSQL was killed between making and filling it
    status, said = ask("demo")  # opens it, and closes it again
    check(status == 0 and "OrderPaid" in said, f"after a kill -9 the demo failed:\n{said}")

    with socket.create_server(("127.0.0.1", int(PORTS["SIM_PORT"]))):
        status, said = ask("run")
    check(status == 1 and f"port {PORTS['SIM_PORT']} " in said and "SIM_PORT" in said, f"a taken port: {said}")
    shutil.rmtree(HERE)
    shutil.rmtree(str(HERE) + ".other", ignore_errors=True)
    print("ok: opened 5 times, nothing left behind")


main()
