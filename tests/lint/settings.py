#!/usr/bin/env python3
"""Fails when .env.example lacks a setting that a program reads, or has one that none does.

Programs read settings through tables of rows: ENV_TEXT("NAME", …), {"NAME", ENV_TYPE_SECRET, …}. A name that begins with
an underscore is every domain's own: "_LISTEN" is ORDER_LISTEN. What only the local run reads is looked for in its sources.
"""
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ROW = re.compile(r'(?:ENV_(?:TEXT|CHOICE|SECRET|INT|BOOL)\(|\{)"(\w+)", *(?:struct|ENV_TYPE_)')
GETENV = re.compile(r'getenv\("(\w+)"\)')
EXAMPLE = re.compile(r"^#?([A-Z][A-Z0-9_]*)=", re.MULTILINE)
FOR_PAGES = {"MIDTRANS_CLIENT_KEY"}  # what a page in the browser needs for Snap; no secret, and nothing to the services
QUOTED = re.compile(r'"([A-Z][A-Z0-9_]+)"|\["([A-Z][A-Z0-9_]+)"\]')


def domains():
    """Those built on lib/app, and whether each has a database."""
    for main in sorted(ROOT.glob("workers/*/main.c")):
        if "app_main" in main.read_text("utf-8"):
            yield main.parent.name, (ROOT / "sql" / main.parent.name).is_dir()


def names_in(source):
    text = source.read_text("utf-8")
    return ROW.findall(text) + GETENV.findall(text)


def own_names(name):
    """ORDER_LISTEN, … for _LISTEN."""
    return {f"{domain.upper()}{name}" for domain, has_database in domains()
            if has_database or not name.startswith("_DB")}


def known_to_programs():
    """{name: source it is in}"""
    known = {}
    for source in [ROOT / "lib/app/settings.c", *sorted(ROOT.glob("workers/*/main.c"))]:
        for name in names_in(source):
            for full in own_names(name) if name.startswith("_") else {name}:
                known.setdefault(full, source.relative_to(ROOT))
    return known


def known_to_the_local_run():
    words = {}
    for source in sorted(ROOT.glob("compose/local/*.py")):
        for pair in QUOTED.findall(source.read_text("utf-8")):
            words.setdefault(pair[0] or pair[1], source.relative_to(ROOT))
    return words


def main():
    example = EXAMPLE.findall((ROOT / ".env.example").read_text("utf-8"))
    known, local = known_to_programs(), known_to_the_local_run()
    missing = sorted(known.keys() - set(example))
    unread = sorted(set(example) - known.keys() - local.keys() - FOR_PAGES)
    wrong = [f"+ {name}: read by {known[name]}, missing in .env.example" for name in missing]
    wrong += [f"- {name}: in .env.example, read by nothing" for name in unread]
    wrong += [f"- {name}: in .env.example twice" for name in sorted({n for n in example if example.count(n) > 1})]
    if len(known) < 30:
        wrong.append(f"only {len(known)} settings found in the sources: has the shape of the tables changed?")
    print("\n".join(wrong) if wrong else f"{len(set(example))} settings, all told")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
