#!/usr/bin/env python3
"""The disk fills up under load and is freed again: a real tmpfs of limited size.

With the reserve (`free_bytes_min`) ingest is refused with 503 and Retry-After while lanes go on delivering;
without it writes fail in earnest, cursors too, which proves that the reserve is needed. In both cases
events are taken again soon after there is room, and nothing acknowledged is lost.
Needs root for the mount; `skipped: ...` says what is missing. The last line is `N passed, N failed`.
"""
import argparse
import contextlib
import json
import os
import pathlib
import random
import signal
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT))
from tests.support.fault_run import Run, configuration, load, run_all, settle  # noqa: E402
from tests.support.oracle import payload_of  # noqa: E402
from tests.support.processes import request, wait_until  # noqa: E402

MIB = 1 << 20
DISK_BYTES = 512 * MIB
RESERVE_BYTES = 64 * MIB
PAD_BYTES = 12_000
REFUSED_SECONDS_MAX = 1.0
ACCEPTED_SECONDS_MAX = 5.0
# sanitized binaries on a busy machine answer late; the figures are meant for release builds
SLACK_SECONDS = 1.0


class SmallDisk:
    def __init__(self, folder):
        self.path = pathlib.Path(folder, "disk")
        self.path.mkdir()
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "none", str(self.path)],
                              check=False, capture_output=True, text=True)
        if done.returncode != 0:
            raise OSError(done.stderr.strip())
        self.ballast = self.path / "ballast"

    def free(self):
        info = os.statvfs(self.path)
        return info.f_bavail * info.f_frsize

    def fill_up_to(self, free_bytes):
        """A ballast file takes what is free beyond `free_bytes`."""
        with self.ballast.open("ab") as out:
            left = self.free() - free_bytes
            with contextlib.suppress(OSError):
                while left > 0:
                    out.write(b"\0" * min(left, MIB))
                    out.flush()
                    left -= MIB

    def make_room(self):
        self.ballast.unlink()

    def unmount(self):
        subprocess.run(["umount", "-l", str(self.path)], check=False, capture_output=True)


def unavailable():
    with tempfile.TemporaryDirectory(prefix="full-") as folder:
        try:
            SmallDisk(folder).unmount()
        except OSError as refused:
            return f"{refused}; run as root, or the container with --cap-add SYS_ADMIN"
    return None


@contextlib.contextmanager
def stage(options, reserve):
    def config(sink_port):
        settings = configuration(sink_port)
        settings["gateway"] = {"store": {"free_bytes_min": reserve, "free_share_min": 0}}
        return settings
    with tempfile.TemporaryDirectory(prefix="full-") as folder:
        disk = SmallDisk(folder)
        try:
            with Run(options.sluice, folder, None, config, disk.path / "data") as run:
                run.gateway.start()
                yield disk, run
        finally:
            disk.unmount()


def post_one(run, number):
    """(status, has Retry-After) of one event, kept by the oracle."""
    event_id = f"probe{number}-0"
    event = json.dumps({"_id": event_id, "payload": payload_of(event_id)})
    status, headers, _ = request(run.gateway.edge, "POST", "/v1/events?datastream=web", event,
                                 {"content-type": "application/json"})
    (run.oracle.acked if status == 202 else run.oracle.unknown).add(event_id)
    return status, "retry-after" in {name.lower() for name in headers}


class Probe:
    """Posts single events until one gets `status`; tells how long that took."""

    def __init__(self, run):
        self.run, self.number = run, 0

    def seconds_until(self, status, patience):
        began = time.monotonic()
        while time.monotonic() - began < patience:
            self.number += 1
            got, has_retry_after = post_one(self.run, self.number)
            if got == status:
                return time.monotonic() - began, has_retry_after
            time.sleep(0.02)
        raise AssertionError(f"no {status} within {patience} s, but {got}")


def commit_failures(run):
    return run.gateway.program.log.read_text(errors="replace").count("cursor not stored")


def fill_until_refused(disk, probe):
    """The store may free space of its own just after the disk was filled (old logs, a flush): only then fill again."""
    while True:
        disk.fill_up_to(RESERVE_BYTES - MIB)
        try:
            return probe.seconds_until(503, 3)
        except AssertionError:
            if disk.free() < RESERVE_BYTES:
                raise  # no room, and still accepted: that is the fault this test looks for


def reserve_keeps_lanes_going(options):
    faults = []
    with stage(options, RESERVE_BYTES) as (disk, run):
        probe = Probe(run)
        run.sink.process.send_signal(signal.SIGSTOP)
        load(run.gateway, "before", run.oracle, lambda: time.sleep(0.5), PAD_BYTES)
        refused, has_retry_after = fill_until_refused(disk, probe)
        run.sink.process.send_signal(signal.SIGCONT)
        wait_until(lambda: not run.oracle.judge(run.sink.records("/in")).lost,
                   "lanes to deliver the backlog while ingest is refused", 30)
        still = post_one(run, "still")[0]
        failures = commit_failures(run)
        disk.make_room()
        accepted, _ = probe.seconds_until(202, 30)
        verdict = settle(run.sink, run.oracle, 15)
        run.gateway.stop()
    if refused > REFUSED_SECONDS_MAX + SLACK_SECONDS:
        faults.append(f"refused only after {refused:.1f} s")
    if not has_retry_after:
        faults.append("503 without Retry-After")
    if still != 503:
        faults.append(f"status {still} while the disk was full")
    if accepted > ACCEPTED_SECONDS_MAX:
        faults.append(f"accepted again only {accepted:.1f} s after there was room")
    if failures:
        faults.append(f"{failures:.0f} cursors could not be stored although there was a reserve")
    return (f"disk full with a reserve: 503 after {refused:.2f} s, accepted {accepted:.2f} s after there was "
            f"room, {verdict}"), faults + verdict.faults(5000)


def without_reserve_nothing_is_lost_either(options):
    """Writes fail in earnest. The lanes' cursors fail as well: the control for the reserve."""
    faults = []
    with stage(options, 0) as (disk, run):
        probe = Probe(run)
        disk.fill_up_to(8 * MIB)
        run.sink.process.send_signal(signal.SIGSTOP)
        load(run.gateway, "full", run.oracle, lambda: probe.seconds_until(503, 60), PAD_BYTES)
        run.sink.process.send_signal(signal.SIGCONT)
        with contextlib.suppress(AssertionError):
            wait_until(lambda: commit_failures(run) > 0, "a cursor that fails", 10)
        failures = commit_failures(run)
        disk.make_room()
        accepted, _ = probe.seconds_until(202, 30)
        load(run.gateway, "after", run.oracle, lambda: time.sleep(0.3))
        verdict = settle(run.sink, run.oracle, 20)
        run.gateway.stop()
    if not failures:
        faults.append("control: without a reserve no cursor failed: the test above proves nothing")
    if accepted > ACCEPTED_SECONDS_MAX:
        faults.append(f"accepted again only {accepted:.1f} s after there was room")
    return (f"disk full without a reserve: {failures:.0f} cursors failed (the control), accepted "
            f"{accepted:.2f} s after there was room, {verdict}"), faults + verdict.faults(20000)


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--sluice", required=True, type=lambda p: pathlib.Path(p).resolve())
    arguments.add_argument("--seed", type=int, default=7)
    options = arguments.parse_args()
    random.seed(options.seed)
    reason = unavailable()
    if reason:
        print(f"skipped: a full disk: the mount of a small tmpfs is refused ({reason})")
        print("0 passed, 0 failed")
        return 0
    return run_all((reserve_keeps_lanes_going, without_reserve_nothing_is_lost_either), options)


if __name__ == "__main__":
    sys.exit(main())
