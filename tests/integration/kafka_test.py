#!/usr/bin/env python3
"""The gateway on a real Apache Kafka broker: one gateway, three gateways, logins, outages.

Needs Java 17 and Maven; without them it says so and passes nothing. Last line: `N passed, N failed`.
"""
import base64
import gzip
import json
import os
import pathlib
import random
import re
import signal
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT))
from scripts import kafka_broker, librdkafka  # noqa: E402
from tests.support.harness import Skipped, run_tests  # noqa: E402
from tests.support.kafka_cluster import (PARTITIONS, SESSION_SECONDS, Cluster, SharedBroker,  # noqa: E402
                                         configuration, event, load, owned, post, settle, status, whereabouts)
from tests.support.oracle import Oracle  # noqa: E402
from tests.support.processes import Gateway, Program, Sink, request, wait_until  # noqa: E402

SHARED = SharedBroker(secure=True)
FIRST_TRY_OVER = "waiting for the cluster"  # in the log, seconds after the start


def start_one(sluice, folder, name, environment=None, **kafka):
    sink = Sink(sluice, folder)
    gateway = Gateway(sluice, folder, configuration(SHARED.get(), sink.port, name, **kafka), environment)
    gateway.start()
    return gateway, sink


def exported_ids(directory):
    ids = []
    for path in sorted(pathlib.Path(directory).rglob("events-*.json*")):
        text = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        ids += [json.loads(line)["_id"] for line in text.splitlines()]
    return ids


def test_one_gateway_delivers_and_kafkas_own_tools_see_it(sluice, folder):
    gateway, sink = start_one(sluice, folder, "single")
    broker = SHARED.get()
    try:
        odd = '{"_id":"odd","key":"k", "n":1.50,"big":123456789012345678901234567890,"u":"\\u00e9 \u00e9"}'
        assert post(gateway, odd.encode())[0] == 202
        for number in range(50):
            code, _, body = post(gateway, event(f"p-{number}"))
            assert code == 202, (code, body)
        wait_until(lambda: sink.count("/in") >= 51, "51 deliveries")

        seen = broker.tool("consumer", "--topic", "single.events", "--from-beginning", "--max-messages",
                           "51", "--formatter-property", "print.key=true",
                           "--formatter-property", "print.headers=true",
                           "--timeout-ms", "20000")
        line = next(row for row in seen.splitlines() if "sluice-event-id:odd" in row)
        headers, key, value = line.split("\t")
        assert (key, value) == ("k", odd), line
        for name in ("sluice-received-at:20", "sluice-datastream:web", "sluice-source:native",
                     "content-type:application/json"):
            assert name in headers, headers

        def lag_is_told():
            table = broker.tool("groups", "--describe", "--all-groups", check=False)
            rows = [row.split() for row in table.splitlines() if " single.events " in row]
            lanes = [row for row in rows if "sink" in row[0]]
            return len(lanes) == PARTITIONS and all(row[5] == "0" for row in lanes) and lanes
        rows = wait_until(lag_is_told, "kafka-consumer-groups to show the lane without lag")
        assert sum(int(row[3]) for row in rows) == 51, rows
        check_tools(gateway, sink)
        gateway.stop()
        check_tools_without_gateway(gateway)
    finally:
        gateway.end()
        sink.kill()


def check_tools(gateway, sink):
    lane = next(lane for lane in status(gateway)["lanes"] if lane["name"] == "sink")
    assert (lane["accepted"], lane["delivered"], lane["pending"]) == (51, 51, 0), lane
    metrics = request(gateway.admin, "GET", "/metrics")[2].decode()
    assert re.search(r'^sluice_log_engine_total\{what="kafka_produced"\} [1-9]', metrics, re.M), metrics
    tail = gateway.command("tail", "events", "-c", gateway.config_file)
    assert len(tail.stdout.splitlines()) == 51, tail.stdout + tail.stderr
    replayed = gateway.command("replay", "events", "sink", "-c", gateway.config_file, "--since",
                               "2020-01-01T00:00:00Z")
    assert replayed.returncode == 0, replayed.stderr
    wait_until(lambda: sink.count("/in") >= 102, "the replayed deliveries")


def check_tools_without_gateway(gateway):
    config = ("-c", gateway.config_file)
    tail = gateway.command("tail", "events", *config, "--id", "odd")
    assert json.loads(tail.stdout)["id"] == "odd", tail.stdout + tail.stderr
    explained = gateway.command("explain", gateway.config_file, "--id", "odd")
    assert explained.returncode == 0 and "MATCHED" in explained.stdout, explained.stdout + explained.stderr
    dead = gateway.command("dead", "list", *config)
    assert dead.returncode == 0 and "0 dead letters" in dead.stdout, dead.stdout + dead.stderr
    listed = gateway.command("datasets", "list", *config)
    assert listed.returncode == 0 and "events" in listed.stdout, listed.stdout + listed.stderr
    asked = gateway.command("status", *config)
    assert asked.returncode == 3, asked


def test_the_contract_of_the_log_holds_on_a_real_broker(sluice, folder):
    """All laws of event_log; the unit tests try on a cluster in memory those that it can serve."""
    program = pathlib.Path(sluice).parent / "test_datasets"
    if not program.exists():
        raise Skipped(f"{program} is not built (preset debug)")
    known = f"suppressions={ROOT / 'tests/support/lsan.supp'}:print_suppressions=0"
    done = subprocess.run([program, "--gtest_filter=KafkaCluster/*"], cwd=folder, text=True, check=False,
                          env={"LSAN_OPTIONS": known} | os.environ | {"SLUICE_TEST_KAFKA": SHARED.get().address},
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=300)
    laws = done.stdout.count("[       OK ] KafkaCluster/")
    assert done.returncode == 0 and laws >= 25, done.stdout[-6000:]
    print(f"     {laws} laws hold")


def test_three_gateways_share_the_load_and_lose_nothing_through_faults(sluice, folder):
    sink = Sink(sluice, folder)
    config = configuration(SHARED.get(), sink.port, "three")
    config["exports"] = {"files": {"dataset": "events", "directory": str(folder / "files"),
                                   "format": "ndjson", "interval": "2s"}}
    oracle = Oracle()
    try:
        with Cluster(sluice, folder, config, 3) as cluster:
            first, second, third = cluster.gateways
            def shares():
                return [len(owned(gateway)) for gateway in cluster.gateways]
            # the first one has all of them until the others have joined
            wait_until(lambda: shares() == [PARTITIONS // 3] * 3 and cluster.all_owned(),
                       "partitions to be shared evenly")
            with load(cluster.gateways, oracle):
                time.sleep(2)
                first.kill()
                killed = time.monotonic()
                wait_until(cluster.all_owned, "the others to take over")
                taken = time.monotonic() - killed
                print(f"     takeover after kill -9: {taken:.1f} s (session timeout {SESSION_SECONDS} s)")
                assert taken <= SESSION_SECONDS + 5, taken
                first.start()
                os.kill(second.program.pid, signal.SIGSTOP)
                time.sleep(SESSION_SECONDS + 3)
                os.kill(second.program.pid, signal.SIGCONT)
                wait_until(cluster.all_owned, "ownership after a pause")
                third.stop()
                third.start()
                SHARED.get().kill()
                time.sleep(1)
                SHARED.get()
                wait_until(lambda: all(g.is_ready() for g in cluster.gateways), "readiness after the broker")
                wait_until(cluster.all_owned, "ownership after the broker")
                time.sleep(1)
            verdict = settle(sink, oracle)
            print(f"     {verdict}")
            if verdict.lost:
                print(whereabouts(cluster.gateways[0], verdict.lost[0]))
            assert not verdict.faults(duplicates_max=verdict.seen), verdict.faults(verdict.seen)
            assert verdict.acked > 500, "a hollow run"
            check_export(folder / "files", oracle, cluster)
    finally:
        sink.kill()


def check_export(directory, oracle, cluster):
    def complete():
        return oracle.acked <= set(exported_ids(directory))
    try:
        wait_until(complete, "the export of everything that was accepted")
    except AssertionError as late:
        missing = sorted(oracle.acked - set(exported_ids(directory)))
        said = [f"{gateway.folder.name}: {line}" for gateway in cluster.gateways
                for line in gateway.program.tail(1_000_000).splitlines() if "export" in line][-40:]
        raise AssertionError(f"{late}: {len(missing)} are missing, {missing[:5]}\n" + "\n".join(said)) from None
    ids = exported_ids(directory)
    invented = set(ids) - oracle.acked - oracle.unknown
    assert not invented, sorted(invented)[:5]
    # an event whose answer got lost is posted once here; twice in the files is the export's fault
    # or the log's: the producer never repeats an id
    twice = len(ids) - len(set(ids))
    assert twice == 0, f"{twice} rows stand in more than one place of the files"


def test_an_outage_of_the_broker_is_answered_with_503_and_heals(sluice, folder):
    gateway, sink = start_one(sluice, folder, "outage")
    try:
        assert post(gateway, event("p-0"))[0] == 202
        SHARED.get().kill()

        def refused():
            code, headers, body = post(gateway, event("p-1"))
            return code == 503 and headers.get("Retry-After") and b"may or may not" not in body
        wait_until(refused, "a clear 503 with Retry-After")
        # an event that was given up may be heard of before the connection that was lost
        wait_until(lambda: b"127.0.0.1" in request(gateway.admin, "GET", "/readyz")[2], "the broker to be named")
        assert request(gateway.admin, "GET", "/readyz")[0] == 503
        check_tools_in_an_outage(gateway)
        SHARED.get()
        wait_until(lambda: post(gateway, event("p-2"))[0] == 202, "recovery")
        wait_until(gateway.is_ready, "readiness")
        oracle = Oracle()
        oracle.acked, oracle.unknown = {"p-0", "p-2"}, {"p-1"}
        verdict = settle(sink, oracle)
        assert not verdict.lost, verdict.lost
    finally:
        gateway.end()
        sink.kill()


def check_tools_in_an_outage(gateway):
    """Whatever is asked is answered soon: with what is known, or with the reason why not."""
    def ask(*arguments):
        begin = time.monotonic()
        done = gateway.command(*arguments)
        took = time.monotonic() - begin
        # 10 s is the promise for a question; the rest is a sanitized binary on a busy machine
        assert took < 20, (arguments, took)
        return done, took
    config = ("-c", gateway.config_file)
    told, took = ask("status", *config)
    assert took < 10, took
    assert re.search(r"^log refusing: .+", told.stdout, re.M), told.stdout + told.stderr
    assert "last that are known" in told.stdout, told.stdout
    for question in (("dead", "list"), ("datasets", "list"), ("datasets", "describe", "events"),
                     ("cursors", "show")):
        done, _ = ask(*question, *config)
        assert done.returncode != 0 and "no Kafka broker can be reached" in done.stdout + done.stderr, \
            (question, done)
    done, _ = ask("tail", "events", *config)
    # what lies in the cache is told
    assert done.returncode == 0 or "Kafka" in done.stdout + done.stderr, done
    done, _ = ask("explain", gateway.config_file, "--id", "never-seen")
    assert done.returncode == 3 and "Kafka" in done.stderr and "no stored event" not in done.stderr, done


def test_the_spool_bridges_an_outage_and_loses_nothing_to_a_kill_in_it(sluice, folder):
    # nobody has had the lane when its first events are accepted: the cluster was never seen
    SHARED.get().kill()
    sink = Sink(sluice, folder)
    gateway = Gateway(sluice, folder, configuration(SHARED.broker, sink.port, "spool", spool={"enabled": True}))

    def posted(first, last):
        for number in range(first, last):
            assert post(gateway, event(f"p-{number}", "same"))[0] == 202, number

    def figures():
        return status(gateway)["log"]["figures"]

    def delivered(count):
        wanted = {f"p-{n}" for n in range(count)}
        wait_until(lambda: wanted <= {r["body"]["id"] for r in sink.records("/in")}, f"{count} deliveries")
    try:
        gateway.start()
        posted(0, 1)
        assert FIRST_TRY_OVER not in gateway.program.tail(), "it had to wait for the cluster to say nothing"
        posted(1, 20)
        told = gateway.command("status", "-c", gateway.config_file).stdout
        assert re.search(r"spool: 20 events \([0-9]+ bytes\) wait, the oldest for [0-9]+ s", told), told
        gateway.kill()  # what is on the disk survives
        gateway.start()
        posted(20, 40)
        assert figures()["spool_events"] == 40, figures()
        SHARED.get()
        posted(40, 45)
        wait_until(lambda: figures().get("spool_events") == 0, "an empty spool")
        delivered(45)
        SHARED.get().kill()  # now the lane has cursors
        wait_until(lambda: post(gateway, event("x-0", "same"))[0] == 202, "the spool to take over")
        posted(45, 60)
        SHARED.get()
        delivered(60)
        told = gateway.command("tail", "events", "-c", gateway.config_file)
        order = list(dict.fromkeys(json.loads(line)["id"] for line in told.stdout.splitlines()))
        order = [i for i in order if i.startswith("p-")]
        assert order == [f"p-{n}" for n in range(60)], order
    finally:
        gateway.end()
        sink.kill()


def test_a_gateway_that_starts_before_the_broker_waits_and_says_so(sluice, folder):
    SHARED.get().kill()
    sink = Sink(sluice, folder)
    gateway = Gateway(sluice, folder, configuration(SHARED.broker, sink.port, "early"))
    gateway.program = Program([sluice, "run", gateway.config_file], folder / "gateway.log", cwd=folder)
    try:
        def told():
            try:
                code, _, body = request(gateway.admin, "GET", "/readyz", timeout=3)
            except OSError:
                return b""
            assert code == 503, code
            return body
        first = wait_until(told, "/readyz to answer")
        assert FIRST_TRY_OVER not in gateway.program.tail(), "it had to wait for the cluster to say nothing"
        assert b"Kafka" in first, first
        code, headers, _ = post(gateway, event("too-early"))
        assert code == 503 and headers.get("Retry-After"), (code, headers)
        wait_until(lambda: SHARED.broker.address.encode() in told(), "/readyz to name the broker")

        def move():
            return request(gateway.admin, "POST", "/api/v1/cursors/sink?dataset=events&to=begin")
        code, _, body = move()  # there is no lane yet
        assert code == 503 and b"waits" in body, (code, body)
        assert gateway.program.running()
        SHARED.get()
        # an operator goes on trying while lanes are being started
        wait_until(lambda: move() and gateway.is_ready(), "readiness after the broker has come")
        assert post(gateway, event("p-0"))[0] == 202
        wait_until(lambda: sink.count("/in") == 1, "the delivery")
    finally:
        gateway.end()
        sink.kill()


def test_an_oversized_event_is_refused_alone(sluice, folder):
    gateway, sink = start_one(sluice, folder, "large", topic_options={"max.message.bytes": "60000"})
    try:
        large = json.dumps({"_id": "large", "key": "k", "payload": "x" * 70_000})
        code, _, body = post(gateway, large)
        assert code == 413, (code, body)
        code, _, body = post(gateway, f"[{event('p-0')},{large},{event('p-1')}]")
        answer = json.loads(body)
        assert code == 207 and answer["accepted"] == 2, (code, body)
        assert answer["rejected"][0]["index"] == 1 and "max.message.bytes" in answer["rejected"][0]["detail"]
        wait_until(lambda: sink.count("/in") == 2, "the other events")

        # each fits; what the client puts into one message set has to fit as well. Nothing compresses them
        def fitting(number):
            noise = base64.b64encode(random.randbytes(22_500)).decode()
            return json.dumps({"_id": f"fit-{number}", "key": "one", "payload": noise})
        many = "[" + ",".join(fitting(n) for n in range(30)) + "]"
        code, _, body = post(gateway, many)
        assert code == 202 and json.loads(body)["accepted"] == 30, (code, body)
        wait_until(lambda: sink.count("/in") == 32, "all that fit")
    finally:
        gateway.end()
        sink.kill()


def secure(password, ca_file, username=kafka_broker.USER):
    return {"brokers": [SHARED.get().secure_address],
            "security": {"protocol": "sasl_tls", "tls": {"ca_file": str(ca_file)},
                         "sasl": {"mechanism": "plain", "username": username, "password": password}}}


def mutual(certificate):
    tls = {"ca_file": str(SHARED.get().ca_file)}
    if certificate:
        tls |= {"certificate_file": str(certificate[0]), "key_file": str(certificate[1])}
    return {"brokers": [SHARED.get().mutual_address], "security": {"protocol": "tls", "tls": tls}}


def not_ready_because(sluice, folder, name, kafka, pattern, config=None, environment=None,
                      then=lambda gateway: None):
    """The gateway keeps trying and says why; `then` looks at it while it does."""
    home = folder / name
    home.mkdir()
    gateway = Gateway(sluice, home, config or configuration(SHARED.get(), 9, name, **kafka), environment)
    gateway.program = Program([sluice, "run", gateway.config_file], home / "gateway.log", environment, cwd=home)
    try:
        def told():
            try:
                code, _, body = request(gateway.admin, "GET", "/readyz", timeout=3)
            except OSError:
                return False
            return code == 503 and re.search(pattern, body.decode(), re.I) and body
        reason = wait_until(told, f"/readyz to say {pattern}").decode()
        then(gateway)
        return reason
    finally:
        gateway.end()


def test_logins_work_over_tls_and_what_is_wrong_is_said(sluice, folder):
    SHARED.get()
    good = secure(kafka_broker.PASSWORD, SHARED.broker.ca_file)
    gateway, sink = start_one(sluice, folder, "login", **good)
    try:
        assert post(gateway, event("p-0"))[0] == 202
        wait_until(lambda: sink.count("/in") == 1, "a delivery over TLS")
    finally:
        gateway.end()
        sink.kill()
    not_ready_because(sluice, folder, "wrong", secure("no", SHARED.broker.ca_file), "authentication")
    stranger = SHARED.broker.make_client_certificate("stranger", trusted=False)
    not_ready_because(sluice, folder, "unknown", secure(kafka_broker.PASSWORD, stranger[0]),
                      "unknown authority.*ca_file")
    elsewhere = good | {"brokers": [SHARED.broker.secure_address.replace("127.0.0.1", "127.1")]}
    not_ready_because(sluice, folder, "name", elsewhere, "certificate is for another name")
    home = folder / "unreadable"
    home.mkdir()
    broken = Gateway(sluice, home, configuration(SHARED.get(), 9, "unreadable",
                                                 **secure("x", home / "missing.pem")))
    done = broken.command("run", broken.config_file)
    assert done.returncode == 3 and "missing.pem" in done.stdout + done.stderr, done
    SHARED.broker.kill()
    SHARED.broker.make_certificate(expired=True)
    try:
        not_ready_because(sluice, folder, "expired",
                          secure(kafka_broker.PASSWORD, SHARED.broker.ca_file), "has expired: renew it")
    finally:
        SHARED.broker.kill()
        SHARED.broker.make_certificate()


def test_mutual_tls_works_and_a_certificate_that_is_not_accepted_is_named(sluice, folder):
    gateway, sink = start_one(sluice, folder, "mutual", **mutual(SHARED.get().client_certificate))
    try:
        assert post(gateway, event("p-0"))[0] == 202
        wait_until(lambda: sink.count("/in") == 1, "a delivery over mutual TLS")
    finally:
        gateway.end()
        sink.kill()
    not_ready_because(sluice, folder, "none", mutual(None), "certificate_file")
    stranger = SHARED.broker.make_client_certificate("nobody", trusted=False)
    not_ready_because(sluice, folder, "stranger", mutual(stranger), "certificate_file")


def test_topics_that_can_not_be_made_as_asked_say_what_to_change(sluice, folder):
    not_ready_because(sluice, folder, "options", {"topic_options": {"segment.bytes": "many"}},
                      "segment.bytes.*topic_options")
    not_ready_because(sluice, folder, "replicas", {"replication": 3},
                      "replication. is larger than the number of brokers")
    gateway, sink = start_one(sluice, folder, "shape")
    assert post(gateway, event("p-0"))[0] == 202
    gateway.end()
    fewer = configuration(SHARED.get(), sink.port, "shape")
    fewer["datasets"]["events"]["partitions"] = 3
    reason = not_ready_because(sluice, folder, "fewer", {}, f"Set .partitions: {PARTITIONS}", fewer)
    assert "can't be taken away" in reason, reason
    more = configuration(SHARED.get(), sink.port, "shape")
    more["datasets"]["events"]["partitions"] = PARTITIONS + 2
    home = folder / "more"
    home.mkdir()
    gateway = Gateway(sluice, home, more)
    try:
        gateway.start()
        wait_until(lambda: sink.count("/in") == 1, "the event from before the topic grew")
        assert "later events of an ordering key" in gateway.program.tail(20_000)
        gateway.stop()
    finally:
        gateway.end()
        sink.kill()


def test_rights_that_are_missing_are_named_and_nothing_accepted_is_lost(sluice, folder):
    broker = SHARED.get()
    kafka = secure(kafka_broker.LIMITED_PASSWORD, broker.ca_file, kafka_broker.LIMITED_USER)

    def grant(*what, verb="--add"):
        broker.tool("acls", verb, *what, *(["--force"] if verb == "--remove" else []))
    user = ("--allow-principal", f"User:{kafka_broker.LIMITED_USER}")
    named = ("--resource-pattern-type", "prefixed")
    not_ready_because(sluice, folder, "rights", kafka, "grant this user .*Create")
    topics = [part for right in ("Describe", "DescribeConfigs", "Create", "Alter", "Read", "Delete")
              for part in ("--operation", right)]
    grant(*user, *topics, "--topic", "rights.", *named)
    home = folder / "reader"
    home.mkdir()
    not_ready_because(sluice, home, "rights", kafka, "grant this user .*Write")
    grant(*user, "--operation", "Write", "--topic", "rights.", *named)
    home = folder / "alone"
    home.mkdir()
    not_ready_because(sluice, home, "rights", kafka, "grant this user Read and Describe on .group")
    grant(*user, "--operation", "Read", "--operation", "Describe", "--group", "rights", *named)
    gateway, sink = start_one(sluice, folder, "rights", **kafka)
    try:
        assert post(gateway, event("p-0"))[0] == 202
        wait_until(lambda: sink.count("/in") == 1, "a delivery with all rights")
        denied = ("--deny-principal", f"User:{kafka_broker.LIMITED_USER}", "--operation", "Write",
                  "--topic", "rights.events")
        grant(*denied)

        def refused():
            code, _, body = post(gateway, event("p-1"))
            return code == 503 and b"grant this user" in body
        wait_until(refused, "503 with the right that is missing")
        grant(*denied, verb="--remove")
        wait_until(lambda: post(gateway, event("p-2"))[0] == 202, "the right to be back")
        wait_until(gateway.is_ready, "readiness with all rights")
        oracle = Oracle()
        oracle.acked, oracle.unknown = {"p-0", "p-2"}, {"p-1"}
        verdict = settle(sink, oracle)
        assert not verdict.lost, verdict.lost
    finally:
        gateway.end()
        sink.kill()


def library_in(folder):
    """An environment in which programs run with the librdkafka of this folder."""
    return os.environ | {"LD_LIBRARY_PATH": f"{folder}:{os.environ.get('LD_LIBRARY_PATH', '')}".strip(":")}


def newer_library():
    try:
        return library_in(librdkafka.fetch(librdkafka.cache_folder()))
    except RuntimeError as problem:
        raise Skipped(f"SCRAM needs a newer librdkafka: {problem}") from None


def packaged_library(sluice, folder):
    """The one of the machine, also when this tree has a newer one; only an old one can't log in."""
    known = subprocess.run(["/sbin/ldconfig", "-p"], capture_output=True, text=True, check=True).stdout
    found = re.search(r"librdkafka\.so\.1 .*=> (\S+)", known)
    if not found:
        raise Skipped("no librdkafka is packaged here; apt-get install librdkafka1")
    (folder / "librdkafka.so.1").symlink_to(found.group(1))
    environment = library_in(folder)
    version = library_version(sluice, environment)
    if version >= (2, 6, 1):
        raise Skipped(f"the packaged librdkafka {version} can do SCRAM")
    return environment


def library_version(sluice, environment):
    told = subprocess.run([sluice, "--version"], env=environment, capture_output=True, text=True, check=True)
    return tuple(int(n) for n in re.search(r"^librdkafka ([0-9.]+)", told.stdout, re.M).group(1).split("."))


def scram(mechanism, over_tls, password=kafka_broker.SCRAM_PASSWORD):
    broker = SHARED.get()
    sasl = {"mechanism": mechanism, "username": kafka_broker.USER, "password": password}
    if not over_tls:
        return {"brokers": [broker.login_address], "security": {"protocol": "sasl_plaintext", "sasl": sasl}}
    return {"brokers": [broker.secure_address],
            "security": {"protocol": "sasl_tls", "sasl": sasl, "tls": {"ca_file": str(broker.ca_file)}}}


SCRAM_WAYS = [(mechanism, over_tls) for mechanism in ("scram_sha_256", "scram_sha_512")
              for over_tls in (False, True)]


def test_scram_logins_deliver_with_a_newer_librdkafka(sluice, folder):
    environment = newer_library()
    version = ".".join(str(n) for n in library_version(sluice, environment))
    assert version == librdkafka.VERSION
    for number, (mechanism, over_tls) in enumerate(SCRAM_WAYS):
        home = folder / str(number)
        home.mkdir()
        gateway, sink = start_one(sluice, home, f"scram{number}", environment, **scram(mechanism, over_tls))
        try:
            for event_id in ("p-0", "p-1"):
                assert post(gateway, event(event_id))[0] == 202, (mechanism, over_tls)
            wait_until(lambda: sink.count("/in") == 2, f"deliveries, {mechanism}, TLS {over_tls}")
            assert status(gateway)["libraries"]["librdkafka"] == version
            told = gateway.command("status", "-c", gateway.config_file).stdout
            assert f"librdkafka {version})" in told.splitlines()[0], told
            assert f"kafka: librdkafka {version}" in gateway.program.tail(20_000)
            assert "SCRAM" not in gateway.program.tail(20_000), gateway.program.tail()
            gateway.stop()
            tail = gateway.command("tail", "events", "-c", gateway.config_file)
            assert len(tail.stdout.splitlines()) == 2, tail
        finally:
            gateway.end()
            sink.kill()


def test_an_outage_names_the_broker_with_a_newer_librdkafka_too(sluice, folder):
    # it says once that all brokers are down, and only afterwards why
    gateway, sink = start_one(sluice, folder, "outage-newer", newer_library())
    try:
        assert post(gateway, event("p-0"))[0] == 202
        SHARED.get().kill()
        address = SHARED.broker.address.encode()
        wait_until(lambda: address in request(gateway.admin, "GET", "/readyz")[2], "/readyz to name the broker")
        SHARED.get()
        wait_until(gateway.is_ready, "readiness")
        wait_until(lambda: post(gateway, event("p-1"))[0] == 202, "an event to be taken")
        wait_until(lambda: sink.count("/in") == 2, "both deliveries")
    finally:
        gateway.end()
        sink.kill()


def test_a_wrong_scram_password_is_named_and_nothing_is_accepted(sluice, folder):
    environment = newer_library()

    def refuses(gateway):
        code, headers, body = post(gateway, event("p-0"))
        assert code == 503 and headers.get("Retry-After"), (code, body)
    for number, way in enumerate(SCRAM_WAYS[::3]):  # each mechanism and each transport once
        reason = not_ready_because(sluice, folder, f"wrong{number}", scram(*way, password="no"),
                                   r"authentication.*check .security\.sasl.: mechanism, user and password",
                                   environment=environment, then=refuses)
        assert "deps-kafka" not in reason, reason
    topics = SHARED.get().tool("topics", "--list")
    assert "wrong" not in topics, topics


def test_scram_with_the_packaged_librdkafka_warns_and_readyz_says_what_to_do(sluice, folder):
    environment = packaged_library(sluice, folder)

    def warned_and_refuses(gateway):
        assert "SCRAM logins of librdkafka before 2.6.1" in gateway.program.tail(20_000), gateway.program.tail()
        assert post(gateway, event("p-0"))[0] == 503
    for number, way in enumerate(SCRAM_WAYS[::3]):  # each mechanism and each transport once
        not_ready_because(sluice, folder, f"old{number}", scram(*way),
                          r"refused by current brokers, and this is [0-9.]+: .*`make deps-kafka`",
                          environment=environment, then=warned_and_refuses)


if __name__ == "__main__":
    problem = kafka_broker.why_not()
    if problem:
        print(f"skipped: the Kafka engine against a real broker: {problem}")
        print("0 passed, 0 failed")
        sys.exit(0)
    try:
        run_tests(globals(), __doc__)
    finally:
        SHARED.end()
