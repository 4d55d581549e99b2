# SPDX-License-Identifier: Apache-2.0
"""The policy simulators, as boto3 reads their answers."""

import json

import pytest

from driver import clients, recorded
from driver.refusals import refused
from driver.users import ALLOW_TOKENS

TRUST = {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
NEIGHBOUR = "210987654321"


def document(*statements):
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


@pytest.fixture
def iam(server):
    return clients.boto(server, "iam")


@pytest.fixture(params=["user", "group", "role"])
def subject(request, iam):
    """The kind of an identity, its ARN, and how a policy is attached to it; removed again with what is attached."""
    kind, name = request.param, f"simulated-{request.param}"
    capital = kind.capitalize()
    more = {"AssumeRolePolicyDocument": document(TRUST)} if kind == "role" else {}
    arn = getattr(iam, f"create_{kind}")(**{f"{capital}Name": name}, **more)[capital]["Arn"]
    attached = []

    def attach(policy):
        getattr(iam, f"attach_{kind}_policy")(**{f"{capital}Name": name}, PolicyArn=policy)
        attached.append(policy)

    yield kind, arn, attach
    for policy in attached:
        getattr(iam, f"detach_{kind}_policy")(**{f"{capital}Name": name}, PolicyArn=policy)
        iam.delete_policy(PolicyArn=policy)
    getattr(iam, f"delete_{kind}")(**{f"{capital}Name": name})


def without_headers(answer):
    return {**answer, "ResponseMetadata": {"HTTPStatusCode": answer["ResponseMetadata"]["HTTPStatusCode"]}}


def test_an_answer_is_what_was_recorded(iam, subject):
    kind, arn, attach = subject
    answers = recorded.scenario("iam.json", f"TestIAMIntegrations::test_simulate_principle_policy[{kind}]")
    # The recording tells where the statement stood, 72 characters from brace to brace.
    statement = {"Effect": "Allow", "Sid": "", "Action": "s3:PutObject", "Resource": "*"}
    policy = iam.create_policy(
        PolicyName=f"recorded-{kind}",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": statement}))["Policy"]
    attach(policy["Arn"])
    answer = iam.simulate_principal_policy(
        PolicySourceArn=arn, ActionNames=["s3:PutObject", "s3:GetObjectVersion"], ResourceArns=["arn:aws:s3:::bucket"])
    expected = recorded.filled(answers["response"], source_policy_id_1=policy["PolicyName"])
    assert without_headers(answer) == without_headers(expected)


def test_pages(iam):
    parameters = {"PolicyInputList": [document({**ALLOW_TOKENS, "Action": "*"})],
                  "ActionNames": [f"a:B{number}" for number in range(3)],
                  "ResourceArns": ["arn:aws:s3:::x", "arn:aws:s3:::y"]}
    pages = list(iam.get_paginator("simulate_custom_policy").paginate(**parameters, PaginationConfig={"PageSize": 4}))
    assert [len(page["EvaluationResults"]) for page in pages] == [4, 2]
    assert [(result["EvalActionName"], result["EvalResourceName"]) for page in pages
            for result in page["EvaluationResults"]] == [
        (action, resource) for action in parameters["ActionNames"] for resource in parameters["ResourceArns"]]
    assert (pages[0]["IsTruncated"], pages[1]["IsTruncated"], "Marker" in pages[1]) == (True, False, False)
    beyond = iam.simulate_custom_policy(**parameters, Marker="6")
    assert (beyond["EvaluationResults"], beyond["IsTruncated"]) == ([], False)
    refused(lambda: iam.simulate_custom_policy(**parameters, Marker="six"), 400, "ValidationError",
            "Invalid Marker: six")


def simulate(iam, *statements, **parameters):
    answer = iam.simulate_custom_policy(**{
        "PolicyInputList": [document(*statements)], "ActionNames": ["sts:GetWebIdentityToken"], **parameters})
    [result] = answer["EvaluationResults"]
    return result


@pytest.mark.parametrize(("operation", "kind", "wanted", "good", "bad"), [
    ("StringEquals", "string", "x", ["x"], ["y"]),
    ("ForAllValues:StringLike", "stringList", ["x*", "y"], ["x1", "y"], ["x1", "z"]),
    ("NumericLessThan", "numeric", "10", ["9.5"], ["10"]),
    ("ForAnyValue:NumericEquals", "numericList", "3", ["1", "3"], ["1"]),
    ("Bool", "boolean", "true", ["true"], ["false"]),
    ("ForAnyValue:Bool", "booleanList", "true", ["false", "true"], ["false"]),
    ("IpAddress", "ip", "192.0.2.0/24", ["192.0.2.9"], ["198.51.100.1"]),
    ("ForAllValues:IpAddress", "ipList", "2001:db8::/32", ["2001:db8::1", "2001:db8::2"], ["2001:db8::1", "::1"]),
    ("BinaryEquals", "binary", "QQ==", ["QQ=="], ["QUE="]),
    ("ForAnyValue:BinaryEquals", "binaryList", "QQ==", ["QUE=", "QQ=="], ["QUE="]),
    ("DateLessThan", "date", "2027-01-01T00:00:00Z", ["2026-12-31T23:59:59Z"], ["2027-01-02T00:00:00Z"]),
    ("ForAnyValue:DateEquals", "dateList", "2027-01-01T00:00:00Z", ["2026-01-01", "2027-01-01"], ["2026-01-01"]),
])
def test_context_entries_of_each_type(iam, operation, kind, wanted, good, bad):
    statement = {**ALLOW_TOKENS, "Condition": {operation: {"app:key": wanted}}}
    missing = simulate(iam, statement)
    assert missing["MissingContextValues"] == ["app:key"]
    for values, decision in ((good, "allowed"), (bad, "implicitDeny")):
        entry = {"ContextKeyName": "app:key", "ContextKeyType": kind, "ContextKeyValues": values}
        result = simulate(iam, statement, ContextEntries=[entry])
        assert (result["EvalDecision"], result["MissingContextValues"]) == (decision, [])


def test_a_boundary_has_its_detail(iam):
    assert "PermissionsBoundaryDecisionDetail" not in simulate(iam, ALLOW_TOKENS)
    for statement, decision in (({**ALLOW_TOKENS, "Action": "iam:*"}, "implicitDeny"), (ALLOW_TOKENS, "allowed"),
                                ({**ALLOW_TOKENS, "Effect": "Deny"}, "explicitDeny")):
        result = simulate(iam, ALLOW_TOKENS, PermissionsBoundaryPolicyInputList=[document(statement)])
        detail = {"AllowedByPermissionsBoundary": decision == "allowed"}
        assert (result["EvalDecision"], result["PermissionsBoundaryDecisionDetail"]) == (decision, detail)
        assert result["ResourceSpecificResults"][0]["PermissionsBoundaryDecisionDetail"] == detail


def test_two_accounts_have_details(server, iam):
    own = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}
    policy = {**own, "Principal": {"AWS": server.account}, "Resource": "arn:aws:s3:::b/*"}
    parameters = {"ActionNames": ["s3:GetObject"], "ResourceArns": ["arn:aws:s3:::b/x"],
                  "CallerArn": f"arn:aws:iam::{server.account}:user/alice",
                  "ResourceOwner": f"arn:aws:iam::{NEIGHBOUR}:root"}
    both = simulate(iam, own, ResourcePolicy=document(policy), **parameters)
    assert (both["EvalDecision"], both["EvalDecisionDetails"]) == (
        "allowed", {"IAM Policy": "allowed", "Resource Policy": "allowed"})
    silent = simulate(iam, ALLOW_TOKENS, ResourcePolicy=document(policy), **parameters)
    assert (silent["EvalDecision"], silent["EvalDecisionDetails"]) == (
        "implicitDeny", {"IAM Policy": "implicitDeny", "Resource Policy": "allowed"})
    assert simulate(iam, own, **parameters)["EvalDecision"] == "implicitDeny"


def test_context_keys(server, iam, make_user):
    statement = {**ALLOW_TOKENS, "Condition": {"StringEquals": {"aws:SourceVpc": "${aws:username}"}}}
    assert iam.get_context_keys_for_custom_policy(PolicyInputList=[document(statement)])["ContextKeyNames"] == [
        "aws:SourceVpc", "aws:username"]
    user = make_user(statement)
    more = {**ALLOW_TOKENS, "Condition": {"Bool": {"aws:SecureTransport": "true", "AWS:SOURCEVPC": "false"}}}
    assert iam.get_context_keys_for_principal_policy(
        PolicySourceArn=user.arn, PolicyInputList=[document(more)])["ContextKeyNames"] == [
        "aws:SourceVpc", "aws:username", "aws:SecureTransport"]


def test_refusals(server, iam, make_user):
    ghost = f"arn:aws:iam::{server.account}:user/ghost"
    policy = f"arn:aws:iam::{server.account}:policy/p"
    for call in (lambda **source: iam.simulate_principal_policy(ActionNames=["a:B"], **source),
                 iam.get_context_keys_for_principal_policy):
        refused(lambda: call(PolicySourceArn=ghost), 404, "NoSuchEntity",
                "The user with name ghost cannot be found.")
        refused(lambda: call(PolicySourceArn=policy), 400, "InvalidInput",
                f"Invalid Entity Arn: {policy} does not clearly define entity type and name.")
    refused(lambda: iam.simulate_custom_policy(PolicyInputList=["{"], ActionNames=["a:B"]), 400, "InvalidInput",
            "Invalid policy at PolicyInputList.1: Syntax errors in policy.")
    refused(lambda: iam.get_context_keys_for_custom_policy(PolicyInputList=["{"]), 400, "InvalidInput",
            "Invalid policy at PolicyInputList.1: Syntax errors in policy.")
    refused(lambda: simulate(iam, ALLOW_TOKENS, ActionNames=["sts:*"]), 400, "InvalidInput",
            "Invalid Action Name: sts:*")
    nobody = make_user(ALLOW_TOKENS)
    refused(lambda: simulate(clients.boto(server, "iam", nobody.credentials), ALLOW_TOKENS), 403, "AccessDenied",
            f"User: {nobody.arn} is not authorized to perform: iam:SimulateCustomPolicy on resource: * because no "
            "identity-based policy allows the iam:SimulateCustomPolicy action")
