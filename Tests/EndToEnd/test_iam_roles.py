# SPDX-License-Identifier: Apache-2.0
"""Roles and their trust policies, as boto3 and the AWS CLI see them. Messages and members as recorded from AWS."""

import datetime
import json
import re

import pytest

from driver import clients
from test_iam_users import refused

TRUST = {"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}]}


def trust(**principal):
    return json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}]})


@pytest.fixture
def iam(server):
    return clients.boto(server, "iam")


@pytest.fixture
def make_role(iam, request):
    """Makes roles and removes them again."""
    made = []

    def make(name, **parameters):
        made.append(name)
        return iam.create_role(RoleName=name, **{"AssumeRolePolicyDocument": json.dumps(TRUST), **parameters})["Role"]

    yield make
    for name in made:
        try:
            iam.delete_role(RoleName=name)
        except iam.exceptions.NoSuchEntityException:
            pass


CORE = {"Path", "RoleName", "RoleId", "Arn", "CreateDate", "AssumeRolePolicyDocument"}


def test_a_role_has_the_members_that_were_recorded(server, iam, make_role):
    created = make_role("recorded", Path="/recorded/")
    assert set(created) == CORE
    assert created["Arn"] == f"arn:aws:iam::{server.account}:role/recorded/recorded"
    assert re.fullmatch(r"AROA[A-Z0-9]{17}", created["RoleId"])
    assert abs(datetime.datetime.now(datetime.timezone.utc) - created["CreateDate"]).total_seconds() < 60
    assert created["AssumeRolePolicyDocument"] == TRUST
    role = iam.get_role(RoleName="recorded")["Role"]
    assert role == {**created, "MaxSessionDuration": 3600, "RoleLastUsed": {}}
    listed = iam.list_roles(PathPrefix="/recorded/")
    assert listed["Roles"] == [{**created, "MaxSessionDuration": 3600}] and listed["IsTruncated"] is False


def test_tags_are_shown_by_create_and_get_and_not_by_list(iam, make_role):
    tags = [{"Key": "test", "Value": "value"}]
    assert make_role("tagged", Path="/role-with-tags/", Tags=tags)["Tags"] == tags
    assert iam.get_role(RoleName="tagged")["Role"]["Tags"] == tags
    assert "Tags" not in iam.list_roles(PathPrefix="/role-with-tags/")["Roles"][0]


def test_a_role_is_updated_part_by_part(iam, make_role):
    make_role("updated", Description="one", MaxSessionDuration=3600)
    iam.update_role(RoleName="updated", MaxSessionDuration=7200)
    iam.update_role(RoleName="updated", Description="two\n\u00e9")
    role = iam.get_role(RoleName="updated")["Role"]
    assert (role["Description"], role["MaxSessionDuration"]) == ("two\n\u00e9", 7200)
    assert iam.update_role_description(RoleName="updated", Description="three")["Role"]["Description"] == "three"
    refused(lambda: iam.update_role(RoleName="updated", MaxSessionDuration=43201), 400, "ValidationError")


def test_roles_come_page_by_page(iam, make_role):
    for number in range(5):
        make_role(f"paged-{number}", Path="/paged/")
    pages = iam.get_paginator("list_roles").paginate(PathPrefix="/paged/", PaginationConfig={"PageSize": 2})
    assert [role["RoleName"] for page in pages for role in page["Roles"]] == [f"paged-{n}" for n in range(5)]


def test_a_name_is_taken_once_and_a_missing_one_is_named(iam, make_role):
    make_role("taken")
    refused(lambda: make_role("taken"), 409, "EntityAlreadyExists", "Role with name taken already exists.")
    for call in (lambda: iam.get_role(RoleName="nobody"), lambda: iam.delete_role(RoleName="nobody"),
                 lambda: iam.update_role(RoleName="nobody"),
                 lambda: iam.update_assume_role_policy(RoleName="nobody", PolicyDocument=json.dumps(TRUST))):
        refused(call, 404, "NoSuchEntity", "The role with name nobody cannot be found.")


def test_a_boundary_is_a_policy_that_is_there(server, iam, make_role):
    boundary = "arn:aws:iam::aws:policy/PowerUserAccess"
    role = make_role("bounded", Path="/bounded/", PermissionsBoundary=boundary)
    assert role["PermissionsBoundary"] == {
        "PermissionsBoundaryType": "PermissionsBoundaryPolicy", "PermissionsBoundaryArn": boundary}
    assert iam.get_role(RoleName="bounded")["Role"]["PermissionsBoundary"] == role["PermissionsBoundary"]
    assert "PermissionsBoundary" not in iam.list_roles(PathPrefix="/bounded/")["Roles"][0]
    missing = f"arn:aws:iam::{server.account}:policy/missing"
    refused(lambda: make_role("unbounded", PermissionsBoundary=missing), 404, "NoSuchEntity",
            f"Scope ARN: {missing} does not exist or is not attachable.")


def test_a_malformed_trust_policy_is_refused_as_aws_refuses_it(iam, make_role):
    make_role("malformed")
    for call in (lambda: make_role("never", AssumeRolePolicyDocument="x"),
                 lambda: iam.update_assume_role_policy(RoleName="malformed", PolicyDocument="x")):
        refused(call, 400, "MalformedPolicyDocument", "This policy contains invalid Json")
    long = trust(Service=[f"service-{number}.amazonaws.com" for number in range(80)])
    refused(lambda: iam.update_assume_role_policy(RoleName="malformed", PolicyDocument=long), 409, "LimitExceeded",
            "Cannot exceed quota for ACLSizePerRole: 2048")


def test_a_trust_policy_is_replaced_whole(iam, make_role):
    make_role("trusting")
    document = json.loads(trust(Service="lambda.amazonaws.com"))
    iam.update_assume_role_policy(RoleName="trusting", PolicyDocument=json.dumps(document, indent=3))
    assert iam.get_role(RoleName="trusting")["Role"]["AssumeRolePolicyDocument"] == document


def test_who_is_trusted_must_be_there_and_is_remembered_by_id(server, iam, make_role):
    ghost = f"arn:aws:iam::{server.account}:user/ghost"
    refused(lambda: make_role("haunted", AssumeRolePolicyDocument=trust(AWS=ghost)), 400, "MalformedPolicyDocument",
            f'Invalid principal in policy: "AWS":"{ghost}"')
    refused(lambda: make_role("haunted", AssumeRolePolicyDocument=trust(AWS="999999999999")), 400,
            "MalformedPolicyDocument",
            'Invalid principal in policy: "AWS":"arn:aws:iam::999999999999:root"')
    first = iam.create_user(UserName="ghost")["User"]["UserId"]
    try:
        make_role("haunted", AssumeRolePolicyDocument=trust(AWS=[ghost, server.account]))
        shown = lambda: iam.get_role(RoleName="haunted")["Role"]["AssumeRolePolicyDocument"]["Statement"][0]["Principal"]
        assert shown() == {"AWS": [ghost, server.account]}
        iam.delete_user(UserName="ghost")
        assert shown() == {"AWS": [first, server.account]}
        assert iam.create_user(UserName="ghost")["User"]["UserId"] != first
        assert shown() == {"AWS": [first, server.account]}
    finally:
        iam.delete_user(UserName="ghost")


def test_the_stock_cli_makes_and_removes_a_role(server, tmp_path):
    document = tmp_path / "trust.json"
    document.write_text(json.dumps(TRUST, indent=2))
    made = clients.aws(server, tmp_path, "iam", "create-role", "--role-name", "by-cli", "--assume-role-policy-document",
                       f"file://{document}", "--output", "json")
    assert made.returncode == 0, made.stderr
    assert json.loads(made.stdout)["Role"]["AssumeRolePolicyDocument"] == TRUST
    assert clients.aws(server, tmp_path, "iam", "delete-role", "--role-name", "by-cli").returncode == 0
    gone = clients.aws(server, tmp_path, "iam", "get-role", "--role-name", "by-cli")
    assert "(NoSuchEntity)" in gone.stderr and "The role with name by-cli cannot be found." in gone.stderr
