"""The load test case of the Kafka engine: what it reaches beside a plain librdkafka producer on the same broker."""
import json
import shutil
import statistics
import subprocess
import sys

from loadtest.log_cases import TARGET, against
from scripts import kafka_broker
from tests.support.processes import Gateway

PRODUCER_CORE, BROKER_CORE = "0", "1"


def kafka(test):
    problem = kafka_broker.why_not()
    if problem:
        return {"skipped": problem}
    broker = kafka_broker.Broker(test.folder / "kafka", heap="512m")
    try:
        broker.start()
        test.pin(broker.process.pid, BROKER_CORE)
        return beside_plain(test, broker) | whole_gateway(test, broker)
    finally:
        broker.kill()


def beside_plain(test, broker):
    """Medians of the rounds; every run has a new topic."""
    ours = {f"sluice, {events} events a write": ["--engine", "sluice", "--write-events", str(events), "--in-flight",
                                                 str(in_flight)] for events, in_flight in test.load["writes"].items()}
    runs = {"plain producer": ["--engine", "plain"], "plain producer, same headers": ["--engine", "plain_with_headers"]}
    runs |= ours
    found = {name: [] for name in runs}
    one_run(test, broker, "warmup", runs["plain producer"])
    for turn in range(test.load["rounds"]):
        for number, (name, arguments) in enumerate(runs.items()):
            found[name].append(one_run(test, broker, f"run{turn}-{number}", arguments))
    middle = {name: {key: statistics.median(r[key] for r in reports) for key in ("events_per_second", "cpu_us_per_event")}
              for name, reports in found.items()}
    rate = middle["plain producer"]["events_per_second"]
    first = next(iter(ours))
    ratios = {f"ratio to the plain producer, {name}": round(middle[name]["events_per_second"] / rate, 3) for name in ours}
    ratios[f"ratio to the plain producer, {first}"] = against(ratios[f"ratio to the plain producer, {first}"], 0.7, False)
    ratios["CPU of the plain producer, share of ours"] = round(
        middle["plain producer"]["cpu_us_per_event"] / middle[first]["cpu_us_per_event"], 3)
    with_headers = middle["plain producer, same headers"]["events_per_second"]
    return middle | ratios | {"ratio to the plain producer with the same headers":
                              round(middle[first]["events_per_second"] / with_headers, 3)}


def one_run(test, broker, name, arguments):
    done = subprocess.run(["taskset", "-c", PRODUCER_CORE, test.build / "kafka_rate", "--brokers", broker.address,
                           "--prefix", f"{name}.", "--events", str(test.load["events"]),
                           "--partitions", str(test.load["partitions"]), *arguments],
                          capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"kafka_rate: {done.stderr}")
    return json.loads(done.stdout.splitlines()[-1])


def whole_gateway(test, broker):
    config = test.config()
    config["gateway"]["kafka"] = {"brokers": [broker.address], "topic_prefix": "gateway."}
    gateway = Gateway(test.sluice, test.folder, config)
    try:
        gateway.start()
        pid = gateway.program.pid
        test.pin_server(pid)
        load = test.generate(gateway.edge, TARGET, [pid], test.load["rate"], test.load["seconds"], test.load["batch"])
        gateway.stop()
    finally:
        gateway.end()
        shutil.rmtree(test.folder / "data", ignore_errors=True)
    return {f"the whole gateway, POSTs of {test.load['batch']} events": {
        "events_per_second": round(load["accepted"] / test.load["seconds"]),
        "cpu_us_per_event": load["cpu_us_per_event"], "p50_ms": load["p50_us"] / 1000, "p99_ms": load["p99_us"] / 1000,
        "by_status": load["by_status"]}}
