# SPDX-License-Identifier: Apache-2.0
"""The commands that users are shown, with the stock AWS CLI and only AWS_ENDPOINT_URL and AWS_CA_BUNDLE set."""

import json
import subprocess

import pytest

from driver import clients, server as servers, tokens, wire

AUDIENCE = "api://AzureADTokenExchange"
ENABLE = ("iam", "enable-outbound-web-identity-federation")
TOKEN = ("sts", "get-web-identity-token", "--audience", AUDIENCE, "--signing-algorithm", "RS256",
         "--region", "us-east-1")


def test_the_two_commands_of_the_readme_give_a_token_that_verifies(tmp_path):
    with servers.serve_tls(tmp_path) as running:
        enabled = clients.aws(running, tmp_path, *ENABLE)
        assert enabled.returncode == 0, enabled.stderr
        issuer = json.loads(enabled.stdout)["IssuerIdentifier"]

        asked = clients.aws(running, tmp_path, *TOKEN)
        assert asked.returncode == 0, asked.stderr
        answer = json.loads(asked.stdout)
        assert set(answer) == {"WebIdentityToken", "Expiration"}
        claims = tokens.verify_with_pyjwt(running, answer["WebIdentityToken"], AUDIENCE, issuer)
        assert claims["sub"] == f"arn:aws:iam::{running.account}:root"
        assert tokens.verify_with_joserfc(running, answer["WebIdentityToken"], AUDIENCE, issuer) == claims

        again = clients.aws(running, tmp_path, *ENABLE)
        assert again.returncode != 0
        assert again.stderr.strip().endswith(
            "An error occurred (FeatureEnabled) when calling the EnableOutboundWebIdentityFederation operation: "
            f"Outbound identity federation is already enabled for account {running.account}")


def test_exeat_dev_has_federation_on_and_serves_the_cli(dev, tmp_path):
    info = clients.aws(dev, tmp_path, "iam", "get-outbound-web-identity-federation-info")
    assert info.returncode == 0, info.stderr
    info = json.loads(info.stdout)
    assert info["JwtVendingEnabled"] is True
    asked = clients.aws(dev, tmp_path, *TOKEN)
    assert asked.returncode == 0, asked.stderr
    token = json.loads(asked.stdout)["WebIdentityToken"]
    claims = tokens.verify_with_pyjwt(dev, token, AUDIENCE, info["IssuerIdentifier"])
    assert claims[tokens.NAMESPACE]["aws_account"] == "000000000000"


def test_what_exeat_dev_prints_can_be_given_to_a_shell(dev, tmp_path):
    exports = [line.strip() for line in dev.output.splitlines() if line.strip().startswith("export ")]
    assert {word.split("=")[0] for line in exports for word in line.removeprefix("export ").split()} == {
        "AWS_ENDPOINT_URL", "AWS_CA_BUNDLE", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_DEFAULT_REGION"}
    script = "\n".join([*exports, f'"{clients.VENV}/aws" sts get-caller-identity --query Arn --output text'])
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, timeout=180,
                          env=servers.clean_environment(HOME=str(tmp_path)))
    assert done.stdout.strip() == "arn:aws:iam::000000000000:root", done.stderr


def test_the_cli_disables_and_says_so_when_asked_for_a_token(tmp_path):
    with servers.serve_tls(tmp_path) as running:
        assert clients.aws(running, tmp_path, *ENABLE).returncode == 0
        assert clients.aws(running, tmp_path, "iam", "disable-outbound-web-identity-federation").returncode == 0
        asked = clients.aws(running, tmp_path, *TOKEN)
        assert asked.returncode != 0 and asked.stdout == ""
        assert "(OutboundWebIdentityFederationDisabledException)" in asked.stderr
        assert "OutboundWebIdentityFederation is disabled." in asked.stderr


def test_the_cli_sends_tags_and_several_audiences(server, tmp_path):
    asked = clients.aws(
        server, tmp_path, "sts", "get-web-identity-token", "--audience", "one", "two", "--signing-algorithm", "ES384",
        "--duration-seconds", "60", "--tags", "Key=team,Value=blue", "Key=stage,Value=")
    assert asked.returncode == 0, asked.stderr
    claims = tokens.claims_of(json.loads(asked.stdout)["WebIdentityToken"])
    assert claims["aud"] == ["one", "two"]
    assert claims[tokens.NAMESPACE]["request_tags"] == {"team": "blue", "stage": ""}


def test_boto3_reads_every_answer(server, issuer):
    iam, sts = (clients.boto(server, service, validate=True) for service in ("iam", "sts"))
    info = iam.get_outbound_web_identity_federation_info()
    assert (info["IssuerIdentifier"], info["JwtVendingEnabled"]) == (issuer, True)
    token = sts.get_web_identity_token(Audience=["a"], SigningAlgorithm="ES384", DurationSeconds=60, Tags=[])
    claims = tokens.verify_with_pyjwt(server, token["WebIdentityToken"], "a", issuer)
    # `Expiration` has the milliseconds of the moment of issue, the claim has whole seconds.
    assert 0 <= token["Expiration"].timestamp() - claims["exp"] < 1
    assert token["ResponseMetadata"]["RequestId"] == token["ResponseMetadata"]["HTTPHeaders"]["x-amzn-requestid"]


def test_boto3_raises_the_modelled_exceptions(server):
    iam, sts = (clients.boto(server, service) for service in ("iam", "sts"))
    with pytest.raises(iam.exceptions.FeatureEnabledException):
        iam.enable_outbound_web_identity_federation()
    with pytest.raises(sts.exceptions.JWTPayloadSizeExceededException):
        sts.get_web_identity_token(Audience=["x" * 1000] * 10, SigningAlgorithm="ES384",
                                   Tags=[{"Key": f"k{n}", "Value": "v" * 256} for n in range(50)])


def test_the_action_in_the_query_works_as_in_the_body(server):
    query = "Action=GetCallerIdentity&Version=2011-06-15"
    for method in ("GET", "POST"):
        request = wire.sign(server, "sts", method=method, query=query, content_type=None)
        answer = wire.send(server, method, request.url, dict(request.headers))
        assert answer.status == 200, answer.body
        assert answer.text("Arn") == f"arn:aws:iam::{server.account}:root"


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_presigned_url_gives_a_token(server, method):
    url = clients.boto(server, "sts").generate_presigned_url(
        "get_web_identity_token", {"Audience": ["a", "b"], "SigningAlgorithm": "ES384", "DurationSeconds": 60},
        ExpiresIn=60, HttpMethod=method)
    answer = wire.send(server, method, url)
    assert answer.status == 200, answer.body
    assert tokens.claims_of(answer.text("WebIdentityToken"))["aud"] == ["a", "b"]


def test_a_presigned_url_that_was_changed_is_refused(server):
    url = clients.boto(server, "sts").generate_presigned_url("get_caller_identity", ExpiresIn=60)
    changed = url.replace("Version=2011-06-15", "Version=2011-06-15&Extra=1")
    assert changed != url
    wire.assert_error(wire.send(server, "GET", changed), 403, "SignatureDoesNotMatch")
