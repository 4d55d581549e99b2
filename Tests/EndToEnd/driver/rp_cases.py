# SPDX-License-Identifier: Apache-2.0
"""What every relying party is shown: tokens that it must let in, tokens that it must refuse for a reason that it names, and a
rotation of keys while it runs. A test file derives a class for each kind."""

import re

import jwt
import pytest

from driver import rp_issuer, wire

REFUSED = ["audience", "expired", "issuer", "subject", "changed", "foreign key", "unsigned", "no token"]


class Cases:
    """`kind` is a class of `driver.relying_parties`; the fixture `party` runs it."""

    kind = None

    def refused(self, party, token, reason):
        """The party does not let this token in, and says why."""
        said = party.refusal(token)
        rp_issuer.await_true(
            lambda: re.search(party.reasons[reason], said(), re.MULTILINE), lambda: f"{party.reasons[reason]} in {said()}")

    # MARK: let in

    @pytest.mark.parametrize("algorithm", ["ES384", "RS256"])
    def test_a_workload_is_let_in_by_its_token(self, party, algorithm):
        token = party.issuer.token(algorithm)
        if algorithm not in party.verifies:
            self.refused(party, token, "algorithm")
            return
        assert party.admits(token) == party.issuer.app, party.said()

    # MARK: refused

    @pytest.mark.parametrize("what", REFUSED)
    def test_refused(self, party, server, what):
        issuer, algorithm = party.issuer, party.verifies[-1]
        if what == "expired" and issuer.expired is None:
            pytest.skip("faketime is not installed: no token is ten minutes old")
        token = {
            "audience": lambda: issuer.token(algorithm, audience="https://other.example.com"),
            "expired": lambda: issuer.expired[algorithm],
            # Of another server, which is as good an issuer as this one.
            "issuer": lambda: wire.token(server, SigningAlgorithm=algorithm),
            "subject": lambda: issuer.token(algorithm, role=issuer.other),
            "changed": lambda: rp_issuer.changed(issuer.token(algorithm, role=issuer.other), sub=issuer.app),
            "foreign key": lambda: rp_issuer.by_foreign_key(issuer.token(algorithm), algorithm),
            "unsigned": lambda: rp_issuer.unsigned(issuer.token(algorithm)),
            "no token": lambda: "",
        }[what]()
        self.refused(party, token, what)

    def test_a_public_key_is_not_taken_for_a_shared_secret(self, party):
        """RFC 8725 §2.1: neither its PEM, nor its DER, nor, for servers that keep it in a file, that file's path."""
        token = party.issuer.token("RS256")
        name = jwt.get_unverified_header(token)["kid"]
        for secret in [*party.issuer.public_key(name), *party.key_paths()]:
            self.refused(party, rp_issuer.by_shared_secret(token, secret), "shared secret")

    # MARK: rotation

    def test_a_key_rotation_goes_unnoticed(self, party):
        issuer, algorithm = party.issuer, party.verifies[0]
        before = issuer.token(algorithm)
        assert party.admits(before) == issuer.app
        after = issuer.rotate(algorithm)
        party.after_rotation()
        rp_issuer.await_true(lambda: party.admits(after), lambda: f"the successor's token\n{party.said()}")
        assert party.admits(before) == issuer.app, party.said()


class WebCases(Cases):
    """A web server in front of an application."""

    def test_what_a_client_says_of_itself_does_not_reach_the_application(self, party):
        status, text = party.ask(party.issuer.token(), "X-Workload: arn:aws:iam::123456789012:root")
        assert status == 200
        assert party.issuer.app in text and "123456789012:root" not in text

    def test_the_token_does_not_reach_the_application(self, party):
        token = party.issuer.token()
        status, text = party.ask(token)
        assert status == 200
        assert token not in text

    def test_the_guide_leads_to_the_page(self, party, follow):
        assert party.issuer.app in follow("Try it", {"https://app.example.com": f"https://localhost:{party.port}"})
