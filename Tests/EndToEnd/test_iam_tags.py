# SPDX-License-Identifier: Apache-2.0
"""Tags of users, roles and instance profiles, as boto3 sees them."""

import json

import pytest

from driver import clients, wire
from test_iam_roles import TRUST
from test_iam_users import refused

KINDS = {
    "user": ("UserName", "create_user", "delete_user", {}),
    "role": ("RoleName", "create_role", "delete_role", {"AssumeRolePolicyDocument": json.dumps(TRUST)}),
    "instance_profile": ("InstanceProfileName", "create_instance_profile", "delete_instance_profile", {}),
}


@pytest.fixture(params=KINDS)
def kind(request, server):
    """The tag calls of one kind, bound to a resource with the name `marked`."""
    iam = clients.boto(server, "iam")
    parameter, create, delete, more = KINDS[request.param]
    name = {parameter: "marked"}
    getattr(iam, create)(**name, **more, Tags=[{"Key": "born", "Value": "with"}])

    class Kind:
        noun, client = request.param, iam

        @staticmethod
        def tag(tags, **other):
            return getattr(iam, f"tag_{request.param}")(
                **{**name, **other}, Tags=[{"Key": key, "Value": value} for key, value in tags.items()])

        @staticmethod
        def untag(*keys):
            return getattr(iam, f"untag_{request.param}")(**name, TagKeys=list(keys))

        @staticmethod
        def listed(size=100):
            pages = iam.get_paginator(f"list_{request.param}_tags").paginate(**name, PaginationConfig={"PageSize": size})
            return [(tag["Key"], tag["Value"]) for page in pages for tag in page["Tags"]]

        @staticmethod
        def missing(call):
            return getattr(iam, call)(**{parameter: "unmarked"})

    yield Kind
    getattr(iam, delete)(**name)


def test_tags_are_added_replaced_listed_and_removed(kind):
    assert kind.listed() == [("born", "with")]
    kind.tag({"b": "2", "a": "1"})
    kind.tag({"BORN": "again", "\u00e9t\u00e9": "x y/z"})
    everything = [("BORN", "again"), ("a", "1"), ("b", "2"), ("\u00e9t\u00e9", "x y/z")]
    assert kind.listed() == everything
    assert kind.listed(size=1) == everything
    kind.untag("born", "B", "never")
    assert kind.listed() == [("a", "1"), ("\u00e9t\u00e9", "x y/z")]


def test_tags_have_rules(kind):
    refused(lambda: kind.tag({"k": "1", "K": "2"}), 400, "InvalidInput",
            "Duplicate tag keys found. Please note that Tag keys are case insensitive.")
    refused(lambda: kind.tag({"aws:k": "1"}), 400, "InvalidInput",
            "aws: prefixed tag key names are not allowed for external use.")
    refused(lambda: kind.tag({}), 400, "ValidationError",
            "1 validation error detected: Value null at 'tags' failed to satisfy constraint: Member must not be null")
    kind.tag({f"k{number}": "" for number in range(49)})
    refused(lambda: kind.tag({"one": "more"}), 409, "LimitExceeded",
            "The number of tags has reached the maximum limit.")
    assert len(kind.listed(size=7)) == 50


def test_what_is_not_there_has_no_tags(kind):
    message = {"user": "The user with name unmarked cannot be found.",
               "role": "The role with name unmarked cannot be found.",
               "instance_profile": "Instance Profile unmarked cannot be found."}[kind.noun]
    refused(lambda: kind.missing(f"list_{kind.noun}_tags"), 404, "NoSuchEntity", message)


def test_the_tag_of_a_user_is_in_its_next_token(server, make_user):
    user = make_user({"Effect": "Allow", "Action": "sts:GetWebIdentityToken", "Resource": "*",
                      "Condition": {"StringEquals": {"aws:PrincipalTag/team": "blue"}}})
    parameters = {"Audience": ["a"], "SigningAlgorithm": "ES384", "credentials": user.credentials}
    assert wire.call(server, "GetWebIdentityToken", **parameters).code == "AccessDenied"
    user.iam.tag_user(UserName=user.name, Tags=[{"Key": "Team", "Value": "blue"}])
    assert wire.call(server, "GetWebIdentityToken", **parameters).status == 200
    user.iam.untag_user(UserName=user.name, TagKeys=["team"])
    assert wire.call(server, "GetWebIdentityToken", **parameters).code == "AccessDenied"
