"""A few lines instead of a test framework: runs the functions test_* of a file, prints the count last."""
import argparse
import pathlib
import sys
import tempfile
import traceback


class Skipped(Exception):
    """What is missing for a test, and how to get it."""


def run_tests(functions, description):
    """`functions`: globals() of the test file; each test gets (sluice, folder)."""
    arguments = argparse.ArgumentParser(description=description)
    arguments.add_argument("--sluice", required=True, type=lambda p: pathlib.Path(p).resolve())
    arguments.add_argument("--only", default="")
    options = arguments.parse_args()
    tests = [(name, function) for name, function in functions.items()
             if name.startswith("test_") and options.only in name]
    passed = failed = skipped = 0
    for name, function in tests:
        with tempfile.TemporaryDirectory(prefix="integration-") as folder:
            try:
                function(options.sluice, pathlib.Path(folder))
                passed += 1
                print(f"ok   {name}", flush=True)
            except Skipped as why:
                skipped += 1
                print(f"skipped: {name}: {why}", flush=True)
            except Exception:  # whatever goes wrong is a failed test
                failed += 1
                print(f"FAIL {name}\n{traceback.format_exc()}", flush=True)
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed or not passed + skipped else 0)
