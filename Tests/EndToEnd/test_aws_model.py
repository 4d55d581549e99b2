# SPDX-License-Identifier: Apache-2.0
"""`exeat aws-model`: the stock AWS CLI and boto3 learn our own actions from files, and lose nothing of AWS's."""

import json
import os
import shlex
import subprocess
import sys

import botocore
import botocore.loaders
import pytest

from driver import clients, server as servers, wire

VERSION_FOLDER = "iam/2010-05-08"
NAMES = ["service-2.sdk-extras.json", "paginators-1.sdk-extras.json"]
CREATE = ("aws iam create-outbound-federation-config --name my-federation --target-service https://api.example.com "
          "--token-type OIDC --audience example-service")
TOKEN = "aws iam get-outbound-federation-token --federation-config-name my-federation"


def model(home, *arguments):
    return servers.exeat("aws-model", *arguments, environment={"HOME": str(home)})


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A home in which the files are, and CLI version 1 is told what `install` says to tell it."""
    home = tmp_path_factory.mktemp("home")
    done = model(home, "install")
    assert done.returncode == 0, done.stderr
    command = next(line for line in done.stdout.splitlines() if "aws configure" in line)
    told = subprocess.run([str(clients.VENV / "aws"), *shlex.split(command)[1:]], capture_output=True, text=True,
                          timeout=180, env=servers.clean_environment(HOME=str(home)))
    assert told.returncode == 0, told.stderr
    assert "cli_follow_urlparam = false" in (home / ".aws/config").read_text()
    return home


# MARK: the files

def test_install_writes_says_so_and_is_content_the_second_time(tmp_path):
    done = model(tmp_path, "install")
    folder = tmp_path / ".aws/models" / VERSION_FOLDER
    assert done.returncode == 0 and done.stderr == ""
    assert done.stdout.splitlines() == [
        *(f"written {folder / name}" for name in NAMES),
        "AWS CLI version 1 fetches values that look like a URL. So that it takes them as they are:",
        "  aws configure set cli_follow_urlparam false"]
    assert sorted(os.listdir(folder)) == sorted(NAMES)
    again = json.loads(model(tmp_path, "install", "--json").stdout)
    assert again == {"files": [{"path": str(folder / name), "outcome": "unchanged"} for name in NAMES]}
    # Of another version of this command.
    text = (folder / NAMES[0]).read_text()
    (folder / NAMES[0]).write_text(text.replace('"exeat ', '"exeat 0.0.'))
    again = json.loads(model(tmp_path, "install", "--json").stdout)
    assert [file["outcome"] for file in again["files"]] == ["updated", "unchanged"]
    assert (folder / NAMES[0]).read_text() == text
    assert model(tmp_path, "print").stdout == text
    assert model(tmp_path, "print", "--paginators").stdout == (folder / NAMES[1]).read_text()


def test_remove_takes_away_what_install_wrote_and_only_that(tmp_path):
    models = tmp_path / "models"
    installed = model(tmp_path, "install", "--path", models)
    assert installed.returncode == 0 and "AWS_DATA_PATH" in installed.stdout
    (models / "iam/mine").mkdir()
    removed = model(tmp_path, "remove", "--path", models)
    assert removed.stdout.splitlines() == [f"removed {models / VERSION_FOLDER / name}" for name in NAMES]
    assert sorted(str(path.relative_to(models)) for path in models.rglob("*")) == ["iam", "iam/mine"]
    again = model(tmp_path, "remove", "--path", models)
    assert again.returncode == 0
    assert again.stdout.splitlines() == [f"absent {models / VERSION_FOLDER / name}" for name in NAMES]


@pytest.mark.parametrize("kind", ["json", "text", "link", "folder"])
@pytest.mark.parametrize("name", NAMES)
def test_files_of_somebody_else_stay(tmp_path, kind, name):
    folder = tmp_path / ".aws/models" / VERSION_FOLDER
    folder.mkdir(parents=True)
    foreign = folder / name
    if kind == "json":
        foreign.write_text('{"version": 1.0, "merge": {}}')
    elif kind == "text":
        foreign.write_text("exeat 1")
    elif kind == "link":
        foreign.symlink_to(tmp_path / "elsewhere")
    else:
        foreign.mkdir()
    for command in ("install", "remove"):
        done = model(tmp_path, command)
        assert done.returncode == 1 and str(foreign) in done.stderr and "--force" in done.stderr, done.stderr
        assert os.listdir(folder) == [name] and foreign.is_dir() == (kind == "folder")
    if kind != "folder":
        forced = model(tmp_path, "install", "--force", "--json")
        assert [file["outcome"] for file in json.loads(forced.stdout)["files"]][NAMES.index(name)] in (
            "written", "updated")
        assert not foreign.is_symlink() and not (tmp_path / "elsewhere").exists()
        assert model(tmp_path, "install").returncode == 0


def test_what_cannot_be_written_is_said(tmp_path):
    (tmp_path / "models").write_text("a file")
    done = model(tmp_path, "install", "--path", tmp_path / "models")
    assert done.returncode == 1 and "cannot write" in done.stderr
    assert model(tmp_path, "install", "--path", "").returncode == 2


def test_the_model_adds_to_that_of_aws_and_changes_nothing(home):
    loader = botocore.loaders.Loader()
    extras = json.loads((home / ".aws/models" / VERSION_FOLDER / NAMES[0]).read_text())["merge"]
    aws = loader.load_service_model("iam", "service-2")
    assert not set(extras["operations"]) & set(aws["operations"])
    # To answers of AWS's actions elements are added, and that is all that is said of them.
    shared = set(extras["shapes"]) & set(aws["shapes"])
    assert shared == {"GetOutboundWebIdentityFederationInfoResponse"}
    for name in shared:
        assert set(extras["shapes"][name]) == {"members"}
        assert not set(extras["shapes"][name]["members"]) & set(aws["shapes"][name]["members"])

    named = set()

    def walk(value):
        for part in value.values() if isinstance(value, dict) else value if isinstance(value, list) else []:
            walk(part)
        if isinstance(value, dict) and isinstance(value.get("shape"), str):
            named.add(value["shape"])

    walk(extras)
    assert not named - set(aws["shapes"]) - set(extras["shapes"])
    assert not set(extras["shapes"]) - named - shared - {
        shape for shape in extras["shapes"] if extras["shapes"][shape].get("exception")}
    for operation in extras["operations"].values():
        assert operation["documentation"]
        for message in ("input", "output"):
            if message in operation:
                shape = extras["shapes"][operation[message]["shape"]]
                assert all(member["documentation"] for member in shape["members"].values())


# MARK: the stock clients

def verbatim(server, home, command):
    """Runs a command line of the contract as it stands."""
    environment = clients.environment_for(server, home)
    environment["PATH"] = f"{clients.VENV}:{os.environ['PATH']}"
    return subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=180,
                          stdin=subprocess.DEVNULL, env=servers.clean_environment() | environment)


def test_the_two_commands_of_the_contract_run_verbatim(server, home):
    created = verbatim(server, home, CREATE)
    assert created.returncode == 0, created.stderr
    config = json.loads(created.stdout)["OutboundFederationConfig"]
    assert config["Arn"] == f"arn:aws:iam::{server.account}:outbound-federation-config/my-federation"
    assert (config["TargetService"], config["TokenType"], config["Duration"]) == ("https://api.example.com", "OIDC", 3600)
    asked = verbatim(server, home, TOKEN)
    assert asked.returncode == 0, asked.stderr
    token = json.loads(asked.stdout)
    assert set(token) == {"Token", "TokenType", "TargetService", "Audience", "Expiration"}
    assert token["Audience"] == "example-service" and token["Token"].count(".") == 2
    again = verbatim(server, home, CREATE)
    assert again.returncode != 0
    assert "An error occurred (EntityAlreadyExists) when calling the CreateOutboundFederationConfig operation" in again.stderr
    assert verbatim(server, home, "aws iam delete-outbound-federation-config --name my-federation").returncode == 0
    gone = verbatim(server, home, TOKEN)
    assert "An error occurred (NoSuchEntity) when calling the GetOutboundFederationToken operation" in gone.stderr


# `=NAME member.path` is a value of the answer, `!Code` a refusal.
STORY = """
create-outbound-federation-config --name a --target-service https://a.example --token-type OIDC --audience a
 --duration 900 --signing-algorithm ES384 --description words --tags Key=team,Value=blue
 =ES384 OutboundFederationConfig.SigningAlgorithm
create-outbound-federation-config --name b --target-service https://b.example --token-type OIDC --audience b
get-outbound-federation-config --name a =words OutboundFederationConfig.Description
list-outbound-federation-configs =a OutboundFederationConfigs.0.Name
list-outbound-federation-configs --max-items 1 --page-size 1 =a OutboundFederationConfigs.0.Name
list-outbound-federation-configs --token-type OIDC --page-size 1 =b OutboundFederationConfigs.1.Name
update-outbound-federation-config --name a --duration 1800 --description \"\" =1800 OutboundFederationConfig.Duration
tag-outbound-federation-config --name a --tags Key=cost,Value=1
list-outbound-federation-config-tags --name a --page-size 1 =cost Tags.0.Key
untag-outbound-federation-config --name a --tag-keys cost team
list-outbound-federation-config-tags --name a
get-outbound-federation-token --federation-config-name a --duration-seconds 60 =OIDC TokenType
get-outbound-federation-token --federation-config-name a --duration-seconds 1801 !ValidationError
update-outbound-federation-config --name a --target-service http://a.example !ValidationError
create-outbound-federation-config --name a --target-service https://a.example --token-type JWT --audience a !ValidationError
enable-outbound-token-transparency
get-outbound-web-identity-federation-info =True TokenTransparencyEnabled
disable-outbound-token-transparency
enable-outbound-token-status
get-outbound-web-identity-federation-info =True TokenStatusEnabled
revoke-outbound-tokens --issued-before 2026-01-01T00:00:00Z =0 RevokedTokenCount
revoke-outbound-tokens --token-id nobody !NoSuchEntity
revoke-outbound-tokens !ValidationError
disable-outbound-token-status
delete-outbound-federation-config --name a
delete-outbound-federation-config --name a !NoSuchEntity
list-outbound-saml-keys !NoSuchEntity
create-outbound-federation-config --name s --token-type SAML --service-provider-metadata file://METADATA
 --saml-attributes '[{"Name": "who", "FriendlyName": "Who", "Values": ["${aws:PrincipalArn}", "x"]}]'
 --saml-sign-response --one-time-use
 --name-id-value '${aws:PrincipalAccount}' =https://sp.example/saml OutboundFederationConfig.Audience
get-outbound-federation-config --name s =x OutboundFederationConfig.SamlAttributes.0.Values.1
get-outbound-federation-config --name s =True OutboundFederationConfig.SamlSignResponse
update-outbound-federation-config --name s --no-one-time-use =False OutboundFederationConfig.OneTimeUse
update-outbound-federation-config --name s --saml-attributes [] =Response OutboundFederationConfig.SamlForm
update-outbound-federation-config --name s --assertion-encryption AES256-GCM !ValidationError
get-outbound-federation-token --federation-config-name s =Response SamlForm
get-outbound-federation-token --federation-config-name s --holder-of-key-certificate x !ValidationError
list-outbound-saml-keys =Signing OutboundSamlKeys.0.Status
rotate-outbound-saml-key --signing-algorithm RSA-SHA256 --overlap-seconds 60 =Successor OutboundSamlKeys.1.Status
rotate-outbound-saml-key !LimitExceeded
list-outbound-signing-keys =Signing OutboundSigningKeys.0.Status
rotate-outbound-signing-key --signing-algorithm ES384 --overlap-seconds 86400
rotate-outbound-signing-key --signing-algorithm ES384 !LimitExceeded
revoke-outbound-signing-key --key-id nobody !NoSuchEntity
import-outbound-signing-key --private-key nonsense !InvalidInput
suspend-outbound-issuer --empty-key-set =True KeySetEmptied
get-outbound-web-identity-federation-info =True IssuerSuspended
get-outbound-federation-token --federation-config-name s !OutboundWebIdentityFederationDisabledException
resume-outbound-issuer
delete-outbound-federation-config --name s
"""
METADATA = """<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="https://sp.example/saml"><SPSSODescriptor
 protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol"><AssertionConsumerService index="0"
 Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="https://sp.example/acs"/></SPSSODescriptor>
</EntityDescriptor>"""


def story():
    lines = []
    for line in STORY.strip().splitlines():
        if line.startswith(" "):
            lines[-1] += line
        else:
            lines.append(line)
    return lines


def test_the_story_tells_of_every_action(home):
    extras = json.loads((home / ".aws/models" / VERSION_FOLDER / NAMES[0]).read_text())["merge"]
    assert {line.split()[0] for line in story()} >= {
        botocore.xform_name(name, "-") for name in extras["operations"]}


def test_the_stock_cli_does_everything(tmp_path_factory, home):
    (home / "metadata.xml").write_text(METADATA)
    with servers.serve_plain(tmp_path_factory.mktemp("model")) as running:
        wire.call(running, "EnableOutboundWebIdentityFederation", "iam")
        with clients.AWSCLI(running, home) as aws:
            for line in story():
                words = shlex.split(line.replace("METADATA", str(home / "metadata.xml")))
                expected = refusal = None
                if words[-1].startswith("!"):
                    refusal = words.pop()[1:]
                elif len(words) > 1 and words[-2].startswith("="):
                    *words, expected, path = words
                status, out, err = aws("iam", *words)
                if refusal:
                    assert status != 0 and f"An error occurred ({refusal}) when calling" in err, (line, out, err)
                    continue
                assert (status, err) == (0, ""), (line, err)
                if expected:
                    value = json.loads(out)
                    for part in path.split("."):
                        value = value[int(part) if part.isdigit() else part]
                    assert str(value) == expected[1:], line
            # What the client itself knows to be wrong never leaves it.
            status, _, err = aws("iam", "create-outbound-federation-config", "--name", "c", "--token-type", "OIDC",
                                 "--duration", "59")
            assert status != 0 and "valid min value: 60" in err


def test_boto3_pages_and_raises_what_the_model_says(server, home):
    # A process of its own: botocore looks for ~/.aws when it is loaded.
    script = """
import boto3, botocore.config
iam = boto3.client("iam", config=botocore.config.Config(retries={"total_max_attempts": 1}))
names = [f"paged-{number}" for number in range(5)]
for name in names:
    iam.create_outbound_federation_config(
        Name=name, TargetService="https://a.example", TokenType="OIDC", Audience="a", Tags=[{"Key": "k", "Value": name}])
pages = list(iam.get_paginator("list_outbound_federation_configs").paginate(PaginationConfig={"PageSize": 2}))
found = [config["Name"] for page in pages for config in page["OutboundFederationConfigs"]]
assert len(pages) >= 3 and [name for name in found if name in names] == names, found
config = iam.get_outbound_federation_config(Name="paged-3")["OutboundFederationConfig"]
assert config["Tags"] == [{"Key": "k", "Value": "paged-3"}] and config["CreateDate"].tzinfo
token = iam.get_outbound_federation_token(FederationConfigName="paged-3", DurationSeconds=60)
assert token["TokenType"] == "OIDC" and token["Expiration"].tzinfo
for name in names:
    iam.delete_outbound_federation_config(Name=name)
try:
    iam.get_outbound_federation_config(Name="paged-3")
    raise SystemExit("it is still there")
except iam.exceptions.NoSuchEntityException as error:
    assert "paged-3" in str(error)
assert issubclass(iam.exceptions.OutboundWebIdentityFederationDisabledException, iam.exceptions.ClientError)
iam.list_users()
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=180,
                          env=servers.clean_environment() | clients.environment_for(server, home))
    assert done.returncode == 0, done.stderr


def test_another_folder_is_found_by_its_variable(server, tmp_path):
    assert model(tmp_path, "install", "--path", tmp_path / "models").returncode == 0
    environment = clients.environment_for(server, tmp_path)
    command = ("iam", "list-outbound-federation-configs", "--query", "IsTruncated")
    assert clients.run_aws(environment, *command).returncode != 0
    found = clients.run_aws(environment | {"AWS_DATA_PATH": str(tmp_path / "models")}, *command)
    assert found.returncode == 0, found.stderr
