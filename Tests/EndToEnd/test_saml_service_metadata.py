# SPDX-License-Identifier: Apache-2.0
"""Federation configs from the metadata that python3-saml and pysaml2 write of themselves, signed and unsigned; and their
metadata changed, expired and wrapped, which are refused with the reason."""

import base64
import itertools

import pytest
import saml2
import saml2.config
import saml2.metadata
from onelogin.saml2.settings import OneLogin_Saml2_Settings

from driver import saml_forgeries, wire
from driver.saml_consumers import (
    POST, ROOT, XMLSEC1, PySAML2, Python3SAML, Service, encrypting_service, refused)
from driver.saml_messages import METADATA, etree, find, parse

SHA256 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
numbers = itertools.count(1)


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    return encrypting_service(tmp_path_factory.mktemp("service"))


def by_python3_saml(service, signed=True):
    settings = OneLogin_Saml2_Settings({
        "strict": True,
        "sp": {"entityId": service.entity_id, "assertionConsumerService": {"url": service.acs, "binding": POST},
               "privateKey": service.key.read_text(), "x509cert": service.certificate.read_text()},
        "security": {"signMetadata": signed, "wantAssertionsSigned": True, "wantAssertionsEncrypted": True},
    }, sp_validation_only=True)
    text = settings.get_sp_metadata()
    return text if isinstance(text, bytes) else text.encode()


def by_pysaml2(service, signed=True, algorithm=SHA256, digest="http://www.w3.org/2001/04/xmlenc#sha256"):
    pair = {"key_file": str(service.key), "cert_file": str(service.certificate)}
    config = saml2.config.SPConfig().load({
        "entityid": service.entity_id, "xmlsec_binary": XMLSEC1, "encryption_keypairs": [pair], "valid_for": 24, **pair,
        "service": {"sp": {"want_assertions_signed": True, "endpoints": {
            "assertion_consumer_service": [(service.acs, saml2.BINDING_HTTP_POST)]}}}})
    text = saml2.metadata.create_metadata_string(
        None, config=config, sign=signed, sign_alg=algorithm, digest_alg=digest)
    return text if isinstance(text, bytes) else text.encode()


def create(issuer, metadata, **fields):
    """The answer, and the name of the config."""
    name = f"by-metadata-{next(numbers)}"
    return wire.call(
        issuer.running, "CreateOutboundFederationConfig", "iam", Name=name, TokenType="SAML",
        ServiceProviderMetadata=metadata.decode(), **fields), name


@pytest.mark.parametrize("signed", [True, False], ids=["signed", "unsigned"])
@pytest.mark.parametrize("library, write", [(Python3SAML, by_python3_saml), (PySAML2, by_pysaml2)])
def test_a_service_is_known_by_its_own_metadata(saml_issuer, service, library, write, signed):
    answer, name = create(saml_issuer, write(service, signed))
    assert answer.status == 200, answer.body
    assert (answer.text("TargetService"), answer.text("Audience")) == (service.acs, service.entity_id)
    token = wire.call(saml_issuer.running, "GetOutboundFederationToken", "iam", FederationConfigName=name).text("Token")
    plain = Service(service.entity_id, service.acs)
    assert library(plain, saml_issuer.metadata())(base64.b64decode(token)).name == ROOT


@pytest.mark.parametrize("write", [by_python3_saml, by_pysaml2])
def test_the_key_of_the_metadata_is_encrypted_for_when_asked(saml_issuer, service, write):
    answer, name = create(saml_issuer, write(service), AssertionEncryption="AES256-GCM")
    assert answer.status == 200, answer.body
    lines = service.certificate.read_text().split()
    assert answer.text("EncryptionCertificate").split() == lines
    token = wire.call(saml_issuer.running, "GetOutboundFederationToken", "iam", FederationConfigName=name).text("Token")
    assert b"EncryptedAssertion" in base64.b64decode(token) and ROOT.encode() not in base64.b64decode(token)


def assert_refused(saml_issuer, metadata, reason):
    answer, name = create(saml_issuer, metadata)
    assert (answer.status, answer.code) == (400, "ValidationError"), answer.body
    assert "serviceProviderMetadata" in answer.message and reason in answer.message
    assert wire.call(saml_issuer.running, "GetOutboundFederationConfig", "iam", Name=name).code == "NoSuchEntity"


def test_metadata_signed_with_sha1_is_refused(saml_issuer, service):
    old = by_pysaml2(
        service, algorithm="http://www.w3.org/2000/09/xmldsig#rsa-sha1", digest="http://www.w3.org/2000/09/xmldsig#sha1")
    assert_refused(saml_issuer, old, "rsa-sha1")


@pytest.mark.parametrize("write", [by_python3_saml, by_pysaml2])
def test_signed_metadata_that_was_changed_is_refused(saml_issuer, service, write):
    octets = write(service)
    for old, new in [(service.acs, "https://evil.example/acs"), (service.entity_id, "https://evil.example/metadata")]:
        assert_refused(saml_issuer, octets.replace(old.encode(), new.encode()), "signature does not count")
    value = find(parse(octets), "./ds:Signature/ds:SignatureValue").text
    other = saml_forgeries.changed(value[:60]) + value[60:]
    assert_refused(saml_issuer, octets.replace(value.encode(), other.encode()), "the key did not make it")
    # Another service around the one that was signed.
    root = parse(octets)
    wrapped = etree.Element(f"{{{METADATA}}}EntityDescriptor", entityID="https://evil.example", ID="_evil")
    wrapped.append(root)
    assert_refused(saml_issuer, etree.tostring(wrapped), "more than the one")
    signature = find(root, "./ds:Signature")
    root.remove(signature)
    wrapped.insert(0, signature)
    assert_refused(saml_issuer, etree.tostring(wrapped), "reference")


@pytest.mark.parametrize("start, reason", [
    (b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">]>', "DOCTYPE"),
    (b'<?xml version="1.0" encoding="UTF-16"?>', "UTF-8"),
    (b'<?xml version="1.1"?>', "XML 1.0"),
])
def test_metadata_that_begins_otherwise_is_refused(saml_issuer, service, start, reason):
    octets = by_python3_saml(service, signed=False)
    assert_refused(saml_issuer, start + octets.removeprefix(b'<?xml version="1.0"?>').lstrip(), reason)


def test_expired_metadata_is_refused(saml_issuer, service):
    root = parse(by_python3_saml(service, signed=False))
    root.set("validUntil", "2020-01-01T00:00:00Z")
    assert_refused(saml_issuer, etree.tostring(root), "2020-01-01T00:00:00Z")


def test_a_library_refuses_what_was_made_for_the_other_service(saml_issuer, service):
    answer, name = create(saml_issuer, by_pysaml2(service))
    assert answer.status == 200, answer.body
    token = wire.call(saml_issuer.running, "GetOutboundFederationToken", "iam", FederationConfigName=name).text("Token")
    refused(Python3SAML(Service("https://other.example", service.acs), saml_issuer.metadata()), base64.b64decode(token))
