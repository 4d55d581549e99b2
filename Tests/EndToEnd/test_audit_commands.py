# SPDX-License-Identifier: Apache-2.0
"""`exeat audit verify`, as an auditor with a laptop uses them: logs made by an implementation of its own,
tampered with in every way, and what must be said of each."""

import base64
import random
import shutil
import struct

import pytest

from driver import server as servers, tlog
from driver.auditor import (
    SIZE, assert_bad, assert_good, assert_refused, bundle, copy, flip, new_log, pruned_log, record, verify, web)


@pytest.fixture(scope="module")
def log():
    return new_log(SIZE)


@pytest.fixture(scope="module")
def whole(log, tmp_path_factory):
    """The log as files. Shared: nobody may change it."""
    return log.write(tmp_path_factory.mktemp("log"))


@pytest.fixture
def mirror(whole, tmp_path):
    """The log as files, to be changed."""
    return shutil.copytree(whole, tmp_path / "mirror")


# MARK: verify

@pytest.mark.parametrize("size", [0, 1, 255, 256, 257, 600])
def test_an_honest_log_is_good(tmp_path, size):
    log = new_log(size)
    folder = log.write(tmp_path)
    report = assert_good(folder, log)
    assert (report["size"], report["recordsChecked"], report["recordsPruned"]) == (size, size, 0)
    assert report["root"] == base64.b64encode(tlog.tree_root(log.leaves)).decode() and report["origin"] == log.name
    done = servers.exeat("audit", "verify", "--mirror", folder, "--verifier-key", log.key.verifier)
    assert done.returncode == 0 and f"{size} records are the ones that were logged" in done.stdout
    # In a pipe there is no progress.
    assert done.stderr == ""


@pytest.mark.parametrize("place", [0, 1, 255, 256, 700, 767, 768, 998, 999])
def test_a_changed_record_is_named(mirror, log, place):
    with bundle(mirror, place // 256, 256 if place < 768 else 232) as entries:
        entries[place % 256] = entries[place % 256].replace(b"Root", b"Boot")
    assert_bad(mirror, log, record=place + 1, says="is not the one that was logged")


def test_swapped_dropped_and_doubled_records_are_named(mirror, log, whole):
    def attempt(change, **expected):
        shutil.copytree(whole, mirror, dirs_exist_ok=True)
        with bundle(mirror, 1) as entries:
            change(entries)
        assert_bad(mirror, log, **expected)

    def swap(entries):
        entries[44], entries[50] = entries[50], entries[44]

    attempt(swap, record=256 + 45)
    attempt(lambda entries: entries.pop(100), record=256 + 101)
    attempt(lambda entries: entries.pop(), record=512, says="is missing")
    attempt(lambda entries: entries.insert(7, entries[7]), record=256 + 9)
    attempt(lambda entries: entries.clear(), record=257, says="is missing")
    attempt(lambda entries: entries.append(b"{}"), file="tile/entries/001", says="holds more than its 256 records")


def test_every_flipped_byte_of_a_bundle_is_found_and_its_record_named(mirror, log, whole):
    path = mirror / "tile/entries" / tlog.place(3, 232)
    data, place = path.read_bytes(), 0
    # A byte in each part of a record: both halves of its length, its first and its last byte, one between.
    for number in (0, 117, 231):
        start = sum(2 + len(entry) for entry in log.entries[768:768 + number])
        end = start + 2 + len(log.entries[768 + number])
        for place in (start, start + 1, start + 2, (start + end) // 2, end - 1):
            changed = bytearray(data)
            changed[place] ^= 1
            path.write_bytes(changed)
            assert_bad(mirror, log, record=768 + number + 1)
    path.write_bytes(data[:-1])
    assert_bad(mirror, log, record=SIZE, says="is missing")


def test_a_missing_bundle_is_named(mirror, log):
    (mirror / "tile/entries/002").unlink()
    assert_bad(mirror, log, record=513, says="is missing")


@pytest.mark.parametrize("path, position", [
    ("tile/0/000", 0), ("tile/0/001", 8191), ("tile/0/003.p/232", 4000), ("tile/1/000.p/3", 0),
    ("tile/1/000.p/3", 95)])
def test_a_changed_tile_is_told_from_a_changed_record(mirror, log, path, position):
    flip(mirror / path, position)
    assert_bad(mirror, log, file=path, says="as logged")


@pytest.mark.parametrize("path", ["tile/0/001", "tile/0/003.p/232", "tile/1/000.p/3"])
def test_a_missing_or_short_tile_is_named(mirror, log, path):
    data = (mirror / path).read_bytes()
    (mirror / path).write_bytes(data[:-32])
    assert_bad(mirror, log, file=path, says="as logged")
    (mirror / path).unlink()
    assert_bad(mirror, log, file=path, says="as logged")


def test_a_record_changed_with_its_hash_is_found_by_the_hashes_above(mirror, log):
    with bundle(mirror, 1) as entries:
        entries[9] = record(265, requestID="other")
        changed = tlog.leaf_hash(entries[9])
    path = mirror / "tile/0/001"
    path.write_bytes(path.read_bytes()[:9 * 32] + changed + path.read_bytes()[10 * 32:])
    # Which of the 256 nothing tells any more; that it is one of these does.
    assert_bad(mirror, log, records=(257, 512), says="was changed")


def test_a_log_rewritten_with_all_its_hashes_is_not_the_one_that_was_signed(mirror, log):
    forged = new_log(SIZE, change=[10])
    checkpoint = (mirror / "checkpoint").read_bytes()
    forged.write(mirror)
    (mirror / "checkpoint").write_bytes(checkpoint)
    assert_bad(mirror, log, says="rewritten together")


def test_a_record_that_was_logged_but_is_none_is_named(tmp_path):
    log = new_log(300)
    log.append(b'{"eventID":"a","eventID":"b"}', b"not JSON")
    assert_bad(log.write(tmp_path), log, record=301, says="strict JSON")


def test_a_log_rewritten_and_signed_again_is_found_by_a_checkpoint_kept_elsewhere(tmp_path, log):
    kept = tmp_path / "kept"
    kept.write_text(log.checkpoint(700))
    forged = new_log(SIZE, change=[10]).write(tmp_path / "forged")
    assert_good(forged, log)
    assert_bad(forged, log, "--checkpoint", kept, records=(1, 700), says="signed again")
    # Records after the kept checkpoint are not its business.
    assert assert_good(new_log(SIZE, change=[700]).write(tmp_path / "other"), log, "--checkpoint", kept)["keptSize"] == 700


@pytest.mark.parametrize("size", [1, 256, 700, SIZE])
def test_tiles_that_are_others_when_they_are_read_again_hide_no_fork(tmp_path, log, whole, size):
    witness = tlog.Key("w.example.com", "w", tlog.COSIGNATURE)
    (tmp_path / "kept").write_text(log.checkpoint(size, [witness]))
    forged = new_log(SIZE, change=[0]).write(tmp_path / "forged")
    for later in (None, whole):
        with web(forged, later) as url:
            done = servers.exeat(
                "audit", "verify", "--log", url, "--hashes-only", "--verifier-key", log.key.verifier,
                "--checkpoint", tmp_path / "kept", "--witness", witness.verifier)
            assert_refused(done, "signed again" if size == SIZE or not later else "are not those of its checkpoint")


@pytest.mark.parametrize("size", [1, 255, 256, 257, 768, 999, SIZE])
def test_a_log_continues_each_checkpoint_that_it_had(whole, log, tmp_path, size):
    (tmp_path / "kept").write_text(log.checkpoint(size))
    assert assert_good(whole, log, "--checkpoint", tmp_path / "kept")["keptSize"] == size


def test_a_log_that_was_rolled_back_is_found(tmp_path, log):
    (tmp_path / "kept").write_text(log.checkpoint())
    short = log.write(tmp_path / "short", 900)
    assert_good(short, log)
    assert_bad(short, log, "--checkpoint", tmp_path / "kept", says="rolled back")


def test_only_keys_that_the_operator_named_are_trusted(whole, mirror, log, tmp_path):
    def run(*arguments, folder=whole):
        return servers.exeat("audit", "verify", "--mirror", folder, *arguments)

    assert_refused(run(), "no key of the log", status=2)
    other = tlog.Key(log.name, "another")
    assert_refused(run("--verifier-key", other.verifier), "none of the keys that are trusted has signed")
    elsewhere = tlog.Key("elsewhere", "log")
    assert_refused(run("--verifier-key", elsewhere.verifier), "not acceptable")
    # One more key of the same name may be trusted while the key changes.
    assert run("--verifier-key", other.verifier, "--verifier-key", log.key.verifier).returncode == 0
    assert_refused(run("--verifier-key", other.verifier, "--verifier-key", elsewhere.verifier), "different names", status=2)
    (tmp_path / "key").write_text(log.key.verifier + "\n")
    assert run("--verifier-key", tmp_path / "key").returncode == 0
    (tmp_path / "key").write_text("nonsense\n")
    assert_refused(run("--verifier-key", tmp_path / "key"), "not a verifier key")
    assert_refused(run("--verifier-key", tmp_path / "none"), "neither", status=2)
    assert_refused(run("--verifier-key", tlog.Key(log.name, "w", tlog.COSIGNATURE).verifier), "witness", status=2)
    # A key beside the log makes nothing trusted.
    (mirror / "verifier-key").write_text(log.key.verifier)
    assert_refused(run(folder=mirror), "no key of the log", status=2)
    (mirror / "checkpoint").write_text(log.checkpoint().replace("\n1000\n", "\n1001\n"))
    assert_refused(run("--verifier-key", log.key.verifier, folder=mirror), "does not verify")
    (mirror / "checkpoint").unlink()
    assert_refused(run("--verifier-key", log.key.verifier, folder=mirror), "no checkpoint")


def test_witnesses_that_are_demanded_must_have_signed(tmp_path, log):
    one, two = (tlog.Key(name, name, tlog.COSIGNATURE) for name in ("one.example.com", "two.example.com"))
    folder = log.write(tmp_path / "log", witnesses=[one])
    report = assert_good(folder, log, "--witness", one.verifier)
    assert report["witnesses"] == [{"name": one.name, "time": "2023-11-14T22:13:20Z"}]
    for demanded in ([two], [one, two]):
        done, _ = verify(folder, log, *(f"--witness={key.verifier}" for key in demanded))
        assert_refused(done, "not acceptable")
    assert_refused(verify(folder, log, "--witness", log.key.verifier)[0], "not the key of a witness", status=2)
    assert_refused(verify(folder, log, "--witness", one.verifier, "--witness", one.verifier)[0], "twice", status=2)
    # What witnesses signed may be kept apart from the log.
    (tmp_path / "kept").write_text(log.checkpoint(500, [one, two]))
    kept = ["--checkpoint", tmp_path / "kept", "--witness", one.verifier, "--witness", two.verifier]
    assert len(assert_good(folder, log, *kept)["witnesses"]) == 2
    assert_bad(new_log(SIZE, change=[499]).write(tmp_path / "forged"), log, *kept, records=(1, 500))


def test_without_records_only_the_hashes_are_checked_and_only_when_asked(tmp_path, log):
    folder = log.write(tmp_path, records=False)
    assert_refused(verify(folder, log)[0], "there are no records", "--hashes-only")
    assert assert_good(folder, log, "--hashes-only")["recordsChecked"] == 0
    flip(folder / "tile/0/000", 5)
    assert verify(folder, log, "--hashes-only")[0].returncode == 1


@pytest.fixture(scope="module")
def long(tmp_path_factory):
    return pruned_log(tmp_path_factory.mktemp("long"))


def test_records_that_retention_took_away_are_checked_through_their_hashes_and_that_is_said(long, tmp_path):
    log, folder = long
    report = assert_good(folder, log)
    assert (report["recordsPruned"], report["recordsChecked"]) == (65_536, 300)
    done = servers.exeat("audit", "verify", "--mirror", folder, "--verifier-key", log.key.verifier)
    assert "records 1 to 65536 are not here" in done.stdout
    assert_refused(verify(folder, log, "--complete")[0], "1 to 65536", "--complete")
    changed = shutil.copytree(folder, tmp_path / "changed")
    flip(changed / "tile/0/100", 77)
    assert_bad(changed, log, records=(25_601, 25_856))
    shutil.copy(folder / "tile/0/100", changed / "tile/0/100")
    flip(changed / "tile/entries/257.p/44", 100)
    assert verify(changed, log)[1]["finding"]["kind"] == "record"
    # A part of a segment is not what retention takes.
    shutil.copy(folder / "tile/entries/257.p/44", changed / "tile/entries/257.p/44")
    (changed / "tile/entries/007").write_bytes(b"".join(
        struct.pack(">H", len(entry)) + entry for entry in log.entries[7 * 256:8 * 256]))
    assert_bad(changed, log, record=1, says="is missing")


def readable(data):
    """The entries of a bundle as far as they can be told apart."""
    entries = []
    while len(data) >= 2 and len(data) >= 2 + (length := struct.unpack(">H", data[:2])[0]):
        entries.append(data[2:2 + length])
        data = data[2 + length:]
    return entries


def mutate(chance, data):
    """Other bytes than `data`, in one of the ways in which bytes go wrong or are made to."""
    position, length = chance.randrange(len(data)), chance.randrange(1, 400)
    match chance.randrange(6):
        case 0: changed = data[:position] + bytes([data[position] ^ 1 << chance.randrange(8)]) + data[position + 1:]
        case 1: changed = data[:position] + data[position + length:]
        case 2: changed = data[:position] + data[position:position + length] + data[position:]
        case 3: changed = data[:position]
        case 4: changed = data[:position] + chance.randbytes(length) + data[position + length:]
        case _:
            entries = readable(data)
            one, other = chance.randrange(len(entries)), chance.randrange(len(entries))
            entries[one], entries[other] = entries[other], entries[one]
            changed = b"".join(struct.pack(">H", len(entry)) + entry for entry in entries)
    return changed if changed != data else mutate(chance, data)


def test_random_mutations_are_all_found_and_the_first_record_named(tmp_path, dose):
    chance, log = random.Random(f"mutations {dose}"), new_log(300)
    folder = log.write(tmp_path / "log")
    bundles = [(0, folder / "tile/entries/000"), (256, folder / "tile/entries/001.p/44")]
    for _ in range(20 * dose):
        first, path = chance.choice(bundles)
        data = path.read_bytes()
        path.write_bytes(mutate(chance, data))
        there, due = readable(path.read_bytes()), readable(data)
        same = next((i for i, (a, b) in enumerate(zip(there, due)) if a != b), min(len(there), len(due)))
        if same < len(due):
            assert_bad(folder, log, record=first + same + 1)
        else:
            assert_bad(folder, log, file=str(path.relative_to(folder)), says="holds more")
        path.write_bytes(data)
    assert_good(folder, log)
