# SPDX-License-Identifier: Apache-2.0
"""SAML over the wire, judged by programs that nobody here wrote: xmlsec1 verifies assertion, response and metadata,
xmllint validates them against the schemas of OASIS, Python's cryptography decrypts, openssl makes certificates and proofs."""

import base64
import datetime
import pathlib
import subprocess
import xml.etree.ElementTree

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from driver import server as servers, wire

ACS, SP = "https://sp.example.com/acs", "https://sp.example.com/metadata"
XMLSEC1, XMLLINT = pathlib.Path("/usr/bin/xmlsec1"), pathlib.Path("/usr/bin/xmllint")
SCHEMAS = [pathlib.Path("/usr/share/xml/opensaml"), pathlib.Path("/usr/share/xml/xmltooling")]
SPACES = {
    "saml": "urn:oasis:names:tc:SAML:2.0:assertion", "samlp": "urn:oasis:names:tc:SAML:2.0:protocol",
    "md": "urn:oasis:names:tc:SAML:2.0:metadata", "ds": "http://www.w3.org/2000/09/xmldsig#",
    "xenc": "http://www.w3.org/2001/04/xmlenc#",
}
ALGORITHMS = ["RSA-SHA256", "RSA-SHA384", "ECDSA-SHA384"]

pytestmark = pytest.mark.skipif(not XMLSEC1.exists() or not XMLLINT.exists(), reason="xmlsec1 or xmllint is not installed")


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    with servers.serve_plain(tmp_path_factory.mktemp("saml")) as running:
        answer = wire.call(running, "EnableOutboundWebIdentityFederation", "iam")
        assert answer.status == 200, answer.body
        yield running


def call(running, action, **parameters):
    answer = wire.call(running, action, "iam", **parameters)
    assert answer.status == 200, answer.body
    return answer


def make(running, name, **parameters):
    parameters = {"TargetService": ACS, "Audience": SP, **parameters}
    return call(running, "CreateOutboundFederationConfig", Name=name, TokenType="SAML", **parameters)


def token(running, name, **parameters):
    text = call(running, "GetOutboundFederationToken", FederationConfigName=name, **parameters).text("Token")
    return base64.b64decode(text, validate=True)


def entity_id(running):
    return call(running, "ListOutboundSamlKeys").text("EntityId")


def metadata(running):
    path = entity_id(running).removeprefix(servers.PUBLIC_URL)
    return wire.send(running, "GET", running.url + path)


def certificates(document):
    root = xml.etree.ElementTree.fromstring(document)
    found = root.findall(".//md:KeyDescriptor//ds:X509Certificate", SPACES)
    return [x509.load_der_x509_certificate(base64.b64decode(element.text)) for element in found]


def verify(work, octets, trusted, xpath=None):
    """Whether xmlsec1 verifies the signature that `xpath` finds, or the first one, with one of the certificates."""
    (work / "document.xml").write_bytes(octets)
    arguments = [XMLSEC1, "--verify", "--enabled-key-data", "x509"]
    for number, certificate in enumerate(trusted):
        path = work / f"trusted-{number}.pem"
        path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        arguments += ["--trusted-pem", path]
    for element in ["assertion:Assertion", "protocol:Response", "metadata:EntityDescriptor"]:
        arguments += ["--id-attr:ID", f"urn:oasis:names:tc:SAML:2.0:{element}"]
    if xpath:
        arguments += ["--node-xpath", xpath]
    done = subprocess.run([*map(str, arguments), str(work / "document.xml")], capture_output=True, text=True)
    return done.returncode == 0


OUTER = "/*/*[local-name()='Signature']"
INNER = "/*/*[local-name()='Assertion']/*[local-name()='Signature']"


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_xmlsec1_verifies_assertion_and_response_by_the_certificate_in_the_metadata(running, tmp_path, algorithm):
    make(running, f"verify-{algorithm}", SigningAlgorithm=algorithm, SamlSignResponse="true")
    response = token(running, f"verify-{algorithm}")
    trusted = certificates(metadata(running).body)
    for place in [OUTER, INNER]:
        assert verify(tmp_path, response, trusted, place)
    for old, new in [(b":root<", b":user<"), (ACS.encode(), ACS.encode() + b"2"), (b"Success", b"Succeed")]:
        assert old in response
        changed = response.replace(old, new)
        assert not verify(tmp_path, changed, trusted, OUTER)
        assert verify(tmp_path, changed, trusted, INNER) == (old == b"Success")
    key = subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=other", "-keyout", "/dev/null"],
        capture_output=True, check=True).stdout
    assert not verify(tmp_path, response, [x509.load_pem_x509_certificate(key)], INNER)


def test_the_metadata_is_signed_cacheable_and_says_until_when(running, tmp_path):
    make(running, "metadata")
    answer = metadata(running)
    assert answer.status == 200
    assert answer.headers["Content-Type"] == "application/samlmetadata+xml"
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert "max-age" in answer.headers["Cache-Control"] and answer.headers["X-Content-Type-Options"] == "nosniff"
    trusted = certificates(answer.body)
    assert verify(tmp_path, answer.body, trusted)
    assert not verify(tmp_path, answer.body.replace(b"/saml/sso", b"/saml/ssp"), trusted)
    root = xml.etree.ElementTree.fromstring(answer.body)
    assert root.get("entityID") == entity_id(running)
    end = datetime.datetime.fromisoformat(root.get("validUntil"))
    left = end - datetime.datetime.now(datetime.UTC)
    assert datetime.timedelta(days=6) < left < datetime.timedelta(days=7, minutes=1)
    path = entity_id(running).removeprefix(servers.PUBLIC_URL)
    again = wire.send(running, "GET", running.url + path, {"If-None-Match": answer.headers["ETag"]})
    assert again.status == 304
    for method in ["GET", "POST"]:
        sign_on = wire.send(running, method, running.url + path.replace("/metadata", "/sso"))
        assert sign_on.status == 501 and b"begins every sign-in itself" in sign_on.body


def test_before_the_first_config_there_is_no_metadata(fresh):
    call(fresh, "EnableOutboundWebIdentityFederation")
    issuer = call(fresh, "GetOutboundWebIdentityFederationInfo").text("IssuerIdentifier")
    path = issuer.removeprefix(servers.PUBLIC_URL)
    for name in ["/saml/metadata", "/saml/sso"]:
        assert wire.send(fresh, "GET", fresh.url + path + name).status == 404


def test_everything_is_valid_against_the_schemas(running, tmp_path):
    if not all(folder.exists() for folder in SCHEMAS):
        pytest.skip("Debian's opensaml-schemas and xmltooling-schemas are not installed")
    for folder in SCHEMAS:
        for schema in folder.glob("*.xsd"):
            text = schema.read_text(encoding="utf-8")
            for place in ["http://www.w3.org/TR/2002/REC-xmldsig-core-20020212/",
                          "http://www.w3.org/TR/2002/REC-xmlenc-core-20021210/"]:
                text = text.replace(place, "")
            (tmp_path / schema.name).write_text(text.replace("http://www.w3.org/2001/xml.xsd", "xml.xsd"), encoding="utf-8")
    imports = [(f"urn:oasis:names:tc:SAML:2.0:{name}", f"saml-schema-{name}-2.0.xsd") for name in
               ["assertion", "protocol", "metadata"]]
    imports += [("http://www.w3.org/2009/xmlenc11#", "xenc11-schema.xsd"), ("http://www.w3.org/2009/xmldsig11#", "xmldsig11-schema.xsd")]
    body = "".join(f'<import namespace="{space}" schemaLocation="{file}"/>' for space, file in imports)
    (tmp_path / "all.xsd").write_text(f'<schema xmlns="http://www.w3.org/2001/XMLSchema">{body}</schema>', encoding="utf-8")
    certificate, _ = openssl_key(tmp_path)
    make(running, "schema", SamlSignResponse="true", OneTimeUse="true")
    make(running, "schema-encrypted", EncryptionCertificate=certificate)
    documents = [token(running, "schema"), token(running, "schema-encrypted"), metadata(running).body]
    for octets in documents:
        (tmp_path / "document.xml").write_bytes(octets)
        done = subprocess.run(
            [str(XMLLINT), "--nonet", "--noout", "--schema", "all.xsd", "document.xml"], cwd=tmp_path, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr


def openssl_key(work, *kind):
    """A certificate and its private key, PEM, made by openssl."""
    kind = kind or ("rsa:2048",)
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", *kind, "-nodes", "-subj", "/CN=sp", "-keyout", "key.pem", "-out", "cert.pem"],
        cwd=work, capture_output=True, check=True)
    return (work / "cert.pem").read_text(), (work / "key.pem").read_bytes()


def test_only_the_service_decrypts_the_assertion(running, tmp_path):
    certificate, key = openssl_key(tmp_path)
    made = make(running, "encrypted", AssertionEncryption="AES256-GCM", EncryptionCertificate=certificate)
    assert made.text("EncryptionCertificate") == certificate
    response = token(running, "encrypted")
    assert b"NameID" not in response
    root = xml.etree.ElementTree.fromstring(response)
    algorithms = [element.get("Algorithm") for element in root.iter(f"{{{SPACES['xenc']}}}EncryptionMethod")]
    assert algorithms == ["http://www.w3.org/2009/xmlenc11#aes256-gcm", "http://www.w3.org/2009/xmlenc11#rsa-oaep"]
    wrapped, sealed = (base64.b64decode(element.text) for element in root.iter(f"{{{SPACES['xenc']}}}CipherValue"))
    oaep = padding.OAEP(mgf=padding.MGF1(hashes.SHA256()), algorithm=hashes.SHA256(), label=None)
    content_key = serialization.load_pem_private_key(key, None).decrypt(wrapped, oaep)
    assertion = AESGCM(content_key).decrypt(sealed[:12], sealed[12:], None)
    assert verify(tmp_path, assertion, certificates(metadata(running).body))
    assert b":root</saml:NameID>" in assertion


def test_a_bare_assertion_is_base64url_for_the_bearer_grant(running, tmp_path):
    make(running, "grant", SamlForm="Assertion")
    answer = call(running, "GetOutboundFederationToken", FederationConfigName="grant")
    text = answer.text("Token")
    assert "=" not in text and answer.text("SamlForm") == "Assertion"
    octets = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    assert octets.startswith(b"<saml:Assertion ")
    assert verify(tmp_path, octets, certificates(metadata(running).body))


def test_a_proven_key_is_the_holder(running, tmp_path):
    certificate, _ = openssl_key(tmp_path, "ec", "-pkeyopt", "ec_paramgen_curve:P-256")
    config = make(running, "holder").text("Arn")
    caller = wire.call(running, "GetCallerIdentity").text("Arn")
    minute = datetime.datetime.now(datetime.UTC).strftime("%Y%m%dT%H%MZ")
    issuer = wire.call(running, "GetOutboundWebIdentityFederationInfo", "iam").text("IssuerIdentifier")
    (tmp_path / "proof.txt").write_text(f"exeat-holder-of-key/v1\n{issuer}/saml/metadata\n{config}\n{caller}\n{minute}\n")
    signature = subprocess.run(
        ["openssl", "dgst", "-sha256", "-sign", "key.pem", "proof.txt"], cwd=tmp_path, capture_output=True, check=True).stdout
    parameters = {"HolderOfKeyCertificate": certificate, "HolderOfKeySignature": base64.b64encode(signature).decode()}
    response = token(running, "holder", **parameters)
    assert verify(tmp_path, response, certificates(metadata(running).body), INNER)
    root = xml.etree.ElementTree.fromstring(response)
    (confirmation,) = root.iter(f"{{{SPACES['saml']}}}SubjectConfirmation")
    assert confirmation.get("Method") == "urn:oasis:names:tc:SAML:2.0:cm:holder-of-key"
    named = confirmation.find(".//ds:X509Certificate", SPACES).text
    assert base64.b64decode(named) == x509.load_pem_x509_certificate(certificate.encode()).public_bytes(serialization.Encoding.DER)
    make(running, "another")
    refused = wire.call(running, "GetOutboundFederationToken", "iam", FederationConfigName="another", **parameters)
    wire.assert_error(refused, 403, "AccessDenied", service="iam")


def test_a_rotation_publishes_both_certificates_before_the_new_key_signs(fresh, tmp_path):
    call(fresh, "EnableOutboundWebIdentityFederation")
    make(fresh, "sp")
    (old,) = certificates(metadata(fresh).body)
    call(fresh, "RotateOutboundSamlKey")
    both = certificates(metadata(fresh).body)
    assert len(both) == 2 and both[0] == old
    assert verify(tmp_path, token(fresh, "sp"), [old], INNER) and verify(tmp_path, metadata(fresh).body, [old])
    assert not verify(tmp_path, token(fresh, "sp"), [both[1]], INNER)
    refused = wire.call(fresh, "RotateOutboundSamlKey", "iam")
    wire.assert_error(refused, 409, "LimitExceeded", service="iam")


def test_an_immediate_rotation_signs_with_the_new_key_at_once_and_survives_a_restart(tmp_path):
    work = tmp_path / "work"
    with servers.serve_plain(work) as running:
        call(running, "EnableOutboundWebIdentityFederation")
        make(running, "sp", SigningAlgorithm="ECDSA-SHA384")
        (old,) = certificates(metadata(running).body)
        call(running, "RotateOutboundSamlKey", OverlapSeconds="0")
        new = certificates(metadata(running).body)[0]
        assert new != old and verify(tmp_path, token(running, "sp"), [new], INNER)
    with servers.serve_plain(work) as running:
        assert certificates(metadata(running).body) == [new, old]
        assert verify(tmp_path, metadata(running).body, [new])
        assert verify(tmp_path, token(running, "sp"), [new], INNER)


SP_METADATA = """<?xml version="1.0"?>
<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="https://filled.example/sp">
  <SPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">
    <NameIDFormat>urn:oasis:names:tc:SAML:2.0:nameid-format:persistent</NameIDFormat>
    <AssertionConsumerService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"
      Location="https://filled.example/acs" index="0"/>
  </SPSSODescriptor>
</EntityDescriptor>"""


def test_the_metadata_of_a_service_fills_a_config_and_is_refused_with_the_reason(running):
    answer = call(
        running, "CreateOutboundFederationConfig", Name="filled", TokenType="SAML", ServiceProviderMetadata=SP_METADATA)
    assert answer.text("TargetService") == "https://filled.example/acs"
    assert answer.text("Audience") == "https://filled.example/sp"
    assert answer.text("NameIdFormat").endswith(":persistent")
    for wrong, reason in [
        (SP_METADATA.replace("<EntityDescriptor", "<!DOCTYPE a><EntityDescriptor"), "DOCTYPE"),
        (SP_METADATA.replace("entityID", 'validUntil="2020-01-01T00:00:00Z" entityID'), "valid until 2020-01-01"),
        ("<EntitiesDescriptor xmlns='urn:oasis:names:tc:SAML:2.0:metadata'/>", "EntityDescriptor of one service"),
    ]:
        refused = wire.call(
            running, "CreateOutboundFederationConfig", "iam", Name="wrong", TokenType="SAML", ServiceProviderMetadata=wrong)
        wire.assert_error(refused, 400, "ValidationError", service="iam")
        assert "serviceProviderMetadata" in refused.message and reason in refused.message
    missing = wire.call(running, "GetOutboundFederationConfig", "iam", Name="wrong")
    wire.assert_error(missing, 404, "NoSuchEntity", service="iam")
