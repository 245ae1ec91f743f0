#!/usr/bin/env python3
"""Puts Apache Arrow's headers and libraries into .deps/arrow (make deps calls it).

Debian 12 has no package of Arrow, but the pyarrow wheel carries its C++ headers and libraries. Which
Python runs this does not matter: nothing of it is used but pip. A quick no-op when all is there.
"""
import pathlib
import shutil
import subprocess
import sys
import tempfile
import zipfile

VERSION = "26.0.1"
ROOT = pathlib.Path(__file__).resolve().parent.parent
TARGET = ROOT / ".deps" / "arrow"
LIBRARIES = ("libarrow.so.", "libparquet.so.", "libarrow_s3.so.")


def download(folder):
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check",
               "--no-deps", "--only-binary=:all:", "--implementation", "cp",
               "--python-version", "3.11", "--abi", "cp311",
               "--platform", "manylinux_2_28_" + machine(), "--dest", str(folder),
               "pyarrow==" + VERSION]
    if subprocess.run(command, check=False).returncode != 0:
        sys.exit("arrow: pip could not download pyarrow " + VERSION + "; it needs python3-pip "
                 "(apt-get install python3-pip) and a package index; Parquet exports stay off without it")
    return next(pathlib.Path(folder).glob("pyarrow-*.whl"))


def machine():
    import platform
    return platform.machine()


def unpack(wheel, folder):
    with zipfile.ZipFile(wheel) as archive:
        for name in archive.namelist():
            if name.startswith("pyarrow/include/"):
                to = folder / name[len("pyarrow/"):]
            elif name.startswith("pyarrow/") and name[len("pyarrow/"):].startswith(LIBRARIES):
                to = folder / "lib" / pathlib.PurePosixPath(name).name
            else:
                continue
            if name.endswith("/"):
                continue
            to.parent.mkdir(parents=True, exist_ok=True)
            with archive.open(name) as source, open(to, "wb") as out:
                shutil.copyfileobj(source, out)


def main():
    stamp = TARGET / "version"
    if stamp.exists() and stamp.read_text() == VERSION:
        return
    print("arrow: fetching Apache Arrow " + VERSION + " into .deps/arrow", flush=True)
    with tempfile.TemporaryDirectory() as scratch:
        wheel = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else download(scratch)
        shutil.rmtree(TARGET, ignore_errors=True)
        unpack(wheel, TARGET)
    stamp.write_text(VERSION)


if __name__ == "__main__":
    main()
