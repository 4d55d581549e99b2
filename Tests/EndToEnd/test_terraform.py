# SPDX-License-Identifier: Apache-2.0
"""The stock Terraform AWS provider against the real server: the example is made, read again without a difference,
changed, used, and destroyed, and nothing is left. Runs where `terraform` and the provider are installed."""

import json
import os
import pathlib
import shutil
import subprocess

import boto3
import pytest

from driver import server as servers

EXAMPLE = pathlib.Path(__file__).resolve().parents[2] / "examples" / "terraform"
PROVIDER = pathlib.Path("registry.terraform.io/hashicorp/aws")
# Where providers lie on disk: what the environment says, Terraform's own implied mirrors, and a common one.
MIRRORS = [
    path for path in [
        os.environ.get("TF_PLUGIN_MIRROR"), "~/.terraform.d/plugins", "~/.local/share/terraform/plugins",
        "/usr/local/share/terraform/plugins", "/usr/share/terraform/plugins", "/opt/tf-plugins",
    ] if path and (pathlib.Path(path).expanduser() / PROVIDER).is_dir()
]

pytestmark = [
    pytest.mark.skipif(not shutil.which("terraform"), reason="terraform is not installed"),
    pytest.mark.skipif(not MIRRORS, reason="the Terraform AWS provider is not installed"),
]

MORE = """
variable "endpoint" {}
provider "aws" {
  region                  = "us-east-1"
  skip_metadata_api_check = true
  endpoints {
    iam = var.endpoint
    sts = var.endpoint
  }
  default_tags { tags = { managed = "terraform" } }
  assume_role {
    role_arn     = "arn:aws:iam::ACCOUNT:role/admin"
    session_name = "terraform"
    tags         = { team = "x" }
  }
}
terraform {
  required_providers {
    aws = {
      source = "hashicorp/aws"
    }
  }
}
resource "aws_iam_user" "u" {
  name          = "tf-user"
  force_destroy = true
}
resource "aws_iam_role" "r" {
  name                  = "tf-role"
  force_detach_policies = true
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = ["sts:AssumeRole", "sts:TagSession"], Principal = { AWS = aws_iam_user.u.arn } }]
  })
}
resource "aws_iam_saml_provider" "s" {
  name                   = "tf-saml"
  saml_metadata_document = <<-EOT
    <?xml version="1.0"?>
    <md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" entityID="https://idp.example.com/saml">
      <md:IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">
        <!-- ${join("", [for i in range(100) : "0123456789"])} -->
        <md:SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="https://idp.example.com/sso"/>
      </md:IDPSSODescriptor>
    </md:EntityDescriptor>
  EOT
}
resource "aws_iam_openid_connect_provider" "port" {
  url             = "https://localhost:9443/111122223333"
  client_id_list  = ["https://api.example.com"]
  thumbprint_list = ["990f4193972f2becf12ddeda5237f9c952f20d9e"]
}
resource "aws_iam_account_password_policy" "p" {
  minimum_password_length = 12
}
resource "aws_iam_account_alias" "a" {
  account_alias = "tf-acme"
}
data "aws_iam_roles" "all" {
  depends_on = [aws_iam_role.r]
}
data "aws_iam_policy" "administrator" {
  name = "AdministratorAccess"
}
output "roles" {
  value = data.aws_iam_roles.all.names
}
"""

ORGANIZATION = """
variable "endpoint" {}
variable "jobs" { default = "jobs" }
variable "parent" { default = "team" }
provider "aws" {
  region                  = "us-east-1"
  skip_metadata_api_check = true
  endpoints {
    iam           = var.endpoint
    sts           = var.endpoint
    organizations = var.endpoint
  }
}
terraform {
  required_providers {
    aws = {
      source = "hashicorp/aws"
    }
  }
}
resource "aws_organizations_organization" "o" {
  feature_set          = "ALL"
  enabled_policy_types = ["SERVICE_CONTROL_POLICY", "RESOURCE_CONTROL_POLICY"]
}
resource "aws_organizations_policy" "lifetime" {
  name        = "token-lifetime-${var.jobs}"
  description = "15 minutes at most"
  content = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect = "Deny", Action = "sts:GetWebIdentityToken", Resource = "*"
      Condition = { NumericGreaterThan = { "sts:DurationSeconds" = "900" } }
    }]
  })
  tags       = { unit = var.jobs }
  depends_on = [aws_organizations_organization.o]
}
resource "aws_organizations_policy" "ours" {
  name = "ours"
  type = "RESOURCE_CONTROL_POLICY"
  content = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect = "Deny", Principal = "*", Action = "sts:AssumeRole", Resource = "*"
      Condition = { StringNotEqualsIfExists = { "aws:PrincipalOrgID" = aws_organizations_organization.o.id } }
    }]
  })
}
resource "aws_organizations_policy_attachment" "lifetime" {
  for_each = {
    root    = aws_organizations_organization.o.roots[0].id
    unit    = aws_organizations_organizational_unit.jobs.id
    account = aws_organizations_account.ci.id
  }
  policy_id = aws_organizations_policy.lifetime.id
  target_id = each.value
}
resource "aws_organizations_policy_attachment" "ours" {
  policy_id = aws_organizations_policy.ours.id
  target_id = aws_organizations_organizational_unit.jobs.id
}
resource "aws_organizations_organizational_unit" "jobs" {
  name      = var.jobs
  parent_id = aws_organizations_organization.o.roots[0].id
  tags      = { unit = var.jobs }
}
resource "aws_organizations_organizational_unit" "team" {
  name      = "team"
  parent_id = aws_organizations_organizational_unit.jobs.id
}
resource "aws_organizations_account" "ci" {
  name      = "ci"
  email     = "ci@example.org"
  parent_id = { team = aws_organizations_organizational_unit.team.id, root = aws_organizations_organization.o.roots[0].id }[var.parent]
  tags      = { unit = var.jobs }
}
resource "aws_organizations_account" "closed" {
  name              = "closed"
  email             = "closed@example.org"
  close_on_deletion = true
  depends_on        = [aws_organizations_organization.o]
}
data "aws_organizations_organizational_units" "all" {
  parent_id  = aws_organizations_organization.o.roots[0].id
  depends_on = [aws_organizations_organizational_unit.jobs]
}
output "account" { value = aws_organizations_account.ci.id }
output "closed" { value = aws_organizations_account.closed.id }
output "units" { value = data.aws_organizations_organizational_units.all.children[*].name }
"""


class Terraform:
    def __init__(self, folder, running):
        self.folder, self.endpoint = folder, running.url
        (folder / "terraform.rc").write_text(
            "disable_checkpoint = true\nprovider_installation {\n"
            + "".join(f'  filesystem_mirror {{ path = "{pathlib.Path(path).expanduser()}" }}\n' for path in MIRRORS)
            + "}\n"
        )
        self.environment = servers.clean_environment(
            TF_CLI_CONFIG_FILE=str(folder / "terraform.rc"), TF_IN_AUTOMATION="1",
            AWS_ACCESS_KEY_ID=running.root.access_key_id, AWS_SECRET_ACCESS_KEY=running.root.secret_access_key,
            AWS_EC2_METADATA_DISABLED="true",
        )

    def run(self, *arguments, statuses=(0,)):
        done = subprocess.run(
            ["terraform", *arguments], cwd=self.folder, env=self.environment, capture_output=True, text=True, timeout=240,
        )
        assert done.returncode in statuses, f"terraform {arguments}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done

    def apply(self, *extra):
        return self.run("apply", "-auto-approve", "-no-color", "-input=false", f"-var=endpoint={self.endpoint}", *extra)

    def differs(self, *extra):
        """Whether a plan that reads everything again would change anything."""
        done = self.run(
            "plan", "-no-color", "-input=false", "-detailed-exitcode", f"-var=endpoint={self.endpoint}", *extra,
            statuses=(0, 2),
        )
        return done.stdout if done.returncode == 2 else None

    def destroy(self):
        return self.run("destroy", "-auto-approve", "-no-color", "-input=false", f"-var=endpoint={self.endpoint}")

    def outputs(self):
        return {name: value["value"] for name, value in json.loads(self.run("output", "-json").stdout).items()}


def client(running, service, key, secret, token=None):
    return boto3.client(
        service, endpoint_url=running.url, region_name="us-east-1", aws_access_key_id=key, aws_secret_access_key=secret,
        aws_session_token=token,
    )


def left_over(running):
    iam = client(running, "iam", running.root.access_key_id, running.root.secret_access_key)
    return {
        "users": iam.list_users()["Users"], "groups": iam.list_groups()["Groups"],
        "roles": [role["RoleName"] for role in iam.list_roles()["Roles"] if role["RoleName"] != "admin"],
        "policies": iam.list_policies(Scope="Local")["Policies"],
        "profiles": iam.list_instance_profiles()["InstanceProfiles"],
        "oidc": iam.list_open_id_connect_providers()["OpenIDConnectProviderList"],
        "saml": iam.list_saml_providers()["SAMLProviderList"], "aliases": iam.list_account_aliases()["AccountAliases"],
    }


@pytest.fixture
def running(tmp_path):
    with servers.dev(tmp_path / "dev", "--tls", "off") as server:
        yield server


@pytest.fixture(autouse=True)
def folder(tmp_path):
    (tmp_path / "dev").mkdir()
    return tmp_path


def test_the_example_applies_twice_without_a_difference_works_and_goes_away(tmp_path, running):
    work = tmp_path / "example"
    shutil.copytree(EXAMPLE, work)
    terraform = Terraform(work, running)
    terraform.run("init", "-no-color", "-input=false")
    terraform.apply()
    assert terraform.differs() is None
    second = terraform.apply()
    assert "0 added, 0 changed, 0 destroyed" in second.stdout

    # What was made does what it says: the pipeline assumes the role, and the role gets tokens for its audience only.
    outputs = terraform.outputs()
    sts = client(running, "sts", outputs["access_key_id"], outputs["secret_access_key"])
    session = sts.assume_role(RoleArn=outputs["role_arn"], RoleSessionName="pipeline")["Credentials"]
    role = client(running, "sts", session["AccessKeyId"], session["SecretAccessKey"], session["SessionToken"])
    assert role.get_web_identity_token(Audience=["https://api.example.com"], SigningAlgorithm="ES384")["WebIdentityToken"]
    with pytest.raises(role.exceptions.ClientError) as refusal:
        role.get_web_identity_token(Audience=["https://api.example.com", "other"], SigningAlgorithm="ES384")
    assert refusal.value.response["Error"]["Code"] == "AccessDenied"
    with pytest.raises(role.exceptions.ClientError) as refusal:
        role.get_web_identity_token(
            Audience=["https://api.example.com"], SigningAlgorithm="ES384", DurationSeconds=1800
        )
    assert "no permissions boundary allows" in refusal.value.response["Error"]["Message"]

    # A change is made in place and is then no difference any more.
    text = (work / "main.tf").read_text()
    for old, new in [
        ('description          = "Asks for tokens for the API."', 'description          = "Asks for tokens."'),
        ("max_session_duration = 7200", "max_session_duration = 3600"), ('values   = ["900"]', 'values   = ["600"]'),
        ('tags                 = { team = "platform" }', 'tags                 = { team = "core", env = "test" }'),
        ('name = "deployers"\n  path = "/federation/"', 'name = "releasers"\n  path = "/teams/"'),
        ('"system:serviceaccount:default:deployer"', '"system:serviceaccount:ci:deployer"'),
        ('client_id_list = ["sts.amazonaws.com"]', 'client_id_list = ["sts.amazonaws.com", "exeat"]'),
        ('user = aws_iam_user.pipeline.name\n}\n\nresource "aws_iam_openid',
         'user   = aws_iam_user.pipeline.name\n  status = "Inactive"\n}\n\nresource "aws_iam_openid'),
    ]:
        assert text.count(old) >= 1, old
        text = text.replace(old, new)
    (work / "main.tf").write_text(text)
    terraform.apply()
    assert terraform.differs() is None

    terraform.destroy()
    assert not any(left_over(running).values()), left_over(running)


def test_resources_beyond_the_example_through_a_role_that_the_provider_assumes(tmp_path, running):
    iam = client(running, "iam", running.root.access_key_id, running.root.secret_access_key)
    sts = client(running, "sts", running.root.access_key_id, running.root.secret_access_key)
    account = sts.get_caller_identity()["Account"]
    # Root assumes no roles: the provider signs with a user's key.
    iam.create_user(UserName="runner")
    iam.attach_user_policy(UserName="runner", PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")
    key = iam.create_access_key(UserName="runner")["AccessKey"]
    iam.create_role(
        RoleName="admin",
        AssumeRolePolicyDocument=json.dumps({
            "Version": "2012-10-17",
            "Statement": [{
                "Effect": "Allow", "Action": ["sts:AssumeRole", "sts:TagSession"],
                "Principal": {"AWS": f"arn:aws:iam::{account}:user/runner"},
            }],
        }),
    )
    iam.attach_role_policy(RoleName="admin", PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")
    work = tmp_path / "more"
    work.mkdir()
    (work / "main.tf").write_text(MORE.replace("ACCOUNT", account))
    terraform = Terraform(work, running)
    terraform.environment |= {"AWS_ACCESS_KEY_ID": key["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"]}
    terraform.run("init", "-no-color", "-input=false")
    terraform.apply()
    assert terraform.differs() is None
    assert set(terraform.outputs()["roles"]) == {"admin", "tf-role"}
    # What somebody else hung on a user does not keep it from being destroyed by force.
    iam.put_user_policy(UserName="tf-user", PolicyName="p", PolicyDocument=json.dumps({
        "Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "iam:GetUser", "Resource": "*"}],
    }))
    iam.create_access_key(UserName="tf-user")
    terraform.destroy()
    rest = left_over(running)
    assert [user["UserName"] for user in rest.pop("users")] == ["runner"]
    assert not any(rest.values()), rest


def test_an_organization_applies_twice_without_a_difference_and_goes_away(tmp_path, running):
    work = tmp_path / "organization"
    work.mkdir()
    (work / "main.tf").write_text(ORGANIZATION)
    terraform = Terraform(work, running)
    terraform.run("init", "-no-color", "-input=false")
    terraform.apply()
    assert terraform.differs() is None
    assert "0 added, 0 changed, 0 destroyed" in terraform.apply().stdout
    outputs = terraform.outputs()
    assert outputs["units"] == ["jobs"]
    organizations = client(running, "organizations", running.root.access_key_id, running.root.secret_access_key)
    assert organizations.describe_account(AccountId=outputs["account"])["Account"]["Paths"][0].count("/ou-") == 2

    # Another name, other tags, another parent: nothing is made anew.
    changes = ["-var=jobs=work", "-var=parent=root"]
    assert "0 added, 3 changed, 0 destroyed" in terraform.apply(*changes).stdout
    assert terraform.differs(*changes) is None
    assert organizations.describe_account(AccountId=outputs["account"])["Account"]["Paths"][0].count("/ou-") == 0

    # An account that is to be closed stays in the list, as at AWS, and the organization with it.
    terraform.run("destroy", "-auto-approve", "-no-color", "-input=false", f"-var=endpoint={terraform.endpoint}",
                  "-target=aws_organizations_account.closed")
    assert organizations.describe_account(AccountId=outputs["closed"])["Account"]["Status"] == "SUSPENDED"
    organizations.remove_account_from_organization(AccountId=outputs["closed"])
    terraform.destroy()
    with pytest.raises(organizations.exceptions.AWSOrganizationsNotInUseException):
        organizations.describe_organization()
