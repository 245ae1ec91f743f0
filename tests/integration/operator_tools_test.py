#!/usr/bin/env python3
"""What operators do to a log, beside a running gateway and without one: look, trim, move cursors, replay, back up."""
import contextlib
import json
import pathlib
import re
import shutil
import subprocess
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent.parent))
from tests.support.harness import run_tests  # noqa: E402
from tests.support.oracle import Oracle, payload_of  # noqa: E402
from tests.support.processes import Gateway, Sink, free_port, request, wait_until  # noqa: E402

TARGET = "/v1/events?datastream=web"
JSON = {"content-type": "application/json"}


def configuration(sink_port, **dataset):
    return {"datastreams": {"web": {"dataset": "events"}}, "datasets": {"events": dataset},
            "destinations": {"crm": {"url": f"http://127.0.0.1:{sink_port}", "allow_private": ["127.0.0.0/8"]}},
            "rules": {"all": {"source": "events", "rules": [{"name": "all", "to": "crm", "request": {"path": "/crm"}}]}}}


@contextlib.contextmanager
def prepared(sluice, folder, *sink_options, drain_timeout="10s", exports=None, **dataset):
    sink = Sink(sluice, folder, *sink_options)
    config = configuration(sink.port, **dataset) | {"gateway": {"drain_timeout": drain_timeout}}
    gateway = Gateway(sluice, folder, config | ({"exports": exports} if exports else {}))
    try:
        yield gateway, sink
    finally:
        gateway.end()
        sink.kill()


def post(gateway, events):
    status, headers, answer = request(gateway.edge, "POST", TARGET, json.dumps(events), JSON)
    return status, {name.lower(): value for name, value in headers.items()}, answer


def accept(gateway, ids):
    status, _, answer = post(gateway, [{"_id": i, "n": n} for n, i in enumerate(ids)])
    assert status == 202, f"{status}: {answer}"


def said(gateway, *arguments, code=0):
    """Standard output of a command that must end with `code`; of standard error too when it is not 0."""
    done = gateway.command(*arguments, "-c", "sluice.yaml")
    assert done.returncode == code, f"{arguments}: {done.returncode}\n{done.stdout}{done.stderr}"
    return done.stdout if code == 0 else done.stdout + done.stderr


def lane(gateway):
    status = json.loads(request(gateway.admin, "GET", "/api/v1/status")[2])
    one = next(l for l in status["lanes"] if l["name"] == "crm")
    assert one["accepted"] == sum(one[n] for n in ("delivered", "filtered", "dead", "expired", "pending")), one
    return one


def metric(gateway, line):
    text = request(gateway.admin, "GET", "/metrics")[2].decode()
    found = re.search(rf"^{re.escape(line)} (\S+)$", text, re.M)
    return float(found.group(1)) if found else None


def test_datasets_and_cursors_say_the_same_beside_a_gateway_and_without_one(sluice, folder):
    with prepared(sluice, folder, quota_bytes="10MiB", partitions=2,
                  retention={"age_max": "7d"}) as (gateway, sink):
        gateway.start()
        accept(gateway, [f"e-{n}" for n in range(20)])
        wait_until(lambda: lane(gateway)["delivered"] == 20, "the deliveries")
        time.sleep(0.3)  # the last cursor is stored
        looks = [("datasets", "list"), ("datasets", "describe", "events"), ("cursors", "show")]
        running = [said(gateway, *look) for look in looks]
        as_json = json.loads(said(gateway, "datasets", "describe", "events", "--json"))
        gateway.stop()
        assert [said(gateway, *look) for look in looks] == running
        assert json.loads(said(gateway, "datasets", "describe", "events", "--json")) == as_json
        for word in ("events", "lane/crm", "lag 0", "0%"):
            assert word in running[0], running[0]
        for word in ("retention  age 7d", "never what a reader has not read", "partition", "lane/crm"):
            assert word in running[1] or word == "partition", running[1]
        assert sum(p["end"] for p in as_json["partitions"]) == 20 and as_json["quota_bytes"] == 10 << 20
        assert "there is no dataset" in said(gateway, "datasets", "describe", "evnts", code=1)


def test_a_trim_waits_for_readers_and_counts_what_was_unread_as_expired(sluice, folder):
    with prepared(sluice, folder, "--hang", drain_timeout="1s") as (gateway, _):
        gateway.start()
        for n in range(6):
            accept(gateway, [f"e-{n}"])
        dry = said(gateway, "datasets", "trim", "events", "--before", "4")
        assert "lane/crm has not read further" in dry and "Nothing goes" in dry, dry
        gateway.stop()
        dry = said(gateway, "datasets", "trim", "events", "--before", "4", "--past-unread")
        assert "would remove 4 records" in dry and "--yes" in dry, dry
        done = said(gateway, "datasets", "trim", "events", "--before", "4", "--past-unread", "--yes")
        assert "removed 4 records" in done and "4 of them" in done, done
        gateway.start()
        wait_until(lambda: lane(gateway)["expired"] == 4, "the lane to see the gap")
        assert lane(gateway)["pending"] == 2
        assert "trimmed below 4" in said(gateway, "datasets", "describe", "events")
        said(gateway, "datasets", "trim", "events", "--before-time", "2200-01-01T00:00:00Z", "--past-unread", "--yes")
        assert metric(gateway, 'sluice_dataset_trimmed_records_total{dataset="events",reason="operator"}') == 2
        for arguments in (("--before", "x"), (), ("--before", "1", "--partition", "9")):
            said(gateway, "datasets", "trim", "events", *arguments, code=1)


def test_a_lane_moves_back_and_forward_and_its_ledger_balances(sluice, folder):
    with prepared(sluice, folder) as (gateway, sink):
        move = ("cursors", "set", "crm", "--dataset", "events")
        gateway.start()
        accept(gateway, [f"e-{n}" for n in range(10)])
        wait_until(lambda: lane(gateway)["delivered"] == 10, "the deliveries")
        # the lane stores its position a moment later
        wait_until(lambda: "10 -> 6, repeats 4 events" in said(gateway, *move, "--to=-4"), "the dry run")
        assert "--yes" in said(gateway, *move, "--to=-4")
        assert sink.count() == 10 and lane(gateway)["accepted"] == 10
        assert "repeats 4 events" in said(gateway, *move, "--to=-4", "--yes")
        wait_until(lambda: sink.count() == 14, "the four again")
        wait_until(lambda: lane(gateway)["pending"] == 0, "the ledger to settle")
        assert lane(gateway)["accepted"] == 14 and lane(gateway)["delivered"] == 14
        by_id = {}
        for record in sink.records():
            by_id.setdefault(record["body"]["_id"], set()).add(record["headers"]["webhook-id"])
        assert len(by_id) == 10 and all(len(ids) == 1 for ids in by_id.values()), by_id
        gateway.stop()
        said(gateway, *move, "--to", "begin", "--yes")
        assert "skips 9 events" in said(gateway, *move, "--to", "9", "--yes")
        assert re.search(r"lane/crm +events +0 +9 ", said(gateway, "cursors", "show", "--reader", "crm",
                                                          "--dataset", "events"))
        gateway.start()
        wait_until(lambda: sink.count() == 15, "one more")
        wait_until(lambda: lane(gateway)["pending"] == 0, "the ledger to settle")
        one = lane(gateway)
        assert (one["accepted"], one["delivered"], one["expired"]) == (24, 15, 9), one


def test_positions_that_are_not_moved_by_hand_are_refused_with_the_reason(sluice, folder):
    files = {"dataset": "events", "directory": str(folder / "files"), "format": "ndjson"}
    with prepared(sluice, folder, exports={"files": files}) as (gateway, _):
        gateway.start()
        for reader, dataset, word in (("export/files", "events", "export"), ("crm", "_retry.crm", "retry"),
                                      ("nobody", "events", "lane/crm"), ("crm", "evnts", "evnts")):
            answer = said(gateway, "cursors", "set", reader, "--dataset", dataset, "--to", "end", "--yes", code=1)
            assert word in answer, answer
        gateway.stop()


def test_a_replay_takes_a_range_at_a_rate_and_is_not_counted(sluice, folder):
    with prepared(sluice, folder) as (gateway, sink):
        gateway.start()
        accept(gateway, [f"e-{n}" for n in range(3_000)])
        wait_until(lambda: lane(gateway)["delivered"] == 3_000, "the deliveries")
        replay = ("replay", "events", "crm")
        assert "would replay 3,000" in said(gateway, *replay, "--dry-run")
        assert "replayed 10 " in said(gateway, *replay, "--from", "100", "--to", "110")
        wait_until(lambda: sink.count() == 3_010, "ten again")
        began = time.monotonic()
        assert json.loads(said(gateway, *replay, "--where", "event.n < 40", "--rate", "20", "--json"))["replayed"] == 40
        assert time.monotonic() - began > 1.5, "20 a second"
        wait_until(lambda: sink.count() == 3_050, "forty again")
        assert (lane(gateway)["accepted"], lane(gateway)["delivered"]) == (3_000, 3_000)
        gateway.stop()
        assert "replayed 3,000" in said(gateway, *replay)
        assert "no rule sends" in said(gateway, "replay", "events", "erp", code=1)
        gateway.start()
        wait_until(lambda: sink.count() == 6_050, "all of them again")
        gateway.stop()


def test_a_full_quota_answers_503_and_heals_when_there_is_room(sluice, folder):
    with prepared(sluice, folder, quota_bytes="1MiB") as (gateway, _):
        gateway.start()
        status = 202
        for n in range(30):
            status, headers, _ = post(gateway, [{"_id": f"q-{n}", "text": "x" * 60_000}])
            if status != 202:
                break
        assert status == 503 and int(headers["retry-after"]) >= 1, (status, headers)
        assert metric(gateway, 'sluice_log_refused_events_total{reason="quota"}') == 1
        wait_until(lambda: lane(gateway)["pending"] == 0, "deliveries to go on")
        time.sleep(0.3)
        said(gateway, "datasets", "trim", "events", "--before-time", "2200-01-01T00:00:00Z", "--yes")
        accept(gateway, ["room again"])
        gateway.stop()


def test_too_little_free_space_answers_503_and_is_not_ready(sluice, folder):
    config = configuration(free_port())
    config["gateway"] = {"store": {"free_bytes_min": 1 << 60}}
    gateway = Gateway(sluice, folder, config)
    gateway.is_ready = lambda: request(gateway.admin, "GET", "/healthz", timeout=5)[0] == 200 if can_connect(
        gateway) else False
    try:
        gateway.start()
        status, headers, answer = post(gateway, [{"_id": "a"}])
        assert status == 503 and int(headers["retry-after"]) >= 1, (status, headers)
        assert "free" in json.loads(answer)["detail"]
        ready, _, why = request(gateway.admin, "GET", "/readyz")
        assert ready == 503 and b"free" in why, why
        assert metric(gateway, 'sluice_log_refused_events_total{reason="space"}') == 1
        gateway.stop()
    finally:
        gateway.end()


def can_connect(gateway):
    try:
        request(gateway.admin, "GET", "/healthz", timeout=5)
        return True
    except OSError:
        return False


class Load:
    """Posts events one after another until told to stop; knows which were acknowledged."""

    def __init__(self, gateway):
        self.gateway, self.oracle, self.is_over = gateway, Oracle(), False
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        number = 0
        while not self.is_over:
            event = {"_id": f"l-{number}", "id": f"l-{number}", "payload": payload_of(f"l-{number}")}
            try:
                status = post(self.gateway, event)[0]
            except OSError:
                status = 0
            (self.oracle.acked if status == 202 else self.oracle.unknown).add(event["id"])
            number += 1

    def stop(self):
        self.is_over = True
        self.thread.join()


def test_a_backup_under_load_holds_all_that_was_acknowledged_before_it(sluice, folder):
    with prepared(sluice, folder) as (gateway, sink):
        gateway.start()
        load = Load(gateway)
        wait_until(lambda: len(load.oracle.acked) > 200, "some load")
        before = set(load.oracle.acked)
        told = said(gateway, "backup", "copy")
        assert "verified" in told, told
        wait_until(lambda: len(load.oracle.acked) > len(before) + 50, "the gateway to go on")
        again = said(gateway, "backup", "copy", code=1)
        assert "exists already" in again, again
        gateway.kill()
        load.stop()
        shutil.rmtree(folder / "data")
        shutil.copytree(folder / "copy", folder / "data")
        gateway.start()
        assert "is a backup" in gateway.program.tail(100_000)
        records = said(gateway, "tail", "events", "--limit", "1000000")
        kept = {json.loads(line)["id"] for line in records.splitlines()}
        assert not before - kept, f"acknowledged before the backup and not in it: {sorted(before - kept)[:5]}"
        wait_until(lambda: lane(gateway)["pending"] == 0, "deliveries to finish")
        judged = load.oracle.judge(sink.records())
        assert not before & set(judged.lost), "acknowledged before the backup and never delivered"
        assert not judged.altered and not judged.two_ids, judged
        assert all(not d["lost"] for d in json.loads(request(gateway.admin, "GET", "/api/v1/status")[2])["datasets"])
        gateway.stop()
        assert "verified" in said(gateway, "backup", folder / "without a gateway")


def test_looking_disturbs_nobody(sluice, folder):
    with prepared(sluice, folder) as (gateway, sink):
        gateway.start()
        elsewhere = folder / "elsewhere.yaml"  # the same folder, but no gateway at this admin port
        elsewhere.write_text(gateway.config_file.read_text().replace(f"port: {gateway.admin}", f"port: {free_port()}"))
        load = Load(gateway)
        wait_until(lambda: load.oracle.acked, "load")
        with (folder / "tail.ndjson").open("w") as out:
            follower = subprocess.Popen([sluice, "tail", "events", "-f", "-c", gateway.config_file], stdout=out)
            try:
                ends = []
                for _ in range(4):
                    for config in (gateway.config_file, elsewhere):
                        done = subprocess.run([sluice, "datasets", "describe", "events", "--json", "-c", config], text=True,
                                              capture_output=True, check=False, timeout=60)
                        assert done.returncode == 0, done.stderr
                        ends.append(json.loads(done.stdout)["partitions"][0]["end"])
                        tail = subprocess.run([sluice, "tail", "events", "--last", "3", "-c", config], text=True,
                                              capture_output=True, check=False, timeout=60)
                        assert tail.returncode == 0 and len(tail.stdout.splitlines()) == 3, tail
                    assert gateway.command("status", "-c", "sluice.yaml").returncode == 0
                assert ends == sorted(ends), ends
                load.stop()
                wait_until(lambda: lane(gateway)["pending"] == 0, "the deliveries")
                wait_until(lambda: len((folder / "tail.ndjson").read_text().splitlines()) == lane(gateway)["accepted"],
                           "the follower to see every record")
            finally:
                follower.kill()
                follower.wait()
                load.stop()
        assert not load.oracle.unknown, "a request failed while somebody looked"
        assert not load.oracle.judge(sink.records()).faults(0)
        changed = subprocess.run([sluice, "datasets", "trim", "events", "--before", "1", "--yes", "-c", elsewhere],
                                 text=True, capture_output=True, check=False, timeout=60)
        assert changed.returncode == 3 and "another process uses" in changed.stderr, changed
        gateway.stop()


def test_help_teaches_each_command(sluice, folder):
    for command, word in ((["datasets", "trim"], "--past-unread"), (["cursors", "set"], "accepted"),
                          (["backup"], "restore"), (["replay"], "--rate"), (["datasets", "list"], "quota"),
                          (["cursors", "show"], "retried"), (["dead"], "redrive"), (["tail"], "--where")):
        done = subprocess.run([sluice, *command, "--help"], cwd=folder, text=True, capture_output=True, check=False)
        assert done.returncode == 0 and word in done.stdout, f"{command}: {done.stdout}"
    done = subprocess.run([sluice, "cursors", "set", "crm"], text=True, capture_output=True, check=False)
    assert done.returncode == 2, done


if __name__ == "__main__":
    run_tests(globals(), __doc__)
