#!/usr/bin/env python3
"""`make run`: a local receiver, the gateway with config/quickstart, and the sample events through both.

Prints where the events went and stays up until Ctrl-C. With RUN_SECONDS=n it ends after n seconds;
the exit code is 0 only if everything arrived: every event accepted, every delivery that the rules
promise at the receiver, every row in an exported file.
"""
import argparse
import gzip
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
try:
    from tests.support.processes import Program, Sink, free_port, request, wait_until
except ModuleNotFoundError as missing:
    sys.exit(f"quickstart: {missing}; run `make deps`")

RUN = ROOT / ".run/quickstart"
EVENTS_PER_POST = 50
EXPORT_SECONDS_MAX = 90
DELIVERY_SECONDS_MAX = 60
PORTS = {"edge": 8080, "admin": 8081, "sink": 9090}
EXPORTS = ["web_parquet", "server_ndjson"]


def read_events():
    return {name: (ROOT / f"config/quickstart/{name}_events.ndjson").read_text().splitlines()
            for name in ("web", "server")}


def expected_deliveries(events):
    """What the rules promise, worked out without them: path prefix -> number of requests."""
    crm = journey = 0
    for line in events["web"]:
        event = json.loads(line)
        kind = event["eventType"]
        total = event.get("commerce", {}).get("order", {}).get("priceTotal", 0)
        crm += kind == "commerce.purchases" and total > 100
        journey += kind in ("commerce.productListAdds", "commerce.checkouts")
    return {"/crm": crm, "/journey": journey, "/analytics": len(events["web"]) + len(events["server"])}


def is_free(port):
    try:
        request(port, "GET", "/", timeout=1)
        return False
    except ConnectionRefusedError:
        return True
    except (OSError, ValueError):
        return False


def configuration():
    """The committed configuration, or a copy with other ports when one of its own is taken."""
    taken = [port for port in PORTS.values() if not is_free(port)]
    if not taken:
        return ROOT / "config/quickstart", PORTS
    ports = {name: free_port() if port in taken else port for name, port in PORTS.items()}
    print(f"port {', '.join(map(str, taken))} is in use; a copy of the configuration gets others")
    copy = RUN / "config"
    shutil.copytree(ROOT / "config/quickstart", copy)
    text = (copy / "sluice.yaml").read_text()
    for name, port in PORTS.items():
        text = text.replace(str(port), str(ports[name]))
    (copy / "sluice.yaml").write_text(text)
    return copy, ports


def post_all(port, events):
    """Sends every event; returns how many were accepted. A busy gateway is asked again."""
    accepted = 0
    for name, lines in events.items():
        for first in range(0, len(lines), EVENTS_PER_POST):
            body = "\n".join(lines[first:first + EVENTS_PER_POST]).encode()
            for _ in range(50):
                status, headers, answer = request(port, "POST", f"/v1/events?datastream={name}", body,
                                                  {"content-type": "application/x-ndjson"})
                if status not in (429, 503):
                    break
                time.sleep(float(headers.get("retry-after", headers.get("Retry-After", 1))))
            if status not in (202, 207):
                sys.exit(f"quickstart: the gateway answered {status}: {answer.decode(errors='replace')}")
            reply = json.loads(answer)
            accepted += reply["accepted"]
            for refused in reply.get("rejected", []):
                print(f"  refused: {name} event {first + refused['index']}: {refused.get('detail')}")
    return accepted


def arrived(sink, expected):
    counts = sink.stats()["by_path"]
    return {prefix: sum(n for path, n in counts.items() if path.startswith(prefix)) for prefix in expected}


def exported_rows(folder):
    """Rows in finished files: NDJSON is counted line by line, Parquet as its manifests say."""
    rows, files = 0, []
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        if path.name.endswith(".json.gz"):
            with gzip.open(path, "rb") as lines:
                rows += sum(1 for _ in lines)
            files.append(path)
        elif path.name.endswith(".parquet"):
            files.append(path)
        elif path.name.startswith("manifest-") and folder.name == "parquet":
            rows += manifest_rows(json.loads(path.read_text()))
    return rows, files


def manifest_rows(manifest):
    return sum(file["rows"] for file in manifest["exportResults"])


def ask_for_exports(admin):
    """The schedule exports each minute; a run of a few seconds asks for it now."""
    for name in EXPORTS:
        try:
            request(admin, "POST", f"/api/v1/exports/{name}/run", b"")
        except OSError:
            pass


class Outcome:
    """What was promised and what is there: deliveries at the receiver, rows in exported files."""

    def __init__(self, events):
        self.events = events
        self.total = sum(map(len, events.values()))
        self.accepted = 0
        self.expected = expected_deliveries(events)
        self.delivered = {}
        self.wanted = {"parquet": len(events["web"]), "ndjson": len(events["server"])}
        self.found = {}

    def look_at_files(self):
        self.found = {kind: exported_rows(RUN / "files" / kind) for kind in self.wanted}
        return self.files_complete()

    def files_complete(self):
        return all(self.found[kind][0] == rows for kind, rows in self.wanted.items())

    def complete(self):
        return self.accepted == self.total and self.delivered == self.expected and self.files_complete()

    def show_files(self):
        for kind, (rows, files) in self.found.items():
            place = str(files[0].relative_to(ROOT)) if files else "no file yet"
            print(f"  exported  {kind:10} {rows:5} of {self.wanted[kind]} rows   {place}")

    def show_lanes(self, admin):
        """The gateway's own count of each destination, beside what the receiver got."""
        status = json.loads(request(admin, "GET", "/api/v1/status")[2])
        for lane in status["lanes"]:
            got = self.delivered.get("/" + lane["name"], 0)
            print(f"  {lane['name']:10} accepted {lane['accepted']:5}  delivered {lane['delivered']:5}"
                  f"  filtered {lane['filtered']:5}  pending {lane['pending']}  dead {lane['dead']}"
                  f"   (receiver got {got})")


def deliver(outcome, sink, ports):
    outcome.accepted = post_all(ports["edge"], outcome.events)
    deadline = time.monotonic() + DELIVERY_SECONDS_MAX
    while time.monotonic() < deadline:
        outcome.delivered = arrived(sink, outcome.expected)
        if outcome.delivered == outcome.expected:
            break
        time.sleep(0.1)
    print(f"  accepted  {outcome.accepted} of {outcome.total} events")
    outcome.show_lanes(ports["admin"])


def wait_for_files(outcome, ports, seconds):
    deadline = time.monotonic() + seconds
    ask_for_exports(ports["admin"])
    while not outcome.look_at_files() and time.monotonic() < deadline:
        time.sleep(0.25)


def finish_exports(sluice, config, outcome):
    """What the schedule had no time for is exported by command, with the gateway stopped."""
    for name in EXPORTS:
        done = subprocess.run([sluice, "export", "run", name, "--config", str(config)],
                              cwd=ROOT, text=True, capture_output=True, check=False)
        if done.returncode != 0:
            print(f"  export {name}: {done.stdout}{done.stderr}".rstrip())
    outcome.look_at_files()


def run(options):
    shutil.rmtree(RUN, ignore_errors=True)
    RUN.mkdir(parents=True)
    outcome = Outcome(read_events())
    config, ports = configuration()
    seconds = float(os.environ.get("RUN_SECONDS") or "0")
    ends = time.monotonic() + seconds
    sink = Sink(options.sluice, RUN, port=ports["sink"])
    gateway = Program([options.sluice, "run", str(config)], RUN / "gateway.log", cwd=ROOT)
    try:
        wait_until(lambda: ready(gateway, ports["admin"]), "the gateway to be ready", 60)
        print(f"gateway   http://127.0.0.1:{ports['edge']}/v1/events   log .run/quickstart/gateway.log")
        print(f"receiver  http://127.0.0.1:{ports['sink']}/   its records .run/quickstart/sink.ndjson")
        print(f"console   http://127.0.0.1:{ports['admin']}/   metrics http://127.0.0.1:{ports['admin']}/metrics")
        deliver(outcome, sink, ports)
        left = ends - time.monotonic() - 2 if seconds else EXPORT_SECONDS_MAX
        wait_for_files(outcome, ports, max(left, 1))
        outcome.show_files()
        stay_up(gateway, ends if seconds else None)
        outcome.delivered = arrived(sink, outcome.expected)
        gateway.terminate(30)
        if not outcome.look_at_files():
            finish_exports(options.sluice, config, outcome)
            outcome.show_files()
    finally:
        gateway.kill()
        sink.terminate(10)
    if outcome.complete():
        print("quickstart: everything arrived")
        return 0
    print(f"quickstart: NOT everything arrived: accepted {outcome.accepted} of {outcome.total}, delivered "
          f"{outcome.delivered} of {outcome.expected}; the end of the gateway's log:\n{gateway.tail(3000)}")
    return 1


def ready(gateway, port):
    if not gateway.running():
        sys.exit(f"quickstart: the gateway ended at start:\n{gateway.tail()}")
    try:
        return request(port, "GET", "/readyz", timeout=2)[0] == 200
    except OSError:
        return False


def stay_up(gateway, ends):
    if ends is None:
        print("Ctrl-C ends it", flush=True)
    try:
        while gateway.running() and (ends is None or time.monotonic() < ends):
            time.sleep(0.2)
    except KeyboardInterrupt:
        print()
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--sluice", required=True, type=lambda p: str(pathlib.Path(p).resolve()))
    try:
        return run(arguments.parse_args())
    except AssertionError as failed:
        print(f"quickstart: {failed}")
        return 1


if __name__ == "__main__":
    sys.exit(main())
