# SPDX-License-Identifier: Apache-2.0
"""`exeat audit mirror`: file for file what an implementation of the tests' own writes, and nothing that is bad."""

import shutil
import stat

import pytest

from driver import server as servers, tlog
from driver.auditor import (
    SIZE, assert_bad, assert_good, assert_refused, bundle, copy, files, flip, jti, new_log, pruned_log, verify, web)


@pytest.fixture(scope="module")
def log():
    return new_log(SIZE)


def test_a_mirror_follows_a_log_file_for_file(tmp_path, log):
    for size in (1, 255, 256, 600, 600, SIZE):
        source = log.write(tmp_path / f"source-{size}", size)
        done = copy(log, source, tmp_path / "mirror")
        assert done.returncode == 0 and f"{size} records" in done.stdout, done.stderr
        assert files(tmp_path / "mirror") == files(source)
        assert_good(tmp_path / "mirror", log)
    # Records are for their owner alone, hashes for everybody.
    modes = {name: stat.S_IMODE((tmp_path / "mirror" / name).stat().st_mode)
             for name in ("tile/entries", "tile/entries/000", "tile/0", "tile/0/000", "checkpoint")}
    assert modes == {"tile/entries": 0o700, "tile/entries/000": 0o600, "tile/0": 0o755, "tile/0/000": 0o644,
                     "checkpoint": 0o644}
    # What is there already is not needed again.
    shutil.rmtree(source / "tile/entries")
    shutil.copytree(tmp_path / "mirror/tile/entries/003.p", source / "tile/entries/003.p")
    assert "nothing new" in copy(log, source, tmp_path / "mirror").stdout


def test_a_mirror_takes_nothing_that_is_bad(tmp_path, log):
    mirror = tmp_path / "mirror"
    assert copy(log, log.write(tmp_path / "first", 500), mirror).returncode == 0
    source = log.write(tmp_path / "source")
    with bundle(source, 2) as entries:
        entries[3] = entries[3].replace(b"Root", b"Boot")
    assert_refused(copy(log, source, mirror), "record 516 is not the one that was logged")
    assert (mirror / "checkpoint").read_text() == log.checkpoint(500)
    assert_good(mirror, log)
    # The same once the log is repaired.
    log.write(source)
    assert copy(log, source, mirror).returncode == 0
    assert files(mirror) == files(source)


def test_a_mirror_refuses_a_fork_and_keeps_the_evidence(tmp_path, log):
    mirror = tmp_path / "mirror"
    assert copy(log, log.write(tmp_path / "source", 600), mirror).returncode == 0
    fork, twin = new_log(SIZE, change=[599]), new_log(600, change=[3])
    short = new_log(500, change=[3])
    for other, word in [(fork, "are others"), (twin, "two different logs"), (short, "are others")]:
        source = other.write(tmp_path / "other")
        done = copy(log, source, mirror)
        assert_refused(done, "does not continue", word, "evidence")
        assert (mirror / "checkpoint").read_text() == log.checkpoint(600)
        assert (mirror / "refused-checkpoint").read_text() == other.checkpoint()
        assert_good(mirror, log)
        shutil.rmtree(source)
    assert_refused(copy(log, log.write(tmp_path / "whole"), mirror, key=tlog.Key(log.name, "x").verifier), "not acceptable")


@pytest.mark.parametrize("size", [0, 1, 256, 599])
def test_a_mirror_waits_out_an_older_checkpoint(tmp_path, log, size):
    mirror = tmp_path / "mirror"
    assert copy(log, log.write(tmp_path / "source", 600), mirror).returncode == 0
    before = files(mirror)
    done = copy(log, log.write(tmp_path / "older", size), mirror)
    assert_refused(done, f"an older checkpoint, of {size} records, and 600 were seen\n", "try again")
    assert files(mirror) == before


def test_a_mirror_that_was_damaged_is_not_built_upon(tmp_path, log):
    mirror = tmp_path / "mirror"
    assert copy(log, log.write(tmp_path / "source", 600), mirror).returncode == 0
    flip(mirror / "tile/0/002.p/88", 0)
    assert_refused(copy(log, log.write(tmp_path / "whole"), mirror), "its hashes are not those of its checkpoint")


def test_a_mirror_of_a_log_with_pruned_records_has_their_hashes(tmp_path):
    log, folder = pruned_log(tmp_path / "long")
    done = copy(log, folder, tmp_path / "mirror")
    assert done.returncode == 0 and "records 1 to 65536 only the hashes" in done.stdout, done.stderr
    assert files(tmp_path / "mirror") == files(folder)


def test_a_mirror_knows_which_records_were_gone_before_they_were_copied(tmp_path):
    mirror = tmp_path / "mirror"
    log, pruned = pruned_log(tmp_path / "pruned")
    assert copy(log, log.write(tmp_path / "early", 700), mirror).returncode == 0
    done = copy(log, pruned, mirror)
    assert done.returncode == 0 and "records 513 to 65536 were gone before they were copied" in done.stdout, done.stderr
    assert (mirror / "pruned").read_text() == "513-65536\n"
    # Records that nobody else has any more stay.
    assert (mirror / "tile/entries/002.p/188").exists() and not (mirror / "tile/0/002.p").exists()
    report = assert_good(mirror, log)
    assert (report["recordsPruned"], report["recordsChecked"]) == (65_024, 812)
    done = servers.exeat("audit", "verify", "--mirror", mirror, "--verifier-key", log.key.verifier)
    assert "pruned     records 513 to 65536 are not here" in done.stdout
    assert_refused(verify(mirror, log, "--complete")[0], "513 to 65536", "--complete")
    assert "nothing new" in copy(log, pruned, mirror).stdout
    # A mirror of the mirror has what it has, and says the same of it.
    done = copy(log, mirror, tmp_path / "second")
    assert done.returncode == 0 and "513 to 65536" in done.stdout, done.stderr
    assert assert_good(tmp_path / "second", log)["recordsChecked"] == 812
    # What is there is read, and what is gone for another reason is missing.
    shutil.copy(log.write(tmp_path / "whole") / "tile/entries/100", mirror / "tile/entries/100")
    assert_bad(mirror, log, says="has records among 513 to 65536")
    (mirror / "tile/entries/100").unlink()
    for line in ("600-65536", "513-65535", "513-65536\n1-65536", "513", "0-65536", "a-b", "513-"):
        (mirror / "pruned").write_text(line + "\n")
        assert_refused(verify(mirror, log)[0], "is not a run of records")
    (mirror / "pruned").write_text("1-65536\n")
    assert_bad(mirror, log, says="has records among 1 to 65536")
    (mirror / "pruned").unlink()
    assert_bad(mirror, log, record=513, says="is missing")


def test_hashes_are_mirrored_over_http_and_records_are_not(tmp_path, log):
    source = log.write(tmp_path / "source", 600)
    with web(source) as url:
        done = copy(log, url + "/", tmp_path / "mirror")
        assert done.returncode == 0 and "hashes only" in done.stdout, done.stderr
        log.write(source)
        assert copy(log, url, tmp_path / "mirror").returncode == 0
        assert assert_good(tmp_path / "mirror", log, "--hashes-only")["size"] == SIZE
        assert not (tmp_path / "mirror/tile/entries").exists()
        done = servers.exeat("audit", "prove", jti(1), "--log", url, "--verifier-key", log.key.verifier)
        assert_refused(done, "no records to look")
        (source / "tile/0/001").unlink()
        assert_refused(copy(log, url, tmp_path / "other"), "tile/0/001")
    assert_refused(copy(log, url, tmp_path / "mirror"), "connection refused")
    assert_refused(copy(log, "http://127.0.0.1:1/?x", tmp_path / "mirror"), "not the URL of a log", status=2)
    assert_refused(copy(log, tmp_path / "none", tmp_path / "mirror"), "not a folder")
