"""Gateways on one real Kafka broker: what the tests of the Kafka engine and its fault tests share."""
import contextlib
import json
import os
import pathlib
import random
import signal
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT))
from scripts.kafka_broker import Broker  # noqa: E402
from tests.support.fault_run import settle  # noqa: E402, F401 (the tests take it from here)
from tests.support.oracle import payload_of  # noqa: E402
from tests.support.processes import Gateway, request, wait_until  # noqa: E402

SESSION_SECONDS = 6
PARTITIONS = 12
HEADERS = {"content-type": "application/json"}


def configuration(broker, sink_port, name, **kafka):
    """`name` keeps tests on the same broker apart: it is in the topics' prefix and in the group."""
    return {
        "gateway": {"kafka": {"brokers": [broker.address], "topic_prefix": f"{name}.", "group": name,
                              "session_timeout": f"{SESSION_SECONDS}s", "produce_timeout": "3s"} | kafka},
        "datastreams": {"web": {"dataset": "events", "key": "event.key"}},
        "datasets": {"events": {"engine": "kafka", "partitions": PARTITIONS}},
        # a request that met a fault comes again before a test takes its event for lost
        "destinations": {"sink": {"url": f"http://127.0.0.1:{sink_port}/in", "retry": {"schedule": ["1s", "3s"]},
                                  "allow_private": ["127.0.0.0/8"]}},
        "rules": {"all": {"source": "events", "rules": [
            {"name": "all", "to": "sink", "request": {"path": "/", "body": {
                "map": {"id": "event._id", "payload": "event.payload"}}}}]}},
    }


class Cluster:
    """Several gateways of one configuration, each with a folder and ports of its own."""

    def __init__(self, sluice, folder, config, count, environment=None):
        self.gateways = []
        for number in range(count):
            home = pathlib.Path(folder, f"gateway{number}")
            home.mkdir()
            self.gateways.append(Gateway(sluice, home, json.loads(json.dumps(config)), environment))

    def __enter__(self):
        for gateway in self.gateways:
            gateway.start()
        wait_until(self.all_owned, "every partition to have an owner")
        return self

    def __exit__(self, *_):
        for gateway in self.gateways:
            with contextlib.suppress(ProcessLookupError, AttributeError):
                os.kill(gateway.program.pid, signal.SIGCONT)
            gateway.end()

    def running(self):
        return [g for g in self.gateways if g.program and g.program.running()]

    def owners(self):
        """partition of `events` -> gateways that say they own it."""
        found = {n: [] for n in range(PARTITIONS)}
        for gateway in self.running():
            for partition in owned(gateway):
                found[partition].append(gateway)
        return found

    def all_owned(self):
        return all(len(each) == 1 for each in self.owners().values())


def status(gateway):
    try:
        return json.loads(request(gateway.admin, "GET", "/api/v1/status", timeout=3)[2])
    except (OSError, ValueError):
        return {"datasets": [], "lanes": [], "log": {"health": "", "reason": "", "figures": {}}}


def owned(gateway, dataset="events"):
    return [d["partition"] for d in status(gateway)["datasets"] if d["name"] == dataset and d["owned"]]


def whereabouts(gateway, event_id):
    """What the log knows of an event that did not arrive: for the message of a test that failed."""
    told = [f"{event_id}:"]
    for question in (["tail", "events", "--id", event_id], ["tail", "_retry.sink"], ["tail", "_dead.sink"],
                     ["cursors", "show"]):
        done = gateway.command(*question, "-c", gateway.config_file)
        told.append(f"{' '.join(question)}: {done.stdout[-2500:]}{done.stderr[-500:]}")
    return "\n".join(told)


def event(event_id, key=None):
    return json.dumps({"_id": event_id, "key": key or event_id, "payload": payload_of(event_id)})


def post(gateway, body, timeout=10):
    return request(gateway.edge, "POST", "/v1/events?datastream=web", body, HEADERS, timeout)


class Producer(threading.Thread):
    """Posts one event after the other to any gateway until told to stop; goes on after failures."""

    def __init__(self, gateways, prefix, seed):
        super().__init__(daemon=True)
        self.gateways, self.prefix, self.rng = gateways, prefix, random.Random(seed)
        self.stop = threading.Event()
        self.acked, self.unknown, self.surprises = [], [], []

    def run(self):
        number = 0
        while not self.stop.is_set():
            event_id = f"{self.prefix}-{number}"
            number += 1
            try:
                code = post(self.rng.choice(self.gateways), event(event_id), timeout=6)[0]
            except OSError:
                self.unknown.append(event_id)
                time.sleep(0.02)
                continue
            if code == 202:
                self.acked.append(event_id)
            elif code in (429, 503):
                self.unknown.append(event_id)
                time.sleep(0.02)
            else:
                self.surprises.append(code)


@contextlib.contextmanager
def load(gateways, oracle, producers=6, seed=1):
    """Posts while the body runs; afterwards the oracle knows what was acknowledged."""
    threads = [Producer(gateways, f"p{seed}.{n}", seed * 100 + n) for n in range(producers)]
    for thread in threads:
        thread.start()
    try:
        yield threads
    finally:
        for thread in threads:
            thread.stop.set()
        for thread in threads:
            thread.join()
            oracle.acked.update(thread.acked)
            oracle.unknown.update(thread.unknown)
            assert not thread.surprises, f"answers {set(thread.surprises)}"


class SharedBroker:
    """One broker for all tests of a file: its start takes longer than most tests."""

    def __init__(self, **options):
        self.options, self.broker, self.folder = options, None, None

    def get(self):
        if self.broker is None:
            self.folder = tempfile.TemporaryDirectory(prefix="kafka-")
            self.broker = Broker(self.folder.name, **self.options).start()
        elif self.broker.process.poll() is not None:
            self.broker.start()
        return self.broker

    def end(self):
        if self.broker:
            self.broker.kill()
            self.folder.cleanup()
