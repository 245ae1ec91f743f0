#!/usr/bin/env python3
"""An event keeps its bytes on every way through the gateway: log, tail, delivery, retries, dead letters, export."""
import contextlib
import gzip
import http.server
import json
import pathlib
import sys
import threading

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent.parent))
from tests.support.harness import run_tests  # noqa: E402
from tests.support.processes import Gateway, request, wait_until  # noqa: E402

TARGET = "/v1/events?datastream=web"
JSON = {"content-type": "application/json"}
# `_id` names what the receiver answers; the rest is what a careless program would change
NASTY = {
    "numbers": '{"_id":"numbers","a":123456789012345678901234567890,"b":1.10,"c":1e400,"d":-0.0,"e":1E+2,"f":0.1e-7,'
               '"g":18446744073709551616,"h":-9223372036854775809,"i":5e-324,"j":100000000000000000000000.00}',
    "order": '{"_id":"order","z":1,"a":2,"m":{"y":[3,2,1],"b":{},"a":[]},"":"empty name"}',
    "escapes": '{"_id":"escapes","text":"\\u00e9\\u20AC\\ud83d\\ude00 \\/ \\" \\\\ \\b\\f\\n\\r\\t \\u0000 \\u001F",'
               '"k\\u0065y":"\\uD834\\uDD1E"}',
    "unicode": '{"_id":"unicode","text":"é€😀\u2028\u2029\u00a0\ufeff\u202e\U0010ffff","ключ":"значение"}',
    "space": '{ "_id" :\t"space" , "a" : [ 1 ,2 , 3 ] ,"b":{ } ,  "c":"  two  spaces  " }',
    "deep": '{"_id":"deep","a":' + "[" * 40 + "1" + "]" * 40 + "}",
    "html": '{"_id":"html","a":"<script>alert(1)</script>&amp;\'","event":{"event":",\\"event\\":"}}',
    "large": '{"_id":"large","a":"' + "x" * 300_000 + '","n":0.30000000000000004}',
}
LINES = '{\r\n  "_id": "lines",\n  "a": [\n    1.0,\n    2.50\n  ]\n}'


class Receiver:
    """Keeps bodies as bytes; answers 503 to the first request of an event at /retry, 400 at /dead, else 200."""

    def __init__(self):
        self.bodies, self.seen = [], set()
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):  # noqa: N802, a name that the library asks for
                body = self.rfile.read(int(self.headers["content-length"]))
                path, event = self.path, self.headers["webhook-id"]
                receiver.bodies.append((path, body))
                status = 400 if path == "/dead" else 200
                if path == "/retry" and event not in receiver.seen:
                    receiver.seen.add(event)
                    status = 503
                self.send_response(status)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def got(self, path):
        return [body for where, body in self.bodies if where == path]


@contextlib.contextmanager
def running(sluice, folder):
    receiver = Receiver()
    where = {"url": f"http://127.0.0.1:{receiver.port}", "allow_private": ["127.0.0.0/8"]}
    names = ("plain", "retry", "dead")
    config = {"datastreams": {"web": {"dataset": "events"}}, "datasets": {"events": {}},
              "destinations": {n: where | {"retry": {"inline_attempts_max": 1, "schedule": ["1s"]}} for n in names},
              "rules": {"all": {"source": "events", "rules": [
                  {"name": n, "to": n, "request": {"path": f"/{n}"}} for n in names]}},
              "exports": {"files": {"dataset": "events", "directory": str(folder / "files"), "format": "ndjson"}}}
    gateway = Gateway(sluice, folder, config)
    try:
        gateway.start()
        yield gateway, receiver
        gateway.stop()
    finally:
        gateway.end()
        receiver.server.shutdown()


def accept(gateway, body, headers=None):
    status, _, answer = request(gateway.edge, "POST", TARGET, body, headers or JSON)
    assert status == 202, f"{status}: {answer[:300]} for {body[:80]}"


def printed(gateway, *arguments):
    done = gateway.command(*arguments, "-c", "sluice.yaml")
    assert done.returncode == 0, done
    return done.stdout


def raw_events(lines):
    """The text behind `"event":` of each line, without a JSON reader that could change it."""
    return [line[line.index(',"event":') + len(',"event":'):-1] for line in lines.split("\n") if line]


def exported(folder):
    text = b"".join(gzip.decompress(p.read_bytes()) for p in sorted((folder / "files").rglob("*.json.gz")))
    return text.decode().split("\n")[:-1]


def same(found, wanted, where):
    missing = [w[:200] for w in wanted if w not in found]
    assert not missing and len(found) == len(wanted), f"{where}: {len(found)} found; changed or missing: {missing}"


def test_every_way_keeps_the_bytes(sluice, folder):
    bodies = list(NASTY.values())
    with running(sluice, folder) as (gateway, receiver):
        for body in bodies[:3]:
            accept(gateway, body.encode())
        accept(gateway, "\n".join(bodies[3:5]).encode(), {"content-type": "application/x-ndjson"})
        accept(gateway, ("[ " + " ,\n".join(bodies[5:]) + " ]").encode())
        sent = [body.encode() for body in bodies]
        wait_until(lambda: len(receiver.got("/plain")) >= len(sent), "deliveries")
        same(receiver.got("/plain"), sent, "delivery")
        wait_until(lambda: len(receiver.got("/retry")) >= 2 * len(sent), "second attempts out of the retry log")
        same(receiver.got("/retry"), sent + sent, "delivery after a retry")
        letters = wait_until(lambda: len(lines := printed(gateway, "dead", "list", "dead", "--json").split("\n"))
                             > len(sent) and "\n".join(lines), "dead letters")
        same(raw_events(letters), bodies, "dead list")
        shown = printed(gateway, "dead", "show", "dead")
        assert all(f'"event": {body}\n' in shown for body in bodies), "dead show"
        for dataset in ("events", "_retry.retry", "_dead.dead"):
            same(raw_events(printed(gateway, "tail", dataset)), bodies, f"tail {dataset}")
        same(raw_events(printed(gateway, "tail", "events", "--where", "has(event._id)")), bodies, "tail --where")
        printed(gateway, "dead", "redrive", "dead")
        wait_until(lambda: len(receiver.got("/dead")) >= 2 * len(sent), "the redrive")
        same(receiver.got("/dead"), sent + sent, "redrive")
        printed(gateway, "replay", "events", "plain")
        wait_until(lambda: len(receiver.got("/plain")) >= 2 * len(sent), "the replay")
        same(receiver.got("/plain"), sent + sent, "replay")
    same(raw_events(printed(gateway, "tail", "events")), bodies, "tail without a gateway")
    printed(gateway, "export", "run", "files")
    same(exported(folder), bodies, "export")


def test_line_ends_stay_in_a_delivery_and_are_spaces_in_lines(sluice, folder):
    with running(sluice, folder) as (gateway, receiver):
        accept(gateway, LINES.encode())
        wait_until(lambda: receiver.got("/plain"), "the delivery")
        same(receiver.got("/plain"), [LINES.encode()], "delivery")
        flat = LINES.replace("\r", " ").replace("\n", " ")
        same(raw_events(printed(gateway, "tail", "events")), [flat], "tail")
    printed(gateway, "export", "run", "files")
    same(exported(folder), [flat], "export")
    assert json.loads(flat) == json.loads(LINES)


def test_twice_the_same_name_is_refused_rather_than_changed(sluice, folder):
    with running(sluice, folder) as (gateway, _):
        for body in ('{"a":1,"a":2}', '{"a":{"b":1,"\\u0062":2}}'):
            status, _, answer = request(gateway.edge, "POST", TARGET, body.encode(), JSON)
            assert status == 400 and "twice" in json.loads(answer)["detail"], (body, status, answer)


if __name__ == "__main__":
    run_tests(globals(), __doc__)
