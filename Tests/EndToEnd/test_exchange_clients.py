# SPDX-License-Identifier: Apache-2.0
"""The other side's own clients with what `exeat exchange` prints for them, and one that asks for tokens by itself: each a
library that nobody here wrote, against authorities that verify by the issuer's key set."""

import json
import subprocess
import sys

import pytest

from driver import audit, authorities, clients, server as servers
from driver.authorities import PROVIDER, TENANT


@pytest.fixture(scope="module")
def other(server, issuer, tmp_path_factory):
    with authorities.Authorities(tmp_path_factory.mktemp("authorities"), issuer, server.ca) as running:
        yield running


@pytest.fixture
def run(server, other, tmp_path):
    """Runs a program of Python with the account's root credentials and trust in the other side."""

    def python(program, **environment):
        trust = {"REQUESTS_CA_BUNDLE": str(other.ca), "SSL_CERT_FILE": str(other.ca)}
        return subprocess.run(
            [sys.executable, "-c", program], capture_output=True, text=True, timeout=180, cwd=tmp_path,
            env=servers.clean_environment(**clients.environment_for(server, tmp_path) | trust | environment))

    return python


@pytest.fixture
def exeat(server, other, tmp_path):
    def exchange(*arguments):
        done = servers.exeat("exchange", *arguments, cwd=tmp_path, environment=clients.environment_for(server, tmp_path))
        assert done.returncode == 0, done.stderr
        return done.stdout

    return exchange


def exports(text):
    return {line.removeprefix("export ").split("=", 1)[0]: line.split("=", 1)[1].strip("'") for line in text.splitlines()}


GOOGLE = """
import google.auth.transport.requests, google.auth.{module} as module
found = module.Credentials.from_file('account.json', scopes=['https://www.googleapis.com/auth/cloud-platform'])
found.refresh(google.auth.transport.requests.Request())
print(found.token)
"""


@pytest.mark.parametrize("account", [None, authorities.ACCOUNT])
def test_google_auth_runs_exeat_for_each_token(exeat, run, server, other, account):
    arguments = ["google", "--provider", PROVIDER, "--google-sts-url", f"{other.url}/v1/token", "--google-iam-url", other.url,
                 "--output", "google", "--file", "account.json", "--endpoint-url", server.url, "--ca-file", server.ca]
    exeat(*arguments, *(["--service-account", account] if account else []))
    done = run(GOOGLE.format(module="pluggable"), GOOGLE_EXTERNAL_ACCOUNT_ALLOW_EXECUTABLES="1")
    assert done.stdout == ("google-account.cloud-platform\n" if account else "google-federated\n"), done.stderr


def test_google_auth_reads_a_file_that_is_kept(exeat, run, other, server, tmp_path):
    place = ["google", "--provider", PROVIDER, "--google-sts-url", f"{other.url}/v1/token"]
    exeat(*place, "--output", "file", "--file", "google.jwt")
    exeat(*place, "--output", "google", "--token-file", "google.jwt", "--file", "account.json")
    assert json.loads((tmp_path / "account.json").read_text())["credential_source"] == {"file": str(tmp_path / "google.jwt")}
    done = run(GOOGLE.format(module="identity_pool"))
    assert done.stdout == "google-federated\n", done.stderr


AZURE = """
import os, azure.identity
credential = azure.identity.WorkloadIdentityCredential(
    authority=os.environ['AZURE_AUTHORITY_HOST'], disable_instance_discovery=True)
print(credential.get_token('https://management.azure.com/.default').token)
"""
MSAL = """
import os, msal
application = msal.ConfidentialClientApplication(
    os.environ['AZURE_CLIENT_ID'], authority=f"{os.environ['AZURE_AUTHORITY_HOST']}/{os.environ['AZURE_TENANT_ID']}",
    instance_discovery=False, verify=os.environ['REQUESTS_CA_BUNDLE'],
    client_credential={'client_assertion': open(os.environ['AZURE_FEDERATED_TOKEN_FILE']).read()})
answer = application.acquire_token_for_client(['https://management.azure.com/.default'])
print(answer.get('access_token') or answer['error_description'])
"""


@pytest.mark.parametrize("program", [AZURE, MSAL], ids=["azure-identity", "msal"])
def test_the_clients_of_entra_read_the_file_and_the_variables(exeat, run, other, program):
    printed = exeat("entra", "--tenant", TENANT, "--client-id", "client", "--authority", other.url, "--output", "file",
                    "--file", "azure.jwt")
    done = run(program, **exports(printed))
    assert done.stdout == "entra.https://management.azure.com/.default\n", done.stderr
    done = run(program, **exports(printed) | {"AZURE_CLIENT_ID": "another"})
    assert "AADSTS700213" in done.stdout + done.stderr


def test_the_databricks_client_reads_the_file(exeat, run, other):
    exeat("oauth", "--token-url", f"{other.url}/oidc/v1/token", "--token-audience", "databricks", "--output", "file",
          "--file", "databricks.jwt")
    done = run("import databricks.sdk.core as core\nprint(core.Config().authenticate()['Authorization'])",
               DATABRICKS_HOST=other.url, DATABRICKS_AUTH_TYPE="file-oidc", DATABRICKS_OIDC_TOKEN_FILEPATH="databricks.jwt",
               DATABRICKS_CLIENT_ID="c")
    assert done.stdout == "Bearer oauth-token\n", done.stderr[-2000:]


def test_the_client_of_vault_logs_in_with_the_file(exeat, run, other):
    exeat("vault", "--address", other.url, "--token-audience", "https://vault.example", "--output", "file", "--file", "v.jwt")
    done = run("import hvac, os\nclient = hvac.Client(url=os.environ['VAULT_ADDR'], verify=os.environ['SSL_CERT_FILE'])\n"
               "client.auth.jwt.jwt_login(role='app', jwt=open('v.jwt').read())\nprint(client.token)", VAULT_ADDR=other.url)
    assert done.stdout == "hvs.root.jwt\n", done.stderr


KAFKA = """
import confluent_kafka, json, sys, time
seen = []
producer = confluent_kafka.Producer({
    'bootstrap.servers': '127.0.0.1:1', 'security.protocol': 'SASL_PLAINTEXT', 'sasl.mechanisms': 'OAUTHBEARER',
    'sasl.oauthbearer.method': 'oidc', 'sasl.oauthbearer.metadata.authentication.type': 'aws_iam',
    'sasl.oauthbearer.config': 'region=us-east-1,audience=https://kafka.example.com,signing_algorithm=ES384,'
                               f'duration_seconds=300,tag_team=x,sts_endpoint={sys.argv[1]}',
    'error_cb': lambda error: seen.append(str(error))})
end = time.monotonic() + 30
while not seen and time.monotonic() < end:
    producer.poll(0.2)
print(seen[:1])
"""


def test_confluents_kafka_client_asks_for_its_token_by_itself(plain, tmp_path):
    """It asks before it connects, and tells of the broker that is not there only when it has the token."""
    begin = len(audit.records(plain))
    done = subprocess.run(
        [sys.executable, "-c", KAFKA, plain.url], capture_output=True, text=True, timeout=180, cwd=tmp_path,
        env=servers.clean_environment(**clients.environment_for(plain, tmp_path) | {"AWS_EC2_METADATA_DISABLED": "true"}))
    asked = [record for record in audit.records(plain)[begin:] if record["eventName"] == "GetWebIdentityToken"]
    assert asked and "errorCode" not in asked[0], (done.stdout, done.stderr)
    parameters = asked[0]["requestParameters"]
    assert parameters["audience"] == ["https://kafka.example.com"] and parameters["signingAlgorithm"] == "ES384"
    assert parameters["tags"] == [{"key": "team", "value": "x"}]
