#!/usr/bin/env python3
"""The power goes under load: the data folder is on a file system that forgets what was not synced
(tests/support/powercut_fs.cpp). After each cut the gateway starts again, sometimes to be cut while it
recovers. Nothing acknowledged may be lost; with SLUICE_TEST_NO_FSYNC=1 nearly every cut must lose.
Needs FUSE; `skipped: ...` says what is missing. The last line is `N passed, N failed`.
"""
import argparse
import collections
import contextlib
import os
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT))
from tests.support.fault_run import IN_FLIGHT_MAX, Run, run_all, settle  # noqa: E402
from tests.support.processes import Program, wait_until  # noqa: E402

VARIANTS = ["whole", "torn", "names", "torn+length", "torn+names"]
ACKS_PER_CUT_MIN = 5
COMMIT_LAG_MAX = 2000
CONTROL_SHARE_MIN = 0.95


class PowercutDisk:
    """The mounted file system; `cut` makes it forget."""

    def __init__(self, program, folder):
        self.mount = pathlib.Path(folder, "disk")
        self.mount.mkdir()
        self.program = Program([program, self.mount], pathlib.Path(folder, "disk.log"))
        wait_until(lambda: os.path.ismount(self.mount) or not self.program.running(), "the mount", 10)
        if not self.program.running():
            raise OSError(self.program.tail().strip())

    def cut(self, variant, seed):
        with open(self.mount / ".powercut", "w", encoding="ascii") as control:
            control.write(f"{variant} {seed}")

    def unmount(self):
        subprocess.run(["fusermount3", "-u", "-z", str(self.mount)], check=False, capture_output=True)
        with contextlib.suppress(AssertionError):
            self.program.terminate(10)


def unavailable(program):
    """Why the test cannot run here, with the remedy; None when it can."""
    if not program.exists():
        return f"{program.name} was not built; install libfuse3-dev and build again"
    if not pathlib.Path("/dev/fuse").exists():
        return "/dev/fuse is missing; load the module fuse, or start the container with --device /dev/fuse"
    if not shutil.which("fusermount3"):
        return "fusermount3 is missing; install fuse3"
    with tempfile.TemporaryDirectory(prefix="powercut-") as folder:
        try:
            PowercutDisk(program, folder).unmount()
        except OSError as refused:
            return f"mounting is refused ({refused}); run as root, or the container with --cap-add SYS_ADMIN"
    return None


@contextlib.contextmanager
def stage(options, environment=None):
    with tempfile.TemporaryDirectory(prefix="powercut-") as folder:
        disk = PowercutDisk(options.disk, folder)
        try:
            with Run(options.sluice, folder, environment, data_dir=disk.mount / "data") as run:
                yield disk, run
        finally:
            disk.unmount()


def cut_during_recovery(run, disk, rng, variant):
    """The start is killed at a random moment; it may just have been ready."""
    gateway = run.gateway
    gateway.program = Program([gateway.sluice, "run", gateway.config_file], gateway.folder / "gateway.log",
                              gateway.environment, cwd=gateway.folder)
    time.sleep(rng.uniform(0, 0.4))
    gateway.kill()
    disk.cut(variant, rng.randrange(1 << 30))


def nothing_is_lost(options):
    rng = random.Random(options.seed)
    cuts = collections.Counter()
    with stage(options) as (disk, run):
        for cycle in range(options.cuts):
            variant = VARIANTS[cycle % len(VARIANTS)]
            run.gateway.start()
            run.kill_after(cycle, rng.uniform(0.05, options.load_seconds), cycle % 3 != 2)
            disk.cut(variant, rng.randrange(1 << 30))
            cuts[variant] += 1
            if cycle % 4 == 3:
                cut_during_recovery(run, disk, rng, variant)
                cuts["during recovery"] += 1
        verdict = run.finish()
    faults = verdict.faults(options.cuts * (IN_FLIGHT_MAX + COMMIT_LAG_MAX))
    if verdict.acked < options.cuts * ACKS_PER_CUT_MIN:
        faults.append(f"a hollow run: {verdict.acked} acknowledged in {options.cuts} cuts")
    return f"{options.cuts} cuts {dict(cuts)}: {verdict}", faults


def control_loses(options):
    """A disk of its own for each cut: one loss must not hide the next."""
    environment = dict(os.environ, SLUICE_TEST_NO_FSYNC="1")
    losing = 0
    for cycle in range(options.control_cuts):
        with stage(options, environment) as (disk, run):
            run.gateway.start()
            run.kill_after(cycle, 0.4, True)
            disk.cut("whole", cycle)
            run.gateway.start()
            verdict = settle(run.sink, run.oracle, 2)
            losing += bool(verdict.lost)
    faults = [] if losing >= CONTROL_SHARE_MIN * options.control_cuts else [
        "a gateway that never syncs must lose in nearly every cut: this test can't see a loss"]
    return f"control: {losing} of {options.control_cuts} cuts without fsync lost", faults


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--sluice", required=True, type=lambda p: pathlib.Path(p).resolve())
    arguments.add_argument("--cuts", type=int, default=30)
    arguments.add_argument("--control-cuts", type=int, default=3)
    arguments.add_argument("--load-seconds", type=float, default=0.6, help="the longest load before a cut")
    arguments.add_argument("--disk", type=lambda p: pathlib.Path(p).resolve(), help="the program powercut_fs")
    arguments.add_argument("--seed", type=int, default=None)
    options = arguments.parse_args()
    options.disk = options.disk or options.sluice.parent / "powercut_fs"
    options.seed = options.seed if options.seed is not None else random.randrange(1 << 30)
    reason = unavailable(options.disk)
    if reason:
        print(f"skipped: power cuts on a forgetful file system: {reason}")
        print("0 passed, 0 failed")
        return 0
    print(f"seed {options.seed}")
    return run_all((nothing_is_lost, control_loses), options)


if __name__ == "__main__":
    sys.exit(main())
