# SPDX-License-Identifier: Apache-2.0
"""Federation configs over the wire: declared by an administrator, asked for by name, verified by a relying party."""

import json
import time

import pytest

from driver import audit, clients, server as servers, tokens, wire
from driver.server import Credentials
from driver.users import ALLOW_TOKENS

SERVICE = {"TargetService": "https://api.example.com", "TokenType": "OIDC", "Audience": "example-service"}


def iam(server, action, credentials=None, **parameters):
    return wire.call(server, action, "iam", credentials=credentials, **parameters)


@pytest.fixture
def config(server):
    """Makes configs and removes them again."""
    made = []

    def make(name, **settings):
        answer = iam(server, "CreateOutboundFederationConfig", Name=name, **(SERVICE | settings))
        assert answer.status == 200, answer.body
        made.append(name)
        return answer

    yield make
    for name in made:
        assert iam(server, "DeleteOutboundFederationConfig", Name=name).status in (200, 404)


def token(server, name, credentials=None, **parameters):
    return iam(server, "GetOutboundFederationToken", credentials, FederationConfigName=name, **parameters)


def grant(server, name):
    arn = f"arn:aws:iam::{server.account}:outbound-federation-config/{name}"
    return {"Effect": "Allow", "Action": "iam:GetOutboundFederationToken", "Resource": arn}


@pytest.mark.parametrize("algorithm", ["RS256", "ES384"])
def test_an_application_asks_by_name_and_a_relying_party_verifies_by_discovery(server, issuer, config, make_user, algorithm):
    config("my-federation", SigningAlgorithm=algorithm)
    user = make_user(grant(server, "my-federation"))
    before = int(time.time())
    answer = token(server, "my-federation", user.credentials)
    assert answer.status == 200, answer.body
    assert [answer.text(name) for name in ("TokenType", "TargetService", "Audience")] == [
        "OIDC", "https://api.example.com", "example-service"]
    signed = answer.text("Token")
    assert tokens.header_of(signed)["alg"] == algorithm
    claims = tokens.verify_with_pyjwt(server, signed, "example-service", issuer)
    assert tokens.verify_with_joserfc(server, signed, "example-service", issuer) == claims
    assert claims["sub"] == user.arn and claims["aud"] == "example-service"
    assert claims["exp"] - claims["iat"] == 3600 and before <= claims["iat"] <= time.time()
    # Claim by claim what AWS's own call gives.
    user.allow(ALLOW_TOKENS)
    aws = tokens.claims_of(wire.token(server, credentials=user.credentials, Audience=["example-service"]))
    assert list(tokens.claims_of(signed)) == list(aws)
    assert claims[tokens.NAMESPACE] == aws[tokens.NAMESPACE]

    record = audit.the_record(server, answer)
    assert record["eventName"] == "GetOutboundFederationToken" and record["eventSource"] == "iam.amazonaws.com"
    assert record["requestParameters"] == {"federationConfigName": "my-federation"}
    elements = record["responseElements"]
    assert elements["webIdentityTokenId"] == claims["jti"]
    assert (elements["tokenType"], elements["targetService"], elements["audience"]) == (
        "OIDC", "https://api.example.com", "example-service")
    assert set(elements) == {"webIdentityTokenId", "expiration", "tokenType", "targetService", "audience"}
    assert signed not in json.dumps(record)
    shown = servers.exeat("audit", "tail", "--data-dir", server.data_dir, "--number", "0").stdout
    line = next(line for line in shown.splitlines() if claims["jti"] in line)
    assert "config=my-federation" in line and "aud=example-service" in line


def test_a_grant_of_one_config_is_a_grant_of_that_one(server, config, make_user):
    config("mine")
    config("other")
    user = make_user(grant(server, "mine"))
    assert token(server, "mine", user.credentials).status == 200
    arn = f"arn:aws:iam::{server.account}:outbound-federation-config/other"
    wire.assert_error(
        token(server, "other", user.credentials), 403, "AccessDenied",
        f"User: {user.arn} is not authorized to perform: iam:GetOutboundFederationToken on resource: {arn} because no "
        "identity-based policy allows the iam:GetOutboundFederationToken action", service="iam")
    answer = wire.call(server, "GetWebIdentityToken", credentials=user.credentials, Audience=["example-service"],
                       SigningAlgorithm="RS256")
    assert (answer.status, answer.code) == (403, "AccessDenied")


def test_twelve_hours_through_a_config_and_one_through_awss_own_call(server, issuer, config):
    config("long", Duration=43200)
    claims = tokens.verify_with_pyjwt(server, token(server, "long").text("Token"), "example-service", issuer)
    assert claims["exp"] - claims["iat"] == 43200
    claims = tokens.claims_of(token(server, "long", DurationSeconds=900).text("Token"))
    assert claims["exp"] - claims["iat"] == 900
    for refused in (iam(server, "CreateOutboundFederationConfig", Name="longer", Duration=43201, **SERVICE),
                    iam(server, "UpdateOutboundFederationConfig", Name="long", Duration=43201)):
        wire.assert_error(
            refused, 400, "ValidationError",
            "1 validation error detected: Value '43201' at 'duration' failed to satisfy constraint: Member must have value "
            "less than or equal to 43200", service="iam")
    config("short", Duration=60)
    wire.assert_error(
        token(server, "short", DurationSeconds=61), 400, "ValidationError",
        "The requested DurationSeconds exceeds the Duration set for this federation config: 60", service="iam")
    aws = wire.call(server, "GetWebIdentityToken", Audience=["a"], SigningAlgorithm="RS256", DurationSeconds=43200)
    assert (aws.status, aws.code) == (400, "ValidationError")


def test_a_role_session_gets_no_token_that_outlives_it(server, config, make_user):
    config("long", Duration=43200)
    user = make_user({"Effect": "Allow", "Action": "*", "Resource": "*"})
    boto = clients.boto(server, "iam")
    trust = {"Version": "2012-10-17", "Statement": {
        "Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": server.account}}}
    role = boto.create_role(RoleName="federating", AssumeRolePolicyDocument=json.dumps(trust))["Role"]
    boto.put_role_policy(RoleName="federating", PolicyName="p", PolicyDocument=json.dumps(
        {"Version": "2012-10-17", "Statement": grant(server, "long")}))
    try:
        keys = clients.boto(server, "sts", user.credentials).assume_role(
            RoleArn=role["Arn"], RoleSessionName="session")["Credentials"]
        session = Credentials(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"])
        wire.assert_error(
            token(server, "long", session), 403, "SessionDurationEscalationException",
            "Requested token expiry time must be before the original session's expiry time.", service="iam")
        claims = tokens.claims_of(token(server, "long", session, DurationSeconds=1800).text("Token"))
        assert claims["sub"] == role["Arn"] and "original_session_exp" in claims[tokens.NAMESPACE]
    finally:
        boto.delete_role_policy(RoleName="federating", PolicyName="p")
        boto.delete_role(RoleName="federating")


def test_a_config_from_creation_to_deletion(server, config):
    made = config("life", Description="first", Tags={"team": "blue"})
    arn = f"arn:aws:iam::{server.account}:outbound-federation-config/life"
    assert made.text("Arn") == arn and made.text("Duration") == "3600" and made.text("SigningAlgorithm") == "RS256"
    assert (made.text("Key"), made.text("Value")) == ("team", "blue")
    changed = iam(server, "UpdateOutboundFederationConfig", Name="life", Description="", SigningAlgorithm="ES384")
    assert changed.text("Description") is None and changed.text("SigningAlgorithm") == "ES384"
    read = iam(server, "GetOutboundFederationConfig", Name="life")
    for name in ("Name", "Arn", "TargetService", "TokenType", "Audience", "Duration", "SigningAlgorithm", "CreateDate",
                 "LastUpdatedDate", "Key", "Value"):
        assert read.text(name) == changed.text(name) is not None, name
    assert iam(server, "TagOutboundFederationConfig", Name="life", Tags={"TEAM": "red"}).status == 200
    tags = iam(server, "ListOutboundFederationConfigTags", Name="life")
    assert (tags.text("Key"), tags.text("Value")) == ("TEAM", "red")
    assert iam(server, "UntagOutboundFederationConfig", Name="life", TagKeys=["team"]).status == 200
    assert iam(server, "ListOutboundFederationConfigTags", Name="life").text("Key") is None
    wire.assert_error(
        iam(server, "CreateOutboundFederationConfig", Name="LIFE", **SERVICE), 409, "EntityAlreadyExists",
        "Outbound federation config LIFE already exists.", service="iam")
    assert iam(server, "DeleteOutboundFederationConfig", Name="life").status == 200
    wire.assert_error(
        token(server, "life"), 404, "NoSuchEntity", "Outbound federation config life cannot be found.", service="iam")


def test_pages_hold_each_config_once(server, config):
    names = [f"page-{number}" for number in range(5)]
    for name in reversed(names):
        config(name)
    found, marker = [], None
    while True:
        more = {"Marker": marker} if marker else {}
        page = iam(server, "ListOutboundFederationConfigs", MaxItems=2, **more)
        assert page.status == 200, page.body
        members = [element.text for element in page.xml.iter() if element.tag.endswith("}Name")]
        assert len(members) <= 2
        found += members
        marker = page.text("Marker")
        assert page.text("IsTruncated") == ("true" if marker else "false")
        if not marker:
            break
    assert len(found) == len(set(found))
    assert [name for name in found if name.startswith("page-")] == names


def test_bad_input_is_refused_by_name_and_nothing_is_stored(server):
    for settings, message in [
        ({"TargetService": "http://api.example.com"},
         "The specified value for targetService is invalid. It must begin with https:// unless its host is a loopback one."),
        ({"TargetService": "api.example.com"},
         "The specified value for targetService is invalid. It must be an absolute URL that begins with https://."),
        ({"TargetService": "https://api.example.com\\@evil.example"},
         "The specified value for targetService is invalid. It must have only the characters of a URL, any other "
         "percent-encoded."),
        ({"SigningAlgorithm": "RSA-SHA256"},
         "SigningAlgorithm RSA-SHA256 is not supported for TokenType OIDC. Use one of RS256, ES384."),
        ({"TokenType": "JWT"},
         "1 validation error detected: Value 'JWT' at 'tokenType' failed to satisfy constraint: Member must satisfy enum "
         "value set: [OIDC, SAML]"),
    ]:
        refused = iam(server, "CreateOutboundFederationConfig", Name="bad", **(SERVICE | settings))
        wire.assert_error(refused, 400, "ValidationError", message, service="iam")
        assert audit.the_record(server, refused)["errorCode"] == "ValidationError"
    assert iam(server, "GetOutboundFederationConfig", Name="bad").code == "NoSuchEntity"


def test_an_auditor_finds_the_tokens_of_a_config(server, config):
    config("audited")
    answer = token(server, "audited")
    events = clients.boto(server, "cloudtrail").lookup_events(
        LookupAttributes=[{"AttributeKey": "ResourceName", "AttributeValue": "audited"}])["Events"]
    assert [event["EventName"] for event in events] == ["GetOutboundFederationToken", "CreateOutboundFederationConfig"]
    assert events[0]["Resources"] == [
        {"ResourceType": "AWS::IAM::OutboundFederationConfig", "ResourceName": "audited"}]
    jti = tokens.claims_of(answer.text("Token"))["jti"]
    assert json.loads(events[0]["CloudTrailEvent"])["responseElements"]["webIdentityTokenId"] == jti
