# SPDX-License-Identifier: Apache-2.0
"""`exeat keys`: what the command refuses before anything leaves the machine."""

import subprocess

import pytest

from driver import server as servers


def keys(*arguments, url="http://127.0.0.1:9", stdin=""):
    return servers.exeat("keys", *arguments, "--endpoint-url", url, stdin=stdin, environment={
        "AWS_ACCESS_KEY_ID": "AKIAX", "AWS_SECRET_ACCESS_KEY": "s"})


def pem():
    return subprocess.run(["openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384"],
                          check=True, capture_output=True, text=True).stdout


def test_a_private_key_is_not_sent_over_plain_http(tmp_path):
    file = tmp_path / "key.pem"
    file.write_text(pem())
    file.chmod(0o600)
    for done in (keys("import", file, url="http://sts.example"), keys("import", "-", url="http://sts.example", stdin=pem())):
        assert done.returncode == 1 and "a private key is not sent over plain http" in done.stderr
    # To this machine it is, if somebody listens.
    assert "no answer from the server" in keys("import", file).stderr


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644])
def test_a_private_key_that_others_can_read_is_not_taken(tmp_path, mode):
    file = tmp_path / "key.pem"
    file.write_text(pem())
    file.chmod(mode)
    done = keys("import", file)
    assert done.returncode == 1 and "can be read by others" in done.stderr


@pytest.mark.parametrize("arguments, words", [
    (["import", "/nowhere"], "cannot be read"),
    (["rotate", "--overlap", "1w"], "`1w` is not seconds"),
    (["rotate", "--overlap", "-1"], "--overlap"),
    (["revoke-tokens"], "give exactly one of"),
    (["revoke-tokens", "--token-id", "j", "--principal", "arn:x"], "give exactly one of"),
    (["revoke-tokens", "--issued-before", "yesterday"], "is not a time such as"),
    (["export-public", "--format", "der"], "der"),
])
def test_what_makes_no_sense_is_refused(arguments, words):
    done = keys(*arguments)
    assert done.returncode in (1, 2) and words in done.stderr, done.stderr
