# SPDX-License-Identifier: Apache-2.0
"""A SAML identity provider of somebody else's: assertions signed by signxml, and the metadata to register."""

import base64
import datetime
import uuid

import signxml
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography import x509
from cryptography.x509.oid import NameOID
from lxml import etree

AWS = "https://aws.amazon.com/SAML/Attributes/"


def time_at(seconds):
    at = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=seconds)
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


class AssertionProvider:
    """Signs with one RSA key."""

    def __init__(self, entity_id="https://idp.example/saml"):
        self.entity_id = entity_id
        self.key = rsa.generate_private_key(65537, 2048)
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "idp.example")])
        now = datetime.datetime.now(datetime.timezone.utc)
        self.certificate = (
            x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(self.key.public_key())
            .serial_number(x509.random_serial_number()).not_valid_before(now - datetime.timedelta(hours=1))
            .not_valid_after(now + datetime.timedelta(days=1)).sign(self.key, hashes.SHA256()))

    def metadata(self):
        der = base64.b64encode(self.certificate.public_bytes(serialization.Encoding.DER)).decode()
        return (
            '<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" '
            f'xmlns:ds="http://www.w3.org/2000/09/xmldsig#" entityID="{self.entity_id}"><md:IDPSSODescriptor '
            'protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol"><md:KeyDescriptor use="signing">'
            f"<ds:KeyInfo><ds:X509Data><ds:X509Certificate>{der}</ds:X509Certificate></ds:X509Data></ds:KeyInfo>"
            '</md:KeyDescriptor><md:SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" '
            f'Location="{self.entity_id}/sso"/></md:IDPSSODescriptor></md:EntityDescriptor>')

    def assertion(self, endpoint, audience, attributes, subject="ada", lasts=300, signed=True, edit=()):
        """Base64url, as RFC 7522 has it; `attributes` are AWS's, by the last part of their names. `edit` replaces the
        first text by the second before it is signed."""
        values = "".join(
            f'<saml:Attribute Name="{AWS}{name}"><saml:AttributeValue>{value}</saml:AttributeValue></saml:Attribute>'
            for name, value in attributes.items())
        identifier = f"_{uuid.uuid4().hex}"
        text = (
            '<saml:Assertion xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" Version="2.0" '
            f'ID="{identifier}" IssueInstant="{time_at(0)}"><saml:Issuer>{self.entity_id}</saml:Issuer>'
            '<ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#" Id="placeholder"/>'
            f"<saml:Subject><saml:NameID>{subject}</saml:NameID><saml:SubjectConfirmation "
            'Method="urn:oasis:names:tc:SAML:2.0:cm:bearer"><saml:SubjectConfirmationData '
            f'NotOnOrAfter="{time_at(lasts)}" Recipient="{endpoint}"/></saml:SubjectConfirmation></saml:Subject>'
            f'<saml:Conditions NotOnOrAfter="{time_at(lasts)}"><saml:AudienceRestriction><saml:Audience>{audience}'
            "</saml:Audience></saml:AudienceRestriction></saml:Conditions>"
            f"<saml:AttributeStatement>{values}</saml:AttributeStatement></saml:Assertion>")
        if edit:
            assert edit[0] in text, edit
            text = text.replace(*edit, 1)
        root = etree.fromstring(text)
        if signed:
            pem = self.key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
            root = signxml.XMLSigner(
                c14n_algorithm=signxml.CanonicalizationMethod.EXCLUSIVE_XML_CANONICALIZATION_1_0,
            ).sign(root, key=pem, cert=[self.certificate], reference_uri=identifier)
        return base64.urlsafe_b64encode(etree.tostring(root)).rstrip(b"=").decode()
