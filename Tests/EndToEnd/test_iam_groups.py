# SPDX-License-Identifier: Apache-2.0
"""Groups: their whole life, and what they make of their members."""

import datetime
import json
import re

import pytest

from driver import clients, recorded, wire
from driver.refusals import refused
from driver.users import ALLOW_TOKENS

DENY_TOKENS = {**ALLOW_TOKENS, "Effect": "Deny"}
READ_ONLY = "arn:aws:iam::aws:policy/IAMReadOnlyAccess"


def document(*statements):
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


@pytest.fixture
def iam(server):
    return clients.boto(server, "iam")


@pytest.fixture
def make_group(iam):
    """Makes groups and removes them again with everything that they have."""
    made = []

    def make(name, **parameters):
        made.append(iam.create_group(GroupName=name, **parameters)["Group"])
        return made[-1]

    yield make
    left = {group["GroupId"]: group["GroupName"] for group in iam.list_groups()["Groups"]}
    for name in (left[group["GroupId"]] for group in made if group["GroupId"] in left):
        for user in iam.get_group(GroupName=name)["Users"]:
            iam.remove_user_from_group(GroupName=name, UserName=user["UserName"])
        for policy in iam.list_group_policies(GroupName=name)["PolicyNames"]:
            iam.delete_group_policy(GroupName=name, PolicyName=policy)
        for policy in iam.list_attached_group_policies(GroupName=name)["AttachedPolicies"]:
            iam.detach_group_policy(GroupName=name, PolicyArn=policy["PolicyArn"])
        iam.delete_group(GroupName=name)


def test_a_group_from_creation_to_deletion(server, iam, make_group):
    group = make_group("born", Path="/a/b/")
    assert list(group) == ["Path", "GroupName", "GroupId", "Arn", "CreateDate"]
    assert group["Arn"] == f"arn:aws:iam::{server.account}:group/a/b/born"
    assert re.fullmatch(r"AGPA[A-Z0-9]{12,28}", group["GroupId"])
    assert abs(datetime.datetime.now(datetime.timezone.utc) - group["CreateDate"]).total_seconds() < 60
    answer = iam.get_group(GroupName="born")
    assert (answer["Group"], answer["Users"], answer["IsTruncated"]) == (group, [], False)
    refused(lambda: iam.create_group(GroupName="BORN"), 409, "EntityAlreadyExists",
            "Group with name BORN already exists.")
    iam.update_group(GroupName="born", NewGroupName="grown", NewPath="/c/")
    refused(lambda: iam.get_group(GroupName="born"), 404, "NoSuchEntity", "The group with name born cannot be found.")
    grown = iam.get_group(GroupName="grown")["Group"]
    assert grown == {**group, "GroupName": "grown", "Path": "/c/",
                     "Arn": f"arn:aws:iam::{server.account}:group/c/grown"}
    iam.delete_group(GroupName="grown")
    refused(lambda: iam.delete_group(GroupName="grown"), 404, "NoSuchEntity",
            "The group with name grown cannot be found.")


def test_groups_are_listed_below_a_path_page_by_page(iam, make_group):
    for number in range(5):
        make_group(f"page-{number}", Path="/pages/" if number % 2 == 0 else "/other/")
    pages = list(iam.get_paginator("list_groups").paginate(PathPrefix="/pages/", PaginationConfig={"PageSize": 1}))
    assert [group["GroupName"] for page in pages for group in page["Groups"]] == ["page-0", "page-2", "page-4"]
    assert pages[-1]["IsTruncated"] is False and "Marker" not in pages[-1]


def test_members_come_and_go(server, iam, make_group, make_user):
    make_group("crew", Path="/x/")
    users = sorted((make_user() for _ in range(3)), key=lambda user: user.name)
    for user in users:
        iam.add_user_to_group(GroupName="crew", UserName=user.name)
        iam.add_user_to_group(GroupName="crew", UserName=user.name)
    pages = iam.get_paginator("get_group").paginate(GroupName="crew", PaginationConfig={"PageSize": 2})
    found = [user for page in pages for user in page["Users"]]
    assert found == [user.description for user in users]
    groups = iam.list_groups_for_user(UserName=users[0].name)
    assert [group["GroupName"] for group in groups["Groups"]] == ["crew"] and groups["IsTruncated"] is False
    refused(lambda: iam.delete_group(GroupName="crew"), 409, "DeleteConflict",
            "Cannot delete entity, must remove users from group first.")
    refused(lambda: iam.delete_user(UserName=users[0].name), 409, "DeleteConflict")
    for user in users:
        iam.remove_user_from_group(GroupName="crew", UserName=user.name)
        iam.remove_user_from_group(GroupName="crew", UserName=user.name)
    assert iam.list_groups_for_user(UserName=users[0].name)["Groups"] == []


def test_members_and_groups_that_do_not_exist_are_named(iam, make_group, make_user):
    make_group("here")
    user = make_user().name
    for call in (iam.add_user_to_group, iam.remove_user_from_group):
        refused(lambda: call(GroupName="here", UserName="nobody"), 404, "NoSuchEntity",
                "The user with name nobody cannot be found.")
        refused(lambda: call(GroupName="nowhere", UserName=user), 404, "NoSuchEntity",
                "The group with name nowhere cannot be found.")
    refused(lambda: iam.list_groups_for_user(UserName="nobody"), 404, "NoSuchEntity",
            "The user with name nobody cannot be found.")


def test_a_user_is_in_ten_groups(iam, make_group, make_user):
    user = make_user().name
    for number in range(11):
        make_group(f"ten-{number:02}")
    for number in range(10):
        iam.add_user_to_group(GroupName=f"ten-{number:02}", UserName=user)
    refused(lambda: iam.add_user_to_group(GroupName="ten-10", UserName=user), 409, "LimitExceeded",
            "Cannot exceed quota for GroupsPerUser: 10")
    pages = iam.get_paginator("list_groups_for_user").paginate(UserName=user, PaginationConfig={"PageSize": 4})
    assert [group["GroupName"] for page in pages for group in page["Groups"]] == [
        f"ten-{number:02}" for number in range(10)]


@pytest.mark.parametrize("way", ["inline", "attached"])
def test_a_groups_policies_bear_on_its_members_at_once(server, iam, make_group, make_user, way):
    user = make_user()
    make_group("rights")
    iam.add_user_to_group(GroupName="rights", UserName=user.name)
    parameters = {"Audience": ["a"], "SigningAlgorithm": "ES384", "credentials": user.credentials}
    assert wire.call(server, "GetWebIdentityToken", **parameters).code == "AccessDenied"
    if way == "inline":
        iam.put_group_policy(GroupName="rights", PolicyName="p", PolicyDocument=document(ALLOW_TOKENS))
    else:
        iam.attach_group_policy(GroupName="rights", PolicyArn="arn:aws:iam::aws:policy/PowerUserAccess")
    wire.token(server, credentials=user.credentials)
    iam.update_group(GroupName="rights", NewGroupName="wrongs")
    wire.token(server, credentials=user.credentials)
    make_group("limits")
    iam.put_group_policy(GroupName="limits", PolicyName="p", PolicyDocument=document(DENY_TOKENS))
    wire.token(server, credentials=user.credentials)
    iam.add_user_to_group(GroupName="limits", UserName=user.name)
    assert wire.call(server, "GetWebIdentityToken", **parameters).code == "AccessDenied"
    iam.remove_user_from_group(GroupName="limits", UserName=user.name)
    wire.token(server, credentials=user.credentials)
    iam.remove_user_from_group(GroupName="wrongs", UserName=user.name)
    assert wire.call(server, "GetWebIdentityToken", **parameters).code == "AccessDenied"


def test_a_group_is_deleted_empty(iam, make_group):
    make_group("full")
    iam.put_group_policy(GroupName="full", PolicyName="p", PolicyDocument=document(ALLOW_TOKENS))
    iam.attach_group_policy(GroupName="full", PolicyArn=READ_ONLY)
    refused(lambda: iam.delete_group(GroupName="full"), 409, "DeleteConflict",
            "Cannot delete entity, must delete policies first.")
    iam.delete_group_policy(GroupName="full", PolicyName="p")
    refused(lambda: iam.delete_group(GroupName="full"), 409, "DeleteConflict",
            "Cannot delete entity, must detach all policies first.")
    iam.detach_group_policy(GroupName="full", PolicyArn=READ_ONLY)
    iam.delete_group(GroupName="full")


@pytest.mark.parametrize("name", ["", "a b", "a/b", "a" * 129, "\u00fc"])
def test_a_group_name_outside_the_model_is_refused(iam, name):
    refused(lambda: iam.create_group(GroupName=name), 400, "ValidationError")


def test_the_groups_of_a_user_look_as_recorded_from_aws(server, iam, make_group, make_user):
    answers = recorded.scenario(
        "iam-test_parity.json",
        "tests/aws/services/iam/resource_providers/aws_iam_user/test_parity.py::TestParity"
        "::test_create_with_full_properties")
    user = make_user()
    groups = [make_group("group-1"), make_group("group-2")]
    for group in groups:
        iam.add_user_to_group(GroupName=group["GroupName"], UserName=user.name)
    expected = recorded.filled(
        answers["describe-user-group-association"], group_name_1="group-1", group_name_2="group-2",
        group_id_1=groups[0]["GroupId"], group_id_2=groups[1]["GroupId"])
    answer = iam.list_groups_for_user(UserName=user.name)
    assert answer["IsTruncated"] == expected["IsTruncated"]
    for group, shape in zip(answer["Groups"], expected["Groups"], strict=True):
        shape["Arn"] = shape["Arn"].replace("111111111111", server.account)
        assert group == {**shape, "CreateDate": group["CreateDate"]}
    described = iam.get_user(UserName=user.name)["User"]
    assert set(described) == set(answers["describe-user-resource"]["User"])
