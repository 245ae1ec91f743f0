"""Starts the real binary for tests: a gateway and receivers on free ports, in a folder of their own."""
import http.client
import json
import pathlib
import signal
import socket
import subprocess
import time

import yaml

# Sanitized binaries on a busy machine are slow; a test that waits so long has failed.
PATIENCE_SECONDS = 60


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_until(condition, what, seconds=PATIENCE_SECONDS):
    """Polls, because the other side is another process; fails with a sentence."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {seconds} s for {what}")
        time.sleep(0.02)


def request(port, method, target, body=None, headers=None, timeout=30):
    """(status, headers, body bytes); raises OSError when nobody listens."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    try:
        connection.request(method, target, body=body, headers=headers or {})
        answer = connection.getresponse()
        return answer.status, dict(answer.getheaders()), answer.read()
    finally:
        connection.close()


class Program:
    """One process with its output in a file; ended by its own id only."""

    def __init__(self, command, log, environment=None, cwd=None):
        self.log = pathlib.Path(log)
        with self.log.open("ab") as output:
            self.process = subprocess.Popen([str(part) for part in command], stdout=output,
                                            stderr=subprocess.STDOUT, env=environment, cwd=cwd,
                                            stdin=subprocess.DEVNULL)

    @property
    def pid(self):
        return self.process.pid

    def running(self):
        return self.process.poll() is None

    def kill(self):
        if self.running():
            self.process.kill()
        return self.process.wait()

    def terminate(self, seconds=PATIENCE_SECONDS):
        if self.running():
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"did not end {seconds} s after SIGTERM:\n{self.tail()}") from None

    def tail(self, count=4000):
        return self.log.read_text(errors="replace")[-count:]


class Sink(Program):
    def __init__(self, sluice, folder, *arguments, name="sink", port=0):
        self.records_file = pathlib.Path(folder, f"{name}.ndjson")
        port_file = pathlib.Path(folder, f"{name}.port")
        port_file.unlink(missing_ok=True)
        super().__init__([sluice, "sink", "--port", port, "--port-file", port_file,
                          "--out", self.records_file, *arguments], pathlib.Path(folder, f"{name}.log"))
        self.port = int(wait_until(lambda: port_file.exists() and port_file.read_text().strip(),
                                   "the receiver to start"))

    def stats(self):
        return json.loads(request(self.port, "GET", "/__sink/stats")[2])

    def count(self, prefix="/"):
        return sum(n for path, n in self.stats()["by_path"].items() if path.startswith(prefix))

    def records(self, prefix="/"):
        """All requests so far, in order of arrival; flushed by the receiver when it is asked for counts."""
        if self.running():
            self.stats()
        if not self.records_file.exists():
            return []
        # the receiver may be in the middle of a line
        lines = self.records_file.read_text().split("\n")[:-1]
        records = [json.loads(line) for line in lines]
        return [record for record in records if record["target"].startswith(prefix)]


class Gateway:
    """A gateway that can be started, stopped and killed again and again over the same data."""

    def __init__(self, sluice, folder, config, environment=None):
        self.sluice, self.folder, self.environment = sluice, pathlib.Path(folder), environment
        self.edge, self.admin = free_port(), free_port()
        config = dict(config)
        defaults = {"edge": {"address": "127.0.0.1", "port": self.edge},
                    "admin": {"address": "127.0.0.1", "port": self.admin},
                    "data_dir": str(self.folder / "data")}
        config["gateway"] = defaults | config.get("gateway", {})
        self.config_file = self.folder / "sluice.yaml"
        self.config_file.write_text(yaml.safe_dump(config, sort_keys=False, allow_unicode=True))
        self.program = None
        self.starts = 0

    def start(self):
        self.starts += 1
        self.program = Program([self.sluice, "run", self.config_file], self.folder / "gateway.log",
                               self.environment, cwd=self.folder)
        wait_until(self.is_ready, "the gateway to be ready")

    def is_ready(self):
        if not self.program.running():
            raise AssertionError(f"the gateway ended at start with {self.program.process.returncode}:"
                                 f"\n{self.program.tail()}")
        try:
            return request(self.admin, "GET", "/readyz", timeout=5)[0] == 200
        except OSError:
            return False

    def stop(self):
        code = self.program.terminate()
        assert code == 0, f"exit code {code} after SIGTERM:\n{self.program.tail()}"

    def kill(self):
        self.program.kill()

    def command(self, *arguments):
        """Runs another command over the same configuration."""
        return subprocess.run([self.sluice, *arguments], cwd=self.folder, env=self.environment, text=True,
                              capture_output=True, check=False, timeout=PATIENCE_SECONDS)

    def end(self):
        if self.program:
            self.program.kill()
