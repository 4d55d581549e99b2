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

    def __init__(self, running, home):
        self.running, self.home = running, home
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

    def run(self, *arguments, credentials=None):
        return clients.aws(self.running, self.home, *arguments, credentials=credentials)

    def command(self, *arguments, credentials=None):
        done = self.run(*arguments, credentials=credentials)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout) if done.stdout.strip() else None

    def token(self, *more, credentials=None):
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
    with servers.serve_plain(work) as running:
        made = Organization(running, work)
        for policy_type in ("SERVICE_CONTROL_POLICY", "RESOURCE_CONTROL_POLICY"):
            enabled = made.command("organizations", "enable-policy-type", "--root-id", made.root,
                                   "--policy-type", policy_type)
            assert {"Type": policy_type, "Status": "ENABLED"} in enabled["Root"]["PolicyTypes"]
        yield made


def test_a_service_control_policy_of_the_guide_refuses_and_allows(organization):
    before = organization.token("--duration-seconds", "1800")
    assert before.returncode == 0, before.stderr
    policy_id = organization.guardrail("token-lifetime", "SERVICE_CONTROL_POLICY", organization.unit)

    refused = organization.token("--duration-seconds", "1800")
    arn = f"arn:aws:sts::{organization.account}:assumed-role/OrganizationAccountAccessRole/setup"
    assert refused.stderr.strip().endswith(
        f"An error occurred (AccessDenied) when calling the GetWebIdentityToken operation: User: {arn} is not "
        f"authorized to perform: sts:GetWebIdentityToken on resource: arn:aws:sts::{organization.account}:self with an "
        "explicit deny in a service control policy"), refused.stderr
    allowed = organization.token("--duration-seconds", "900")
    assert allowed.returncode == 0, allowed.stderr

    claims = tokens.claims_of(json.loads(allowed.stdout)["WebIdentityToken"])[tokens.NAMESPACE]
    described = organization.command("organizations", "describe-organization")["Organization"]
    assert claims["org_id"] == described["Id"]
    assert claims["ou_path"] == [f"{described['Id']}/{organization.root}/{organization.unit}/"]

    # The management account is not bound.
    management = clients.boto(organization.running, "iam")
    management.enable_outbound_web_identity_federation()
    free = organization.token("--duration-seconds", "1800", credentials=organization.running.root)
    assert free.returncode == 0, free.stderr

    listed = organization.command("organizations", "list-policies-for-target", "--target-id", organization.unit,
                                  "--filter", "SERVICE_CONTROL_POLICY")["Policies"]
    assert [policy["Id"] for policy in listed] == ["p-FullAWSAccess", policy_id]
    targets = organization.command("organizations", "list-targets-for-policy", "--policy-id", policy_id)["Targets"]
    assert [target["TargetId"] for target in targets] == [organization.unit]

    detached = organization.run("organizations", "detach-policy", "--policy-id", "p-FullAWSAccess",
                                "--target-id", organization.account)
    assert "(ConstraintViolationException)" in detached.stderr and "last policy" in detached.stderr
    organization.command("organizations", "detach-policy", "--policy-id", policy_id, "--target-id", organization.unit)
    again = organization.token("--duration-seconds", "1800")
    assert again.returncode == 0, again.stderr
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
        denied = organization.token(*refused)
        assert "with an explicit deny in a resource control policy" in denied.stderr, denied.stderr
        given = organization.token(*allowed)
        assert given.returncode == 0, given.stderr
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
