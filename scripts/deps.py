#!/usr/bin/env python3
"""Installs what is missing: Debian packages by name, then Apache Arrow and what tests compare with into .deps.

A quick no-op when all is there. Without root it prints the one command to run and stops.
"""
import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
CEL_VERSION = "0.1.3"


def wanted_packages():
    for line in (ROOT / "cmake/packages.txt").read_text().splitlines():
        fields = line.split("#")[0].split()
        if fields:
            yield fields[0], fields[1] if len(fields) > 1 else ""


def installed_versions():
    query = ["dpkg-query", "-W", "-f", "${Package} ${Status} ${Version}\n"]
    answer = subprocess.run(query, capture_output=True, text=True, check=False).stdout
    versions = {}
    for line in answer.splitlines():
        fields = line.split()
        if "installed" in fields[1:-1]:
            versions[fields[0]] = fields[-1]
    return versions


def install(names):
    command = ["apt-get", "install", "-y", "--no-install-recommends", *names]
    if os.geteuid() != 0:
        print("deps: these packages are missing; run this, then `make` again:\n")
        print("  sudo apt-get update && sudo " + " ".join(command) + "\n")
        sys.exit(1)
    print("deps: installing " + " ".join(names), flush=True)
    environment = dict(os.environ, DEBIAN_FRONTEND="noninteractive")
    if subprocess.run(["apt-get", "update", "-q"], env=environment, check=False).returncode != 0:
        print("deps: `apt-get update` failed; going on with the package lists of this machine")
    if subprocess.run(command[:1] + ["-q"] + command[1:], env=environment, check=False).returncode:
        sys.exit("deps: apt-get could not install the packages; see its message above")


def debian_packages():
    wanted = dict(wanted_packages())
    installed = installed_versions()
    missing = [name for name in wanted if name not in installed]
    if missing:
        install(missing)
        installed = installed_versions()
    for name, version in wanted.items():
        if not installed.get(name, "").startswith(version):
            print(f"deps: {name} is {installed.get(name)}, tested with {version}*")
    print(f"deps: {len(wanted)} Debian packages, {len(missing)} of them installed just now")


def arrow():
    """Parquet needs Apache Arrow, which Debian 12 does not package."""
    for script in ("fetch_arrow.py", "fetch_arrow.sh"):
        path = ROOT / "cmake" / script
        if path.exists():
            program = sys.executable if script.endswith(".py") else "bash"
            if subprocess.run([program, str(path)], cwd=ROOT, check=False).returncode != 0:
                print("deps: no Apache Arrow: the build goes on without Parquet", flush=True)
            return


def other_cel():
    """A second implementation of the rules language, which tests/differential compares ours with."""
    target = ROOT / ".deps/cel"
    if (target / f"cel_expr_python-{CEL_VERSION}.dist-info").exists():
        return
    command = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--root-user-action=ignore", "--upgrade",
               "--target", str(target), f"cel-expr-python=={CEL_VERSION}"]
    if subprocess.run(command, check=False).returncode != 0:
        print("deps: no cel-expr-python: the differential test of the rules language will be skipped", flush=True)


if __name__ == "__main__":
    if not pathlib.Path("/usr/bin/dpkg-query").exists():
        sys.exit("deps: this is no Debian; install the libraries of cmake/packages.txt yourself "
                 "and run cmake directly (README.md, section Building)")
    debian_packages()
    arrow()
    other_cel()
