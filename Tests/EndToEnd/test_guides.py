# SPDX-License-Identifier: Apache-2.0
"""The guides to services: each service that `exeat trust` knows has one, what they show is what is printed today, and their
commands lead to tokens that the services take, as far as those can be had on loopback."""

import json
import os
import re
import shlex
import subprocess

import pytest

from driver import authorities, clients, guides, relying_parties, rp_issuer, server as servers, tokens

ROWS = guides.table()
# Those whose guide leads from a policy to access; the servers of the other guides have tests of their own, test_rp_*.py.
LED = sorted(guide for guide in (path.stem for path in guides.FOLDER.glob("*.md")) if guides.has_section(guide, "Access"))


def trust(service, *arguments):
    done = servers.exeat("trust", service, *arguments, "--placeholders")
    assert done.returncode == 0, done.stderr
    return done.stdout


# MARK: what stands in them


def test_every_service_has_a_guide_and_every_guide_stands_in_the_table():
    known = re.search(r"Services: (.*?)\.\n", servers.exeat("trust", "--help").stdout, re.DOTALL)[1]
    assert sorted(service for row in ROWS for service in row.services) == sorted(re.split(r",\s+", known))
    assert sorted(row.guide for row in ROWS) == sorted(
        path.stem for path in guides.FOLDER.glob("*.md") if path.stem != "README")


@pytest.mark.parametrize("row", [row for row in ROWS if row.services], ids=lambda row: row.guide)
def test_the_table_says_what_is_known_of_a_service(row):
    for service in row.services:
        printed = json.loads(trust(service, "--json"))
        if printed["Policy"].count("sts:GetWebIdentityToken"):
            assert row.detail.startswith(printed["SigningAlgorithm"])
        else:
            assert "SAML" in printed["FederationConfig"]
        assert row.proof.startswith("not run") != printed["RunByTests"]
    for name in re.findall(r"test_\w+\.py", row.proof):
        assert (guides.ROOT / "Tests" / "EndToEnd" / name).exists(), name


@pytest.mark.parametrize("row", [row for row in ROWS if row.guide in LED], ids=lambda row: row.guide)
def test_what_a_guide_shows_is_what_is_printed(row):
    shown = guides.printed(row.guide)
    for command, output in shown:
        assert shlex.split(command)[:2] == ["exeat", "trust"], command
        done = servers.exeat(*shlex.split(command)[1:], "--placeholders")
        assert (done.returncode, done.stdout) == (0, output), command
    assert {shlex.split(command)[2] for command, _ in shown} == set(row.services)


@pytest.mark.parametrize("guide", LED)
def test_every_guide_has_the_same_parts(guide):
    headings = re.findall(r"^## (.*)$", (guides.FOLDER / f"{guide}.md").read_text(), re.MULTILINE)
    assert headings[:3] == ["There", "Here", "Access"], headings
    assert headings[3] in ("What it checks", "What it must check"), headings
    assert headings[4:6] == ["What was run", "When it does not work"], headings
    assert "**Not run:**" in (guides.FOLDER / f"{guide}.md").read_text().split("## There")[0]


# MARK: where they lead


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """An issuer with the role `app`, which may nothing yet, and the other sides."""
    work = tmp_path_factory.mktemp("guides")
    (work / "bin").mkdir()
    (work / "bin" / "exeat").symlink_to(servers.binary())
    with rp_issuer.Issuer(tmp_path_factory.mktemp("issuer")) as issuer:
        clients.boto(issuer.running, "iam").delete_role_policy(RoleName="app", PolicyName="tokens")
        with authorities.Authorities(work / "other", issuer.url, issuer.ca) as other:
            yield Place(work, issuer, other)


class Place:
    def __init__(self, work, issuer, other):
        self.work, self.issuer, self.other = work, issuer, other

    def environment(self, home, credentials, running=None):
        environment = clients.environment_for(running or self.issuer.running, home, credentials)
        return environment | {"PATH": f"{self.work}/bin:{clients.VENV}:{os.environ['PATH']}"}

    def names(self, guide, cloud=None):
        """This run's names for those that stand in a guide, longer ones first."""
        at = f"--target-ca-file {self.other.ca}"
        own = {
            "entra": {
                "--tenant TENANT_ID --client-id APP_ID":
                    f"--tenant {authorities.TENANT} --client-id client --authority {self.other.url} {at}"},
            "google": {
                "exeat exchange google": "exeat exchange google --google-sts-url "
                                         f"{self.other.url}/v1/token --google-iam-url {self.other.url} {at}",
                "PROJECT_NUMBER": "1", "POOL": "p", "PROVIDER": "v", "SERVICE_ACCOUNT_EMAIL": authorities.ACCOUNT},
            "vault": {
                "https://vault.example.com:8200 --mount exeat": f"{self.other.url} --mount jwt {at}",
                "https://vault.example.com": "https://vault.example"},
            "databricks": {
                "https://WORKSPACE_HOST/oidc/v1/token": f"{self.other.url}/oidc/v1/token {at}"},
        }.get(guide, {})
        if cloud:
            own["arn:aws:iam::AWS_ACCOUNT_ID:role/exeat-workload"] = (
                f"arn:aws:iam::{cloud.account}:role/exeat-workload --sts-endpoint {cloud.url} --target-ca-file {cloud.ca}")
        return own | {relying_parties.SUBJECT: self.issuer.app}


@pytest.fixture
def cloud(request, place, tmp_path):
    """A second Exeat in the place of AWS for the guide to AWS, told what `exeat trust` prints; `None` for the others."""
    if request.getfixturevalue("guide") != "aws":
        yield None
        return
    flags = ["--identity-provider-network", "127.0.0.0/8", "--identity-provider-network", "::1/128",
             "--identity-provider-ca", place.issuer.ca]
    with servers.serve_tls(tmp_path / "cloud", *flags) as running:
        commands = trust("aws", "--issuer", place.issuer.url, "--role-arn", place.issuer.app, "--set",
                         f"aws_account={running.account}", "--output", "cli")
        guides.run(f"```sh\n{commands}```\n", {}, tmp_path, place.environment(tmp_path, running.root, running))
        yield running


@pytest.mark.parametrize("guide", LED)
def test_a_guide_leads_to_a_token_that_the_service_takes(guide, place, cloud, tmp_path):
    names = place.names(guide, cloud)
    iam = clients.boto(place.issuer.running, "iam")
    guides.run(guides.section(guide, "Here"), names, tmp_path, place.environment(tmp_path, place.issuer.running.root))
    try:
        workload = place.environment(tmp_path, place.issuer.credentials(place.issuer.app))
        said = guides.run(guides.section(guide, "Access"), names, tmp_path, workload)
        kept = kept_by_the_agent(guide, names, tmp_path, workload)
    finally:
        iam.delete_role_policy(RoleName="app", PolicyName=guide)
    printed = json.loads(trust(guide, "--json"))
    if guide in ("saml", "google-saml"):
        assert kept.startswith("PD94") or kept.startswith("PHNhbWxw"), kept[:40]
        return
    for token in (kept, (tmp_path / f"{guide}.jwt").read_text().strip()):
        claims = tokens.claims_of(token)
        assert claims["sub"] == place.issuer.app
        assert tokens.header_of(token)["alg"] == printed["SigningAlgorithm"]
        assert claims["aud"] == tokens.claims_of(kept)["aud"]
    answers = {
        "entra": ["entra.https://management.azure.com/.default"], "google": ["google-federated", "google-account.cloud-platform"],
        "databricks": ["oauth-token"]}
    for answer in answers.get(guide, []):
        assert answer in said.splitlines(), said
    if guide == "vault":
        assert (tmp_path / "vault.env").read_text() == "export VAULT_TOKEN='hvs.root.jwt'\n"
    if guide == "google":
        assert json.loads((tmp_path / "account.json").read_text())["type"] == "external_account"
    if cloud:
        assert json.loads(said)["SessionToken"]


def kept_by_the_agent(guide, names, folder, environment):
    """What the agent, told what the guide says, puts into its file before it starts a program."""
    plan = re.search(r"^```yaml\n(files:\n.*?)^```$", guides.section(guide, "Access"), re.MULTILINE | re.DOTALL)[1]
    for old, new in {**names, "/run/exeat": str(folder)}.items():
        plan = plan.replace(old, str(new))
    (folder / "agent.yaml").write_text(f"listen: 127.0.0.1:{servers.free_port()}\n{plan}")
    done = subprocess.run(
        [servers.binary(), "agent", "--config", "agent.yaml", "--", "cat", re.search(r"file: (\S+)", plan)[1]],
        cwd=folder, env=servers.clean_environment(**environment), capture_output=True, text=True, timeout=90)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()
