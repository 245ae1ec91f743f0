#!/usr/bin/env python3
"""A gateway with a spool in front of a Kafka broker; broker and gateway are killed at random, under load.

Each cycle: the broker goes, the gateway is killed or reloaded at some moment (in the outage, before the broker is
back, while the spool drains), both come back in random order. Judged by the oracle: no acknowledged event may be lost
or altered, and the topic has the events of a key in the order of their answers. The control removes the spool's folder
after a kill and has to lose. Needs Java 17 and Maven. The last line is `N passed, N failed`.
"""
import argparse
import collections
import contextlib
import json
import os
import pathlib
import random
import shutil
import signal
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT))
from scripts import kafka_broker  # noqa: E402
from tests.support.kafka_cluster import (HEADERS, SharedBroker, configuration, event, settle,  # noqa: E402
                                         status)
from tests.support.oracle import Oracle, self_test  # noqa: E402
from tests.support.processes import Gateway, Program, Sink, request, wait_until  # noqa: E402

STREAMS = ("web", "app")  # two datasets: both have to spool although the first can't be opened
DRAIN_SECONDS = 120


def two_datasets(broker, sink_port, name):
    config = configuration(broker, sink_port, name, spool={"enabled": True})
    config["datasets"]["clicks"] = {"engine": "kafka", "partitions": 3}
    config["datastreams"]["app"] = {"dataset": "clicks", "key": "event.key"}
    config["rules"]["more"] = json.loads(json.dumps(config["rules"]["all"])) | {"source": "clicks"}
    return config


class Poster(threading.Thread):
    """One key: posts the next event when the last one is answered. An id is never used twice."""

    def __init__(self, gateway, key, stream):
        super().__init__(daemon=True)
        self.gateway, self.key, self.stream = gateway, key, stream
        self.end = threading.Event()
        self.acked, self.unknown = [], []

    def run(self):
        number = 0
        while not self.end.is_set():
            event_id = f"p-{self.key}-{number}"
            number += 1
            try:
                code = request(self.gateway.edge, "POST", f"/v1/events?datastream={self.stream}",
                               event(event_id, self.key), HEADERS, timeout=8)[0]
            except OSError:
                code = 0
            (self.acked if code == 202 else self.unknown).append(event_id)
            time.sleep(0.002 if code == 202 else 0.05)


@contextlib.contextmanager
def posting(gateway, oracle, seed):
    posters = [Poster(gateway, f"{seed}.{n}", STREAMS[n % 2]) for n in range(6)]
    for poster in posters:
        poster.start()
    try:
        yield posters
    finally:
        for poster in posters:
            poster.end.set()
        for poster in posters:
            poster.join()
            oracle.acked.update(poster.acked)
            oracle.unknown.update(poster.unknown)


def begin(gateway):
    """Starts it without waiting: the cluster may be away, and the next fault may come first."""
    gateway.program = Program([gateway.sluice, "run", gateway.config_file], gateway.folder / "gateway.log",
                              gateway.environment, cwd=gateway.folder)


def is_up(gateway):
    try:
        return request(gateway.admin, "GET", "/healthz", timeout=3)[0] == 200
    except OSError:
        return False


def spooled(gateway):
    return status(gateway)["log"]["figures"].get("spool_events", -1)


def one_cycle(gateway, shared, rng, done):
    pause = lambda longest: time.sleep(rng.uniform(0, longest))  # noqa: E731
    pause(1)
    shared.get().kill()
    pause(4)
    for _ in range(rng.choice([0, 1, 1, 2])):
        what = rng.choice(["kill", "kill", "reload"])
        if what == "reload" and is_up(gateway):  # before it listens a SIGHUP would end it
            os.kill(gateway.program.pid, signal.SIGHUP)
            done["reload in the outage"] += 1
        else:
            gateway.kill()
            begin(gateway)
            done["kill in the outage"] += 1
        pause(3)
    shared.get()
    if rng.random() < 0.7:  # while it drains, or just before
        pause(2)
        done["kill at the return"] += 1
        gateway.kill()
        pause(0.5)
        begin(gateway)
    pause(2)


def drain(gateway):
    wait_until(gateway.is_ready, "readiness")
    wait_until(lambda: spooled(gateway) == 0, "an empty spool", DRAIN_SECONDS)


def disorder(gateway, oracle):
    """Acknowledged events of a key that stand in the topic behind a later one; a sentence or None."""
    for dataset in ("events", "clicks"):
        told = gateway.command("tail", dataset, "-c", gateway.config_file)
        last = collections.defaultdict(int)
        for event_id in dict.fromkeys(json.loads(line)["id"] for line in told.stdout.splitlines()):
            if event_id not in oracle.acked:
                continue
            key, number = event_id.rsplit("-", 1)
            if int(number) < last[key]:
                return f"{event_id} of {dataset} stands behind number {last[key]}"
            last[key] = int(number)
    return None


def run_cycles(sluice, shared, cycles, seed, name):
    """(verdict, disorder, what was done)"""
    rng, done, oracle = random.Random(seed), collections.Counter(), Oracle()
    with tempfile.TemporaryDirectory(prefix="kafka-spool-") as folder:
        sink = Sink(sluice, folder)
        gateway = Gateway(sluice, folder, two_datasets(shared.get(), sink.port, f"{name}{seed}"))
        begin(gateway)  # the first outage may come before any lane has begun
        try:
            for cycle in range(cycles):
                with posting(gateway, oracle, cycle):
                    one_cycle(gateway, shared, rng, done)
            drain(gateway)
            verdict = settle(sink, oracle, 45)
            if verdict.lost:
                print(gateway.program.tail(6000))
            return verdict, disorder(gateway, oracle), dict(done)
        finally:
            gateway.end()
            sink.kill()


def run_control(sluice, shared, seed):
    """An outage, and a spool that is thrown away in it."""
    oracle = Oracle()
    with tempfile.TemporaryDirectory(prefix="kafka-spool-") as folder:
        sink = Sink(sluice, folder)
        gateway = Gateway(sluice, folder, two_datasets(shared.get(), sink.port, f"control{seed}"))
        gateway.start()
        try:
            shared.get().kill()
            with posting(gateway, oracle, 0):
                wait_until(lambda: spooled(gateway) > 50, "events in the spool")
            gateway.kill()
            shutil.rmtree(pathlib.Path(folder, "data", "spool"))
            shared.get()
            gateway.start()
            drain(gateway)
            return settle(sink, oracle, 15)
        finally:
            gateway.end()
            sink.kill()


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--sluice", required=True, type=lambda p: pathlib.Path(p).resolve())
    arguments.add_argument("--cycles", type=int, default=20)
    arguments.add_argument("--seed", type=int, default=1)
    options = arguments.parse_args()
    problem = kafka_broker.why_not()
    if problem:
        print(f"skipped: the spool in front of a broker: {problem}\n0 passed, 0 failed")
        return 0
    results = []

    def judge(name, problem):
        results.append(problem is None)
        print(f"{'ok  ' if problem is None else 'FAIL'} {name}{'' if problem is None else ': ' + problem}",
              flush=True)

    judge("the oracle finds planted faults", self_test())
    shared = SharedBroker()
    try:
        verdict, wrong, done = run_cycles(options.sluice, shared, options.cycles, options.seed, "cycles")
        print(f"     {options.cycles} cycles {done}: {verdict}")
        found = verdict.faults(duplicates_max=verdict.seen)
        if verdict.acked < 50 * options.cycles:
            found.append(f"only {verdict.acked} acknowledged: a hollow run")
        judge("nothing acknowledged is lost", "; ".join(found) or None)
        judge("events of a key stand in the order of their answers", wrong)
        verdict = run_control(options.sluice, shared, options.seed)
        print(f"     control: {verdict}")
        judge("a spool that is thrown away is found out",
              None if verdict.lost else "it lost nothing: this test would not see a loss")
    finally:
        shared.end()
    print(f"{sum(results)} passed, {len(results) - sum(results)} failed")
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
