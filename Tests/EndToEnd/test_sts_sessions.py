# SPDX-License-Identifier: Apache-2.0
"""Sessions as stock clients get and use them: roles, chains, session policies, tags, federated users, proxies."""

import datetime
import json

import botocore.exceptions
import pytest

from driver import audit, clients, server as servers, tokens, wire
from driver.server import Credentials
from driver.users import ALLOW_TOKENS

ALL = {"Effect": "Allow", "Action": "*", "Resource": "*"}
TRUST_ACTIONS = ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"]


def document(*statements):
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def refused(call, status, code, message=...):
    """`call()` must raise exactly this."""
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        call()
    error, metadata = caught.value.response["Error"], caught.value.response["ResponseMetadata"]
    assert (metadata["HTTPStatusCode"], error["Code"], error["Type"]) == (status, code, "Sender"), error
    if message is not ...:
        assert error["Message"] == message


def credentials_of(answer):
    found = answer["Credentials"]
    return Credentials(found["AccessKeyId"], found["SecretAccessKey"], found["SessionToken"])


@pytest.fixture
def make_role(server):
    """Makes roles that trust the account, with an inline policy, and removes them again."""
    iam, made = clients.boto(server, "iam"), []

    def make(name, *statements, trust=None, **parameters):
        trusted = trust or {"Effect": "Allow", "Principal": {"AWS": server.account}, "Action": TRUST_ACTIONS}
        role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=document(trusted), **parameters)["Role"]
        made.append(name)
        iam.put_role_policy(RoleName=name, PolicyName="inline", PolicyDocument=document(*statements or [ALL]))
        return role

    yield make
    for name in made:
        try:
            iam.delete_role_policy(RoleName=name, PolicyName="inline")
            iam.delete_role(RoleName=name)
        except iam.exceptions.NoSuchEntityException:
            pass


@pytest.fixture
def alice(make_user):
    return make_user(ALL)


@pytest.fixture
def sts(server, alice):
    return clients.boto(server, "sts", alice.credentials)


def token_of(server, credentials):
    """Through boto3, so that its signer puts the session token where it belongs."""
    client = clients.boto(server, "sts", credentials)
    answer = client.get_web_identity_token(Audience=["a"], SigningAlgorithm="ES384")
    return tokens.claims_of(answer["WebIdentityToken"])


def test_a_role_is_assumed_and_its_token_is_the_roles(server, make_role, sts):
    role = make_role("builder", ALLOW_TOKENS, Path="/ci/", Tags=[{"Key": "Team", "Value": "blue"}])
    answer = sts.assume_role(RoleArn=role["Arn"], RoleSessionName="run-7", SourceIdentity="alice",
                             Tags=[{"Key": "team", "Value": "red"}])
    assert answer["AssumedRoleUser"] == {
        "AssumedRoleId": f"{role['RoleId']}:run-7",
        "Arn": f"arn:aws:sts::{server.account}:assumed-role/builder/run-7"}
    assert answer["SourceIdentity"] == "alice"
    assert 0 < answer["PackedPolicySize"] < 5
    left = answer["Credentials"]["Expiration"] - datetime.datetime.now(datetime.timezone.utc)
    assert datetime.timedelta(minutes=59) < left <= datetime.timedelta(hours=1)
    me = clients.boto(server, "sts", credentials_of(answer)).get_caller_identity()
    assert (me["Arn"], me["UserId"]) == (answer["AssumedRoleUser"]["Arn"], answer["AssumedRoleUser"]["AssumedRoleId"])
    claims = token_of(server, credentials_of(answer))
    aws = claims[tokens.NAMESPACE]
    assert claims["sub"] == aws["principal_id"] == role["Arn"]
    assert aws["principal_tags"] == {"team": "red"}
    assert aws["source_identity"] == "alice"
    assert aws["original_session_exp"] == answer["Credentials"]["Expiration"].strftime("%Y-%m-%dT%H:%M:%SZ")


def test_the_answer_without_policies_and_tags_has_no_more_than_aws_recorded(make_role, sts):
    role = make_role("plain")
    answer = sts.assume_role(RoleArn=role["Arn"], RoleSessionName="session")
    assert set(answer) - {"ResponseMetadata"} == {"AssumedRoleUser", "Credentials"}


def test_a_role_that_is_not_there_and_one_that_does_not_trust_are_told_alike(server, make_role, alice, sts):
    trust = {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
    there = make_role("untrusting", trust=trust)["Arn"]
    for arn in (there, there.replace("untrusting", "absent"), there.replace(server.account, "000000000001")):
        refused(lambda arn=arn: sts.assume_role(RoleArn=arn, RoleSessionName="session"), 403, "AccessDenied",
                f"User: {alice.arn} is not authorized to perform: sts:AssumeRole on resource: {arn}")


def test_root_assumes_no_role(server, make_role):
    role = make_role("rootless")
    refused(lambda: clients.boto(server, "sts").assume_role(RoleArn=role["Arn"], RoleSessionName="session"),
            403, "AccessDenied", "Roles may not be assumed by root accounts.")


@pytest.mark.parametrize("arn", ["nothing-valid-in-here", "arn::b:::something/test-role",
                                 "arn:a::::something/test-role", "arn:a:::something/test-role",
                                 "arn:a:a::aaaaaaaaaa:"])
def test_what_is_no_arn_is_refused_in_the_recorded_words(sts, arn):
    refused(lambda: sts.assume_role(RoleArn=arn, RoleSessionName="session"), 400, "ValidationError",
            f"{arn} is invalid")


def test_chains_and_tags_are_refused_in_the_recorded_words(server, make_role, sts):
    first, second = make_role("chain-1", MaxSessionDuration=43200)["Arn"], make_role("chain-2")["Arn"]
    refused(lambda: sts.assume_role(RoleArn=first, RoleSessionName="s1", Tags=[{"Key": "a", "Value": "b"}],
                                    TransitiveTagKeys=["c"]),
            400, "InvalidParameterValue", "The specified transitive tag key must be included in the requested tags.")
    refused(lambda: sts.assume_role(RoleArn=first, RoleSessionName="s1",
                                    Tags=[{"Key": "a", "Value": "b"}, {"Key": "A", "Value": "b"}]),
            400, "InvalidParameterValue",
            "Duplicate tag keys found. Please note that Tag keys are case insensitive.")
    session = credentials_of(sts.assume_role(
        RoleArn=first, RoleSessionName="s1", Tags=[{"Key": "SessionTag", "Value": "1"}],
        TransitiveTagKeys=["SessionTag"], DurationSeconds=43200))
    chained = clients.boto(server, "sts", session)
    for key in ("SessionTag", "sessiontag"):
        refused(lambda key=key: chained.assume_role(RoleArn=second, RoleSessionName="s2",
                                                    Tags=[{"Key": key, "Value": "2"}]),
                400, "InvalidParameterValue",
                "One of the specified transitive tag keys can't be set because it conflicts with a transitive tag "
                "key from the calling session.")
    refused(lambda: chained.assume_role(RoleArn=second, RoleSessionName="s2", DurationSeconds=3601),
            400, "ValidationError",
            "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.")
    last = credentials_of(chained.assume_role(RoleArn=second, RoleSessionName="s2"))
    assert token_of(server, last)[tokens.NAMESPACE]["principal_tags"] == {"SessionTag": "1"}
    refused(lambda: sts.assume_role(RoleArn=second, RoleSessionName="s2", DurationSeconds=3601),
            400, "ValidationError", "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.")


def test_session_policies_only_take_away(server, make_role, sts):
    role = make_role("limited")
    session = credentials_of(sts.assume_role(RoleArn=role["Arn"], RoleSessionName="s1",
                                             Policy=document(ALLOW_TOKENS)))
    token_of(server, session)
    refused(lambda: clients.boto(server, "iam", session).list_users(), 403, "AccessDenied",
            f"User: arn:aws:sts::{server.account}:assumed-role/limited/s1 is not authorized to perform: iam:ListUsers "
            f"on resource: arn:aws:iam::{server.account}:user/ because no session policy allows the iam:ListUsers "
            "action")
    managed = [{"arn": "arn:aws:iam::aws:policy/IAMReadOnlyAccess"}]
    reader = credentials_of(sts.assume_role(RoleArn=role["Arn"], RoleSessionName="s1", PolicyArns=managed))
    assert clients.boto(server, "iam", reader).list_users()["Users"]
    refused(lambda: token_of(server, reader), 403, "AccessDenied")
    refused(lambda: sts.assume_role(RoleArn=role["Arn"], RoleSessionName="s1", Policy="{}"),
            400, "MalformedPolicyDocument")


def test_a_deleted_role_takes_its_sessions_along(server, make_role, sts):
    iam, role = clients.boto(server, "iam"), make_role("fading")
    session = credentials_of(sts.assume_role(RoleArn=role["Arn"], RoleSessionName="s1"))
    token_of(server, session)
    iam.delete_role_policy(RoleName="fading", PolicyName="inline")
    iam.delete_role(RoleName="fading")
    refused(lambda: token_of(server, session), 403, "InvalidClientTokenId")
    make_role("fading")
    refused(lambda: token_of(server, session), 403, "InvalidClientTokenId")


def test_whoever_takes_the_name_of_a_trusted_user_is_not_trusted(server, make_role, make_user):
    iam, first = clients.boto(server, "iam"), make_user()
    trust = {"Effect": "Allow", "Principal": {"AWS": first.arn}, "Action": "sts:AssumeRole"}
    role = make_role("personal", trust=trust)

    def assume(credentials):
        clients.boto(server, "sts", credentials).assume_role(RoleArn=role["Arn"], RoleSessionName="s1")

    assume(first.credentials)
    first.remove()
    iam.create_user(UserName=first.name)
    key = iam.create_access_key(UserName=first.name)["AccessKey"]
    refused(lambda: assume(Credentials(key["AccessKeyId"], key["SecretAccessKey"])), 403, "AccessDenied")


def test_a_session_token_is_the_user(server, alice, sts):
    own = credentials_of(sts.get_session_token(DurationSeconds=900))
    client = clients.boto(server, "sts", own)
    assert client.get_caller_identity()["Arn"] == alice.arn
    refused(client.get_session_token, 403, "AccessDenied", "Cannot call GetSessionToken with session credentials")
    refused(lambda: token_of(server, own) and client.get_web_identity_token(
        Audience=["a"], SigningAlgorithm="ES384", DurationSeconds=900), 403, "SessionDurationEscalationException",
        "Requested token expiry time must be before the original session's expiry time.")
    refused(clients.boto(server, "iam", own).list_users, 403, "InvalidClientTokenId")


def test_a_federated_user_is_answered_as_recorded_and_gets_no_token(server, sts):
    answer = sts.get_federation_token(Name="guest", DurationSeconds=900)
    assert answer["FederatedUser"] == {"Arn": f"arn:aws:sts::{server.account}:federated-user/guest",
                                       "FederatedUserId": f"{server.account}:guest"}
    assert answer["PackedPolicySize"] == 0
    guest = clients.boto(server, "sts", credentials_of(answer))
    assert guest.get_caller_identity()["Arn"] == answer["FederatedUser"]["Arn"]
    refused(lambda: guest.get_web_identity_token(Audience=["a"], SigningAlgorithm="ES384"), 403, "AccessDenied",
            "GetWebIdentityToken does not support federated user sessions")


def test_the_cli_assumes_a_role_by_its_profile(server, make_role, alice, tmp_path):
    role = make_role("profiled")
    done = clients.aws(server, tmp_path, "sts", "assume-role", "--role-arn", role["Arn"], "--role-session-name",
                       "cli", "--output", "json", credentials=alice.credentials)
    assert done.returncode == 0, done.stderr
    session = credentials_of(json.loads(done.stdout))
    done = clients.aws(server, tmp_path, "sts", "get-caller-identity", "--query", "Arn", "--output", "text",
                       credentials=session)
    assert done.stdout.strip() == f"arn:aws:sts::{server.account}:assumed-role/profiled/cli", done.stderr


def test_an_encoded_message_is_none_of_ours(server):
    refused(lambda: clients.boto(server, "sts").decode_authorization_message(EncodedMessage="abc"), 400,
            "InvalidAuthorizationMessageException", "Message is not valid")


@pytest.mark.parametrize("setting", ["flag", "environment"])
def test_a_trusted_proxy_names_the_client(tmp_path, setting):
    flags = ["--trusted-proxy", "192.0.2.0/24", "--trusted-proxy", "127.0.0.1"] if setting == "flag" else []
    options = {} if flags else {"environment": {"EXEAT_TRUSTED_PROXY": "192.0.2.0/24, 127.0.0.1"}}
    with servers.serve_plain(tmp_path, *flags, **options) as running:
        for field, address in [("203.0.113.9", "203.0.113.9"), ("198.51.100.1, 203.0.113.9", "203.0.113.9"),
                               ("203.0.113.9, 192.0.2.7", "203.0.113.9"), ("garbage", "127.0.0.1")]:
            body = b"Action=GetCallerIdentity&Version=2011-06-15"
            request = wire.sign(running, "sts", body)
            headers = {**dict(request.headers), "X-Forwarded-For": field}
            answer = wire.send(running, request.method, request.url, headers, body)
            assert answer.status == 200, answer.body
            assert audit.the_record(running, answer)["sourceIPAddress"] == address


def test_a_proxy_that_is_no_network_stops_the_start(tmp_path):
    data = servers.init(tmp_path / "data")
    done = servers.exeat("serve", "--data-dir", data, "--public-url", "https://exeat.example", "--tls", "off",
                         "--trusted-proxy", "192.0.2.0/33")
    assert done.returncode == 2
    assert "--trusted-proxy: `192.0.2.0/33` is not a list of networks" in done.stderr
