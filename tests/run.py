#!/usr/bin/env python3
"""Runs the tests: `run.py check` the fast ones, `run.py test` those and the scenarios, or single ones by name.

Every test is a command; builds go first, one after the other, the rest two at a time. Output goes to
build/test-logs/<name>.log and is shown when the test fails. The last line says `N passed, N failed`; the exit status
is 0 when none failed.
"""
import concurrent.futures
import os
import pathlib
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
LOGS = ROOT / "build" / "test-logs"
TIMEOUT_S = 600
SANITIZERS = {
    "ASAN_OPTIONS": "detect_leaks=1:strict_string_checks=1:detect_stack_use_after_return=1",
    "UBSAN_OPTIONS": "print_stacktrace=1:halt_on_error=1",
}


def make(*words):
    return ["make", "-s", "-j2", *words]


LOOP_TESTS = ["build/release/test/unit/loop/test_task", "build/release/test/unit/loop/test_sync"]


def builds():
    """Everything compiles without a warning under both compilers, optimised and with sanitizers."""
    yield "build-gcc", make("CC=gcc", "bins", *LOOP_TESTS)
    yield "build-gcc-sanitized", make("CC=gcc", "SAN=1", "bins", "tests")
    yield "build-clang-sanitized", make("CC=clang", "SAN=1", "bins", "tests", "fuzzers")


def lints():
    yield "format", make("format")
    yield "layers", ["sh", "tests/lint/layers.sh"]
    yield "settings", [sys.executable, "tests/lint/settings.py"]
    yield "documents", [sys.executable, "tests/lint/documents.py"]
    yield "tidy", make("tidy")


def binaries(folder, needs_servers):
    for compiler in ("gcc", "clang"):
        for source in sorted((ROOT / "tests" / folder).glob("**/test_*.c")):
            name = source.relative_to(ROOT / "tests").with_suffix("")
            binary = f"build/asan-{compiler}/test/{name}"
            command = ["sh", "tests/with_postgres.sh", binary] if needs_servers else [binary]
            yield f"{name}-{compiler}".replace("/", "."), command


def corpora():
    """Whatever once broke a parser, or led a fuzzer to a branch of one, is read again."""
    for source in sorted((ROOT / "tests" / "fuzz").glob("**/fuzz_*.c")):
        name = ".".join(source.relative_to(ROOT / "tests/fuzz").with_suffix("").parts).replace("fuzz_", "")
        yield f"corpus.{name}", ["sh", "tests/fuzz/run.sh", str(source.relative_to(ROOT)), "-runs=0"]


def valgrinds():
    """It, too, must understand stacks that tasks run on."""
    for binary in LOOP_TESTS:
        yield f"valgrind.{pathlib.Path(binary).name}", ["valgrind", "-q", "--error-exitcode=9", "--leak-check=full", binary]


def statements():
    yield "statements", [sys.executable, "tests/lint/statements.py"]


def providers():
    if (ROOT / "tests/providers/run.sh").exists():
        yield "providers", ["sh", "tests/providers/run.sh"]


def scenarios():
    for story in sorted((ROOT / "tests" / "scenario").glob("*.py")):
        if story.name != "harness.py":
            yield f"scenario.{story.stem}", [sys.executable, str(story)]


def stages(what):
    check = [builds, lints, lambda: binaries("unit", False), corpora, valgrinds, lambda: binaries("store", True), statements]
    table = {"check": check, "test": check + [providers, scenarios], "scenario": [scenarios]}
    if what in table:
        return [test for stage in table[what] for test in stage()]
    known = [test for stage in table["test"] for test in stage()]
    return [test for test in known if what in test[0]]


def run(name, command):
    """passed, failed or skipped: exit status 77 says that what the test needs is not here."""
    log = LOGS / f"{name}.log"
    began = time.monotonic()
    with open(log, "w") as out:
        try:
            status = subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT,
                                    env={**os.environ, **SANITIZERS}, timeout=TIMEOUT_S).returncode
        except subprocess.TimeoutExpired:
            status = f"no end after {TIMEOUT_S} s"
    verdict = {0: "passed", 77: "skipped"}.get(status, "failed")
    told = [f"{verdict.upper() if verdict == 'failed' else verdict:7} {name}  {time.monotonic() - began:.1f} s"]
    lines = log.read_text(errors="replace").splitlines()
    if verdict == "skipped":
        told += ["    " + line for line in lines[-1:]]
    if verdict == "failed":
        told += ["    " + line for line in lines[-40:]]
        told += [f"    status {status}; the whole log: {log.relative_to(ROOT)}"]
    print("\n".join(told), flush=True)
    return verdict


def main():
    LOGS.mkdir(parents=True, exist_ok=True)
    tests = [test for what in (sys.argv[1:] or ["check"]) for test in stages(what)]
    if not tests:
        sys.exit("no such test")
    builds_first = [test for test in tests if test[0].startswith("build-")]
    rest = [test for test in tests if not test[0].startswith("build-")]
    verdicts = [run(*test) for test in builds_first]
    with concurrent.futures.ThreadPoolExecutor(max_workers=2) as pool:
        verdicts += pool.map(lambda test: run(*test), rest)
    failed = [test[0] for test, verdict in zip(builds_first + rest, verdicts) if verdict == "failed"]
    if failed:
        print("failed: " + " ".join(failed))
    n_skipped = verdicts.count("skipped")
    print(f"{verdicts.count('passed')} passed, {len(failed)} failed" + (f", {n_skipped} skipped" if n_skipped else ""))
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
