# SPDX-License-Identifier: Apache-2.0
"""`exeat exchange` against authorities on loopback that verify its tokens by the issuer's key set, and against a second
Exeat as AWS."""

import base64
import calendar
import json
import os
import subprocess
import time

import pytest

from driver import authorities, clients, server as servers, tokens
from driver.authorities import PROVIDER, TENANT, Refused


@pytest.fixture(scope="module")
def other(server, issuer, tmp_path_factory):
    with authorities.Authorities(tmp_path_factory.mktemp("authorities"), issuer, server.ca) as running:
        yield running


@pytest.fixture
def exchange(server, other, tmp_path):
    """Runs `exeat exchange` with the account's root credentials."""
    other.requests.clear()

    def run(*arguments, stdin="", **environment):
        return servers.exeat("exchange", *arguments, "--target-ca-file", other.ca, stdin=stdin, cwd=tmp_path,
                             environment=clients.environment_for(server, tmp_path) | environment)

    yield run
    other.faults.clear()
    other.bend = lambda body: body


def token(server, tmp_path, *arguments):
    done = servers.exeat("token", *arguments, environment=clients.environment_for(server, tmp_path))
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def entra(other, client="client", *more):
    return ["entra", "--tenant", TENANT, "--client-id", client, "--authority", other.url,
            "--scope", "https://management.azure.com/.default", *more]


def google(other, *more):
    return ["google", "--provider", PROVIDER.removeprefix("//iam.googleapis.com/"), "--google-sts-url",
            f"{other.url}/v1/token", "--google-iam-url", other.url, *more]


def vault(other, *more):
    return ["vault", "--address", other.url, "--token-audience", "https://vault.example", *more]


def refused(done, *words):
    assert done.returncode == 1 and done.stdout == "", (done.stdout, done.stderr)
    for word in words:
        assert word in done.stderr, done.stderr


# MARK: each target


def test_entra_takes_the_token_for_a_secret(exchange, other):
    done = exchange(*entra(other))
    assert (done.returncode, done.stdout) == (0, "entra.https://management.azure.com/.default\n"), done.stderr
    refused(exchange(*entra(other, "another")), "AADSTS700213", "upper and lower case count")
    refused(exchange(*entra(other), "--algorithm", "ES384"), "AADSTS5002738", "--algorithm RS256")
    refused(exchange(*entra(other), "--token-audience", "x"), "AADSTS700212", "api://AzureADTokenExchange")
    # Trace numbers of further lines are not part of the message.
    assert "Correlation" not in exchange(*entra(other, "another")).stderr
    assert "--scope is missing" in exchange(*entra(other)[:-2]).stderr


def test_google_gives_the_pools_token_and_that_of_a_service_account(exchange, other):
    assert exchange(*google(other)).stdout == "google-federated\n"
    done = exchange(*google(other), "--service-account", authorities.ACCOUNT, "--session-duration", "600",
                    "--scope", "https://www.googleapis.com/auth/devstorage.read_only", "--output", "json")
    answer = json.loads(done.stdout)
    assert answer["access_token"] == "google-account.devstorage.read_only" and answer["token_type"] == "Bearer"
    left = calendar.timegm(time.strptime(answer["expires_at"], "%Y-%m-%dT%H:%M:%SZ")) - time.time()
    assert 500 < left <= 600
    refused(exchange(*google(other), "--token-audience", "x"), "invalid_grant")
    wrong = google(other)
    wrong[2] = wrong[2].replace("/v", "/w")
    refused(exchange(*wrong, "--token-audience", PROVIDER), "invalid_target", "--provider")
    other.bend = lambda body: body | {"access_token": "another"}
    refused(exchange(*google(other), "--service-account", authorities.ACCOUNT), "PERMISSION_DENIED",
            "roles/iam.workloadIdentityUser")


def test_vault_logs_in(exchange, other):
    assert exchange(*vault(other, "--role", "app")).stdout == "hvs.root.jwt\n"
    done = exchange(*vault(other, "--mount", "team/jwt", "--namespace", "n", "--output", "env"))
    assert done.stdout == "export VAULT_TOKEN='hvs.n.team/jwt'\n", done.stderr
    assert other.requests[0][1].keys() == {"role", "jwt"} and other.requests[1][1].keys() == {"jwt"}
    refused(exchange(*vault(other, "--role", "none")), "HTTP 400", "could not be found", "--role")
    refused(exchange(*vault(other, "--mount", "none")), "HTTP 403", "permission denied", "--mount")


def test_vault_says_why_a_token_is_not_for_it(exchange, other, server, tmp_path):
    wrong = token(server, tmp_path, "--audience", "x", "--algorithm", "RS256")
    done = exchange("vault", "--address", other.url, "--token-file", "-", stdin=wrong)
    refused(done, "does not match any expected audience", "bound_audiences")
    forged = wrong[:-8] + ("A" if wrong[-8] != "A" else "B") + wrong[-7:]
    done = exchange("vault", "--address", other.url, "--token-file", "-", stdin=forged)
    # That server repeats the whole token; we do not.
    refused(done, "error validating token", "<hidden>")
    assert forged not in done.stderr


@pytest.mark.parametrize("target", ["oauth", "jwt-bearer"])
def test_an_authorization_server_takes_the_token(exchange, other, target):
    plain = [target, "--token-url", f"{other.url}/oauth/token"]
    assert exchange(*plain).stdout == "oauth-token\n"
    done = exchange(*plain, "--audience", "a", "--audience", "b c", "--resource", "https://r.example/", "--scope", "x",
                    "--scope", "y", "--client-id", "me", "--output", "json")
    fields = other.requests[-1][1]
    assert fields["audience"] == ["a", "b c"] and fields["resource"] == ["https://r.example/"]
    assert fields["scope"] == ["x y"] and fields["client_id"] == ["me"]
    assert ("subject_token" in fields) == (target == "oauth") != ("assertion" in fields)
    answer = json.loads(done.stdout)
    assert answer["access_token"] == "oauth-token" and answer["scope"] == "x y"
    done = exchange(*plain, "--token-audience", "x")
    refused(done, "invalid_grant", "<hidden>", "does not trust")


def test_a_client_with_a_secret_proves_itself(exchange, other, tmp_path):
    plain = ["oauth", "--token-url", f"{other.url}/oauth/token", "--client-id", "me:%", "--client-secret-file", "secret"]
    (tmp_path / "secret").write_text("s3cr%t:\n")
    for way in ([], ["--client-authentication", "post"]):
        done = exchange(*plain, *way)
        assert done.returncode == 0, done.stderr
    assert "client_secret" not in other.requests[0][1] and other.requests[1][1]["client_secret"] == ["s3cr%t:"]
    (tmp_path / "secret").write_text("another")
    done = exchange(*plain)
    refused(done, "invalid_client", "its secret is wrong")
    assert "another" not in done.stderr


@pytest.mark.parametrize("way", ["basic", "post"])
def test_a_clients_secret_is_in_no_error(exchange, other, tmp_path, way):
    arguments = ["oauth", "--token-url", f"{other.url}/oauth/token", "--client-id", "me", "--client-secret-file", "secret",
                 "--client-authentication", way]
    (tmp_path / "secret").write_text("s3cr%t:")
    other.faults.append(Refused(401, {"error": "s3cr%t:", "error_description": "the secret s3cr%t:\u0301 is wrong"}))
    done = exchange(*arguments)
    refused(done, "refused with <hidden>: the secret <hidden>")
    assert "s3cr" not in done.stderr
    if way == "basic":
        pair = base64.b64encode(b"me:s3cr%25t%3A").decode()
        other.faults.append(Refused(401, {"error": "invalid_client", "error_description": f"in Basic {pair} is no client"}))
        done = exchange(*arguments)
        refused(done, "in Basic <hidden> is no client")


def test_googles_own_token_is_in_no_error(exchange, other):
    def bend(body):
        if "accessToken" not in body:
            return body
        raise Refused(403, {"error": {"status": "PERMISSION_DENIED", "message": "google-federated may not"}})

    other.bend = bend
    done = exchange(*google(other), "--service-account", authorities.ACCOUNT)
    refused(done, "PERMISSION_DENIED: <hidden> may not")
    assert "google-federated" not in done.stderr


@pytest.mark.parametrize("code", ["x" * 65, "a\\b", 'a"b', "a\nb", "é", ""])
def test_a_code_that_is_none_is_not_repeated(exchange, other, code):
    other.faults.append(Refused(400, {"error": code}))
    refused(exchange("oauth", "--token-url", f"{other.url}/oauth/token"), "lacks a usable `error`")


def test_the_requested_type_is_asked_for(exchange, other):
    done = exchange("oauth", "--token-url", f"{other.url}/oauth/token", "--requested-token-type",
                    "urn:ietf:params:oauth:token-type:jwt", "--output", "json")
    assert json.loads(done.stdout)["issued_token_type"] == "urn:ietf:params:oauth:token-type:jwt"


def test_saml_is_traded_by_the_name_of_a_config(exchange, other, saml_issuer):
    fields = dict(TargetService=f"{other.url}/oauth/token", Audience="https://as.example")
    assertion = saml_issuer.configure(SamlForm="Assertion", **fields)
    response = saml_issuer.configure(**fields)
    bearer = ["saml-bearer", "--token-url", f"{other.url}/oauth/token", "--federation-config"]
    assert exchange(*bearer, assertion).stdout == "saml-token\n"
    refused(exchange(*bearer, response), "takes a SAML assertion", "this is a SAML response")
    aws = ["aws-saml", "--sts-endpoint", f"{other.url}/aws/", "--role-arn", "arn:aws:iam::111122223333:role/r",
           "--principal-arn", "arn:aws:iam::111122223333:saml-provider/p", "--federation-config"]
    answer = json.loads(exchange(*aws, response).stdout)
    assert (answer["Version"], answer["AccessKeyId"], answer["SessionToken"]) == (1, "ASIASAML", "token==")
    refused(exchange(*aws, assertion), "takes a SAML response")
    closed = ["closed" if word == "p" else word.replace("saml-provider/p", "saml-provider/closed") for word in aws]
    refused(exchange(*closed, response), "AWS STS at https://", "refused with AccessDenied", "trust policy")
    exports = exchange(*aws[:-1], "--output", "env", "--federation-config", response).stdout
    script = exports + 'printf %s "$AWS_SECRET_ACCESS_KEY"'
    assert subprocess.run(["sh", "-c", script], capture_output=True, text=True).stdout == "secret/+'"
    done = exchange(*aws[:-1])
    assert done.returncode == 2 and "takes SAML" in done.stderr


def test_a_second_exeat_gives_a_session_for_the_token(server, issuer, tmp_path):
    flags = ["--identity-provider-network", "127.0.0.0/8", "--identity-provider-network", "::1/128",
             "--identity-provider-ca", server.ca]
    with servers.serve_tls(tmp_path / "aws", *flags) as cloud:
        iam = clients.boto(cloud, "iam")
        provider = iam.create_open_id_connect_provider(Url=issuer, ClientIDList=["sts.amazonaws.com"])
        trust = {"Version": "2012-10-17", "Statement": {
            "Effect": "Allow", "Action": "sts:AssumeRoleWithWebIdentity",
            "Principal": {"Federated": provider["OpenIDConnectProviderArn"]},
            "Condition": {"StringEquals": {
                f"{issuer.removeprefix('https://')}:sub": f"arn:aws:iam::{server.account}:root"}}}}
        role = iam.create_role(RoleName="r", AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
        iam.create_role(RoleName="s", AssumeRolePolicyDocument=json.dumps(trust).replace(":root", ":user/x"))

        def run(*arguments, **environment):
            return servers.exeat("exchange", "aws", "--sts-endpoint", cloud.url, "--target-ca-file", cloud.ca, "--role-arn",
                                 *arguments, environment=clients.environment_for(server, tmp_path) | environment)

        done = run(role, "--session-name", "job", "--session-duration", "900")
        assert done.returncode == 0, done.stderr
        answer = json.loads(done.stdout)
        given = servers.Credentials(answer["AccessKeyId"], answer["SecretAccessKey"], answer["SessionToken"])
        who = clients.boto(cloud, "sts", given).get_caller_identity()
        assert who["Arn"].endswith(":assumed-role/r/job")
        refused(run(role.replace("/r", "/s")), "AWS STS at https://", "refused with AccessDenied", "trust policy")
        refused(run(role, "--token-audience", "another"), "InvalidIdentityToken", "registered")

        # As a credential process of the stock AWS CLI.
        (tmp_path / "process").write_text(
            f"[default]\ncredential_process = {servers.binary()} exchange aws --sts-endpoint {cloud.url} --target-ca-file "
            f"{cloud.ca} --role-arn {role} --endpoint-url {server.url} --ca-file {server.ca} --profile source\n"
            f"[profile source]\naws_access_key_id = {server.root.access_key_id}\n"
            f"aws_secret_access_key = {server.root.secret_access_key}\n")
        done = clients.run_aws({"AWS_CONFIG_FILE": str(tmp_path / "process"), "AWS_ENDPOINT_URL": cloud.url,
                                "AWS_CA_BUNDLE": cloud.ca, "AWS_DEFAULT_REGION": "us-east-1"}, "sts", "get-caller-identity")
        assert json.loads(done.stdout or "{}").get("Arn", "").endswith(":assumed-role/r/exeat"), done.stderr


# MARK: the answer's form


def test_a_file_is_written_in_one_step_for_its_owner_alone(exchange, other, tmp_path):
    (tmp_path / "out").write_text("old")
    os.chmod(tmp_path / "out", 0o644)
    done = exchange(*vault(other), "--file", "out")
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    assert (tmp_path / "out").read_text() == "hvs.root.jwt" and (tmp_path / "out").stat().st_mode & 0o777 == 0o600
    other.faults.append(Refused(400, {"errors": ["no"]}))
    refused(exchange(*vault(other), "--file", "out"))
    assert (tmp_path / "out").read_text() == "hvs.root.jwt"
    assert "cannot write `none/out`" in exchange(*vault(other), "--file", "none/out").stderr


def test_the_token_of_a_clients_own_exchange_goes_to_its_file(exchange, other, server, issuer, tmp_path):
    done = exchange(*entra(other), "--output", "file", "--file", "azure.jwt")
    path = tmp_path / "azure.jwt"
    assert done.stdout.splitlines() == [
        f"export AZURE_FEDERATED_TOKEN_FILE='{path}'", f"export AZURE_TENANT_ID='{TENANT}'",
        "export AZURE_CLIENT_ID='client'", f"export AZURE_AUTHORITY_HOST='{other.url}'"], done.stderr
    tokens.verify_with_pyjwt(server, path.read_text(), "api://AzureADTokenExchange", issuer)
    assert path.stat().st_mode & 0o777 == 0o600 and other.requests == []
    assert exchange(*entra(other), "--output", "file").returncode == 2


def test_a_shell_reads_what_env_prints(exchange, other):
    assert exchange(*google(other), "--output", "env").stdout == "export CLOUDSDK_AUTH_ACCESS_TOKEN='google-federated'\n"
    done = exchange(*google(other), "--output", "env", "--variable", "MY_TOKEN")
    assert done.stdout == "export MY_TOKEN='google-federated'\n"
    for variable in ("1A", "A-B", "A=B", "é", ""):
        assert exchange(*google(other), "--output", "env", "--variable", variable).returncode == 2


# MARK: bad input and bad answers


@pytest.mark.parametrize("arguments, words", [
    (["nowhere"], "targets: oauth, jwt-bearer, saml-bearer, entra, google, aws, aws-saml, vault"),
    (["vault"], "--address is missing"), (["vault", "--address", "https://v.example", "--tenant", "t"], "--tenant means nothing"),
    (["vault", "--address", "http://v.example"], "plain http beyond this machine"),
    (["vault", "--address", "https://v.example"], "--token-audience is missing"),
    (["vault", "--address", "https://v.example", "--output", "aws"], "--output aws goes with"),
    (["vault", "--address", "https://v.example", "--output", "google"], "--output google goes with"),
    (["aws", "--role-arn", "r", "--output", "raw"], "three texts"),
    (["vault", "--address", "https://v.example", "--token-file", "-", "--token-audience", "a"], "the token is what it is"),
    (["vault", "--address", "https://v.example", "--token-file", "-", "--federation-config", "a"], "exclude each other"),
    (["vault", "--address", "https://v.example", "--federation-config", "a", "--algorithm", "RS256"], "says audience"),
    (["vault", "--address", "https://v.example", "--token-audience", "a", "--tag", "x"], "is not KEY=VALUE")])
def test_wrong_usage_is_told_before_anything_is_asked(arguments, words):
    done = servers.exeat("exchange", *arguments)
    assert done.returncode == 2 and words in done.stderr, done.stderr


@pytest.mark.parametrize("text", ["", "no token", "a.b", "<xml/>"])
def test_a_file_without_a_token_is_refused(text):
    done = servers.exeat("exchange", "vault", "--address", "https://v.example", "--token-file", "-", stdin=text)
    assert done.returncode == 1 and "--token-file: " in done.stderr


@pytest.mark.parametrize("body, member", [
    (b"", "JSON object"), (b"[]", "JSON object"), (b'{"access_token":"a","access_token":"b"}', "JSON object"),
    ({"token_type": "Bearer"}, "access_token"), ({"access_token": "a b", "token_type": "Bearer"}, "access_token"),
    ({"access_token": 1, "token_type": "Bearer"}, "access_token"), ({"access_token": "a"}, "token_type"),
    ({"access_token": "a", "token_type": "Bearer", "expires_in": "3600"}, "expires_in"),
    ({"access_token": "a", "token_type": "Bearer", "expires_in": -1}, "expires_in")])
def test_an_answer_that_is_none_gives_no_token(exchange, other, body, member):
    other.bend = lambda _: body
    refused(exchange("oauth", "--token-url", f"{other.url}/oauth/token"), f"lacks a usable `a {member}`"
            if member == "JSON object" else f"lacks a usable `{member}`")


def test_a_server_that_is_busy_is_asked_again(exchange, other):
    for status in (429, 503):
        other.requests.clear()
        other.faults += [Refused(status, {}, {"Retry-After": "1"}), Refused(status, {})]
        begin = time.monotonic()
        assert exchange(*vault(other)).stdout == "hvs.root.jwt\n"
        assert len(other.requests) == 3 and time.monotonic() - begin >= 1
    other.requests.clear()
    other.faults += [Refused(500, {"errors": ["internal error"]})] * 3
    refused(exchange(*vault(other)), "HTTP 500", "internal error")
    assert len(other.requests) == 3
    other.faults.append(Refused(503, {}, {"Retry-After": "3600"}))
    refused(exchange(*vault(other)), "asks to wait 3600 s")


def test_a_redirect_is_not_followed(exchange, other):
    other.faults.append(Refused(307, {}, {"Location": f"{other.url}/v1/auth/jwt/login"}))
    refused(exchange(*vault(other)), f"{other.url}/v1/auth/jwt/login redirects (status 307)")
    assert len(other.requests) == 1


def test_a_long_answer_is_cut_off(exchange, other):
    other.bend = lambda body: body | {"padding": "x" * (1 << 18)}
    refused(exchange(*vault(other)), "longer than 262144 octets")


def test_an_authority_that_is_not_trusted_gets_no_token(server, other, tmp_path):
    before = len(other.requests)
    done = servers.exeat("exchange", *vault(other), environment=clients.environment_for(server, tmp_path))
    refused(done, "its certificate is not trusted", "--target-ca-file")
    assert len(other.requests) == before


def test_a_dead_port_is_told(exchange, other):
    address = f"https://127.0.0.1:{servers.free_port()}"
    done = exchange("vault", "--address", address, "--token-audience", "a")
    refused(done, f"no answer from {address}/v1/auth/jwt/login: connection refused")


def test_a_refusal_names_the_address_without_its_query(exchange, other):
    other.faults.append(Refused(400, {"error": "invalid_grant", "error_description": "no"}))
    done = exchange("oauth", "--token-url", f"{other.url}/oauth/token?key=hunter2")
    refused(done, f"the authorization server at {other.url}/oauth/token refused with invalid_grant: no")
    assert "hunter2" not in done.stderr
    other.faults.append(Refused(400, {}))
    refused(exchange(*vault(other)), f"the answer of {other.url}/v1/auth/jwt/login (status 400) lacks a usable `errors`")
