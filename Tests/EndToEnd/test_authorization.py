# SPDX-License-Identifier: Apache-2.0
"""Who may do what, and the sentences of a denial: contract §1.9, §4."""

import pytest

from driver import wire
from driver.users import ALLOW_TAGS, ALLOW_TOKENS

ACTION = "GetWebIdentityToken"
GOOD = {"Audience": ["a"], "SigningAlgorithm": "ES384"}


def implicit(server, user, action="sts:GetWebIdentityToken"):
    return (f"User: {user.arn} is not authorized to perform: {action} on resource: "
            f"arn:aws:sts::{server.account}:self because no identity-based policy allows the {action} action")


def explicit(server, user, action="sts:GetWebIdentityToken"):
    return (f"User: {user.arn} is not authorized to perform: {action} on resource: "
            f"arn:aws:sts::{server.account}:self with an explicit deny in an identity-based policy")


def ask(server, user, **parameters):
    return wire.call(server, ACTION, credentials=user.credentials, **{**GOOD, **parameters})


def test_without_a_policy_nothing_is_allowed(server, make_user):
    user = make_user()
    wire.assert_error(ask(server, user), 403, "AccessDenied", implicit(server, user))


def test_an_explicit_deny_wins_in_any_order(server, make_user):
    deny = {"Effect": "Deny", "Action": "sts:GetWebIdentityToken", "Resource": "*"}
    for statements in ((ALLOW_TOKENS, deny), (deny, ALLOW_TOKENS)):
        user = make_user(*statements)
        wire.assert_error(ask(server, user), 403, "AccessDenied", explicit(server, user))


def test_tags_need_a_permission_of_their_own(server, make_user):
    user = make_user(ALLOW_TOKENS)
    assert ask(server, user).status == 200
    wire.assert_error(ask(server, user, Tags={"k": "v"}), 403, "AccessDenied",
                      implicit(server, user, "sts:TagGetWebIdentityToken"))
    user.allow(ALLOW_TOKENS, ALLOW_TAGS)
    assert ask(server, user, Tags={"k": "v"}).status == 200


def test_the_permission_to_tag_alone_gives_no_token(server, make_user):
    user = make_user(ALLOW_TAGS)
    wire.assert_error(ask(server, user, Tags={"k": "v"}), 403, "AccessDenied", implicit(server, user))


@pytest.mark.parametrize("resource, allowed", [
    ("*", True), ("arn:aws:sts::{account}:self", True), ("arn:aws:sts::*:self", True), ("{arn}", False),
    ("arn:aws:sts::111122223333:self", False), ("arn:aws:sts::{account}:SELF", False)])
def test_the_resource_is_self(server, make_user, resource, allowed):
    user = make_user()
    user.allow({**ALLOW_TOKENS, "Resource": resource.format(account=server.account, arn=user.arn)})
    answer = ask(server, user)
    if allowed:
        assert answer.status == 200, answer.body
    else:
        wire.assert_error(answer, 403, "AccessDenied", implicit(server, user))


@pytest.mark.parametrize("action, allowed", [
    ("sts:*", True), ("STS:getwebidentitytoken", True), ("sts:GetWebIdentity*", True), ("sts:GetWebIdentityToke?", True),
    ("sts:GetWebIdentity", False), ("iam:*", False), ("s\u200bts:*", False)])
def test_the_action_is_matched_as_aws_does(server, make_user, action, allowed):
    user = make_user()
    try:
        user.allow({**ALLOW_TOKENS, "Action": action})
    except user.iam.exceptions.MalformedPolicyDocumentException:
        assert not allowed
        return
    assert (ask(server, user).status == 200) is allowed


CONDITIONS = {
    "audience": ({"ForAllValues:StringEquals": {"sts:IdentityTokenAudience": ["a", "b"]},
                  "Null": {"sts:IdentityTokenAudience": "false"}},
                 [({"Audience": ["a"]}, True), ({"Audience": ["b", "a"]}, True), ({"Audience": ["a", "c"]}, False)]),
    "duration": ({"NumericLessThanEquals": {"sts:DurationSeconds": "300"}},
                 [({}, True), ({"DurationSeconds": 300}, True), ({"DurationSeconds": 301}, False)]),
    "algorithm": ({"StringEquals": {"sts:SigningAlgorithm": "ES384"}},
                  [({}, True), ({"SigningAlgorithm": "RS256"}, False)]),
}


@pytest.mark.parametrize("case", CONDITIONS)
def test_condition_keys_of_the_call(server, make_user, case):
    condition, calls = CONDITIONS[case]
    user = make_user({**ALLOW_TOKENS, "Condition": condition})
    for parameters, allowed in calls:
        answer = ask(server, user, **parameters)
        assert (answer.status == 200) is allowed, (parameters, answer.body)
        if not allowed:
            assert answer.message == implicit(server, user)


def test_request_tags_can_be_fixed_by_policy(server, make_user):
    user = make_user(ALLOW_TOKENS, {**ALLOW_TAGS, "Condition": {
        "StringEquals": {"aws:RequestTag/team": "blue"}, "ForAllValues:StringEquals": {"aws:TagKeys": ["team"]}}})
    assert ask(server, user, Tags={"team": "blue"}).status == 200
    for tags in ({"team": "red"}, {"team": "blue", "more": "x"}, {"more": "x"}):
        answer = ask(server, user, Tags=tags)
        assert answer.message == implicit(server, user, "sts:TagGetWebIdentityToken"), tags


@pytest.mark.parametrize("action, resource", [
    ("GetOutboundWebIdentityFederationInfo", "*"), ("EnableOutboundWebIdentityFederation", "*"),
    ("DisableOutboundWebIdentityFederation", "*")])
def test_iam_calls_say_who_may_not_do_what(server, make_user, action, resource):
    user = make_user()
    answer = wire.call(server, action, "iam", credentials=user.credentials)
    wire.assert_error(answer, 403, "AccessDenied", service="iam")
    sentence = (f"User: {user.arn} is not authorized to perform: iam:{action} on resource: {resource} "
                f"because no identity-based policy allows the iam:{action} action")
    assert answer.message == sentence or answer.message.startswith(sentence + ". ")


@pytest.mark.parametrize("action, parameters", [
    ("CreateUser", {"UserName": "x"}), ("GetUser", {"UserName": "x"}), ("DeleteUser", {"UserName": "x"}),
    ("CreateAccessKey", {"UserName": "x"}), ("ListAccessKeys", {"UserName": "x"}),
    ("UpdateAccessKey", {"UserName": "x", "AccessKeyId": "A" * 20, "Status": "Inactive"}),
    ("DeleteAccessKey", {"UserName": "x", "AccessKeyId": "A" * 20}),
    ("PutUserPolicy", {"UserName": "x", "PolicyName": "p", "PolicyDocument": "{}"}),
    ("DeleteUserPolicy", {"UserName": "x", "PolicyName": "p"})])
def test_no_iam_call_is_open_to_a_user_without_policy(server, make_user, action, parameters):
    user = make_user(ALLOW_TOKENS)
    answer = wire.call(server, action, "iam", credentials=user.credentials, **parameters)
    wire.assert_error(answer, 403, "AccessDenied", service="iam")
    assert answer.message.startswith(
        f"User: {user.arn} is not authorized to perform: iam:{action} on resource: "), answer.message


def test_a_user_may_be_allowed_to_rule_only_itself(server, make_user):
    user = make_user()
    user.allow({"Effect": "Allow", "Action": "iam:ListAccessKeys",
                "Resource": f"arn:aws:iam::{server.account}:user/${{aws:username}}"})
    assert wire.call(server, "ListAccessKeys", "iam", credentials=user.credentials, UserName=user.name).status == 200
    answer = wire.call(server, "ListAccessKeys", "iam", credentials=user.credentials, UserName="somebody-else")
    wire.assert_error(answer, 403, "AccessDenied", service="iam")
