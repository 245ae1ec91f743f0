"""What the crash tests share: a gateway's configuration, producers that keep every acknowledged id, and
waiting until everything has arrived. The oracle judges (tests/support/oracle.py)."""
import base64
import json
import random
import signal
import socket
import threading
import time

from tests.support.oracle import Oracle, payload_of
from tests.support.processes import Gateway, Sink, request, wait_until

PRODUCERS = 8
IN_FLIGHT_MAX = 64              # of the lane; what a kill may repeat
STUCK_SECONDS_MAX = 10


def configuration(sink_port):
    return {
        "datastreams": {"web": {"dataset": "events"}},
        "datasets": {"events": {"partitions": 2}},
        "destinations": {"sink": {"url": f"http://127.0.0.1:{sink_port}/in",
                                  "allow_private": ["127.0.0.0/8"], "in_flight_max": IN_FLIGHT_MAX}},
        "rules": {"all": {"source": "events", "rules": [
            {"name": "all", "to": "sink", "request": {"path": "/", "body": {
                "map": {"id": "event._id", "payload": "event.payload"}}}}]}},
    }


class Run:
    """A gateway and its receiver that outlive many faults, and what was acknowledged."""

    def __init__(self, sluice, folder, environment=None, config=configuration, data_dir=None):
        self.oracle = Oracle()
        self.sink = Sink(sluice, folder)
        settings = config(self.sink.port)
        if data_dir:
            settings.setdefault("gateway", {})["data_dir"] = str(data_dir)
        self.gateway = Gateway(sluice, folder, settings, environment)

    def kill_after(self, cycle, seconds, holds_deliveries=False, pad_bytes=0):
        """With the receiver stopped what was acknowledged is in the log alone when the kill comes."""
        def until():
            time.sleep(seconds)
            self.gateway.kill()
        if holds_deliveries:
            self.sink.process.send_signal(signal.SIGSTOP)
        try:
            load(self.gateway, cycle, self.oracle, until, pad_bytes)
        finally:
            self.sink.process.send_signal(signal.SIGCONT)

    def finish(self):
        self.gateway.start()
        settle(self.sink, self.oracle, 15)
        send_fresh(self.gateway, self.sink, self.oracle)
        verdict = settle(self.sink, self.oracle, 15)
        self.gateway.stop()
        return verdict

    def __enter__(self):
        return self

    def __exit__(self, kind, failed, trace):
        self.gateway.end()
        self.sink.kill()
        if kind is AssertionError:
            raise AssertionError(f"{failed}\n{self.gateway.program.tail(3000)}") from None


class Producer(threading.Thread):
    """Posts one event after the other on one connection until the gateway dies or `stop` is set."""

    def __init__(self, port, name, stop, pad_bytes=0):
        super().__init__(daemon=True)
        self.port, self.prefix, self.stop, self.pad_bytes = port, name, stop, pad_bytes
        self.acked, self.unknown = [], []
        self.refusals = []  # time and Retry-After of each 503

    def run(self):
        number = 0
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=20) as connection:
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                while not self.stop.is_set():
                    event_id = f"{self.prefix}-{number}"
                    number += 1
                    status = self.post(connection, event_id)
                    if status == 202:
                        self.acked.append(event_id)
                    elif status in (429, 503):
                        self.unknown.append(event_id)
                        time.sleep(0.01)
                    else:
                        raise AssertionError(f"status {status}")
        except OSError:
            return

    def post(self, connection, event_id):
        event = {"_id": event_id, "payload": payload_of(event_id)}
        if self.pad_bytes:
            event["pad"] = base64.b64encode(random.randbytes(self.pad_bytes)).decode()
        body = json.dumps(event)
        head = (f"POST /v1/events?datastream=web HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n"
                f"content-length: {len(body)}\r\n\r\n")
        try:
            connection.sendall((head + body).encode())
            answer = b""
            while b"\r\n\r\n" not in answer:
                answer += self.receive(connection)
            head, _, rest = answer.partition(b"\r\n\r\n")
            length = next((int(line.split(b":")[1]) for line in head.lower().split(b"\r\n")
                           if line.startswith(b"content-length:")), 0)
            while len(rest) < length:
                rest += self.receive(connection)
            status = int(head.split(b" ", 2)[1])
            if status == 503:
                self.refusals.append((time.monotonic(), b"\nretry-after:" in head.lower()))
            return status
        except OSError:
            self.unknown.append(event_id)
            raise

    @staticmethod
    def receive(connection):
        data = connection.recv(65536)
        if not data:
            raise ConnectionResetError("closed")
        return data


def load(gateway, cycle, oracle, until, pad_bytes=0):
    """Posts from all producers; `until()` returns when the gateway is dead or dying, or enough is posted."""
    stop = threading.Event()
    producers = [Producer(gateway.edge, f"p{cycle}.{n}", stop, pad_bytes) for n in range(PRODUCERS)]
    for producer in producers:
        producer.start()
    try:
        until()
    finally:
        stop.set()
        for producer in producers:
            producer.join()
            oracle.acked.update(producer.acked)
            oracle.unknown.update(producer.unknown)


def settle(sink, oracle, patience=30):
    """Waits until all that was acknowledged has arrived, or nothing has moved for a while."""
    last, since = -1, time.monotonic()
    while True:
        verdict = oracle.judge(sink.records("/in"))
        moved = verdict.seen + verdict.duplicates
        if not verdict.lost:
            return verdict
        if moved != last:
            last, since = moved, time.monotonic()
        if time.monotonic() - since > patience:
            return verdict
        time.sleep(0.5)


def send_fresh(gateway, sink, oracle, event_id="fresh-0"):
    """Nothing may be stuck: an event posted after all faults arrives within seconds."""
    body = json.dumps({"_id": event_id, "payload": payload_of(event_id)})
    status = request(gateway.edge, "POST", "/v1/events?datastream=web", body,
                     {"content-type": "application/json"})[0]
    assert status == 202, f"status {status} for a fresh event"
    oracle.acked.add(event_id)
    wait_until(lambda: any(r["body"]["id"] == event_id for r in sink.records("/in")),
               "a fresh event after the faults", STUCK_SECONDS_MAX)


def run_all(tests, options):
    """Runs the functions, each gives (report, faults); prints the count last and returns the exit code."""
    passed = failed = 0
    for test in tests:
        began = time.monotonic()
        try:
            report, faults = test(options)
        except AssertionError as stopped:
            report, faults = test.__name__, [str(stopped)]
        passed, failed = passed + (not faults), failed + bool(faults)
        print(f"{'FAIL' if faults else 'ok  '} {report}  ({time.monotonic() - began:.0f} s)", flush=True)
        for fault in faults:
            print("     " + fault)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0
