# SPDX-License-Identifier: Apache-2.0
"""A user with the kind of policy that AWS's guide to outbound federation shows gets exactly the tokens that it allows.

The conditions are the guide's: one of two audiences by `ForAnyValue:StringEquals`, at most so many seconds, one
algorithm. Asked with the stock AWS CLI and with boto3; contract §2, §4.1 and, for the trap in `ForAnyValue`, §4.2."""

import json

import botocore.exceptions
import pytest

from driver import clients, tokens

ORDERS, BILLING, OTHER = "https://orders.example.com", "https://billing.example.com", "https://other.example.com"
GUIDE = {
    "Effect": "Allow", "Action": "sts:GetWebIdentityToken", "Resource": "*",
    "Condition": {
        "ForAnyValue:StringEquals": {"sts:IdentityTokenAudience": [ORDERS, BILLING]},
        "NumericLessThanEquals": {"sts:DurationSeconds": 300},
        "StringEquals": {"sts:SigningAlgorithm": "ES384"},
    },
}
# Audiences, seconds (None: not said, which counts as 300), algorithm; whether the policy allows it.
MATRIX = [
    ([ORDERS], None, "ES384", True),
    ([BILLING], None, "ES384", True),
    ([ORDERS, BILLING], 300, "ES384", True),
    ([BILLING], 60, "ES384", True),
    # One audience of the list is enough for ForAnyValue, whatever stands beside it.
    ([OTHER, ORDERS], 300, "ES384", True),
    ([OTHER], None, "ES384", False),
    ([OTHER, OTHER + "/2"], 60, "ES384", False),
    ([ORDERS + "/"], None, "ES384", False),
    ([ORDERS.replace("orders", "Orders")], None, "ES384", False),
    (["orders.example.com"], None, "ES384", False),
    ([ORDERS], 301, "ES384", False),
    ([ORDERS], 3600, "ES384", False),
    ([ORDERS], None, "RS256", False),
    ([OTHER, ORDERS], 301, "RS256", False),
]


@pytest.fixture(scope="module")
def cli(server, tmp_path_factory):
    with clients.AWSCLI(server, tmp_path_factory.mktemp("aws-guide")) as aws:
        yield aws


def by_cli(cli, user, audiences, seconds, algorithm, *more):
    """The token, or the line of the refusal."""
    arguments = ["sts", "get-web-identity-token", "--audience", json.dumps(audiences),
                 "--signing-algorithm", algorithm, *more]
    if seconds is not None:
        arguments += ["--duration-seconds", str(seconds)]
    status, out, err = cli(*arguments, credentials=user.credentials)
    return json.loads(out)["WebIdentityToken"] if status == 0 else err.strip()


def by_boto3(server, user, audiences, seconds, algorithm):
    more = {} if seconds is None else {"DurationSeconds": seconds}
    client = clients.boto(server, "sts", user.credentials, validate=True)
    try:
        return client.get_web_identity_token(
            Audience=audiences, SigningAlgorithm=algorithm, **more)["WebIdentityToken"]
    except botocore.exceptions.ClientError as error:
        return str(error)


def refusal(server, user, action="GetWebIdentityToken"):
    return ("An error occurred (AccessDenied) when calling the GetWebIdentityToken operation: "
            f"User: {user.arn} is not authorized to perform: sts:{action} on resource: "
            f"arn:aws:sts::{server.account}:self because no identity-based policy allows the sts:{action} action")


def test_a_user_with_the_policy_of_awss_guide_gets_exactly_the_tokens_that_it_allows(server, issuer, cli, make_user):
    user = make_user(GUIDE)
    for audiences, seconds, algorithm, allowed in MATRIX:
        for answer in (by_cli(cli, user, audiences, seconds, algorithm),
                       by_boto3(server, user, audiences, seconds, algorithm)):
            if not allowed:
                assert answer.endswith(refusal(server, user)), (audiences, seconds, algorithm)
                continue
            claims = tokens.verify_with_pyjwt(server, answer, audiences[0], issuer)
            assert tokens.header_of(answer)["alg"] == algorithm
            assert claims["sub"] == user.arn
            assert claims["aud"] == (audiences if len(audiences) > 1 else audiences[0])
            assert claims["exp"] - claims["iat"] == (seconds or 300)


def test_the_policy_of_awss_guide_allows_nothing_else(server, cli, make_user):
    user = make_user(GUIDE)
    tagged = by_cli(cli, user, [ORDERS], None, "ES384", "--tags", "Key=k,Value=v")
    assert tagged.endswith(refusal(server, user, "TagGetWebIdentityToken"))
    status, _, err = cli("iam", "list-users", credentials=user.credentials)
    assert status != 0 and "(AccessDenied)" in err
    # Without the policy there is no token at all: nothing else had allowed it.
    user.iam.delete_user_policy(UserName=user.name, PolicyName="inline")
    assert by_cli(cli, user, [ORDERS], None, "ES384").endswith(refusal(server, user))
