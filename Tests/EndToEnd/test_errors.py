# SPDX-License-Identifier: Apache-2.0
"""GetWebIdentityToken's refusals, byte for byte: contract §1.4. Requests are raw, so that no client mends them."""

import re

import pytest

from driver import clients, tokens, wire

ACTION = "GetWebIdentityToken"
GOOD = {"Audience": ["a"], "SigningAlgorithm": "ES384"}
UNSUPPORTED = (
    "Requested SigningAlgorithm is not supported. See the GetWebIdentityToken documentation for supported algorithms")
ONE = "1 validation error detected: "
TAG_KEY = r"[\p{L}\p{Z}\p{N}_.:/=+\-@]+"
TAG_VALUE = r"[\p{L}\p{Z}\p{N}_.:/=+\-@]*"
AUDIENCE_LENGTHS = ("Member must satisfy constraint: [Member must have length less than or equal to 1000, "
                    "Member must have length greater than or equal to 1]")


def failed(value, path, constraint):
    shown = "null" if value is None else f"'{value}'"
    return f"Value {shown} at '{path}' failed to satisfy constraint: {constraint}"


def with_tag(key, value):
    return {**GOOD, "Tags": [(key, value)]}


def without(name):
    return {key: value for key, value in GOOD.items() if key != name}


NOT_NULL = "Member must not be null"
VALIDATION = {
    "algorithm missing": (without("SigningAlgorithm"), ONE + failed(None, "signingAlgorithm", NOT_NULL)),
    "algorithm empty": (
        {**GOOD, "SigningAlgorithm": ""},
        ONE + failed("", "signingAlgorithm", "Member must have length greater than or equal to 5")),
    "algorithm none": (
        {**GOOD, "SigningAlgorithm": "none"},
        ONE + failed("none", "signingAlgorithm", "Member must have length greater than or equal to 5")),
    "algorithm too long": (
        {**GOOD, "SigningAlgorithm": "RS256x"},
        ONE + failed("RS256x", "signingAlgorithm", "Member must have length less than or equal to 5")),
    **{f"algorithm {name}": ({**GOOD, "SigningAlgorithm": name}, UNSUPPORTED)
       for name in ("RS384", "ES256", "HS256", "rs256", "es384", "ES38\u0664")},
    "audience missing": (without("Audience"), ONE + failed(None, "audience", NOT_NULL)),
    "audience list empty": ({**without("Audience"), "Audience": ""}, ONE + failed(None, "audience", NOT_NULL)),
    "audience of no character": ({**GOOD, "Audience": [""]}, ONE + failed("[]", "audience", AUDIENCE_LENGTHS)),
    "audience of 1001 characters": (
        {**GOOD, "Audience": ["x" * 1001]}, ONE + failed(f"[{'x' * 1001}]", "audience", AUDIENCE_LENGTHS)),
    "11 audiences": (
        {**GOOD, "Audience": [str(n) for n in range(11)]},
        ONE + failed("[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]", "audience",
                     "Member must have length less than or equal to 10")),
    "duration 59": (
        {**GOOD, "DurationSeconds": 59},
        ONE + failed("59", "durationSeconds", "Member must have value greater than or equal to 60")),
    "duration 3601": (
        {**GOOD, "DurationSeconds": 3601},
        ONE + failed("3601", "durationSeconds", "Member must have value less than or equal to 3600")),
    "duration 0": (
        {**GOOD, "DurationSeconds": 0},
        ONE + failed("0", "durationSeconds", "Member must have value greater than or equal to 60")),
    "duration -60": (
        {**GOOD, "DurationSeconds": -60},
        ONE + failed("-60", "durationSeconds", "Member must have value greater than or equal to 60")),
    "tag key empty": (
        with_tag("", "x"),
        "2 validation errors detected: "
        + failed("", "tags.1.member.key", "Member must have length greater than or equal to 1") + "; "
        + failed("", "tags.1.member.key", f"Member must satisfy regular expression pattern: {TAG_KEY}")),
    "tag key of 129 characters": (
        with_tag("k" * 129, "x"),
        ONE + failed("k" * 129, "tags.1.member.key", "Member must have length less than or equal to 128")),
    "tag value of 257 characters": (
        with_tag("k", "v" * 257),
        ONE + failed("v" * 257, "tags.1.member.value", "Member must have length less than or equal to 256")),
    "tag key with #": (
        with_tag("a#b", "x"),
        ONE + failed("a#b", "tags.1.member.key", f"Member must satisfy regular expression pattern: {TAG_KEY}")),
    "tag value with a line feed": (
        with_tag("k", "a\nb"),
        ONE + failed("a\nb", "tags.1.member.value", f"Member must satisfy regular expression pattern: {TAG_VALUE}")),
    "51 tags": (
        {**GOOD, "Tags": [(str(n), "test") for n in range(51)]},
        ONE + failed("[" + ", ".join(f"Tag(key={n}, value=test)" for n in range(51)) + "]", "tags",
                     "Member must have length less than or equal to 50")),
}


@pytest.mark.parametrize("case", VALIDATION)
def test_validation(server, case):
    parameters, message = VALIDATION[case]
    wire.assert_error(wire.call(server, ACTION, **parameters), 400, "ValidationError", message)


@pytest.mark.parametrize("keys", [("k", "k"), ("Team", "tEAM")])
def test_tag_keys_are_compared_without_case(server, keys):
    wire.assert_error(
        wire.call(server, ACTION, **GOOD, Tags=[(key, "x") for key in keys]), 400, "InvalidParameterValue",
        "Duplicate tag keys found. Please note that Tag keys are case insensitive.")


def test_every_violation_is_told_and_counted(server):
    answer = wire.call(server, ACTION, DurationSeconds=59)
    wire.assert_error(answer, 400, "ValidationError")
    count, violations = re.fullmatch(r"(\d+) validation errors detected: (.*)", answer.message).groups()
    assert int(count) == 3
    assert sorted(violations.split("; ")) == sorted([
        failed(None, "audience", NOT_NULL), failed(None, "signingAlgorithm", NOT_NULL),
        failed("59", "durationSeconds", "Member must have value greater than or equal to 60")])


def test_the_message_escapes_what_xml_would_read(server):
    answer = wire.call(server, ACTION, **{**GOOD, "SigningAlgorithm": "]]><&\""})
    wire.assert_error(
        answer, 400, "ValidationError",
        ONE + failed("]]><&\"", "signingAlgorithm", "Member must have length less than or equal to 5"))


@pytest.mark.parametrize("value", ["abc", "", "60.0", "6e1", "+60", " 60", "99999999999999999999", "\u0666\u0660"])
def test_a_duration_that_is_no_integer_of_the_model_is_refused(server, value):
    answer = wire.call(server, ACTION, **GOOD, DurationSeconds=value)
    assert answer.status == 400, answer.body
    assert answer.text("WebIdentityToken") is None and answer.text("Type") == "Sender"


ACCEPTED = {
    "a single space": [" "], "plain words": ["plain words"], "the same twice": ["a", "a"],
    "other scripts": ["\u00fcber", "\u6771\u4eac", "\U0001f512"], "1000 characters": ["x" * 1000],
    "ten": [str(n) for n in range(10)], "markup": ["<a href=\"x\">&amp;]]>"], "quotes": ["\"\\/\u2028"],
}


@pytest.mark.parametrize("case", ACCEPTED)
def test_audiences_that_aws_accepts(server, case):
    audience = ACCEPTED[case]
    claims = tokens.claims_of(wire.token(server, Audience=audience))
    assert claims["aud"] == (audience[0] if len(audience) == 1 else audience)


@pytest.mark.parametrize("tags", [{"aws:team": "x"}, {"k": ""}, {"\u00fc \u6771.:/=+-@_": "\u00fc \u6771.:/=+-@_"},
                                  {f"k{n}": "v" for n in range(50)}, {"k" * 128: "v" * 256},
                                  {"iss": "x", "sub": "y", tokens.NAMESPACE: "z"}])
def test_tags_that_aws_accepts(server, tags):
    claims = tokens.claims_of(wire.token(server, Tags=tags))
    assert claims[tokens.NAMESPACE]["request_tags"] == tags
    assert claims["iss"] != "x" and claims["sub"] != "y"


def test_an_empty_tag_list_is_no_tag(server):
    claims = tokens.claims_of(wire.token(server, Tags=""))
    assert "request_tags" not in claims[tokens.NAMESPACE]


@pytest.mark.parametrize("seconds", [60, 300, 3600])
def test_durations_at_the_edges(server, seconds):
    claims = tokens.claims_of(wire.token(server, DurationSeconds=seconds))
    assert claims["exp"] - claims["iat"] == seconds


@pytest.mark.parametrize("algorithm", ["ES384", "RS256"])
def test_the_payload_may_have_14984_bytes_and_not_one_more(server, algorithm):
    def parameters(fill):
        tags = []
        for number in range(50):
            length = min(fill, 256)
            fill -= length
            tags.append((f"k{number:02}", "v" * length))
        assert fill == 0, "the filler does not fit into 50 tags"
        return {"Audience": ["x" * 1000] * 4, "SigningAlgorithm": algorithm, "Tags": tags}

    empty = len(tokens.raw_parts(wire.token(server, **parameters(0)))[1])
    fill = 14_984 - empty
    largest = wire.token(server, **parameters(fill))
    assert len(tokens.raw_parts(largest)[1]) == 14_984
    wire.assert_error(wire.call(server, ACTION, **parameters(fill + 1)), 400, "JWTPayloadSizeExceededException",
                      "JWT payload exceeds maximum allowed size")


def test_boto3_sees_the_same_words(server):
    sts = clients.boto(server, "sts")
    with pytest.raises(sts.exceptions.ClientError) as caught:
        sts.get_web_identity_token(Audience=["a"], SigningAlgorithm="ES256")
    assert caught.value.response["Error"] == {"Type": "Sender", "Code": "ValidationError", "Message": UNSUPPORTED}
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
