"""Keeps programs running: starts them, notices at once when one ends, starts a crashed one again.

All children are forked by one thread that lives as long as the supervisor. That matters: a child asks
the kernel for a signal when its parent ends, and to the kernel the parent is the *thread* that forked.
So even `kill -9` of this process leaves none behind."""

import os
import queue
import select
import signal
import subprocess
import threading
import time

PATIENCE = 12.0  # seconds between the polite signal and SIGKILL; services drain within 10
BACKOFF = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0)  # before a crashed program is started again
STATUS_WORDS = {64: "its command line is wrong", 69: "a server it needs cannot be reached",
                78: "a setting is bad"}
STEADY = 10.0  # one that ran so long starts again from the smallest


class Program:
    """One program to run: its words, not its fate. `before` runs before every start; `prefix` are
    words in front of the program's own that change who it is."""

    def __init__(self, name, argv, log, env=None, stop=signal.SIGTERM, before=None, prefix=(), cwd="/"):
        self.name, self.argv, self.log, self.env, self.stop = name, argv, log, env, stop
        self.before, self.prefix, self.cwd = before, list(prefix), cwd
        self.popen = None
        self.pidfd = None
        self.wanted = False  # whether it should be running
        self.exit_status = None
        self.started_at = 0.0
        self.crashes = 0
        self.proven = False  # has been ready once: before that, a crash is a failed start

    @property
    def pid(self):
        return self.popen.pid if self.popen and self.popen.returncode is None else None


class Supervisor:
    def __init__(self, say=print):
        self.say = say
        self.programs = {}
        self.orders = queue.SimpleQueue()
        self.restarts = []  # (when, program)
        self.changed = threading.Condition()
        self.wake_r, self.wake_w = os.pipe()
        os.set_blocking(self.wake_w, False)
        self.poll = select.poll()
        self.poll.register(self.wake_r, select.POLLIN)
        self.fds = {}
        self.closing = False
        self.thread = threading.Thread(target=self._run, name="supervisor", daemon=True)
        self.thread.start()

    # ---- asked by other threads ----

    def start(self, program):
        """Starts it and keeps it running from now on. OSError when it cannot be executed."""
        self.programs[program.name] = program
        self._order(lambda: self._begin(program))

    def stop(self, program, patience=PATIENCE):
        """Asks it to end, waits, insists. No restart follows. False when it had to be killed."""
        self._order(lambda: self._unwant(program))
        return self.finish(program, patience)

    def ask_to_stop(self, program):
        self._order(lambda: self._unwant(program))

    def finish(self, program, patience=PATIENCE):
        if self.wait_end(program, patience):
            return True
        self.say(f"{program.name} did not end in {patience:.0f} s: killing it")
        self.kill(program, signal.SIGKILL)
        self.wait_end(program, patience)
        return False

    def kill(self, program, sig):
        """Sends a signal and leaves the rest to fate, but SIGKILL has done its work on return.
        False when it is not running."""
        with self.changed:
            if program.pidfd is None:
                return False
            victim = program.popen
            signal.pidfd_send_signal(program.pidfd, sig)
            if sig == signal.SIGKILL and threading.current_thread() is not self.thread:
                self.changed.wait_for(lambda: victim.returncode is not None, PATIENCE)
            return True

    def wait_end(self, program, timeout):
        with self.changed:
            return self.changed.wait_for(lambda: program.pid is None, timeout)

    def close(self):
        self.closing = True
        self._nudge()
        self.thread.join()
        os.close(self.wake_r)
        os.close(self.wake_w)

    def _order(self, action):
        done = queue.SimpleQueue()
        self.orders.put((action, done))
        self._nudge()
        failure = done.get()
        if failure:
            raise failure

    def _nudge(self):
        try:
            os.write(self.wake_w, b"x")
        except BlockingIOError:
            pass  # it is awake already

    # ---- the supervisor's own thread ----

    def _run(self):
        while not self.closing:
            for fd, _ in self.poll.poll(self._next_restart_ms()):
                if fd == self.wake_r:
                    os.read(self.wake_r, 4096)
                else:
                    self._bury(self.fds[fd])
            self._obey()
            self._restart_due()

    def _next_restart_ms(self):
        if not self.restarts:
            return None
        return max(0, (min(when for when, _ in self.restarts) - time.monotonic()) * 1000) + 1

    def _obey(self):
        while not self.orders.empty():
            action, done = self.orders.get()
            try:
                action()
                done.put(None)
            except Exception as failure:  # this thread must outlive any of them
                done.put(failure)

    def _begin(self, program):
        program.crashes = 0  # whoever wants it started has not seen it crash
        self._spawn(program)

    def _spawn(self, program):
        program.wanted = True
        if program.pid is not None:
            return
        if program.before:
            program.before()
        deathsig = ["setpriv", "--pdeathsig", signal.Signals(program.stop).name.removeprefix("SIG")]
        with open(program.log, "ab") as log:
            popen = subprocess.Popen(
                [*deathsig, *program.prefix, "--", *program.argv],
                env=program.env, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=program.cwd,
                start_new_session=True)  # Ctrl-C in the terminal is for us alone
        with self.changed:
            program.popen, program.exit_status = popen, None
            program.pidfd = os.pidfd_open(popen.pid)
            program.started_at = time.monotonic()
        self.fds[program.pidfd] = program
        self.poll.register(program.pidfd, select.POLLIN)

    def _unwant(self, program):
        program.wanted = False
        self.restarts = [(when, p) for when, p in self.restarts if p is not program]
        self.kill(program, program.stop)

    def _bury(self, program):
        self._kill_orphans(program)
        with self.changed:
            program.exit_status = program.popen.wait()
            self.poll.unregister(program.pidfd)
            del self.fds[program.pidfd]
            os.close(program.pidfd)
            program.pidfd = None
            self.changed.notify_all()
        if program.wanted:
            self._crashed(program)

    def _kill_orphans(self, program):
        """Workers of a killed nginx live on and keep its port. Called before the program is reaped: until
        then its process group cannot be another's."""
        try:
            os.killpg(program.popen.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass

    def _crashed(self, program):
        if time.monotonic() - program.started_at > STEADY:
            program.crashes = 0
        pause = BACKOFF[min(program.crashes, len(BACKOFF) - 1)]
        program.crashes += 1
        if not program.proven:
            return
        self.restarts.append((time.monotonic() + pause, program))
        self.say(f"{program.name} {fate(program.exit_status)}: starting it again in {pause:g} s; "
                 f"its log is {program.log}")

    def _restart_due(self):
        now = time.monotonic()
        due = [program for when, program in self.restarts if when <= now]
        self.restarts = [(when, program) for when, program in self.restarts if when > now]
        for program in due:
            try:
                self._spawn(program)
            except Exception as failure:  # this thread must outlive any of them
                self.say(f"{program.name} cannot be started: {failure}")
                self.restarts.append((now + BACKOFF[-1], program))


def fate(status):
    """How a program ended, in words."""
    if status < 0:
        return f"was ended by {signal.Signals(-status).name}"
    words = STATUS_WORDS.get(status)
    return f"ended with status {status}" + (f" ({words})" if words else "")
