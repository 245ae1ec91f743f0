#!/usr/bin/env python3
"""Runs load test cases: events/s, CPU per event, latency, memory, and the ceiling in the same run.

The gateway (or nginx) has core 0 for itself, generator and receiver share core 1. A case is a folder of
loadtest/cases with sluice.yaml and load.yaml. `--json FILE` keeps the figures.
"""
import argparse
import json
import os
import pathlib
import platform
import subprocess
import sys
import tempfile
import time

import yaml

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
from loadtest import kafka_cases, log_cases  # noqa: E402
from tests.support.processes import Gateway, Program, Sink, free_port, request, wait_until  # noqa: E402

BODIES = ROOT / "config/quickstart/web_events.ndjson"
SERVER_CORE, LOAD_CORE = "0", "1"
TICK = os.sysconf("SC_CLK_TCK")

NGINX = """
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/nginx-error.log;
events {{ worker_connections 4096; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  keepalive_requests 1000000000;
  upstream receiver {{ server 127.0.0.1:{sink}; keepalive 64; keepalive_requests 1000000000; }}
  server {{
    listen 127.0.0.1:{port} backlog=4096;
    location / {{ {action} }}
  }}
}}
"""
PROXY = 'proxy_pass http://receiver; proxy_http_version 1.1; proxy_set_header Connection "";'


def cpu_seconds(pids):
    total = 0
    for pid in pids:
        fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        total += int(fields[11]) + int(fields[12])
    return total / TICK


def memory_mib(pid, key):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(key + ":"):
            return int(line.split()[1]) / 1024
    return 0.0


def children(pid):
    return [int(p) for p in pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def pin(pid, core):
    subprocess.run(["taskset", "-a", "-c", "-p", core, str(pid)], check=True, capture_output=True)


class LoadTest:
    def __init__(self, build, folder, name):
        self.build, self.sluice, self.client = build, build / "sluice", build / "load_client"
        self.folder, self.name = pathlib.Path(folder), name
        case = ROOT / "loadtest/cases" / name
        self.load = yaml.safe_load((case / "load.yaml").read_text())
        self.config_text = (case / "sluice.yaml").read_text()
        self.sink = None

    memory_mib, pin = staticmethod(memory_mib), staticmethod(pin)

    @staticmethod
    def pin_server(pid):
        pin(pid, SERVER_CORE)

    def config(self):
        return yaml.safe_load(self.config_text)

    def start_gateway(self, sink_port=1):
        text = self.config_text.replace("@SINK@", f"http://127.0.0.1:{sink_port}")
        text = text.replace("@FILES@", str(self.folder / "files"))
        gateway = Gateway(self.sluice, self.folder, yaml.safe_load(text))
        began = time.monotonic()
        gateway.start()
        ready = time.monotonic() - began
        pin(gateway.program.pid, SERVER_CORE)
        return gateway, {"ready_s": round(ready, 2), "idle_mib": round(memory_mib(gateway.program.pid, "VmRSS"), 1)}

    def start_sink(self):
        self.sink = Sink(self.sluice, self.folder, "--count")
        pin(self.sink.pid, LOAD_CORE)
        return self.sink

    def generate(self, port, target, pids, rate, seconds, batch=1, requests=0, after=None):
        """The generator's report plus CPU per request of `pids`, until `after` says that all work is done."""
        before = cpu_seconds(pids)
        command = ["taskset", "-c", LOAD_CORE, str(self.client), "--port", str(port), "--target", target,
                   "--bodies", str(BODIES), "--connections", str(self.load.get("connections", 64)),
                   "--rate", str(rate), "--seconds", str(seconds), "--batch", str(batch),
                   "--requests", str(requests), "--warm-up", "0"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if not done.stdout:
            sys.exit(f"load_client: {done.stderr}")
        report = json.loads(done.stdout)
        good = sum(n for status, n in report["by_status"].items() if status.startswith("2"))
        if after:
            after()
        report["cpu_us_per_event"] = round((cpu_seconds(pids) - before) * 1e6 / max(good * batch, 1), 2)
        report["accepted"] = good * batch
        return report

    def with_nginx(self, action, sink_port, rate, seconds):
        port, folder = free_port(), self.folder / "nginx"
        folder.mkdir(exist_ok=True)
        config = folder / "nginx.conf"
        config.write_text(NGINX.format(folder=folder, port=port, sink=sink_port, action=action))
        nginx = Program(["taskset", "-c", SERVER_CORE, "nginx", "-p", folder, "-c", config, "-g", "daemon off;"],
                        folder / "log")
        try:
            wait_until(lambda: nginx.running() and children(nginx.pid) and answers(port), "nginx", 10)
            pids = [nginx.pid, *children(nginx.pid)]
            return self.generate(port, "/v1/events?datastream=web", pids, rate, seconds)
        finally:
            nginx.terminate(10)

    def collect(self):
        gateway, start = self.start_gateway()
        try:
            pid = gateway.program.pid
            result = self.generate(gateway.edge, "/v1/events?datastream=web", [pid], self.load["rate"],
                                   self.load["seconds"]) | start
            result["peak_mib"] = round(memory_mib(pid, "VmHWM"), 1)
            gateway.stop()
        finally:
            gateway.end()
        ceiling = self.with_nginx("return 204;", 1, self.load["rate"], self.load["seconds"])
        return {"sluice": result, "nginx return 204": ceiling,
                "share of nginx events/s": round(result["requests_per_second"] / ceiling["requests_per_second"], 3)}

    def forward(self):
        """As fast as 64 connections get answers, both sides; then at a steady rate for the latencies."""
        sink = self.start_sink()
        gateway, start = self.start_gateway(sink.port)
        steady = self.load["steady_rate"]
        try:
            pid = gateway.program.pid
            began = time.monotonic()
            full = self.generate(gateway.edge, "/v1/events?datastream=web", [pid], self.load["rate"],
                                 self.load["seconds"], after=lambda: self.drained(gateway)) | start
            full["forwarded_per_second"] = round(full["accepted"] / (time.monotonic() - began))
            calm = self.generate(gateway.edge, "/v1/events?datastream=web", [pid], steady, self.load["seconds"],
                                 after=lambda: self.drained(gateway))
            full["peak_mib"] = round(memory_mib(pid, "VmHWM"), 1)
            gateway.stop()
        finally:
            gateway.end()
        ceiling = self.with_nginx(PROXY, sink.port, self.load["rate"], self.load["seconds"])
        calm_ceiling = self.with_nginx(PROXY, sink.port, steady, self.load["seconds"])
        sink.terminate(10)
        return {"sluice": full, f"sluice at {steady}/s": calm, "nginx proxy_pass": ceiling,
                f"nginx at {steady}/s": calm_ceiling,
                "CPU per event, ratio to nginx":
                    round(full["cpu_us_per_event"] / ceiling["cpu_us_per_event"], 2),
                f"CPU per event at {steady}/s, ratio to nginx":
                    round(calm["cpu_us_per_event"] / calm_ceiling["cpu_us_per_event"], 2)}

    @staticmethod
    def drained(gateway):
        """Until no lane has anything pending; a missing page counts as a broken run."""
        def idle():
            status = json.loads(request(gateway.admin, "GET", "/api/v1/status")[2])
            return all(lane["pending"] == 0 for lane in status["lanes"])
        wait_until(idle, "the lanes to drain", 300)

    def export(self):
        gateway, start = self.start_gateway()
        batch, events = self.load["batch"], self.load["events"]
        try:
            filled = self.generate(gateway.edge, "/v1/events?datastream=web", [gateway.program.pid], 0, 600,
                                   batch, events // batch)
            gateway.stop()
        finally:
            gateway.end()
        began = time.monotonic()
        child = subprocess.Popen(["taskset", "-c", SERVER_CORE, self.sluice, "export", "run", "columns",
                                  "--config", gateway.config_file], cwd=self.folder,
                                 stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        _, status, usage = os.wait4(child.pid, 0)
        seconds = time.monotonic() - began
        if status != 0:
            sys.exit(f"export run failed: {child.stderr.read()}")
        files = [p for p in (self.folder / "files").rglob("*.parquet")]
        result = start | {"rows": filled["accepted"], "seconds": round(seconds, 2),
                          "events_per_second": round(filled["accepted"] / seconds),
                          "cpu_us_per_event": round((usage.ru_utime + usage.ru_stime) * 1e6 / filled["accepted"], 2),
                          "peak_mib": round(usage.ru_maxrss / 1024, 1), "files": len(files),
                          "file_mib": round(sum(p.stat().st_size for p in files) / 2**20, 1)}
        return {"sluice": result} | self.duckdb(filled["accepted"], result)

    def duckdb(self, rows, result):
        """DuckDB reads the same events from NDJSON and writes Parquet with zstd, on one thread."""
        source = self.folder / "events.ndjson"
        lines = [line + "\n" for line in BODIES.read_text().splitlines()]
        with source.open("w") as out:
            for first in range(0, rows, len(lines)):
                out.writelines(lines[:rows - first])
        program = ("import duckdb,sys; c=duckdb.connect(); c.execute('SET threads=1'); c.execute(\"COPY (SELECT * FROM "
                   f"read_ndjson('{source}')) TO '{self.folder}/duck.parquet' (FORMAT parquet, COMPRESSION zstd)\")")
        environment = dict(os.environ, PYTHONPATH=str(ROOT / ".deps/duckdb"))
        if subprocess.run([sys.executable, "-c", "import duckdb"], env=environment, capture_output=True,
                          check=False).returncode != 0:
            return {"duckdb": "not installed: pip install --target .deps/duckdb duckdb"}
        began = time.monotonic()
        child = subprocess.Popen(["taskset", "-c", SERVER_CORE, sys.executable, "-c", program], env=environment)
        _, status, usage = os.wait4(child.pid, 0)
        seconds = time.monotonic() - began
        if status != 0:
            return {"duckdb": "failed"}
        return {"duckdb": {"seconds": round(seconds, 2), "events_per_second": round(rows / seconds),
                           "peak_mib": round(usage.ru_maxrss / 1024, 1)},
                "ratio to duckdb": round(result["events_per_second"] / (rows / seconds), 2)}


def answers(port):
    try:
        return request(port, "POST", "/", b"x", timeout=2)[0] < 600
    except OSError:
        return False


def machine():
    model = next((line.split(":")[1].strip() for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines()
                  if line.startswith("model name")), platform.machine())
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, text=True, capture_output=True,
                            check=False).stdout.strip()
    return f"{os.cpu_count()} x {model}, commit {commit or 'unknown'}"


def is_long(name):
    """Cases that fill 10 GiB first are run by name only."""
    return yaml.safe_load((ROOT / "loadtest/cases" / name / "load.yaml").read_text()).get("by_name_only", False)


def show(value, indent=""):
    for key, item in value.items():
        if isinstance(item, dict) and key != "by_status":
            print(f"{indent}{key}")
            show(item, indent + "  ")
        else:
            print(f"{indent}{key:52} {item}")


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("cases", nargs="*", help="names of loadtest/cases, or all")
    arguments.add_argument("--build", type=pathlib.Path, default=ROOT / "build/release")
    arguments.add_argument("--json", type=pathlib.Path)
    options = arguments.parse_args()
    build = options.build.resolve()
    known = sorted(p.name for p in (ROOT / "loadtest/cases").iterdir())
    cases = [n for n in known if not is_long(n)] if options.cases in ([], ["all"]) else options.cases
    for name in set(cases) - set(known):
        sys.exit(f"there is no case {name}; there are {', '.join(known)}")
    for program in ("sluice", "load_client"):
        if not (build / program).exists():
            sys.exit(f"{build / program} is missing; `make bench` builds it")
    print(machine())
    figures = {}
    for name in cases:
        with tempfile.TemporaryDirectory(prefix="loadtest-") as folder:
            test = LoadTest(build, folder, name)
            try:
                kind = test.load["kind"]
                own = getattr(test, kind, None)
                other = getattr(log_cases, kind, None) or getattr(kafka_cases, kind, None)
                figures[name] = own() if own else other(test)
            finally:
                if test.sink:
                    test.sink.kill()
        print(f"\n== {name}")
        show(figures[name])
    if options.json:
        options.json.write_text(json.dumps({"machine": machine(), "cases": figures}, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
