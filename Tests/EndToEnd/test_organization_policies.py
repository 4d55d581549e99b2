# SPDX-License-Identifier: Apache-2.0
"""A guide on service control policies, command for command with the stock AWS CLI: an organization, an account, a policy,
a token that is refused and one that is not. The policies are those of examples/guardrails."""

import json
import pathlib

import botocore.exceptions
import pytest

from driver import clients, server as servers, tokens

GUARDRAILS = pathlib.Path(__file__).resolve().parents[2] / "examples" / "guardrails"
# As a list in JSON: version 1 of the CLI fetches what begins with https://.
AUDIENCE = '["https://api.example.com"]'
OTHERS = '["https://api.example.com", "https://evil.example"]'


class Organization:
    """An organization with a member account in a unit; `command` runs the CLI as the management account's root."""

    def __init__(self, running, aws):
        self.running, self.run = running, aws
        self.command("organizations", "create-organization", "--feature-set", "ALL")
        self.root = self.command("organizations", "list-roots")["Roots"][0]["Id"]
        self.unit = self.command(
            "organizations", "create-organizational-unit", "--parent-id", self.root, "--name", "Workloads",
        )["OrganizationalUnit"]["Id"]
        self.account = self.command(
            "organizations", "create-account", "--email", "dev@example.com", "--account-name", "Development",
        )["CreateAccountStatus"]["AccountId"]
        self.command("organizations", "move-account", "--account-id", self.account, "--source-parent-id", self.root,
                     "--destination-parent-id", self.unit)
        iam = clients.boto(running, "iam")
        iam.create_user(UserName="admin")
        iam.attach_user_policy(UserName="admin", PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")
        key = iam.create_access_key(UserName="admin")["AccessKey"]
        admin = servers.Credentials(key["AccessKeyId"], key["SecretAccessKey"])
        self.member = self.assume(admin)
        clients.boto(running, "iam", self.member).enable_outbound_web_identity_federation()

    def assume(self, admin):
        """The session of the role that the management account may assume in the account."""
        assumed = clients.boto(self.running, "sts", admin).assume_role(
            RoleArn=f"arn:aws:iam::{self.account}:role/OrganizationAccountAccessRole", RoleSessionName="setup")
        given = assumed["Credentials"]
        return servers.Credentials(given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"])

    def command(self, *arguments):
        status, out, err = self.run(*arguments)
        assert status == 0, err
        return json.loads(out) if out.strip() else None

    def token(self, *more, credentials=None):
        """Status, standard output and standard error of the command for a token of the member."""
        return self.run("sts", "get-web-identity-token", "--audience", AUDIENCE, "--signing-algorithm", "ES384",
                        *more, credentials=credentials or self.member)

    def guardrail(self, name, policy_type, target):
        """Makes the guardrail `name` and attaches it; its id."""
        kind = "scp" if policy_type == "SERVICE_CONTROL_POLICY" else "rcp"
        made = self.command(
            "organizations", "create-policy", "--type", policy_type, "--name", f"{kind}-{name}",
            "--description", name, "--content", f"file://{GUARDRAILS}/{kind}-{name}.json")
        policy_id = made["Policy"]["PolicySummary"]["Id"]
        self.command("organizations", "attach-policy", "--policy-id", policy_id, "--target-id", target)
        return policy_id


@pytest.fixture(scope="module")
def organization(tmp_path_factory):
    work = tmp_path_factory.mktemp("organization")
    with servers.serve_plain(work) as running, clients.AWSCLI(running, work) as aws:
        made = Organization(running, aws)
        for policy_type in ("SERVICE_CONTROL_POLICY", "RESOURCE_CONTROL_POLICY"):
            enabled = made.command("organizations", "enable-policy-type", "--root-id", made.root,
                                   "--policy-type", policy_type)
            assert {"Type": policy_type, "Status": "ENABLED"} in enabled["Root"]["PolicyTypes"]
        yield made


def test_a_service_control_policy_of_the_guide_refuses_and_allows(organization):
    status, _, err = organization.token("--duration-seconds", "1800")
    assert status == 0, err
    policy_id = organization.guardrail("token-lifetime", "SERVICE_CONTROL_POLICY", organization.unit)

    _, _, err = organization.token("--duration-seconds", "1800")
    arn = f"arn:aws:sts::{organization.account}:assumed-role/OrganizationAccountAccessRole/setup"
    assert err.strip().endswith(
        f"An error occurred (AccessDenied) when calling the GetWebIdentityToken operation: User: {arn} is not "
        f"authorized to perform: sts:GetWebIdentityToken on resource: arn:aws:sts::{organization.account}:self with an "
        "explicit deny in a service control policy"), err
    status, out, err = organization.token("--duration-seconds", "900")
    assert status == 0, err

    claims = tokens.claims_of(json.loads(out)["WebIdentityToken"])[tokens.NAMESPACE]
    described = organization.command("organizations", "describe-organization")["Organization"]
    assert claims["org_id"] == described["Id"]
    assert claims["ou_path"] == [f"{described['Id']}/{organization.root}/{organization.unit}/"]

    # The management account is not bound.
    management = clients.boto(organization.running, "iam")
    management.enable_outbound_web_identity_federation()
    status, _, err = organization.token("--duration-seconds", "1800", credentials=organization.running.root)
    assert status == 0, err

    listed = organization.command("organizations", "list-policies-for-target", "--target-id", organization.unit,
                                  "--filter", "SERVICE_CONTROL_POLICY")["Policies"]
    assert [policy["Id"] for policy in listed] == ["p-FullAWSAccess", policy_id]
    targets = organization.command("organizations", "list-targets-for-policy", "--policy-id", policy_id)["Targets"]
    assert [target["TargetId"] for target in targets] == [organization.unit]

    _, _, err = organization.run("organizations", "detach-policy", "--policy-id", "p-FullAWSAccess",
                                 "--target-id", organization.account)
    assert "(ConstraintViolationException)" in err and "last policy" in err
    organization.command("organizations", "detach-policy", "--policy-id", policy_id, "--target-id", organization.unit)
    status, _, err = organization.token("--duration-seconds", "1800")
    assert status == 0, err
    organization.command("organizations", "delete-policy", "--policy-id", policy_id)


@pytest.mark.parametrize(("name", "refused", "allowed"), [
    ("token-lifetime", ("--duration-seconds", "901"), ()),
    ("audience", ("--audience", OTHERS), ()),
    ("signing-algorithm", ("--signing-algorithm", "RS256"), ()),
    ("required-tags", (), ("--tags", "Key=CostCenter,Value=42")),
])
def test_the_guardrails_hold_at_the_root_as_resource_control_policies(organization, name, refused, allowed):
    policy_id = organization.guardrail(name, "RESOURCE_CONTROL_POLICY", organization.root)
    try:
        _, _, err = organization.token(*refused)
        assert "with an explicit deny in a resource control policy" in err, err
        status, _, err = organization.token(*allowed)
        assert status == 0, err
    finally:
        organization.command("organizations", "detach-policy", "--policy-id", policy_id,
                             "--target-id", organization.root)
        organization.command("organizations", "delete-policy", "--policy-id", policy_id)


def test_a_refusal_is_explained_with_the_level(organization):
    policy_id = organization.guardrail("audience", "SERVICE_CONTROL_POLICY", organization.unit)
    member = clients.boto(organization.running, "sts", organization.member)
    with pytest.raises(botocore.exceptions.ClientError) as refusal:
        member.get_web_identity_token(Audience=["https://evil.example"], SigningAlgorithm="ES384")
    request_id = refusal.value.response["ResponseMetadata"]["RequestId"]
    explained = servers.exeat("policy", "explain", "--data-dir", organization.running.data_dir,
                              "--request-id", request_id)
    assert (f"denied by statement 1 (OnlyTheseAudiences) of {policy_id} (service control policy of "
            f"{organization.unit})") in explained.stdout, explained.stdout + explained.stderr


def test_the_simulator_tells_what_the_organization_allows(organization):
    policy_id = organization.guardrail("required-tags", "SERVICE_CONTROL_POLICY", organization.root)
    iam = clients.boto(organization.running, "iam", organization.member)
    result = iam.simulate_principal_policy(
        PolicySourceArn=f"arn:aws:iam::{organization.account}:role/OrganizationAccountAccessRole",
        ActionNames=["sts:GetWebIdentityToken", "iam:ListUsers"])["EvaluationResults"]
    assert [(one["EvalDecision"], one["OrganizationsDecisionDetail"]["AllowedByOrganizations"]) for one in result] == [
        ("explicitDeny", False), ("allowed", True)]
    clients.boto(organization.running, "organizations").detach_policy(
        PolicyId=policy_id, TargetId=organization.root)
