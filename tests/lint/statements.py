#!/usr/bin/env python3
"""Migrates an empty database for each domain and lets its program prepare every named statement against it.

Takes the binaries of build/asan-gcc, else those of build/release, or those of PASAR_BIN. Starts a PostgreSQL of its own.
"""
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
WITH_POSTGRES = ROOT / "tests/with_postgres.sh"
SECRET = "0123456789abcdef0123456789abcdef"
WITHIN_S = 60


def domains():
    return sorted(path.parent.name for path in ROOT.glob("sql/*/queries.sql") if path.parent.name != "saga")


def bin_dir():
    chosen = os.environ.get("PASAR_BIN")
    candidates = [Path(chosen)] if chosen else [ROOT / "build/asan-gcc/bin", ROOT / "build/release/bin"]
    for candidate in candidates:
        if all(os.access(candidate / domain, os.X_OK) for domain in domains()):
            return candidate.resolve()
    sys.exit(f"no folder has all of {', '.join(domains())}: build first ({', '.join(map(str, candidates))})")


def environment(domain):
    """Settings of one domain; whatever is set outside stays outside."""
    return {"PATH": os.environ["PATH"], "LANG": "C.UTF-8", f"{domain.upper()}_DB_HOST": os.environ["PGHOST"],
            f"{domain.upper()}_DB_PORT": os.environ["PGPORT"], f"{domain.upper()}_DB_NAME": f"lint_{domain}",
            "DB_USER": os.environ["PGUSER"], "JWT_SECRET": SECRET, "INTERNAL_SECRET": SECRET[::-1]}


def run(program, role, domain):
    """What went wrong, in words, or None."""
    ran = subprocess.run([program, role], env=environment(domain), stdin=subprocess.DEVNULL, text=True, check=False,
                         stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=WITHIN_S)
    return f"{domain} {role} ended with status {ran.returncode}\n{ran.stdout}" if ran.returncode else None


def look():
    """Runs inside with_postgres.sh. The exit status."""
    binaries, failures = bin_dir(), []
    for domain in domains():
        subprocess.run(["psql", "-X", "-q", "-c", f"create database lint_{domain}"], check=True)
        # Twice migrated: the second time there must be nothing to do.
        failures += [why for role in ("migrate", "migrate", "check") if (why := run(binaries / domain, role, domain))]
    print("\n".join(failures) if failures else f"{', '.join(domains())}: every statement prepares ({binaries})")
    return 1 if failures else 0


if __name__ == "__main__":
    if "PASAR_PG_DIR" in os.environ:
        sys.exit(look())
    os.execv("/bin/sh", ["sh", str(WITH_POSTGRES), sys.executable, str(Path(__file__).resolve())])
