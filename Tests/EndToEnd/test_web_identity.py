# SPDX-License-Identifier: Apache-2.0
"""Roles for workloads of an OIDC provider: boto3 and the AWS CLI against a real server that asks a real provider."""

import json
import subprocess

import boto3
import botocore
import botocore.config
import botocore.exceptions
import pytest

from driver import clients, server as servers, tokens
from driver.clients import VENV
from driver.provider import KEYS, Provider

ALLOW_TOKENS = {"Version": "2012-10-17", "Statement": {
    "Effect": "Allow", "Action": "sts:GetWebIdentityToken", "Resource": "*"}}


@pytest.fixture(scope="module")
def provider(tmp_path_factory):
    with Provider(tmp_path_factory.mktemp("provider")) as running:
        yield running


@pytest.fixture(scope="module")
def running(tmp_path_factory, provider):
    work = tmp_path_factory.mktemp("web-identity")
    flags = ["--identity-provider-network", "127.0.0.0/8", "--identity-provider-network", "::1/128",
             "--identity-provider-ca", provider.ca]
    with servers.serve_tls(work, *flags) as server:
        clients.boto(server, "iam").enable_outbound_web_identity_federation()
        yield server


@pytest.fixture(scope="module")
def registered(running, provider):
    return clients.boto(running, "iam").create_open_id_connect_provider(
        Url=provider.issuer, ClientIDList=["sts.amazonaws.com"])["OpenIDConnectProviderArn"]


@pytest.fixture
def role(running, registered, provider, request):
    """Makes a role that trusts the provider under a condition on its claims."""
    iam, made = clients.boto(running, "iam"), []

    def make(**claims):
        name = f"role-{abs(hash(request.node.name)) % 10**8}-{len(made)}"
        condition = {f"{provider.name}:{claim}": value for claim, value in claims.items()}
        arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps({
            "Version": "2012-10-17", "Statement": {
                "Effect": "Allow", "Principal": {"Federated": registered}, "Action": "sts:AssumeRoleWithWebIdentity",
                "Condition": {"StringLike": condition}}}))["Role"]["Arn"]
        iam.put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=json.dumps(ALLOW_TOKENS))
        made.append(name)
        return arn

    yield make
    for name in made:
        iam.delete_role_policy(RoleName=name, PolicyName="p")
        iam.delete_role(RoleName=name)


def nobody(server, service="sts", **credentials):
    """A client without credentials, as a pod has it."""
    return boto3.session.Session().client(
        service, region_name="us-east-1", endpoint_url=server.url, verify=server.ca,
        config=botocore.config.Config(
            retries={"total_max_attempts": 1},
            **({} if credentials else {"signature_version": botocore.UNSIGNED})), **credentials)


def assume(server, arn, token, **more):
    return nobody(server).assume_role_with_web_identity(
        RoleArn=arn, RoleSessionName="session", WebIdentityToken=token, **more)


def with_session(server, answer, service="sts"):
    made = answer["Credentials"]
    return nobody(
        server, service, aws_access_key_id=made["AccessKeyId"], aws_secret_access_key=made["SecretAccessKey"],
        aws_session_token=made["SessionToken"])


def refusal(call):
    with pytest.raises(botocore.exceptions.ClientError) as error:
        call()
    return error.value.response["Error"]["Code"], error.value.response["Error"]["Message"]


def test_a_service_account_of_kubernetes_gets_a_session_whose_tokens_name_the_cluster(
        running, provider, registered, role):
    arn = role(sub="system:serviceaccount:ns:app", aud="sts.amazonaws.com")
    answer = assume(running, arn, provider.kubernetes())
    assert answer["SubjectFromWebIdentityToken"] == "system:serviceaccount:ns:app"
    assert answer["Provider"] == registered and answer["Audience"] == "sts.amazonaws.com"
    session = with_session(running, answer)
    assert session.get_caller_identity()["Arn"] == answer["AssumedRoleUser"]["Arn"]
    out = session.get_web_identity_token(Audience=["https://rp.example"], SigningAlgorithm="ES384")["WebIdentityToken"]
    claims = tokens.claims_of(out)
    assert claims["sub"] == arn
    assert claims[tokens.NAMESPACE]["federated_provider"] == registered
    tokens.verify_with_pyjwt(running, out, "https://rp.example", claims["iss"])

    assert refusal(lambda: assume(running, arn, provider.kubernetes(account="other"))) == (
        "AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity")
    assert refusal(lambda: assume(running, arn, provider.kubernetes(audience="vault"))) == (
        "InvalidIdentityToken", "Incorrect token audience")


def test_a_workflow_of_github_gets_a_session_by_repository_and_ref(running, provider, role):
    arn = role(sub="repo:octo-org/octo-repo:*", repository_id="74")
    assert assume(running, arn, provider.github())["SubjectFromWebIdentityToken"] == (
        "repo:octo-org/octo-repo:ref:refs/heads/main")
    assert refusal(lambda: assume(running, arn, provider.github("octo-org/fork")))[0] == "AccessDenied"
    # Who may read the log reads why.
    refused = json.loads(servers.exeat(
        "audit", "tail", "--data-dir", running.data_dir, "--number", "1", "--json").stdout)
    why = servers.exeat(
        "policy", "explain", "--data-dir", running.data_dir, "--request-id", refused["requestID"])
    assert why.returncode == 0 and "octo-org/fork" in why.stdout, why.stdout + why.stderr
    assert refused["userIdentity"]["principalId"] in why.stdout.splitlines()[0]


@pytest.mark.parametrize("algorithm", list(KEYS))
def test_every_algorithm_that_aws_takes_is_taken(running, provider, role, algorithm):
    arn = role(sub="system:serviceaccount:ns:app")
    assert assume(running, arn, provider.kubernetes(algorithm=algorithm))["Provider"]


def test_a_token_that_is_not_the_providers_own_is_refused(running, provider, role, tmp_path):
    arn = role(sub="*")
    good = provider.kubernetes()
    header, payload, signature = good.split(".")
    assert refusal(lambda: assume(running, arn, f"{header}.{payload}.{signature[::-1]}"))[0] == "InvalidIdentityToken"
    assert refusal(lambda: assume(running, arn, provider.kubernetes(exp=1000)))[0] == "ExpiredTokenException"
    elsewhere = provider.kubernetes(iss=provider.issuer + "/other")
    assert refusal(lambda: assume(running, arn, elsewhere)) == (
        "InvalidIdentityToken", f"No OpenIDConnect provider found in your account for {provider.issuer}/other")


def test_the_provider_is_asked_once_for_all_these_tokens(running, provider, role):
    arn = role(sub="*")
    before = len(provider.requests)
    for _ in range(20):
        assume(running, arn, provider.kubernetes())
    assert len(provider.requests) - before <= 2


@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
def test_the_aws_cli_and_sdks_find_the_token_in_a_file(running, provider, role, tmp_path, end):
    """As in a pod: two variables and a file, no keys. The SDKs send the file as it is."""
    token = tmp_path / "token"
    token.write_bytes((provider.kubernetes() + end).encode())
    done = subprocess.run(
        [str(VENV / "aws"), "sts", "get-caller-identity"], capture_output=True, text=True, timeout=180,
        stdin=subprocess.DEVNULL, env=servers.clean_environment(
            AWS_ENDPOINT_URL=running.url, AWS_CA_BUNDLE=str(running.ca), AWS_DEFAULT_REGION="us-east-1",
            AWS_ROLE_ARN=role(sub="system:serviceaccount:ns:*"), AWS_WEB_IDENTITY_TOKEN_FILE=str(token),
            AWS_ROLE_SESSION_NAME="pod-0", HOME=str(tmp_path)))
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["Arn"].endswith("/pod-0")


def test_a_provider_in_a_network_that_is_not_allowed_is_not_asked(tmp_path, provider):
    with servers.serve_tls(tmp_path, "--identity-provider-ca", provider.ca) as server:
        iam = clients.boto(server, "iam")
        arn = iam.create_open_id_connect_provider(Url=provider.issuer, ClientIDList=["sts.amazonaws.com"])
        role = iam.create_role(RoleName="r", AssumeRolePolicyDocument=json.dumps({
            "Version": "2012-10-17", "Statement": {
                "Effect": "Allow", "Principal": {"Federated": arn["OpenIDConnectProviderArn"]},
                "Action": "sts:AssumeRoleWithWebIdentity"}}))["Role"]["Arn"]
        before = len(provider.requests)
        code, _ = refusal(lambda: assume(server, role, provider.kubernetes()))
        assert code == "InvalidIdentityToken"
        assert len(provider.requests) == before
        server.await_output("not contacted")
