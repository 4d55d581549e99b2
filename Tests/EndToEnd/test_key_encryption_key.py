# SPDX-License-Identifier: Apache-2.0
"""A new key-encryption key: beside a server that works, and without one; nothing and nobody notices."""

import datetime
import itertools
import json
import threading
import time

import pytest

from driver import server as servers, wire

NUMBERS = itertools.count(1)
COMMAND = ("keys", "rotate-key-encryption-key", "--data-dir")


def rotate(data_dir, *options):
    return servers.exeat(*COMMAND, data_dir, "--timeout", "60", *options, timeout=180)


def since(data_dir, hours):
    """Has the current key seal since so many hours ago."""
    file = data_dir / "key-encryption-key.status"
    said = json.loads(file.read_text())
    then = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(hours=hours)
    file.write_text(json.dumps(said | {"currentSince": then.strftime("%Y-%m-%dT%H:%M:%SZ")}))


def put(file, text):
    """In one step, as an operator should: a server that looks meanwhile sees the one file or the other."""
    new = file.with_name(file.name + ".test")
    new.write_text(text)
    new.chmod(file.stat().st_mode)
    new.rename(file)


def lines(data_dir):
    return (data_dir / "key-encryption-key").read_text().splitlines()


def status(data_dir):
    return json.loads((data_dir / "key-encryption-key.status").read_text())


def until(condition, what):
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, f"not within 60 s: {what}"
        time.sleep(0.05)


def session_of(running):
    answer = wire.call(running, "GetSessionToken", credentials=user_of(running))
    assert answer.status == 200, answer.body
    return servers.Credentials(*(answer.text(name) for name in ("AccessKeyId", "SecretAccessKey", "SessionToken")))


def user_of(running):
    name = f"u{next(NUMBERS)}"
    assert wire.call(running, "CreateUser", "iam", UserName=name).status == 200
    answer = wire.call(running, "CreateAccessKey", "iam", UserName=name)
    return servers.Credentials(answer.text("AccessKeyId"), answer.text("SecretAccessKey"))


def who(running, credentials=None):
    return wire.call(running, "GetCallerIdentity", credentials=credentials).status


def test_a_second_change_waits_until_the_first_is_finished(tmp_path, enable):
    with servers.serve_plain(tmp_path) as running:
        enable(running)
        assert rotate(running.data_dir).returncode == 0
        before = lines(running.data_dir)
        again = rotate(running.data_dir)
        assert again.returncode == 1 and "no new key was made" in again.stderr and "--finish" in again.stderr
        assert lines(running.data_dir) == before
        assert rotate(running.data_dir, "--finish", "--end-sessions").returncode == 0
        assert rotate(running.data_dir).returncode == 0
        assert len(lines(running.data_dir)) == 2 and lines(running.data_dir)[1] == before[0]


def test_a_refusal_ends_when_the_file_of_before_is_back(tmp_path, enable):
    """As a secret store mounts it: what the link leads to is the very file that was there."""
    data_dir = servers.init(tmp_path / "data")
    good, bad, link = tmp_path / "good", tmp_path / "bad", tmp_path / "link"
    good.write_text((data_dir / "key-encryption-key").read_text())
    bad.write_text("no key")
    for file in (good, bad):
        file.chmod(0o600)

    def lead(to):
        new = tmp_path / "new"
        new.symlink_to(to)
        new.rename(link)

    lead(good)
    with servers.serve_plain(tmp_path, "--key-encryption-key", link) as running:
        enable(running)
        lead(bad)
        until(lambda: (data_dir / "key-encryption-key.status").exists() and status(data_dir)["state"] == "refused", "refused")
        assert wire.token(running)
        lead(good)
        until(lambda: status(data_dir)["state"] == "complete", "withdrawn")


def test_a_store_from_before_the_change_is_sealed_again(tmp_path, enable):
    with servers.serve_plain(tmp_path) as running:
        enable(running)
        data_dir = running.data_dir
    before = {file: file.read_bytes() for file in data_dir.glob("store.sqlite*")}
    assert rotate(data_dir).returncode == 0
    for file in data_dir.glob("store.sqlite*"):
        file.unlink()
    for file, content in before.items():
        file.write_bytes(content)
        file.chmod(0o600)
    again = rotate(data_dir, "--json")
    assert again.returncode == 0 and json.loads(again.stdout)["resealed"] > 0, again.stderr
    assert rotate(data_dir).returncode == 1
    assert rotate(data_dir, "--finish", "--end-sessions").returncode == 0
    with servers.serve_plain(tmp_path) as running:
        assert wire.token(running)


def test_a_key_is_changed_under_load_and_the_old_one_is_dropped_when_no_session_needs_it(tmp_path, enable):
    with servers.serve_plain(tmp_path) as running:
        enable(running)
        data_dir = running.data_dir
        user, old_session = user_of(running), session_of(running)
        [first] = lines(data_dir)

        refused, ended = [], threading.Event()

        def ask():
            while not ended.is_set():
                answer = wire.call(running, "GetWebIdentityToken", Audience=["a"], SigningAlgorithm="ES384")
                if answer.status != 200:
                    refused.append(answer.body)

        asking = threading.Thread(target=ask)
        asking.start()
        try:
            done = rotate(data_dir, "--json")
        finally:
            ended.set()
            asking.join(30)
        assert done.returncode == 0, done.stderr
        assert refused == []
        said = json.loads(done.stdout)
        assert (said["state"], said["unopened"], len(said["keys"])) == ("complete", 0, 2)
        # Two signing keys, the keys of root and of two users.
        assert said["resealed"] >= 5 and status(data_dir) == said
        second, opener = lines(data_dir)
        assert opener == first and second != first

        for credentials in (None, user, old_session):
            assert who(running, credentials) == 200
        running.restart()
        for credentials in (None, user, old_session):
            assert who(running, credentials) == 200
        wire.token(running)

        # While sessions may need the old key it stays, and so it does for somebody who tries again.
        again = rotate(data_dir, "--json")
        assert again.returncode == 1 and lines(data_dir) == [second, first]
        for hours in (0, 35):
            since(data_dir, hours)
            early = rotate(data_dir, "--finish")
            assert early.returncode == 1 and "sessions may need the old key until" in early.stderr
        assert lines(data_dir) == [second, first]

        since(data_dir, 37)
        dropped = rotate(data_dir, "--finish")
        assert dropped.returncode == 0, dropped.stderr
        assert lines(data_dir) == [second]
        until(lambda: len(status(data_dir)["keys"]) == 1, "the server takes the file")
        assert who(running, user) == 200 and wire.token(running)
        assert who(running, old_session) == 403
        nothing = rotate(data_dir, "--finish")
        assert nothing.returncode == 1 and "nothing is to be dropped" in nothing.stderr
        running.restart()
        assert who(running, user) == 200 and wire.token(running)

        events = [json.loads(record) for record in audit_records(data_dir) if b"ResealSecrets" in record]
        assert {event["requestParameters"]["kind"] for event in events} >= {"SigningKey", "AccessKey"}
        assert all(event["userIdentity"]["type"] == "Operator" for event in events)


def audit_records(data_dir):
    import sqlite3
    with sqlite3.connect(f"file:{data_dir}/store.sqlite?mode=ro", uri=True) as database:
        return [row[0].encode() for row in database.execute("SELECT json FROM audit")]


def test_the_command_does_it_itself_while_no_server_runs(tmp_path, enable):
    with servers.serve_plain(tmp_path) as running:
        enable(running)
        user, data_dir = user_of(running), running.data_dir
        running.stop()
        done = rotate(data_dir, "--json")
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout)["state"] == "complete"
        assert len(lines(data_dir)) == 2
        dropped = rotate(data_dir, "--finish", "--end-sessions")
        assert dropped.returncode == 0, dropped.stderr
        assert len(lines(data_dir)) == 1
        running.ready = None
        running.start()
        assert who(running, user) == 200
        wire.token(running)


def test_a_server_takes_no_file_that_lacks_a_needed_key_and_goes_on(tmp_path, enable):
    with servers.serve_plain(tmp_path) as running:
        enable(running)
        data_dir = running.data_dir
        file = data_dir / "key-encryption-key"
        before = file.read_text()
        other = servers.init(tmp_path / "other", account="111122223333")
        put(file, (other / "key-encryption-key").read_text())
        until(lambda: (data_dir / "key-encryption-key.status").exists(), "a status")
        assert status(data_dir)["state"] == "refused"
        assert "lacks a key that" in status(data_dir)["cause"]
        wire.token(running)
        # A file that is none, or that others can read, is not taken either.
        put(file, "nonsense\n")
        until(lambda: "cannot be used; the server goes on" in running.output, "a complaint")
        wire.token(running)
        # What was refused is not there any more, and nobody is told that it is: neither at work nor after a start.
        put(file, before)
        until(lambda: status(data_dir)["state"] == "complete", "the refusal is withdrawn")
        assert "cause" not in status(data_dir)
        put(file, (other / "key-encryption-key").read_text())
        until(lambda: status(data_dir)["state"] == "refused", "another refusal")
        running.stop()
        put(file, before)
        running.ready = None
        running.start()
        until(lambda: status(data_dir)["state"] == "complete", "the refusal is withdrawn at a start")
        wire.token(running)


def test_a_sealed_server_is_unsealed_by_the_file_that_appears(tmp_path, enable):
    with servers.serve_plain(tmp_path) as running:
        enable(running)
        file, aside = running.data_dir / "key-encryption-key", tmp_path / "aside"
        file.rename(aside)
        running.restart()
        assert wire.call(running, "GetWebIdentityToken", Audience=["a"], SigningAlgorithm="ES384").status == 503
        aside.rename(file)
        until(lambda: who(running) == 200, "unsealed")
        wire.token(running)


@pytest.mark.parametrize("options, words", [
    (["--end-sessions"], "--end-sessions goes with --finish"),
    (["--finish"], "nothing is to be dropped"),
    (["--key-encryption-key", "/nowhere"], "/nowhere is not usable: there is no such file"),
])
def test_what_makes_no_sense_changes_nothing(tmp_path, options, words):
    data_dir = servers.init(tmp_path / "data")
    before = (data_dir / "key-encryption-key").read_bytes()
    done = rotate(data_dir, *options)
    assert done.returncode in (1, 2) and words in done.stderr
    assert (data_dir / "key-encryption-key").read_bytes() == before


def test_a_key_that_does_not_open_the_store_gets_no_successor(tmp_path):
    data_dir = servers.init(tmp_path / "data")
    other = servers.init(tmp_path / "other", account="111122223333")
    done = rotate(data_dir, "--key-encryption-key", other / "key-encryption-key")
    assert done.returncode == 1 and "does not open this store's secrets" in done.stderr
    assert len(lines(other)) == 1
