#!/usr/bin/env python3
"""Three gateways on one Kafka broker, one of the four killed or paused in every cycle, under load.

Judged by the oracle that knows every acknowledged id: nothing may be lost or altered. The control acknowledges
before the broker has confirmed (SLUICE_TEST_ACK_BEFORE_WRITE=1) and has to lose, which proves that a loss would
be seen. Needs Java 17 and Maven. Prints what it did; the last line is `N passed, N failed`.
"""
import argparse
import collections
import os
import pathlib
import random
import signal
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT))
from scripts import kafka_broker  # noqa: E402
from tests.support.kafka_cluster import (SESSION_SECONDS, Cluster, SharedBroker, configuration,  # noqa: E402
                                         load, settle)
from tests.support.oracle import Oracle, self_test  # noqa: E402
from tests.support.processes import Sink, wait_until  # noqa: E402

FAULTS = ["gateway", "gateway", "gateway", "broker", "pause"]


def kill_gateway(cluster, _, rng, takeovers):
    victim = rng.choice(cluster.gateways)
    victim.kill()
    if rng.random() < 0.3:
        began = time.monotonic()
        wait_until(cluster.all_owned, "the others to take over")
        takeovers.append(time.monotonic() - began)
    else:
        time.sleep(rng.uniform(0, 1))
    victim.start()


def kill_broker(_, shared, rng, __):
    shared.get().kill()
    time.sleep(rng.uniform(0, 1))
    shared.get()


def pause_gateway(cluster, _, rng, __):
    victim = rng.choice(cluster.gateways)
    os.kill(victim.program.pid, signal.SIGSTOP)
    time.sleep(rng.choice([1, SESSION_SECONDS + 2]))
    os.kill(victim.program.pid, signal.SIGCONT)


DO = {"gateway": kill_gateway, "broker": kill_broker, "pause": pause_gateway}


def run_cycles(sluice, shared, cycles, seed, faults, environment=None, until_loss=False, **kafka):
    """(verdict, what was done, seconds of each takeover)"""
    rng = random.Random(seed)
    done, oracle, takeovers = collections.Counter(), Oracle(), []
    with tempfile.TemporaryDirectory(prefix="kafka-kill-") as folder:
        sink = Sink(sluice, folder)
        config = configuration(shared.get(), sink.port, f"kill{seed}", **kafka)
        try:
            with Cluster(sluice, folder, config, 3, environment) as cluster:
                for cycle in range(cycles):
                    fault = rng.choice(faults)
                    done[fault] += 1
                    with load(cluster.gateways, oracle, seed=seed * 10_000 + cycle):
                        time.sleep(rng.uniform(0.2, 1.5))
                        DO[fault](cluster, shared, rng, takeovers)
                        time.sleep(rng.uniform(0, 0.5))
                    if until_loss and cycle % 3 == 2 and settle(sink, oracle, 2 * SESSION_SECONDS).lost:
                        break
                wait_until(lambda: all(g.is_ready() for g in cluster.gateways), "readiness at the end")
                wait_until(cluster.all_owned, "an owner of every partition")
                return settle(sink, oracle, 3 * SESSION_SECONDS), dict(done), takeovers
        finally:
            sink.kill()


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--sluice", required=True, type=lambda p: pathlib.Path(p).resolve())
    arguments.add_argument("--cycles", type=int, default=100)
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--spool", action="store_true", help="every gateway with a spool of its own")
    arguments.add_argument("--takeover-seconds-max", type=float, default=SESSION_SECONDS + 5,
                           help="of a gateway killed and not started again (more where all cores are busy)")
    options = arguments.parse_args()
    problem = kafka_broker.why_not()
    if problem:
        print(f"skipped: kills of gateways and broker: {problem}\n0 passed, 0 failed")
        return 0
    results = []

    def judge(name, problem):
        results.append(problem is None)
        print(f"{'ok  ' if problem is None else 'FAIL'} {name}{'' if problem is None else ': ' + problem}",
              flush=True)

    judge("the oracle finds planted faults", self_test())
    shared = SharedBroker()
    try:
        kafka = {"spool": {"enabled": True}} if options.spool else {}
        verdict, done, takeovers = run_cycles(options.sluice, shared, options.cycles, options.seed, FAULTS, **kafka)
        print(f"note: {options.cycles} cycles {done}: {verdict}")
        found = verdict.faults(duplicates_max=verdict.seen)
        if verdict.acked < 20 * options.cycles:
            found.append(f"only {verdict.acked} acknowledged: a hollow run")
        judge("nothing acknowledged is lost", "; ".join(found) or None)
        if takeovers:
            slowest = max(takeovers)
            print(f"note: {len(takeovers)} takeovers, the slowest {slowest:.1f} s; session timeout {SESSION_SECONDS} s")
            limit = options.takeover_seconds_max
            judge("the others take over in time",
                  None if slowest <= limit else f"{slowest:.1f} s, more than {limit} s")
        verdict, done, _ = run_cycles(options.sluice, shared, 12, options.seed + 1, ["gateway", "broker"],
                                   dict(os.environ, SLUICE_TEST_ACK_BEFORE_WRITE="1"), until_loss=True)
        print(f"     control, {done}: {verdict}")
        judge("a gateway that acknowledges before the broker does is found out",
              None if verdict.lost else "it lost nothing: this test would not see a loss")
    finally:
        shared.end()
    print(f"{sum(results)} passed, {len(results) - sum(results)} failed")
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
