"""What every story begins with: a shop of its own, people in it, and the proof that all adds up afterwards.

    def story(shop):
        kopi = shop.product(stock=5)
        budi = shop.customer()
        order = budi.order([(kopi, 2)])
        shop.pay(budi.link(order))
        budi.follow(order, "PAID")

    run_story(story, ORDER_TTL_SECONDS=60)

The shop is a whole stack below build/scenario/<story>/ (<story>.2/ when another plays it at the same time), on free
ports, and is gone afterwards; its logs stay when the story failed, or with PASAR_KEEP=1. PASAR_BIN chooses other
binaries, PASAR_PATIENCE stretches every limit of time.
"""
import fcntl
import itertools
import os
import shutil
import signal
import sys
import threading
import time
import traceback
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "compose/local"))
sys.dont_write_bytecode = True

from kit.failed import Failed, check, wait_until  # noqa: E402
from kit.people import Admin, Customer, pay  # noqa: E402
from kit.facts import Facts  # noqa: E402
from kit.sound import Expected, find_faults  # noqa: E402
from place import AlreadyRunning  # noqa: E402
from settings import SettingsError  # noqa: E402
from stack import Stack, StepFailed  # noqa: E402
from wire import Http  # noqa: E402

__all__ = ["Facts", "Failed", "Http", "check", "run_story", "wait_until"]

DEFAULTS = {
    "LOG_LEVEL": "info",
    "SIM_RETRY_SCALE": "600",  # Midtrans' pauses of minutes become fifths of seconds
    "ASAN_OPTIONS": "detect_leaks=1:detect_stack_use_after_return=1:abort_on_error=0",
    "UBSAN_OPTIONS": "print_stacktrace=1:halt_on_error=1",
}
SETTLE_WITHIN = 40.0


def own_directory(name):
    """One that nobody else uses, and the lock that keeps it so until our end, however that comes."""
    base = ROOT / "build/scenario"
    base.mkdir(parents=True, exist_ok=True)
    for n in itertools.count(1):
        directory = base / (name if n == 1 else f"{name}.{n}")
        lock = open(f"{directory}.lock", "w")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return directory, lock
        except BlockingIOError:
            lock.close()


class Shop:
    def __init__(self, name, env):
        self.directory, self.directory_lock = own_directory(name)
        self.said = []  # by the supervisor: what crashed and was started again
        self.stack = Stack.apart(self.directory, DEFAULTS | env, say=self._note)
        self.lock = threading.Lock()
        self.accepted = {}  # order id -> customer: a 2xx was seen
        self.customers = []
        self.stocked = {}   # product id -> units an admin put in
        self.blunders = []  # replies no client should ever get
        self.killed = {}    # service -> how often the story ended it
        self.admin = None

    def open(self):
        shutil.rmtree(self.directory, ignore_errors=True)
        self.stack.start()
        self.admin = Admin(self)

    def close(self):
        """Ends all of it. Returns how the services ended that did not end well."""
        programs = dict(self.stack.supervisor.programs) if self.stack.supervisor else {}
        self.stack.stop()
        return [f"{name} ended with status {p.exit_status}" for name, p in programs.items()
                if p.exit_status not in (0, None)]

    def _note(self, line):
        self.said.append(line.strip())

    # ---- who and what is in it ----

    def product(self, stock, price=25000, name=None):
        return self.admin.create_product(stock, price, name)

    def customer(self):
        customer = Customer(self, len(self.customers) + 1)
        self.customers.append(customer)
        return customer

    def crowd_of(self, n):
        """n customers, registered two at a time: it is their passwords that cost."""
        with ThreadPoolExecutor(2) as pool:
            return list(pool.map(lambda _: self.customer(), range(n)))

    def pay(self, url, outcome="settlement", method="qris", fault=""):
        return pay(url, {"method": method, "outcome": outcome, "fault": fault})

    def simulator(self):
        return Http(self.stack.simulator_url)

    # ---- what befalls it ----

    def kill(self, name, sig=signal.SIGKILL):
        with self.lock:
            self.killed[name] = self.killed.get(name, 0) + 1
        self.stack.kill(name, sig)

    # ---- what must hold ----

    def settle(self, busy=Facts.busy):
        """Waits until nothing is under way any more; how everything stands then."""
        seen = {}

        def quiet():
            seen["facts"] = Facts(self.stack)
            seen["busy"] = list(busy(seen["facts"]))
            return not seen["busy"]
        try:
            wait_until(quiet, "everything to settle", SETTLE_WITHIN, pause=0.1)
        except Failed:
            under_way = "\n    ".join(seen.get("busy", [])[:12])
            raise Failed(f"did not settle within {SETTLE_WITHIN:.0f} s:\n    {under_way}") from None
        return seen["facts"]

    def wait_told(self):
        """Until every event has reached its stream and everybody who listens."""
        return self.settle(Facts.untold)

    def assert_sound(self, **expected):
        """Waits until all is over, then looks at everything: see kit/sound.py."""
        faults = find_faults(self, self.settle(), Expected(**expected))
        if faults:
            raise Failed("not sound:\n    " + "\n    ".join(faults[:20]))


def interrupted(*_):
    raise KeyboardInterrupt


def tell(shop, why):
    print(f"FAILED: {why}")
    for line in shop.said[-8:]:
        if "starting it again" in line or "cannot be started" in line:
            print(f"  {line}")
    print(f"the logs are in {shop.directory.relative_to(ROOT)}/log/")


def play(shop, story):
    """The exit status."""
    try:
        shop.open()
        story(shop)
        return 0
    except (Failed, StepFailed, SettingsError, AlreadyRunning) as failure:
        tell(shop, str(failure))
    except KeyboardInterrupt:
        tell(shop, "interrupted")
        return 130
    except Exception:
        tell(shop, traceback.format_exc())
    return 1


def run_story(story, **env):
    """Plays it in a shop of its own and ends the program. env: settings of the shop."""
    for sig in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(sig, interrupted)
    shop = Shop(Path(sys.argv[0]).stem, {name: str(value) for name, value in env.items()})
    started = time.monotonic()
    status = play(shop, story)
    for sig in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(sig, signal.SIG_IGN)
    ended_badly = shop.close()
    if status == 0 and ended_badly:
        tell(shop, "; ".join(ended_badly))
        status = 1
    if status == 0 and not os.environ.get("PASAR_KEEP"):
        shutil.rmtree(shop.directory, ignore_errors=True)
    if status == 0:
        print(f"ok: {len(shop.accepted)} orders, {time.monotonic() - started:.1f} s")
    sys.stdout.flush()
    os._exit(status)  # a customer's thread that hangs must not hold us
