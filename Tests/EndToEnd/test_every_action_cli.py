# SPDX-License-Identifier: Apache-2.0
"""The stock AWS CLI does every action of IAM and STS in the list: the commands of an administrator and of a user, one
after another."""

import json
import pathlib
import shlex

import botocore
import pytest

from driver import clients, server as servers
from driver.server import Credentials

PAGES = {page.stem for page in (pathlib.Path(__file__).resolve().parents[2] / "docs" / "actions").glob("*.md")}
ACTIONS = PAGES & {
    operation for service in ("iam", "sts")
    for operation in clients.SESSION.client(service, region_name="us-east-1").meta.service_model.operation_names}
ALLOW = json.dumps({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}})
METADATA = ('<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="https://idp.example.com">'
            f'<!-- {"x" * 1000} --></EntityDescriptor>')
READ_ONLY = "arn:aws:iam::aws:policy/IAMReadOnlyAccess"
TAGS = "--tags Key=k,Value=v"

# Who calls, the command, and with `!CODE` the refusal that is the answer. `{name}` is what `=name PATH` took from the
# answer of an earlier command.
COMMANDS = """
root iam enable-outbound-web-identity-federation =issuer IssuerIdentifier
root iam get-outbound-web-identity-federation-info
root iam create-account-alias --account-alias house
root iam list-account-aliases
root iam delete-account-alias --account-alias house
root iam update-account-password-policy --minimum-password-length 20
root iam get-account-password-policy
root iam delete-account-password-policy
root iam get-account-summary
root iam get-account-authorization-details

root iam create-policy --policy-name p --policy-document {allow} =policy Policy.Arn
root iam get-policy --policy-arn {policy}
root iam list-policies --scope Local
root iam create-policy-version --policy-arn {policy} --policy-document {allow}
root iam list-policy-versions --policy-arn {policy}
root iam get-policy-version --policy-arn {policy} --version-id v2
root iam set-default-policy-version --policy-arn {policy} --version-id v2
root iam delete-policy-version --policy-arn {policy} --version-id v1
root iam tag-policy --policy-arn {policy} {tags}
root iam list-policy-tags --policy-arn {policy}
root iam untag-policy --policy-arn {policy} --tag-keys k

root iam create-user --user-name u
root iam get-user --user-name u =userid User.UserId
root iam list-users
root iam tag-user --user-name u {tags}
root iam list-user-tags --user-name u
root iam untag-user --user-name u --tag-keys k
root iam create-access-key --user-name u =key AccessKey
root iam list-access-keys --user-name u
root iam update-access-key --user-name u --access-key-id {keyid} --status Inactive
root iam update-access-key --user-name u --access-key-id {keyid} --status Active
root iam put-user-policy --user-name u --policy-name p --policy-document {allow}
root iam get-user-policy --user-name u --policy-name p
root iam list-user-policies --user-name u
root iam attach-user-policy --user-name u --policy-arn {policy}
root iam list-attached-user-policies --user-name u
root iam list-entities-for-policy --policy-arn {policy}
root iam put-user-permissions-boundary --user-name u --permissions-boundary {policy}
root iam delete-user-permissions-boundary --user-name u
root iam list-mfa-devices --user-name u
root iam list-virtual-mfa-devices
root iam list-ssh-public-keys --user-name u
root iam list-service-specific-credentials --user-name u
root iam list-signing-certificates --user-name u
root iam get-login-profile --user-name u !NoSuchEntity
root iam delete-login-profile --user-name u !NoSuchEntity
root iam get-access-key-last-used --access-key-id {keyid}

root iam create-group --group-name g
root iam add-user-to-group --group-name g --user-name u
root iam get-group --group-name g
root iam list-groups
root iam list-groups-for-user --user-name u
root iam put-group-policy --group-name g --policy-name p --policy-document {allow}
root iam get-group-policy --group-name g --policy-name p
root iam list-group-policies --group-name g
root iam delete-group-policy --group-name g --policy-name p
root iam attach-group-policy --group-name g --policy-arn {policy}
root iam list-attached-group-policies --group-name g
root iam detach-group-policy --group-name g --policy-arn {policy}
root iam remove-user-from-group --group-name g --user-name u
root iam update-group --group-name g --new-group-name h
root iam delete-group --group-name h

root iam create-open-id-connect-provider --url {issuer} --client-id-list exeat =oidc OpenIDConnectProviderArn
root iam add-client-id-to-open-id-connect-provider --open-id-connect-provider-arn {oidc} --client-id other
root iam remove-client-id-from-open-id-connect-provider --open-id-connect-provider-arn {oidc} --client-id other
root iam update-open-id-connect-provider-thumbprint --open-id-connect-provider-arn {oidc} --thumbprint-list {thumbprint}
root iam get-open-id-connect-provider --open-id-connect-provider-arn {oidc}
root iam list-open-id-connect-providers
root iam tag-open-id-connect-provider --open-id-connect-provider-arn {oidc} {tags}
root iam list-open-id-connect-provider-tags --open-id-connect-provider-arn {oidc}
root iam untag-open-id-connect-provider --open-id-connect-provider-arn {oidc} --tag-keys k
root iam create-saml-provider --name s --saml-metadata-document {metadata} =saml SAMLProviderArn
root iam get-saml-provider --saml-provider-arn {saml}
root iam list-saml-providers
root iam update-saml-provider --saml-provider-arn {saml} --saml-metadata-document {metadata}
root iam tag-saml-provider --saml-provider-arn {saml} {tags}
root iam list-saml-provider-tags --saml-provider-arn {saml}
root iam untag-saml-provider --saml-provider-arn {saml} --tag-keys k
root iam delete-saml-provider --saml-provider-arn {saml}

root iam create-role --role-name r --assume-role-policy-document {accounttrust} =role Role.Arn
root iam get-role --role-name r
root iam list-roles
root iam update-role --role-name r --max-session-duration 7200
root iam update-role-description --role-name r --description d
root iam tag-role --role-name r {tags}
root iam list-role-tags --role-name r
root iam untag-role --role-name r --tag-keys k
root iam put-role-policy --role-name r --policy-name p --policy-document {allow}
root iam get-role-policy --role-name r --policy-name p
root iam list-role-policies --role-name r
root iam attach-role-policy --role-name r --policy-arn {policy}
root iam list-attached-role-policies --role-name r
root iam detach-role-policy --role-name r --policy-arn {policy}
root iam put-role-permissions-boundary --role-name r --permissions-boundary {policy}
root iam delete-role-permissions-boundary --role-name r

root sts get-caller-identity
root sts get-access-key-info --access-key-id {keyid}
root sts decode-authorization-message --encoded-message x !InvalidAuthorizationMessageException
user sts get-session-token =session Credentials
session sts get-caller-identity
user sts get-federation-token --name guest =session Credentials
session sts get-caller-identity
user sts assume-role --role-arn {role} --role-session-name s1 =session Credentials
session sts get-web-identity-token --audience exeat --signing-algorithm RS256 =token WebIdentityToken
root iam update-assume-role-policy --role-name r --policy-document {federatedtrust}
nobody sts assume-role-with-web-identity --role-arn {role} --role-session-name s2 --web-identity-token {token}\
 =session Credentials
session sts get-caller-identity

root iam get-context-keys-for-custom-policy --policy-input-list {allow}
root iam get-context-keys-for-principal-policy --policy-source-arn {role}
root iam simulate-custom-policy --policy-input-list {allow} --action-names iam:GetUser
root iam simulate-principal-policy --policy-source-arn {role} --action-names iam:GetUser

root iam create-instance-profile --instance-profile-name i
root iam add-role-to-instance-profile --instance-profile-name i --role-name r
root iam get-instance-profile --instance-profile-name i
root iam list-instance-profiles
root iam list-instance-profiles-for-role --role-name r
root iam tag-instance-profile --instance-profile-name i {tags}
root iam list-instance-profile-tags --instance-profile-name i
root iam untag-instance-profile --instance-profile-name i --tag-keys k
root iam remove-role-from-instance-profile --instance-profile-name i --role-name r
root iam delete-instance-profile --instance-profile-name i

root iam delete-open-id-connect-provider --open-id-connect-provider-arn {oidc}
root iam delete-role-policy --role-name r --policy-name p
root iam delete-role --role-name r
root iam detach-user-policy --user-name u --policy-arn {policy}
root iam delete-user-policy --user-name u --policy-name p
root iam delete-access-key --user-name u --access-key-id {keyid}
root iam update-user --user-name u --new-user-name w
root iam delete-user --user-name w
root iam delete-policy --policy-arn {policy}
root iam disable-outbound-web-identity-federation
"""


def trust(principal, action):
    return json.dumps({"Version": "2012-10-17", "Statement": {
        "Effect": "Allow", "Principal": principal, "Action": action}})


class Story:
    """What the commands know so far, and who calls."""

    def __init__(self, server):
        self.callers = {"root": server.root, "nobody": Credentials("AKIANOBODYNOBODYNOBO", "x")}
        self.words = {
            "allow": ALLOW, "metadata": METADATA, "thumbprint": "a" * 40,
            "accounttrust": trust({"AWS": server.account}, ["sts:AssumeRole"])}

    def arguments(self, words):
        for word in words:
            if word == "{tags}":
                yield from TAGS.split()
            elif word.startswith("{"):
                yield self.words[word.strip("{}")]
            else:
                yield word

    def keep(self, name, value):
        if name == "key":
            self.callers["user"] = Credentials(value["AccessKeyId"], value["SecretAccessKey"])
            self.words["keyid"] = value["AccessKeyId"]
        elif name == "session":
            self.callers["session"] = Credentials(
                value["AccessKeyId"], value["SecretAccessKey"], value["SessionToken"])
        else:
            self.words[name] = value
        if name == "oidc":
            self.words["federatedtrust"] = trust({"Federated": value}, ["sts:AssumeRoleWithWebIdentity"])


def lines():
    for line in COMMANDS.splitlines():
        if line:
            words = shlex.split(line)
            kept = words[-2:] if words[-2].startswith("=") else None
            refusal = words[-1].removeprefix("!") if words[-1].startswith("!") else None
            yield words[0], words[1:len(words) - (2 if kept else 1 if refusal else 0)], kept, refusal


def test_the_commands_are_those_of_every_action_of_the_list():
    names = {botocore.xform_name(action, "-"): action for action in ACTIONS}
    assert {words[1] for _, words, _, _ in lines()} == set(names)


@pytest.mark.long
def test_the_aws_cli_does_every_action_of_the_list(tmp_path):
    with servers.serve_plain(tmp_path) as server, clients.AWSCLI(server, tmp_path) as aws:
        story = Story(server)
        for caller, words, kept, refusal in lines():
            status, out, err = aws(*story.arguments(words), credentials=story.callers[caller])
            if refusal:
                assert status != 0 and f"An error occurred ({refusal}) when calling" in err, (words, out, err)
                continue
            assert (status, err) == (0, ""), (words, err)
            if kept:
                value = json.loads(out)
                for part in kept[1].split("."):
                    value = value[part]
                story.keep(kept[0].removeprefix("="), value)
