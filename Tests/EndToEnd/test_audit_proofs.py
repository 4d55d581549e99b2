# SPDX-License-Identifier: Apache-2.0
"""`exeat audit prove`, `verify-proof` and `witness`: what is made of files is what another implementation makes, and what
cannot be proved is not signed."""

import base64
import os
import shutil
import stat
import subprocess

import pytest

from driver import server as servers, tlog
from driver.auditor import (
    SIZE, assert_good, assert_refused, bundle, files, flip, jti, new_log, prove, record)


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


# MARK: prove

@pytest.mark.parametrize("number", [0, 255, 256, 767, 768, 999])
def test_a_proof_says_what_another_implementation_says(whole, log, tmp_path, number):
    for name in (jti(number), f"{number:08}-aaaa-4000-8000-000000000000"):
        assert prove(whole, log, name, "-o", tmp_path / "proof").returncode == 0
        data = (tmp_path / "proof").read_bytes()
        index, proof, checkpoint, extra = tlog.read_proof(data)
        assert (index, extra, checkpoint) == (number, log.entries[number], log.checkpoint())
        assert proof == tlog.inclusion_proof(number, log.leaves)
        assert tlog.root_of_proof(index, SIZE, tlog.leaf_hash(extra), proof) == tlog.tree_root(log.leaves)
    # Without -o the same bytes go to standard output, and are checked from there.
    piped = prove(whole, log, jti(number)).stdout
    assert piped.encode() == data
    done = servers.exeat("audit", "verify-proof", "-", "--verifier-key", log.key.verifier, stdin=piped)
    assert done.returncode == 0 and f"record {number + 1} of {SIZE}" in done.stdout and jti(number) in done.stdout
    done = servers.exeat("audit", "verify-proof", tmp_path / "proof", "--verifier-key", log.key.verifier, "--json")
    assert done.stdout.encode() == log.entries[number] + b"\n"


def test_a_proof_that_was_touched_proves_nothing(whole, log, tmp_path):
    text = prove(whole, log, jti(700)).stdout
    lines = text.split("\n")
    other = base64.b64encode(record(700, requestID="x")).decode()
    changes = [
        text.replace(lines[1], f"extra {other}"), text.replace("index 700", "index 701"), text.replace(lines[3] + "\n", ""),
        text.replace(lines[3], lines[4]), text.replace("\n1000\n", "\n999\n"), text.replace(lines[1] + "\n", ""),
        text.replace("proof@v1", "proof@v2"), text[:-5], "",
    ]
    for number, changed in enumerate(changes):
        assert changed != text
        (tmp_path / "proof").write_text(changed)
        done = servers.exeat("audit", "verify-proof", tmp_path / "proof", "--verifier-key", log.key.verifier)
        assert_refused(done, "proves nothing")
    (tmp_path / "proof").write_text(text)
    for key, status in [(tlog.Key(log.name, "x").verifier, 1), ("x", 2)]:
        done = servers.exeat("audit", "verify-proof", tmp_path / "proof", "--verifier-key", key)
        assert_refused(done, status=status)
    assert_refused(servers.exeat("audit", "verify-proof", tmp_path / "proof"), "no key of the log", status=2)
    witness = tlog.Key("w.example.com", "w", tlog.COSIGNATURE)
    done = servers.exeat("audit", "verify-proof", tmp_path / "proof", "--verifier-key", log.key.verifier,
                         "--witness", witness.verifier)
    assert_refused(done, "0 of 1 witnesses")


def test_what_cannot_be_proved_is_not(mirror, log):
    assert_refused(prove(mirror, log, jti(5000)), "no record is called")
    for name in ("a b", "x" * 129, 'a"b'):
        assert_refused(prove(mirror, log, name), status=2)
    with bundle(mirror, 0) as entries:
        entries[4] = entries[4].replace(b"Root", b"Boot")
    assert_refused(prove(mirror, log, jti(4)), "record 5 cannot be proved", "audit verify")
    flip(mirror / "tile/0/001", 0)
    assert_refused(prove(mirror, log, jti(4)), "cannot be proved")
    (mirror / "tile/0/003.p/232").unlink()
    assert_refused(prove(mirror, log, jti(4)), "missing or damaged")


# MARK: witness

def witness(source, log, state, *arguments, once=True):
    return servers.exeat("audit", "witness", "--log", source, "--verifier-key", log.key.verifier, "--state", state,
                         "--name", "witness.example.com", *(["--once"] if once else []), *arguments)


def verifier_of(done):
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()[0].removeprefix("witness ")


def test_a_witness_follows_a_log_and_countersigns_it(tmp_path, log):
    state, verifiers = tmp_path / "state", set()
    for size in (0, 1, 256, 256, 700, SIZE):
        source = log.write(tmp_path / f"log-{size}", size)
        done = witness(source, log, state)
        verifiers.add(verifier_of(done))
        assert f"signed {size} records" in done.stdout
        note = (state / "cosigned").read_text()
        assert note.startswith(log.checkpoint(size)) and (state / "checkpoint").read_text() == log.checkpoint(size)
        assert tlog.cosigned_by(note, *verifiers) > 1_700_000_000
    # One key, made once, for its owner alone.
    assert len(verifiers) == 1 and verifiers.pop().startswith("witness.example.com+")
    assert stat.S_IMODE((state / "key").stat().st_mode) == 0o600 and stat.S_IMODE(state.stat().st_mode) == 0o700


def test_a_witness_does_not_sign_a_second_history_and_keeps_the_evidence(tmp_path, log):
    state = tmp_path / "state"
    key = verifier_of(witness(log.write(tmp_path / "log", 700), log, state))
    before = files(state)
    short = new_log(600, change=[0])
    for other, word in [(new_log(SIZE, change=[0]), "are others"), (new_log(700, change=[699]), "two different logs"),
                        (short, "are others")]:
        source = other.write(tmp_path / f"other-{len(other.leaves)}")
        if other is short:
            # The tiles of what was signed prove that this one is of another history.
            log.write(source, 700)
            (source / "checkpoint").write_text(other.checkpoint())
        done = witness(source, log, state)
        assert_refused(done, "NOT SIGNED", "contradicts itself", word)
        assert {name: data for name, data in files(state).items() if "evidence" not in name} == before
        pairs = [(folder / "checkpoint-seen", folder / "checkpoint-refused") for folder in state.glob("evidence-*")]
        assert any((seen.read_text(), refused.read_text()) == (log.checkpoint(700), other.checkpoint())
                   for seen, refused in pairs)
        shutil.rmtree(state / next(path.name for path in state.glob("evidence-*")))
    # The true log goes on.
    assert verifier_of(witness(log.write(tmp_path / "whole"), log, state)) == key
    assert_good(tmp_path / "whole", log, "--checkpoint", state / "cosigned", "--witness", key)


def test_a_witness_waits_out_an_older_checkpoint(tmp_path, log):
    state, source = tmp_path / "state", log.write(tmp_path / "log", 700)
    assert witness(source, log, state).returncode == 0
    before = files(state)
    # Of a cache: the tiles are all there.
    (source / "checkpoint").write_text(log.checkpoint(300))
    assert_refused(witness(source, log, state), "an older checkpoint, of 300 records, and 700 were seen\n")
    # Of a copy that is behind, and of what may be another history: nothing proves it.
    for number, other in enumerate((log, new_log(300, change=[3]))):
        behind = other.write(tmp_path / f"behind-{number}", 300)
        assert_refused(witness(behind, log, state), "an older checkpoint, of 300 records", "no tiles to tell")
    assert files(state) == before
    assert "signed 1000 records" in witness(log.write(source), log, state).stdout


def test_a_witness_signs_nothing_that_it_cannot_check(tmp_path, log):
    state, source = tmp_path / "state", log.write(tmp_path / "log", 500)
    assert witness(source, log, state).returncode == 0
    before = files(state)
    log.write(source)
    flip(source / "tile/1/000.p/3", 40)
    assert_refused(witness(source, log, state), "its tiles are not those of its checkpoint")
    (source / "tile/0/003.p/232").unlink()
    assert_refused(witness(source, log, state), "missing or damaged")
    (source / "checkpoint").write_text(log.checkpoint().replace("\n1000\n", "\n1001\n"))
    assert_refused(witness(source, log, state), "does not verify")
    (source / "checkpoint").write_text(new_log(SIZE, name="elsewhere").checkpoint())
    assert_refused(witness(source, log, state), "not acceptable")
    assert_refused(witness("http://127.0.0.1:1", log, state), "connection refused")
    assert files(state) == before
    os.chmod(state / "key", 0o640)
    assert_refused(witness(source, log, state), "--key")
    assert_refused(witness(source, log, tmp_path / "new", "--interval", "0s"), "--interval", status=2)
    done = servers.exeat("audit", "witness", "--log", source, "--verifier-key", log.key.verifier, "--once",
                         "--state", tmp_path / "new", "--name", "a name")
    assert_refused(done, "--name", status=2)


def test_a_witness_goes_on_looking_and_is_alone_with_its_state(tmp_path, log):
    state, source = tmp_path / "state", log.write(tmp_path / "log", 500)
    command = [servers.binary(), "audit", "witness", "--log", str(source), "--verifier-key", log.key.verifier,
               "--state", str(state), "--interval", "1s"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          env=servers.clean_environment()) as running:
        assert running.stdout.readline().startswith("witness ")
        assert running.stdout.readline() == "signed 500 records\n"
        assert_refused(witness(source, log, state), "another process works in")
        checkpoint = source / "checkpoint"
        checkpoint.rename(tmp_path / "away")
        assert "no checkpoint" in running.stderr.readline()
        log.write(source)
        assert running.stdout.readline() == "signed 1000 records\n"
        (source / "new").write_text(log.checkpoint(800))
        (source / "new").rename(checkpoint)
        assert any("an older checkpoint, of 800 records" in line for line in running.stderr)
        new_log(1200, change=[0]).write(source)
        assert running.wait(30) == 1
        assert "NOT SIGNED" in running.stderr.read()
