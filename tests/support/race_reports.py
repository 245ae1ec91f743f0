"""ThreadSanitizer's reports of every process of a test run, also of those that were killed.

Each process writes its report into a file of its own (`log_path`) at once. Its exit code would tell only of processes
that end by themselves, and a gateway's log goes with the folder of its test. Other binaries ignore all this.
"""
import os
import pathlib
import re

SUPPRESSIONS = pathlib.Path(__file__).with_name("tsan.supp")
SHOWN_MAX = 15_000


def watched(environment, folder):
    """The environment for processes whose reports shall land in `folder`."""
    options = [environment.get("TSAN_OPTIONS"), f"suppressions={SUPPRESSIONS}", "second_deadlock_stack=1",
               f"log_path={os.path.join(folder, 'report')}"]
    return dict(environment, TSAN_OPTIONS=":".join(filter(None, options)))


class Reports:
    """What lies in the folder after a run."""

    def __init__(self, folder):
        self.texts = [path.read_text(errors="replace") for path in sorted(pathlib.Path(folder).glob("report.*"))]

    @property
    def summaries(self):
        """One line per report; a file without one (the sanitizer itself failed) counts, too."""
        found = []
        for text in self.texts:
            found += re.findall(r"^SUMMARY: (.*)", text, re.M) or [text.strip()[:200] or "an empty report"]
        return found

    def __str__(self):
        return "\n".join(["".join(self.texts)[:SHOWN_MAX], *(f"race: {line}" for line in self.summaries)])
