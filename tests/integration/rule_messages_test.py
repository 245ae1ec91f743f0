#!/usr/bin/env python3
"""What the commands say about rules: mistakes at their place, conditions in error, values, tests."""
import json
import pathlib
import re
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent.parent))
from tests.support.harness import run_tests  # noqa: E402
from tests.support.processes import Gateway, Sink, request, wait_until  # noqa: E402


def sluice_with(sluice, *arguments, text=None, cwd=None):
    return subprocess.run([sluice, *arguments], input=text, cwd=cwd, text=True, capture_output=True,
                          check=False, timeout=120)


def test_ten_mistakes_give_ten_messages_with_place_caret_and_hint(sluice, _):
    done = sluice_with(sluice, "check", "ten_mistakes.yaml", cwd=HERE / "data")
    golden = (HERE / "data/ten_mistakes.txt").read_text()
    assert done.stdout == golden, f"--- wanted\n{golden}\n--- got\n{done.stdout}"
    assert done.returncode == 1 and done.stdout.count(": error: ") == 10
    assert done.stdout.count("  hint: ") == 11  # also of the warning
    # every message has its line and a caret
    assert len(re.findall(r"^ten_mistakes\.yaml:\d+:\d+: error: .*\n +\d+ \| .*\n +\| +\^$",
                          done.stdout, re.M)) == 10


def test_a_schema_turns_a_misspelt_field_into_an_error(sluice, folder):
    (folder / "web.json").write_text(json.dumps({
        "type": "object", "properties": {"order": {"type": "object", "properties": {"total": {"type": "number"}}}}}))
    for place in ("datasets: {web: {schema: web.json}}\nrules:\n  s:\n    source: web\n",
                  "datasets: {web: {}}\nrules:\n  s:\n    source: web\n    schema: web.json\n"):
        (folder / "c.yaml").write_text(place + "    rules:\n      - {name: r, when: event.order.totl > 1, drop: x}\n")
        done = sluice_with(sluice, "check", "c.yaml", cwd=folder)
        assert "the schema has no field 'totl' in event.order" in done.stdout, done.stdout
        assert "did you mean 'total'?" in done.stdout and done.returncode == 1
        (folder / "c.yaml").write_text(place + "    rules:\n      - {name: r, when: event.order.total > 1, drop: x}\n")
        assert sluice_with(sluice, "check", "c.yaml", cwd=folder).returncode == 0


def test_eval_shows_the_place_and_a_hint(sluice, folder):
    done = sluice_with(sluice, "eval", "event.mail.startWith('a')")
    assert done.returncode == 1 and json.loads(done.stdout)["error"], done.stdout
    assert done.stderr == ("1:1: error: unknown variable 'event'\n"
                           "    1 | event.mail.startWith('a')\n      | ^\n"
                           "  hint: give the event with --event FILE (- is stdin)\n"
                           "1:12: error: unknown function 'startWith'\n"
                           "    1 | event.mail.startWith('a')\n      |            ^\n"
                           "  hint: did you mean 'startsWith'?\n"), done.stderr
    done = sluice_with(sluice, "eval", "event.a.b + 1", "--event", "-", text='{"a":{}}')
    assert done.returncode == 1 and "event.a.b is absent" in done.stderr, done.stderr
    assert sluice_with(sluice, "eval", "1.50 + 1").stdout == '{"value":2.5}\n'
    done = sluice_with(sluice, "eval", "event", "--event", "-", text='{"a":')
    assert done.returncode == 2 and "not valid JSON" in done.stderr, done.stderr
    assert sluice_with(sluice, "eval").returncode == 2
    done = sluice_with(sluice, "eval", "string(time.now())", "--now", "2026-01-31T12:00:00Z")
    assert "2026-01-31T12:00:00Z" in done.stdout, done.stdout
    ids = [sluice_with(sluice, "eval", "uuid.v4()", "--seed", seed).stdout for seed in ("1", "1", "2")]
    assert ids[0] == ids[1] != ids[2], ids
    done = sluice_with(sluice, "eval", "--jsonl", "--typed", text='{"expr":"1 + 2"}\n{"expr":"1 +"}\n')
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert lines[0] == {"value": {"int64Value": "3"}} and "error" in lines[1], lines


def test_eval_obeys_the_limits_of_a_configuration(sluice, folder):
    loop = ["eval", "lists.range(500).map(i, i).size()"]
    assert sluice_with(sluice, *loop).stdout == '{"value":500}\n'
    (folder / "c.yaml").write_text("gateway: {rule_limits: {loop_steps_max: 100}}\n")
    done = sluice_with(sluice, *loop, "-c", str(folder / "c.yaml"))
    assert done.returncode == 1 and "gateway.rule_limits.loop_steps_max" in done.stdout, done.stdout
    (folder / "c.yaml").write_text("gateway: {rule_limits: {loop_steps: 100}}\n")
    done = sluice_with(sluice, "check", str(folder / "c.yaml"))
    assert "did you mean 'loop_steps_max'?" in done.stdout, done.stdout


TESTED = """
datasets: {web: {}}
destinations: {crm: {url: "http://127.0.0.1:9000"}}
rules:
  s:
    source: web
    rules:
      - {name: a, when: event.n > 1, to: crm, request: {path: "/x/{{ event.n }}"}}
      - {name: b, when: event.n > 5, to: crm}
    tests:
      - {name: small, event: {id: e, n: 2}, expect: {matched: [a], requests: {a: {path: /x/2}}}}
      - {name: wrong, event: {id: e, n: 3}, expect: {matched: [b]}}
"""


def test_a_failing_test_shows_the_difference_and_the_reason(sluice, folder):
    (folder / "c.yaml").write_text(TESTED)
    done = sluice_with(sluice, "test", "c.yaml", cwd=folder)
    assert done.returncode == 1 and done.stdout.endswith("1 passed, 1 failed\n"), done.stdout
    for part in ("FAILED s: wrong",
                 "matched: wanted [b], got [a]", "no match: event.n > 5  is false",
                 "tests cover 2 of 2 rules\n"):
        assert part in done.stdout, f"{part} is missing in\n{done.stdout}"
    done = sluice_with(sluice, "test", "c.yaml", "--only", "s: small", cwd=folder)
    assert done.returncode == 0 and done.stdout.endswith("1 passed, 0 failed\n"), done.stdout
    assert sluice_with(sluice, "test", "c.yaml", "--only", "nothing", cwd=folder).returncode == 1
    report = json.loads(sluice_with(sluice, "test", "c.yaml", "--json", cwd=folder).stdout)
    assert report["passed"] == 1 and report["failed"] == 1 and not report["untested"], report
    assert [test["name"] for test in report["tests"] if not test["passed"]] == ["wrong"], report


def dividing(sink_port):
    rules = [{"name": "ratio", "when": "event.a / event.b > 1", "to": "all", "request": {"path": "/ratio"}},
             {"name": "all", "to": "all", "request": {"path": "/all"}}]
    return {"datastreams": {"web": {"dataset": "events"}}, "datasets": {"events": {}},
            "destinations": {"all": {"url": f"http://127.0.0.1:{sink_port}", "allow_private": ["127.0.0.0/8"]}},
            "rules": {"s": {"source": "events", "rules": rules}}}


def test_a_rule_that_divides_by_zero_is_counted_explained_sampled_and_stops_nothing(sluice, folder):
    sink = Sink(sluice, folder)
    gateway = Gateway(sluice, folder, dividing(sink.port))
    try:
        gateway.start()
        events = [{"_id": f"zero-{n}", "a": 4711, "b": 0} for n in range(25)]
        events += [{"_id": f"good-{n}", "a": 10, "b": 2} for n in range(5)] + [{"_id": "lacks"}]
        status, _, answer = request(gateway.edge, "POST", "/v1/events?datastream=web", json.dumps(events),
                                    {"content-type": "application/json"})
        assert status == 202, answer
        # 31 by the rule `all`, 5 by the rule `ratio`
        wait_until(lambda: sink.count() == 36, "all deliveries")

        def counts():
            metrics = request(gateway.admin, "GET", "/metrics")[2]
            text = metrics.decode() if isinstance(metrics, bytes) else metrics
            found = {}
            for line in text.splitlines():
                if "s/ratio" in line:
                    for word in ("matched", "absent", "error"):
                        if f'"{word}"' in line:
                            found[word] = float(line.split()[-1])
            return found == {"matched": 5.0, "absent": 1.0, "error": 25.0}
        wait_until(counts, "5 matched, 1 absent, 25 in error")

        log = (folder / "gateway.log").read_text()
        lines = [line for line in log.splitlines() if "rule s/ratio" in line]
        assert len(lines) == 10, f"{len(lines)} samples:\n{log}"
        assert all("zero-" in line and "division by zero in event.a / event.b > 1" in line for line in lines)
        assert "4711" not in log, "a value of an event is in the log"

        shown = gateway.command("explain", gateway.config_file, "--id", "zero-3")
        assert "division by zero; event.a 4711, event.b 0" in shown.stdout, shown.stdout + shown.stderr
        assert re.search(r"ratio +error: event\.a / event\.b > 1  division by zero", shown.stdout), shown.stdout
        as_json = json.loads(gateway.command("explain", gateway.config_file, "--id", "zero-3", "--json").stdout)
        rule = as_json["ruleSets"][0]["rules"][0]
        assert rule["result"] == "error" and rule["predicates"][0]["cause"] == "division by zero", rule
        gateway.stop()
    finally:
        gateway.end()
        sink.kill()


def test_a_stored_event_is_explained_with_all_that_the_lane_knew_of_it(sluice, folder):
    sink = Sink(sluice, folder)
    parts = {"key": "meta.key", "at": "meta.received_at", "offset": "meta.offset", "big": "event.big"}
    rules = [{"name": "all", "to": "all", "request": {"path": "/all", "body": {"map": parts}}}]
    gateway = Gateway(sluice, folder, {
        "datastreams": {"web": {"dataset": "events", "key": "event.user"}}, "datasets": {"events": {}},
        "destinations": {"all": {"url": f"http://127.0.0.1:{sink.port}", "allow_private": ["127.0.0.0/8"]}},
        "rules": {"s": {"source": "events", "rules": rules}}})
    try:
        gateway.start()
        for number in range(3):
            # no JSON library takes 1e400
            body = f'{{"_id":"e-{number}","user":"u {number}","big":1e400,"extra":[1.50]}}'
            assert request(gateway.edge, "POST", "/v1/events?datastream=web", body,
                           {"content-type": "application/json"})[0] == 202
        wait_until(lambda: sink.count() == 3, "the deliveries")
        # no JSON to the receiver either: its body is told as text
        sent = next(r["body"] for r in sink.records() if '"u 1"' in r["body"])
        shown = gateway.command("explain", gateway.config_file, "--id", "e-1")
        assert shown.returncode == 0, shown.stderr
        for name in ("key", "at", "offset", "big"):
            value = re.search(rf'"{name}": *("[^"]*"|[^,}}]+)', sent).group(1)
            assert re.search(rf'{name} +{re.escape(value)}', shown.stdout), (value, sent, shown.stdout)
        missing = gateway.command("explain", gateway.config_file, "--id", "e-9")
        assert missing.returncode == 1 and "no stored event has the id 'e-9'" in missing.stderr, missing
    finally:
        gateway.end()
        sink.kill()


def test_what_is_too_large_meets_its_limit_quickly(sluice, folder):
    long_list = "event.a in [" + ", ".join(f"'item {n}'" for n in range(10_000)) + "]"
    for expression, setting in ((long_list, "expression_code_points_max"),
                                ("(" * 20_000 + "1" + ")" * 20_000, "nesting_max"),
                                ("event.a.matches(r'(\\pL{50}){3}')", "regex_instructions_max"),
                                ("event.items.map(i, i)", "loop_steps_max")):
        begun = time.monotonic()
        event = json.dumps({"a": "x", "items": list(range(100_000))})
        done = sluice_with(sluice, "eval", expression, "--event", "-", text=event)
        assert done.returncode == 1 and f"gateway.rule_limits.{setting}" in done.stdout + done.stderr, \
            f"{setting}: {done.stdout[:300]} {done.stderr[-300:]}"
        assert time.monotonic() - begun < 30


if __name__ == "__main__":
    run_tests(globals(), __doc__)
