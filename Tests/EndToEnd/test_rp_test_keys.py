# SPDX-License-Identifier: Apache-2.0
"""`exeat rp-test --change-keys` finds what verifiers do wrong when keys are rotated, revoked and withheld, and nothing in
one that keeps its key set as it should."""

import json
import re
import time
import xml.etree.ElementTree

import pytest

from driver import careless, server as servers, wire
from driver.careless_cache import CACHE_FAULTS, CachingVerifier

AUDIENCE = "https://service.example/api"
CASES = ["rotated-new-key", "rotated-old-key", "rotated-swapped-kid", "revoked-key", "revoked-next-key",
         "withheld-foreign-key", "withheld-unknown-kid", "withheld-and-back"]
# Longer than the verifiers keep a set. However slow the machine, the last token of a step is sent after it.
WAIT = "1"


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    """An `exeat dev` of these tests alone: its keys are revoked."""
    with servers.dev(tmp_path_factory.mktemp("dev-keys")) as running:
        yield running


def issuer_of(own):
    return wire.call(own, "GetOutboundWebIdentityFederationInfo", "iam").text("IssuerIdentifier")


def rp_test(own, url, *arguments, only=CASES):
    environment = {"AWS_ENDPOINT_URL": own.url, "AWS_CA_BUNDLE": own.ca, "AWS_ACCESS_KEY_ID": "test",
                   "AWS_SECRET_ACCESS_KEY": "test", "AWS_REGION": "us-east-1"}
    chosen = [word for case in only for word in ("--only", case)]
    return servers.exeat("rp-test", url, "--audience", AUDIENCE, "--change-keys", "--wait", WAIT, *chosen, *arguments,
                         environment=environment, timeout=180)


def report_of(own, fault, *arguments, only=CASES):
    with careless.Service(CachingVerifier(issuer_of(own), AUDIENCE, own.ca, fault)) as service:
        done = rp_test(own, service.url, "--json", *arguments, only=only)
        assert len(set(service.received)) == len(service.received), "a token was shown twice"
    return done, {case["id"]: case for case in json.loads(done.stdout)["cases"]}


@pytest.mark.parametrize("algorithm", ["ES384", "RS256"])
def test_nothing_is_found_in_a_verifier_that_keeps_its_set_as_it_should(own, tmp_path, algorithm):
    done, cases = report_of(own, None, "--signing-algorithm", algorithm, "--junit", tmp_path / "report.xml")
    assert list(cases) == CASES
    assert done.returncode == 0, done.stdout + done.stderr
    assert all(case["verdict"] == "right" and case["meaning"] and "RFC" in case["reference"] for case in cases.values())
    # What is refused is refused to the end of the time.
    assert cases["withheld-foreign-key"]["seconds"] >= int(WAIT)
    suite = xml.etree.ElementTree.parse(tmp_path / "report.xml").getroot()
    assert [case.get("name") for case in suite] == CASES and suite.get("failures") == "0"
    assert int(suite[5].get("time")) >= int(WAIT)
    # The key set is published again.
    assert wire.send(own, "GET", issuer_of(own) + "/.well-known/jwks.json").status == 200


# A step may take the whole time: only those are run that can show the fault.
@pytest.mark.parametrize("fault", CACHE_FAULTS)
def test_every_seeded_fault_is_found(own, fault):
    steps = {case.split("-")[0] for case in CACHE_FAULTS[fault]}
    done, cases = report_of(own, fault, only=[case for case in CASES if case.split("-")[0] in steps])
    found = {name for name, case in cases.items() if case["verdict"] != "right"}
    assert found and found <= CACHE_FAULTS[fault] and done.returncode == 1, done.stdout


def test_a_revoked_key_that_is_kept_is_a_finding_of_its_own_with_its_time(own, tmp_path):
    junit = tmp_path / "report.xml"
    with careless.Service(CachingVerifier(issuer_of(own), AUDIENCE, own.ca, "revoked-kept")) as service:
        done = rp_test(own, service.url, "--junit", junit, only=["revoked-key"])
    assert done.returncode == 1
    line = done.stdout.splitlines()[0]
    found = re.fullmatch(r"✗ bad  revoked-key  200 after (\d+) s  STILL LET IN, cached: .+", line)
    assert found and int(found[1]) >= int(WAIT), line
    assert f"a key is revoked; waiting up to {WAIT} s" in done.stderr
    failure = xml.etree.ElementTree.parse(junit).getroot()[0][0]
    assert failure.get("type") == "stillLetIn" and f"200 after {found[1]} s" in failure.get("message")


def test_a_run_that_was_interrupted_leaves_nothing_that_stops_the_next(own):
    # A next key that waits already: the service may know it.
    assert wire.call(own, "RotateOutboundSigningKey", "iam", SigningAlgorithm="ES384").status == 200
    done, cases = report_of(own, "never-fetched-again", only=["rotated-new-key"])
    assert done.returncode == 1 and cases["rotated-new-key"]["verdict"] == "refused"
    # A key set that is withheld comes back by itself.
    assert wire.call(own, "WithholdOutboundTestKeySet", "iam", Seconds="1").status == 200
    wait_until(lambda: wire.send(own, "GET", issuer_of(own) + "/.well-known/jwks.json").status == 200)


def wait_until(holds, seconds=30):
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_a_key_set_that_is_withheld_cannot_be_fetched(own):
    url = issuer_of(own) + "/.well-known/jwks.json"
    assert wire.call(own, "WithholdOutboundTestKeySet", "iam", Seconds="600").status == 200
    try:
        assert [wire.send(own, method, url).status for method in ("GET", "HEAD")] == [503, 503]
    finally:
        wire.call(own, "WithholdOutboundTestKeySet", "iam", Seconds="0")
    assert wire.send(own, "GET", url).status == 200
    for seconds in ("-1", "86401", "soon"):
        assert wire.call(own, "WithholdOutboundTestKeySet", "iam", Seconds=seconds).status == 400


def test_a_test_token_is_signed_with_the_key_that_is_asked_for(own):
    def sign(**more):
        return wire.call(own, "SignOutboundTestToken", "iam", Header="{}", Payload="{}", SigningAlgorithm="ES384", **more)

    listed = wire.call(own, "ListOutboundSigningKeys", "iam").xml
    namespace = {"iam": wire.NAMESPACE["iam"]}
    keys = [{name: member.findtext(f"iam:{name}", namespaces=namespace) for name in ("KeyId", "SigningAlgorithm", "Status")}
            for member in listed.findall(".//iam:OutboundSigningKeys/iam:member", namespace)]
    assert keys
    for key in keys:
        can_sign = key["SigningAlgorithm"] == "ES384" and key["Status"] in ("Signing", "Successor")
        answer = sign(KeyId=key["KeyId"])
        assert (answer.status, answer.code) == ((200, None) if can_sign else (404, "NoSuchEntity")), key
    assert sign(KeyId="no-such-key").code == "NoSuchEntity"
