"""A PostgreSQL of our own: its data directory, its socket, its roles and databases."""

import os
import pwd
import re
import shutil
import signal
import subprocess
import time
from pathlib import Path

from settings import DOMAINS
from supervisor import Program

SERVER_USER = "postgres"  # who runs the server when we are root
NOBODYS_PID = 2**22 + 1  # the kernel's pids end at 2**22
PORT = 5432  # only names the socket, unless POSTGRES_PORT opens a TCP port


class PostgresError(Exception):
    """What went wrong, in words."""


def bindir():
    """The newest server installed; Debian keeps its programs out of PATH."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"),
                   key=lambda path: int(path.parts[-3]))
    if found:
        return found[-1].parent
    here = shutil.which("postgres")
    if not here:
        raise PostgresError("PostgreSQL is not installed: run `make setup`")
    return Path(here).resolve().parent


class Postgres:
    """home: directory for data and logs of initdb. sockets: directory for the socket, short."""

    def __init__(self, home, sockets, env, log):
        self.home, self.sockets, self.env, self.log = home, sockets, env, log
        self.data = home / "data"
        self.port = int(env["POSTGRES_PORT"]) or PORT
        self.bin = bindir()
        self.running = None

    # ---- who runs it ----

    def run_as(self):
        """Words for setpriv. PostgreSQL refuses root, so root becomes `postgres`, which then keeps one
        right of root, to reach its files, when the checkout is in a directory closed to others (/root)."""
        if os.geteuid() != 0:
            return []
        words = [f"--reuid={SERVER_USER}", f"--regid={self._server().pw_gid}", "--init-groups"]
        if not self._reachable():
            words += ["--inh-caps=+dac_override", "--ambient-caps=+dac_override"]
        return words

    def _server(self):
        try:
            return pwd.getpwnam(SERVER_USER)
        except KeyError:
            raise PostgresError(f"PostgreSQL refuses to run as root, and there is no user "
                                f"{SERVER_USER} to run it as: run as an ordinary user") from None

    def _reachable(self):
        probe = ["setpriv", f"--reuid={SERVER_USER}", f"--regid={self._server().pw_gid}",
                 "--init-groups", "--", "test", "-x", str(self.home), "-a", "-x", str(self.sockets)]
        return subprocess.run(probe, check=False, cwd="/").returncode == 0

    def _own(self, path, mode):
        path.mkdir(parents=True, exist_ok=True)
        path.chmod(mode)
        if os.geteuid() == 0:
            os.chown(path, self._server().pw_uid, self._server().pw_gid)

    def _tool(self, *argv):
        return subprocess.run(["setpriv", *self.run_as(), "--", *map(str, argv)], cwd="/", text=True,
                              stdin=subprocess.DEVNULL, capture_output=True, check=False,
                              env={"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LC_ALL": "C.UTF-8"})

    # ---- its files ----

    def prepare(self):
        """Makes the data directory if there is none; clears what a killed server left behind."""
        self._own(self.home, 0o700)
        self._own(self.sockets, 0o700)
        if self.data.exists() and not (self.data / "PG_VERSION").exists():
            shutil.rmtree(self.data)  # initdb was interrupted
        if not self.data.exists():
            self._initdb()
        self._check_version()
        self._forget_dead()

    def _initdb(self):
        fresh = self.home / "data.new"
        shutil.rmtree(fresh, ignore_errors=True)
        # Local roles are trusted: the socket's directory is closed to everybody else.
        made = self._tool(self.bin / "initdb", "-D", fresh, "-U", SERVER_USER, "--locale=C.UTF-8",
                          "-E", "UTF8", "--auth-local=trust", "--auth-host=scram-sha-256", "--no-sync")
        with open(self.log, "a", encoding="utf-8") as log:
            log.write(made.stdout + made.stderr)
        if made.returncode:
            raise PostgresError("initdb failed")
        fresh.rename(self.data)

    def _check_version(self):
        ours = (self.data / "PG_VERSION").read_text().strip()
        version = subprocess.run([self.bin / "postgres", "--version"], capture_output=True, text=True,
                                 check=True).stdout
        theirs = re.search(r"(\d+)", version)[1]
        if ours != theirs:
            raise PostgresError(f"{self.data} belongs to PostgreSQL {ours}, installed is {theirs}: "
                                f"move it away, or install postgresql-{ours}")

    def _forget_dead(self):
        """Ends a server that has lost its supervisor, and sees to pid files of dead ones: PostgreSQL sees
        through a dead pid, but not through one that another program bears by now, as happens in
        containers, where pids are small. The file stays, with a pid that nobody can have: its other lines
        still keep a new server from the shared memory of an old one's last children."""
        for pidfile in (self.data / "postmaster.pid", *self.sockets.glob(".s.PGSQL.*.lock")):
            if not pidfile.exists():
                continue
            pid, _, rest = pidfile.read_text().partition("\n")
            if not pid.isdigit():
                pidfile.unlink()  # whoever made it was killed before it could write
            elif self._is_ours(int(pid)):
                self._end_orphan(int(pid))
            elif Path(f"/proc/{pid}").exists():
                pidfile.write_text(f"{NOBODYS_PID}\n{rest}")

    def _end_orphan(self, pid):
        os.kill(pid, signal.SIGINT)
        deadline = time.monotonic() + 10
        while self._is_ours(pid) and time.monotonic() < deadline:
            time.sleep(0.02)

    def _is_ours(self, pid):
        try:
            words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        except OSError:
            return False
        return os.fsencode(self.data) in words

    # ---- running it ----

    def program(self):
        options = {
            "listen_addresses": "127.0.0.1" if int(self.env["POSTGRES_PORT"]) else "",
            "unix_socket_directories": self.sockets, "unix_socket_permissions": "0700",
            "shared_buffers": "64MB", "max_connections": 60, "fsync": "on", "synchronous_commit": "on",
            # Filling each new piece of the log with zeros first held every commit up for 50 ms.
            "wal_init_zero": "off",
            "timezone": "UTC", "log_timezone": "UTC", "jit": "off", "cluster_name": "pasar",
            "log_line_prefix": "%m [%p] %d ", "logging_collector": "off",
        }
        argv = [str(self.bin / "postgres"), "-D", str(self.data), "-p", str(self.port)]
        for name, value in options.items():
            argv += ["-c", f"{name}={value}"]
        # SIGINT is its fast shutdown; SIGTERM would wait until every client has left.
        self.running = Program("postgres", argv, self.log, stop=signal.SIGINT, prefix=self.run_as(),
                               env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"},
                               before=self._forget_dead)
        return self.running

    def is_ready(self):
        try:
            lines = (self.data / "postmaster.pid").read_text().split("\n")
        except OSError:
            return False
        return len(lines) > 7 and lines[0] == str(self.running.pid) and lines[7].strip() == "ready"

    def psql(self, database, *statements, user=SERVER_USER):
        """Runs statements, each its own transaction; returns rows of column texts."""
        argv = [self.bin / "psql", "-X", "-q", "-A", "-t", "-F", "\x1f", "-v", "ON_ERROR_STOP=1",
                "-h", str(self.sockets), "-p", str(self.port), "-U", user, "-d", database]
        for statement in statements:
            argv += ["-c", statement]
        ran = subprocess.run(argv, capture_output=True, text=True, check=False, cwd="/",
                             env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"})
        if ran.returncode:
            raise PostgresError(ran.stderr.strip())
        return [line.split("\x1f") for line in ran.stdout.splitlines() if line]

    def make_databases(self):
        """The services' role and a database for each of them, as far as they are missing."""
        user = self.env["DB_USER"]
        names = [self.env[f"{domain.upper()}_DB_NAME"] for domain in DOMAINS]
        have = {row[0] for row in self.psql("postgres", "select datname from pg_database union all "
                                            "select 'role ' || rolname from pg_roles")}
        make = [] if f"role {user}" in have else [f"create role {quoted(user)} login"]
        if make or int(self.env["POSTGRES_PORT"]):  # the password matters to TCP alone
            make += [f"alter role {quoted(user)} password {literal(self.env['DB_PASSWORD'])}"]
        make += [f"create database {quoted(name)} owner {quoted(user)}"
                 for name in dict.fromkeys(names) if name not in have]
        self.psql("postgres", *make)


def quoted(name):
    return '"' + name.replace('"', '""') + '"'


def literal(text):
    return "'" + text.replace("'", "''") + "'"
