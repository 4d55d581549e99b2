# SPDX-License-Identifier: Apache-2.0
"""Assertions that no browser brings: bare ones for the bearer grant of RFC 7522, verified by signxml and libxmlsec; and
encrypted ones."""

import datetime
import random
import subprocess

import pytest
import xmlsec

from driver import saml_forgeries, saml_messages
from driver.saml_messages import NAMES, find, parse
from driver.saml_consumers import (
    ALGORITHMS, EXPECTED, ROOT, PySAML2, Python3SAML, Refused, Service, SignXML, XMLSec, config, encrypting_service,
    refused)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_bare_assertion_is_what_the_bearer_grant_wants(saml_issuer, algorithm):
    """RFC 7522 §3: a signed assertion for the token endpoint, in base64url; signxml and libxmlsec verify it."""
    endpoint = Service(entity_id="https://as.example", acs="https://as.example/token")
    octets = saml_issuer.assertion(**config(endpoint, SigningAlgorithm=algorithm))
    path = "//md:KeyDescriptor[@use='signing']//ds:X509Certificate/text()"
    certificates = ["".join(text.split()) for text in parse(saml_issuer.metadata()).xpath(path, namespaces=NAMES)]
    brought = "".join(find(parse(octets), "./ds:Signature//ds:X509Certificate").text.split())
    assert brought in certificates
    assertion = SignXML(brought)(parse(octets))
    assert assertion.tag == f"{{{saml_messages.SAML}}}Assertion"
    assert XMLSec(brought)(octets).get("ID") == assertion.get("ID")
    assert find(assertion, "./saml:Issuer").text == saml_issuer.entity_id
    assert find(assertion, "./saml:Subject/saml:NameID").text == ROOT
    data = find(assertion, ".//saml:SubjectConfirmation[@Method='urn:oasis:names:tc:SAML:2.0:cm:bearer']"
                           "/saml:SubjectConfirmationData")
    assert data.get("Recipient") == endpoint.acs
    assert find(assertion, "./saml:Conditions/saml:AudienceRestriction/saml:Audience").text == endpoint.entity_id
    now = datetime.datetime.now(datetime.timezone.utc)
    ends = [datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))
            for text in [data.get("NotOnOrAfter"), find(assertion, "./saml:Conditions").get("NotOnOrAfter")]]
    assert all(now < end <= now + datetime.timedelta(hours=1, minutes=1) for end in ends)
    # For another service provider's web page it is nothing: there is no response around it.
    refused(Python3SAML(endpoint, saml_issuer.metadata()), octets)
    for name, forged in saml_forgeries.flips(octets, random.Random(7).sample(range(len(octets)), 20)):
        if octets.index(b"<ds:X509Certificate>") < int(name.split()[1]) < octets.index(b"</ds:X509Certificate>"):
            continue
        try:
            root = parse(forged)
        except saml_messages.etree.XMLSyntaxError:
            continue
        with pytest.raises(Refused):
            SignXML(brought)(root)


def test_signxml_verifies_response_assertion_and_metadata(saml_issuer):
    certificate = saml_issuer.certificate()
    response = parse(saml_issuer.response(**config(SamlSignResponse="true")))
    verify = SignXML(certificate)
    assert verify(response).tag == f"{{{saml_messages.SAMLP}}}Response"
    assert verify(find(response, "./saml:Assertion")).tag == f"{{{saml_messages.SAML}}}Assertion"
    metadata = parse(saml_issuer.metadata())
    brought = "".join(find(metadata, "./ds:Signature//ds:X509Certificate").text.split())
    assert SignXML(brought)(metadata).get("entityID") == saml_issuer.entity_id


# MARK: encryption


@pytest.fixture(scope="module")
def encrypting(tmp_path_factory):
    return encrypting_service(tmp_path_factory.mktemp("encrypting"))


def encrypted(service, **fields):
    return config(service, AssertionEncryption="AES256-GCM", EncryptionCertificate=service.certificate.read_text(), **fields)


def test_an_encrypted_assertion_is_opened_by_libxmlsec_and_is_as_it_was_signed(saml_issuer, encrypting):
    octets = saml_issuer.response(**encrypted(encrypting))
    assert ROOT.encode() not in octets and b"payments" not in octets
    keys = xmlsec.KeysManager()
    keys.add_key(xmlsec.Key.from_file(str(encrypting.key), xmlsec.KeyFormat.PEM))

    def opened(octets):
        data = find(parse(octets), "//saml:EncryptedAssertion/xenc:EncryptedData")
        return xmlsec.EncryptionContext(keys).decrypt(data)

    assertion = parse(saml_messages.etree.tostring(opened(octets)))
    assert find(SignXML(saml_issuer.certificate())(assertion), "./saml:Subject/saml:NameID").text == ROOT
    for value in parse(octets).xpath("//xenc:CipherValue/text()", namespaces=NAMES):
        forged = octets.replace(value.encode(), (saml_forgeries.changed(value[:100]) + value[100:]).encode())
        assert forged != octets
        with pytest.raises(xmlsec.Error):
            opened(forged)


def test_python3_saml_decrypts_what_its_schemas_know(saml_issuer, encrypting):
    """Its schemas have no XML Encryption 1.1, and what is foreign in `EncryptionMethod` it wants to know."""
    consumer = Python3SAML(encrypting, saml_issuer.metadata())
    octets = saml_issuer.response(**encrypted(encrypting))
    if parse(octets).xpath("//*[local-name()='MGF']"):
        assert "schema" in refused(consumer, octets)
    else:
        assert consumer(octets) == EXPECTED
    assert "encrypted" in refused(consumer, saml_issuer.response(**config(encrypting)))


def test_pysaml2_decrypts_what_its_xmlsec1_can(saml_issuer, encrypting):
    """xmlsec1 1.2 knows OAEP only with SHA-1; 1.3 knows every one."""
    version = subprocess.run(["xmlsec1", "--version"], capture_output=True, text=True).stdout.split()[1]
    consumer = PySAML2(encrypting, saml_issuer.metadata())
    octets = saml_issuer.response(**encrypted(encrypting))
    if tuple(map(int, version.split(".")[:2])) >= (1, 3):
        assert consumer(octets) == EXPECTED
    else:
        refused(consumer, octets)
