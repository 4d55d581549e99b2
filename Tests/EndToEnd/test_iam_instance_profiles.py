# SPDX-License-Identifier: Apache-2.0
"""Instance profiles, as boto3 sees them."""

import json
import re

import pytest

from driver import clients
from test_iam_roles import CORE, TRUST
from test_iam_users import refused


@pytest.fixture
def iam(server):
    return clients.boto(server, "iam")


@pytest.fixture
def role(iam):
    made = iam.create_role(RoleName="machine", Path="/m/", AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]
    yield made
    iam.delete_role(RoleName="machine")


PROFILE = {"Path", "InstanceProfileName", "InstanceProfileId", "Arn", "CreateDate", "Roles"}


def test_a_profile_from_creation_to_deletion(server, iam, role):
    profile = iam.create_instance_profile(
        InstanceProfileName="p", Path="/i/", Tags=[{"Key": "k", "Value": "v"}])["InstanceProfile"]
    assert set(profile) == PROFILE | {"Tags"} and profile["Roles"] == []
    assert profile["Arn"] == f"arn:aws:iam::{server.account}:instance-profile/i/p"
    assert re.fullmatch(r"AIPA[A-Z0-9]{17}", profile["InstanceProfileId"])
    refused(lambda: iam.create_instance_profile(InstanceProfileName="P"), 409, "EntityAlreadyExists",
            "Instance Profile P already exists.")

    iam.add_role_to_instance_profile(InstanceProfileName="p", RoleName="machine")
    refused(lambda: iam.add_role_to_instance_profile(InstanceProfileName="p", RoleName="machine"), 409,
            "LimitExceeded", "Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1")
    found = iam.get_instance_profile(InstanceProfileName="p")["InstanceProfile"]
    assert found == {**profile, "Roles": [role]} and set(found["Roles"][0]) == CORE
    for listed in (iam.list_instance_profiles(PathPrefix="/i/"), iam.list_instance_profiles_for_role(RoleName="machine")):
        assert listed["InstanceProfiles"] == [{key: found[key] for key in PROFILE}]
        assert listed["IsTruncated"] is False

    conflict = "Cannot delete entity, must remove roles from instance profile first."
    refused(lambda: iam.delete_role(RoleName="machine"), 409, "DeleteConflict", conflict)
    refused(lambda: iam.delete_instance_profile(InstanceProfileName="p"), 409, "DeleteConflict", conflict)
    iam.remove_role_from_instance_profile(InstanceProfileName="p", RoleName="machine")
    refused(lambda: iam.remove_role_from_instance_profile(InstanceProfileName="p", RoleName="machine"), 404,
            "NoSuchEntity")
    assert iam.list_instance_profiles_for_role(RoleName="machine")["InstanceProfiles"] == []
    iam.delete_instance_profile(InstanceProfileName="p")
    refused(lambda: iam.get_instance_profile(InstanceProfileName="p"), 404, "NoSuchEntity",
            "Instance Profile p cannot be found.")


def test_profiles_come_page_by_page(iam, role):
    names = [f"page-{number}" for number in range(5)]
    for name in names:
        iam.create_instance_profile(InstanceProfileName=name, Path="/page/")
        iam.add_role_to_instance_profile(InstanceProfileName=name, RoleName="machine")
    for call, parameters in (("list_instance_profiles", {"PathPrefix": "/page/"}),
                             ("list_instance_profiles_for_role", {"RoleName": "machine"})):
        pages = iam.get_paginator(call).paginate(**parameters, PaginationConfig={"PageSize": 2})
        assert [p["InstanceProfileName"] for page in pages for p in page["InstanceProfiles"]] == names
    for name in names:
        iam.remove_role_from_instance_profile(InstanceProfileName=name, RoleName="machine")
        iam.delete_instance_profile(InstanceProfileName=name)


def test_a_role_is_put_into_a_profile_only_by_one_who_may_pass_it(server, iam, role, make_user):
    iam.create_instance_profile(InstanceProfileName="guarded")
    statement = {"Effect": "Allow", "Action": "iam:AddRoleToInstanceProfile", "Resource": "*"}
    user = make_user(statement)
    mine = clients.boto(server, "iam", user.credentials)
    add = lambda: mine.add_role_to_instance_profile(InstanceProfileName="guarded", RoleName="machine")
    with pytest.raises(mine.exceptions.ClientError, match=f"iam:PassRole on resource: .*{role['Arn']}"):
        add()
    user.allow(statement, {"Effect": "Allow", "Action": "iam:PassRole", "Resource": role["Arn"]})
    add()
    iam.remove_role_from_instance_profile(InstanceProfileName="guarded", RoleName="machine")
    iam.delete_instance_profile(InstanceProfileName="guarded")
