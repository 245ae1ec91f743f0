#!/usr/bin/env python3
"""Random expressions must mean the same here and in an independent implementation of CEL.

Every difference must be explained by a rule of known_differences.yaml, and every rule must explain something, else
the test fails. Controls: an implementation with a planted fault must be found out. The last line is
`N passed, N failed`: one test for the comparison, one for the checker, one per rule and per control.
"""
import argparse
import collections
import pathlib
import re
import sys
import time

import yaml

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from answers import OtherImplementation, Sluice  # noqa: E402
from generator import Generator  # noqa: E402

SEED, COUNT, SHOWN_MAX = 20251125, 12000, 15
# what a wrong evaluator would do; each must be found among the expressions that it changes
PLANTED = {"less means less or equal": (r" < ", " <= "), "remainder is quotient": (r" % ", " / "),
           "startsWith looks at the end": (r"\.startsWith\(", ".endsWith("),
           "errors win over false": (r" && ", " == "), "indexOf takes the last": (r"\.indexOf\(", ".lastIndexOf(")}
CONTROL_COUNT_MAX = 4000


class KnownDifferences:
    """Rules of known_differences.yaml; `explains` names the one that a difference falls under."""

    def __init__(self):
        path = pathlib.Path(__file__).resolve().parent / "known_differences.yaml"
        self.rules = yaml.safe_load(path.read_text())
        self.hits = collections.Counter()
        self.examples = {}

    def explains(self, expression, ours, theirs):
        for rule in self.rules:
            if all(re.search(rule.get(name, ""), text, re.S) for name, text in
                   (("expression", expression), ("ours", f"{ours[0]}: {ours[1]}"), ("theirs", f"{theirs[0]}: {theirs[1]}"))):
                self.hits[rule["name"]] += 1
                self.examples.setdefault(rule["name"], expression)
                return rule["name"]
        return None


def same(ours, theirs):
    return ours[0] == theirs[0] == "error" or ours == theirs


class Comparison:
    def __init__(self, sluice, other, known):
        self.sluice, self.other, self.known = sluice, other, known

    def unexplained(self, expression, event, ours, theirs):
        return not same(ours, theirs) and self.known.explains(expression, ours, theirs) is None

    def causes(self, node, event):
        """The parts of an expression that differ while nothing inside of them does; loop bodies can't stand alone."""
        parts = [part for part in (node, *node.below()) if not part.bound]
        texts = [str(part) for part in parts]
        differs = {text: (a, b) for text, a, b in zip(texts, self.sluice.answers([(text, event) for text in texts]),
                                                      self.other.answers([(text, event) for text in texts]))
                   if not same(a, b) and not (b[0] == "unreadable" and "Python type" in b[1] and text != texts[0])}
        return {str(part): differs[str(part)] for part in parts
                if str(part) in differs and not any(str(inner) in differs for inner in part.below())}

    def run(self, nodes, cases, theirs, show=SHOWN_MAX):
        """Indexes of the cases that differ without a reason; up to `show` of them are printed."""
        ours = self.sluice.answers(cases)
        suspects = [index for index, (expression, event) in enumerate(cases)
                    if self.unexplained(expression, event, ours[index], theirs[index])]
        found = []
        for index in suspects:
            if len(found) > SHOWN_MAX:  # something is broken; the rest would say the same
                found.append(index)
                continue
            event = cases[index][1]
            for part, answers in self.causes(nodes[index], event).items():
                if self.known.explains(part, *answers) is None:
                    found.append(index)
                    if len(found) <= show:
                        print(f"  {part}\n    ours:   {str(answers[0])[:300]}\n    theirs: {str(answers[1])[:300]}\n"
                              f"    in:     {cases[index][0][:300]}\n    event:  {str(event)[:300]}")
                    break
        return ours, found


def checker_changes_nothing(sluice, cases, unchecked):
    """The checker may refuse an expression, but never give it another value."""
    checked = sluice.answers(cases, check=True)
    refused = sum(1 for a, b in zip(checked, unchecked) if a[0] == "error" and b[0] != "error")
    wrong = [index for index, (a, b) in enumerate(zip(checked, unchecked)) if a[0] != "error" and not same(a, b)]
    for index in wrong[:SHOWN_MAX]:
        print(f"  {cases[index][0]}\n    checked {checked[index]}\n    unchecked {unchecked[index]}")
    print(f"checker: {refused} of {len(cases)} expressions refused that have a value, {len(wrong)} changed")
    return not wrong


class Planted(Sluice):
    def __init__(self, binary, pattern, replacement):
        super().__init__(binary)
        self.pattern, self.replacement = pattern, replacement

    def answers(self, cases, check=False):
        return super().answers([(re.sub(self.pattern, self.replacement, expression), event)
                                for expression, event in cases], check)


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--sluice", required=True, type=lambda p: pathlib.Path(p).resolve())
    arguments.add_argument("--seed", type=int, default=SEED)
    arguments.add_argument("--count", type=int, default=COUNT)
    options = arguments.parse_args()
    missing = OtherImplementation.reason_missing()
    if missing:
        print(f"skipped: differential test: {missing}\n0 passed, 0 failed")
        return 0
    began = time.monotonic()
    generator = Generator(options.seed)
    events = [generator.event() for _ in range(options.count // 10)]
    nodes = [generator.expression() for _ in range(options.count)]
    cases = [(str(node), events[index % len(events)]) for index, node in enumerate(nodes)]
    known = KnownDifferences()
    other = OtherImplementation()
    theirs = other.answers(cases)
    comparison = Comparison(Sluice(options.sluice), other, known)
    ours, found = comparison.run(nodes, cases, theirs)
    results = {"every difference is explained": not found}
    errors = sum(1 for answer in ours if answer[0] == "error")
    print(f"note: {len(cases)} expressions, {len(set(cases[i][0] for i in range(len(cases))))} different, {errors} errors, "
          f"{sum(known.hits.values())} explained differences, {len(found)} unexplained")
    for rule in known.rules:
        name = rule["name"]
        print(f"  {known.hits[name]:5}  {name}   {known.examples.get(name, '')[:90]}")
        if options.seed == SEED and options.count >= COUNT and not rule.get("rare"):
            results[f"rule {name} explains something"] = known.hits[name] > 0
    results["the checker changes no value"] = checker_changes_nothing(comparison.sluice, cases, ours)
    for name, (pattern, replacement) in PLANTED.items():
        wrong = Comparison(Planted(options.sluice, pattern, replacement), other, KnownDifferences())
        changed = [i for i, case in enumerate(cases) if re.search(pattern, case[0])][:CONTROL_COUNT_MAX]
        _, found = wrong.run([nodes[i] for i in changed], [cases[i] for i in changed],
                             [theirs[i] for i in changed], show=0)
        results[f"control: {name} is found"] = bool(found)
    for name, passed in results.items():
        if not passed:
            print(f"FAIL {name}")
    print(f"{time.monotonic() - began:.1f} s")
    failed = sum(1 for passed in results.values() if not passed)
    print(f"{len(results) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
