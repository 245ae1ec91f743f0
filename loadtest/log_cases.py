"""Load test cases of the event log, each printing its figure against the goal: what durability costs,
sustained appends beside RocksDB alone, restart with a large log, memory with a large backlog.
loadtest/run.py runs them; each gets a LoadTest."""
import concurrent.futures
import json
import os
import pathlib
import random
import shutil
import statistics
import subprocess
import sys
import time

from tests.support.processes import Gateway, Sink, request

TARGET = "/v1/events?datastream=web"
MIB = 1 << 20


def against(value, goal, smaller_is_better=True):
    reached = value <= goal if smaller_is_better else value >= goal
    return f"{value:g} (goal {'<=' if smaller_is_better else '>='} {goal:g}: {'reached' if reached else 'MISSED'})"


def durable(test):
    """fsync `group` and `off` in turns, the same load: the machine drifts, so several short rounds."""
    rounds = {"group": [], "off": []}
    for _ in range(test.load["rounds"]):
        for fsync in rounds:
            rounds[fsync].append(one_round(test, fsync))
    rates = {fsync: statistics.median(r["requests_per_second"] for r in found) for fsync, found in rounds.items()}
    p99 = {fsync: statistics.median(r["p99_us"] for r in found) / 1000 for fsync, found in rounds.items()}
    return {"events/s, fsync group": round(rates["group"]), "events/s, fsync off": round(rates["off"]),
            "p99 ms, fsync group": p99["group"], "p99 ms, fsync off": p99["off"],
            "ratio of throughput": against(round(rates["group"] / rates["off"], 3), 0.85, False),
            "p99 added, ms": against(round(p99["group"] - p99["off"], 2), 2)}


def one_round(test, fsync):
    shutil.rmtree(test.folder / "data", ignore_errors=True)
    config = test.config()
    config["gateway"]["store"] = {"fsync": fsync}
    gateway = Gateway(test.sluice, test.folder, config)
    try:
        gateway.start()
        test.pin_server(gateway.program.pid)
        report = test.generate(gateway.edge, TARGET, [gateway.program.pid], test.load["rate"], test.load["seconds"])
        gateway.stop()
        return report
    finally:
        gateway.end()


def append(test):
    """The embedded log and RocksDB alone in turns; every run in a folder of its own."""
    found = {"sluice": [], "rocksdb": []}
    for turn in range(test.load["rounds"]):
        for engine, reports in found.items():
            folder = test.folder / f"{engine}{turn}"
            done = subprocess.run([test.build / "append_rate", "--engine", engine, "--folder", folder,
                                   "--gigabytes", str(test.load["gigabytes"])], capture_output=True, text=True,
                                  check=False)
            if done.returncode != 0:
                sys.exit(f"append_rate: {done.stderr}")
            reports.append(json.loads(done.stdout.splitlines()[-1]))
            shutil.rmtree(folder)
    middle = {engine: {key: statistics.median(r[key] for r in reports) for key in reports[0] if key != "engine"}
              for engine, reports in found.items()}
    ours, alone = middle["sluice"], middle["rocksdb"]
    return {"sluice": ours, "RocksDB alone": alone,
            "ratio of events/s":
                against(round(ours["events_per_second"] / alone["events_per_second"], 3), 0.8, False),
            "longest stall, ms": against(ours["longest_stall_ms"], 200),
            "bytes written per logical byte": against(ours["bytes_written_per_logical_byte"], 0.8)}


def fill(test, data_dir, partitions, cursors=()):
    events = int(os.environ.get("SLUICE_LOAD_EVENTS", test.load["events"]))
    command = [test.build / "fill_log", "--data-dir", data_dir, "--dataset", "web_events", "--events", str(events),
               "--partitions", str(partitions), "--batch", str(test.load.get("batch", 256))]
    if test.load.get("random"):
        command.append("--random")
    for cursor in cursors:
        command += ["--cursor", cursor]
    began = time.monotonic()
    if subprocess.run(command, check=False).returncode != 0:
        sys.exit("fill_log failed")
    size = sum(p.stat().st_size for p in pathlib.Path(data_dir).rglob("*") if p.is_file())
    return {"events": events, "content GiB": round(events * 1024 / 2**30, 2),
            "on disk GiB": round(size / 2**30, 2), "filled in s": round(time.monotonic() - began)}


def drop_page_cache():
    """A cold start needs root; without it the figure says so."""
    os.sync()
    try:
        pathlib.Path("/proc/sys/vm/drop_caches").write_text("3")
        return "cold"
    except OSError:
        return "warm (drop_caches needs root)"


def post_until_dead(port, counts):
    """Keeps appending; the kill ends it."""
    body = b"\n".join(json.dumps({"_id": f"r-{random.getrandbits(60)}", "pad": "x" * 900}).encode() for _ in range(20))
    try:
        while True:
            counts.append(request(port, "POST", TARGET, body, {"content-type": "application/x-ndjson"}, 10)[0])
    except OSError:
        return


def restart(test):
    config = test.config()
    config["gateway"]["data_dir"] = str(test.folder / "data")
    result = fill(test, test.folder / "data", config["datasets"]["web_events"]["partitions"])
    gateway = Gateway(test.sluice, test.folder, config)
    readies, drains = [], []
    try:
        for turn in range(test.load["rounds"]):
            started = time.monotonic()
            gateway.start()
            ready = time.monotonic() - started
            if turn > 0:
                readies.append(ready)
            with concurrent.futures.ThreadPoolExecutor(4) as posters:
                counts = []
                for _ in range(4):
                    posters.submit(post_until_dead, gateway.edge, counts)
                time.sleep(2)
                began = time.monotonic()
                if turn % 2 == 0:
                    gateway.kill()
                else:
                    gateway.program.terminate(60)
                    drains.append(time.monotonic() - began)
            if counts.count(202) < 10:
                sys.exit(f"a hollow run: {len(counts)} requests answered")
            result["page cache"] = drop_page_cache()
        return result | {"ready, s, after kill -9 under load or SIGTERM, worst": against(round(max(readies), 2), 2),
                         "drain on SIGTERM under load, s, worst": against(round(max(drains), 2), 10)}
    finally:
        gateway.end()


LANES, HANGING = 20, 9


def backlog(test):
    """20 lanes over 10 million events: one reads from the start as fast as its receiver takes them, 9 stand at
    the start before a receiver that never answers, 10 are at the head. Then new events come in as well."""
    config = test.config()
    config["gateway"]["data_dir"] = str(test.folder / "data")
    behind = [f"lane/lane{n:02}" for n in range(HANGING + 1)]
    result = fill(test, test.folder / "data", config["datasets"]["web_events"]["partitions"], behind)
    taking = test.start_sink()
    hanging = Sink(test.sluice, test.folder, "--count", "--hang", name="hanging")
    add_lanes(config, taking.port, hanging.port)
    gateway = Gateway(test.sluice, test.folder, config)
    try:
        gateway.start()
        pid = gateway.program.pid
        load = test.generate(gateway.edge, TARGET, [pid], test.load["rate"], test.load["seconds"])
        lanes = json.loads(request(gateway.admin, "GET", "/api/v1/status")[2])["lanes"]
        result |= {"lanes": len(lanes), "events accepted meanwhile": load["accepted"],
                   "delivered by the lane at the start": next(x["delivered"] for x in lanes if x["name"] == "lane00"),
                   "pending of the longest lane": max(lane["pending"] for lane in lanes),
                   "VmRSS at the end, MiB": round(test.memory_mib(pid, "VmRSS"), 1),
                   "VmHWM, MiB": against(round(test.memory_mib(pid, "VmHWM"), 1), 256)}
        if result["pending of the longest lane"] < result["events"]:
            sys.exit("a hollow run: the hanging lanes do not stand at the start of the log")
        return result
    finally:
        gateway.end()
        hanging.kill()


def add_lanes(config, taking, hanging):
    destinations, rules = {}, []
    for n in range(LANES):
        name = f"lane{n:02}"
        port = hanging if 1 <= n <= HANGING else taking
        destinations[name] = {"url": f"http://127.0.0.1:{port}/{name}", "allow_private": ["127.0.0.0/8"]}
        rules.append({"name": name, "to": name, "request": {"path": "/", "body": {"map": {"id": "meta.id"}}}})
    config["destinations"] = destinations
    config["rules"] = {"all": {"source": "web_events", "rules": rules}}
