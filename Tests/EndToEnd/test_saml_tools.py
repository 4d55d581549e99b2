# SPDX-License-Identifier: Apache-2.0
"""Messages of `GetOutboundFederationToken` and the metadata before xmlsec1, which verifies them, and xmllint, which
validates them against the schemas of OASIS; and every naughty string on its way through a config into an assertion."""

import json
import pathlib
import subprocess
import xml.etree.ElementTree

import pytest

from driver import saml_forgeries, saml_messages, wire
from driver.saml_messages import NAMES, parse
from driver.saml_consumers import ALGORITHMS, SERVICE, Service, encrypting_service, xmlsec1, xmlsec1_verify

SCHEMAS = [pathlib.Path("/usr/share/xml/opensaml"), pathlib.Path("/usr/share/xml/xmltooling")]
INNER = "//*[local-name()='Assertion']/*[local-name()='Signature']"


@pytest.fixture(scope="module")
def trusted(saml_issuer, tmp_path_factory):
    """A file for each certificate that the metadata names."""
    folder = tmp_path_factory.mktemp("trusted")
    texts = parse(saml_issuer.metadata()).xpath(
        "//md:KeyDescriptor[@use='signing']//ds:X509Certificate/text()", namespaces=NAMES)
    files = []
    for number, text in enumerate(texts):
        files.append(folder / f"{number}.pem")
        files[-1].write_text(f"-----BEGIN CERTIFICATE-----\n{''.join(text.split())}\n-----END CERTIFICATE-----\n")
    # A key for each of the two families.
    assert len(files) == 2
    return files


@pytest.fixture(scope="module")
def schema(tmp_path_factory):
    """One schema that takes in all of OASIS and W3C, from Debian's opensaml-schemas and xmltooling-schemas."""
    folder = tmp_path_factory.mktemp("schemas")
    for source in SCHEMAS:
        for file in source.glob("*.xsd"):
            text = file.read_text(encoding="utf-8")
            for place in ["http://www.w3.org/TR/2002/REC-xmldsig-core-20020212/",
                          "http://www.w3.org/TR/2002/REC-xmlenc-core-20021210/"]:
                text = text.replace(place, "")
            (folder / file.name).write_text(text.replace("http://www.w3.org/2001/xml.xsd", "xml.xsd"), encoding="utf-8")
    parts = [(saml_messages.SAML, "saml-schema-assertion-2.0"), (saml_messages.SAMLP, "saml-schema-protocol-2.0"),
             (saml_messages.METADATA, "saml-schema-metadata-2.0"), ("http://www.w3.org/2009/xmlenc11#", "xenc11-schema"),
             ("http://www.w3.org/2009/xmldsig11#", "xmldsig11-schema")]
    imports = "".join(f'<import namespace="{space}" schemaLocation="{name}.xsd"/>' for space, name in parts)
    all_of_them = folder / "all.xsd"
    all_of_them.write_text(f'<schema xmlns="http://www.w3.org/2001/XMLSchema">{imports}</schema>')
    return all_of_them


def messages(saml_issuer):
    """(name, octets) of every kind of document that is issued, in each algorithm."""
    endpoint = Service(entity_id="https://as.example", acs="https://as.example/token")
    for algorithm in ALGORITHMS:
        for signed in ["false", "true"]:
            fields = SERVICE.config(SigningAlgorithm=algorithm, SamlSignResponse=signed, OneTimeUse=signed)
            yield f"response {algorithm} {signed}", saml_issuer.response(**fields)
        yield f"assertion {algorithm}", saml_issuer.assertion(**endpoint.config(SigningAlgorithm=algorithm))
    yield "metadata", saml_issuer.metadata()


def test_xmlsec1_verifies_everything_that_is_issued_and_nothing_that_was_changed(saml_issuer, trusted, tmp_path):
    file = tmp_path / "message.xml"
    for name, octets in messages(saml_issuer):
        file.write_bytes(octets)
        places = [None, INNER] if name.startswith("response") else [None]
        for place in places:
            # One of the two certificates is the one.
            assert [xmlsec1_verify(file, pem, place) for pem in trusted].count(True) == 1, name
        old = b"/saml/sso" if name == "metadata" else b"Version=\"2.0\""
        changed = octets.replace(old, saml_forgeries.changed(old.decode()).encode())
        assert changed != octets
        file.write_bytes(changed)
        for place in places:
            assert not any(xmlsec1_verify(file, pem, place) for pem in trusted), name


def test_xmllint_finds_everything_valid_by_the_schemas_of_oasis(saml_issuer, schema, tmp_path):
    file = tmp_path / "message.xml"

    def validate(octets):
        file.write_bytes(octets)
        return subprocess.run(
            ["xmllint", "--nonet", "--noout", "--schema", str(schema), str(file)], capture_output=True, text=True,
            timeout=180)

    for name, octets in messages(saml_issuer):
        done = validate(octets)
        assert done.returncode == 0, f"{name}: {done.stderr}"
        assert validate(octets.replace(b' Version="2.0"', b"").replace(b" entityID=", b" ID2=")).returncode != 0


def test_what_is_issued_is_its_own_canonical_form(saml_issuer):
    for name, octets in messages(saml_issuer):
        assert xml.etree.ElementTree.canonicalize(octets.decode()) == octets.decode(), name


def test_an_encrypted_assertion_is_valid_and_xmlsec1_says_what_it_can_do_with_it(saml_issuer, schema, tmp_path):
    service, file = encrypting_service(tmp_path), tmp_path / "message.xml"
    octets = saml_issuer.response(**service.config(
        AssertionEncryption="AES256-GCM", EncryptionCertificate=service.certificate.read_text()))
    file.write_bytes(octets)
    valid = subprocess.run(
        ["xmllint", "--nonet", "--noout", "--schema", str(schema), str(file)], capture_output=True, text=True, timeout=180)
    assert valid.returncode == 0, valid.stderr
    # xmlsec1 1.2 knows RSA-OAEP only with SHA-1 throughout; 1.3 knows every one.
    version = tuple(map(int, xmlsec1("--version").stdout.split()[1].split(".")[:2]))
    done = xmlsec1("--decrypt", "--privkey-pem", service.key, file)
    assert (done.returncode == 0) == (version >= (1, 3)), done.stderr


def naughty_strings():
    for folder in pathlib.Path(__file__).resolve().parents:
        file = folder / "shared" / "vectors" / "naughty-strings" / "blns.json"
        if file.exists():
            return json.loads(file.read_text(encoding="utf-8"))
    pytest.skip("the published test corpora (../shared/vectors) are not beside the checkout")


def carried(text):
    """Whether XML 1.0 can carry it."""
    return all(c in "\t\n\r" or (c >= " " and c not in "\ufffe\uffff") for c in text)


def escaped(text):
    """`text` as a template that says just that."""
    return text.replace("$", "${$}")


def length(text):
    """As parameters count it: in UTF-16 code units."""
    return len(text.encode("utf-16-le")) // 2


def test_every_naughty_string_comes_back_as_value_and_name(saml_issuer, trusted, tmp_path):
    strings = list(dict.fromkeys(text for text in naughty_strings() if carried(text) and length(escaped(text)) <= 1024))
    assert len(strings) > 450
    names = [text for text in strings if text and text.strip() == text and length(text) <= 256]
    files = []

    def check(attributes):
        octets = saml_issuer.response(**SERVICE.config(SamlAttributes=[
            (name, [escaped(value) for value in values]) for name, values in attributes]))
        files.append(tmp_path / f"{len(files)}.xml")
        files[-1].write_bytes(octets)
        # expat's reading, which is not libxml2's.
        found = [(a.get("Name"), [v.text or "" for v in a]) for a in
                 xml.etree.ElementTree.fromstring(octets).iter(f"{{{saml_messages.SAML}}}Attribute")]
        assert found == attributes

    for start in range(0, len(strings), 400):
        some = strings[start:start + 400]
        check([(f"n{place}", some[place:place + 10]) for place in range(0, len(some), 10)])
    for start in range(0, len(names), 50):
        check([(name, ["value"]) for name in names[start:start + 50]])
    for file in files:
        assert any(xmlsec1_verify(file, pem) for pem in trusted), file


@pytest.mark.parametrize("text", ["a\x01b", "\x7f\x00", "x\ufffe", "\uffff"])
def test_what_xml_cannot_carry_is_refused_with_the_name_of_the_field(saml_issuer, text):
    pairs = wire.form("CreateOutboundFederationConfig", "iam", Name="naughty", TokenType="SAML", **SERVICE.config())
    pairs += [("SamlAttributes.member.1.Name", "n"), ("SamlAttributes.member.1.Values.member.1", text)]
    answer = wire.call(saml_issuer.running, "CreateOutboundFederationConfig", "iam", pairs=pairs)
    assert answer.status == 400 and answer.code in ("ValidationError", "InvalidInput"), answer.body
    assert "amlAttributes" in answer.message
    assert wire.call(saml_issuer.running, "GetOutboundFederationConfig", "iam", Name="naughty").code == "NoSuchEntity"
