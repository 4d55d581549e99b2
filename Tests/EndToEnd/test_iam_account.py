# SPDX-License-Identifier: Apache-2.0
"""The account itself with boto3: alias, password policy, summary, authorization details."""

import json

import pytest

from driver import clients
from driver.users import ALLOW_TOKENS
from test_iam_managed_policies import POLICY, refused


@pytest.fixture
def iam(fresh):
    return clients.boto(fresh, "iam")


def test_an_alias_from_creation_to_deletion(iam):
    assert iam.list_account_aliases()["AccountAliases"] == []
    iam.create_account_alias(AccountAlias="example-corp")
    refused(lambda: iam.create_account_alias(AccountAlias="example-corp"), 409, "EntityAlreadyExists",
            "The account alias example-corp already exists.")
    iam.create_account_alias(AccountAlias="example-inc")
    assert iam.list_account_aliases()["AccountAliases"] == ["example-inc"]
    refused(lambda: iam.delete_account_alias(AccountAlias="example-corp"), 404, "NoSuchEntity")
    iam.delete_account_alias(AccountAlias="example-inc")
    assert iam.list_account_aliases()["AccountAliases"] == []
    refused(lambda: iam.create_account_alias(AccountAlias="-x-"), 400, "ValidationError")


def test_a_password_policy_from_creation_to_deletion(fresh, iam):
    refused(iam.get_account_password_policy, 404, "NoSuchEntity",
            f"The Password Policy with domain name {fresh.account} cannot be found.")
    given = {"MinimumPasswordLength": 14, "RequireSymbols": True, "RequireNumbers": False,
             "RequireUppercaseCharacters": True, "RequireLowercaseCharacters": False,
             "AllowUsersToChangePassword": True, "MaxPasswordAge": 90, "PasswordReusePrevention": 5,
             "HardExpiry": False}
    iam.update_account_password_policy(**given)
    assert iam.get_account_password_policy()["PasswordPolicy"] == {**given, "ExpirePasswords": True}
    iam.update_account_password_policy()
    policy = iam.get_account_password_policy()["PasswordPolicy"]
    assert (policy["MinimumPasswordLength"], policy["ExpirePasswords"]) == (6, False)
    iam.delete_account_password_policy()
    refused(iam.delete_account_password_policy, 404, "NoSuchEntity",
            "The account policy with name PasswordPolicy cannot be found.")


def test_the_summary_has_every_key_of_the_model(iam):
    iam.create_user(UserName="alice")
    summary = iam.get_account_summary()["SummaryMap"]
    assert set(summary) == set(iam.meta.service_model.shape_for("summaryKeyType").enum)
    assert (summary["Users"], summary["UsersQuota"], summary["AccountMFAEnabled"], summary["PolicySizeQuota"]) == (
        1, 5000, 0, 6144)


def test_the_details_hold_users_and_policies_with_their_documents(iam):
    for name in ("alice", "bob"):
        iam.create_user(UserName=name, Tags=[{"Key": "k", "Value": "v"}])
    iam.put_user_policy(UserName="alice", PolicyName="inline", PolicyDocument=POLICY)
    arn = iam.create_policy(PolicyName="managed", PolicyDocument=POLICY)["Policy"]["Arn"]
    details = iam.get_account_authorization_details()
    assert [user["UserName"] for user in details["UserDetailList"]] == ["alice", "bob"]
    alice = details["UserDetailList"][0]
    document = alice["UserPolicyList"][0]["PolicyDocument"]
    assert document == json.loads(POLICY) and document["Statement"] == [ALLOW_TOKENS]
    assert (alice["GroupList"], alice["AttachedManagedPolicies"], alice["Tags"]) == ([], [], [{"Key": "k", "Value": "v"}])
    assert [policy["Arn"] for policy in details["Policies"]] == [arn]
    version = details["Policies"][0]["PolicyVersionList"][0]
    assert (version["VersionId"], version["IsDefaultVersion"], version["Document"]) == ("v1", True, json.loads(POLICY))
    pages = list(iam.get_paginator("get_account_authorization_details").paginate(PaginationConfig={"PageSize": 1}))
    assert [len(page["UserDetailList"] + page["Policies"]) for page in pages[:3]] == [1, 1, 1]
    only = iam.get_account_authorization_details(Filter=["LocalManagedPolicy"])
    assert (only["UserDetailList"], len(only["Policies"])) == ([], 1)
    refused(lambda: iam.get_account_authorization_details(Filter=["Policy"]), 400, "ValidationError")
