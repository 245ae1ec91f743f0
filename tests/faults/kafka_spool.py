#!/usr/bin/env python3
"""The spool of a gateway on Kafka over an outage and a kill; run by hand: it fails today (README, Honest limits).

Needs Java 17 and Maven. Last line: `N passed, N failed`.
"""
import json
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT))
from tests.integration.kafka_test import SHARED, event, post, start_one, status, wait_until  # noqa: E402
from tests.support.harness import run_tests  # noqa: E402


def test_the_spool_takes_events_during_an_outage_and_forwards_them_in_order(sluice, folder):
    gateway, sink = start_one(sluice, folder, "spool", spool={"enabled": True})
    try:
        assert post(gateway, event("p-0", "same"))[0] == 202
        SHARED.get().kill()
        wait_until(lambda: post(gateway, event("x-0", "same"))[0] == 202, "the spool to take over")
        for number in range(1, 40):
            assert post(gateway, event(f"p-{number}", "same"))[0] == 202
        figures = status(gateway)["log"]["figures"]
        assert figures["spool_events"] >= 40, figures
        gateway.kill()  # what is on the disk survives
        SHARED.get()
        gateway.start()
        assert post(gateway, event("p-40", "same"))[0] == 202
        wait_until(lambda: status(gateway)["log"]["figures"].get("spool_events") == 0, "an empty spool")
        wait_until(lambda: {f"p-{n}" for n in range(41)} <=
                   {r["body"]["id"] for r in sink.records("/in")}, "every delivery")
        told = gateway.command("tail", "events", "-c", gateway.config_file)
        order = [json.loads(line)["id"] for line in told.stdout.splitlines()]
        order = [i for i in order if i.startswith("p-")]
        assert order == [f"p-{n}" for n in range(41)], order
    finally:
        gateway.end()
        sink.kill()


if __name__ == "__main__":
    try:
        run_tests(globals(), __doc__)
    finally:
        SHARED.end()
