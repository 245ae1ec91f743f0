#!/usr/bin/env python3
"""Runs the fuzz targets one after another: seeds and a dictionary from our own test data, SECONDS of CPU time each.

`make fuzz SECONDS=600` builds and runs all. A finding is kept in build/fuzz/findings and named. Before the targets, a
canary is run: a target that fails on purpose must be reported as a finding. The last line is `N passed, N failed`.
"""
import argparse
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BUILD = ROOT / "build/fuzz"
CANARY = "fuzz_canary"


def cases(name):
    path = ROOT / "tests/conformance" / name
    return [json.loads(line) for line in path.read_text().splitlines()]


def expression_seeds():
    for case in cases("reference_cases.ndjson"):
        event = case.get("event_text") or json.dumps(case.get("event", {}), ensure_ascii=False)
        yield f"{case['expr']}\0{event}".encode()
    for case in cases("cel_cases.ndjson"):
        yield case["expr"].encode()


def template_seeds():
    event = json.dumps({"id": "c/9", "n": 7, "t": "a b?c#d", "l": ["x"]})
    for text in ("/v2/{{ event.id }}", "/a/{{ event.n }}/{{ event.t }}?q=1", "{{ event.l[0] }}", "/{{ '}}' + event.t }}"):
        yield f"{text}\0{event}".encode()


def yaml_seeds():
    for path in sorted(ROOT.rglob("*.yaml")):
        if "build" not in path.parts and path.stat().st_size < 20_000:
            yield path.read_bytes()


def request_seeds():
    for case in json.loads((ROOT / "tests/http/cases.json").read_text()):
        if isinstance(case.get("send"), str):
            yield b"\x80" + case["send"].encode("latin-1", "replace")


def event_seeds():
    for case in cases("reference_cases.ndjson"):
        if "event" in case or "event_text" in case:
            yield (case.get("event_text") or json.dumps(case["event"])).encode()
    yield b'[{"id":"1"},{"id":"2"}]'
    yield b'{"id":"1"}\n{"id":"2"}\n'


SEEDS = {"fuzz_expression": expression_seeds, "fuzz_evaluate": expression_seeds, "fuzz_template": template_seeds,
         "fuzz_rule_set": yaml_seeds, "fuzz_yaml": yaml_seeds, "fuzz_request_check": request_seeds,
         "fuzz_event_json": event_seeds, "fuzz_record_batch": lambda: ()}


def prepare():
    """Seed folders and the dictionary: every name and sign that occurs in our cases."""
    words = set("&& || == != <= >= ?: .? [? {? r' b' ''' \\u 0x 1e 1u // in has( null true false".split())
    for case in cases("reference_cases.ndjson"):
        words.update(re.findall(r"[A-Za-z_][\w.]*\(?|%[.\d]*\w", case["expr"]))
    for path in (ROOT / "tests/unit/rules/data").rglob("*.yaml"):
        words.update(re.findall(r"[a-z_$]+:", path.read_text()))
    # libFuzzer's dictionaries are ASCII
    plain = (word for word in sorted(words) if word.isascii())
    escaped = ('"' + word.replace("\\", "\\\\").replace('"', '\\"') + '"' for word in plain)
    (BUILD / "words.dict").write_text("\n".join(escaped) + "\n")
    for target, seeds in SEEDS.items():
        folder = BUILD / "seeds" / target
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        for index, seed in enumerate(seeds()):
            (folder / f"{index:05}").write_bytes(seed)


def run(target, seconds):
    """Executions and the finding's text, empty when there was none. Time is CPU time of the target."""
    corpus, findings = BUILD / "corpus" / target, BUILD / "findings"
    corpus.mkdir(parents=True, exist_ok=True)
    findings.mkdir(exist_ok=True)
    executions, spent, log = 0, 0.0, ""
    while spent < seconds:  # a loaded machine gives less than a second of work a second
        began = os.times()
        done = subprocess.run(
            [BUILD / target, corpus, *([BUILD / "seeds" / target] if target in SEEDS else []),
             f"-max_total_time={max(1, round(seconds - spent))}", "-timeout=20", "-rss_limit_mb=2048", "-max_len=4096",
             "-print_final_stats=1", f"-dict={BUILD / 'words.dict'}", f"-artifact_prefix={findings}/{target}-"],
            capture_output=True, text=True, errors="replace", check=False)
        ended = os.times()
        spent += ended.children_user + ended.children_system - began.children_user - began.children_system
        log = done.stderr
        executions += int((re.findall(r"number_of_executed_units:\s*(\d+)", log) or ["0"])[0])
        if done.returncode != 0:
            return executions, spent, log[-3000:] or f"exit code {done.returncode}"
    return executions, spent, ""


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--seconds", type=int, default=60)
    arguments.add_argument("--only", default="")
    arguments.add_argument("--no-build", action="store_true", help="run what build/fuzz has")
    options = arguments.parse_args()
    if not options.no_build:
        if shutil.which("clang++-14") is None:
            sys.exit("fuzz: needs clang; apt-get install clang-14")
        for command in (["cmake", "--preset", "fuzz"], ["cmake", "--build", "--preset", "fuzz"]):
            subprocess.run(command, cwd=ROOT, check=True)
    prepare()
    passed = failed = 0
    _, _, found = run(CANARY, 30)
    if not found:
        print("FAIL the canary's fault was not found")
        failed += 1
    else:
        passed += 1
    for target in (name for name in SEEDS if options.only in name):
        began = time.monotonic()
        executions, spent, finding = run(target, options.seconds)
        print(f"{target:20} {executions:10} executions in {spent:.0f} s of CPU time ({time.monotonic() - began:.0f} s)",
              flush=True)
        if finding:
            print(f"FAIL {target}\n{finding}", flush=True)
        passed, failed = passed + (not finding), failed + bool(finding)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
