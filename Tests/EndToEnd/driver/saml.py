# SPDX-License-Identifier: Apache-2.0
"""An account of a running server as a SAML identity provider, two users of it, and messages as a thief would change them."""

import base64
import datetime
import re
import shutil
import ssl
import subprocess
import xml.etree.ElementTree

from driver import server as servers, wire
from driver.users import User

ALLOW = {"Effect": "Allow", "Action": "iam:GetOutboundFederationToken", "Resource": "*"}
NAMES = {
    "ds": "http://www.w3.org/2000/09/xmldsig#", "md": "urn:oasis:names:tc:SAML:2.0:metadata",
    "saml": "urn:oasis:names:tc:SAML:2.0:assertion",
}
# What a service may say of itself, at its shortest.
METADATA = """\
<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" entityID="https://service.example.com">
  <md:SPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">
    <md:AssertionConsumerService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"
        Location="https://service.example.com/acs" index="0"/>
  </md:SPSSODescriptor>
</md:EntityDescriptor>
"""


def pairs(parameters, prefix=""):
    """A config's members as the parameters of a call: `Tags` and the like become `Tags.member.1.Key`."""
    for name, value in parameters.items():
        if isinstance(value, list):
            for number, item in enumerate(value, 1):
                member = f"{prefix}{name}.member.{number}"
                yield from pairs(item, f"{member}.") if isinstance(item, dict) else [(member, item)]
        else:
            yield f"{prefix}{name}", str(value).lower() if isinstance(value, bool) else str(value)


class Issuer:
    """The account's issuer. `payments` and `sales` are users of those teams who may ask for every config's token."""

    def __init__(self, running):
        self.running = running
        self.url = wire.call(running, "EnableOutboundWebIdentityFederation", "iam").text("IssuerIdentifier")
        self.entity_id = f"{self.url}/saml/metadata"
        self.payments, self.sales = (
            User(running, team, [ALLOW], Tags=[{"Key": "team", "Value": team}]) for team in ("payments", "sales"))

    def ask(self, name, document, **more):
        """The answer to a call that makes a config of a document's members and of these, which win."""
        return wire.call(
            self.running, "CreateOutboundFederationConfig", "iam",
            pairs=wire.form("CreateOutboundFederationConfig", "iam") + list(pairs({"Name": name, **document, **more})))

    def create(self, name, document, **more):
        """Makes a config, or fails the test."""
        answer = self.ask(name, document, **more)
        assert answer.status == 200, answer.body
        return answer

    def rotate(self, overlap_seconds):
        answer = wire.call(self.running, "RotateOutboundSamlKey", "iam", OverlapSeconds=overlap_seconds)
        assert answer.status == 200, answer.body

    def token(self, name, user=None):
        """A token as text in base64, for a user of the team `payments` unless somebody else is named."""
        answer = wire.call(
            self.running, "GetOutboundFederationToken", "iam", credentials=(user or self.payments).credentials,
            FederationConfigName=name)
        assert answer.status == 200, answer.body
        return answer.text("Token")

    def metadata(self):
        answer = wire.send(self.running, "GET", self.entity_id)
        assert answer.status == 200, answer.body
        return answer.body

    def certificate(self):
        """The certificate of the key that signs the metadata, in PEM."""
        text = xml.etree.ElementTree.fromstring(self.metadata()).findtext(
            "ds:Signature/ds:KeyInfo/ds:X509Data/ds:X509Certificate", namespaces=NAMES)
        return ssl.DER_cert_to_PEM_cert(base64.b64decode(text))


def changed(response, old, new):
    """The message with one text for another, which must be there."""
    octets = base64.b64decode(response)
    assert old.encode() in octets, f"{old} is not in the message"
    return base64.b64encode(octets.replace(old.encode(), new.encode())).decode()


def reissued(response):
    """The message with the present time as that of its response, under another ID."""
    octets = base64.b64decode(response)
    tag = re.match(rb"<samlp:Response\b[^>]*>", octets)[0]
    now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ").encode()
    new, times = re.subn(rb' IssueInstant="[^"]*"', b' IssueInstant="' + now + b'"', tag)
    new, ids = re.subn(rb' ID="([^"]*)"', rb' ID="\1-again"', new)
    assert times == ids == 1
    return base64.b64encode(octets.replace(tag, new, 1)).decode()


def unsigned(response):
    """The message without any signature."""
    octets, signatures = re.subn(rb"<ds:Signature\b.*?</ds:Signature>", b"", base64.b64decode(response), flags=re.DOTALL)
    assert signatures > 0
    return base64.b64encode(octets).decode()


PLACES = ["before", "after", "around"]


def wrapped(response, place, old, new):
    """The message with a changed copy of the assertion, under an ID of its own: before or after the signed one, or around
    it, with its signature and itself inside."""
    octets = base64.b64decode(response)
    begin, end = octets.index(b"<saml:Assertion"), octets.index(b"</saml:Assertion>") + len(b"</saml:Assertion>")
    signed = octets[begin:end]
    signature = re.search(rb"<ds:Signature\b.*?</ds:Signature>", signed, re.DOTALL)[0]
    forged, ids = re.subn(rb' ID="[^"]*"', b' ID="_forged"', signed, count=1)
    assert ids == 1 and old.encode() in forged
    forged = forged.replace(old.encode(), new.encode())
    inside = signature.replace(
        b"</ds:Signature>", b"<ds:Object>" + signed.replace(signature, b"") + b"</ds:Object></ds:Signature>")
    both = {
        "before": forged.replace(signature, b"") + signed, "after": signed + forged.replace(signature, b""),
        "around": forged.replace(signature, inside)}
    return base64.b64encode(octets[:begin] + both[place] + octets[end:]).decode()


def signed_by_another(response, folder):
    """The message with the assertion's signature made by a key that nobody knows, whose certificate is beside it."""
    key, certificate, message = folder / "key.pem", folder / "certificate.pem", folder / "message.xml"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=another", "-keyout", key,
         "-out", certificate], check=True, capture_output=True)
    template, certificates = re.subn(
        rb"<ds:X509Certificate>[^<]*</ds:X509Certificate>", b"", base64.b64decode(response))
    assert certificates == 1
    message.write_bytes(template)
    done = subprocess.run(
        ["xmlsec1", "--sign", "--privkey-pem", f"{key},{certificate}", "--id-attr:ID", f"{NAMES['saml']}:Assertion", message],
        check=True, capture_output=True)
    return base64.b64encode(done.stdout).decode()


def verify(token, certificate, folder, is_bare):
    """Has xmlsec1 verify the signature of an assertion: one in a response in base64, or a bare one in base64url."""
    octets = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)) if is_bare else base64.b64decode(token, validate=True)
    assert octets.startswith(b"<saml:Assertion" if is_bare else b"<samlp:Response"), octets
    (folder / "message.xml").write_bytes(octets)
    (folder / "certificate.pem").write_text(certificate)
    subprocess.run(
        ["xmlsec1", "--verify", "--pubkey-cert-pem", "certificate.pem", "--id-attr:ID", f"{NAMES['saml']}:Assertion",
         "message.xml"], cwd=folder, check=True, capture_output=True)


def can_turn_clocks():
    """Whether a server can be started whose clock is wrong."""
    return shutil.which("faketime") is not None


def ten_minutes_ago(work):
    """A server that is not started yet and whose clock will be ten minutes slow until `clock` is set to `None` and it is
    started again: what it issues is over by then. Its calls are signed as ever: 15 minutes are allowed."""
    running = servers.serve_tls(work)
    running.clock = "-10m" if can_turn_clocks() else None
    return running
