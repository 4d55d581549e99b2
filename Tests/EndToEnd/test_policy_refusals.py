# SPDX-License-Identifier: Apache-2.0
"""`exeat policy explain --request-id`: why the server refused a call, from its audit log."""

import json
import time
import uuid

import botocore.exceptions
import pytest

from driver import clients, server as servers
from driver.users import User


def explain(running, request_id, *flags):
    return servers.exeat("policy", "explain", "--request-id", request_id, "--data-dir", running.data_dir, *flags)


def refused(user, **parameters):
    """The request id of a token call that is refused."""
    sts = clients.boto(user.running, "sts", user.credentials)
    with pytest.raises(botocore.exceptions.ClientError) as refusal:
        sts.get_web_identity_token(SigningAlgorithm="ES384", **parameters)
    assert refusal.value.response["Error"]["Code"] == "AccessDenied"
    return refusal.value.response["ResponseMetadata"]["RequestId"]


ONE_AUDIENCE = {
    "Sid": "OneAudience", "Effect": "Allow", "Action": "sts:GetWebIdentityToken", "Resource": "*",
    "Condition": {
        "ForAllValues:StringEquals": {"sts:IdentityTokenAudience": ["https://api.example.com"]},
        "Null": {"sts:IdentityTokenAudience": "false"},
    },
}


def test_the_condition_that_was_not_met_is_named_with_what_the_call_said(server, make_user):
    user = make_user(ONE_AUDIENCE)
    request_id = refused(user, Audience=["https://other.example.com"])
    done = explain(server, request_id)
    assert done.returncode == 0, done.stderr
    assert "no identity-based policy allows it" in done.stdout
    assert "(OneAudience)" in done.stdout
    assert "ForAllValues:StringEquals sts:IdentityTokenAudience `https://api.example.com`" in done.stdout
    assert "the request has `https://other.example.com`" in done.stdout
    decision = json.loads(explain(server, request_id, "--json").stdout)
    assert decision["decision"] == "implicitDeny" and decision["policyType"] == "identity"
    assert decision["unmatchedStatements"][0]["requestValues"] == ["https://other.example.com"]


def test_the_statement_that_denied_is_named(server, make_user):
    deny = {
        "Sid": "NotSoLong", "Effect": "Deny", "Action": "sts:GetWebIdentityToken", "Resource": "*",
        "Condition": {"NumericGreaterThan": {"sts:DurationSeconds": "600"}},
    }
    user = make_user(ONE_AUDIENCE, deny)
    request_id = refused(user, Audience=["https://api.example.com"], DurationSeconds=601)
    done = explain(server, request_id)
    assert done.returncode == 0, done.stderr
    assert "denied by statement 2 (NotSoLong) of user_" in done.stdout


def test_a_call_that_was_not_refused_by_policy_and_one_that_never_was(server, make_user):
    user = make_user(ONE_AUDIENCE)
    granted = clients.boto(user.running, "sts", user.credentials).get_web_identity_token(
        Audience=["https://api.example.com"], SigningAlgorithm="ES384"
    )["ResponseMetadata"]["RequestId"]
    done = explain(server, granted)
    assert done.returncode == 1 and "policy did not refuse the call" in done.stderr and "it was done" in done.stderr
    done = explain(server, str(uuid.uuid4()))
    assert done.returncode == 1 and "the audit log has no call" in done.stderr


def wait_for(condition):
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_exeat_dev_which_keeps_no_log_explains_at_once(dev):
    user = User(dev, "explained", [ONE_AUDIENCE])
    request_id = refused(user, Audience=["https://other.example.com"])
    user.remove()
    # Others may have deleted users before.
    wait_for(lambda: "  DeleteUser  " in dev.output.partition(f"request={request_id}")[2])
    lines = dev.output.splitlines()
    number = next(number for number, line in enumerate(lines) if f"request={request_id}" in line)
    assert "  GetWebIdentityToken  AccessDenied  " in lines[number]
    assert lines[number + 1:number + 5] == [
        f"  sts:GetWebIdentityToken on arn:aws:sts::{dev.account}:self",
        "  no identity-based policy allows it",
        "  What does not apply, and why:",
        "    Allow: statement 1 (OneAudience) of user_explained_inline (identity-based policy): "
        "ForAllValues:StringEquals sts:IdentityTokenAudience `https://api.example.com`: "
        "the request has `https://other.example.com`"]
    # What policy did not refuse has one line.
    assert "  DeleteAccessKey  ok  " in lines[number + 5] or "  ListGroupsForUser  ok  " in lines[number + 5]


def test_a_line_of_the_audit_log_names_the_role_and_the_request(server):
    iam = clients.boto(server, "iam")
    made = iam.create_role(RoleName="told", AssumeRolePolicyDocument=json.dumps({
        "Version": "2012-10-17", "Statement": {
            "Effect": "Allow", "Principal": {"AWS": server.account}, "Action": "sts:AssumeRole"}}))
    iam.delete_role(RoleName="told")
    tail = servers.exeat("audit", "tail", "--data-dir", server.data_dir, "--number", "50")
    request_id = made["ResponseMetadata"]["RequestId"]
    line = next(line for line in tail.stdout.splitlines() if f"request={request_id}" in line)
    assert "  CreateRole  ok  " in line and "  role=told  " in line


def test_a_line_of_the_audit_log_has_the_reason_to_its_last_word(server, make_user):
    """However long the names in it."""
    user = make_user(Path="/" + "p" * 200 + "/")
    request_id = refused(user, Audience=["a"])
    tail = servers.exeat("audit", "tail", "--data-dir", server.data_dir, "--number", "50").stdout
    [line] = [line for line in tail.splitlines() if f"request={request_id}" in line]
    assert line.endswith("because no identity-based policy allows the sts:GetWebIdentityToken action)")
    assert user.arn in line


@pytest.mark.parametrize("arguments", [[], ["--request-id", "x"], ["--data-dir", "x"], ["f.json", "--data-dir", "x"],
                                       ["f.json", "--request-id", "x", "--data-dir", "x"]])
def test_wrong_usage(arguments):
    done = servers.exeat("policy", "explain", *arguments)
    assert done.returncode == 2 and "give a file, or --request-id with --data-dir" in done.stderr
