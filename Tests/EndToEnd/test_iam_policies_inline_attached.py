# SPDX-License-Identifier: Apache-2.0
"""Inline and attached policies and permissions boundaries of users, groups and roles."""

import itertools
import json

import pytest

from driver import clients, recorded, wire
from driver.refusals import refused
from driver.users import ALLOW_TOKENS

READ_ONLY = "arn:aws:iam::aws:policy/IAMReadOnlyAccess"
ADMIN = "arn:aws:iam::aws:policy/AdministratorAccess"
POLICY = {"Version": "2012-10-17", "Statement": [ALLOW_TOKENS]}
TRUST = {"Version": "2012-10-17", "Statement": {
    "Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}}
KINDS = ["user", "group", "role"]
numbers = itertools.count(1)


@pytest.fixture
def iam(server):
    return clients.boto(server, "iam")


class Entity:
    """A user, group or role, with the calls that exist for all three."""

    def __init__(self, iam, kind):
        self.iam, self.kind, self.name = iam, kind, f"{kind}-of-policies-{next(numbers)}"
        self.key = {f"{kind.title()}Name": self.name}
        more = {"AssumeRolePolicyDocument": json.dumps(TRUST)} if kind == "role" else {}
        getattr(iam, f"create_{kind}")(**self.key, **more)

    def call(self, name, **parameters):
        return getattr(self.iam, name.replace("ENTITY", self.kind))(**self.key, **parameters)

    def remove(self):
        for name in self.call("list_ENTITY_policies")["PolicyNames"]:
            self.call("delete_ENTITY_policy", PolicyName=name)
        for policy in self.call("list_attached_ENTITY_policies")["AttachedPolicies"]:
            self.call("detach_ENTITY_policy", PolicyArn=policy["PolicyArn"])
        self.call("delete_ENTITY")


@pytest.fixture(params=KINDS)
def entity(request, iam):
    made = Entity(iam, request.param)
    yield made
    made.remove()


def test_inline_policies_from_put_to_delete(entity):
    spaced = json.dumps(POLICY, indent=4)
    for name in ("b", "a", "c"):
        entity.call("put_ENTITY_policy", PolicyName=name, PolicyDocument=spaced)
    names = []
    marker = {}
    while True:
        page = entity.call("list_ENTITY_policies", MaxItems=1, **marker)
        names += page["PolicyNames"]
        if not page["IsTruncated"]:
            break
        marker = {"Marker": page["Marker"]}
    assert names == ["a", "b", "c"]
    answer = entity.call("get_ENTITY_policy", PolicyName="b")
    del answer["ResponseMetadata"]
    assert answer == {**entity.key, "PolicyName": "b", "PolicyDocument": POLICY}
    entity.call("delete_ENTITY_policy", PolicyName="b")
    for call in ("get_ENTITY_policy", "delete_ENTITY_policy"):
        refused(lambda: entity.call(call, PolicyName="b"), 404, "NoSuchEntity",
                f"The {entity.kind} policy with name b cannot be found.")
    refused(lambda: entity.call("put_ENTITY_policy", PolicyName="b", PolicyDocument="{}"), 400,
            "MalformedPolicyDocument")
    refused(lambda: entity.call("delete_ENTITY"), 409, "DeleteConflict",
            "Cannot delete entity, must delete policies first.")


def test_inline_policies_have_room_for_so_many_characters(entity):
    maximum = {"user": 2048, "group": 5120, "role": 10240}[entity.kind]

    def document(size):
        frame = json.dumps({"Version": "2012-10-17", "Statement": [
            {"Effect": "Deny", "Action": "s3:*", "Resource": "arn:aws:s3:::X"}]}, separators=(",", ":"))
        return frame.replace("X", "x" * (size - len(frame) + 1))

    entity.call("put_ENTITY_policy", PolicyName="a", PolicyDocument=document(maximum // 2))
    entity.call("put_ENTITY_policy", PolicyName="b", PolicyDocument=document(maximum // 2))
    text = f"Maximum policy size of {maximum} bytes exceeded for {entity.kind} {entity.name}"
    refused(lambda: entity.call("put_ENTITY_policy", PolicyName="b", PolicyDocument=document(maximum // 2 + 1)), 409,
            "LimitExceeded", text)
    refused(lambda: entity.call("put_ENTITY_policy", PolicyName="c", PolicyDocument=json.dumps(POLICY)), 409,
            "LimitExceeded", text)


def test_a_document_comes_back_as_recorded_from_aws(entity):
    answers = recorded.scenario("iam.json", f"TestIAMPolicyEncoding::test_put_{entity.kind}_policy_encoding")
    expected = recorded.filled(
        answers["get-policy-response"], policy_name_1="p", **{f"{entity.kind}_name_1": entity.name})
    del expected["ResponseMetadata"]
    entity.call("put_ENTITY_policy", PolicyName="p", PolicyDocument=json.dumps(expected["PolicyDocument"]))
    answer = entity.call("get_ENTITY_policy", PolicyName="p")
    del answer["ResponseMetadata"]
    assert answer == expected


def test_attached_policies_from_attach_to_detach(entity):
    for arn in (READ_ONLY, ADMIN, READ_ONLY):
        entity.call("attach_ENTITY_policy", PolicyArn=arn)
    first = entity.call("list_attached_ENTITY_policies", MaxItems=1)
    assert first["AttachedPolicies"] == [{"PolicyName": "AdministratorAccess", "PolicyArn": ADMIN}]
    rest = entity.call("list_attached_ENTITY_policies", Marker=first["Marker"])
    assert rest["AttachedPolicies"] == [{"PolicyName": "IAMReadOnlyAccess", "PolicyArn": READ_ONLY}]
    assert (first["IsTruncated"], rest["IsTruncated"]) == (True, False)
    assert entity.call("list_attached_ENTITY_policies", PathPrefix="/a/")["AttachedPolicies"] == []
    refused(lambda: entity.call("list_attached_ENTITY_policies", PathPrefix="/a"), 400, "ValidationError")
    refused(lambda: entity.call("delete_ENTITY"), 409, "DeleteConflict",
            "Cannot delete entity, must detach all policies first.")
    entity.call("detach_ENTITY_policy", PolicyArn=ADMIN)
    refused(lambda: entity.call("detach_ENTITY_policy", PolicyArn=ADMIN), 404, "NoSuchEntity",
            f"Policy {ADMIN} was not found.")


def test_attaching_what_is_no_policy_is_refused_as_recorded_from_aws(server, entity):
    kind = "role" if entity.kind == "role" else "user"
    answers = recorded.scenario("iam.json", f"TestIAMIntegrations::test_{kind}_attach_policy")
    absent = f"arn:aws:iam::{server.account}:policy/policy-that-is-not-there"
    for step, arn in (("non_existent_malformed_policy_arn", "longpolicynamebutnoarn"),
                      ("existing_policy_name_provided", "the-name-of-a-policy"),
                      ("valid_arn_not_existent", absent)):
        status, code, message = recorded.error(answers, step)
        if step == "valid_arn_not_existent":
            message = absent.join(["Policy ", message[message.index(" does"):]])
        refused(lambda: entity.call("attach_ENTITY_policy", PolicyArn=arn), status, code, message)
    # Detaching one that is nowhere is worded as recorded of a deletion.
    deletion = recorded.scenario(
        "iam.json", "TestIAMIntegrations::test_delete_non_existent_policy_returns_no_such_entity")
    status, code, message = recorded.error(deletion, "delete-non-existent-policy-exc")
    message = recorded.filled(message).replace("111111111111", server.account)
    refused(lambda: entity.call("detach_ENTITY_policy",
                                PolicyArn=f"arn:aws:iam::{server.account}:policy/non-existent-policy"),
            status, code, message)
    for wrong in ("arn:aws:iam::210987654321:policy/other", f"arn:aws:iam::{server.account}:role/not-a-policy"):
        refused(lambda: entity.call("attach_ENTITY_policy", PolicyArn=wrong), 400, "InvalidInput",
                f"ARN {wrong} is not valid.")
    refused(lambda: entity.call("attach_ENTITY_policy", PolicyArn="short"), 400, "ValidationError")


CALLS = [
    ("put_ENTITY_policy", {"PolicyName": "p", "PolicyDocument": json.dumps(POLICY)}),
    ("get_ENTITY_policy", {"PolicyName": "p"}), ("delete_ENTITY_policy", {"PolicyName": "p"}),
    ("list_ENTITY_policies", {}), ("attach_ENTITY_policy", {"PolicyArn": ADMIN}),
    ("detach_ENTITY_policy", {"PolicyArn": ADMIN}), ("list_attached_ENTITY_policies", {}),
    ("put_ENTITY_permissions_boundary", {"PermissionsBoundary": ADMIN}),
    ("delete_ENTITY_permissions_boundary", {})]


@pytest.mark.parametrize("kind, call, parameters", [
    (kind, call, parameters) for kind in KINDS for call, parameters in CALLS
    if kind != "group" or "boundary" not in call])
def test_nothing_is_done_for_what_does_not_exist(iam, kind, call, parameters):
    refused(lambda: getattr(iam, call.replace("ENTITY", kind))(**{f"{kind.title()}Name": "nobody"}, **parameters),
            404, "NoSuchEntity", f"The {kind} with name nobody cannot be found.")


@pytest.mark.parametrize("kind", ["user", "role"])
def test_a_boundary_from_put_to_delete(server, iam, kind):
    entity = Entity(iam, kind)

    def boundary():
        return entity.call("get_ENTITY")[kind.title()].get("PermissionsBoundary")

    def put(arn):
        return entity.call("put_ENTITY_permissions_boundary", PermissionsBoundary=arn)

    assert boundary() is None
    for arn in (READ_ONLY, ADMIN, ADMIN):
        put(arn)
        assert boundary() == {"PermissionsBoundaryType": "PermissionsBoundaryPolicy", "PermissionsBoundaryArn": arn}
    absent = f"arn:aws:iam::{server.account}:policy/policy-that-is-not-there"
    refused(lambda: put(absent), 404, "NoSuchEntity", f"Scope ARN: {absent} does not exist or is not attachable.")
    refused(lambda: put("longpolicynamebutnoarn"), 400, "ValidationError", "Invalid ARN:  Could not be parsed!")
    other = "arn:aws:iam::210987654321:policy/other"
    refused(lambda: put(other), 400, "InvalidInput", f"ARN {other} is not valid.")
    for _ in range(2):
        entity.call("delete_ENTITY_permissions_boundary")
        assert boundary() is None
    put(ADMIN)
    entity.remove()


def test_a_user_may_be_made_with_a_boundary(iam):
    made = iam.create_user(UserName="bounded", PermissionsBoundary=READ_ONLY)["User"]
    assert made["PermissionsBoundary"] == {
        "PermissionsBoundaryType": "PermissionsBoundaryPolicy", "PermissionsBoundaryArn": READ_ONLY}
    assert iam.get_user(UserName="bounded")["User"] == made
    listed = next(user for user in iam.list_users()["Users"] if user["UserName"] == "bounded")
    assert "PermissionsBoundary" not in listed
    iam.delete_user(UserName="bounded")


def test_a_boundary_limits_a_user_at_once(server, iam, make_user):
    user = make_user(ALLOW_TOKENS)
    wire.token(server, credentials=user.credentials)
    iam.put_user_permissions_boundary(UserName=user.name, PermissionsBoundary=READ_ONLY)
    answer = wire.call(server, "GetWebIdentityToken", Audience=["a"], SigningAlgorithm="ES384",
                       credentials=user.credentials)
    assert answer.code == "AccessDenied"
    assert "because no permissions boundary allows the sts:GetWebIdentityToken action" in answer.body.decode()
    iam.delete_user_permissions_boundary(UserName=user.name)
    wire.token(server, credentials=user.credentials)


def test_attached_policies_bear_on_a_user_at_once(server, iam, make_user):
    user = make_user()
    mine = clients.boto(server, "iam", user.credentials)
    refused(lambda: mine.list_users(), 403, "AccessDenied")
    iam.attach_user_policy(UserName=user.name, PolicyArn=READ_ONLY)
    mine.list_users()
    refused(lambda: mine.create_user(UserName="by-a-reader"), 403, "AccessDenied")
    iam.detach_user_policy(UserName=user.name, PolicyArn=READ_ONLY)
    refused(lambda: mine.list_users(), 403, "AccessDenied")
