# SPDX-License-Identifier: Apache-2.0
"""AWS Query with malformed requests: a clear error in AWS's shape, and nothing done. Contract §9.5."""

import pytest

from driver import wire

IDENTITY = b"Action=GetCallerIdentity&Version=2011-06-15"


def assert_refused(answer, statuses=(400, 404), service="sts"):
    """Refused in AWS's shape as the sender's fault; which code, AWS does not say."""
    assert answer.status in statuses, answer.body
    wire.assert_error(answer, answer.status, answer.code, service=service)
    assert answer.text("Type") == "Sender"


def test_no_action(server):
    wire.assert_error(wire.call_body(server, b"Version=2011-06-15"), 400, "MissingAction")
    wire.assert_error(wire.call_body(server, b""), 400, "MissingAction")
    wire.assert_error(wire.call_body(server, b"Version=2010-05-08", "iam"), 400, "MissingAction", service="iam")


@pytest.mark.parametrize("action", [
    "NoSuchAction", "getcalleridentity", "GetCallerIdentity ", "", "CreateUser", "<b>&amp;", "x" * 5000,
    "GetCallerIdentit\u0443"])
def test_an_unknown_action(server, action):
    answer = wire.call(server, None, pairs=[("Action", action), ("Version", "2011-06-15")])
    assert answer.code in ("InvalidAction", "MissingAction") and (action == "" or answer.code == "InvalidAction")
    assert_refused(answer)


def test_a_wrong_version(server):
    assert_refused(wire.call_body(server, b"Action=GetCallerIdentity&Version=2020-01-01"))


@pytest.mark.parametrize("body", [
    b"Action=GetCallerIdentity&Action=GetCallerIdentity&Version=2011-06-15",
    b"Action=GetCallerIdentity&Version=2011-06-15&Version=2011-06-15",
    b"Action=GetCallerIdentity&%41ction=GetWebIdentityToken&Version=2011-06-15",
    b"Action=GetWebIdentityToken&Version=2011-06-15&Audience.member.1=a&Audience.member.1=b&SigningAlgorithm=ES384",
    b"Action=GetWebIdentityToken&Version=2011-06-15&Audience.member.1=a&SigningAlgorithm=ES384&SigningAlgorithm=RS256"])
def test_a_parameter_that_stands_twice(server, body):
    assert_refused(wire.call_body(server, body))


def test_a_parameter_in_query_and_body(server):
    assert_refused(wire.call_body(server, IDENTITY, query="Action=GetWebIdentityToken"))
    assert_refused(wire.call_body(server, IDENTITY, query="Action=GetCallerIdentity"))


@pytest.mark.parametrize("body", [
    IDENTITY + b"&X=%ff", IDENTITY + b"&X=%c0%80", IDENTITY + b"&X=%ed%a0%80", IDENTITY + b"&%ff=X",
    IDENTITY + b"&X=%", IDENTITY + b"&X=%4", IDENTITY + b"&X=%zz", IDENTITY + b"&X=\xff",
    b"Action=GetCallerIdentity%00&Version=2011-06-15", b"\x00\x01\x02", b"{\"Action\":\"GetCallerIdentity\"}"])
def test_a_form_that_is_none(server, body):
    assert_refused(wire.call_body(server, body))


@pytest.mark.parametrize("parameters", [
    "Audience.member.0=a", "Audience.member.01=a", "Audience.member.-1=a", "Audience.member.x=a",
    "Audience.member.99999999999999999999=a", "Audience.member.1000000=a", "Audience.member.2=a",
    "Audience.member.1.Key=a", "Audience.member=a", "Audience=a", "Tags.member.1=a",
    "Audience.member.1=a&Tags.member.1.Key=k", "Audience.member.1=a&Tags.member.1.Value=v",
    "Audience.member.1=a&Tags.member.2.Key=k&Tags.member.2.Value=v"])
def test_a_list_that_is_none_gives_no_token_or_the_one_that_was_meant(server, parameters):
    body = f"Action=GetWebIdentityToken&Version=2011-06-15&SigningAlgorithm=ES384&{parameters}".encode()
    answer = wire.call_body(server, body)
    if answer.status == 200:
        pytest.fail(f"{parameters}: a token came back")
    assert_refused(answer)


def test_a_long_list_is_refused_at_once(server):
    members = "&".join(f"Audience.member.{n}=a" for n in range(1, 2000))
    answer = wire.call_body(server, b"Action=GetWebIdentityToken&SigningAlgorithm=ES384&Version=2011-06-15&"
                            + members.encode())
    assert_refused(answer)


def test_a_body_that_is_no_form_is_not_read_as_one(server):
    answer = wire.call_body(server, IDENTITY, content_type="application/json")
    assert answer.status in (400, 404, 415), answer.body
    assert answer.text("Arn") is None


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "HEAD"])
def test_other_methods_are_refused(server, method):
    request = wire.sign(server, "sts", method=method, query=IDENTITY.decode(), content_type=None)
    assert 400 <= wire.send(server, method, request.url, dict(request.headers)).status < 500


def test_other_paths_are_not_the_api(server):
    for path in ("/x", "/index.html", "/..", "/%2e%2e/", "/sts"):
        answer = wire.send(server, "POST", server.url + path, {"Content-Type": wire.FORM}, IDENTITY)
        assert 400 <= answer.status < 500, path


def test_every_answer_has_a_request_id_of_its_own(server):
    answers = [wire.call(server, "GetCallerIdentity") for _ in range(20)] + [wire.call(server, "Nothing")]
    assert len({answer.request_id for answer in answers}) == 21
    for answer in answers:
        assert answer.text("RequestId") == answer.request_id


def test_the_success_envelope(server):
    answer = wire.call(server, "GetCallerIdentity")
    space = "{" + wire.NAMESPACE["sts"] + "}"
    assert answer.xml.tag == space + "GetCallerIdentityResponse"
    assert [child.tag for child in answer.xml] == [space + "GetCallerIdentityResult", space + "ResponseMetadata"]
    assert answer.headers["Content-Type"].startswith("text/xml")
    assert "Access-Control-Allow-Origin" not in answer.headers


def test_health(server):
    for path in ("/health/live", "/health/ready"):
        assert wire.send(server, "GET", server.url + path).status == 200, path
