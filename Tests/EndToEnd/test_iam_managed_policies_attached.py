# SPDX-License-Identifier: Apache-2.0
"""Managed policies that somebody has: what they allow, who has them, and that they are not deleted under anybody."""

import pytest

from driver import clients, wire
from test_iam_managed_policies import ADMINISTRATOR, DENY, POLICY, refused


@pytest.fixture
def iam(server):
    return clients.boto(server, "iam")


def token(server, user):
    return wire.call(server, "GetWebIdentityToken", Audience=["a"], SigningAlgorithm="ES384",
                     credentials=user.credentials)


def test_a_new_default_version_counts_from_the_next_request(server, iam, make_user):
    arn = iam.create_policy(PolicyName="counts", PolicyDocument=POLICY)["Policy"]["Arn"]
    user = make_user()
    assert token(server, user).code == "AccessDenied"
    iam.attach_user_policy(UserName=user.name, PolicyArn=arn)
    assert token(server, user).status == 200
    iam.create_policy_version(PolicyArn=arn, PolicyDocument=DENY, SetAsDefault=True)
    assert "explicit deny" in token(server, user).message
    iam.set_default_policy_version(PolicyArn=arn, VersionId="v1")
    assert token(server, user).status == 200
    iam.detach_user_policy(UserName=user.name, PolicyArn=arn)
    assert token(server, user).code == "AccessDenied"
    iam.delete_policy_version(PolicyArn=arn, VersionId="v2")
    iam.delete_policy(PolicyArn=arn)


def test_a_policy_that_somebody_has_is_listed_counted_and_not_deleted(iam, make_user):
    arn = iam.create_policy(PolicyName="held", PolicyDocument=POLICY)["Policy"]["Arn"]
    user = make_user()
    iam.attach_user_policy(UserName=user.name, PolicyArn=arn)
    assert iam.get_policy(PolicyArn=arn)["Policy"]["AttachmentCount"] == 1
    entities = iam.list_entities_for_policy(PolicyArn=arn)
    assert entities["PolicyUsers"] == [{"UserName": user.name, "UserId": user.description["UserId"]}]
    assert (entities["PolicyGroups"], entities["PolicyRoles"]) == ([], [])
    refused(lambda: iam.delete_policy(PolicyArn=arn), 409, "DeleteConflict",
            "Cannot delete a policy attached to entities.")
    iam.detach_user_policy(UserName=user.name, PolicyArn=arn)
    assert iam.list_entities_for_policy(PolicyArn=arn)["PolicyUsers"] == []
    iam.delete_policy(PolicyArn=arn)


def test_an_aws_policy_works_when_attached(server, iam, make_user):
    user = make_user()
    iam.attach_user_policy(UserName=user.name, PolicyArn=ADMINISTRATOR)
    assert token(server, user).status == 200
    listed = iam.list_policies(Scope="AWS", OnlyAttached=True)["Policies"]
    assert "AdministratorAccess" in [policy["PolicyName"] for policy in listed]
    details = iam.get_account_authorization_details(Filter=["AWSManagedPolicy"])["Policies"]
    assert ADMINISTRATOR in [policy["Arn"] for policy in details]
    iam.detach_user_policy(UserName=user.name, PolicyArn=ADMINISTRATOR)
