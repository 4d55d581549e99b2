# SPDX-License-Identifier: Apache-2.0
"""The log in a data directory: checked, mirrored and proved where it is, beside the store; and what somebody did to the
store."""

import contextlib
import datetime
import json
import shutil
import sqlite3
import struct
import subprocess

import pytest

from driver import server as servers, tlog
from driver.auditor import (
    SIZE, assert_good, assert_refused, files, jti, new_log)


@pytest.fixture(scope="module")
def log():
    return new_log(SIZE)


@pytest.fixture(scope="module")
def whole(log, tmp_path_factory):
    """The log as files. Shared: nobody may change it."""
    return log.write(tmp_path_factory.mktemp("log"))


def store(data_dir, log, size, floor=0):
    """Puts the records and the tree of `log` into a store that `exeat init` made, as a server would have; without the
    records up to `floor`, which have left it."""
    servers.init(data_dir)
    with contextlib.closing(sqlite3.connect(data_dir / "store.sqlite")) as db, db:
        # The record of `init` makes room.
        db.execute("DROP TRIGGER audit_keeps")
        db.execute("DROP TRIGGER audit_appends")
        db.execute("DELETE FROM audit")
        for number, entry in enumerate(log.entries[floor:], floor + 1):
            record = json.loads(entry)
            time = datetime.datetime.fromisoformat(record["eventTime"]).timestamp()
            db.execute("INSERT INTO audit VALUES (?, ?, ?, ?, ?, ?, ?)",
                       (number, record["eventID"], int(time) * 1000, record.get("recipientAccountId"),
                        record["eventSource"], record["eventName"], entry.decode()))
        db.execute("UPDATE log_tree SET size = ?", (size,))
        rows = {}
        for level, index, width in tlog.tiles(size):
            row = rows.setdefault(level, log.row(level, size))
            hashes = b"".join(row[index * 256:][:width])
            if width == 256:
                db.execute("INSERT INTO log_tile VALUES (1, ?, ?, ?)", (level, index, hashes))
            if index == (len(row) - 1) // 256:
                db.execute("INSERT OR REPLACE INTO log_edge VALUES (1, ?, ?)", (level, hashes if width < 256 else b""))
        if floor:
            db.execute("UPDATE retention SET floor = ?", (floor,))
    (data_dir / "log").mkdir(mode=0o700, exist_ok=True)
    (data_dir / "log/checkpoint").write_text(log.checkpoint(size))
    (data_dir / "log/verifier-key").write_text(log.key.verifier + "\n")
    if floor:
        (data_dir / "log/retention").write_text(f"{floor}\n")
    return data_dir


def tamper(data_dir, *statements):
    """What somebody with the file does: the triggers stop him no longer than it takes to drop them."""
    with contextlib.closing(sqlite3.connect(data_dir / "store.sqlite")) as db, db:
        for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            db.execute(f"DROP TRIGGER {name}")
        db.execute("PRAGMA ignore_check_constraints = ON")
        for statement in statements:
            db.execute(statement)


def verify_store(data_dir, log, *arguments):
    done = servers.exeat("audit", "verify", "--data-dir", data_dir, "--verifier-key", log.key.verifier, "--json", *arguments)
    return done, json.loads(done.stdout)["finding"] if done.stdout else None


@pytest.fixture(scope="module")
def stored(tmp_path_factory, log):
    """A data directory whose tree ends before its records. Shared: nobody may change it."""
    return store(tmp_path_factory.mktemp("store") / "data", log, 990)


@pytest.fixture
def data_dir(stored, tmp_path):
    return shutil.copytree(stored, tmp_path / "data")


def test_a_data_directory_is_checked_where_it_is(data_dir, log):
    done = servers.exeat("audit", "verify", "--data-dir", data_dir)
    assert done.returncode == 0, done.stderr
    assert "990 records are the ones that were logged" in done.stdout and "10 records after" in done.stdout
    # What this trusts is said.
    assert "verifier-key: who can write there can rewrite the log" in done.stderr
    assert verify_store(data_dir, log)[1] is None


@pytest.mark.parametrize("statement, record", [
    ("UPDATE audit SET json = replace(json, 'Root', 'Boot') WHERE sequence = 700", 700),
    ("DELETE FROM audit WHERE sequence = 300", 300),
    ("DELETE FROM audit WHERE sequence > 600", 601),
    ("UPDATE audit SET sequence = 9999 WHERE sequence = 650;UPDATE audit SET sequence = 650 WHERE sequence = 651;"
     "UPDATE audit SET sequence = 651 WHERE sequence = 9999", 650),
    ("UPDATE audit SET json = CAST(x'7B22FF227D' AS TEXT) WHERE sequence = 5", 5),
    ("DELETE FROM audit", 1),
])
def test_what_somebody_did_to_the_store_is_named(data_dir, log, statement, record):
    tamper(data_dir, *statement.split(";"))
    done, finding = verify_store(data_dir, log)
    assert done.returncode == 1 and (finding["kind"], finding["first"]) == ("record", record), finding
    done = servers.exeat("audit", "mirror", "--data-dir", data_dir, "--to", data_dir.parent / "mirror",
                         "--verifier-key", log.key.verifier)
    assert_refused(done, f"record {record} ")
    assert not (data_dir.parent / "mirror/checkpoint").exists()


@pytest.mark.parametrize("column, value", [
    ("account", "'123456789012'"), ("event_id", "'another'"), ("event_time", "event_time + 1000"),
    ("event_source", "'iam.amazonaws.com'"), ("event_name", "'GetCallerIdentity'")])
def test_a_record_filed_under_something_else_than_it_says_is_named(data_dir, log, column, value):
    tamper(data_dir, f"UPDATE audit SET {column} = {value} WHERE sequence IN (640, 700)")
    done, finding = verify_store(data_dir, log)
    assert done.returncode == 1 and (finding["kind"], finding["first"]) == ("record", 640), finding
    assert "files it under another" in finding["reason"]


def test_records_below_a_floor_that_retention_did_not_leave_are_missed(data_dir, log):
    with contextlib.closing(sqlite3.connect(data_dir / "store.sqlite")) as db, db:
        db.execute("UPDATE retention SET floor = 512")
        db.execute("DELETE FROM audit WHERE sequence <= 512")
    done, finding = verify_store(data_dir, log)
    assert done.returncode == 1 and finding["kind"] == "log" and "records 1 to 512" in finding["reason"], finding
    done = servers.exeat("audit", "mirror", "--data-dir", data_dir, "--to", data_dir.parent / "mirror",
                         "--verifier-key", log.key.verifier)
    assert_refused(done, "records 1 to 512")


@pytest.mark.parametrize("floor, word", [
    (1, "at a time"), (512, "at a time"), (513, "at a time"), (700, "at a time"), (65_535, "at a time"), (65_536, "990 were signed")])
def test_a_floor_that_retention_does_not_leave_hides_no_record(data_dir, log, floor, word):
    tamper(data_dir, "UPDATE audit SET json = replace(json, 'Root', 'Boot') WHERE sequence = 700",
           f"UPDATE retention SET floor = {floor}")
    (data_dir / "log/retention").write_text(f"{floor}\n")
    done, finding = verify_store(data_dir, log)
    assert done.returncode == 1 and finding["kind"] == "log", done.stderr
    assert f"records 1 to {floor}" in finding["reason"] and word in finding["reason"]
    assert json.loads(done.stdout)["recordsChecked"] == 0
    done = servers.exeat("audit", "mirror", "--data-dir", data_dir, "--to", data_dir.parent / "mirror",
                         "--verifier-key", log.key.verifier)
    assert_refused(done, f"records 1 to {floor}")


def test_a_changed_tile_of_the_store_is_named(data_dir, log):
    tamper(data_dir, "UPDATE log_tile SET hashes = zeroblob(8192) WHERE level = 0 AND idx = 2")
    done, finding = verify_store(data_dir, log)
    assert done.returncode == 1 and (finding["kind"], finding["file"]) == ("tile", "tile/0/002"), finding


def test_a_data_directory_is_mirrored_file_for_file(data_dir, log, tmp_path):
    done = servers.exeat("audit", "mirror", "--data-dir", data_dir, "--to", tmp_path / "mirror")
    assert done.returncode == 0 and "990 of them new" in done.stdout, done.stderr
    assert files(tmp_path / "mirror") == files(log.write(tmp_path / "expected", 990))
    assert_good(tmp_path / "mirror", log)


def test_a_proof_waits_for_the_checkpoint_that_covers_the_record(data_dir, log):
    command = [servers.binary(), "audit", "prove", jti(995), "--data-dir", str(data_dir), "--verifier-key",
               log.key.verifier]
    done = servers.exeat(*command[1:])
    assert_refused(done, "record 996", "not covered by the checkpoint of 990 records yet")
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=servers.clean_environment()) as asking:
        assert b"waiting for a checkpoint that covers record 996" in asking.stderr.readline()
        grow(data_dir, log)
        data = asking.stdout.read()
        assert asking.wait(30) == 0
    index, proof, checkpoint, extra = tlog.read_proof(data)
    assert (index, extra, checkpoint) == (995, log.entries[995], log.checkpoint())
    assert proof == tlog.inclusion_proof(995, log.leaves)
    assert_refused(servers.exeat("audit", "prove", jti(1000), *command[4:]), "no record is called")


def grow(data_dir, log):
    """Brings tree and checkpoint up to the records."""
    with contextlib.closing(sqlite3.connect(data_dir / "store.sqlite")) as db, db:
        db.execute("UPDATE log_edge SET hashes = ? WHERE level = 0", (b"".join(log.leaves[768:]),))
        db.execute("UPDATE log_tree SET size = ?", (SIZE,))
    (data_dir / "log/new").write_text(log.checkpoint())
    (data_dir / "log/new").rename(data_dir / "log/checkpoint")


def test_exactly_one_log_is_named(whole, data_dir, log):
    for arguments in ([], ["--mirror", whole, "--data-dir", data_dir]):
        done = servers.exeat("audit", "verify", *arguments, "--verifier-key", log.key.verifier)
        assert_refused(done, "exactly one", status=2)
    done = servers.exeat("audit", "mirror", "--to", whole, "--verifier-key", log.key.verifier)
    assert_refused(done, "exactly one", status=2)


def test_records_that_left_the_store_are_checked_where_they_went(tmp_path):
    log = new_log(65_536 + 100)
    data_dir = store(tmp_path / "data", log, len(log.entries), floor=65_536)
    done, finding = verify_store(data_dir, log)
    assert finding is None and json.loads(done.stdout)["recordsPruned"] == 65_536
    assert_refused(servers.exeat("audit", "prove", jti(9), "--data-dir", data_dir), "no record is called")
    segment = data_dir / "log/segments/000000000001-000000065536.entries"
    segment.parent.mkdir()
    entries = log.entries[:65_536]
    segment.write_bytes(b"".join(struct.pack(">H", len(entry)) + entry for entry in entries))
    for number in (0, 300, 65_535):
        done = servers.exeat("audit", "prove", jti(number), "--data-dir", data_dir)
        assert done.returncode == 0, done.stderr
        index, proof, _, extra = tlog.read_proof(done.stdout.encode())
        assert (index, extra) == (number, log.entries[number])
        assert tlog.root_of_proof(index, len(log.leaves), tlog.leaf_hash(extra), proof) == tlog.tree_root(log.leaves)
    entries[700] = entries[700].replace(b"Root", b"Boot")
    segment.write_bytes(b"".join(struct.pack(">H", len(entry)) + entry for entry in entries))
    done, finding = verify_store(data_dir, log)
    assert done.returncode == 1 and (finding["kind"], finding["first"]) == ("record", 701), finding
    segment.write_bytes(segment.read_bytes()[:100_000])
    done, finding = verify_store(data_dir, log)
    assert done.returncode == 1 and finding["kind"] == "record" and finding["first"] < 701
