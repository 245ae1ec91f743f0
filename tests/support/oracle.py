"""Judges a delivery run: what was acknowledged must have arrived, unchanged, and nothing else may.

The producer's ids are `p-n`; payloads are derived from the id, so the receiver's records can be judged
without keeping what was sent.
"""
import collections
import dataclasses
import hashlib


def payload_of(event_id):
    return hashlib.sha256(event_id.encode()).hexdigest()


@dataclasses.dataclass
class Verdict:
    acked: int = 0
    unknown: int = 0
    seen: int = 0
    lost: list = dataclasses.field(default_factory=list)
    invented: list = dataclasses.field(default_factory=list)
    altered: list = dataclasses.field(default_factory=list)
    duplicates: int = 0
    two_ids: list = dataclasses.field(default_factory=list)

    def faults(self, duplicates_max):
        """Sentences; empty when the run is fine."""
        found = []
        for name in ("lost", "invented", "altered"):
            ids = getattr(self, name)
            if ids:
                found.append(f"{len(ids)} {name}, for example {ids[:5]}")
        if self.two_ids:
            found.append(f"{len(self.two_ids)} repeated with another webhook-id: {self.two_ids[:5]}")
        if self.duplicates > duplicates_max:
            found.append(f"{self.duplicates} duplicates, at most {duplicates_max}")
        return found

    def __str__(self):
        return (f"acked {self.acked}, unknown {self.unknown}, seen {self.seen}, lost {len(self.lost)}, "
                f"invented {len(self.invented)}, altered {len(self.altered)}, duplicates {self.duplicates}")


class Oracle:
    def __init__(self):
        self.acked = set()
        self.unknown = set()

    def judge(self, records):
        """`records`: what the receiver wrote down: body {id, payload} and the header webhook-id."""
        verdict = Verdict(acked=len(self.acked), unknown=len(self.unknown))
        webhook_ids = collections.defaultdict(set)
        times = collections.Counter()
        for record in records:
            event_id = record["body"]["id"]
            times[event_id] += 1
            webhook_ids[event_id].add(record["headers"].get("webhook-id"))
            if record["body"].get("payload") != payload_of(event_id):
                verdict.altered.append(event_id)
        sent = self.acked | self.unknown
        verdict.seen = len(times)
        verdict.lost = sorted(self.acked - times.keys())
        verdict.invented = sorted(times.keys() - sent)
        verdict.duplicates = sum(times.values()) - len(times)
        verdict.two_ids = sorted(i for i, ids in webhook_ids.items() if len(ids) > 1 or None in ids)
        return verdict


def self_test():
    """The oracle must find each fault planted for it, exactly; returns a sentence when it does not."""
    def record(n, **change):
        body = {"id": f"p-{n}", "payload": payload_of(f"p-{n}")} | change
        return {"body": body, "headers": {"webhook-id": f"w-{n}"}}
    oracle = Oracle()
    oracle.acked = {f"p-{n}" for n in range(20_000)}
    oracle.unknown = {"p-20000"}
    complete = [record(n) for n in range(20_000)]
    if oracle.judge(complete).faults(0):
        return "it objects to a complete run"
    forgetful = [r for n, r in enumerate(complete) if n % 10_000 != 9_999]
    if oracle.judge(forgetful).lost != ["p-19999", "p-9999"]:
        return "a receiver that forgets one event in 10,000 must show as exactly two lost"
    if oracle.judge(complete + [record(30_000)]).invented != ["p-30000"]:
        return "an event that was never sent must show as invented"
    if oracle.judge(complete[1:] + [record(0, payload="x")]).altered != ["p-0"]:
        return "a changed payload must show as altered"
    if oracle.judge(complete + complete[:3]).duplicates != 3:
        return "three repeats must show as three duplicates"
    other = {"body": complete[0]["body"], "headers": {"webhook-id": "other"}}
    if oracle.judge(complete + [other]).two_ids != ["p-0"]:
        return "a repeat under another webhook-id must show"
    return None
