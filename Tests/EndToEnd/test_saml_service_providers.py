# SPDX-License-Identifier: Apache-2.0
"""Service providers that nobody here wrote let workloads in with this server's assertions, and refuse what they must:
Shibboleth SP, mod_auth_mellon and SimpleSAMLphp, each under Apache, each set up from the files of its guide."""

import base64
import contextlib
import json
import os
import pathlib
import re

import pytest

from driver import apache, clients, guides, receivers, rp_issuer, saml, server as servers
from driver.service_providers import APPLICATION, ISSUER, Mellon, Shibboleth, SimpleSAMLphp

ALGORITHMS = ["RSA-SHA256", "RSA-SHA384", "ECDSA-SHA384"]
KINDS = [Shibboleth, Mellon, SimpleSAMLphp]


def marked(kinds):
    return [pytest.param(kind, id=kind.folder, marks=pytest.mark.skipif(bool(kind.missing()), reason=kind.missing() or ""))
            for kind in kinds]


@pytest.fixture(scope="module")
def providers():
    """Each service provider before it runs: its addresses are known."""
    made = {kind: kind() for kind in KINDS if not kind.missing()}
    yield made
    for provider in made.values():
        provider.close()


@pytest.fixture(scope="module")
def issuer(tmp_path_factory, providers):
    """A server's issuer with configs for each service provider, which ten minutes ago had another key than it has now.

    `issuer.earlier` are responses from then by the name of their config; `None` where clocks cannot be turned.
    """
    running = saml.ten_minutes_ago(tmp_path_factory.mktemp("saml"))
    with running:
        made = saml.Issuer(running)
        for provider in providers.values():
            made.create(provider.folder, provider.document())
            made.create(f"{provider.folder}-short", provider.document(), Duration=60)
            made.create(f"{provider.folder}-long", provider.document(), Duration=43200)
            for algorithm in ALGORITHMS:
                made.create(
                    f"{provider.folder}-{algorithm}", provider.document(), SigningAlgorithm=algorithm, SamlSignResponse=True)
        made.rotate(overlap_seconds=300)
        made.earlier = {
            name: made.token(name) for provider in providers.values()
            for name in (f"{provider.folder}-short", f"{provider.folder}-long")} if running.clock else None
        running.clock = None
        running.restart()
        yield made


@pytest.fixture(scope="module", params=marked(KINDS))
def provider(request, issuer, providers):
    with providers[request.param].run(issuer) as running:
        yield running


def response(provider, user=None, name=None):
    """A response for this service, from the config of its guide unless another is named."""
    return provider.issuer.token(name or provider.folder, user)


def refused(provider, message, reason):
    """The service gives no session for it, and says why in its log."""
    before = provider.logs()
    visitor = provider.post(message)
    page = provider.open(visitor)
    assert page.status_code == provider.closed, page.text
    assert visitor.posted.headers.get("Location") is None

    def said():
        return apache.added(before, provider.logs())

    # Its daemon writes when it writes.
    rp_issuer.await_true(lambda: re.search(reason, said()), lambda: f"{reason} in {said()}")


# MARK: let in


def test_a_workload_is_let_in_and_the_application_sees_who_it_is(provider):
    page = provider.open(provider.post(response(provider)))
    assert page.status_code == 200, provider.said()
    assert page.json()["X-Remote-User"] == provider.issuer.payments.arn
    assert page.json()["X-Team"] == "payments"


def test_what_a_client_says_of_itself_does_not_reach_the_application(provider):
    visitor = provider.post(response(provider))
    page = provider.open(visitor, **{"X-Remote-User": "arn:aws:iam::123456789012:root", "X-Team": "sales"})
    assert page.status_code == 200
    assert page.json()["X-Remote-User"] == provider.issuer.payments.arn
    assert page.json()["X-Team"] == "payments"


def test_an_attribute_of_the_principal_decides(provider):
    assert provider.open(provider.post(response(provider, provider.issuer.sales))).status_code == 403


def test_the_session_is_of_one_client_alone(provider):
    provider.post(response(provider))
    assert provider.open(provider.post("")).status_code == provider.closed


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_every_signature_algorithm_and_a_signed_response(provider, algorithm):
    message = response(provider, name=f"{provider.folder}-{algorithm}")
    if algorithm not in provider.verifies:
        # Its guide says so, and would have to be changed if it learned to.
        refused(provider, message, provider.reasons["algorithm"])
        return
    page = provider.open(provider.post(message))
    assert page.status_code == 200, provider.said()


# MARK: refused


def test_a_changed_assertion_is_refused(provider):
    message = saml.changed(response(provider, provider.issuer.sales), ">sales<", ">payments<")
    refused(provider, message, provider.reasons["changed"])


def test_an_assertion_without_its_signature_is_refused(provider):
    refused(provider, saml.unsigned(response(provider)), provider.reasons["unsigned"])


@pytest.mark.parametrize("place", saml.PLACES)
def test_a_forged_assertion_beside_a_signed_one_gains_nothing(provider, place):
    message = saml.wrapped(response(provider, provider.issuer.sales), place, ">sales<", ">payments<")
    page = provider.open(provider.post(message))
    assert page.status_code in (provider.closed, 403), page.text


def test_an_assertion_that_another_key_signed_is_refused(provider, tmp_path):
    refused(provider, saml.signed_by_another(response(provider), tmp_path), provider.reasons["foreign"])


@pytest.fixture
def earlier(issuer):
    if issuer.earlier is None:
        pytest.skip("faketime is not installed: no assertion is ten minutes old")
    return issuer.earlier


def test_an_expired_assertion_is_refused(provider, earlier):
    refused(provider, earlier[f"{provider.folder}-short"], provider.reasons["expired"])


def test_an_expired_assertion_is_refused_in_a_new_response_too(provider, earlier):
    """`IssueInstant` of the response is not part of what is signed."""
    message = saml.reissued(earlier[f"{provider.folder}-short"])
    refused(provider, message, provider.reasons["expired"])


def test_an_assertion_of_the_key_before_the_rotation(provider, earlier):
    """It is valid for twelve hours, and its key's certificate is still in the metadata."""
    message = earlier[f"{provider.folder}-long"]
    if not provider.takes_old_messages:
        # Its guide says so, and would have to be changed if it learned to.
        refused(provider, message, provider.reasons["expired"])
        return
    assert provider.open(provider.post(message)).status_code == 200, provider.said()


def test_an_assertion_for_another_audience_is_refused(provider):
    name = f"{provider.folder}-audience"
    provider.issuer.create(name, provider.document(), Audience="https://other.example.com/saml")
    refused(provider, response(provider, name=name), provider.reasons["audience"])


def test_a_response_for_another_address_is_refused(provider):
    """Once as it was made, and once with `Destination` put right, which is not part of what is signed: then `Recipient`
    in the assertion speaks."""
    name, elsewhere = f"{provider.folder}-address", "https://other.example.com/acs"
    provider.issuer.create(name, provider.document(), TargetService=elsewhere)
    refused(provider, response(provider, name=name), provider.reasons["destination"])
    readdressed = saml.changed(response(provider, name=name), f'Destination="{elsewhere}"', f'Destination="{provider.acs}"')
    refused(provider, readdressed, provider.reasons["recipient"])


def test_a_response_that_was_used_is_refused(provider):
    message = response(provider)
    assert provider.open(provider.post(message)).status_code == 200
    refused(provider, message, provider.reasons["replayed"])


# MARK: encrypted


def of_metadata(provider, name, **more):
    """A config that is made of nothing but what the service says of itself, and of the guide's attributes."""
    document = provider.document()
    answer = provider.issuer.create(
        name, {"TokenType": "SAML", "SamlAttributes": document["SamlAttributes"]},
        ServiceProviderMetadata=provider.metadata(), **more)
    assert answer.text("TargetService") == document["TargetService"]
    assert answer.text("Audience") == document["Audience"]


def test_a_config_is_made_of_the_metadata_of_the_service(provider):
    name = f"{provider.folder}-metadata"
    of_metadata(provider, name)
    assert provider.open(provider.post(response(provider, name=name))).status_code == 200


def test_an_encrypted_assertion(provider):
    """AES-256-GCM and RSA-OAEP with SHA-256, for the certificate in the service's metadata."""
    name = f"{provider.folder}-encrypted"
    if provider.encryption is None:
        answer = provider.issuer.ask(
            name, {"TokenType": "SAML"}, ServiceProviderMetadata=provider.metadata(), AssertionEncryption="AES256-GCM")
        assert answer.status == 400 and "EncryptionCertificate" in answer.message, answer.body
        return
    of_metadata(provider, name, AssertionEncryption="AES256-GCM")
    message = response(provider, name=name)
    assert b"EncryptedAssertion" in base64.b64decode(message) and b"payments" not in base64.b64decode(message)
    if provider.encryption == "refused":
        # Its guide says so, and would have to be changed if it learned to.
        refused(provider, message, provider.reasons["encrypted"])
        return
    page = provider.open(provider.post(message))
    assert page.status_code == 200, provider.said()
    assert page.json()["X-Team"] == "payments"


# MARK: guides


@pytest.fixture
def follow(provider, tmp_path, monkeypatch):
    """Follows a part of a guide as somebody, in a folder with the config's document; `exeat` is on the path."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "exeat").symlink_to(servers.binary())
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:{os.environ['PATH']}")
    running = provider.issuer.running
    authorities = tmp_path / "ca.pem"
    authorities.write_text(provider.ca.read_text() + pathlib.Path(running.ca).read_text())
    (tmp_path / "my-federation.json").write_text(json.dumps({"OutboundFederationConfig": provider.document()}))

    def follow(guide, heading, credentials=None):
        environment = {**clients.environment_for(running, tmp_path, credentials), "CURL_CA_BUNDLE": str(authorities)}
        replacements = {APPLICATION: provider.base, ISSUER: provider.issuer.url}
        return guides.run(guides.section(guide, heading), replacements, tmp_path, environment)

    return follow


def test_the_guide_leads_to_a_signed_in_page(provider, follow):
    follow(provider.folder, "The config")
    assert provider.issuer.payments.arn in follow(provider.folder, "Sign in", provider.issuer.payments.credentials)


def test_the_guide_pins_the_issuers_key_and_checks_metadata(provider, follow, tmp_path):
    assert "Fingerprint=" in follow("README", "Pinning the issuer's key")
    assert (tmp_path / "exeat-signing.pem").read_text() == provider.issuer.certificate()
    assert b"EntityDescriptor" in (tmp_path / "exeat-metadata.xml").read_bytes()


@pytest.mark.parametrize("document", [pytest.param(document, id=guide) for guide, document in guides.documents()])
def test_a_document_in_a_guide_is_taken(issuer, document, tmp_path):
    """One without a service is for `--service-provider-metadata`. xmlsec1 verifies what comes of the others."""
    name = "document-" + re.sub(r"\W", "-", document.get("Audience", "metadata"))
    if "TargetService" not in document:
        issuer.create(name, document, ServiceProviderMetadata=saml.METADATA)
        return
    issuer.create(name, document)
    saml.verify(issuer.token(name), issuer.certificate(), tmp_path, is_bare=document.get("SamlForm") == "Assertion")


def test_a_guide_names_only_files_that_are_there():
    assert guides.missing_targets() == []


# MARK: metadata of the issuer


@pytest.mark.skipif(bool(Shibboleth.missing()), reason=Shibboleth.missing() or "")
def test_shibboleth_believes_metadata_with_the_pinned_certificates_alone(issuer, tmp_path):
    """The issuer's TLS certificate is of an authority that Shibboleth does not know: the signature is all that counts."""
    another, _ = receivers.certificate(tmp_path, "another")
    guide = guides.section("shibboleth-sp", "The service")
    both = re.search(r"^```\n(<MetadataFilter.*?)^```$", guide, re.MULTILINE | re.DOTALL)[1]
    with contextlib.closing(Shibboleth()) as stopped, stopped.run(issuer) as provider:
        assert provider.knows_the_issuer()
        pinned = provider.work / "exeat-signing.pem"
        right = pinned.read_text()
        pinned.write_text(another.read_text())
        assert not provider.knows_the_issuer()
        (provider.work / "exeat-signing-next.pem").write_text(right)
        text, filters = re.subn(
            r'<MetadataFilter type="Signature"[^>]*/>', both.replace("/etc/shibboleth", str(provider.work)),
            provider.configuration.read_text())
        assert filters == 1
        provider.configuration.write_text(text)
        assert provider.knows_the_issuer()
