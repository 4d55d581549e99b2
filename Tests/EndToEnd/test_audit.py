# SPDX-License-Identifier: Apache-2.0
"""One record a call, allowed or refused, in CloudTrail's words; nothing secret in it. Contract §5.1, §5.2."""

import contextlib
import json
import re
import subprocess
import threading
import time

import pytest

from driver import audit, server as servers, tokens, wire
from driver.users import ALLOW_TAGS, ALLOW_TOKENS, User


@pytest.fixture(scope="module")
def audited(tmp_path_factory):
    """A server whose log only these tests fill, with the feature on."""
    with servers.serve_plain(tmp_path_factory.mktemp("audited")) as running:
        assert wire.call(running, "EnableOutboundWebIdentityFederation", "iam").status == 200
        yield running


def test_a_token_is_recorded_as_cloudtrail_does(audited):
    user = User(audited, "recorded", [ALLOW_TOKENS, ALLOW_TAGS])
    answer = wire.call(audited, "GetWebIdentityToken", credentials=user.credentials, Audience=["a", "b"],
                       SigningAlgorithm="ES384", DurationSeconds=60, Tags={"k": "v"}, region="eu-central-1")
    assert answer.status == 200, answer.body
    claims = tokens.claims_of(answer.text("WebIdentityToken"))
    record = audit.the_record(audited, answer)
    assert record["userIdentity"] == {
        "type": "IAMUser", "principalId": user.description["UserId"], "arn": user.arn, "accountId": audited.account,
        "accessKeyId": user.credentials.access_key_id, "userName": user.name}
    assert record["requestParameters"] == {
        "audience": ["a", "b"], "durationSeconds": 60, "signingAlgorithm": "ES384",
        "tags": [{"key": "k", "value": "v"}]}
    assert set(record["responseElements"]) == {"webIdentityTokenId", "expiration"}
    assert record["responseElements"]["webIdentityTokenId"] == claims["jti"]
    expected = {"eventVersion": "1.11", "eventSource": "sts.amazonaws.com", "eventName": "GetWebIdentityToken",
                "awsRegion": "eu-central-1", "sourceIPAddress": "127.0.0.1", "readOnly": False,
                "eventType": "AwsApiCall", "managementEvent": True, "eventCategory": "Management",
                "recipientAccountId": audited.account, "requestID": answer.request_id}
    assert {name: record[name] for name in expected} == expected
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", record["eventTime"])
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", record["eventID"])
    assert "errorCode" not in record
    assert not [r for r in audit.records(audited) if r["eventName"] == "TagGetWebIdentityToken"]


def test_root_and_iam_calls_are_recorded(audited):
    answer = wire.call(audited, "CreateUser", "iam", UserName="noted", Path="/p/")
    record = audit.the_record(audited, answer)
    assert (record["eventSource"], record["eventName"], record["readOnly"]) == (
        "iam.amazonaws.com", "CreateUser", False)
    assert record["userIdentity"]["type"] == "Root"
    assert record["userIdentity"]["arn"] == f"arn:aws:iam::{audited.account}:root"
    assert record["requestParameters"]["userName"] == "noted"
    reading = wire.call(audited, "GetUser", "iam", UserName="noted")
    assert audit.the_record(audited, reading)["readOnly"] is True


def refusals(running):
    nobody = User(running, "nobody", [])
    wrong = servers.Credentials(running.root.access_key_id, "wrong")
    unknown = servers.Credentials("AKIAUNKNOWNUNKNOWN00", "x")
    good = {"Audience": ["a"], "SigningAlgorithm": "ES384"}
    return {
        "AccessDenied": wire.call(running, "GetWebIdentityToken", credentials=nobody.credentials, **good),
        "ValidationError": wire.call(running, "GetWebIdentityToken", Audience=["a"]),
        "SignatureDoesNotMatch": wire.call(running, "GetWebIdentityToken", credentials=wrong, **good),
        "InvalidClientTokenId": wire.call(running, "GetWebIdentityToken", credentials=unknown, **good),
        "FeatureEnabled": wire.call(running, "EnableOutboundWebIdentityFederation", "iam"),
        "NoSuchEntity": wire.call(running, "GetUser", "iam", UserName="nobody-else"),
    }


def test_every_refusal_is_recorded_once_with_what_the_client_was_told(audited):
    for code, answer in refusals(audited).items():
        assert answer.code == code, answer.body
        record = audit.the_record(audited, answer)
        assert (record["errorCode"], record["errorMessage"]) == (code, answer.message)
        assert record["responseElements"] is None
        if code in ("SignatureDoesNotMatch", "InvalidClientTokenId"):
            # Nobody was authenticated: the record blames no account.
            assert record["userIdentity"].get("arn") is None
            assert record["requestParameters"] is None


def test_a_caller_cannot_forge_a_line_of_the_log(audited):
    hostile = 'x"}\n{"eventName":"Forged","requestID":"forged"}\r\n\u2028\x1b[31m'
    answer = wire.call(audited, "GetWebIdentityToken", Audience=[hostile], SigningAlgorithm="ES384")
    record = audit.the_record(audited, answer)
    if answer.status == 200:
        assert record["requestParameters"]["audience"] == [hostile]
    assert not audit.with_request_id(audited, "forged")


def test_request_ids_and_event_ids_are_unique(audited):
    records = audit.records(audited)
    assert len(records) > 10
    assert len({record["eventID"] for record in records}) == len(records)
    assert len({record["requestID"] for record in records}) == len(records)


def test_many_calls_at_once_leave_one_record_each(audited):
    answers, lock = [], threading.Lock()

    def ask():
        for _ in range(10):
            answer = wire.call(audited, "GetWebIdentityToken", Audience=["a"], SigningAlgorithm="ES384")
            with lock:
                answers.append(answer)

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    by_request = {}
    for record in audit.records(audited):
        by_request.setdefault(record["requestID"], []).append(record)
    assert len(answers) == 80
    for answer in answers:
        found = by_request[answer.request_id]
        jti = tokens.claims_of(answer.text("WebIdentityToken"))["jti"]
        assert [record["responseElements"]["webIdentityTokenId"] for record in found] == [jti]


def test_public_documents_are_not_calls(audited):
    issuer = wire.call(audited, "GetOutboundWebIdentityFederationInfo", "iam").text("IssuerIdentifier")
    key_set = f"{audited.url}{issuer.removeprefix(servers.PUBLIC_URL)}/.well-known/jwks.json"
    # Whoever asks first may have a key made, which is on record.
    assert tokens.get(audited, key_set).status_code == 200
    before = len(audit.records(audited))
    assert tokens.get(audited, key_set).status_code == 200
    assert len(audit.records(audited)) == before


def test_the_log_can_be_followed(audited):
    command = [servers.binary(), "audit", "tail", "--data-dir", str(audited.data_dir), "--json", "--follow"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=servers.clean_environment()) as follower:
        seen = []

        def read():
            for line in follower.stdout:
                # The last one may be cut off when it is told to end.
                if line.endswith("\n"):
                    seen.append(json.loads(line)["requestID"])

        reader = threading.Thread(target=read, daemon=True)
        reader.start()
        # The first call may be older than what --follow begins with; one of these is not.
        made, deadline = [], time.monotonic() + 60
        while not set(made) & set(seen):
            assert time.monotonic() < deadline, "none of the calls was shown within 60 s"
            made.append(wire.call(audited, "GetCallerIdentity").request_id)
            time.sleep(0.25)
        follower.terminate()
        reader.join(30)


def files_of(data_dir):
    """Path and content of every file that must hold no secret; one that is gone again when it is to be read is left out."""
    found = []
    for path in data_dir.rglob("*"):
        if path.name not in ("credentials", "key-encryption-key") and path.parent.name != "tls":
            with contextlib.suppress(FileNotFoundError, IsADirectoryError):
                found.append((path, path.read_bytes()))
    return found


def test_no_secret_reaches_log_audit_or_database(tmp_path, enable):
    with servers.serve_plain(tmp_path) as running:
        enable(running)
        user = User(running, "secretive", [ALLOW_TOKENS])
        token = wire.token(running, credentials=user.credentials, SigningAlgorithm="RS256")
        request = wire.sign(running, "sts", b"Action=GetCallerIdentity&Version=2011-06-15")
        wire.send(running, "POST", request.url, dict(request.headers), b"Action=GetCallerIdentity&Version=2011-06-15")
        refusals(running)
        records = json.dumps(audit.records(running))
        # While it works, and what is left when it has ended.
        files = files_of(running.data_dir)
        running.stop()
    files += files_of(running.data_dir)
    places = [("server output", running.output.encode()), ("audit", records.encode()), *files]
    secrets = {
        "the token": token, "the signature of the token": token.rsplit(".", 1)[1],
        "the user's secret": user.credentials.secret_access_key, "root's secret": running.root.secret_access_key,
        "a request signature": request.headers["Authorization"].rsplit("=", 1)[1],
    }
    # The control: a search that can find nothing proves nothing.
    assert any(user.credentials.access_key_id.encode() in data for _, data in files)
    assert user.credentials.access_key_id in records
    for what, secret in secrets.items():
        for place, data in places:
            assert secret.encode() not in data, f"{what} stands in {place}"
    for place, data in places:
        assert b"PRIVATE KEY" not in data, f"a private key stands in {place}"
