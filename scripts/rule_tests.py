#!/usr/bin/env python3
"""`sluice test` over every configuration that carries tests; the last line is `N passed, N failed`."""
import argparse
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
CONFIGURATIONS = ["config/quickstart"]


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--sluice", required=True)
    sluice = arguments.parse_args().sluice
    if subprocess.run([sluice, "test", "--help"], capture_output=True, check=False).returncode != 0:
        print("skipped: this binary has no command `test`")
        print("0 passed, 0 failed")
        return 0
    passed = failed = 0
    for path in CONFIGURATIONS:
        done = subprocess.run([sluice, "test", path], cwd=ROOT, text=True, check=False,
                              capture_output=True)
        print(done.stdout + done.stderr)
        counts = re.findall(r"^(\d+) passed, (\d+) failed", done.stdout, re.M)
        passed += int(counts[-1][0]) if counts else 0
        failed += int(counts[-1][1]) if counts else 1
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
