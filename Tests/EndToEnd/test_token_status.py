# SPDX-License-Identifier: Apache-2.0
"""Tokens that can be revoked: switched on and revoked with boto3, and read by a status list reader that nobody here wrote:
zlib and PyJWT."""

import base64
import datetime
import ssl
import zlib

import botocore.exceptions
import jwt
import pytest

from driver import clients, server as servers, tokens, wire

AUDIENCE = "https://api.example.com"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("status")


@pytest.fixture(scope="module")
def running(folder):
    with servers.serve_tls(folder) as running:
        wire.call(running, "EnableOutboundWebIdentityFederation", "iam")
        yield running


@pytest.fixture(scope="module")
def iam(running, tmp_path_factory):
    """A client that knows this server's own actions, from the models that it writes."""
    models = tmp_path_factory.mktemp("models")
    made = servers.exeat("aws-model", "install", "--path", models)
    assert made.returncode == 0, made.stderr
    return clients.boto_with_models(running, "iam", models)


@pytest.fixture(scope="module", autouse=True)
def enabled(iam):
    return iam.enable_outbound_token_status()


def status_of(running, token):
    """The status of a token, by the steps of draft-ietf-oauth-status-list §8.3."""
    claims = tokens.verify_with_pyjwt(running, token, AUDIENCE, tokens.claims_of(token)["iss"])
    reference = claims["status"]["status_list"]
    answer = tokens.get(running, reference["uri"], headers={"Accept": "application/statuslist+jwt"})
    assert answer.status_code == 200 and answer.headers["Content-Type"] == "application/statuslist+jwt"
    assert answer.headers["Access-Control-Allow-Origin"] == "*" and "max-age" in answer.headers["Cache-Control"]
    assert jwt.get_unverified_header(answer.text)["typ"] == "statuslist+jwt"
    keys = jwt.PyJWKClient(
        claims["iss"] + "/.well-known/jwks.json", ssl_context=ssl.create_default_context(cafile=running.ca))
    found = jwt.decode(
        answer.text, keys.get_signing_key_from_jwt(answer.text).key, algorithms=["ES384"],
        options={"require": ["sub", "iat", "exp"]})
    assert found["sub"] == reference["uri"] and found["ttl"] == 300
    lst = found["status_list"]["lst"]
    octets = zlib.decompress(base64.urlsafe_b64decode(lst + "=" * (-len(lst) % 4)))
    assert found["status_list"]["bits"] == 1 and len(octets) == 2**20 // 8
    return octets[reference["idx"] // 8] >> reference["idx"] % 8 & 1


def verify(running, folder, token):
    issuer = tokens.claims_of(token)["iss"]
    return servers.exeat(
        "verify", "-", "--issuer", issuer, "--audience", AUDIENCE,
        environment=clients.environment_for(running, folder), stdin=token)


def test_one_token_is_revoked_and_every_reader_sees_it(running, iam, folder):
    first, second = wire.token(running), wire.token(running)
    assert (status_of(running, first), status_of(running, second)) == (0, 0)
    accepted = verify(running, folder, first)
    assert accepted.returncode == 0 and "ok      status" in accepted.stdout, accepted.stdout + accepted.stderr
    answer = iam.revoke_outbound_tokens(TokenId=tokens.claims_of(first)["jti"])
    assert (answer["RevokedTokenCount"], answer["TokensWithoutStatusCount"]) == (1, 0)
    assert (status_of(running, first), status_of(running, second)) == (1, 0)
    refused = verify(running, folder, first)
    assert refused.returncode == 1 and "FAILED  status" in refused.stdout and "revoked" in refused.stderr
    assert verify(running, folder, second).returncode == 0


def test_a_role_takes_its_sessions_along(running, iam):
    sts = clients.boto(running, "sts")
    trust = ('{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::%s:root"},'
             '"Action":"sts:AssumeRole"}}' % running.account)
    policy = '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}'
    role = iam.create_role(RoleName="build", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    iam.put_role_policy(RoleName="build", PolicyName="p", PolicyDocument=policy)
    user = iam.create_user(UserName="someone")["User"]["UserName"]
    iam.put_user_policy(UserName=user, PolicyName="p", PolicyDocument=policy)
    key = iam.create_access_key(UserName=user)["AccessKey"]
    someone = servers.Credentials(key["AccessKeyId"], key["SecretAccessKey"])
    someones = wire.token(running, credentials=someone)
    made = []
    for name in ("one", "two"):
        assumed = clients.boto(running, "sts", someone).assume_role(RoleArn=role, RoleSessionName=name)["Credentials"]
        made.append(wire.token(running, credentials=servers.Credentials(
            assumed["AccessKeyId"], assumed["SecretAccessKey"], assumed["SessionToken"])))
    session = f"arn:aws:sts::{running.account}:assumed-role/build/one"
    assert iam.revoke_outbound_tokens(PrincipalArn=session)["RevokedTokenCount"] == 1
    assert [status_of(running, token) for token in made] == [1, 0]
    assert iam.revoke_outbound_tokens(PrincipalArn=role)["RevokedTokenCount"] == 1
    assert [status_of(running, token) for token in [*made, someones]] == [1, 1, 0]
    assert sts.get_caller_identity()["Account"] == running.account


def test_everything_before_a_time_is_revoked(running, iam):
    token = wire.token(running)
    issued = tokens.claims_of(token)["iat"]
    # The next whole second, so that the token is before it whatever its fraction.
    before = datetime.datetime.fromtimestamp(issued + 1, datetime.timezone.utc)
    while datetime.datetime.now(datetime.timezone.utc) < before:
        pass
    assert iam.revoke_outbound_tokens(IssuedBefore=before)["RevokedTokenCount"] >= 1
    assert status_of(running, token) == 1
    assert status_of(running, wire.token(running)) == 0


def test_discovery_and_the_aggregation_name_the_lists(running, enabled):
    issuer = tokens.claims_of(wire.token(running))["iss"]
    discovery = tokens.get(running, issuer + "/.well-known/openid-configuration").json()
    assert discovery["status_list_aggregation_endpoint"] == enabled["StatusListAggregationEndpoint"]
    answer = tokens.get(running, discovery["status_list_aggregation_endpoint"])
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.json() == {"status_lists": [issuer + "/status/1"]}
    assert tokens.get(running, issuer + "/status/2").status_code == 404
    first = tokens.get(running, issuer + "/status/1")
    again = tokens.get(running, issuer + "/status/1", headers={"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 304


def test_refusals_have_names(iam):
    for parameters, code in (
        ({}, "ValidationError"), ({"TokenId": "a", "PrincipalArn": "arn:aws:iam::000000000000:root"}, "ValidationError"),
        ({"TokenId": "00000000-0000-4000-8000-000000000000"}, "NoSuchEntity"),
        ({"IssuedBefore": datetime.datetime(2999, 1, 1)}, "ValidationError"),
    ):
        with pytest.raises(botocore.exceptions.ClientError) as refused:
            iam.revoke_outbound_tokens(**parameters)
        assert refused.value.response["Error"]["Code"] == code


def test_what_was_revoked_stays_revoked_over_a_restart(folder, running, iam):
    before = wire.token(running)
    iam.revoke_outbound_tokens(TokenId=tokens.claims_of(before)["jti"])
    place = tokens.claims_of(before)["status"]["status_list"]["idx"]
    running.kill()
    running.ready = None
    running.start()
    after = wire.token(running)
    assert status_of(running, before) == 1 and status_of(running, after) == 0
    assert tokens.claims_of(after)["status"]["status_list"]["idx"] > place
