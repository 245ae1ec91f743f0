#!/usr/bin/env python3
"""kill -9 under load, again and again, judged by an oracle that knows every acknowledged id.

Four tests: the oracle finds planted faults; nothing acknowledged is lost at random moments; nor at each
named place inside the log (datasets/embedded/test_faults.hpp); a gateway that acknowledges before it
writes (SLUICE_TEST_ACK_BEFORE_WRITE=1) does lose, which proves that the test can see a loss.
The last line is `N passed, N failed`.
"""
import argparse
import os
import pathlib
import random
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT))
from tests.support.fault_run import IN_FLIGHT_MAX, Run, configuration, load, run_all, settle  # noqa: E402
from tests.support.oracle import self_test  # noqa: E402
from tests.support.processes import wait_until  # noqa: E402

ACKS_PER_CYCLE_MIN = 5          # fewer on average: a hollow run proves nothing
COMMIT_LAG_MAX = 2000           # delivered, and the cursor not yet written
# place, and how often it may be passed before the kill
PLACES = [("append_before_write", 40), ("append_before_ack", 40), ("cursor_before_write", 3),
          ("cursor_after_write", 3), ("recovery_open", 1), ("recovery_end", 1), ("trim_written", 1),
          ("trim_end", 1), ("side_file", 1), ("flush_begin", 1), ("flush_end", 1),
          ("flush_begin", 3), ("flush_end", 3)]
PLACE_SECONDS_MAX = 20
PAD_BYTES = 3000                # fills tables and retention's limit quickly


def judged(verdict, cycles, what):
    faults = verdict.faults(cycles * (IN_FLIGHT_MAX + COMMIT_LAG_MAX))
    if verdict.acked < cycles * ACKS_PER_CYCLE_MIN:
        faults.append(f"a hollow run: {verdict.acked} acknowledged in {cycles} cycles")
    return f"{cycles} {what}: {verdict}", faults


def nothing_is_lost(options):
    rng = random.Random(options.seed)
    with tempfile.TemporaryDirectory(prefix="kill9-") as folder, Run(options.sluice, folder) as run:
        for cycle in range(options.cycles):
            run.gateway.start()
            run.kill_after(cycle, rng.uniform(0.05, options.load_seconds), cycle % 2 == 1)
        return judged(run.finish(), options.cycles, "kills")


def trimming(sink_port):
    """Retention has something to do, so that its places are reached."""
    config = configuration(sink_port)
    config["datasets"]["events"]["retention"] = {"bytes_max": "1MiB"}
    return config


def places_are_safe(options):
    """Killed by itself at each place, then started again without the order to crash."""
    plain = dict(os.environ, SLUICE_TEST_SMALL_BUFFERS="1")
    unreached = []
    with tempfile.TemporaryDirectory(prefix="kill9-") as folder, \
            Run(options.sluice, folder, plain, trimming) as run:
        run.gateway.start()
        run.kill_after("first", 0.3, pad_bytes=PAD_BYTES)
        for cycle, (place, times) in enumerate(PLACES):
            run.gateway.environment = dict(plain, SLUICE_TEST_CRASH_AT=f"{place}:{times}")
            if not dies_at_place(run, cycle):
                unreached.append(place)
            run.gateway.environment = plain
        report, faults = judged(run.finish(), len(PLACES), "kills at named places")
        return report, faults + ([f"never reached: {unreached}"] if unreached else [])


def dies_at_place(run, cycle):
    gateway = run.gateway
    try:
        gateway.start()
    except AssertionError:
        assert gateway.program.process.returncode == -9, gateway.program.tail()
        return True

    def until():
        wait_until(lambda: not gateway.program.running(), "the gateway to kill itself", PLACE_SECONDS_MAX)
    try:
        load(gateway, f"place{cycle}", run.oracle, until, PAD_BYTES)
    except AssertionError:
        gateway.kill()
        return False
    return gateway.program.process.returncode == -9


def control_loses(options):
    environment = dict(os.environ, SLUICE_TEST_ACK_BEFORE_WRITE="1")
    rng = random.Random(options.seed + 1)
    with tempfile.TemporaryDirectory(prefix="kill9-") as folder, Run(options.sluice, folder, environment) as run:
        verdict = None
        for cycle in range(options.control_cycles):
            run.gateway.start()
            run.kill_after(cycle, rng.uniform(0.05, options.load_seconds))
            if cycle % 5 == 4:
                run.gateway.start()
                verdict = settle(run.sink, run.oracle, 3)
                run.gateway.kill()
                if verdict.lost:
                    break
        return f"control: {verdict}", [] if verdict.lost else [
            "a gateway that acknowledges before it writes lost nothing: this test can't see a loss"]


def oracle_is_sharp(_):
    fault = self_test()
    return "the oracle finds planted faults", [fault] if fault else []


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--sluice", required=True, type=lambda p: pathlib.Path(p).resolve())
    arguments.add_argument("--cycles", type=int, default=int(os.environ.get("SLUICE_KILL_CYCLES", "100")))
    arguments.add_argument("--control-cycles", type=int, default=40)
    arguments.add_argument("--load-seconds", type=float, default=0.5, help="the longest load before a kill")
    arguments.add_argument("--only", default="", help="part of a test's name")
    arguments.add_argument("--seed", type=int, default=None)
    options = arguments.parse_args()
    options.seed = options.seed if options.seed is not None else random.randrange(1 << 30)
    print(f"seed {options.seed}")
    tests = (oracle_is_sharp, nothing_is_lost, places_are_safe, control_loses)
    return run_all([test for test in tests if options.only in test.__name__], options)


if __name__ == "__main__":
    sys.exit(main())
