# SPDX-License-Identifier: Apache-2.0
"""`exeat federation-config`: documents, tokens and tables against a real server. `open` has a file of its own."""

import json

import pytest

from driver import clients, server as servers, tokens

CONTRACT = """{ "OutboundFederationConfig": { "TargetService": "https://api.example.com", "TokenType": "OIDC",
  "Audience": "example-service", "Duration": 3600 } }"""


@pytest.fixture
def config(server, tmp_path):
    """Runs `exeat federation-config`, and takes away what tests made."""
    made = set()

    def run(command, *arguments, stdin="", credentials=None):
        if command == "apply":
            made.add(arguments[0])
        return servers.exeat("federation-config", command, *arguments, stdin=stdin, cwd=tmp_path,
                             environment=clients.environment_for(server, tmp_path, credentials))

    yield run
    for name in made:
        run("delete", name)


def document(**members):
    return json.dumps({"OutboundFederationConfig": {
        "TargetService": "https://api.example.com", "TokenType": "OIDC", "Audience": "example-service"} | members})


def applied(config, name, text):
    done = config("apply", name, "-f", "-", "--json", stdin=text)
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    return answer["Outcome"], answer["OutboundFederationConfig"]


def test_the_document_of_the_contract_makes_a_config_and_gives_a_token(server, issuer, config, tmp_path):
    (tmp_path / "federation.json").write_text(CONTRACT)
    arn = f"arn:aws:iam::{server.account}:outbound-federation-config/my-federation"
    for outcome in ("created", "unchanged"):
        done = config("apply", "my-federation", "-f", "federation.json")
        assert (done.returncode, done.stdout) == (0, f"{outcome} {arn}\n"), done.stderr
    asked = config("token", "my-federation")
    assert asked.returncode == 0, asked.stderr
    claims = tokens.verify_with_pyjwt(server, asked.stdout.strip(), "example-service", issuer)
    assert claims["exp"] - claims["iat"] == 3600
    whole = json.loads(config("token", "my-federation", "--duration", "60", "--json", "--decode").stdout)
    assert list(whole) == ["Token", "TokenType", "TargetService", "Audience", "Expiration", "header", "claims"]
    assert whole["claims"]["exp"] - whole["claims"]["iat"] == 60
    assert json.loads(config("token", "my-federation", "--decode").stdout)["claims"]["aud"] == "example-service"
    deleted = config("delete", "my-federation")
    assert (deleted.returncode, deleted.stdout) == (0, "")
    for command in (["token"], ["get"], ["delete"]):
        gone = config(*command, "my-federation")
        assert gone.returncode == 1 and gone.stderr.startswith("exeat: error: NoSuchEntity: "), gone.stderr


def test_apply_brings_everything_in_line_with_the_document(config):
    tags = [{"Key": "team", "Value": "blue"}, {"Key": "cost", "Value": "1"}]
    outcome, made = applied(config, "line", document(
        Duration=900, SigningAlgorithm="ES384", Description="words", Tags=tags))
    assert outcome == "created" and made["Duration"] == 900 and made["SigningAlgorithm"] == "ES384"
    # The order of tags is nobody's.
    same = document(Duration=900, SigningAlgorithm="ES384", Description="words", Tags=tags[::-1])
    assert applied(config, "line", same) == ("unchanged", made)
    new = [{"Key": "Team", "Value": "red"}, {"Key": "room", "Value": ""}]
    outcome, changed = applied(config, "line", document(Audience="other", Tags=new))
    assert outcome == "updated" and changed["Audience"] == "other"
    assert (changed["Duration"], changed["SigningAlgorithm"], "Description" in changed) == (3600, "RS256", False)
    assert sorted(changed["Tags"], key=str) == sorted(new, key=str)
    outcome, bare = applied(config, "line", document(Audience="other"))
    assert outcome == "updated" and "Tags" not in bare
    assert applied(config, "line", document(Audience="other"))[0] == "unchanged"


def test_what_get_prints_as_a_document_makes_the_same_again(config):
    description = "Zeile \u202e\u200b \\u{41} \"x\""
    applied(config, "again", document(Description=description, Tags=[{"Key": "k", "Value": "v"}]))
    printed = config("get", "again", "--document")
    assert printed.stdout.isascii() and json.loads(printed.stdout)["OutboundFederationConfig"]["Description"] == description
    assert applied(config, "again", printed.stdout)[0] == "unchanged"
    whole = json.loads(config("get", "again").stdout)
    assert whole == json.loads(config("get", "again", "--json").stdout)
    assert list(whole["OutboundFederationConfig"])[:2] == ["Name", "Arn"]
    assert config("get", "again", "--json").stdout.count("\n") == 1


def test_list_prints_a_table(config):
    applied(config, "list-a", document())
    applied(config, "list-a-longer-name", document(Audience="b", TargetService="https://b.example/x"))
    lines = config("list").stdout.splitlines()
    assert lines[0].split() == ["NAME", "TYPE", "AUDIENCE", "TARGET", "SERVICE"]
    rows = [line for line in lines if line.startswith("list-a")]
    assert [row.split() for row in rows] == [
        ["list-a", "OIDC", "example-service", "https://api.example.com"],
        ["list-a-longer-name", "OIDC", "b", "https://b.example/x"]]
    assert len({line.index("OIDC") for line in rows}) == 1 == len({line.index("https:") for line in rows})
    listed = json.loads(config("list", "--json").stdout)["OutboundFederationConfigs"]
    assert {"list-a", "list-a-longer-name"} <= {entry["Name"] for entry in listed}


@pytest.mark.parametrize("text, words", [
    (document(Duraton=60), "`Duraton` is not a member"), (document(Duration="60"), "`Duration` is not a whole number"),
    (document(Tags=[{"Key": "k", "Value": "v", "X": 1}]), "`Tags[0].X` is not a member"),
    (document(Name="refused"), "`Name` is not a member"),
    ("{}", 'the document must be {"OutboundFederationConfig": {…}}'),
    (json.dumps(json.loads(document())["OutboundFederationConfig"]), 'the document must be {"OutboundFederationConfig": {…}}'),
    (document().replace('"Audience"', '"TokenType"'), ": the name `TokenType` stands twice"),
    ('{\n  "é" ,', "not acceptable JSON: line 2, column 7: an unexpected character"),
    ("", "not acceptable JSON: line 1, column 1: it ends too early"),
    ("\ufeff" + document(), "not acceptable JSON: it is not UTF-8 without a byte order mark"),
    ('{"OutboundFederationConfig": {"TokenType": "OIDC", "Audience": "a"}}', "`TargetService` is missing")])
def test_a_document_that_is_none_is_refused_before_anything_is_asked(tmp_path, text, words):
    # Without a server and without credentials.
    done = servers.exeat("federation-config", "apply", "refused", "-f", "-", stdin=text, environment={"HOME": str(tmp_path)})
    assert done.returncode == 1 and done.stdout == ""
    assert words in done.stderr.splitlines()[0] and "standard input" in done.stderr.splitlines()[0], done.stderr


def test_what_the_server_refuses_is_told_and_nothing_is_left(config, tmp_path):
    for members, word in [({"TargetService": "http://api.example.com"}, "targetService"), ({"Duration": 59}, "duration"),
                          ({"SigningAlgorithm": "HS256"}, "signingAlgorithm"), ({"TokenType": "JWT"}, "tokenType")]:
        done = config("apply", "refused", "-f", "-", stdin=document(**members))
        assert done.returncode == 1 and "ValidationError" in done.stderr and word in done.stderr, done.stderr
        assert "NoSuchEntity" in config("get", "refused").stderr
    applied(config, "refused", document())
    kind = config("apply", "refused", "-f", "-", stdin=document(TokenType="SAML"))
    assert kind.returncode == 1 and "gives OIDC tokens" in kind.stderr and "hint" in kind.stderr
    assert config("apply", "whole", "-f", "-", stdin=document()).returncode == 0
    again = config("apply", "whole", "-f", "-", stdin=config("get", "whole").stdout)
    assert again.returncode == 1 and "`exeat federation-config get whole --document` prints" in again.stderr, again.stderr
    assert "cannot read `none`" in config("apply", "refused", "-f", "none").stderr
    (tmp_path / "latin").write_bytes(b"\xe9")
    done = config("apply", "refused", "-f", "-", "--service-provider-metadata", "latin", stdin=document())
    assert done.returncode == 1 and "not UTF-8" in done.stderr
    assert config("apply", "refused").returncode == 2


def test_a_caller_without_a_right_is_told_and_no_token_leaves(config, make_user):
    applied(config, "walled", document())
    user = make_user({"Effect": "Allow", "Action": "iam:GetOutboundFederationToken", "Resource": "*",
                      "Condition": {"StringEquals": {"sts:IdentityTokenAudience": "another"}}})
    for command in (["token", "walled"], ["get", "walled"], ["list"], ["delete", "walled"]):
        done = config(*command, credentials=user.credentials)
        assert done.returncode == 1 and "AccessDenied" in done.stderr and done.stdout == "", (command, done.stderr)


def test_the_endpoint_of_iam_wins_over_all_others_and_that_of_sts_is_the_last(server, tmp_path):
    environment = clients.environment_for(server, tmp_path)
    endpoint, nowhere = environment["AWS_ENDPOINT_URL"], "https://127.0.0.1:1"
    others = {"AWS_ENDPOINT_URL": nowhere, "AWS_ENDPOINT_URL_STS": nowhere}
    alone = {name: value for name, value in environment.items() if name != "AWS_ENDPOINT_URL"}
    for command in (["federation-config", "list"], ["transparency", "status"]):
        for variables in (environment | others | {"AWS_ENDPOINT_URL_IAM": endpoint},
                          environment | {"AWS_ENDPOINT_URL_STS": nowhere}, alone | {"AWS_ENDPOINT_URL_STS": endpoint}):
            done = servers.exeat(*command, environment=variables)
            assert done.returncode == 0, done.stderr
    done = servers.exeat("token", "--audience", "a", environment=environment | {"AWS_ENDPOINT_URL_IAM": nowhere})
    assert done.returncode == 0, done.stderr


METADATA = """<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="https://sp.example/saml"><SPSSODescriptor
 protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol"><NameIDFormat
>urn:oasis:names:tc:SAML:2.0:nameid-format:persistent</NameIDFormat><AssertionConsumerService index="0"
 Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="https://sp.example/acs"/></SPSSODescriptor>
</EntityDescriptor>"""


def test_a_service_of_which_only_the_metadata_is_known(config, tmp_path):
    (tmp_path / "metadata.xml").write_text(METADATA)
    text = json.dumps({"OutboundFederationConfig": {"TokenType": "SAML", "NameIdValue": "${aws:PrincipalAccount}"}})
    made = config("apply", "people", "-f", "-", "--service-provider-metadata", "metadata.xml", "--json", stdin=text)
    assert made.returncode == 0, made.stderr
    stored = json.loads(made.stdout)["OutboundFederationConfig"]
    assert (stored["TargetService"], stored["Audience"]) == ("https://sp.example/acs", "https://sp.example/saml")
    assert stored["NameIdFormat"].endswith(":persistent") and stored["NameIdValue"] == "${aws:PrincipalAccount}"
    # What it is now, written down without the metadata, is the same.
    printed = config("get", "people", "--document").stdout
    assert applied(config, "people", printed)[0] == "unchanged"
    shown = config("token", "people", "--decode")
    assert shown.returncode == 0 and "Response" in shown.stdout.splitlines()[0], shown.stderr
    assert "Audience>https://sp.example/saml</" in shown.stdout and "SignatureValue>" in shown.stdout
    page = config("open", "people", "--print")
    assert page.returncode == 0 and 'action="https://sp.example/acs"' in page.stdout, page.stderr
    # Everything that the new document does not say is the default again.
    attributes = [{"Name": "who", "Values": ["${aws:PrincipalArn}", "x"]}]
    outcome, other = applied(config, "people", document(TokenType="SAML", SamlAttributes=attributes, SamlForm="Assertion"))
    assert outcome == "updated" and other["SamlAttributes"] == attributes
    assert other["NameIdFormat"].endswith(":unspecified") and other["NameIdValue"] == "${aws:PrincipalArn}"
    bare = config("token", "people", "--decode")
    assert "Assertion" in bare.stdout.splitlines()[0] and ">x</" in bare.stdout, bare.stderr
    assert "gives bare assertions" in config("open", "people", "--print").stderr
    outcome, plain = applied(config, "people", document(TokenType="SAML"))
    assert outcome == "updated" and "SamlAttributes" not in plain and plain["SamlForm"] == "Response"
    assert applied(config, "people", document(TokenType="SAML"))[0] == "unchanged"


def test_metadata_that_the_server_does_not_take_changes_nothing(config, tmp_path):
    applied(config, "people", document(TokenType="SAML"))
    before = config("get", "people").stdout
    for text in ("<!DOCTYPE x><x/>", "<x/>", METADATA.replace("entityID", "validUntil='2001-01-01T00:00:00Z' entityID")):
        (tmp_path / "metadata.xml").write_text(text)
        done = config("apply", "people", "-f", "-", "--service-provider-metadata", "metadata.xml",
                      stdin='{"OutboundFederationConfig": {"TokenType": "SAML"}}')
        assert done.returncode == 1 and "serviceProviderMetadata" in done.stderr, done.stderr
        assert config("get", "people").stdout == before
