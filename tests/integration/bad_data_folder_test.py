#!/usr/bin/env python3
"""Data folders that a gateway can't or must not use: a clear sentence with the remedy and exit code 3, or it mends them."""
import json
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent.parent))
from tests.support.harness import run_tests  # noqa: E402
from tests.support.processes import Gateway, request  # noqa: E402

JSON = {"content-type": "application/json"}


def simple(partitions=1, **gateway):
    return {"gateway": gateway, "datastreams": {"web": {"dataset": "events"}},
            "datasets": {"events": {"partitions": partitions}}}


def refuses(gateway, *words):
    done = subprocess.run([gateway.sluice, "run", gateway.config_file], cwd=gateway.folder, text=True, check=False,
                          capture_output=True, timeout=60)
    said = done.stdout + done.stderr
    assert done.returncode == 3, f"{done.returncode}: {said}"
    for word in words:
        assert str(word) in said, f"{word!r} is not in: {said}"


def used(sluice, folder, **config):
    """A gateway whose folder holds one event."""
    gateway = Gateway(sluice, folder, simple(**config))
    gateway.start()
    assert request(gateway.edge, "POST", "/v1/events?datastream=web", b'{"_id":"kept"}', JSON)[0] == 202
    gateway.stop()
    return gateway


def holds_its_event(gateway):
    done = gateway.command("tail", "events", "-c", "sluice.yaml")
    return done.returncode == 0 and json.loads(done.stdout)["id"] == "kept"


def test_a_folder_of_a_newer_version_is_refused_and_left_alone(sluice, folder):
    gateway = used(sluice, folder)
    (folder / "data" / "FORMAT").write_text("sluice-log 2\n")
    refuses(gateway, "sluice-log 2", "sluice-log 1", "run the version that wrote it")
    done = gateway.command("datasets", "list", "-c", "sluice.yaml")
    assert done.returncode == 3 and "run the version that wrote it" in done.stderr, done
    (folder / "data" / "FORMAT").write_text("sluice-log 1\n")
    assert holds_its_event(gateway)


def test_a_damaged_version_file_is_mended_and_reported(sluice, folder):
    gateway = used(sluice, folder)
    for damage in (b"", b"sluice-l", b"\xff\xfe\x00"):
        (folder / "data" / "FORMAT").write_bytes(damage)
        gateway.start()
        # an empty file is what a power cut leaves of a new one: written anew without a word
        is_told = "FORMAT is damaged and written anew" in gateway.program.tail(20_000)
        assert is_told == (damage != b""), damage
        gateway.stop()
        assert (folder / "data" / "FORMAT").read_text().startswith("sluice-log 1\ncrc32c ")
    assert holds_its_event(gateway)


def test_a_second_gateway_is_told_who_it_is_in_the_way_of(sluice, folder):
    first = Gateway(sluice, folder, simple())
    try:
        first.start()
        (folder / "second").mkdir()
        second = Gateway(sluice, folder / "second", simple(data_dir=str(folder / "data")))
        refuses(second, folder / "data", "another process uses", "data_dir")
        first.stop()
    finally:
        first.end()


def test_places_that_are_no_folder_are_named(sluice, folder):
    (folder / "file").write_text("in the way")
    for place in (folder / "file", folder / "file" / "below", pathlib.Path("/proc/nowhere")):
        refuses(Gateway(sluice, folder, simple(data_dir=str(place))), place, "data_dir")


def test_a_lock_that_is_no_file_is_named(sluice, folder):
    gateway = used(sluice, folder)
    (folder / "data" / "lock").unlink()
    (folder / "data" / "lock").mkdir()
    refuses(gateway, folder / "data", "lock")
    (folder / "data" / "lock").rmdir()
    assert holds_its_event(gateway)


def test_fewer_partitions_than_before_are_refused_with_the_number(sluice, folder):
    used(sluice, folder, partitions=4)
    refuses(Gateway(sluice, folder, simple(partitions=2)), "events has 4 partitions", "partitions: 4")
    more = Gateway(sluice, folder, simple(partitions=6))
    more.start()
    more.stop()


def test_commands_without_a_log_say_where_they_looked(sluice, folder):
    gateway = Gateway(sluice, folder, simple())
    for command in (("datasets", "list"), ("tail", "events"), ("cursors", "show"), ("dead", "list", "crm")):
        done = gateway.command(*command, "-c", "sluice.yaml")
        assert done.returncode == 3 and "there is no log in" in done.stderr, (command, done)
    assert not (folder / "data").exists(), "looking makes nothing"


if __name__ == "__main__":
    run_tests(globals(), __doc__)
