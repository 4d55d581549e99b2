# SPDX-License-Identifier: Apache-2.0
"""The token endpoint with SAML assertions of a provider that nobody here wrote, and with actors: over HTTP, by `exeat
exchange`, and as docs/token-exchange.md shows it against `exeat dev`."""

import json
import os
import re

import pytest
import requests

from driver import clients, guides, server as servers, tokens
from driver.assertions import AWS, AssertionProvider

AUDIENCE = "https://api.example.com"
TYPE = "urn:ietf:params:oauth:token-type:"
GRANT = "urn:ietf:params:oauth:grant-type:token-exchange"
SAML_PROVIDER = f"arn:aws:iam::{servers.ACCOUNT}:saml-provider/Corp"
ROLE = f"arn:aws:iam::{servers.ACCOUNT}:role/app"
ALLOW_TOKENS = {"Version": "2012-10-17", "Statement": {
    "Effect": "Allow", "Action": "sts:GetWebIdentityToken", "Resource": "*",
    "Condition": {"ForAllValues:StringEquals": {"sts:IdentityTokenAudience": AUDIENCE}}}}


@pytest.fixture(scope="module")
def corp():
    return AssertionProvider()


@pytest.fixture(scope="module")
def running(tmp_path_factory, provider, corp):
    flags = ["--identity-provider-network", "127.0.0.0/8", "--identity-provider-network", "::1/128",
             "--identity-provider-ca", provider.ca]
    with servers.serve_tls(tmp_path_factory.mktemp("exchange"), *flags) as server:
        iam = clients.boto(server, "iam")
        iam.enable_outbound_web_identity_federation()
        registered = iam.create_open_id_connect_provider(
            Url=provider.issuer, ClientIDList=["exchange"])["OpenIDConnectProviderArn"]
        iam.create_saml_provider(Name="Corp", SAMLMetadataDocument=corp.metadata())
        iam.create_role(RoleName="app", AssumeRolePolicyDocument=json.dumps({
            "Version": "2012-10-17", "Statement": [
                {"Effect": "Allow", "Principal": {"Federated": SAML_PROVIDER}, "Action": "sts:AssumeRoleWithSAML",
                 "Condition": {"StringEquals": {"saml:sub": ["ada", "eve"], "saml:iss": corp.entity_id}}},
                {"Effect": "Allow", "Principal": {"Federated": registered}, "Action": "sts:AssumeRoleWithWebIdentity",
                 "Condition": {"StringEquals": {f"{provider.name}:sub": "system:serviceaccount:ns:app"}}},
                {"Effect": "Allow", "Principal": {"Federated": registered}, "Action": "sts:ActForSubject",
                 "Condition": {"StringEquals": {f"{provider.name}:sub": "system:serviceaccount:ns:agent"},
                               "StringNotEquals": {"sts:DelegationSubject": "eve"}}}]}))
        iam.put_role_policy(RoleName="app", PolicyName="p", PolicyDocument=json.dumps(ALLOW_TOKENS))
        yield server


@pytest.fixture(scope="module")
def issuer(running):
    return clients.boto(running, "iam").get_outbound_web_identity_federation_info()["IssuerIdentifier"]


@pytest.fixture
def assertion(corp, issuer):
    def make(endpoint=issuer + "/token", audience=issuer, role=f"{ROLE},{SAML_PROVIDER}", **more):
        return corp.assertion(endpoint, audience, {"Role": role}, **more)

    return make


@pytest.fixture
def trade(running, issuer):
    def send(token, kind="saml2", **form):
        with requests.Session() as session:
            session.trust_env = False
            return session.post(issuer + "/token", verify=running.ca, timeout=60, data={
                "grant_type": GRANT, "subject_token": token, "subject_token_type": TYPE + kind, "audience": AUDIENCE,
                "role_arn": ROLE, **form})

    return send


def claims_of(running, issuer, answer):
    assert answer.status_code == 200, answer.text
    return tokens.verify_with_pyjwt(running, answer.json()["access_token"], AUDIENCE, issuer)


def actor(provider, account="agent", **claims):
    return {"actor_token": provider.kubernetes(account=account, audience="exchange", **claims),
            "actor_token_type": TYPE + "jwt"}


def last_record(running, claims):
    events = clients.boto(running, "cloudtrail").lookup_events(
        LookupAttributes=[{"AttributeKey": "EventName", "AttributeValue": "ExchangeOutboundToken"}])["Events"]
    return next(
        event for event in (json.loads(event["CloudTrailEvent"]) for event in events)
        if (event["responseElements"] or {}).get("webIdentityTokenId") == claims["jti"])


def test_an_assertion_of_a_foreign_provider_becomes_a_token(running, issuer, trade, assertion):
    claims = claims_of(running, issuer, trade(assertion()))
    assert claims["sub"] == ROLE and "act" not in claims
    assert claims["https://sts.amazonaws.com/"]["federated_provider"] == SAML_PROVIDER
    record = last_record(running, claims)
    assert record["userIdentity"]["type"] == "SAMLUser" and record["userIdentity"]["userName"] == "ada"
    discovery = tokens.get(running, issuer + "/.well-known/openid-configuration").json()
    assert discovery["token_endpoint"] == issuer + "/token"


def test_whoever_acts_is_in_the_token_and_on_record(running, issuer, trade, assertion, provider):
    claims = claims_of(running, issuer, trade(assertion(), **actor(provider)))
    agent = "system:serviceaccount:ns:agent"
    assert claims["act"] == {"iss": provider.issuer, "sub": agent}
    record = last_record(running, claims)
    assert record["userIdentity"]["userName"] == "ada"
    assert record["requestParameters"]["actor"]["userName"] == agent
    assert record["responseElements"]["actors"] == [{"iss": provider.issuer, "sub": agent}]
    prior = provider.kubernetes(audience="exchange", act={"sub": "gateway"})
    nested = claims_of(running, issuer, trade(prior, "jwt", **actor(provider)))
    assert nested["act"] == {"iss": provider.issuer, "sub": agent, "act": {"iss": provider.issuer, "sub": "gateway"}}
    assert claims_of(running, issuer, trade(prior, "jwt"))["act"] == {"iss": provider.issuer, "sub": "gateway"}


def test_refusals_have_the_standards_codes_and_give_nothing(trade, assertion, provider, corp, issuer):
    stranger = AssertionProvider()
    forged = stranger.assertion(issuer + "/token", issuer, {"Role": f"{ROLE},{SAML_PROVIDER}"})
    user = provider.kubernetes(audience="exchange")
    cases = [
        (trade(assertion(endpoint=issuer)), "invalid_request", "Recipient"),
        (trade(assertion(audience="https://sp.example")), "invalid_request", "audience"),
        (trade(assertion(lasts=-120)), "invalid_request", "expired"),
        (trade(assertion(signed=False)), "invalid_request", "No SAML provider"),
        (trade(assertion(role=f"{ROLE}x,{SAML_PROVIDER}")), "invalid_request", "not for the role"),
        (trade(assertion(role=f"{ROLE},{SAML_PROVIDER}2")), "invalid_request", "No SAML provider"),
        (trade(assertion(subject="bob")), "invalid_request", "Not authorized"),
        (trade(forged), "invalid_request", "No SAML provider"),
        (trade(assertion(), "saml1"), "unsupported_token_type", "SAML 2.0"),
        (trade(assertion(), audience="https://other.example.com"), "invalid_target", "GetWebIdentityToken"),
        (trade(assertion(), **actor(provider, account="stranger")), "invalid_request", "sts:ActForSubject"),
        (trade(assertion(subject="eve"), **actor(provider)), "invalid_request", "sts:ActForSubject"),
        (trade(assertion(), actor_token="x"), "invalid_request", "actor_token_type"),
        (trade(user, "jwt", **actor(provider, exp=1)), "invalid_request", "expired"),
        (trade(provider.kubernetes(audience="exchange", may_act={"sub": "other"}), "jwt", **actor(provider)),
         "invalid_request", "another actor"),
    ]
    for answer, code, words in cases:
        body = answer.json()
        assert (answer.status_code, body["error"]) == (400, code), (answer.text, words)
        assert words in body["error_description"] and "access_token" not in body


@pytest.mark.parametrize("old, new, words", [
    ("</saml:Conditions>", "<saml:OneTimeUse/></saml:Conditions>", "OneTimeUse"),
    ("</saml:Conditions>", '<saml:ProxyRestriction Count="0"/></saml:Conditions>', "ProxyRestriction"),
    ("Recipient=", 'InResponseTo="_1" Recipient=', "Recipient"), ("cm:bearer", "cm:holder-of-key", "Recipient"),
    ("<saml:NameID>ada</saml:NameID>", "<saml:EncryptedID/>", "EncryptedID"),
    (">ada<", "><", "NameID"), ('Version="2.0"', 'Version="1.1"', "not a SAML 2.0 assertion"),
    ("https://idp.example/saml<", "https://idp.example/other<", "issuer"),
    ("<saml:AudienceRestriction>", "<saml:AudienceRestriction><saml:Audience>x</saml:Audience>"
     "</saml:AudienceRestriction><saml:AudienceRestriction>", "audience"),
    ("<saml:AttributeStatement>", "<saml:AuthzDecisionStatement/><saml:AttributeStatement>", "AuthzDecisionStatement"),
    ("</saml:AttributeStatement>", f'<saml:Attribute Name="{AWS}RoleSessionName"><saml:AttributeValue>a b'
     "</saml:AttributeValue></saml:Attribute></saml:AttributeStatement>", "RoleSessionName"),
    ("</saml:AttributeStatement>", f'<saml:Attribute Name="{AWS}PrincipalTag:Team"><saml:AttributeValue>a'
     "</saml:AttributeValue></saml:Attribute></saml:AttributeStatement>", "sts:TagSession"),
    ("</saml:AttributeStatement>", f'<saml:Attribute Name="{AWS}PrincipalTag:Team"/></saml:AttributeStatement>',
     "Malformed attribute"),
    ("</saml:AttributeStatement>", f'<saml:Attribute Name="{AWS}Role"/></saml:AttributeStatement>', "AttributeStatement"),
    ("</saml:AttributeValue>", f"</saml:AttributeValue><saml:AttributeValue>{ROLE},{SAML_PROVIDER}2"
     "</saml:AttributeValue>", "two providers"),
    ("<saml:AttributeStatement>", '<saml:AuthnStatement SessionNotOnOrAfter="2020-01-01T00:00:00Z"/>'
     "<saml:AttributeStatement>", "expired"),
])
def test_an_assertion_that_says_something_else_is_refused(trade, assertion, old, new, words):
    answer = trade(assertion(edit=(old, new)))
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request"), answer.text
    assert words in answer.json()["error_description"], answer.text


@pytest.mark.parametrize("subject, acting, words", [
    ({"act": {"sub": "a"}}, {"act": {"sub": "b"}}, "names an actor itself"),
    ({"act": {"sub": "1", "act": {"sub": "2", "act": {"sub": "3", "act": {"sub": "4"}}}}}, {}, "More than 4 actors"),
    ({"act": "a"}, {}, "Malformed claim: act"), ({"act": {}}, {}, "Malformed claim: act"),
    ({}, {"act": {"sub": 1}}, "names an actor itself"), ({}, {"account": "app"}, "The actor is the subject"),
    ({"may_act": []}, {}, "Malformed claim: may_act"),
    ({"may_act": {}}, {}, "Malformed claim: may_act"), ({"may_act": {"sub": ["a"]}}, {}, "Malformed claim: may_act"),
    ({"may_act": {"sub": "system:serviceaccount:ns:agent", "iss": "https://x.test"}}, {}, "another actor"),
    ({"may_act": {"team": "blue"}}, {"team": "red"}, "another actor"),
    ({}, {"https://aws.amazon.com/roles": [ROLE + "x"]}, "not for the role"), ({}, {"azp": "other"}, "audience"),
])
def test_a_delegation_that_nobody_may_have_is_refused(trade, provider, subject, acting, words):
    answer = trade(provider.kubernetes(audience="exchange", **subject), "jwt", **actor(provider, **acting))
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request"), answer.text
    assert words in answer.json()["error_description"], answer.text


def test_may_act_names_its_actor_and_no_delegated_token_becomes_a_session(running, issuer, trade, provider):
    agent = "system:serviceaccount:ns:agent"
    named = provider.kubernetes(audience="exchange", may_act={"sub": agent, "team": "blue"})
    claims = claims_of(running, issuer, trade(named, "jwt", **actor(provider, team="blue")))
    assert claims["act"] == {"iss": provider.issuer, "sub": agent}
    iam = clients.boto(running, "iam")
    own = iam.create_open_id_connect_provider(Url=issuer, ClientIDList=[AUDIENCE])["OpenIDConnectProviderArn"]
    second = iam.create_role(RoleName="second", AssumeRolePolicyDocument=json.dumps({
        "Version": "2012-10-17", "Statement": {
            "Effect": "Allow", "Principal": {"Federated": own}, "Action": "sts:AssumeRoleWithWebIdentity"}}))["Role"]["Arn"]
    iam.put_role_policy(RoleName="second", PolicyName="p", PolicyDocument=json.dumps(ALLOW_TOKENS))
    delegated = trade(named, "jwt", **actor(provider, team="blue")).json()["access_token"]
    again = claims_of(running, issuer, trade(delegated, "jwt", role_arn=second))
    assert again["sub"] == second and again["act"] == claims["act"]
    sts = clients.boto(running, "sts")
    with pytest.raises(sts.exceptions.InvalidIdentityTokenException, match="names an actor"):
        sts.assume_role_with_web_identity(RoleArn=second, RoleSessionName="s1", WebIdentityToken=delegated)
    plain = trade(provider.kubernetes(audience="exchange"), "jwt").json()["access_token"]
    assert sts.assume_role_with_web_identity(RoleArn=second, RoleSessionName="s1", WebIdentityToken=plain)["Credentials"]


def test_policies_of_the_role_demand_and_forbid_delegation(running, trade, provider):
    iam = clients.boto(running, "iam")

    def deny(condition):
        iam.put_role_policy(RoleName="app", PolicyName="deny", PolicyDocument=json.dumps({
            "Version": "2012-10-17", "Statement": {
                "Effect": "Deny", "Action": "sts:GetWebIdentityToken", "Resource": "*", "Condition": condition}}))

    user, agent = provider.kubernetes(audience="exchange"), actor(provider)
    spoken = provider.kubernetes(audience="exchange", act={"sub": "system:serviceaccount:ns:agent"})
    try:
        deny({"Null": {"sts:DelegationActor": "false"}})
        assert trade(user, "jwt").status_code == 200
        for refused in [trade(user, "jwt", **agent), trade(spoken, "jwt")]:
            assert (refused.status_code, refused.json()["error"]) == (400, "invalid_target"), refused.text
        deny({"Null": {"sts:DelegationActorProvider": "true"}})
        assert trade(user, "jwt", **agent).status_code == 200
        for refused in [trade(user, "jwt"), trade(spoken, "jwt")]:
            assert (refused.status_code, refused.json()["error"]) == (400, "invalid_target"), refused.text
        deny({"NumericGreaterThan": {"sts:DelegationDepth": "1"}})
        assert trade(user, "jwt", **agent).status_code == 200
        assert trade(spoken, "jwt", **agent).json()["error"] == "invalid_target"
    finally:
        iam.delete_role_policy(RoleName="app", PolicyName="deny")


def test_exeat_exchange_sends_actor_and_assertion(running, issuer, assertion, provider, tmp_path):
    (tmp_path / "user").write_text(assertion() + "\n")
    (tmp_path / "agent").write_text(actor(provider)["actor_token"] + "\n")

    def exchange(*arguments):
        return servers.exeat(
            "exchange", "oauth", "--token-url", issuer + "/token", "--target-ca-file", running.ca, "--client-id", ROLE,
            "--audience", AUDIENCE, "--token-file", "user", *arguments, cwd=tmp_path)

    done = exchange("--actor-token", "agent")
    assert done.returncode == 0, done.stderr
    claims = tokens.verify_with_pyjwt(running, done.stdout.strip(), AUDIENCE, issuer)
    assert claims["act"]["sub"] == "system:serviceaccount:ns:agent"
    for words, arguments in [
        ("--actor-token: `none` cannot be read", ["--actor-token", "none"]),
        ("neither a JWT nor SAML", ["--actor-token", str(running.ca)]),
        ("refused with unsupported_token_type", ["--actor-token", "agent", "--actor-token-type", "urn:x"]),
    ]:
        done = exchange(*arguments)
        assert done.returncode == 1 and done.stdout == "" and words in done.stderr, done.stderr
    assert exchange("--actor-token-type", TYPE + "jwt").returncode == 2
    (tmp_path / "user").write_text("PHNhbWxwOlJlc3BvbnNlLz4=")
    done = exchange()
    assert done.returncode == 1 and "takes a SAML assertion" in done.stderr
    done = servers.exeat("exchange", "vault", "--address", "https://v.example", "--actor-token", "agent", cwd=tmp_path)
    assert done.returncode == 2 and "means nothing to this target" in done.stderr


def test_the_examples_of_the_documentation_work_against_exeat_dev(tmp_path):
    page = (guides.ROOT / "docs" / "token-exchange.md").read_text()
    with servers.dev(tmp_path / "dev", "--quiet") as dev:
        (tmp_path / "bin").mkdir()
        (tmp_path / "bin" / "exeat").symlink_to(servers.binary())
        environment = {**clients.environment_for(dev, tmp_path),
                       "PATH": f"{tmp_path}/bin:{clients.VENV}:{os.environ['PATH']}"}
        issuer = clients.boto(dev, "iam").get_outbound_web_identity_federation_info()["IssuerIdentifier"]
        parts = re.split(r"^## ", page, flags=re.MULTILINE)
        saml, delegation = (next(part for part in parts if part.startswith(name))
                            for name in ["SAML assertions\n", "On behalf of somebody\n"])
        said = guides.run(saml, {}, tmp_path, environment)
        answer = json.loads(said[said.rindex('{"access_token"'):])
        claims = tokens.verify_with_pyjwt(dev, answer["access_token"], AUDIENCE, issuer)
        assert claims["sub"] == "arn:aws:iam::000000000000:role/app" and "act" not in claims
        said = guides.run(delegation, {}, tmp_path, environment)
        claims = tokens.verify_with_pyjwt(dev, said.split()[-1], AUDIENCE, issuer)
        assert claims["act"] == {"iss": issuer, "sub": "arn:aws:iam::000000000000:user/agent"}


def test_policies_of_an_organization_forbid_delegation_in_its_accounts(running, provider):
    organizations, iam = clients.boto(running, "organizations"), clients.boto(running, "iam")
    organizations.create_organization(FeatureSet="ALL")
    root = organizations.list_roots()["Roots"][0]["Id"]
    account = organizations.create_account(Email="m@example.com", AccountName="Member")["CreateAccountStatus"]["AccountId"]
    iam.create_user(UserName="admin")
    iam.attach_user_policy(UserName="admin", PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")
    key = iam.create_access_key(UserName="admin")["AccessKey"]
    given = clients.boto(running, "sts", servers.Credentials(key["AccessKeyId"], key["SecretAccessKey"])).assume_role(
        RoleArn=f"arn:aws:iam::{account}:role/OrganizationAccountAccessRole", RoleSessionName="setup")["Credentials"]
    member = clients.boto(running, "iam", servers.Credentials(
        given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"]))
    issuer = member.enable_outbound_web_identity_federation()["IssuerIdentifier"]
    registered = member.create_open_id_connect_provider(
        Url=provider.issuer, ClientIDList=["exchange"])["OpenIDConnectProviderArn"]
    role = member.create_role(RoleName="app", AssumeRolePolicyDocument=json.dumps({
        "Version": "2012-10-17", "Statement": {
            "Effect": "Allow", "Principal": {"Federated": registered},
            "Action": ["sts:AssumeRoleWithWebIdentity", "sts:ActForSubject"]}}))["Role"]["Arn"]
    member.put_role_policy(RoleName="app", PolicyName="p", PolicyDocument=json.dumps(ALLOW_TOKENS))

    def error(**more):
        with requests.Session() as session:
            session.trust_env = False
            answer = session.post(issuer + "/token", verify=running.ca, timeout=60, data={
                "grant_type": GRANT, "subject_token": provider.kubernetes(audience="exchange"),
                "subject_token_type": TYPE + "jwt", "audience": AUDIENCE, "role_arn": role, **more})
        return answer.json().get("error", "none")

    assert (error(), error(**actor(provider))) == ("none", "none")
    for kind, statement, code in [
        ("SERVICE_CONTROL_POLICY", {"Action": "sts:GetWebIdentityToken",
                                    "Condition": {"Null": {"sts:DelegationActor": "false"}}}, "invalid_target"),
        ("RESOURCE_CONTROL_POLICY", {"Action": "sts:ActForSubject", "Principal": "*"}, "invalid_request"),
    ]:
        organizations.enable_policy_type(RootId=root, PolicyType=kind)
        policy = organizations.create_policy(
            Name=kind, Description="", Type=kind, Content=json.dumps({
                "Version": "2012-10-17", "Statement": {"Effect": "Deny", "Resource": "*", **statement}}),
        )["Policy"]["PolicySummary"]["Id"]
        organizations.attach_policy(PolicyId=policy, TargetId=account)
        assert (error(), error(**actor(provider))) == ("none", code)
        organizations.detach_policy(PolicyId=policy, TargetId=account)
    assert error(**actor(provider)) == "none"
