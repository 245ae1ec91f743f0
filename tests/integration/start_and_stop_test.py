#!/usr/bin/env python3
"""Starting, refusing to start with a remedy, draining and reloading."""
import json
import pathlib
import signal
import socket
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent.parent))
from tests.support.harness import run_tests  # noqa: E402
from tests.support.processes import Gateway, Program, Sink, free_port, request, wait_until  # noqa: E402

JSON = {"content-type": "application/json"}
TEN_MISTAKES = """\
gateway:
  edge: {prot: 8080}
  drain_timeout: soon
  threads: many
datastreams:
  web: {dataset: web_evnts}
  app: {}
datasets:
  web_events: {partitions: 0}
destinations:
  crm: {timeout: 5s}
  mail: {url: "not a url", in_flight_max: -3}
exports:
  files: {dataset: nowhere, directory: out, format: excel}
rules:
  all:
    source: web_events
    rules:
      - {name: a, when: "event.n >", to: crm, request: {path: /}}
      - {name: b, when: event.n > 1, to: crn, request: {path: /}}
"""


def simple(extra=None):
    return {"datastreams": {"web": {"dataset": "events"}}, "datasets": {"events": {}}} | (extra or {})


def forwarding(sink_port, path="/a", **destination):
    return simple({
        "destinations": {"all": {"url": f"http://127.0.0.1:{sink_port}", "allow_private": ["127.0.0.0/8"]} | destination},
        "rules": {"all": {"source": "events", "rules": [{"name": "all", "to": "all", "request": {"path": path}}]}}})


def fails_to_start(gateway, *words):
    done = subprocess.run([gateway.sluice, "run", gateway.config_file], cwd=gateway.folder, text=True, check=False,
                          capture_output=True, timeout=60)
    assert done.returncode != 0, "it started"
    said = done.stdout + done.stderr
    for word in words:
        assert str(word) in said, f"{word!r} is not in: {said}"
    return done.returncode, said


def test_ten_mistakes_are_reported_at_once_with_their_places(sluice, folder):
    config = folder / "bad.yaml"
    config.write_text(TEN_MISTAKES)
    done = subprocess.run([sluice, "check", config], text=True, capture_output=True, check=False, timeout=60)
    said = done.stdout + done.stderr
    assert done.returncode == 1, said
    for line in (2, 3, 4, 6, 7, 9, 11, 12, 14):
        assert f"bad.yaml:{line}:" in said, f"nothing about line {line}:\n{said}"
    for word in ("port", "web_events", "error:"):
        assert word in said, f"{word} is not in {said}"


def test_rule_mistakes_are_reported_with_their_places(sluice, folder):
    config = folder / "bad.yaml"
    config.write_text("\n".join([
        "datasets: {web_events: {}}", 'destinations: {crm: {url: "http://127.0.0.1:1"}}', "rules:", "  all:",
        "    source: web_events", "    rules:", '      - {name: a, when: "event.n >", to: crm, request: {path: /}}',
        "      - {name: b, when: event.n > 1, to: crn, request: {path: /}}"]) + "\n")
    done = subprocess.run([sluice, "check", config], text=True, capture_output=True, check=False, timeout=60)
    said = done.stdout + done.stderr
    assert done.returncode == 1 and "bad.yaml:7:" in said and "bad.yaml:8:" in said, said


def test_a_busy_port_is_named(sluice, folder):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        gateway = Gateway(sluice, folder, simple({"gateway": {"edge": {"address": "127.0.0.1", "port": port}}}))
        code, _ = fails_to_start(gateway, port)
        assert code == 3


def test_a_data_folder_that_can_not_be_written_is_named(sluice, folder):
    (folder / "file").write_text("in the way")
    gateway = Gateway(sluice, folder, simple({"gateway": {"data_dir": str(folder / "file")}}))
    code, _ = fails_to_start(gateway, folder / "file")
    assert code == 3


def test_a_second_gateway_on_the_same_data_is_refused(sluice, folder):
    first = Gateway(sluice, folder, simple())
    try:
        first.start()
        second = Gateway(sluice, folder, simple({"gateway": {"data_dir": str(folder / "data")}}))
        code, _ = fails_to_start(second, "data")
        assert code == 3
        first.stop()
    finally:
        first.end()


def test_sigterm_ends_with_0_and_nothing_in_flight_is_lost(sluice, folder):
    sink = Sink(sluice, folder, "--delay", "30ms")
    gateway = Gateway(sluice, folder, forwarding(sink.port))
    try:
        gateway.start()
        body = json.dumps([{"_id": str(n)} for n in range(500)])
        assert request(gateway.edge, "POST", "/v1/events?datastream=web", body, JSON)[0] == 202
        began = time.monotonic()
        gateway.stop()
        assert time.monotonic() - began < 30
        gateway.start()
        wait_until(lambda: len({r["body"]["_id"] for r in sink.records("/a")}) == 500, "every event")
        gateway.stop()
    finally:
        gateway.end()
        sink.kill()


def test_sighup_takes_over_a_changed_rule_and_refuses_a_broken_one(sluice, folder):
    sink = Sink(sluice, folder)
    gateway = Gateway(sluice, folder, forwarding(sink.port, "/before"))
    try:
        gateway.start()
        post(gateway)
        wait_until(lambda: sink.count("/before") == 1, "the first event")
        good = gateway.config_file.read_text()
        gateway.config_file.write_text(good.replace("path: /before", "path: '/{{ nonsense('"))
        gateway.program.process.send_signal(signal.SIGHUP)
        wait_until(lambda: "error" in gateway.program.tail(), "a complaint in the log")
        post(gateway)
        wait_until(lambda: sink.count("/before") == 2, "the old rule at work")
        gateway.config_file.write_text(good.replace("/before", "/after"))
        gateway.program.process.send_signal(signal.SIGHUP)

        def new_rule():
            post(gateway)
            return sink.count("/after") > 0
        wait_until(new_rule, "the new rule")
        gateway.stop()
    finally:
        gateway.end()
        sink.kill()


def test_a_reload_that_cannot_be_built_goes_on_with_the_old_configuration(sluice, folder):
    sink = Sink(sluice, folder)
    gateway = Gateway(sluice, folder, forwarding(sink.port, "/old"))
    try:
        gateway.start()
        post(gateway)
        wait_until(lambda: sink.count("/old") == 1, "the first event")
        good = gateway.config_file.read_text()
        unusable = good.replace("url: http://", "tls: {ca_file: /no/such/file.pem}\n    url: https://")
        assert unusable != good
        gateway.config_file.write_text(unusable)
        gateway.program.process.send_signal(signal.SIGHUP)
        wait_until(lambda: "reload failed" in gateway.program.tail(), "a complaint in the log")
        post(gateway)
        wait_until(lambda: sink.count("/old") == 2, "the old configuration at work")
        gateway.stop()
    finally:
        gateway.end()
        sink.kill()


def post(gateway):
    assert request(gateway.edge, "POST", "/v1/events?datastream=web", b'{"n":1}', JSON)[0] == 202


def test_a_destination_that_never_answers_does_not_hold_the_others(sluice, folder):
    hanging, sink = Sink(sluice, folder, "--hang", name="hanging"), Sink(sluice, folder)
    config = forwarding(sink.port)
    config["destinations"]["slow"] = {"url": f"http://127.0.0.1:{hanging.port}", "allow_private": ["127.0.0.0/8"]}
    config["rules"]["all"]["rules"].append({"name": "slow", "to": "slow", "request": {"path": "/"}})
    gateway = Gateway(sluice, folder, config)
    try:
        gateway.start()
        body = json.dumps([{"_id": str(n)} for n in range(300)])
        assert request(gateway.edge, "POST", "/v1/events?datastream=web", body, JSON)[0] == 202
        wait_until(lambda: sink.count() == 300, "the healthy destination", 10)
        gateway.stop()
    finally:
        gateway.end()
        hanging.kill()
        sink.kill()


def test_health_and_metrics_answer_and_unknown_pages_do_not(sluice, folder):
    gateway = Gateway(sluice, folder, simple())
    try:
        gateway.start()
        for port, target in ((gateway.edge, "/healthz"), (gateway.edge, "/readyz"), (gateway.admin, "/healthz"),
                             (gateway.admin, "/metrics"), (gateway.admin, "/"), (gateway.admin, "/api/v1/status")):
            assert request(port, "GET", target)[0] == 200, target
        assert request(gateway.admin, "GET", "/nothing")[0] == 404
        done = gateway.command("status", "--config", str(gateway.config_file))
        assert done.returncode == 0, done.stdout + done.stderr
        gateway.stop()
    finally:
        gateway.end()


def test_the_receiver_obeys_its_options(sluice, folder):
    sink = Sink(sluice, folder, "--status", "200,503x2,404", "--retry-after", "7", "--body", '{"ok":1}')
    try:
        answers = [request(sink.port, "POST", "/x", b"{}") for _ in range(4)]
        assert [status for status, _, _ in answers] == [200, 503, 503, 404]
        assert answers[0][2] == b'{"ok":1}' and "retry-after" not in answers[0][1]
        assert answers[1][1]["retry-after"] == "7"
        with socket.create_connection(("127.0.0.1", sink.port)) as raw:
            raw.sendall(b"POST /p HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n3\r\n[1,\r\n2\r\n2]\r\n0\r\n\r\n"
                        b"GET /q HTTP/1.1\r\nconnection: close\r\n\r\n")
            answer = b""
            while part := raw.recv(4096):
                answer += part
        assert answer.count(b"HTTP/1.1 404") == 2, answer
        assert [r["body"] for r in sink.records("/p")] == [[1, 2]]
        assert sink.terminate() == 0
    finally:
        sink.kill()
    bad = subprocess.run([sluice, "sink", "--status", "abc"], capture_output=True, text=True, check=False, timeout=60)
    assert bad.returncode == 2 and "503x3" in bad.stderr, bad
    busy = Program([sluice, "sink", "--port", free_port()], folder / "first.log")
    try:
        port = int(wait_until(lambda: [w for w in busy.tail().split() if "http" in w], "the port")[0].rsplit(":", 1)[1])
        second = subprocess.run([sluice, "sink", "--port", str(port)], capture_output=True, text=True, check=False,
                                timeout=60)
        assert second.returncode == 3 and str(port) in second.stderr, second
    finally:
        busy.kill()


if __name__ == "__main__":
    run_tests(globals(), __doc__)
