# SPDX-License-Identifier: Apache-2.0
"""Customer-managed policies with boto3, from creation to deletion, and AWS's own beside them."""

import json
import re

import botocore.exceptions
import pytest

from driver import clients
from driver.users import ALLOW_TOKENS

POLICY = json.dumps({"Version": "2012-10-17", "Statement": [ALLOW_TOKENS]}, indent=2)
DENY = json.dumps({"Version": "2012-10-17", "Statement": [{**ALLOW_TOKENS, "Effect": "Deny"}]})
ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"


def refused(call, status, code, message=...):
    """`call()` must raise exactly this."""
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        call()
    error, metadata = caught.value.response["Error"], caught.value.response["ResponseMetadata"]
    assert (metadata["HTTPStatusCode"], error["Code"], error["Type"]) == (status, code, "Sender"), error
    if message is not ...:
        assert error["Message"] == message


@pytest.fixture
def iam(server):
    return clients.boto(server, "iam")


def test_a_policy_from_creation_to_deletion(server, iam):
    policy = iam.create_policy(
        PolicyName="life", Path="/a/b/", PolicyDocument=POLICY, Description="what it is for",
        Tags=[{"Key": "team", "Value": "red"}])["Policy"]
    arn = f"arn:aws:iam::{server.account}:policy/a/b/life"
    assert (policy["Arn"], policy["Path"], policy["DefaultVersionId"]) == (arn, "/a/b/", "v1")
    assert re.fullmatch(r"ANPA[A-Z0-9]{12,28}", policy["PolicyId"])
    assert policy["Tags"] == [{"Key": "team", "Value": "red"}]
    got = iam.get_policy(PolicyArn=arn)["Policy"]
    assert got.pop("Description") == "what it is for"
    assert got == policy

    first = iam.get_policy_version(PolicyArn=arn, VersionId="v1")["PolicyVersion"]
    assert first["Document"] == json.loads(POLICY) and first["IsDefaultVersion"] is True
    second = iam.create_policy_version(PolicyArn=arn, PolicyDocument=DENY, SetAsDefault=True)["PolicyVersion"]
    assert set(second) == {"VersionId", "IsDefaultVersion", "CreateDate"}
    assert (second["VersionId"], second["IsDefaultVersion"]) == ("v2", True)
    assert iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"] == "v2"
    refused(lambda: iam.delete_policy_version(PolicyArn=arn, VersionId="v2"), 409, "DeleteConflict",
            "Cannot delete the default version of a policy.")
    iam.set_default_policy_version(PolicyArn=arn, VersionId="v1")
    versions = iam.list_policy_versions(PolicyArn=arn)
    assert [(v["VersionId"], v["IsDefaultVersion"]) for v in versions["Versions"]] == [("v2", False), ("v1", True)]
    assert versions["IsTruncated"] is False
    refused(lambda: iam.delete_policy(PolicyArn=arn), 409, "DeleteConflict")
    iam.delete_policy_version(PolicyArn=arn, VersionId="v2")
    refused(lambda: iam.get_policy_version(PolicyArn=arn, VersionId="v2"), 404, "NoSuchEntity",
            f"Policy {arn} version v2 does not exist or is not attachable.")
    assert iam.list_entities_for_policy(PolicyArn=arn)["PolicyUsers"] == []
    iam.delete_policy(PolicyArn=arn)
    refused(lambda: iam.get_policy(PolicyArn=arn), 404, "NoSuchEntity", f"Policy {arn} was not found.")


def test_the_answer_of_create_policy_has_the_members_that_aws_recorded(iam):
    policy = iam.create_policy(PolicyName="recorded", PolicyDocument=POLICY)["Policy"]
    # aws-recorded: test_user_attach_policy.
    assert set(policy) == {
        "Arn", "AttachmentCount", "CreateDate", "DefaultVersionId", "IsAttachable", "Path",
        "PermissionsBoundaryUsageCount", "PolicyId", "PolicyName", "UpdateDate"}
    assert (policy["AttachmentCount"], policy["IsAttachable"], policy["PermissionsBoundaryUsageCount"]) == (0, True, 0)
    iam.delete_policy(PolicyArn=policy["Arn"])


def test_deleting_what_is_not_there_is_refused_as_aws_recorded(server, iam):
    # aws-recorded: test_delete_non_existent_policy_returns_no_such_entity.
    arn = f"arn:aws:iam::{server.account}:policy/non-existent-policy"
    refused(lambda: iam.delete_policy(PolicyArn=arn), 404, "NoSuchEntity", f"Policy {arn} was not found.")
    refused(lambda: iam.delete_policy(PolicyArn="longpolicynamebutnoarn"), 400, "ValidationError",
            "Invalid ARN:  Could not be parsed!")


def test_a_name_is_taken_once_and_a_policy_has_five_versions(iam):
    arn = iam.create_policy(PolicyName="five", PolicyDocument=POLICY)["Policy"]["Arn"]
    refused(lambda: iam.create_policy(PolicyName="FIVE", PolicyDocument=POLICY), 409, "EntityAlreadyExists",
            "A policy called FIVE already exists. Duplicate names are not allowed.")
    for _ in range(4):
        iam.create_policy_version(PolicyArn=arn, PolicyDocument=DENY)
    refused(lambda: iam.create_policy_version(PolicyArn=arn, PolicyDocument=DENY), 409, "LimitExceeded",
            "A managed policy can have up to 5 versions. Before you create a new version, you must delete an "
            "existing version.")
    pages = iam.get_paginator("list_policy_versions").paginate(PolicyArn=arn, PaginationConfig={"PageSize": 2})
    assert [v["VersionId"] for page in pages for v in page["Versions"]] == ["v5", "v4", "v3", "v2", "v1"]
    for number in range(2, 6):
        iam.delete_policy_version(PolicyArn=arn, VersionId=f"v{number}")
    iam.delete_policy(PolicyArn=arn)


@pytest.mark.parametrize("document, code", [
    ("x", "MalformedPolicyDocument"), (POLICY.replace("2012", "2008"), "MalformedPolicyDocument"),
    (POLICY.replace("sts:GetWebIdentityToken", "sts:" + "x" * 6144), "LimitExceeded")])
def test_a_document_that_is_no_managed_policy_is_refused(iam, document, code):
    refused(lambda: iam.create_policy(PolicyName="refused", PolicyDocument=document),
            409 if code == "LimitExceeded" else 400, code)


def test_aws_policies_are_there_and_are_not_changed(server, iam):
    assert iam.get_policy(PolicyArn=ADMINISTRATOR)["Policy"]["PolicyName"] == "AdministratorAccess"
    version = iam.get_policy_version(PolicyArn=ADMINISTRATOR, VersionId="v1")["PolicyVersion"]
    assert version["Document"]["Statement"] == [{"Effect": "Allow", "Action": "*", "Resource": "*"}]
    refused(lambda: iam.delete_policy(PolicyArn=ADMINISTRATOR), 403, "AccessDenied",
            f"User: arn:aws:iam::{server.account}:root is not authorized to perform: iam:DeletePolicy "
            f"on resource: {ADMINISTRATOR}")
    refused(lambda: iam.create_policy_version(PolicyArn=ADMINISTRATOR, PolicyDocument=POLICY), 403, "AccessDenied")


def test_policies_are_listed_page_by_page(iam):
    arns = [iam.create_policy(PolicyName=f"list-{n}", Path="/list/", PolicyDocument=POLICY)["Policy"]["Arn"]
            for n in range(5)]
    pages = iam.get_paginator("list_policies").paginate(
        Scope="Local", PathPrefix="/list/", PaginationConfig={"PageSize": 2})
    found = [policy for page in pages for policy in page["Policies"]]
    assert [policy["Arn"] for policy in found] == arns
    assert all("Tags" not in policy and "Description" not in policy for policy in found)
    names = [policy["PolicyName"] for policy in iam.list_policies(Scope="AWS")["Policies"]]
    assert "AdministratorAccess" in names and not any(name.startswith("list-") for name in names)
    for arn in arns:
        iam.delete_policy(PolicyArn=arn)


def test_the_command_line_manages_a_policy(server, tmp_path):
    path = tmp_path / "policy.json"
    path.write_text(POLICY)
    made = clients.aws(server, tmp_path, "iam", "create-policy", "--policy-name", "cli",
                       "--policy-document", f"file://{path}")
    assert made.returncode == 0, made.stderr
    arn = json.loads(made.stdout)["Policy"]["Arn"]
    shown = clients.aws(server, tmp_path, "iam", "get-policy-version", "--policy-arn", arn, "--version-id", "v1")
    assert json.loads(shown.stdout)["PolicyVersion"]["Document"] == json.loads(POLICY)
    assert clients.aws(server, tmp_path, "iam", "delete-policy", "--policy-arn", arn).returncode == 0
