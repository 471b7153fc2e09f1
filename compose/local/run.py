"""`make run`, `make stop` and `make status`: the shop in the foreground, in .run/ of the checkout."""

import os
import signal
import sys
import threading
import time
from pathlib import Path

import settings
from place import AlreadyRunning, Place
from seed import SeedError, seed
from settings import ROOT
from stack import Stack, StepFailed
from wire import Http

HERE = Path(os.environ.get("PASAR_RUN") or ROOT / ".run")
LOG_LINES = 20  # of a failed step's log
STOP_WITHIN = 40.0


def say(line):
    try:
        print(line, flush=True)
    except OSError:
        pass  # the terminal is gone; the shop need not be


def complain(step, why, log=None):
    say(f"\n{step} failed: {why}")
    if log and Path(log).exists():
        lines = Path(log).read_text("utf-8", "replace").splitlines()[-LOG_LINES:]
        say("".join(f"    | {line}\n" for line in lines) + f"the whole log is {log}")
    return 1


def running():
    return Place(HERE).holder()


def addresses(state):
    env = state["env"]
    password = " -a <REDIS_PASSWORD>" if env.get("REDIS_PASSWORD") else ""
    redis = "redis-cli" + ("" if env["REDIS_PORT"] == "6379" else f" -p {env['REDIS_PORT']}") + password
    database = f"psql -h {env['ORDER_DB_HOST']} -U {env['DB_USER']} {env['ORDER_DB_NAME']}"
    say(f"  shop       {state['gateway']}/api/v1/products")
    say(f"  health     {state['gateway']}/api/v1/health")
    say(f"  documents  {state['gateway']}/docs/")
    if state["simulator"]:
        say(f"  Midtrans   {state['simulator']} (the simulator; a payment_url leads to its pages)")
    say(f"  events     {redis} -n 1 XREAD STREAMS stream:orders 0")
    say(f"  database   {database}")
    say(f"  admin      {env.get('ADMIN_EMAIL')} / {env.get('ADMIN_PASSWORD')}")
    say(f"  logs       {state['logs']}")


def seed_shop(stack):
    started = time.monotonic()
    http = stack.http()
    try:
        made = seed(http, stack.env["ADMIN_EMAIL"], stack.env["ADMIN_PASSWORD"])
    finally:
        http.close()
    if made:
        say(f"  {'demo shop':<14} {'seeded':<9} {(time.monotonic() - started) * 1000:6.0f} ms")


def bring_up():
    """A started, seeded stack; the caller stops it. The failures of Stack.start() and SeedError."""
    if running()[0]:
        raise AlreadyRunning(str(HERE))
    say("opening the shop")
    for name in settings.unknown():
        say(f"  {name} in .env is no setting: .env.example has them all")
    stack = Stack(HERE, settings.from_user(), say=say)
    stack.start()
    try:
        seed_shop(stack)
    except BaseException:
        stack.stop()
        raise
    return stack


def bring_up_or_complain():
    """(stack, 0), or (None, exit status) after telling why."""
    try:
        return bring_up(), 0
    except AlreadyRunning:
        pid, state = running()
        say(f"the shop runs already (pid {pid}); `make stop` ends it")
        if state:
            addresses(state)
        return None, 0
    except StepFailed as failure:
        return None, complain(failure.step, failure.why, failure.log)
    except settings.SettingsError as failure:
        return None, complain("settings", str(failure))
    except (SeedError, OSError) as failure:
        return None, complain("seeding the demo shop", str(failure), HERE / "log" / "product.log")


def run():
    ended = threading.Event()
    started = time.monotonic()
    for sig in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(sig, interrupt)
    stack, status = None, 0
    try:
        stack, status = bring_up_or_complain()
        if stack is None:
            return status
        say(f"the shop is open ({time.monotonic() - started:.1f} s); Ctrl-C closes it")
        addresses(running()[1])
        ended.wait()
    except KeyboardInterrupt:
        for sig in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(sig, signal.SIG_IGN)
        say("\nclosing the shop")
        if stack:
            stack.stop()
        say("closed; nothing is left running")
    return status


def interrupt(*_):
    raise KeyboardInterrupt


def stop():
    pid, _ = running()
    if not pid:
        say("the shop is not running")
        return 0
    os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + STOP_WITHIN
    while running()[0]:
        if time.monotonic() > deadline:
            say(f"pid {pid} has not ended within {STOP_WITHIN:.0f} s")
            return 1
        time.sleep(0.02)
    say("the shop is closed")
    return 0


def status():
    pid, state = running()
    if not pid:
        say("the shop is not running")
        return 3
    if not state:
        say(f"the shop is starting or closing (pid {pid})")
        return 4
    say(f"the shop is open (pid {pid})")
    addresses(state)
    try:
        say(Http(state["gateway"], timeout=5).get("/api/v1/health").text.rstrip())
    except OSError as failure:
        say(f"the gateway does not answer: {failure}")
        return 1
    return 0


if __name__ == "__main__":
    VERBS = {"run": run, "stop": stop, "status": status}
    if len(sys.argv) != 2 or sys.argv[1] not in VERBS:
        sys.exit(f"usage: run.py {'|'.join(VERBS)}")
    sys.exit(VERBS[sys.argv[1]]())
