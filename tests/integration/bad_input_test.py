#!/usr/bin/env python3
"""Bad requests get a clear answer, the connection and the gateway survive, nothing accepted is lost."""
import contextlib
import json
import pathlib
import re
import socket
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent.parent))
from tests.support.harness import run_tests  # noqa: E402
from tests.support.processes import Gateway, Sink, request, wait_until  # noqa: E402

TARGET = "/v1/events?datastream=web"
JSON = {"content-type": "application/json"}


def configuration(sink_port, gateway=None):
    return {"gateway": gateway or {},
            "datastreams": {"web": {"dataset": "events"}}, "datasets": {"events": {}},
            "destinations": {"all": {"url": f"http://127.0.0.1:{sink_port}", "allow_private": ["127.0.0.0/8"]}},
            "rules": {"all": {"source": "events", "rules": [{"name": "all", "to": "all", "request": {"path": "/"}}]}}}


@contextlib.contextmanager
def running(sluice, folder, gateway=None):
    sink = Sink(sluice, folder)
    started = Gateway(sluice, folder, configuration(sink.port, gateway))
    try:
        started.start()
        yield started, sink
        started.stop()
    finally:
        started.end()
        sink.kill()


def refused(gateway, body, statuses, headers=None):
    status, answer_headers, answer = request(gateway.edge, "POST", TARGET, body, headers or JSON)
    assert status in statuses, f"{status} for {body[:60]!r}: {answer[:300]!r}"
    names = {name.lower(): value for name, value in answer_headers.items()}
    assert names["content-type"].startswith("application/problem+json"), names
    problem = json.loads(answer)
    assert problem["status"] == status and problem["detail"] and problem["title"], problem
    return problem


def accepted(gateway, body, headers=None):
    status, _, answer = request(gateway.edge, "POST", TARGET, body, headers or JSON)
    assert status == 202, f"{status}: {answer[:300]!r}"
    return json.loads(answer)["accepted"]


def test_each_kind_of_broken_body_is_refused_and_named(sluice, folder):
    with running(sluice, folder) as (gateway, sink):
        for body in (b'{"a":', b"", b"nonsense", b"42", b'"text"', b'{"a":1}}', b'{"a":01}', b"{'a':1}",
                     b'{"a":"\xff\xfe"}', b'{"a":"\x01"}', b"[" * 200 + b"]" * 200, b'{"a":' * 100 + b"1" + b"}" * 100):
            refused(gateway, body, (400, 413, 422))
        assert accepted(gateway, b'{"_id":"good"}') == 1
        wait_until(lambda: sink.count() == 1, "the good event")


def test_too_large_bodies_are_refused_with_413(sluice, folder):
    with running(sluice, folder) as (gateway, _):
        refused(gateway, b'{"a":"' + b"x" * (2 << 20) + b'"}', (413,))
        assert accepted(gateway, b'{"a":"' + b"x" * 900_000 + b'"}') == 1


def test_an_array_of_ten_thousand_events_is_accepted_and_one_more_is_not(sluice, folder):
    with running(sluice, folder) as (gateway, sink):
        many = [{"_id": str(n)} for n in range(10_000)]
        assert accepted(gateway, json.dumps(many)) == 10_000
        refused(gateway, json.dumps([*many, {}]), (400, 413))
        wait_until(lambda: sink.count() >= 10_000, "all events")


def test_numbers_are_kept_as_they_came(sluice, folder):
    with running(sluice, folder) as (gateway, sink):
        body = '{"_id":"n","big":123456789012345678901234567890,"exact":1.10,"tiny":1e400}'
        assert accepted(gateway, body) == 1
        wait_until(lambda: sink.count() == 1, "the event")
        # the receiver writes a body that it can't read as JSON, as 1e400, down as text
        record = sink.records()[0]
        assert record["body"] == body or body in sink.records_file.read_text(), f"the bytes changed: {record}"


def test_a_duplicate_key_is_refused_and_named(sluice, folder):
    with running(sluice, folder) as (gateway, _):
        problem = refused(gateway, '{"_id":"n","a":1,"a":2}', (400,))
        assert "twice" in problem["detail"], problem


def test_framing_attacks_end_the_connection_and_nothing_else(sluice, folder):
    with running(sluice, folder) as (gateway, _):
        head = f"POST {TARGET} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n"
        for text in (head + "content-length: 2\r\ntransfer-encoding: chunked\r\n\r\n{}",
                     head + "content-length: 2\r\ncontent-length: 3\r\n\r\n{}",
                     head + "content-length: +2\r\n\r\n{}", head + "content-length : 2\r\n\r\n{}",
                     head + "transfer-encoding: chunked\r\n\r\n2;\n{}\r\n0\r\n\r\n",
                     "POST /v1/events HTTP/1.1\r\n\r\n", "\x16\x03\x01\x02\x00\x01\x00"):
            with socket.create_connection(("127.0.0.1", gateway.edge), timeout=20) as raw:
                raw.sendall(text.encode("latin-1"))
                raw.shutdown(socket.SHUT_WR)
                answer = b""
                while part := raw.recv(65536):
                    answer += part
            assert answer == b"" or answer.startswith((b"HTTP/1.1 400", b"HTTP/1.1 501")), (text, answer[:80])
        assert accepted(gateway, b"{}") == 1


def test_pipelined_requests_are_answered_in_order(sluice, folder):
    with running(sluice, folder) as (gateway, _):
        one = (f"POST {TARGET} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n"
               "content-length: 2\r\n\r\n{}").encode()
        bad = (f"POST {TARGET} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n"
               "content-length: 1\r\nconnection: close\r\n\r\n{").encode()
        with socket.create_connection(("127.0.0.1", gateway.edge), timeout=20) as raw:
            raw.sendall(one + one + bad)
            answer = b""
            while part := raw.recv(65536):
                answer += part
        statuses = re.findall(rb"HTTP/1.1 (\d+) ", answer)
        assert statuses == [b"202", b"202", b"400"], answer


def test_an_event_that_a_rule_fails_on_goes_on_to_the_other_rules(sluice, folder):
    with running(sluice, folder) as (gateway, sink):
        assert accepted(gateway, b'[{"_id":"a","n":"text"},{"_id":"b","n":null},{"_id":"c"}]') == 3
        wait_until(lambda: sink.count() == 3, "all three")


if __name__ == "__main__":
    run_tests(globals(), __doc__)
