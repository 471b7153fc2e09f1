"""TCP ports: finding a free one, and saying who has a taken one."""

import os
import socket


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def port_trouble(host, port, name):
    """Why a port cannot be had, and the setting to change; None when it can."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
            return None
        except OSError as failure:
            who = holder_of(port)
            why = f"is taken (by {who})" if who else f"cannot be used ({failure.strerror})"
            return f"port {port} of {host} {why}: set {name} in .env to a free one"


def holder_of(port):
    """"name, pid 123" of the process listening on a TCP port, as far as we may see; else None."""
    wanted = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        try:
            with open(table, encoding="ascii") as rows:
                cells = [row.split() for row in rows][1:]
        except OSError:
            continue
        wanted |= {f"socket:[{c[9]}]" for c in cells
                   if c[3] == "0A" and int(c[1].rsplit(":", 1)[1], 16) == port}
    for pid in filter(str.isdigit, os.listdir("/proc")) if wanted else ():
        try:
            held = {os.readlink(f"/proc/{pid}/fd/{fd}") for fd in os.listdir(f"/proc/{pid}/fd")}
            if wanted & held:
                with open(f"/proc/{pid}/comm", encoding="utf-8") as comm:
                    return f"{comm.read().strip()}, pid {pid}"
        except OSError:
            continue  # gone, or another user's
    return None
