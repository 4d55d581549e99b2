# SPDX-License-Identifier: Apache-2.0
"""`exeat trust`: what it prints for every service, that the policies are sound, and what its lint finds."""

import json
import re
import shlex
import subprocess

import pytest
import yaml

from driver import clients, guides, provider, relying_parties, server as servers, wire
from driver.users import ALLOW_TOKENS

SERVICES = [
    "entra", "google", "google-saml", "aws", "vault", "openbao", "kubernetes", "snowflake", "databricks", "github", "rabbitmq",
    "postgresql", "apache", "envoy", "istio", "haproxy", "dovecot", "anthropic", "openai", "oidc", "saml",
]
KNOWN = ["--issuer", "https://sts.example.org/ISSUER", "--role-arn", "arn:aws:iam::123456789012:role/app"]
FILES = {
    "envoy": "envoy/envoy.yaml", "haproxy": "haproxy/haproxy.cfg", "apache": "mod-auth-openidc/apache.conf",
    "rabbitmq": "rabbitmq/90-exeat.conf", "dovecot": "dovecot/dovecot-oauth2.conf.ext",
}


def trust(*arguments, status=0, **options):
    done = servers.exeat("trust", *arguments, **options)
    assert done.returncode == status, f"{done.stdout}\n{done.stderr}"
    return done


def lint(*arguments, status=1, **options):
    return {(finding["severity"], finding["code"]) for finding in
            json.loads(trust(*arguments, "--lint", "--json", status=status, **options).stdout)}


# MARK: both sides


@pytest.fixture(scope="module", params=SERVICES)
def service(request):
    """A service and everything that is printed for it."""
    return request.param, json.loads(trust(request.param, *KNOWN, "--json").stdout)


def test_every_service_says_both_sides(service):
    name, printed = service
    assert printed["Service"] == name and printed["Policy"] and printed["FederationConfig"]
    there = [printed[part] for part in ("CLI", "Terraform", "Configuration") if part in printed]
    # Without the issuer nobody could trust it.
    assert any("sts.example.org/ISSUER" in text for text in there), there
    assert "{{" not in json.dumps(there), "a name was not put in"
    text = trust(name, *KNOWN).stdout
    assert printed["Policy"] in text and all(part in text for part in there)


def test_every_policy_passes_the_lint_of_policies(service, tmp_path):
    name, printed = service
    (tmp_path / "policy.json").write_text(printed["Policy"])
    done = servers.exeat("policy", "lint", tmp_path / "policy.json", "--kind", "identity")
    assert (done.returncode, done.stdout) == (0, "")


def test_every_federation_config_is_taken_and_gives_a_token(service, server, tmp_path):
    name, printed = service
    (tmp_path / "config.json").write_text(printed["FederationConfig"])
    environment = clients.environment_for(server, tmp_path)
    config = f"trust-{name}"
    done = servers.exeat("federation-config", "apply", config, "-f", tmp_path / "config.json", environment=environment)
    assert done.returncode == 0, done.stderr
    done = servers.exeat("federation-config", "token", config, "--decode", "--json", environment=environment)
    assert done.returncode == 0, done.stderr
    token = json.loads(done.stdout)
    assert token["Audience"] == printed["Audiences"][0]
    if token["TokenType"] == "OIDC":
        assert token["header"]["alg"] == printed["SigningAlgorithm"]


def test_what_is_yaml_or_json_can_be_read(service):
    name, printed = service
    if name in ("envoy", "kubernetes", "istio", "github"):
        assert all(document for document in yaml.safe_load_all(printed["Configuration"]))
    if name in ("google", "oidc", "saml"):
        json.loads(printed["Configuration"])


def test_every_command_is_one_for_a_shell(service):
    name, printed = service
    if "CLI" in printed:
        done = subprocess.run(["bash", "-n"], input=printed["CLI"], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", FILES)
def test_the_examples_are_what_is_printed(name):
    assert trust(name, *KNOWN, "--audience", "https://api.example.com", "--output", "config").stdout == (
        guides.EXAMPLES / FILES[name]).read_text()


def test_each_server_that_the_tests_run_says_so():
    run = {name for name in SERVICES if json.loads(trust(name, *KNOWN, "--json").stdout)["RunByTests"]}
    kinds = (relying_parties.Envoy, relying_parties.HAProxy, relying_parties.Apache, relying_parties.Dovecot,
             relying_parties.RabbitMQ)
    assert run == {kind.service for kind in kinds} == set(FILES)


@pytest.mark.parametrize("part, begins", [
    ("cli", "az ad app"), ("terraform", "resource "), ("config", "# "), ("policy", "{"), ("federation-config", "{")])
def test_a_part_alone(part, begins):
    assert trust("entra", *KNOWN, "--output", part).stdout.startswith(begins)


def test_a_part_that_a_service_does_not_have_is_refused():
    done = trust("oidc", *KNOWN, "--output", "terraform", status=2)
    assert "it has: config, policy, federation-config" in done.stderr


def test_an_unknown_service_lists_the_known_ones():
    done = trust("enrta", status=2)
    assert "`enrta`" in done.stderr and all(name in done.stderr for name in SERVICES)


# MARK: values


def test_the_policy_grants_exactly_these_tokens(make_user, server):
    """Put on a user as it is printed, it gives the token that the service takes, and no other."""
    user = make_user()
    printed = json.loads(trust("vault", "--issuer", "https://sts.example.org/ISSUER", "--role-arn", user.arn, "--duration", "300",
                               "--json").stdout)
    user.iam.put_user_policy(UserName=user.name, PolicyName="inline", PolicyDocument=printed["Policy"])
    right = {"Audience": printed["Audiences"], "SigningAlgorithm": printed["SigningAlgorithm"], "DurationSeconds": 300}
    assert wire.token(server, credentials=user.credentials, **right)
    for wrong in ({"Audience": ["https://other.example.com"]}, {"SigningAlgorithm": "RS256"}, {"DurationSeconds": 301}):
        answer = wire.call(server, "GetWebIdentityToken", credentials=user.credentials, **right | wrong)
        assert (answer.status, answer.code) == (403, "AccessDenied"), wrong


EXCHANGES = {
    "oidc": ["oauth", "--token-url", "https://as.example.com"], "vault": ["vault", "--address", "https://vault.example.com"],
    "entra": ["entra", "--tenant", "t", "--client-id", "c"], "aws": ["aws", "--role-arn", "arn:aws:iam::1:role/r"],
}


@pytest.mark.parametrize("service", EXCHANGES)
def test_who_names_no_algorithm_gets_the_one_of_the_policy(make_user, server, tmp_path, service):
    """By each way to a token, under the policy as it is printed."""
    user = make_user()
    environment = clients.environment_for(server, tmp_path, user.credentials)
    printed = json.loads(trust(service, "--issuer", "https://sts.example.org/ISSUER", "--role-arn", user.arn, "--json").stdout)
    user.iam.put_user_policy(UserName=user.name, PolicyName="inline", PolicyDocument=printed["Policy"])
    [audience] = printed["Audiences"]
    plan = {"files": [{"name": "t", "file": str(tmp_path / "agent.jwt"), "token": {"audience": audience}}]}
    (tmp_path / "agent.yaml").write_text(yaml.safe_dump(plan))
    for command in (["token", "--audience", audience],
                    ["exchange", *EXCHANGES[service], "--token-audience", audience, "--output", "file", "--file", tmp_path / "jwt"],
                    ["agent", "--config", tmp_path / "agent.yaml", "--", "true"]):
        done = servers.exeat(*command, environment=environment)
        assert done.returncode == 0, (command, done.stderr)


@pytest.mark.parametrize("service", ["oidc", "dovecot", "snowflake", "entra"])
def test_the_command_for_a_token_is_one_that_the_policy_allows(make_user, server, tmp_path, service):
    user = make_user()
    known = [service, "--issuer", "https://sts.example.org/ISSUER", "--role-arn", user.arn]
    user.iam.put_user_policy(
        UserName=user.name, PolicyName="inline", PolicyDocument=json.loads(trust(*known, "--json").stdout)["Policy"])
    [command] = re.findall(r"^exeat (token .*)$", trust(*known).stdout, re.MULTILINE)
    done = servers.exeat(*shlex.split(command), environment=clients.environment_for(server, tmp_path, user.credentials))
    assert done.returncode == 0, done.stderr


def test_issuer_and_principal_are_asked_of_the_server(make_user, server, issuer, tmp_path):
    allowed = {"Effect": "Allow", "Action": "iam:GetOutboundWebIdentityFederationInfo", "Resource": "*"}
    user = make_user(ALLOW_TOKENS, allowed)
    done = trust("oidc", "--json", environment=clients.environment_for(server, tmp_path, user.credentials))
    printed = json.loads(done.stdout)
    assert (printed["Issuer"], printed["Subject"], printed["Placeholders"]) == (issuer, user.arn, [])
    assert "exeat issuer export" in done.stderr, "the issuer of the tests lies on loopback"


def test_a_server_that_does_not_answer_is_an_error(make_user, server, tmp_path):
    """With an empty standard output: nothing that could be taken for a configuration."""
    nobody = {"AWS_ENDPOINT_URL": "http://127.0.0.1:1", "AWS_ACCESS_KEY_ID": "k", "AWS_SECRET_ACCESS_KEY": "s"}
    silent = make_user(ALLOW_TOKENS)
    for environment, status, message in (
            (nobody, 1, "no answer from http://127.0.0.1:1/: connection refused"), ({}, 2, "no endpoint is named"),
            (clients.environment_for(server, tmp_path, silent.credentials), 1, "AccessDenied")):
        for flags in ((), ("--output", "config"), ("--json",), ("--lint",), KNOWN[:2], KNOWN[2:]):
            if environment not in (nobody, {}) and flags == KNOWN[:2]:
                continue  # who calls is known to everybody
            done = trust("entra", *flags, status=status, environment=environment)
            assert done.stdout == "" and message in done.stderr, done
            assert "--placeholders leaves it open" in done.stderr
        assert trust("entra", *KNOWN, environment=environment).stdout
        assert "PLACEHOLDERS" in trust("entra", "--placeholders", environment=environment).stdout


def test_placeholders_are_named():
    done = trust("entra", "--placeholders")
    assert done.stderr == ""
    assert "PLACEHOLDERS: put your own for: https://sts.example.org/ISSUER (issuer)" in done.stdout
    assert "APP_OBJECT_ID is the application's object id: --set object=…" in done.stdout
    done = trust("entra", *KNOWN, "--set", "object=o-1", "--set", "app=a-1", "--set", "tenant=t-1")
    assert "PLACEHOLDERS" not in done.stdout and '"/applications/o-1"' in done.stdout


@pytest.mark.parametrize("principal, command", [
    ("role/team/app", "put-role-policy --role-name app --policy"), ("user/ci", "put-user-policy --user-name ci --policy"),
    ("root", "# The root of an account needs no policy")])
def test_the_commands_are_for_the_principal(principal, command):
    assert command in trust("oidc", "--role-arn", f"arn:aws:iam::123456789012:{principal}", "--placeholders").stdout


@pytest.mark.parametrize("arguments, message", [
    (["--audience", "a'; rm -rf /"], "only letters"), (["--audience", "a\nb"], "only letters"), (["--audience", ""], "only letters"),
    (["--audience", "$(id)"], "only letters"),
    (["--audience", "@/etc/passwd"], "only letters"), (["--set", "policies=-x"], "only letters"), (["--issuer", "https://sts.example.org/'x"], "not an issuer"),
    (["--issuer", "sts.example.org"], "not an issuer"), (["--issuer", "https://sts.example.org/"], "not an issuer"),
    (["--role-arn", "arn:aws:s3:::bucket"], "not the ARN"), (["--role-arn", "arn:aws:iam::123456789012:role/a b"], "not the ARN"),
    (["--role-arn", "arn:aws:iam::123456789012:role/"], "not the ARN"), (["--algorithm", "HS256"], "not ES384 or RS256"),
    (["--duration", "59"], "not 60 to 43200"), (["--set", "mount"], "not NAME=VALUE"), (["--set", "colour=red"], "has no `colour`"),
    (["--set", "mount=$(id)"], "only letters"), (["--trusted-ca", "/a b"], "only letters"),
])
def test_a_value_that_a_configuration_could_misread_is_refused(arguments, message):
    done = trust("vault", *KNOWN, *arguments, status=2)
    assert message in done.stderr and done.stdout == ""


# MARK: lint


ALL = {
    ("entra", "--algorithm", "ES384"): "AlgorithmNotTaken",
    ("dovecot", "--algorithm", "ES384"): "AlgorithmNotTaken",
    ("entra", "--audience", "https://api.example.com"): "AudienceNotTaken",
    ("google", "--role-arn", "arn:aws:iam::123456789012:role/" + "x" * 97): "SubjectTooLong",
    ("google", "--audience", "https://" + "a" * 249): "AudienceTooLong",
    ("aws", "--audience", "a", "--audience", "b"): "TooManyAudiences",
    ("saml", "--duration", "301"): "LifetimeTooLong",
}


@pytest.mark.parametrize("arguments, code", [pytest.param(list(key), code, id=f"{key[0]}-{code}") for key, code in ALL.items()])
def test_the_lint_knows_the_limits_of_a_service(arguments, code):
    known = ["--placeholders"] if "--role-arn" in arguments else [*KNOWN[2:], "--placeholders"]
    assert ("error", code) in lint(*arguments, *known)


def test_one_byte_less_is_taken():
    assert ("error", "SubjectTooLong") not in lint(
        "google", "--role-arn", "arn:aws:iam::123456789012:role/" + "x" * 96, "--placeholders", status=0)


def test_the_lint_looks_at_the_issuer(server, issuer, tmp_path):
    """On loopback with keys that are in order: no service on the internet reaches it, one's own servers do."""
    known = ["--issuer", issuer, *KNOWN[2:], "--ca-file", server.ca]
    assert lint("envoy", *known, status=0) == {("warning", "IssuerNotPublic")}
    assert ("error", "IssuerNotPublic") in lint("entra", *known)
    assert lint("google", *known, "--algorithm", "ES384") >= {("error", "IssuerNotPublic"), ("warning", "AlgorithmUnconfirmed")}
    assert lint("google-saml", *known, status=0) == {("warning", "PlaceholderInUse")}
    assert ("error", "IssuerUnreachable") in lint("envoy", *KNOWN[2:], "--issuer", f"{issuer}x", "--ca-file", server.ca)
    assert ("error", "IssuerUnreachable") in lint("envoy", *KNOWN[2:], "--issuer", issuer)


def test_the_lint_wants_https(plain):
    found = lint("envoy", "--issuer", f"{plain.url}/x", *KNOWN[2:])
    assert ("error", "IssuerNotHTTPS") in found


def test_findings_are_lines_for_people():
    done = trust("entra", "--algorithm", "ES384", "--placeholders", "--lint", status=1)
    assert re.match(r"error: AlgorithmNotTaken: Microsoft Entra ID does not take ES384; it takes RS256\n", done.stdout)


def test_the_lint_looks_at_the_keys(tmp_path):
    """Of an issuer whose keys have certificates, or no algorithm, or are too many."""
    with provider.Provider(tmp_path) as other:
        known = ["--issuer", other.issuer, *KNOWN[2:], "--ca-file", other.ca]
        assert ("error", "NoKeyOfAlgorithm") not in lint("envoy", *known, status=0)
        documents = other.documents()
        keys = documents["/cluster/openid/v1/jwks"]["keys"]
        keys[:] = [{**keys[0], "x5c": ["AA=="]}, {name: value for name, value in keys[1].items() if name != "alg"}] * 51
        other.documents = lambda: documents
        assert lint("google", *known) >= {("warning", "CertificatesInKeySet"), ("warning", "KeyWithoutAlgorithm")}
        assert ("error", "TooManyKeys") in lint("entra", *known)
        keys[:] = keys[:1]
        assert ("error", "NoKeyOfAlgorithm") in lint("envoy", *known, "--algorithm", "ES384")
        documents["/cluster/.well-known/openid-configuration"]["issuer"] = "https://other.example.com"
        assert ("error", "IssuerUnreachable") in lint("envoy", *known)
