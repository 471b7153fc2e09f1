"""How much memory processes really take."""

import os


def family_of(pid):
    """The process and all that descend from it."""
    children = {}
    for entry in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{entry}/stat", encoding="utf-8", errors="replace") as line:
                parent = line.read().rpartition(")")[2].split()[1]
        except OSError:
            continue
        children.setdefault(int(parent), []).append(int(entry))
    family, waiting = [], [pid]
    while waiting:
        family.append(waiting.pop())
        waiting += children.get(family[-1], [])
    return family


def pss_of(pid):
    """Proportional set size in bytes, of the process and its descendants."""
    total = 0
    for member in family_of(pid):
        try:
            with open(f"/proc/{member}/smaps_rollup", encoding="ascii") as rows:
                total += sum(int(row.split()[1]) for row in rows if row.startswith("Pss:"))
        except OSError:
            continue  # ended meanwhile
    return total * 1024
