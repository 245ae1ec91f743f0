#!/usr/bin/env python3
"""Runs scenarios: a configuration, events in, requests and files out, against the real binary.

tests/scenarios/README.md describes the format. The last line is `N passed, N failed`.
"""
import argparse
import concurrent.futures
import glob
import gzip
import json
import pathlib
import re
import sys
import tempfile
import traceback

import yaml

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT))
from tests.support.processes import Gateway, Sink, request, wait_until  # noqa: E402


def subset(expected, actual, where="body"):
    """What `expected` names must be in `actual`; returns the first difference as text, or None."""
    if isinstance(expected, dict):
        if not isinstance(actual, dict):
            return f"{where}: expected an object, got {actual!r}"
        for key, value in expected.items():
            if key not in actual:
                return f"{where}.{key}: missing"
            difference = subset(value, actual[key], f"{where}.{key}")
            if difference:
                return difference
        return None
    if isinstance(expected, list):
        if not isinstance(actual, list) or len(actual) != len(expected):
            return f"{where}: expected {expected!r}, got {actual!r}"
        for index, value in enumerate(expected):
            difference = subset(value, actual[index], f"{where}[{index}]")
            if difference:
                return difference
        return None
    if isinstance(expected, str) and expected.startswith("~"):
        found = re.search(expected[1:], actual if isinstance(actual, str) else json.dumps(actual))
        return None if found else f"{where}: {actual!r} does not match {expected[1:]!r}"
    same = expected == actual and isinstance(expected, bool) == isinstance(actual, bool)
    return None if same else f"{where}: expected {expected!r}, got {actual!r}"


def body_of(step):
    """The bytes to post and their content type."""
    if "text" in step:
        return step["text"].encode(), step.get("content_type", "application/json")
    if "ndjson" in step:
        lines = [line if isinstance(line, str) else json.dumps(line) for line in step["ndjson"]]
        return ("\n".join(lines) + "\n").encode(), "application/x-ndjson"
    if "repeat" in step:
        events = [json.loads(json.dumps(step["repeat"]["event"]).replace("@N@", str(n)))
                  for n in range(step["repeat"]["times"])]
        return json.dumps(events).encode(), "application/json"
    return json.dumps(step["json"], ensure_ascii=False).encode(), step.get("content_type", "application/json")


class Scenario:
    def __init__(self, path, sluice, folder):
        self.path, self.sluice, self.folder = path, sluice, pathlib.Path(folder)
        self.text = pathlib.Path(path).read_text()
        self.gateway, self.sink = None, None

    def run(self):
        plan = yaml.safe_load(self.text)
        self.sink = Sink(self.sluice, self.folder, *plan.get("sink", []))
        try:
            filled = yaml.safe_load(self.fill(self.text))
            self.gateway = Gateway(self.sluice, self.folder, filled["config"])
            self.gateway.start()
            for number, step in enumerate(filled["steps"], 1):
                self.step(number, step)
            if self.gateway.program.running():
                self.gateway.stop()
        finally:
            if self.gateway:
                self.gateway.end()
            self.sink.kill()

    def fill(self, text):
        return (text.replace("@SINK@", f"http://127.0.0.1:{self.sink.port}")
                .replace("@FILES@", str(self.folder / "files"))
                .replace("@DEAD_PORT@", "1"))

    def step(self, number, step):
        names = [name for name in step if hasattr(self, f"do_{name}")]
        assert len(names) == 1, f"step {number}: one of the known steps, not {list(step)}"
        try:
            getattr(self, f"do_{names[0]}")(step[names[0]])
        except AssertionError as failed:
            raise AssertionError(f"step {number} ({names[0]}): {failed}") from None

    def do_post(self, step):
        body, content_type = body_of(step)
        headers = {"content-type": content_type} | step.get("headers", {})
        status, _, answer = request(self.gateway.edge, step.get("method", "POST"),
                                    step.get("target", "/v1/events?datastream=web"), body, headers)
        expected = step.get("status", 202)
        assert status == expected, f"status {status}, expected {expected}: {answer[:500]!r}"
        if "answer" in step:
            difference = subset(step["answer"], json.loads(answer), "answer")
            assert not difference, difference

    def do_requests(self, step):
        """Exactly these requests reached a path prefix; `in_order` or in any order."""
        prefix, expected = step.get("to", "/"), step["are"]
        wait_until(lambda: self.sink.count(prefix) >= len(expected),
                   f"{len(expected)} requests to {prefix}; there are {self.sink.count(prefix)}: "
                   f"{self.gateway.program.tail(1500)}", 30)
        actual = self.sink.records(prefix)
        assert len(actual) == len(expected), f"{len(actual)} requests to {prefix}, not {len(expected)}"
        if step.get("in_order", False):
            for want, got in zip(expected, actual):
                difference = subset(want, got, prefix)
                assert not difference, difference
            return
        for want in expected:
            match = next((got for got in actual if not subset(want, got)), None)
            nearest = min((subset(want, got, prefix) or "" for got in actual), key=len, default="")
            assert match is not None, f"no request {want!r}; {nearest}"
            actual.remove(match)

    def do_count(self, step):
        """At least (`min`) or in the end exactly (`is`) so many requests."""
        prefix = step.get("to", "/")
        goal = step.get("is", step.get("min"))
        wait_until(lambda: self.sink.count(prefix) >= goal, f"{goal} requests to {prefix}")
        if "is" in step:
            assert self.sink.count(prefix) == goal, f"{self.sink.count(prefix)} requests, not {goal}"

    def do_same_id(self, step):
        """All requests to a prefix that carry the same member carry the same webhook-id."""
        ids = {}
        for record in self.sink.records(step["to"]):
            ids.setdefault(record["body"][step["member"]], set()).add(record["headers"]["webhook-id"])
        assert ids and all(len(found) == 1 for found in ids.values()), f"{ids}"

    def do_delivered(self, step):
        """So many requests were answered 2xx, repeats after a failure not counted."""
        wait_until(lambda: len(self.delivered(step["to"])) >= step["are"], f"{step['are']} deliveries")
        assert len(self.delivered(step["to"])) == step["are"]

    def delivered(self, prefix):
        return [record for record in self.sink.records(prefix) if 200 <= record["status"] < 300]

    def do_ordered(self, step):
        """Deliveries of the same key never go back in the member `by`."""
        last = {}
        for record in self.delivered(step["to"]):
            key, value = record["body"][step["key"]], record["body"][step["by"]]
            assert value > last.get(key, value - 1), f"{key}: {value} after {last[key]}"
            last[key] = value

    def do_arrives(self, step):
        """Each of these values of a body member arrives at least once."""
        def missing():
            seen = {record["body"][step["member"]] for record in self.delivered(step["to"])}
            return set(step["values"]) - seen
        wait_until(lambda: not missing(), f"all of {step['values']}")

    def do_gap(self, step):
        """Seconds between the first two requests."""
        times = [record["time"] for record in self.sink.records(step["to"])]
        seconds = [float(t[17:-1]) + 60 * int(t[14:16]) + 3600 * int(t[11:13]) for t in times]
        gap = (seconds[1] - seconds[0]) % 86_400
        assert gap >= step["at_least"], f"{gap:.2f} s, at least {step['at_least']}"

    def do_command(self, step):
        arguments = [part.replace("@CONFIG@", str(self.gateway.config_file)) for part in step["run"]]
        done = self.gateway.command(*arguments)
        code = step.get("exit_code", 0)
        assert done.returncode == code, f"exit code {done.returncode}: {done.stdout}{done.stderr}"
        for pattern in step.get("prints", []):
            assert re.search(pattern, done.stdout + done.stderr), f"{pattern!r} not in {done.stdout!r}"

    def do_ask(self, step):
        """GET on the admin listener until the answer has what is expected."""
        seen = {}

        def asked():
            status, _, body = request(self.gateway.admin, step.get("method", "GET"), step["target"])
            seen["answer"] = body.decode(errors="replace")
            if status != step.get("status", 200):
                return False
            return all(re.search(pattern, seen["answer"], re.M) for pattern in step["has"])
        try:
            wait_until(asked, "", 30)
        except AssertionError:
            raise AssertionError(f"{step['has']} not in {seen['answer'][:3000]}") from None

    def do_stop(self, _):
        self.gateway.stop()

    def do_start(self, _):
        self.gateway.start()

    def do_kill(self, _):
        self.gateway.kill()

    def do_files(self, step):
        """Rows of the NDJSON files, or the mere number of files that begin with some bytes."""
        paths = sorted(glob.glob(str(self.folder / "files" / step["glob"]), recursive=True))
        paths = [path for path in paths if pathlib.Path(path).is_file()]
        assert len(paths) == step.get("are", 1), f"{len(paths)} files, not {step.get('are', 1)}: {paths}"
        for path in paths:
            content = pathlib.Path(path).read_bytes()
            if "begin" in step:
                assert content.startswith(step["begin"].encode()), f"{path} begins {content[:8]!r}"
        if "rows" in step:
            rows = []
            for path in paths:
                opened = gzip.open(path, "rt") if path.endswith(".gz") else open(path)
                with opened as file:
                    rows += [json.loads(line) for line in file]
            difference = subset(step["rows"], rows, "rows")
            assert not difference, difference


def run_one(path, sluice, keep):
    with tempfile.TemporaryDirectory(prefix="scenario-") as folder:
        scenario = Scenario(path, sluice, folder)
        try:
            scenario.run()
            return path, None
        except AssertionError as failed:
            log = scenario.gateway.program.tail(2500) if scenario.gateway and scenario.gateway.program else ""
            return path, f"{failed}\n{log if keep else log[-1200:]}"
        except Exception:  # a broken scenario must be reported like a failed one
            return path, traceback.format_exc()


def self_test():
    assert subset({"a": 1}, {"a": 1, "b": 2}) is None
    for expected, actual in [({"a": 1}, {}), ({"a": 1}, {"a": True}), ([1], [1, 2]), ("~^x", "ax"), (1, 2)]:
        assert subset(expected, actual), (expected, actual)


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--sluice", required=True, type=pathlib.Path)
    arguments.add_argument("--only", default="", help="part of a file name")
    arguments.add_argument("--jobs", type=int, default=3)
    arguments.add_argument("--verbose", action="store_true")
    options = arguments.parse_args()
    self_test()
    sluice = options.sluice.resolve()
    paths = sorted(p for p in (ROOT / "tests/scenarios").glob("*.yaml") if options.only in p.name)
    passed = failed = 0
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        for path, problem in pool.map(lambda p: run_one(p, sluice, options.verbose), paths):
            passed, failed = passed + (problem is None), failed + (problem is not None)
            print(f"{'ok  ' if problem is None else 'FAIL'} {path.stem}", flush=True)
            if problem:
                print("     " + problem.replace("\n", "\n     "))
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
