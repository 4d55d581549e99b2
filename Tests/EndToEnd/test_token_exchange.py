# SPDX-License-Identifier: Apache-2.0
"""The token endpoint of an issuer: google-auth's external account credentials use it unchanged, from a file, a URL and a
program; requests-level answers as RFC 8693 has them."""

import http.server
import json
import threading

import google.auth.exceptions
import google.auth.identity_pool
import google.auth.pluggable
import google.auth.transport.requests
import pytest
import requests

from driver import clients, server as servers, tokens

AUDIENCE = "https://api.example.com"
JWT = "urn:ietf:params:oauth:token-type:jwt"
GRANT = "urn:ietf:params:oauth:grant-type:token-exchange"
ALLOW_TOKENS = {"Version": "2012-10-17", "Statement": {
    "Effect": "Allow", "Action": "sts:GetWebIdentityToken", "Resource": "*",
    "Condition": {"ForAllValues:StringEquals": {"sts:IdentityTokenAudience": AUDIENCE}}}}


@pytest.fixture(scope="module")
def running(tmp_path_factory, provider):
    flags = ["--identity-provider-network", "127.0.0.0/8", "--identity-provider-network", "::1/128",
             "--identity-provider-ca", provider.ca]
    with servers.serve_tls(tmp_path_factory.mktemp("exchange"), *flags) as server:
        clients.boto(server, "iam").enable_outbound_web_identity_federation()
        yield server


@pytest.fixture(scope="module")
def role(running, provider):
    iam = clients.boto(running, "iam")
    registered = iam.create_open_id_connect_provider(
        Url=provider.issuer, ClientIDList=["exchange"])["OpenIDConnectProviderArn"]
    arn = iam.create_role(RoleName="app", AssumeRolePolicyDocument=json.dumps({
        "Version": "2012-10-17", "Statement": {
            "Effect": "Allow", "Principal": {"Federated": registered}, "Action": "sts:AssumeRoleWithWebIdentity",
            "Condition": {"StringEquals": {f"{provider.name}:sub": "system:serviceaccount:ns:app"}}}}))["Role"]["Arn"]
    iam.put_role_policy(RoleName="app", PolicyName="p", PolicyDocument=json.dumps(ALLOW_TOKENS))
    return arn


@pytest.fixture(scope="module")
def endpoint(running, role):
    """Where the discovery document says that tokens are exchanged."""
    issuer = clients.boto(running, "iam").get_outbound_web_identity_federation_info()["IssuerIdentifier"]
    discovery = tokens.get(running, issuer + "/.well-known/openid-configuration").json()
    assert discovery["grant_types_supported"] == [GRANT]
    return discovery["token_endpoint"]


def checked(running, endpoint, token):
    """The claims, as PyJWT verifies them from the issuer's URL alone."""
    return tokens.verify_with_pyjwt(running, token, AUDIENCE, endpoint.removesuffix("/token"))


@pytest.fixture
def exchanged(running, endpoint, role, monkeypatch, tmp_path):
    """Gets a token with google-auth from a configuration file, as `GOOGLE_APPLICATION_CREDENTIALS` names one."""
    monkeypatch.setenv("GOOGLE_EXTERNAL_ACCOUNT_ALLOW_EXECUTABLES", "1")

    def get(source, audience=AUDIENCE, url=f"{endpoint}?role_arn={role}", **more):
        path = tmp_path / "external-account.json"
        path.write_text(json.dumps({
            "type": "external_account", "audience": audience, "subject_token_type": JWT, "token_url": url,
            "credential_source": source, **more}))
        module = google.auth.pluggable if "executable" in source else google.auth.identity_pool
        credentials = module.Credentials.from_file(str(path), scopes=["https://example.com/any"])
        with requests.Session() as session:
            session.trust_env, session.verify = False, running.ca
            credentials.refresh(google.auth.transport.requests.Request(session))
        return credentials

    return get


@pytest.fixture
def subject_file(provider, tmp_path):
    path = tmp_path / "subject.jwt"
    path.write_text(provider.kubernetes(audience="exchange"))
    return path


def test_google_auth_takes_the_subject_token_from_a_file(running, endpoint, role, exchanged, subject_file, provider):
    credentials = exchanged({"file": str(subject_file)})
    claims = checked(running, endpoint, credentials.token)
    assert claims["sub"] == role
    assert claims["https://sts.amazonaws.com/"]["federated_provider"].endswith(provider.name)
    assert not credentials.expired and credentials.valid
    subject_file.write_text(json.dumps({"token": provider.kubernetes(audience="exchange")}))
    structured = exchanged({"file": str(subject_file), "format": {"type": "json", "subject_token_field_name": "token"}})
    assert checked(running, endpoint, structured.token)["jti"] != claims["jti"]


def test_google_auth_names_the_role_as_its_client(running, endpoint, role, exchanged, subject_file):
    credentials = exchanged({"file": str(subject_file)}, url=endpoint, client_id=role, client_secret="")
    assert checked(running, endpoint, credentials.token)["sub"] == role


def test_google_auth_takes_the_subject_token_from_a_url(running, endpoint, exchanged, provider):
    class Metadata(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            body = provider.kubernetes(audience="exchange").encode() if self.headers["X-Test"] == "yes" else b""
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Metadata) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        source = {"url": f"http://127.0.0.1:{server.server_port}/token", "headers": {"X-Test": "yes"}}
        assert checked(running, endpoint, exchanged(source).token)["aud"] == AUDIENCE
        server.shutdown()


def test_google_auth_takes_the_subject_token_from_a_program(running, endpoint, exchanged, subject_file, tmp_path):
    program = tmp_path / "program.sh"
    program.write_text(
        "#!/bin/sh\n"
        'printf \'{"version":1,"success":true,"token_type":"%s","id_token":"%s","expiration_time":%s}\' '
        f'"{JWT}" "$(cat {subject_file})" "$(($(date +%s)+3600))"\n')
    program.chmod(0o755)
    credentials = exchanged({"executable": {"command": str(program), "timeout_millis": 20000}})
    assert checked(running, endpoint, credentials.token)["aud"] == AUDIENCE


def test_google_auth_shows_why_it_was_refused(exchanged, provider, subject_file):
    with pytest.raises(google.auth.exceptions.OAuthError) as refused:
        exchanged({"file": str(subject_file)}, audience="https://other.example.com")
    assert "invalid_target" in str(refused.value)
    subject_file.write_text(provider.kubernetes(account="stranger", audience="exchange"))
    with pytest.raises(google.auth.exceptions.OAuthError) as refused:
        exchanged({"file": str(subject_file)})
    assert "invalid_request" in str(refused.value) and "Not authorized" in str(refused.value)


def post(running, url, **form):
    with requests.Session() as session:
        session.trust_env = False
        return session.post(url, data=form, verify=running.ca, timeout=60)


def test_the_answer_is_that_of_the_standard_and_on_record(running, endpoint, role, provider):
    answer = post(
        running, endpoint, grant_type=GRANT, subject_token=provider.kubernetes(audience="exchange"),
        subject_token_type=JWT, audience=AUDIENCE, role_arn=role, signing_algorithm="ES384", duration_seconds="300")
    assert answer.status_code == 200 and answer.headers["Content-Type"] == "application/json"
    assert answer.headers["Cache-Control"] == "no-store"
    body = answer.json()
    assert {name: body[name] for name in body if name != "access_token"} == {
        "issued_token_type": JWT, "token_type": "Bearer", "expires_in": 300}
    claims = checked(running, endpoint, body["access_token"])
    assert claims["exp"] - claims["iat"] == 300 and tokens.header_of(body["access_token"])["alg"] == "ES384"
    events = clients.boto(running, "cloudtrail").lookup_events(
        LookupAttributes=[{"AttributeKey": "EventName", "AttributeValue": "ExchangeOutboundToken"}])["Events"]
    record = next(
        event for event in (json.loads(event["CloudTrailEvent"]) for event in events)
        if (event["responseElements"] or {}).get("webIdentityTokenId") == claims["jti"])
    assert record["userIdentity"]["type"] == "WebIdentityUser"
    assert record["userIdentity"]["userName"] == "system:serviceaccount:ns:app"
    assert record["requestParameters"]["roleArn"] == role
    assert body["access_token"] not in json.dumps(record)


@pytest.mark.parametrize("change, error", [
    ({"grant_type": "authorization_code"}, "unsupported_grant_type"),
    ({"subject_token_type": "urn:ietf:params:oauth:token-type:saml1"}, "unsupported_token_type"),
    ({"subject_token_type": "urn:ietf:params:oauth:token-type:saml2"}, "invalid_request"),
    ({"actor_token": "x", "actor_token_type": JWT}, "invalid_request"),
    ({"subject_token": "x.y.z"}, "invalid_request"),
    ({"role_arn": "arn:aws:iam::123456789012:role/none"}, "invalid_request"),
    ({"audience": "https://other.example.com"}, "invalid_target"),
])
def test_refusals_are_those_of_the_standard(running, endpoint, role, provider, change, error):
    form = {
        "grant_type": GRANT, "subject_token": provider.kubernetes(audience="exchange"), "subject_token_type": JWT,
        "audience": AUDIENCE, "role_arn": role, **change}
    answer = post(running, endpoint, **form)
    assert answer.status_code == 400 and answer.json()["error"] == error, answer.text
    assert answer.json()["error_description"] and "access_token" not in answer.json()
