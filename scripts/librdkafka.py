#!/usr/bin/env python3
"""Puts a newer librdkafka than the packaged one into .deps/librdkafka (`make deps-kafka` calls it).

    scripts/librdkafka.py [--folder DIR] [WHEEL]

The Python client of Kafka's makers on PyPI carries the library, complete and with the interface of
every librdkafka 2: nothing is built anew. Programs of this tree look into .deps/librdkafka first;
without that folder they run with the packaged library. Nothing of Python is used but pip. Tests
fetch their own copy into ~/.cache/sluice. A quick no-op when all is there.
"""
import argparse
import fcntl
import hashlib
import os
import pathlib
import platform
import shutil
import subprocess
import sys
import tempfile
import zipfile

VERSION = "2.16.0"  # of the library
WHEEL = "confluent-kafka==2.16.1"  # that carries it
SUMS = {"x86_64": "24f613cc81a856b6fbb2d7d11044a9aa770044eecc1f83ff84618688b056be06",
        "aarch64": "c012a1d74f95e91c9c43f0aa996d5fea8582397144c1f96b553f24b594afa7c6"}
ROOT = pathlib.Path(__file__).resolve().parent.parent
TARGET = ROOT / ".deps" / "librdkafka"
LIBRARY = "librdkafka.so.1"  # the name that programs ask for


def cache_folder():
    """Of the tests: what they fetch does not change what the programs of this tree run with."""
    cache = pathlib.Path(os.environ.get("XDG_CACHE_HOME", pathlib.Path.home() / ".cache"))
    return cache / "sluice" / f"librdkafka-{VERSION}"


def download(folder):
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check",
               "--no-deps", "--only-binary=:all:", "--implementation", "cp",
               "--python-version", "3.11", "--abi", "cp311",
               "--platform", "manylinux_2_28_" + platform.machine(), "--dest", str(folder), WHEEL]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        why = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise RuntimeError(f"pip could not download {WHEEL} ({why}); it needs python3-pip "
                           "(apt-get install python3-pip) and a package index")
    return next(pathlib.Path(folder).glob("*.whl"))


def check(wheel):
    wanted = SUMS.get(platform.machine())
    found = hashlib.sha256(wheel.read_bytes()).hexdigest()
    if found != wanted:
        raise RuntimeError(f"{wheel.name} has the checksum {found}, not {wanted}: not used")


def unpack(wheel, folder):
    with zipfile.ZipFile(wheel) as archive:
        for name in archive.namelist():
            base = pathlib.PurePosixPath(name).name
            if base.startswith("librdkafka-") and base.endswith(".so.1"):
                to = folder / LIBRARY
            elif base == "LICENSE":
                to = folder / base
            else:
                continue
            with archive.open(name) as source, open(to, "wb") as out:
                shutil.copyfileobj(source, out)
    if not (folder / LIBRARY).exists():
        raise RuntimeError(f"{wheel.name} has no {LIBRARY}")


def fetch(target=TARGET, wheel=None):
    """The folder with the library; RuntimeError says what is missing. Several at a time wait for the first."""
    stamp = target / "version"
    target.parent.mkdir(parents=True, exist_ok=True)
    with open(target.parent / ".librdkafka.lock", "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if stamp.exists() and stamp.read_text() == VERSION:
            return target
        if platform.machine() not in SUMS:
            raise RuntimeError(f"no librdkafka {VERSION} is known for {platform.machine()}")
        print(f"librdkafka: fetching {VERSION} into {target}", flush=True)
        with tempfile.TemporaryDirectory(dir=target.parent) as scratch:
            scratch = pathlib.Path(scratch)
            wheel = wheel or download(scratch)
            check(wheel)
            made = scratch / "made"
            made.mkdir()
            unpack(wheel, made)
            (made / "version").write_text(VERSION)
            shutil.rmtree(target, ignore_errors=True)
            made.rename(target)
    return target


def main():
    arguments = argparse.ArgumentParser(description=__doc__,
                                        formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--folder", type=pathlib.Path, default=TARGET, help="(.deps/librdkafka)")
    arguments.add_argument("wheel", type=pathlib.Path, nargs="?", help="instead of a download")
    options = arguments.parse_args()
    try:
        folder = fetch(options.folder.resolve(), options.wheel)
    except RuntimeError as problem:
        sys.exit(f"librdkafka: {problem}")
    print(f"librdkafka: {VERSION} is in {folder}; remove that folder to go back to the packaged one")


if __name__ == "__main__":
    main()
