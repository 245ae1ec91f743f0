#!/usr/bin/env python3
"""kill -9 under load, again and again, judged by an oracle that knows every acknowledged id.

Three tests: the oracle finds planted faults; nothing acknowledged is lost; a gateway that acknowledges
before it writes (SLUICE_TEST_ACK_BEFORE_WRITE=1) does lose, which proves that the test can see a loss.
The last line is `N passed, N failed`.
"""
import argparse
import json
import os
import pathlib
import random
import socket
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT))
from tests.support.oracle import Oracle, payload_of, self_test  # noqa: E402
from tests.support.processes import Gateway, Sink, request, wait_until  # noqa: E402

PRODUCERS = 8
ACKS_PER_CYCLE_MIN = 5          # fewer on average: a hollow run proves nothing
IN_FLIGHT_MAX = 64              # of the lane; what a kill may repeat
COMMIT_LAG_MAX = 2000           # delivered, and the cursor not yet written
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


class Producer(threading.Thread):
    """Posts one event after the other on one connection until the gateway dies or `stop` is set."""

    def __init__(self, port, name, stop):
        super().__init__(daemon=True)
        self.port, self.prefix, self.stop = port, name, stop
        self.acked, self.unknown = [], []

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
        body = json.dumps({"_id": event_id, "payload": payload_of(event_id)})
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
            return int(head.split(b" ", 2)[1])
        except OSError:
            self.unknown.append(event_id)
            raise

    @staticmethod
    def receive(connection):
        data = connection.recv(65536)
        if not data:
            raise ConnectionResetError("closed")
        return data


def load_and_kill(gateway, cycle, seconds, oracle):
    stop = threading.Event()
    producers = [Producer(gateway.edge, f"p{cycle}.{n}", stop) for n in range(PRODUCERS)]
    for producer in producers:
        producer.start()
    time.sleep(seconds)
    gateway.kill()
    stop.set()
    for producer in producers:
        producer.join()
        oracle.acked.update(producer.acked)
        oracle.unknown.update(producer.unknown)


def settle(sink, oracle, patience):
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


def send_fresh(gateway, sink, oracle):
    """Nothing may be stuck: an event posted after all faults arrives within seconds."""
    event_id = "fresh-0"
    body = json.dumps({"_id": event_id, "payload": payload_of(event_id)})
    status = request(gateway.edge, "POST", "/v1/events?datastream=web", body,
                     {"content-type": "application/json"})[0]
    assert status == 202, f"status {status} for a fresh event"
    oracle.acked.add(event_id)
    wait_until(lambda: any(r["body"]["id"] == event_id for r in sink.records("/in")),
               "a fresh event after the faults", STUCK_SECONDS_MAX)


def run_cycles(sluice, cycles, seed, environment=None, until_loss=False, seconds=(0.05, 0.6)):
    """The verdict over all cycles; with `until_loss` it ends at the first loss."""
    rng = random.Random(seed)
    oracle = Oracle()
    with tempfile.TemporaryDirectory(prefix="kill9-") as folder:
        sink = Sink(sluice, folder)
        gateway = Gateway(sluice, folder, configuration(sink.port), environment)
        try:
            for cycle in range(cycles):
                gateway.start()
                load_and_kill(gateway, cycle, rng.uniform(*seconds), oracle)
                if until_loss and cycle % 5 == 4:
                    gateway.start()
                    verdict = settle(sink, oracle, 3)
                    gateway.kill()
                    if verdict.lost:
                        return verdict
            gateway.start()
            if not until_loss:
                settle(sink, oracle, 15)
                send_fresh(gateway, sink, oracle)
            verdict = settle(sink, oracle, 15)
            gateway.stop()
            return verdict
        except AssertionError as failed:
            raise AssertionError(f"{failed}\n{gateway.program.tail(3000)}") from None
        finally:
            gateway.end()
            sink.kill()


def nothing_is_lost(options):
    verdict = run_cycles(options.sluice, options.cycles, options.seed)
    faults = verdict.faults(options.cycles * (IN_FLIGHT_MAX + COMMIT_LAG_MAX))
    if verdict.acked < options.cycles * ACKS_PER_CYCLE_MIN:
        faults.append(f"a hollow run: {verdict.acked} acknowledged in {options.cycles} cycles")
    return f"{options.cycles} kills: {verdict}", faults


def control_loses(options):
    environment = dict(os.environ, SLUICE_TEST_ACK_BEFORE_WRITE="1")
    verdict = run_cycles(options.sluice, options.control_cycles, options.seed + 1, environment, True)
    return f"control: {verdict}", [] if verdict.lost else [
        "a gateway that acknowledges before it writes lost nothing: this test can't see a loss"]


def oracle_is_sharp(_):
    fault = self_test()
    return "the oracle finds planted faults", [fault] if fault else []


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--sluice", required=True, type=lambda p: pathlib.Path(p).resolve())
    arguments.add_argument("--cycles", type=int, default=int(os.environ.get("SLUICE_KILL_CYCLES", "50")))
    arguments.add_argument("--control-cycles", type=int, default=40)
    arguments.add_argument("--seed", type=int, default=None)
    options = arguments.parse_args()
    options.seed = options.seed if options.seed is not None else random.randrange(1 << 30)
    print(f"seed {options.seed}")
    passed = failed = 0
    for test in (oracle_is_sharp, nothing_is_lost, control_loses):
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
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
