# SPDX-License-Identifier: Apache-2.0
"""Service providers by libraries that nobody here wrote: python3-saml, pysaml2, signxml, and xmlsec1 as a command.

Each takes the octets of a message and returns who came, or raises `Refused` with the library's own words. The settings
here are those of docs/relying-parties/python.md.
"""

import base64
import dataclasses
import pathlib
import subprocess
import tempfile
import urllib.parse

import pytest
import saml2
import saml2.client
import saml2.config
import saml2.response
import saml2.time_util
import signxml
import xmlsec
from onelogin.saml2.idp_metadata_parser import OneLogin_Saml2_IdPMetadataParser
from onelogin.saml2.response import OneLogin_Saml2_Response
from onelogin.saml2.settings import OneLogin_Saml2_Settings
from onelogin.saml2.utils import OneLogin_Saml2_Utils

from driver.saml_messages import SAML, etree, parse
from driver.server import ACCOUNT

XMLSEC1 = "/usr/bin/xmlsec1"
POST = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"


class Refused(Exception):
    """The library's own words."""


@dataclasses.dataclass(frozen=True)
class Identity:
    name: str
    attributes: dict


@dataclasses.dataclass(frozen=True)
class Service:
    """A service provider: who it is, where it takes messages, and its key pair when it wants them encrypted."""

    entity_id: str = "https://sp.example/metadata"
    acs: str = "https://sp.example/acs"
    key: pathlib.Path | None = None
    certificate: pathlib.Path | None = None

    def config(self, **fields):
        """The fields of a federation config for it."""
        return {"TargetService": self.acs, "Audience": self.entity_id, **fields}


def encrypting_service(folder):
    """A service with a key of RSA-2048 and a certificate by itself."""
    key, certificate = folder / "sp.key", folder / "sp.crt"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", certificate, "-days", "30",
         "-subj", "/CN=sp.example"], check=True, capture_output=True)
    return Service(key=key, certificate=certificate)


class Python3SAML:
    """python3-saml in strict mode, configured from the identity provider's metadata."""

    def __init__(self, service, metadata, entity_id=None):
        settings = OneLogin_Saml2_IdPMetadataParser.parse(metadata)
        if entity_id:
            settings["idp"]["entityId"] = entity_id
        settings.update({
            "strict": True,
            "sp": {"entityId": service.entity_id, "assertionConsumerService": {"url": service.acs, "binding": POST}},
            "security": {"wantAssertionsSigned": True, "rejectDeprecatedAlgorithm": True},
        })
        if service.key:
            settings["sp"] |= {"privateKey": service.key.read_text(), "x509cert": service.certificate.read_text()}
            settings["security"]["wantAssertionsEncrypted"] = True
        self.settings = OneLogin_Saml2_Settings(settings)
        place = urllib.parse.urlsplit(service.acs)
        self.request = {"https": "on", "http_host": place.netloc, "script_name": place.path, "get_data": {}, "post_data": {}}

    def __call__(self, octets):
        try:
            response = OneLogin_Saml2_Response(self.settings, base64.b64encode(octets).decode())
            response.is_valid(self.request, raise_exceptions=True)
            return Identity(response.get_nameid(), response.get_attributes())
        except Exception as error:  # noqa: BLE001 - whatever it raises is a refusal, also libxml2's own
            raise Refused(str(error)) from error


class PySAML2:
    """pysaml2, which leaves signatures and decryption to the command xmlsec1."""

    def __init__(self, service, metadata, *, unsolicited=True, want_response_signed=False):
        with tempfile.NamedTemporaryFile(suffix=".xml") as file:
            file.write(metadata)
            file.flush()
            settings = {
                "entityid": service.entity_id, "xmlsec_binary": XMLSEC1, "allow_unknown_attributes": True,
                "metadata": {"local": [file.name]},
                "service": {"sp": {
                    "allow_unsolicited": unsolicited, "want_assertions_signed": True,
                    "want_response_signed": want_response_signed,
                    "endpoints": {"assertion_consumer_service": [(service.acs, saml2.BINDING_HTTP_POST)]}}},
            }
            if service.key:
                settings["encryption_keypairs"] = [
                    {"key_file": str(service.key), "cert_file": str(service.certificate)}]
            self.client = saml2.client.Saml2Client(saml2.config.SPConfig().load(settings))
        # Without it nobody looks at the recipient.
        self.conversation = {"entity_id": service.entity_id, "request_uri": service.acs, "remote_addr": "127.0.0.1"}

    def __call__(self, octets):
        try:
            answer = self.client.parse_authn_request_response(
                base64.b64encode(octets).decode(), saml2.BINDING_HTTP_POST, conv_info=self.conversation)
        except Exception as error:  # noqa: BLE001 - whatever it raises is a refusal
            raise Refused(f"{type(error).__name__}: {error}") from error
        if answer is None or answer.assertion is None or answer.name_id is None:
            raise Refused("no assertion")
        return Identity(answer.name_id.text, answer.ava)


class SignXML:
    """signxml: the signature of one element by one certificate, and the element that was signed."""

    def __init__(self, certificate):
        self.certificate = certificate

    def __call__(self, element):
        configuration = signxml.SignatureConfiguration(
            expect_references=1, location="./", require_x509=True,
            signature_methods={
                signxml.SignatureMethod.RSA_SHA256, signxml.SignatureMethod.RSA_SHA384,
                signxml.SignatureMethod.ECDSA_SHA384},
            digest_algorithms={signxml.DigestAlgorithm.SHA256, signxml.DigestAlgorithm.SHA384})
        try:
            return signxml.XMLVerifier().verify(
                element, x509_cert=self.certificate, id_attribute="ID", expect_config=configuration).signed_xml
        except Exception as error:  # noqa: BLE001 - whatever it raises is a refusal
            raise Refused(f"{type(error).__name__}: {error}") from error


class XMLSec:
    """libxmlsec by its Python module: the signature that is a child of the root, over that root."""

    def __init__(self, certificate):
        pem = f"-----BEGIN CERTIFICATE-----\n{certificate}\n-----END CERTIFICATE-----\n".encode()
        self.key = xmlsec.Key.from_memory(pem, xmlsec.KeyFormat.CERT_PEM)

    def __call__(self, octets):
        try:
            root = parse(octets)
            signature = root.find("./{http://www.w3.org/2000/09/xmldsig#}Signature")
            reference = signature.find(".//{http://www.w3.org/2000/09/xmldsig#}Reference")
            if reference.get("URI") != "#" + root.get("ID"):
                raise Refused("the reference is not to the root")
            context = xmlsec.SignatureContext()
            context.key = self.key
            context.register_id(root, "ID")
            context.verify(signature)
        except (xmlsec.Error, etree.XMLSyntaxError, AttributeError, TypeError) as error:
            raise Refused(str(error)) from error
        return root


def xmlsec1(*arguments):
    return subprocess.run([XMLSEC1, *map(str, arguments)], capture_output=True, text=True, timeout=180)


def xmlsec1_verify(file, certificate, signature=None):
    """Whether `xmlsec1 --verify` takes the file's first signature, or the one at the XPath `signature`."""
    ids = [f"{SAML}:Assertion", "urn:oasis:names:tc:SAML:2.0:protocol:Response",
           "urn:oasis:names:tc:SAML:2.0:metadata:EntityDescriptor"]
    where = ["--node-xpath", signature] if signature else []
    return xmlsec1(
        "--verify", "--trusted-pem", certificate, "--enabled-key-data", "x509",
        *[word for name in ids for word in ("--id-attr:ID", name)], *where, file).returncode == 0


# MARK: what the tests ask for, and how they are answered

ALGORITHMS = {
    "RSA-SHA256": "xmldsig-more#rsa-sha256",
    "RSA-SHA384": "xmldsig-more#rsa-sha384",
    "ECDSA-SHA384": "xmldsig-more#ecdsa-sha384",
}
SERVICE = Service()
ROOT = f"arn:aws:iam::{ACCOUNT}:root"
EXPECTED = Identity(ROOT, {"team": ["payments", "billing"], "principal": [ROOT]})


def config(service=SERVICE, **fields):
    """The fields of a config whose messages bring `EXPECTED` to the service."""
    attributes = [("team", ["payments", "billing"]), ("principal", ["${aws:PrincipalArn}"])]
    return service.config(**{"SamlAttributes": attributes, **fields})


def refused(consumer, octets):
    """The reason; what is taken fails the test, whoever it says came."""
    with pytest.raises(Refused) as error:
        consumer(octets)
    return str(error.value)


def move_clocks(monkeypatch, seconds):
    """Moves the clocks that python3-saml and pysaml2 ask whether a message is still good."""
    now, utc_now = OneLogin_Saml2_Utils.now, saml2.time_util.utc_now
    monkeypatch.setattr(OneLogin_Saml2_Utils, "now", staticmethod(lambda: now() + seconds))
    monkeypatch.setattr(saml2.time_util, "utc_now", lambda: utc_now() + seconds)
