# SPDX-License-Identifier: Apache-2.0
"""What a signature must be: contract §9.2, live. Signed by botocore, then bent by hand."""

import datetime
import re

import botocore.auth
import pytest

from driver import wire
from driver.server import Credentials

BODY = b"Action=GetCallerIdentity&Version=2011-06-15"
MISMATCH = ("The request signature we calculated does not match the signature you provided. Check your AWS Secret Access "
            "Key and signing method. Consult the service documentation for details.")
INVALID = "The security token included in the request is invalid."


def deliver(server, request, body=BODY):
    return wire.send(server, request.method, request.url, dict(request.headers), body)


def test_the_control_is_accepted(server):
    assert deliver(server, wire.sign(server, "sts", BODY)).status == 200


def test_a_wrong_secret_and_an_unknown_key(server):
    wrong = Credentials(server.root.access_key_id, "wrong")
    wire.assert_error(deliver(server, wire.sign(server, "sts", BODY, credentials=wrong)), 403,
                      "SignatureDoesNotMatch", MISMATCH)
    unknown = Credentials("AKIAUNKNOWNUNKNOWN00", server.root.secret_access_key)
    wire.assert_error(deliver(server, wire.sign(server, "sts", BODY, credentials=unknown)), 403,
                      "InvalidClientTokenId", INVALID)


def test_a_changed_body_header_or_query(server):
    request = wire.sign(server, "sts", BODY)
    wire.assert_error(deliver(server, request, BODY.replace(b"Caller", b"caller")), 403, "SignatureDoesNotMatch",
                      MISMATCH)
    headers = {**dict(request.headers), "Content-Type": "application/x-www-form-urlencoded"}
    wire.assert_error(wire.send(server, "POST", request.url, headers, BODY), 403, "SignatureDoesNotMatch", MISMATCH)
    changed = wire.send(server, "POST", request.url + "?a=b", dict(request.headers), BODY)
    assert changed.status in (400, 403) and changed.text("Type") == "Sender"


def test_no_signature_at_all(server):
    answer = wire.send(server, "POST", server.url + "/", {"Content-Type": wire.FORM}, BODY)
    wire.assert_error(answer, 403, "MissingAuthenticationToken", "Request is missing Authentication Token")


@pytest.mark.parametrize("authorization, sentence", [
    ("AWS4-HMAC-SHA512 Credential=a/b/c/d/e", "Unsupported AWS 'algorithm': 'AWS4-HMAC-SHA512'."),
    ("AWS4-HMAC-SHA256 SignedHeaders=host, Signature=00", "Authorization header requires 'Credential' parameter."),
    ("AWS4-HMAC-SHA256 Credential=a/b/c/d/e, SignedHeaders=host",
     "Authorization header requires 'Signature' parameter.")])
def test_an_incomplete_authorization_header_is_told_what_it_lacks(server, authorization, sentence):
    headers = {**dict(wire.sign(server, "sts", BODY).headers), "Authorization": authorization}
    answer = wire.send(server, "POST", server.url + "/", headers, BODY)
    wire.assert_error(answer, 400, "IncompleteSignature")
    assert sentence in answer.message


@pytest.mark.parametrize("minutes, pattern", [
    (-16, r"Signature expired: \d{8}T\d{6}Z is now earlier than \d{8}T\d{6}Z \(\d{8}T\d{6}Z - 15 min\.\)"),
    (16, r"Signature not yet current: \d{8}T\d{6}Z is still later than \d{8}T\d{6}Z \(\d{8}T\d{6}Z \+ 15 min\.\)")])
def test_a_clock_more_than_15_minutes_off(server, monkeypatch, minutes, pattern):
    now = datetime.datetime.now(datetime.timezone.utc).replace(tzinfo=None) + datetime.timedelta(minutes=minutes)
    monkeypatch.setattr(botocore.auth, "get_current_datetime", lambda *ignored, **options: now)
    answer = deliver(server, wire.sign(server, "sts", BODY))
    wire.assert_error(answer, 403, "SignatureDoesNotMatch")
    assert re.fullmatch(pattern, answer.message), answer.message


@pytest.mark.parametrize("minutes", [-14, 14])
def test_a_clock_less_than_15_minutes_off(server, monkeypatch, minutes):
    now = datetime.datetime.now(datetime.timezone.utc).replace(tzinfo=None) + datetime.timedelta(minutes=minutes)
    monkeypatch.setattr(botocore.auth, "get_current_datetime", lambda *ignored, **options: now)
    assert deliver(server, wire.sign(server, "sts", BODY)).status == 200


def test_a_payload_must_be_hashed(server):
    for value in ("UNSIGNED-PAYLOAD", "STREAMING-UNSIGNED-PAYLOAD-TRAILER", "0" * 64):
        request = wire.sign(server, "sts", BODY, headers={"X-Amz-Content-SHA256": value})
        answer = deliver(server, request)
        assert answer.status in (400, 403), value
        assert answer.text("Arn") is None and answer.text("Type") == "Sender"


def test_a_header_that_steers_the_request_must_be_signed(server):
    headers = {**dict(wire.sign(server, "sts", BODY).headers), "X-Amz-Target": "x"}
    wire.assert_error(wire.send(server, "POST", server.url + "/", headers, BODY), 403, "SignatureDoesNotMatch")


def test_a_session_token_that_nobody_gave_is_refused(server):
    request = wire.sign(server, "sts", BODY, headers={"X-Amz-Security-Token": "made up"})
    assert deliver(server, request).status == 403


def test_the_body_of_one_service_is_not_served_under_the_scope_of_another(server):
    answer = deliver(server, wire.sign(server, "iam", BODY))
    assert answer.status in (400, 403) and answer.text("Arn") is None


def test_header_and_query_signatures_together_are_refused(server):
    request = wire.sign(server, "sts", BODY)
    url = request.url + "?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Signature=00"
    wire.assert_error(wire.send(server, "POST", url, dict(request.headers), BODY), 400, "IncompleteSignature")


def test_a_request_that_was_signed_for_another_host_is_refused(server):
    request = wire.sign(server, "sts", BODY, headers={"Host": "sts.amazonaws.com"})
    answer = deliver(server, request)
    wire.assert_error(answer, 403, "SignatureDoesNotMatch")


def test_the_host_header_may_come_without_its_port(server):
    request = wire.sign(server, "sts", BODY, headers={"Host": "localhost"})
    assert deliver(server, request).status == 200


def test_an_error_never_repeats_a_secret(server):
    wrong = Credentials(server.root.access_key_id, "a-wrong-secret-that-must-not-show")
    request = wire.sign(server, "sts", BODY, credentials=wrong)
    body = deliver(server, request).body.decode()
    signature = request.headers["Authorization"].rsplit("=", 1)[1]
    assert server.root.secret_access_key not in body and signature not in body
