# SPDX-License-Identifier: Apache-2.0
"""Asks a server for SAML messages by federation configs, and reads their XML with lxml. Believes nothing it reads."""

import base64
import itertools
import urllib.parse

from lxml import etree

from driver import wire

SAML = "urn:oasis:names:tc:SAML:2.0:assertion"
SAMLP = "urn:oasis:names:tc:SAML:2.0:protocol"
METADATA = "urn:oasis:names:tc:SAML:2.0:metadata"
DS = "http://www.w3.org/2000/09/xmldsig#"
NAMES = {"saml": SAML, "samlp": SAMLP, "md": METADATA, "ds": DS, "xenc": "http://www.w3.org/2001/04/xmlenc#"}

numbers = itertools.count(1)


def parse(octets):
    return etree.fromstring(octets, etree.XMLParser(resolve_entities=False, no_network=True))


def find(root, path):
    """The only element at `path`."""
    (element,) = root.xpath(path, namespaces=NAMES)
    return element


class Issuer:
    """The SAML identity provider of an account: one federation config for each kind of message asked for."""

    def __init__(self, running, issuer):
        self.running, self.issuer = running, issuer
        self.names = {}

    @property
    def entity_id(self):
        return f"{self.issuer}/saml/metadata"

    def metadata(self):
        """The octets that the server publishes, fetched as anybody does."""
        path = urllib.parse.urlsplit(self.entity_id).path
        answer = wire.send(self.running, "GET", self.running.url + path)
        assert answer.status == 200, answer.body
        return answer.body

    def certificate(self):
        """That of the key which signs the metadata, and assertions by default; base 64 without line breaks."""
        return "".join(find(parse(self.metadata()), "./ds:Signature//ds:X509Certificate").text.split())

    def configure(self, **fields):
        """The name of a config with these fields, made once."""
        key = tuple(sorted((name, str(value)) for name, value in fields.items()))
        if key not in self.names:
            name = f"saml-{next(numbers)}"
            pairs = wire.form("CreateOutboundFederationConfig", "iam", Name=name, TokenType="SAML")
            for field, value in fields.items():
                if field == "SamlAttributes":
                    for place, (attribute, values) in enumerate(value, 1):
                        pairs.append((f"{field}.member.{place}.Name", attribute))
                        pairs += [(f"{field}.member.{place}.Values.member.{n}", v) for n, v in enumerate(values, 1)]
                else:
                    pairs.append((field, str(value)))
            answer = wire.call(self.running, "CreateOutboundFederationConfig", "iam", pairs=pairs)
            assert answer.status == 200, answer.body
            self.names[key] = name
        return self.names[key]

    def token(self, credentials=None, **fields):
        """`Token` as it stands in the answer."""
        answer = wire.call(
            self.running, "GetOutboundFederationToken", "iam", credentials=credentials,
            FederationConfigName=self.configure(**fields))
        assert answer.status == 200, answer.body
        return answer.text("Token")

    def response(self, **fields):
        """The octets of a `Response`, as they come out of the form field `SAMLResponse`."""
        return base64.b64decode(self.token(**fields), validate=True)

    def assertion(self, **fields):
        """The octets of a bare `Assertion`, as they come out of the parameter `assertion` of RFC 7522."""
        text = self.token(SamlForm="Assertion", **fields)
        assert "=" not in text and "+" not in text and "/" not in text
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
