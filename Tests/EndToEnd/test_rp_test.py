# SPDX-License-Identifier: Apache-2.0
"""`exeat rp-test` finds every mistake that a verifier of tokens is told to make, and nothing in one that makes none."""

import json
import os
import re
import subprocess
import sys
import urllib.request
import ssl
import xml.etree.ElementTree

import pytest

from driver import careless, clients, guides, server as servers, wire

AUDIENCE = "https://service.example/api"


def rp_test(dev, url, *arguments, timeout=120):
    environment = {"AWS_ENDPOINT_URL": dev.url, "AWS_CA_BUNDLE": dev.ca, "AWS_ACCESS_KEY_ID": "test",
                   "AWS_SECRET_ACCESS_KEY": "test", "AWS_REGION": "us-east-1"}
    return servers.exeat("rp-test", url, "--audience", AUDIENCE, *arguments, environment=environment, timeout=timeout)


@pytest.fixture(scope="module")
def keys(dev):
    issuer = wire.call(dev, "GetOutboundWebIdentityFederationInfo", "iam").text("IssuerIdentifier")
    with urllib.request.urlopen(issuer + "/.well-known/jwks.json",
                                context=ssl.create_default_context(cafile=dev.ca)) as answer:
        return issuer, answer.read()


def verifier(keys, *faults):
    issuer, jwks = keys
    return careless.Verifier(issuer, AUDIENCE, jwks, faults)


@pytest.fixture(scope="module")
def run(dev, keys, tmp_path_factory):
    """One run against the careful verifier: the report, and the tokens in its order. By form, so that every token comes
    through, however long."""
    junit = tmp_path_factory.mktemp("rp-test") / "report.xml"
    with careless.Service(verifier(keys)) as service:
        done = rp_test(dev, service.url, "--form", "token", "--json", "--junit", junit)
        report = json.loads(done.stdout)
        assert len(report["cases"]) == len(service.received)
        return done, report, dict(zip([case["id"] for case in report["cases"]], service.received)), junit


def test_nothing_is_found_in_a_careful_verifier(run):
    done, report, _, _ = run
    wrong = [case for case in report["cases"] if case["verdict"] != "right"]
    assert wrong == [] and report["findings"] == 0 and done.returncode == 0, done.stderr


def test_there_are_about_a_hundred_cases_each_with_a_meaning_and_a_source(run):
    _, report, _, _ = run
    cases = report["cases"]
    assert len(cases) >= 100 and len({case["id"] for case in cases}) == len(cases)
    assert sum(case["good"] for case in cases) >= 8
    assert all(case["meaning"] and "RFC" in case["reference"] or "FIPS" in case["reference"] for case in cases)


@pytest.mark.parametrize("fault", careless.FAULTS)
def test_every_seeded_fault_is_found(run, keys, fault):
    """The tokens of the run, judged by a verifier with one fault."""
    _, report, tokens, _ = run
    faulty = verifier(keys, fault)
    found = [case["id"] for case in report["cases"] if faulty.accepts(tokens[case["id"]]) != case["good"]]
    assert found, fault


def test_a_finding_is_reported_with_what_it_means_and_fails_the_command(dev, keys, tmp_path):
    junit = tmp_path / "report.xml"
    with careless.Service(verifier(keys, "alg-none", "good-rs256-refused")) as service:
        done = rp_test(dev, service.url, "--only", "alg-none", "--only", "good-rs256", "--only", "good-es384",
                       "--junit", junit)
    assert done.returncode == 1
    lines = done.stdout.splitlines()
    assert lines[0].startswith("✓ good good-es384")
    assert lines[1].startswith("✗ good good-rs256") and "REFUSED" in lines[1]
    assert lines[2].startswith("✗ bad  alg-none") and "LET IN" in lines[2] and "RFC 8725" in lines[2]
    assert lines[-1] == "2 of 3 tokens were not treated as they should be"
    suite = xml.etree.ElementTree.parse(junit).getroot()
    assert (suite.get("tests"), suite.get("failures")) == ("3", "2")
    assert [case.get("name") for case in suite if len(case)] == ["good-rs256", "alg-none"]


def test_a_token_is_brought_as_the_service_takes_it(dev, keys):
    with careless.Service(verifier(keys)) as service:
        for arguments in [[], ["--header", "X-Token"], ["--form", "token"]]:
            done = rp_test(dev, service.url, "--only", "good-es384", "--only", "aud-other", *arguments)
            assert done.returncode == 0, done.stdout + done.stderr
        # What counts as let in and as refused can be said.
        done = rp_test(dev, service.url, "--only", "good-es384", "--expect-status", "204")
        assert done.returncode == 1 and "200" in done.stdout


def test_what_answers_neither_yes_nor_no_is_a_finding(dev, keys):
    with careless.Service(verifier(keys)) as service:
        url = service.url
        done = rp_test(dev, url, "--only", "aud-other", "--refuse-status", "403")
        assert done.returncode == 1 and "neither in nor refused" in done.stdout


@pytest.mark.parametrize("arguments", [[], ["--json"], ["--change-keys", "--only", "revoked-key"]])
def test_a_service_that_is_not_there_is_told_once(dev, tmp_path, arguments):
    url = f"http://127.0.0.1:{servers.free_port()}"
    done = rp_test(dev, url + "/who?secret=1", "--junit", tmp_path / "report.xml", *arguments)
    assert done.returncode == 3 and done.stdout == "", done.stdout
    assert f"the service at {url}/who cannot be reached: connection refused" in done.stderr
    assert "secret" not in done.stderr and "errno" not in done.stderr
    assert not (tmp_path / "report.xml").exists()


def test_a_service_whose_certificate_is_not_trusted_is_told_once(dev):
    done = rp_test(dev, dev.url + "/health/live")
    assert done.returncode == 3 and "certificate is not trusted" in done.stderr and "--service-ca-file" in done.stderr


def test_an_issuer_that_is_not_there_is_no_finding(dev, keys, tmp_path):
    url = f"http://127.0.0.1:{servers.free_port()}"
    with careless.Service(verifier(keys)) as service:
        done = rp_test(dev, service.url, "--endpoint-url", url, "--junit", tmp_path / "report.xml")
        assert done.returncode == 3 and done.stdout == "", done.stdout
        assert f"could not test: no answer from {url}/: connection refused" in done.stderr
        assert service.received == [] and not (tmp_path / "report.xml").exists()
        # A report that nobody can read is none, either.
        done = rp_test(dev, service.url, "--only", "alg-none", "--junit", tmp_path)
        assert done.returncode == 3 and "--junit: cannot write" in done.stderr, done.stderr
        done = rp_test(dev, service.url, "--service-ca-file", tmp_path / "none.pem")
        assert done.returncode == 3 and "cannot read the CA file" in done.stderr, done.stderr


@pytest.mark.parametrize("arguments, message", [
    (["--only", "no-such"], "there is no case"), (["--signing-algorithm", "HS256"], "is not ES384 or RS256"),
    (["--expect-status", "20"], "is not a list"), (["--header", "a:b"], "no name of a header"),
    (["--header", "a", "--form", "b"], "sent once"), (["--only", "revoked-key"], "changes the issuer's keys"),
    (["--wait", "5"], "--wait goes with --change-keys"), (["--change-keys", "--wait", "0"], "is not 1 to 43200"),
])
def test_mistakes_in_the_command_are_said(dev, arguments, message):
    done = rp_test(dev, "http://127.0.0.1:1/", *arguments)
    assert done.returncode == 2 and message in done.stderr, done.stderr


def test_an_issuer_that_people_rely_on_is_asked_for_no_token(server, issuer, keys, tmp_path):
    with careless.Service(verifier(keys)) as service:
        done = servers.exeat("rp-test", service.url, "--audience", AUDIENCE,
                             environment=clients.environment_for(server, tmp_path))
        assert done.returncode == 3 and "could not test: the issuer signs no test tokens" in done.stderr, done.stderr
        assert service.received == []


def test_keys_that_people_rely_on_are_never_changed(server, issuer, keys, tmp_path):
    def listed():
        return re.findall(rb"<KeyId>(.+?)</KeyId>", wire.call(server, "ListOutboundSigningKeys", "iam").body)

    before = listed()
    with careless.Service(verifier(keys)) as service:
        for only in [[], ["--only", "revoked-key"]]:
            done = servers.exeat("rp-test", service.url, "--audience", AUDIENCE, "--change-keys", *only,
                                 environment=clients.environment_for(server, tmp_path))
            assert done.returncode == 3 and "the issuer signs no test tokens" in done.stderr, done.stderr
        assert service.received == []
    assert before and listed() == before


def test_tokens_go_beyond_this_machine_over_tls(dev):
    done = rp_test(dev, "http://192.0.2.1/")
    assert done.returncode == 2 and "is plain http beyond this machine" in done.stderr and "--allow-plain-http" in done.stderr
    done = rp_test(dev, "http://service.invalid/", "--only", "alg-none", "--allow-plain-http")
    assert done.returncode == 3 and "cannot be reached" in done.stderr, done.stderr


def test_only_dev_signs_what_it_is_given(dev, server):
    parameters = {"Header": "{}", "Payload": "{}", "SigningAlgorithm": "ES384"}
    answer = wire.call(dev, "SignOutboundTestToken", "iam", **parameters)
    assert answer.status == 200 and answer.text("Token").startswith("e30.e30.")
    answer = wire.call(server, "SignOutboundTestToken", "iam", **parameters)
    assert (answer.status, answer.code) == (400, "InvalidAction")
    answer = wire.call(server, "WithholdOutboundTestKeySet", "iam", Seconds="60")
    assert (answer.status, answer.code) == (400, "InvalidAction")
    model = servers.exeat("aws-model", "print").stdout
    assert "SignOutboundTestToken" not in model and "WithholdOutboundTestKeySet" not in model


# MARK: the example in Python


def test_nothing_is_found_in_the_example_in_python(dev, keys):
    example = guides.ROOT / "examples" / "relying-party-python" / "server.py"
    environment = {"ISSUER": keys[0], "AUDIENCE": AUDIENCE, "CA_FILE": str(dev.ca), "PORT": "0"}
    process = subprocess.Popen([sys.executable, example], env=servers.clean_environment(**environment),
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        lines = []
        for line in process.stdout:
            lines.append(line)
            if line.startswith("listening on "):
                break
        assert lines and lines[-1].startswith("listening on "), "".join(lines)
        done = rp_test(dev, lines[-1].split()[-1])
    finally:
        process.kill()
        process.wait(timeout=30)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "no finding" in done.stdout


# MARK: the library's own server

@pytest.fixture(scope="module")
def library_server(dev, keys):
    program = os.path.join(os.path.dirname(servers.binary()), "relying-party-server")
    port = servers.free_port()
    environment = {"ISSUER": keys[0], "AUDIENCE": AUDIENCE, "CA_FILE": str(dev.ca), "LOOPBACK": "1", "PORT": str(port)}
    process = subprocess.Popen([program], env=servers.clean_environment(**environment), stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, text=True)
    try:
        for line in process.stdout:
            if line.startswith("listening"):
                break
        yield f"http://127.0.0.1:{port}/whoami"
    finally:
        process.kill()
        process.wait(timeout=60)


def test_nothing_is_found_in_a_server_with_the_library(dev, library_server):
    done = rp_test(dev, library_server)
    assert done.returncode == 0, done.stdout
    assert "no finding" in done.stdout
