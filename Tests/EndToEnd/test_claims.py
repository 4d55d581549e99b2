# SPDX-License-Identifier: Apache-2.0
"""Header and claims, exactly: contract §2. Read from the raw JSON, so that order and spelling count."""

import re
import time
import uuid

import jwt
import pytest

from driver import tokens, wire
from driver.users import ALLOW_TAGS, ALLOW_TOKENS

PAYLOAD = ["aud", "sub", tokens.NAMESPACE, "iss", "exp", "iat", "jti"]


@pytest.mark.parametrize("algorithm, length", [("RS256", 256), ("ES384", 96)])
def test_the_header_has_three_members_in_order(server, issuer, algorithm, length):
    token = wire.token(server, SigningAlgorithm=algorithm)
    header = tokens.header_of(token)
    assert list(header) == ["kid", "typ", "alg"]
    assert (header["typ"], header["alg"]) == ("JWT", algorithm)
    keys = tokens.get(server, issuer + "/.well-known/jwks.json").json()["keys"]
    assert [key["kid"] for key in keys if key["alg"] == algorithm] == [header["kid"]]
    assert len(tokens.raw_parts(token)[2]) == length


def test_the_payload_has_exactly_these_members_in_this_order(server):
    assert list(tokens.claims_of(wire.token(server))) == PAYLOAD
    assert list(tokens.claims_of(wire.token(server, Audience=["a", "b"], Tags={"k": "v"}))) == PAYLOAD


def test_the_json_has_no_white_space_and_no_float(server):
    for part in tokens.raw_parts(wire.token(server, Audience=["a"]))[:2]:
        assert not re.search(rb"\s", part)
    payload = tokens.raw_parts(wire.token(server))[1]
    assert re.search(rb'"exp":\d+,"iat":\d+,"jti":"[0-9a-f-]{36}"}$', payload)


def test_root_is_named_by_its_arn(server, issuer):
    before = int(time.time())
    claims = tokens.claims_of(wire.token(server))
    assert claims["iss"] == issuer
    assert claims["sub"] == f"arn:aws:iam::{server.account}:root"
    assert before <= claims["iat"] <= time.time()
    assert claims["exp"] - claims["iat"] == 300
    assert (str(uuid.UUID(claims["jti"])), uuid.UUID(claims["jti"]).version) == (claims["jti"], 4)
    assert claims[tokens.NAMESPACE] == {
        "aws_account": server.account, "source_region": "us-east-1", "principal_id": claims["sub"]}


def test_a_user_is_named_by_its_arn_with_the_path(server, issuer, make_user):
    user = make_user(ALLOW_TOKENS, Path="/division/team/")
    token = wire.token(server, credentials=user.credentials)
    claims = tokens.verify_with_pyjwt(server, token, "https://api.example.com", issuer)
    assert claims["sub"] == user.arn == f"arn:aws:iam::{server.account}:user/division/team/{user.name}"
    assert claims[tokens.NAMESPACE] == {
        "aws_account": server.account, "source_region": "us-east-1", "principal_id": user.arn}


def test_the_tags_of_a_user_and_of_the_call_stand_apart(server, make_user):
    user = make_user(ALLOW_TOKENS, ALLOW_TAGS, Tags=[{"Key": "Team", "Value": "blue"}])
    claims = tokens.claims_of(wire.token(server, credentials=user.credentials, Tags={"Team": "red", "run": "7"}))
    assert claims[tokens.NAMESPACE]["principal_tags"] == {"Team": "blue"}
    assert claims[tokens.NAMESPACE]["request_tags"] == {"Team": "red", "run": "7"}


def test_the_region_is_the_one_that_was_called(server):
    claims = tokens.claims_of(wire.token(server, region="eu-central-1"))
    assert claims[tokens.NAMESPACE]["source_region"] == "eu-central-1"


@pytest.mark.parametrize("algorithm", ["RS256", "ES384"])
def test_two_libraries_verify_and_read_the_same(server, issuer, algorithm):
    token = wire.token(server, SigningAlgorithm=algorithm, Audience=["one", "two"], Tags={"k": "\u00fc \u6771"})
    assert tokens.verify_with_pyjwt(server, token, "two", issuer) == tokens.verify_with_joserfc(
        server, token, "two", issuer) == tokens.claims_of(token)


@pytest.mark.parametrize("algorithm", ["RS256", "ES384"])
def test_a_library_refuses_a_token_with_one_flipped_bit(server, issuer, algorithm):
    header, payload, signature = wire.token(server, SigningAlgorithm=algorithm).split(".")
    other = payload[:-2] + ("A" if payload[-2] != "A" else "B") + payload[-1]
    with pytest.raises(jwt.PyJWTError):
        tokens.verify_with_pyjwt(server, f"{header}.{other}.{signature}", "https://api.example.com", issuer)


def test_expiration_has_milliseconds_and_agrees_with_exp(server):
    answer = wire.call(server, "GetWebIdentityToken", Audience=["a"], SigningAlgorithm="ES384", DurationSeconds=60)
    expiration = answer.text("Expiration")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", expiration)
    exp = tokens.claims_of(answer.text("WebIdentityToken"))["exp"]
    assert time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(exp)) == expiration[:19]


def test_no_two_tokens_share_a_jti(server):
    seen = {tokens.claims_of(wire.token(server))["jti"] for _ in range(200)}
    assert len(seen) == 200
