# SPDX-License-Identifier: Apache-2.0
"""`exeat keys`: what the command refuses before anything leaves the machine."""

import datetime
import json
import re
import subprocess

import pytest
from joserfc.jwk import ECKey

from driver import clients, server as servers, tokens, wire


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
    assert "no answer from http://127.0.0.1:9/: connection refused" in keys("import", file).stderr


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644])
def test_a_private_key_that_others_can_read_is_not_taken(tmp_path, mode):
    file = tmp_path / "key.pem"
    file.write_text(pem())
    file.chmod(mode)
    done = keys("import", file)
    assert done.returncode == 1 and "can be read by others" in done.stderr


@pytest.mark.parametrize("arguments, words", [
    (["import", "/nowhere"], "`/nowhere` cannot be read: there is no such file"),
    (["import", "/dev"], "`/dev` cannot be read: it is no regular file"),
    (["rotate", "--overlap", "1w"], "`1w` is not a number with s, m, h or d, such as 36h"),
    (["rotate", "--overlap", "0s"], "--overlap: `0s` is no time"),
    (["revoke-tokens", "--token-id", "eyJ0.eyJh.c2ln"], "--token-id: give the `jti`, as"),
    (["rotate", "--overlap", "36"], "`36` is not a number with s, m, h or d, such as 36h"),
    (["import", "/nowhere", "--overlap", "86400"], "`86400` is not a number with s, m, h or d"),
    (["rotate", "--overlap", "-1"], "--overlap"),
    (["revoke-tokens"], "give exactly one of"),
    (["revoke-tokens", "--token-id", "j", "--principal", "arn:x"], "give exactly one of"),
    (["revoke-tokens", "--issued-before", "yesterday"], "is not a time such as"),
    (["export-public", "--format", "der"], "der"),
])
def test_what_makes_no_sense_is_refused(arguments, words):
    done = keys(*arguments)
    assert done.returncode in (1, 2) and words in done.stderr, done.stderr


def test_a_table_of_keys_shows_each_key_whole(tmp_path):
    """What stands in one line is pasted into the next command."""
    with servers.serve_plain(tmp_path) as running:
        wire.call(running, "EnableOutboundWebIdentityFederation", "iam")
        assert wire.call(running, "RotateOutboundSigningKey", "iam", SigningAlgorithm="ES384").status == 200
        environment = clients.environment_for(running, tmp_path)
        keys = json.loads(servers.exeat("keys", "list", "--json", environment=environment).stdout)["OutboundSigningKeys"]
        table = servers.exeat("keys", "list", environment=environment).stdout
    successor = next(key["KeyId"] for key in keys if key["Status"] == "Successor")
    assert re.search(rf"then {re.escape(successor)} does$", table, re.M) and "…" not in table, table
    assert all(key["KeyId"] in table for key in keys)


def test_revoking_tokens_again_says_that_they_were_revoked_and_when(tmp_path):
    with servers.serve_plain(tmp_path) as running:
        wire.call(running, "EnableOutboundWebIdentityFederation", "iam")
        plain = tokens.claims_of(wire.token(running))["jti"]
        wire.call(running, "EnableOutboundTokenStatus", "iam")
        ids = [tokens.claims_of(wire.token(running))["jti"] for _ in range(2)]
        environment = clients.environment_for(running, tmp_path)

        def revoke(*arguments):
            done = servers.exeat("keys", "revoke-tokens", *arguments, environment=environment)
            assert done.returncode == 0, done.stderr
            return done.stdout

        assert revoke("--token-id", ids[0]) == "1 token is revoked\n"
        again = re.fullmatch(r"1 token was revoked already, at (\S+Z)\n", revoke("--token-id", ids[0]))
        assert again
        root = f"arn:aws:iam::{servers.ACCOUNT}:root"
        without = "1 token has no place in a status list, and can be used until it expires\n"
        assert revoke("--principal", root) == "1 token is revoked\n1 token was revoked already\n" + without
        # The first time counts, whatever was said since.
        assert revoke("--token-id", ids[0]) == again[0]
        assert re.fullmatch(r"2 tokens were revoked already, at \S+Z\n" + without, revoke("--principal", root))
        report = json.loads(revoke("--principal", root, "--json"))
        assert (report["RevokedTokenCount"], report["AlreadyRevokedTokenCount"], report["TokensWithoutStatusCount"]) == (0, 2, 1)
        assert report["AlreadyRevokedDate"]
        done = servers.exeat("keys", "revoke-tokens", "--token-id", plain, environment=environment)
        assert done.returncode == 1 and "while token status was off" in done.stderr


def test_suspending_says_what_state_the_issuer_is_in_then(tmp_path):
    with servers.serve_plain(tmp_path) as running:
        wire.call(running, "EnableOutboundWebIdentityFederation", "iam")
        environment = clients.environment_for(running, tmp_path)

        def suspend(*arguments):
            done = servers.exeat("keys", "suspend", *arguments, environment=environment)
            assert done.returncode == 0, done.stderr
            return re.fullmatch(r"suspended since (\S+Z); (.*)\n", done.stdout).groups()

        since, keys = suspend()
        assert keys == "the key set is published as before"
        assert suspend("--empty-key-set") == (since, "the key set is empty")
        # Again without the flag: the keys do not come back by that.
        assert suspend() == (since, "the key set is empty")
        done = servers.exeat("keys", "suspend", "--json", environment=environment)
        assert json.loads(done.stdout) == {"SuspendDate": since, "KeySetEmptied": True}
        assert servers.exeat("keys", "resume", environment=environment).returncode == 0
        assert suspend()[1] == "the key set is published as before"


def key_whose_id_begins_with_a_dash():
    """PEM and key id: one key in 64 is such a one (RFC 7638)."""
    while True:
        key = ECKey.generate_key("P-384")
        if key.thumbprint().startswith("-"):
            return key.as_pem(private=True).decode(), key.thumbprint()


def test_a_key_id_that_begins_with_a_dash_is_no_flag(tmp_path):
    pem, key_id = key_whose_id_begins_with_a_dash()
    file = tmp_path / "key.pem"
    file.write_text(pem)
    file.chmod(0o600)
    with servers.serve_plain(tmp_path) as running:
        wire.call(running, "EnableOutboundWebIdentityFederation", "iam")
        environment = clients.environment_for(running, tmp_path)

        def run(*arguments):
            done = servers.exeat("keys", *arguments, environment=environment)
            assert done.returncode == 0, done.stderr
            return done

        run("import", file)
        done = run("revoke", key_id, "--json")
        [key] = [key for key in json.loads(done.stdout)["OutboundSigningKeys"] if key["KeyId"] == key_id]
        assert key["Status"] == "Revoked"
        again = run("revoke", "--", key_id)
        assert f"revoked {key_id}" in again.stdout and "until they fetch the set again" in again.stderr


def test_what_may_be_an_options_value_is_not_taken_for_a_key_id():
    done = keys("revoke", "--region", "-" + 42 * "A", "kid")
    assert done.returncode == 2 and "--region" in done.stderr, done.stderr


def test_tokens_that_nobody_has_are_not_called_revoked(tmp_path):
    with servers.serve_plain(tmp_path) as running:
        wire.call(running, "EnableOutboundWebIdentityFederation", "iam")
        wire.call(running, "EnableOutboundTokenStatus", "iam")
        done = servers.exeat("keys", "revoke-tokens", "--principal", f"arn:aws:iam::{servers.ACCOUNT}:user/nobody",
                             environment=clients.environment_for(running, tmp_path))
        assert done.stdout == "0 tokens are revoked\n" and "no token that can still be used was found" in done.stderr


def test_an_overlap_is_taken_with_its_unit(tmp_path):
    with servers.serve_plain(tmp_path) as running:
        wire.call(running, "EnableOutboundWebIdentityFederation", "iam")
        wire.token(running, SigningAlgorithm="RS256")  # for which its key is made
        environment = clients.environment_for(running, tmp_path)
        for flags, hours in (["--algorithm", "ES384", "--overlap", "36h"], 36), (["--algorithm", "RS256", "--overlap", "172800s"], 48):
            done = servers.exeat("keys", "rotate", *flags, "--json", environment=environment)
            assert done.returncode == 0, done.stderr
            [new] = [key for key in json.loads(done.stdout)["OutboundSigningKeys"]
                     if key["SigningAlgorithm"] == flags[1] and key["Status"] == "Successor"]
            made, signs = (datetime.datetime.fromisoformat(new[name]) for name in ("CreateDate", "SignsFrom"))
            assert signs - made == datetime.timedelta(hours=hours)
