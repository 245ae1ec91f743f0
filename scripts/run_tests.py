#!/usr/bin/env python3
"""Runs every test of a build folder and adds up the counts; the last line is `N passed, N failed`.

Unit tests are counted by case (GoogleTest's own report), the Python suites by the last line they
print. A suite that crashes, hangs or prints no count is one failed test, never a silent zero.
Two suites run at a time: most of them wait for processes and clocks, not for a core.
"""
import argparse
import concurrent.futures
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
from tests.support.race_reports import Reports, watched  # noqa: E402

SUITE_SECONDS_MAX = 1800  # thrice what the longest takes under ThreadSanitizer
AT_A_TIME = 2
RACE_CODE = 66  # as ThreadSanitizer's own
FAULTS = {
    "usual": [("kill -9", "tests/faults/kill9.py"),
              ("power cuts", "tests/faults/power_cut.py"),
              ("disk full", "tests/faults/disk_full.py"),
              ("kills on Kafka", "tests/faults/kafka_kill.py", "--cycles", "8", "--takeover-seconds-max", "30")],
    # for slow binaries, whose threads are what matters: every engine is killed, but seldom
    "few": [("kill -9", "tests/faults/kill9.py", "--cycles", "10"),
            ("kills on Kafka", "tests/faults/kafka_kill.py", "--cycles", "8"),
            ("kills with a spool", "tests/faults/kafka_spool.py", "--cycles", "6")],
}


def run_suite(name, command, environment=None):
    """Exit code, last lines of output; output is shown only for a failure. A race is a failure."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="races-") as folder:
        try:
            done = subprocess.run(command, cwd=ROOT, env=watched(environment or os.environ, folder), text=True,
                                  errors="replace", stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
                                  timeout=SUITE_SECONDS_MAX)
            code, output = done.returncode, done.stdout
        except subprocess.TimeoutExpired as late:
            code, output = 124, (late.stdout or b"").decode(errors="replace") + "\ntimed out"
        races = Reports(folder)
    if races.texts:
        code, output = code or RACE_CODE, f"{output}\n{races}"
    seconds = time.monotonic() - began
    if code != 0:
        print(f"--- {name} (exit code {code})\n{output[-20000:]}", flush=True)
    return code, output, seconds


def say(name, passed, failed, skipped, seconds):
    note = f", {skipped} skipped" if skipped else ""
    print(f"{name:28} {passed:5} passed, {failed} failed{note}  ({seconds:.1f} s)", flush=True)


def print_notes(output):
    """Counts that a reader wants to see also when all is well."""
    for line in re.findall(r"^note: (.*)", output, re.M):
        print("  " + line)


def unit_suite(program):
    with tempfile.TemporaryDirectory() as folder:
        report = pathlib.Path(folder, "report.json")
        environment = dict(os.environ, GTEST_OUTPUT=f"json:{report}",
                           ASAN_OPTIONS="detect_stack_use_after_return=0:" + os.environ.get("ASAN_OPTIONS", ""))
        code, output, seconds = run_suite(program.name, [str(program), "--gtest_brief=1"], environment)
        passed = failed = skipped = 0
        if report.exists():
            for suite in json.loads(report.read_text())["testsuites"]:
                for case in suite["testsuite"]:
                    if case.get("result") == "SKIPPED":
                        skipped += 1
                        print(f"skipped: {suite['name']}.{case['name']}")
                    elif case.get("failures"):
                        failed += 1
                    else:
                        passed += 1
        if code != 0 and failed == 0:
            failed = 1
    say(program.name, passed, failed, skipped, seconds)
    print_notes(output)
    return passed, failed


def script_suite(name, command):
    code, output, seconds = run_suite(name, command)
    counts = re.findall(r"^(\d+) passed, (\d+) failed", output, re.M)
    passed, failed = (int(n) for n in counts[-1]) if counts else (0, 1)
    if code != 0 and failed == 0:
        failed = 1
    say(name, passed, failed, len(re.findall(r"^skipped: ", output, re.M)), seconds)
    for line in re.findall(r"^skipped: .*", output, re.M):
        print("  " + line)
    print_notes(output)
    return passed, failed


def planted_race(program):
    """The control of runs under ThreadSanitizer: a race in a process that is killed has to be seen."""
    with tempfile.TemporaryDirectory(prefix="races-") as folder:
        subprocess.run([program], env=watched(os.environ, folder), check=False)
        is_seen = len(Reports(folder).summaries) == 1
    say(program.name, int(is_seen), int(not is_seen), 0, 0)
    return int(is_seen), int(not is_seen)


def script_suites(build, skip, faults):
    sluice = build / "sluice"
    suites = [("tidy", ["tests/tidy.py"], "style")]
    if sluice.exists():
        binary = ["--sluice", str(sluice)]
        suites += [
            ("rules of the quickstart", ["scripts/rule_tests.py", *binary], "scenarios"),
            ("scenarios", ["tests/scenarios/run.py", *binary], "scenarios"),
            ("differential", ["tests/differential/run.py", *binary], "integration"),
        ]
        suites += [(name, [script, *binary, *cycles], "faults") for name, script, *cycles in FAULTS[faults]]
        for path in sorted((ROOT / "tests/integration").glob("*_test.py")):
            suites.append((path.stem, [str(path), *binary], "integration"))
    for name, command, kind in suites:
        if kind not in skip:
            yield name, [sys.executable, *command]


def forgive_known_leaks():
    """For all suites, those that start the sanitized gateway too."""
    known = "suppressions=" + str(ROOT / "tests/support/lsan.supp") + ":print_suppressions=0"
    os.environ["LSAN_OPTIONS"] = ":".join(filter(None, [os.environ.get("LSAN_OPTIONS"), known]))


def main():
    forgive_known_leaks()
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--build", required=True, type=pathlib.Path)
    arguments.add_argument("--skip", action="append", default=[],
                           choices=["style", "unit", "scenarios", "integration", "faults"])
    arguments.add_argument("--faults", choices=FAULTS, default="usual", help="which crash tests")
    options = arguments.parse_args()
    build = options.build.resolve()
    programs = sorted(p for p in build.glob("test_*") if os.access(p, os.X_OK) and p.is_file())
    suites = [] if "unit" in options.skip else [(unit_suite, program) for program in programs]
    if (build / "planted_race").exists():
        suites.append((planted_race, build / "planted_race"))
    suites += [(script_suite, *suite) for suite in script_suites(build, options.skip, options.faults)]
    with concurrent.futures.ThreadPoolExecutor(AT_A_TIME) as pool:
        counts = list(pool.map(lambda suite: suite[0](*suite[1:]), suites))
    passed, failed = (sum(column) for column in zip(*counts)) if counts else (0, 0)
    if not programs or not (build / "sluice").exists():
        print(f"run_tests: {build} has no test programs or no sluice binary")
        failed += 1
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
