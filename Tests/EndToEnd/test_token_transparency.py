# SPDX-License-Identifier: Apache-2.0
"""Tokens that promise to be in the log: switched on by the account, checked by a relying party and with a proof."""

import time

import jwt
import pytest

from driver import clients, server as servers, tokens, wire


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    with servers.serve_tls(tmp_path_factory.mktemp("transparency")) as running:
        wire.call(running, "EnableOutboundWebIdentityFederation", "iam")
        yield running


def exeat(running, tmp_path, *arguments, stdin=""):
    return servers.exeat(*arguments, environment=clients.environment_for(running, tmp_path), stdin=stdin)


def verify(running, tmp_path, token, *arguments):
    issuer = jwt.decode(token, options={"verify_signature": False})["iss"]
    return exeat(running, tmp_path, "verify", "-", "--issuer", issuer, "--audience", "https://api.example.com", *arguments, stdin=token)


def test_an_account_switches_it_on_and_relying_parties_can_demand_it(running, tmp_path):
    before = wire.token(running)
    assert exeat(running, tmp_path, "transparency", "status").stdout.strip() == "off"
    enabled = exeat(running, tmp_path, "transparency", "enable")
    assert enabled.returncode == 0, enabled.stderr
    key = enabled.stdout.strip()
    assert key == (running.data_dir / "log" / "verifier-key").read_text(encoding="utf-8").strip()
    assert exeat(running, tmp_path, "transparency", "status").stdout.strip() == key

    token = wire.token(running)
    assert "tlog" in tokens.header_of(token) and "tlog" not in tokens.header_of(before)
    demand = ("--require-transparency", "--log-key", key)
    accepted = verify(running, tmp_path, token, *demand)
    assert accepted.returncode == 0, accepted.stdout + accepted.stderr
    # Whoever does not know the member takes the token as before.
    assert verify(running, tmp_path, token).returncode == 0
    refused = verify(running, tmp_path, before, *demand)
    assert refused.returncode == 1

    # Another log's key is not this log's.
    other = key.split("+")[0] + "+00000000+" + key.split("+")[2]
    assert verify(running, tmp_path, token, "--require-transparency", "--log-key", other).returncode != 0

    jti = tokens.claims_of(token)["jti"]
    proof = tmp_path / "proof"
    deadline = time.monotonic() + 30
    while True:
        made = servers.exeat("audit", "prove", jti, "--data-dir", running.data_dir, "-o", proof)
        if made.returncode == 0:
            break
        assert time.monotonic() < deadline, made.stderr
    proved = verify(running, tmp_path, token, *demand, "--proof", proof)
    assert proved.returncode == 0, proved.stdout + proved.stderr
    assert verify(running, tmp_path, wire.token(running), *demand, "--proof", proof).returncode == 1

    disabled = exeat(running, tmp_path, "transparency", "disable")
    assert disabled.returncode == 0, disabled.stderr
    assert "tlog" not in tokens.header_of(wire.token(running))


def test_boto3_sees_an_answer_of_its_own_shape(running, tmp_path):
    assert exeat(running, tmp_path, "transparency", "enable", "--json").returncode == 0
    info = clients.boto(running, "iam").get_outbound_web_identity_federation_info()
    assert info["JwtVendingEnabled"] is True and info["IssuerIdentifier"].startswith("https://")
    assert exeat(running, tmp_path, "transparency", "disable").returncode == 0
