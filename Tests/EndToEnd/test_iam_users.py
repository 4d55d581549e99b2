# SPDX-License-Identifier: Apache-2.0
"""The least of IAM that lets somebody other than root call: users, access keys, inline policies."""

import datetime
import json
import re

import pytest

from driver import clients, recorded, wire
from driver.refusals import refused
from driver.server import Credentials
from driver.users import ALLOW_TOKENS

POLICY = json.dumps({"Version": "2012-10-17", "Statement": [ALLOW_TOKENS]})


@pytest.fixture
def iam(server):
    return clients.boto(server, "iam")


def test_a_user_from_creation_to_deletion(server, iam):
    user = iam.create_user(UserName="born", Path="/a/b/")["User"]
    assert set(user) == {"Path", "UserName", "UserId", "Arn", "CreateDate"}
    assert (user["UserName"], user["Path"]) == ("born", "/a/b/")
    assert user["Arn"] == f"arn:aws:iam::{server.account}:user/a/b/born"
    assert re.fullmatch(r"AIDA[A-Z0-9]{12,28}", user["UserId"])
    assert abs(datetime.datetime.now(datetime.timezone.utc) - user["CreateDate"]).total_seconds() < 60
    assert iam.get_user(UserName="born")["User"] == user
    iam.delete_user(UserName="born")
    refused(lambda: iam.get_user(UserName="born"), 404, "NoSuchEntity", "The user with name born cannot be found.")


def test_a_user_name_is_taken_once(iam, make_user):
    name = make_user().name
    refused(lambda: iam.create_user(UserName=name), 409, "EntityAlreadyExists",
            f"User with name {name} already exists.")


def test_get_user_without_a_name_answers_about_the_caller(server, make_user):
    user = make_user({"Effect": "Allow", "Action": "iam:GetUser", "Resource": "*"})
    mine = clients.boto(server, "iam", user.credentials).get_user()["User"]
    assert (mine["UserName"], mine["Arn"]) == (user.name, user.arn)


@pytest.mark.parametrize("name", ["", "a b", "a/b", "a" * 65, "\u00fc", "a\n"])
def test_a_user_name_outside_the_model_is_refused(iam, name):
    refused(lambda: iam.create_user(UserName=name), 400, "ValidationError")


@pytest.mark.parametrize("path", ["a", "/a", "a/", "/ /", "/\u00fc/"])
def test_a_path_outside_the_model_is_refused(iam, path):
    refused(lambda: iam.create_user(UserName="pathless", Path=path), 400, "ValidationError")


@pytest.mark.parametrize("call", [
    lambda iam: iam.delete_user(UserName="nobody"),
    lambda iam: iam.create_access_key(UserName="nobody"),
    lambda iam: iam.list_access_keys(UserName="nobody"),
    lambda iam: iam.update_access_key(UserName="nobody", AccessKeyId="AKIA" + "X" * 16, Status="Inactive"),
    lambda iam: iam.delete_access_key(UserName="nobody", AccessKeyId="AKIA" + "X" * 16),
    lambda iam: iam.put_user_policy(UserName="nobody", PolicyName="p", PolicyDocument=POLICY),
    lambda iam: iam.delete_user_policy(UserName="nobody", PolicyName="p")])
def test_nothing_is_done_for_a_user_that_does_not_exist(iam, call):
    refused(lambda: call(iam), 404, "NoSuchEntity", "The user with name nobody cannot be found.")


def test_a_missing_key_or_policy_is_named(iam, make_user):
    user = make_user()
    key = "AKIA" + "X" * 16
    for call in (lambda: iam.update_access_key(UserName=user.name, AccessKeyId=key, Status="Inactive"),
                 lambda: iam.delete_access_key(UserName=user.name, AccessKeyId=key)):
        refused(call, 404, "NoSuchEntity", f"The Access Key with id {key} cannot be found.")
    refused(lambda: iam.delete_user_policy(UserName=user.name, PolicyName="p"), 404, "NoSuchEntity",
            "The user policy with name p cannot be found.")


def test_another_users_key_is_as_good_as_none(server, iam, make_user):
    mine, other = make_user(), make_user()
    key = other.credentials.access_key_id
    refused(lambda: iam.delete_access_key(UserName=mine.name, AccessKeyId=key), 404, "NoSuchEntity")
    assert wire.call(server, "GetCallerIdentity", credentials=other.credentials).status == 200


def test_a_user_with_keys_or_policies_is_not_deleted(iam):
    iam.create_user(UserName="kept")
    key = iam.create_access_key(UserName="kept")["AccessKey"]["AccessKeyId"]
    refused(lambda: iam.delete_user(UserName="kept"), 409, "DeleteConflict",
            "Cannot delete entity, must delete access keys first.")
    iam.delete_access_key(UserName="kept", AccessKeyId=key)
    iam.put_user_policy(UserName="kept", PolicyName="p", PolicyDocument=POLICY)
    refused(lambda: iam.delete_user(UserName="kept"), 409, "DeleteConflict",
            "Cannot delete entity, must delete policies first.")
    iam.delete_user_policy(UserName="kept", PolicyName="p")
    iam.delete_user(UserName="kept")


def test_a_user_has_at_most_two_keys_and_the_secret_is_shown_once(iam, make_user):
    user = make_user()
    second = iam.create_access_key(UserName=user.name)["AccessKey"]
    assert set(second) == {"UserName", "AccessKeyId", "Status", "SecretAccessKey", "CreateDate"}
    assert re.fullmatch(r"AKIA[A-Z0-9]{16}", second["AccessKeyId"]) and second["Status"] == "Active"
    assert len(second["SecretAccessKey"]) == 40
    refused(lambda: iam.create_access_key(UserName=user.name), 409, "LimitExceeded",
            "Cannot exceed quota for AccessKeysPerUser: 2")
    listed = iam.list_access_keys(UserName=user.name)
    assert listed["IsTruncated"] is False
    assert {key["AccessKeyId"] for key in listed["AccessKeyMetadata"]} == {
        user.credentials.access_key_id, second["AccessKeyId"]}
    assert all(set(key) == {"UserName", "AccessKeyId", "Status", "CreateDate"} for key in listed["AccessKeyMetadata"])


def test_an_inactive_key_is_unknown_until_it_is_active_again(server, iam, make_user):
    user = make_user()
    key = user.credentials.access_key_id
    iam.update_access_key(UserName=user.name, AccessKeyId=key, Status="Inactive")
    wire.assert_error(wire.call(server, "GetCallerIdentity", credentials=user.credentials), 403,
                      "InvalidClientTokenId", "The security token included in the request is invalid.")
    assert iam.list_access_keys(UserName=user.name)["AccessKeyMetadata"][0]["Status"] == "Inactive"
    iam.update_access_key(UserName=user.name, AccessKeyId=key, Status="Active")
    assert wire.call(server, "GetCallerIdentity", credentials=user.credentials).status == 200


def test_a_deleted_key_is_unknown(server, iam, make_user):
    user = make_user()
    iam.delete_access_key(UserName=user.name, AccessKeyId=user.credentials.access_key_id)
    wire.assert_error(wire.call(server, "GetCallerIdentity", credentials=user.credentials), 403,
                      "InvalidClientTokenId")


def test_a_status_is_active_or_inactive(iam, make_user):
    user = make_user()
    refused(lambda: iam.update_access_key(
        UserName=user.name, AccessKeyId=user.credentials.access_key_id, Status="active"), 400, "ValidationError")


STATEMENT = {"Effect": "Allow", "Action": "*", "Resource": "*"}


def document(*statements, **members):
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements), **members})


MALFORMED = {
    "no JSON": "x",
    "trailing comma": '{"Version":"2012-10-17","Statement":[],}',
    "duplicate name": '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Effect":"Deny","Action":"*",'
                      '"Resource":"*"}}',
    "no statement": '{"Version":"2012-10-17"}',
    "unknown version": document(STATEMENT, Version="2020-01-01"),
    "unknown effect": document({**STATEMENT, "Effect": "allow"}),
    "no action": document({"Effect": "Allow", "Resource": "*"}),
    "no resource": document({"Effect": "Allow", "Action": "*"}),
    "a principal": document({**STATEMENT, "Principal": "*"}),
    "unknown element": document({**STATEMENT, "Actions": "*"}),
    "unknown operator": document({**STATEMENT, "Condition": {"StringEqual": {"aws:RequestTag/a": "b"}}}),
    "unknown member": document(STATEMENT, Extra="x"),
}


@pytest.mark.parametrize("case", MALFORMED)
def test_a_policy_that_is_not_understood_is_not_stored(server, iam, make_user, case):
    user = make_user(ALLOW_TOKENS)
    refused(lambda: iam.put_user_policy(UserName=user.name, PolicyName="inline", PolicyDocument=MALFORMED[case]),
            400, "MalformedPolicyDocument")
    wire.token(server, credentials=user.credentials)


def test_a_policy_works_at_once_and_so_does_its_removal(server, make_user):
    user = make_user()
    parameters = {"Audience": ["a"], "SigningAlgorithm": "ES384", "credentials": user.credentials}
    for _ in range(3):
        assert wire.call(server, "GetWebIdentityToken", **parameters).code == "AccessDenied"
        user.allow(ALLOW_TOKENS)
        assert wire.call(server, "GetWebIdentityToken", **parameters).status == 200
        user.iam.delete_user_policy(UserName=user.name, PolicyName="inline")


def test_get_caller_identity_of_root_and_of_a_user(server, make_user):
    root = clients.boto(server, "sts").get_caller_identity()
    assert (root["UserId"], root["Account"], root["Arn"]) == (
        server.account, server.account, f"arn:aws:iam::{server.account}:root")
    user = make_user()
    mine = clients.boto(server, "sts", user.credentials).get_caller_identity()
    assert (mine["UserId"], mine["Account"], mine["Arn"]) == (
        user.description["UserId"], server.account, user.arn)


def test_get_access_key_info_tells_the_account(server, make_user):
    user = make_user()
    sts = clients.boto(server, "sts")
    for key in (server.root, user.credentials):
        assert sts.get_access_key_info(AccessKeyId=key.access_key_id)["Account"] == server.account


def test_a_user_that_is_denied_everything_may_still_ask_who_it_is(server, make_user):
    user = make_user({"Effect": "Deny", "Action": "*", "Resource": "*"})
    assert wire.call(server, "GetCallerIdentity", credentials=user.credentials).status == 200


def test_users_and_policies_can_be_read_back(server, iam):
    for number in range(5):
        iam.create_user(UserName=f"list-{number}", Path="/list/", Tags=[{"Key": "k", "Value": "v"}])
    pages = iam.get_paginator("list_users").paginate(PathPrefix="/list/", PaginationConfig={"PageSize": 2})
    found = [user for page in pages for user in page["Users"]]
    assert [user["UserName"] for user in found] == [f"list-{number}" for number in range(5)]
    assert all(set(user) == {"Path", "UserName", "UserId", "Arn", "CreateDate"} for user in found)
    refused(lambda: iam.list_users(Marker="!"), 400, "ValidationError")

    spaced = json.dumps(json.loads(POLICY), indent=4)
    for name in ("b", "a", "c"):
        iam.put_user_policy(UserName="list-0", PolicyName=name, PolicyDocument=spaced)
    names = iam.get_paginator("list_user_policies").paginate(UserName="list-0", PaginationConfig={"PageSize": 1})
    assert [name for page in names for name in page["PolicyNames"]] == ["a", "b", "c"]
    policy = iam.get_user_policy(UserName="list-0", PolicyName="b")
    assert (policy["UserName"], policy["PolicyName"]) == ("list-0", "b")
    assert policy["PolicyDocument"] == json.loads(POLICY)
    refused(lambda: iam.get_user_policy(UserName="list-0", PolicyName="z"), 404, "NoSuchEntity",
            "The user policy with name z cannot be found.")
    refused(lambda: iam.list_user_policies(UserName="nobody"), 404, "NoSuchEntity",
            "The user with name nobody cannot be found.")


def test_a_renamed_user_is_the_same_user(server, iam):
    born = iam.create_user(UserName="maiden", Path="/a/", Tags=[{"Key": "k", "Value": "v"}])["User"]
    key = iam.create_access_key(UserName="maiden")["AccessKey"]
    iam.put_user_policy(UserName="maiden", PolicyName="p", PolicyDocument=POLICY)
    iam.create_user(UserName="taken")
    refused(lambda: iam.update_user(UserName="maiden", NewUserName="TAKEN"), 409, "EntityAlreadyExists",
            "User with name TAKEN already exists.")
    iam.update_user(UserName="maiden", NewUserName="married", NewPath="/b/")
    refused(lambda: iam.get_user(UserName="maiden"), 404, "NoSuchEntity")
    arn = f"arn:aws:iam::{server.account}:user/b/married"
    assert iam.get_user(UserName="married")["User"] == {**born, "UserName": "married", "Path": "/b/", "Arn": arn}
    credentials = Credentials(key["AccessKeyId"], key["SecretAccessKey"])
    assert clients.boto(server, "sts", credentials).get_caller_identity()["Arn"] == arn
    wire.token(server, credentials=credentials)
    assert iam.list_access_keys(UserName="married")["AccessKeyMetadata"][0]["UserName"] == "married"
    iam.delete_access_key(UserName="married", AccessKeyId=key["AccessKeyId"])
    iam.delete_user_policy(UserName="married", PolicyName="p")
    for name in ("married", "taken"):
        iam.delete_user(UserName=name)
    refused(lambda: iam.update_user(UserName="married", NewPath="/"), 404, "NoSuchEntity",
            "The user with name married cannot be found.")


@pytest.mark.parametrize("parameters", [{"NewUserName": "a b"}, {"NewUserName": "a" * 65}, {"NewPath": "a"}])
def test_a_new_name_or_path_outside_the_model_is_refused(iam, make_user, parameters):
    refused(lambda: iam.update_user(UserName=make_user().name, **parameters), 400, "ValidationError")


def test_whose_a_key_is_and_that_nobody_counts_its_uses(iam, make_user):
    user = make_user()
    answer = iam.get_access_key_last_used(AccessKeyId=user.credentials.access_key_id)
    assert answer["UserName"] == user.name
    assert answer["AccessKeyLastUsed"] == {"ServiceName": "N/A", "Region": "N/A"}
    key = "AKIA" + "X" * 16
    refused(lambda: iam.get_access_key_last_used(AccessKeyId=key), 404, "NoSuchEntity",
            f"The Access Key with id {key} cannot be found.")


def test_what_cleaners_ask_for_is_answered(iam, make_user):
    """What Terraform's force_destroy and its like look for before they delete a user."""
    user = make_user().name
    for call, member in ((iam.list_mfa_devices, "MFADevices"), (iam.list_ssh_public_keys, "SSHPublicKeys"),
                         (iam.list_signing_certificates, "Certificates"),
                         (iam.list_service_specific_credentials, "ServiceSpecificCredentials")):
        answer = call(UserName=user)
        assert (answer[member], answer["IsTruncated"]) == ([], False)
        refused(lambda: call(UserName="nobody"), 404, "NoSuchEntity", "The user with name nobody cannot be found.")
    assert iam.list_virtual_mfa_devices(AssignmentStatus="Any")["VirtualMFADevices"] == []
    for call in (iam.get_login_profile, iam.delete_login_profile):
        refused(lambda: call(UserName=user), 404, "NoSuchEntity", f"Login Profile for User {user} cannot be found.")


def test_a_user_looks_as_recorded_from_aws(iam, make_user):
    answers = recorded.scenario(
        "iam-test_basic_user.json",
        "tests/aws/services/iam/resource_providers/aws_iam_user/test_basic_user.py::TestBasicCRD::test_black_box")
    assert set(iam.get_user(UserName=make_user().name)["User"]) == set(answers["describe-resource"]["User"])
