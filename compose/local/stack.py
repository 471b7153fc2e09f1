"""The whole shop on one machine: PostgreSQL, Redis, nginx, the services and the Midtrans simulator,
all of it below one directory. `make run` and every scenario test use this class.

    with Stack.apart(directory, {"ORDER_TTL_SECONDS": "5"}) as stack:
        stack.kill("order", signal.SIGKILL)     # the supervisor starts it again
        stack.wait_ready("order")
        rows = stack.psql("order", "select status from orders")
"""

import os
import signal
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

import settings
from gateway import Gateway
from memory import pss_of
from place import Place
from ports import free_port, port_trouble
from postgres import Postgres, PostgresError
from redis_server import RedisServer
from settings import DOMAINS, ROOT
from supervisor import Program, Supervisor, fate
from wire import Http

SERVERS = ("postgres", "redis", "nginx")
SIMULATOR = "midtrans_sim"
READY_WITHIN = 20.0


class StepFailed(Exception):
    """A step of the start went wrong: which, why, and the log that tells more (or None)."""

    def __init__(self, step, why, log=None):
        super().__init__(f"{step}: {why}")
        self.step, self.why, self.log = step, why, log


class Stack:
    def __init__(self, directory, env=None, bin_dir=None, say=print):
        """env: settings that differ from the development values. say: told of each step, in a line."""
        self.place = Place(directory)
        self.chosen = {name: str(value) for name, value in (env or {}).items()}
        self.bin = Path(bin_dir or os.environ.get("PASAR_BIN") or ROOT / "build/release/bin").resolve()
        self.say = say
        self.supervisor = None
        self.giving_up = False

    @classmethod
    def apart(cls, directory, env=None, say=lambda line: None, **more):
        """A stack beside others: on ports that are free now, without limits, without much talk."""
        own = {"GATEWAY_PORT": free_port(), "REDIS_PORT": free_port(), "SIM_PORT": free_port(),
               "GATEWAY_AUTH_PER_MINUTE": 1000000, "GATEWAY_AUTH_BURST": 100000,
               "GATEWAY_API_PER_SECOND": 100000, "GATEWAY_API_BURST": 100000, "LOG_LEVEL": "info"}
        return cls(directory, own | (env or {}), say=say, **more)

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.stop()

    # ---- starting ----

    def start(self):
        """Returns when all of it is ready. StepFailed, SettingsError or AlreadyRunning: then nothing
        is left running."""
        self.giving_up = False
        try:
            self.place.take()
            self._start()
        except BaseException:
            self.stop()
            raise

    def _start(self):
        self._configure()
        self._check_programs()
        self._check_ports()
        self.supervisor = Supervisor(self.say)
        self._together([self._bring_up_postgres, self._bring_up_redis, self._bring_up_nginx])
        self._together([lambda name=name: self._bring_up_service(name) for name in self.services])
        self.place.tell({"gateway": self.gateway_url, "simulator": self.simulator_url,
                         "logs": str(self.logs), "env": self.env})

    def _configure(self):
        base, _ = settings.development()
        base = settings.with_secrets(base | self.chosen, self.place.directory)
        for name in ("GATEWAY_PORT", "REDIS_PORT", "SIM_PORT"):
            settings.port(base, name)
        settings.number(base, "POSTGRES_PORT", 0, 65535)
        settings.one_of(base, "LOCAL_SIMULATOR", "on", "off")
        home, sockets = self.place.directory, self.place.sockets
        self.postgres = Postgres(home / "postgres", sockets / "pg", base, self.log_path("postgres"))
        self.redis_server = RedisServer(home / "redis", base, self.log_path("redis"))
        self.gateway = Gateway(home / "nginx", sockets, base, self.logs)
        own = settings.service_env(base, home, sockets, (sockets / "pg", self.postgres.port))
        # What was asked for wins even over that: a scenario may put something between two of them.
        told = base | own | self.chosen
        self.env = {name: value for name, value in told.items() if value != ""}
        simulated = base["LOCAL_SIMULATOR"] == "on"
        self.services = [*DOMAINS, SIMULATOR] if simulated else [*DOMAINS]

    def _check_programs(self):
        missing = [name for name in self.services if not os.access(self.bin / name, os.X_OK)]
        if missing:
            raise StepFailed("build", f"{self.bin} has no {', '.join(missing)}: run `make`")

    def _check_ports(self):
        wanted = [("GATEWAY_PORT", self.env["GATEWAY_HOST"]), ("REDIS_PORT", "127.0.0.1")]
        if SIMULATOR in self.services:
            wanted.append(("SIM_PORT", "127.0.0.1"))
        if self.env["POSTGRES_PORT"] != "0":
            wanted.append(("POSTGRES_PORT", "127.0.0.1"))
        taken = [why for name, host in wanted if (why := port_trouble(host, int(self.env[name]), name))]
        if taken:
            raise StepFailed("ports", "\n  ".join(taken))

    def _together(self, actions):
        """Runs them at once. The first failure, or Ctrl-C, makes the others give up, and is raised."""
        with ThreadPoolExecutor(len(actions)) as pool:
            running = [pool.submit(action) for action in actions]
            try:
                for ended in as_completed(running):
                    ended.result()
            except BaseException:
                self.giving_up = True
                raise

    def _bring_up_postgres(self):
        self._bring_up("postgres", self._prepared("postgres", self.postgres), self.postgres.is_ready)
        started = time.monotonic()
        try:
            self.postgres.make_databases()
        except PostgresError as failure:
            raise StepFailed("databases", str(failure), self.log_path("postgres")) from failure
        self._together([lambda name=name: self._migrate(name) for name in DOMAINS])
        self._tell("migrations", "done", started)

    def _bring_up_redis(self):
        self._bring_up("redis", self._prepared("redis", self.redis_server), self.redis_server.is_ready)

    def _bring_up_nginx(self):
        self._bring_up("nginx", self._prepared("nginx", self.gateway), self.gateway.is_ready)

    def _bring_up_service(self, name):
        self._bring_up(name, self._service(name), lambda: self._answers(name))

    def _prepared(self, name, server):
        started = time.monotonic()
        try:
            server.prepare()
            return server.program()
        except (OSError, PostgresError, KeyError) as failure:
            raise StepFailed(name, str(failure), self.log_path(name)) from failure
        finally:
            if time.monotonic() - started > 0.3:
                self._tell(name, "prepared", started)

    def _migrate(self, name):
        log = self.log_path(f"{name}-migrate")
        with open(log, "ab") as out:
            ran = subprocess.run(["setpriv", "--pdeathsig", "TERM", "--", self.bin / name, "migrate"],
                                 env=self._program_env(), stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                                 cwd="/", check=False)
        if ran.returncode:
            raise StepFailed(f"{name} migrate", fate(ran.returncode), log)

    def _service(self, name):
        own = self.place.sockets / f"{name}.sock"
        return Program(name, [str(self.bin / name)], self.log_path(name), env=self._program_env(),
                       before=lambda: own.unlink(missing_ok=True))

    def _bring_up(self, name, program, is_ready):
        started = time.monotonic()
        try:
            self.supervisor.start(program)
        except OSError as failure:
            raise StepFailed(name, str(failure)) from failure
        while not is_ready():
            if program.crashes:
                raise StepFailed(name, fate(program.exit_status), self.log_path(name))
            if self.giving_up or time.monotonic() - started > READY_WITHIN:
                raise StepFailed(name, f"not ready after {time.monotonic() - started:.1f} s",
                                 self.log_path(name))
            time.sleep(0.005)
        program.proven = True
        self._tell(name, "ready", started)

    def _answers(self, name):
        """Whether its /readyz says yes."""
        base = self.env["SIM_PUBLIC_URL"] if name == SIMULATOR else f"unix:{self.place.sockets / name}.sock"
        client = Http(base, timeout=2)
        try:
            return client.get("/readyz").status == 200
        except OSError:
            return False
        finally:
            client.close()

    # ---- stopping ----

    def stop(self):
        """Ends everything, services first, so that they can finish what they have begun."""
        if self.supervisor:
            programs = self.supervisor.programs
            outer = [p for name, p in programs.items() if name not in ("postgres", "redis")]
            inner = [p for name, p in programs.items() if name in ("postgres", "redis")]
            for group in (outer, inner):
                for program in group:
                    self.supervisor.ask_to_stop(program)
                for program in group:
                    self.supervisor.finish(program)
            self.supervisor.close()
            self.supervisor = None
        self.place.release()

    # ---- what scenarios need ----

    def _program(self, name):
        return self.supervisor.programs[name]

    def kill(self, name, sig=signal.SIGKILL):
        """Sends a signal; if that ends it, the supervisor starts it again."""
        return self.supervisor.kill(self._program(name), sig)

    def stop_service(self, name):
        """Ends it and leaves it down."""
        return self.supervisor.stop(self._program(name))

    def start_service(self, name, wait=True, env=None):
        """env: settings that this program alone gets from now on."""
        program = self._program(name)
        program.env = program.env | (env or {})
        self.supervisor.start(program)
        if wait:
            self.wait_ready(name)

    def restart(self, name, env=None):
        self.stop_service(name)
        self.start_service(name, env=env)

    def is_ready(self, name):
        servers = {"postgres": "postgres", "redis": "redis_server", "nginx": "gateway"}
        if self.pid(name) is None:
            return False
        return getattr(self, servers[name]).is_ready() if name in servers else self._answers(name)

    def wait_ready(self, name, timeout=READY_WITHIN):
        deadline = time.monotonic() + timeout
        while not self.is_ready(name):
            if time.monotonic() > deadline:
                raise StepFailed(name, f"not ready after {timeout:.0f} s", self.log_path(name))
            time.sleep(0.01)

    def pid(self, name):
        return self._program(name).pid

    def pss(self, name):
        """Bytes of memory it takes, its children's included; shared pages count in part."""
        return pss_of(self.pid(name))

    @property
    def logs(self):
        return self.place.logs

    def log_path(self, name):
        return self.logs / f"{name}.log"

    @property
    def gateway_url(self):
        return self.gateway.url

    @property
    def simulator_url(self):
        return self.env.get("SIM_PUBLIC_URL")

    def http(self, **more):
        return Http(self.gateway_url, **more)

    def psql(self, domain, sql):
        return self.postgres.psql(self.env[f"{domain.upper()}_DB_NAME"], sql)

    def redis(self, *words, db=1):
        with self.redis_server.connect(db) as redis:
            return redis(*words)

    # ---- small things ----

    def _program_env(self):
        return {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "TZ": "UTC"} | self.env

    def _tell(self, name, what, started):
        self.say(f"  {name:<14} {what:<9} {(time.monotonic() - started) * 1000:6.0f} ms")
