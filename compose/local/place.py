"""The directory a stack lives in: who holds it, where its sockets and logs are, what it tells others."""

import fcntl
import hashlib
import json
import os
import shutil
import stat
from pathlib import Path

SOCKET_PATH_BYTES = 107  # of sun_path, without its end


class AlreadyRunning(Exception):
    """Another supervisor holds this directory."""


class Place:
    def __init__(self, directory):
        self.directory = Path(directory).resolve()
        self.logs = self.directory / "log"
        self.state = self.directory / "stack.json"
        self.sockets = self._short_directory()
        self.lock = None

    def _short_directory(self):
        """A socket's path has few bytes, so the sockets of a deep checkout are in /tmp."""
        own = self.directory / "sock"
        longest = own / "pg" / ".s.PGSQL.65535"
        if len(os.fsencode(longest)) <= SOCKET_PATH_BYTES:
            return own
        digest = hashlib.sha256(os.fsencode(self.directory)).hexdigest()[:12]
        return Path(f"/tmp/pasar-{os.geteuid()}-{digest}")

    def take(self):
        """Makes it ours until release() or our end, however that comes. AlreadyRunning, OSError."""
        self.directory.mkdir(parents=True, exist_ok=True)
        lock = os.open(self.directory / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
            raise AlreadyRunning(str(self.directory)) from None
        self.lock = lock
        self.state.unlink(missing_ok=True)
        os.ftruncate(lock, 0)
        os.pwrite(lock, f"{os.getpid()}\n".encode(), 0)
        self._make_directories()

    def _make_directories(self):
        self.logs.mkdir(exist_ok=True)
        for log in self.logs.glob("*.log"):
            log.replace(log.with_suffix(".log.old"))
        self.sockets.mkdir(exist_ok=True)
        info = self.sockets.lstat()
        if not stat.S_ISDIR(info.st_mode) or info.st_uid != os.geteuid():
            raise PermissionError(f"{self.sockets} belongs to somebody else")
        self.sockets.chmod(0o711)

    def release(self):
        if self.lock is None:
            return
        self.state.unlink(missing_ok=True)
        if self.sockets.parent != self.directory:
            shutil.rmtree(self.sockets, ignore_errors=True)
        os.ftruncate(self.lock, 0)
        os.close(self.lock)
        self.lock = None

    def tell(self, state):
        """For those who talk to the stack from outside: demo, status."""
        fresh = self.state.with_suffix(".new")
        fresh.touch(mode=0o600)  # it has the secrets in it
        fresh.write_text(json.dumps(state, indent=1))
        fresh.replace(self.state)

    def holder(self):
        """(pid of the supervisor that holds it, what it told); (None, None) when nobody does. What it
        told is None while it is on its way up or down."""
        try:
            with open(self.directory / "lock", encoding="ascii") as lock:
                try:
                    fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
                    return None, None
                except BlockingIOError:
                    pid = int(lock.read() or 0)
        except FileNotFoundError:
            return None, None
        try:
            return pid, json.loads(self.state.read_text())
        except FileNotFoundError:
            return pid, None
