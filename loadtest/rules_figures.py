#!/usr/bin/env python3
"""What rules cost, as a table: figure against goal. Needs the micro benchmarks (`make bench-rules` builds them).

Each figure is the median of several repetitions of one thread over warm caches; events are decoded unless a row says
otherwise. Exit code 1 when a goal is missed.
"""
import argparse
import json
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
INDEXED = ("mixed", "equality", "in_list", "range", "prefix", "either", "absent", "shared")
UNINDEXED = ("distinct", "distinct_pattern")


def rows():
    """(what, benchmark, goal in ns or None)"""
    yield "decode, slots of one rule", "decode/1", None
    yield "decode, slots of 100 rules", "decode/100", None
    yield "first rule", "decide/mixed/1", None
    for count, goal in ((100, 1_000), (10_000, 30_000)):
        for shape in INDEXED:
            yield f"{count:,} rules, {shape}", f"decide/{shape}/{count}", goal
        for shape in ("mixed", "shared"):
            yield f"{count:,} rules, {shape}, mode first", f"decide_first/{shape}/{count}", goal
        yield f"{count:,} rules in sets of ten", f"decide_sets/{count}", goal
        yield f"{count:,} rules inside a rule", f"decide_nested/{count}", goal
        for shape in UNINDEXED:
            yield f"{count:,} rules, {shape}, nothing to index", f"decide/{shape}/{count}", None
    yield "request of ten fields", "render", None
    yield "decode + 100 rules + request of ten fields", "decode_100_rules_and_render", 8_000


def measure(program, repetitions):
    """Benchmark name to median CPU time in ns."""
    done = subprocess.run([str(program), "--benchmark_format=json", f"--benchmark_repetitions={repetitions}",
                           "--benchmark_report_aggregates_only=true", "--benchmark_min_time=0.1"],
                          stdout=subprocess.PIPE, text=True, check=True)
    scale = {"ns": 1, "us": 1e3, "ms": 1e6}
    return {entry["run_name"]: entry["cpu_time"] * scale[entry["time_unit"]]
            for entry in json.loads(done.stdout)["benchmarks"] if entry.get("aggregate_name") == "median"}


def shown(nanoseconds):
    return f"{nanoseconds / 1e3:,.2f} us" if nanoseconds >= 1e3 else f"{nanoseconds:.1f} ns"


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--build", type=pathlib.Path, default=ROOT / "build/release")
    arguments.add_argument("--repetitions", type=int, default=5)
    options = arguments.parse_args()
    rules = measure(options.build / "rules_bench", options.repetitions)
    expressions = measure(options.build / "expression_bench", options.repetitions)
    print("| what | goal | measured | |\n| --- | --- | --- | --- |")
    missed = 0
    for what, name, goal in rows():
        if name not in rules:
            sys.exit(f"rules_figures: rules_bench has no benchmark {name}")
        verdict = "" if goal is None else "ok" if rules[name] <= goal else "missed"
        missed += verdict == "missed"
        print(f"| {what} | {shown(goal) if goal else ''} | {shown(rules[name])} | {verdict} |")
    print("\n| family | function | one call |\n| --- | --- | --- |")
    for name, taken in expressions.items():
        if name.startswith("family/"):
            _, family, function = name.split("/")
            print(f"| {family} | {function} | {shown(taken)} |")
    print(f"\n{missed} goals missed")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
