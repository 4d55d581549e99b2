# SPDX-License-Identifier: Apache-2.0
"""The Merkle log of a running server, held against RFC 6962 and C2SP signed-note, tlog-checkpoint and tlog-tiles as
they are written down here; and the logs that a server does not continue. Contract §5, decision 0017."""

import base64
import contextlib
import hashlib
import shutil
import sqlite3
import time

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from driver import audit, server as servers, wire

ORIGIN = servers.PUBLIC_URL.removeprefix("https://") + "/log"
SENTENCE = "I accept a new audit log origin"


# MARK: RFC 6962 §2.1

def leaf(entry):
    return hashlib.sha256(b"\x00" + entry).digest()


def root(leaves):
    if len(leaves) <= 1:
        return leaves[0] if leaves else hashlib.sha256().digest()
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return hashlib.sha256(b"\x01" + root(leaves[:split]) + root(leaves[split:])).digest()


# MARK: C2SP

class VerifierKey:
    def __init__(self, text):
        self.name, key_id, encoded = text.strip().split("+", 2)
        blob = base64.b64decode(encoded, validate=True)
        assert blob[0] == 0x01 and len(blob) == 33
        self.key_id = hashlib.sha256(self.name.encode() + b"\n" + blob).digest()[:4]
        assert key_id == self.key_id.hex()
        self.key = Ed25519PublicKey.from_public_bytes(blob[1:])

    def checkpoint(self, note):
        """(size, root) of a note that this key signed."""
        text, signatures = note.decode().rsplit("\n\n", 1)
        text += "\n"
        origin, size, encoded = text.split("\n")[:3]
        assert origin == self.name
        lines = [line.split(" ") for line in signatures.strip().split("\n")]
        mine = [base64.b64decode(value) for dash, name, value in lines if dash == "\u2014" and name == self.name]
        assert [signature[:4] for signature in mine] == [self.key_id]
        self.key.verify(mine[0][4:], text.encode())
        return int(size), base64.b64decode(encoded, validate=True)


def place(index):
    groups = [f"{index % 1000:03}"]
    while index := index // 1000:
        groups.insert(0, f"x{index % 1000:03}")
    return "/".join(groups)


def get(running, path, method="GET"):
    return wire.send(running, method, f"{running.url}/{verifier_key(running).name.split('/', 1)[1]}/{path}")


def hashes(running, level, count):
    """The hashes of a level of a tree, from its tiles."""
    found = []
    for index in range((count + 255) // 256):
        width = min(256, count - index * 256)
        answer = get(running, f"tile/{level}/{place(index)}" + ("" if width == 256 else f".p/{width}"))
        assert answer.status == 200, (level, index, width)
        assert len(answer.body) == 32 * width
        found += [answer.body[n:n + 32] for n in range(0, len(answer.body), 32)]
    return found


def verifier_key(running):
    return VerifierKey((running.data_dir / "log" / "verifier-key").read_text())


def published(running):
    return verifier_key(running).checkpoint(get(running, "checkpoint").body)


def entries(running):
    """The records as they stand in the store, which is what the leaves are made of."""
    with contextlib.closing(sqlite3.connect(f"file:{running.data_dir}/store.sqlite?mode=ro", uri=True)) as store:
        return [row[0].encode() for row in store.execute("SELECT json FROM audit ORDER BY sequence")]


def wait_for(running, size):
    """The first checkpoint over at least `size` records."""
    deadline = time.monotonic() + 60
    while True:
        found = published(running)
        if found[0] >= size:
            return found
        assert time.monotonic() < deadline, f"no checkpoint over {size} records: {found[0]}\n{running.output}"
        time.sleep(0.05)


def check(running):
    """Everything that is public agrees with the records."""
    size, claimed = wait_for(running, len(entries(running)))
    leaves = [leaf(entry) for entry in entries(running)[:size]]
    assert hashes(running, 0, size) == leaves
    assert hashes(running, 1, size // 256) == [root(leaves[n * 256:(n + 1) * 256]) for n in range(size // 256)]
    assert root(leaves) == claimed
    return size


def call_many(running, count):
    for _ in range(count):
        assert wire.call(running, "GetCallerIdentity").status == 200


# MARK: the log

@pytest.fixture(scope="module")
def logged(tmp_path_factory):
    with servers.serve_plain(tmp_path_factory.mktemp("logged")) as running:
        call_many(running, 300)
        yield running


def test_the_checkpoint_and_the_tiles_are_of_the_records(logged):
    assert check(logged) >= 300
    assert verifier_key(logged).name == ORIGIN
    assert get(logged, "checkpoint").body == (logged.data_dir / "log" / "checkpoint").read_bytes()


def test_the_checkpoint_follows_the_records(logged):
    before, _ = published(logged)
    call_many(logged, 3)
    after, claimed = wait_for(logged, before + 3)
    assert claimed == root([leaf(entry) for entry in entries(logged)[:after]])


def test_a_changed_checkpoint_does_not_verify(logged):
    note = get(logged, "checkpoint").body
    changed = note.replace(b"\n", b"\n1", 1)
    with pytest.raises(InvalidSignature):
        verifier_key(logged).checkpoint(changed)


def test_hashes_are_served_for_ever_and_records_never(logged):
    size, _ = wait_for(logged, 300)
    tile = get(logged, "tile/0/000")
    assert "immutable" in tile.headers["Cache-Control"] and tile.headers["Content-Type"] == "application/octet-stream"
    note = get(logged, "checkpoint")
    assert note.headers["Cache-Control"] == "no-cache" and note.headers["Content-Type"].startswith("text/plain")
    assert get(logged, "checkpoint", "HEAD").status == 200
    for path in ("tile/entries/000", f"tile/entries/001.p/{size - 256}", "key", "verifier-key", "tile/0/0", "tile/0/001",
                 f"tile/0/001.p/{size - 255}", "tile/0/999", "tile/2/000.p/1", "tile/8/000", "tile/0/../0/000", "", "../",
                 "tile/0/000.p/256", "tile/0/000.p/0", "tile/0/x000/000", "tile/0/x018/x446/x744/x073/x709/551"):
        assert get(logged, path).status == 404, path
    assert get(logged, "checkpoint", "POST").status == 405


def test_the_key_is_made_by_init_and_only_its_owner_reads_it(logged):
    key = logged.data_dir / "log" / "key"
    assert key.stat().st_mode & 0o777 == 0o600
    store = (logged.data_dir / "store.sqlite").read_bytes()
    assert key.read_text().split(":")[1].strip().encode() not in store


def test_a_restart_and_a_kill_go_on_with_the_same_log(tmp_path):
    with servers.serve_plain(tmp_path) as running:
        call_many(running, 20)
        first = check(running)
        key = verifier_key(running).key_id
        running.restart()
        call_many(running, 20)
        for _ in range(3):
            seen = published(running)
            running.kill()
            begin(running)
            assert published(running)[0] >= seen[0]
            leaves = [leaf(entry) for entry in entries(running)]
            assert root(leaves[:seen[0]]) == seen[1], "what was signed before is still the beginning"
            call_many(running, 5)
        assert check(running) >= first + 35
        assert verifier_key(running).key_id == key
        running.stop()
        # A stopped server's records are all under its last checkpoint.
        note = (running.data_dir / "log" / "checkpoint").read_bytes()
        assert verifier_key(running).checkpoint(note)[0] == len(entries(running))


def test_a_store_from_before_the_log_gets_a_key_and_a_tree(tmp_path):
    data_dir = servers.init(tmp_path / "data")
    shutil.rmtree(data_dir / "log")
    with servers.serve_plain(tmp_path) as running:
        call_many(running, 2)
        assert check(running) >= 3
        assert (data_dir / "log" / "key").stat().st_mode & 0o777 == 0o600


def test_the_key_may_live_elsewhere(tmp_path):
    data_dir = servers.init(tmp_path / "data")
    (data_dir / "log" / "key").rename(tmp_path / "log-key")
    with servers.serve_plain(tmp_path, "--log-key", tmp_path / "log-key") as running:
        call_many(running, 2)
        check(running)
        assert not (data_dir / "log" / "key").exists()


def begin(running, *flags):
    """Starts a server that does not run, with further flags for this once."""
    said, running.arguments = running.arguments, [*running.arguments, *flags]
    running.process, running.ready = None, None
    try:
        running.start()
    except RuntimeError:
        running.process = None
        raise
    finally:
        running.arguments = said


# MARK: not continued

def tampered(running, sql):
    """Stops the server, changes its store behind the back of the triggers, and starts it again."""
    running.stop()
    with contextlib.closing(sqlite3.connect(running.data_dir / "store.sqlite")) as store:
        triggers = store.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
        for name, _ in triggers:
            store.execute(f"DROP TRIGGER {name}")
        store.execute(sql)
        for _, text in triggers:
            store.execute(text)
        store.commit()
    begin(running)


def assert_refused(running, issuer, words):
    """No call is answered but with 503, nothing is appended, documents are served, and the log says why."""
    count = len(entries(running))
    for action in ("GetCallerIdentity", "GetWebIdentityToken"):
        answer = wire.call(running, action, Audience=["a"], SigningAlgorithm="ES384")
        assert answer.status in (500, 503), answer.body
    document = wire.send(running, "GET", running.url + issuer.removeprefix(servers.PUBLIC_URL) + "/.well-known/jwks.json")
    assert document.status == 200
    assert wire.send(running, "GET", running.url + "/health/ready").status == 503
    assert wire.send(running, "GET", running.url + "/health/live").status == 200
    assert len(entries(running)) == count
    running.await_output(words)


def test_a_store_that_was_rolled_back_is_not_continued(tmp_path, enable):
    with servers.serve_plain(tmp_path) as running:
        issuer = enable(running)
        check(running)
        running.stop()
        shutil.copytree(running.data_dir, tmp_path / "old")
        records = len(entries(running))
        begin(running)
        call_many(running, 5)
        check(running)
        note = get(running, "checkpoint").body
        running.stop()
        for file in ("store.sqlite", "store.sqlite-wal", "store.sqlite-shm"):
            (running.data_dir / file).unlink(missing_ok=True)
            if (tmp_path / "old" / file).exists():
                shutil.copy(tmp_path / "old" / file, running.data_dir / file)
        begin(running)
        assert_refused(running, issuer, f"record {records + 1} is gone")
        assert (running.data_dir / "log" / "checkpoint").read_bytes() == note
        assert get(running, "checkpoint").status == 404


def test_a_changed_record_is_named_and_the_log_goes_on_in_so_many_words_only(tmp_path, enable):
    with servers.serve_plain(tmp_path) as running:
        issuer = enable(running)
        call_many(running, 4)
        check(running)
        before = (running.data_dir / "log" / "checkpoint").read_bytes()
        tampered(running, "UPDATE audit SET json = json || ' ' WHERE sequence = 3")
        assert_refused(running, issuer, "record 3 is not the one that the log was made of")
        running.stop()

        with pytest.raises(RuntimeError, match=SENTENCE):
            begin(running, "--accept-audit-fork", "yes")
        begin(running, "--accept-audit-fork", SENTENCE)
        assert wire.call(running, "GetCallerIdentity").status == 200
        name = verifier_key(running).name
        assert name.startswith(ORIGIN + "/") and name != ORIGIN
        check(running)
        copy = running.data_dir / "log" / f"checkpoint.{name.rsplit('/', 1)[1]}"
        assert copy.read_bytes() == before
        # What caches keep of the old log has no place in the new one; its checkpoint says where that is.
        assert wire.send(running, "GET", f"{running.url}/log/checkpoint").body.startswith(name.encode() + b"\n")
        size, _ = published(running)
        for path in (f"tile/0/000.p/{size}", "tile/0/000.p/1"):
            assert get(running, path).status == 200
            assert wire.send(running, "GET", f"{running.url}/log/{path}").status == 404
        running.stop()

        # Left in place the sentence would accept whatever comes next.
        with pytest.raises(RuntimeError, match="nothing wrong"):
            begin(running, "--accept-audit-fork", SENTENCE)
        begin(running)
        assert verifier_key(running).name == name
        check(running)


def test_two_statements_do_not_delete_the_log_unseen(tmp_path, enable):
    with servers.serve_plain(tmp_path) as running:
        issuer = enable(running)
        call_many(running, 530)
        check(running)
        running.stop()
        # No trigger stands in the way.
        with contextlib.closing(sqlite3.connect(running.data_dir / "store.sqlite")) as store, store:
            store.execute("UPDATE retention SET floor = 512")
            store.execute("DELETE FROM audit WHERE sequence <= 512")
        begin(running)
        assert_refused(running, issuer, "record 1 is gone")
        done = servers.exeat("audit", "verify", "--data-dir", running.data_dir)
        assert done.returncode == 1 and "records 1 to 512" in done.stderr, done.stderr
        running.stop()
        begin(running, "--accept-audit-fork", SENTENCE)
        assert wire.call(running, "GetCallerIdentity").status == 200
        running.restart()
        assert wire.call(running, "GetCallerIdentity").status == 200


@pytest.mark.parametrize("lost, words", [("checkpoint", "last checkpoint is missing"), ("key", "key is missing")])
def test_a_log_without_its_checkpoint_or_key_is_not_begun_anew(tmp_path, enable, lost, words):
    with servers.serve_plain(tmp_path) as running:
        issuer = enable(running)
        check(running)
        running.stop()
        file = running.data_dir / "log" / lost
        content = file.read_bytes()
        file.unlink()
        begin(running)
        assert_refused(running, issuer, words)
        assert not file.exists()
        running.stop()
        file.write_bytes(content)
        file.chmod(0o600)
        begin(running)
        assert wire.call(running, "GetCallerIdentity").status == 200
        check(running)


# MARK: retention

def test_sealing_waits_for_whole_segments_and_a_stopped_server(tmp_path):
    with servers.serve_plain(tmp_path) as running:
        call_many(running, 2)
        busy = servers.exeat("audit", "seal", "--data-dir", running.data_dir, "--before", "2100-01-01")
        assert busy.returncode == 1 and "in use" in busy.stderr
        running.stop()
        done = servers.exeat("audit", "seal", "--data-dir", running.data_dir, "--before", "2100-01-01")
        assert done.returncode == 0, done.stderr
        assert "no whole segment" in done.stderr
        wrong = servers.exeat("audit", "seal", "--data-dir", running.data_dir, "--before", "yesterday")
        assert wrong.returncode == 2 or wrong.returncode == 64, wrong
        begin(running)
        assert len(audit.records(running)) >= 3
        check(running)
