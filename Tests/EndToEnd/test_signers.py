# SPDX-License-Identifier: Apache-2.0
"""Live signers that nobody here wrote, besides botocore: curl, the AWS Common Runtime (SigV4 and SigV4A), Ruby."""

import io
import json
import pathlib
import shutil
import subprocess
import urllib.parse

import awscrt.auth
import awscrt.http
import pytest

from driver import tokens, wire
from driver.server import clean_environment
from driver.users import ALLOW_TAGS, ALLOW_TOKENS

FORM = [("Action", "GetWebIdentityToken"), ("Version", "2011-06-15"), ("Audience.member.1", "https://a.example/ ~*+%"),
        ("SigningAlgorithm", "ES384"), ("Tags.member.1.Key", "k"), ("Tags.member.1.Value", "\u00fc \u6771")]
BODY = urllib.parse.urlencode(FORM)
# A literal plus sign in a query is one thing to SigV4 and another to a form: only %20 is unambiguous there.
QUERY = urllib.parse.urlencode(FORM, quote_via=urllib.parse.quote)


def assert_token(server, token, sub):
    claims = tokens.claims_of(token)
    assert (claims["aud"], claims["sub"]) == ("https://a.example/ ~*+%", sub)
    assert claims[tokens.NAMESPACE]["request_tags"] == {"k": "\u00fc \u6771"}


def curl(server, *arguments):
    trust = ["--cacert", server.ca] if server.ca else []
    return subprocess.run(["curl", "--silent", "--show-error", "--max-time", "100", *trust, *arguments],
                          capture_output=True, text=True, timeout=120, env=clean_environment())


@pytest.fixture
def user(make_user):
    return make_user(ALLOW_TOKENS, ALLOW_TAGS)


@pytest.mark.parametrize("version", ["--http1.1", "--http2"])
def test_curl(server, user, version):
    keys = user.credentials
    done = curl(server, version, "--aws-sigv4", "aws:amz:us-east-1:sts", "--user",
                f"{keys.access_key_id}:{keys.secret_access_key}", "--data", BODY, server.url + "/")
    assert done.returncode == 0, done.stderr
    assert_token(server, wire.Answer(200, {}, done.stdout.encode()).text("WebIdentityToken"), user.arn)


def test_curl_with_a_wrong_secret(server, user):
    done = curl(server, "--aws-sigv4", "aws:amz:us-east-1:sts", "--user", f"{user.credentials.access_key_id}:wrong",
                "--data", BODY, server.url + "/")
    assert wire.Answer(403, {}, done.stdout.encode()).code == "SignatureDoesNotMatch"


def crt_signed(server, credentials, algorithm, *, region="us-east-1", where="header", body=BODY):
    """A request signed by the AWS Common Runtime, as URL and headers."""
    kinds, places = awscrt.auth.AwsSigningAlgorithm, awscrt.auth.AwsSignatureType
    request = awscrt.http.HttpRequest(
        "POST", "/", awscrt.http.HttpHeaders([("Host", server.host), ("Content-Type", wire.FORM),
                                              ("Content-Length", str(len(body)))]))
    request.body_stream = io.BytesIO(body.encode())
    config = awscrt.auth.AwsSigningConfig(
        algorithm=getattr(kinds, algorithm),
        signature_type=places.HTTP_REQUEST_HEADERS if where == "header" else places.HTTP_REQUEST_QUERY_PARAMS,
        credentials_provider=awscrt.auth.AwsCredentialsProvider.new_static(
            credentials.access_key_id, credentials.secret_access_key),
        region=region, service="sts", expiration_in_seconds=60 if where == "query" else None)
    signed = awscrt.auth.aws_sign_request(request, config).result(20)
    return server.url + signed.path, dict(signed.headers)


def deliver(server, url, headers, body=BODY):
    return wire.send(server, "POST", url, headers, body.encode())


@pytest.mark.parametrize("where", ["header", "query"])
@pytest.mark.parametrize("algorithm, region", [
    ("V4", "us-east-1"), ("V4_ASYMMETRIC", "us-east-1"), ("V4_ASYMMETRIC", "*"),
    ("V4_ASYMMETRIC", "us-east-1,eu-central-1")])
def test_the_aws_common_runtime(server, user, algorithm, region, where):
    url, headers = crt_signed(server, user.credentials, algorithm, region=region, where=where)
    used = headers.get("Authorization", "") + url
    assert ("ECDSA-P256" in used) is (algorithm == "V4_ASYMMETRIC")
    answer = deliver(server, url, headers)
    assert answer.status == 200, answer.body
    assert_token(server, answer.text("WebIdentityToken"), user.arn)


@pytest.mark.parametrize("algorithm", ["V4", "V4_ASYMMETRIC"])
def test_the_aws_common_runtime_with_a_wrong_secret_or_body(server, user, algorithm):
    wrong = type(user.credentials)(user.credentials.access_key_id, "wrong")
    wire.assert_error(deliver(server, *crt_signed(server, wrong, algorithm)), 403, "SignatureDoesNotMatch")
    signed = crt_signed(server, user.credentials, algorithm)
    changed = BODY.replace("ES384", "RS256")
    wire.assert_error(deliver(server, *signed, changed), 403, "SignatureDoesNotMatch")


def test_ruby(server, user):
    if not shutil.which("ruby"):
        pytest.skip("no ruby here: Scripts/install-system-packages.sh test")
    script = pathlib.Path(__file__).parent / "signers" / "sigv4.rb"
    keys = user.credentials
    done = subprocess.run(
        ["ruby", str(script), server.url + "/", "sts", "us-east-1", keys.access_key_id, keys.secret_access_key],
        input=BODY, capture_output=True, text=True, timeout=120, env=clean_environment())
    assert done.returncode == 0, done.stderr
    answer = deliver(server, server.url + "/", json.loads(done.stdout))
    assert answer.status == 200, answer.body
    assert_token(server, answer.text("WebIdentityToken"), user.arn)


def test_botocore_in_header_and_query(server, user):
    answer = wire.call_body(server, BODY.encode(), credentials=user.credentials)
    assert answer.status == 200, answer.body
    assert_token(server, answer.text("WebIdentityToken"), user.arn)
    answer = wire.call_body(server, b"", query=QUERY, credentials=user.credentials, content_type=None)
    assert answer.status == 200, answer.body
    assert_token(server, answer.text("WebIdentityToken"), user.arn)
