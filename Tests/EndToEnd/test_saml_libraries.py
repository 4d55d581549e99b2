# SPDX-License-Identifier: Apache-2.0
"""Messages of `GetOutboundFederationToken` before service providers that nobody here wrote: python3-saml, pysaml2,
signxml. They let the workload in, and refuse what was changed, is late, or was made for or by somebody else.

Neither python3-saml nor pysaml2 remembers what it has seen: the guide does, docs/relying-parties/python.md, whose blocks
run here as they stand.
"""

import base64
import pathlib
import re

import pytest

from driver import saml_messages, server as servers, wire
from driver.saml_messages import NAMES, Issuer, find, parse
from driver.saml_consumers import (
    ALGORITHMS, EXPECTED, ROOT, SERVICE, PySAML2, Python3SAML, Service, config, move_clocks, refused)

CONSUMERS = [Python3SAML, PySAML2]


@pytest.fixture(scope="module")
def stranger(dev):
    """Another server, with an issuer and keys of its own."""
    answer = wire.call(dev, "GetOutboundWebIdentityFederationInfo", "iam")
    made = Issuer(dev, answer.text("IssuerIdentifier"))
    made.configure(**config())
    return made


# MARK: taken


@pytest.mark.parametrize("signed", ["false", "true"], ids=["assertion signed", "both signed"])
@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("library", CONSUMERS)
def test_a_response_is_taken_with_nothing_but_our_metadata(saml_issuer, library, algorithm, signed):
    octets = saml_issuer.response(**config(SigningAlgorithm=algorithm, SamlSignResponse=signed))
    methods = {value.rsplit("/", 1)[1] for value in parse(octets).xpath("//ds:SignatureMethod/@Algorithm", namespaces=NAMES)}
    assert methods == {ALGORITHMS[algorithm]}
    assert len(parse(octets).xpath("//ds:Signature", namespaces=NAMES)) == (2 if signed == "true" else 1)
    assert library(SERVICE, saml_issuer.metadata())(octets) == EXPECTED


def test_pysaml2_that_wants_the_response_signed_takes_one_that_is(saml_issuer):
    consumer = PySAML2(SERVICE, saml_issuer.metadata(), want_response_signed=True)
    assert consumer(saml_issuer.response(**config(SamlSignResponse="true"))) == EXPECTED
    refused(consumer, saml_issuer.response(**config()))


def test_pysaml2_takes_a_response_that_nobody_asked_for_only_when_told_to(saml_issuer):
    assert "unsolicited" in refused(
        PySAML2(SERVICE, saml_issuer.metadata(), unsolicited=False), saml_issuer.response(**config())).lower()


@pytest.mark.parametrize("library", CONSUMERS)
def test_the_default_attributes_are_taken(saml_issuer, library):
    identity = library(SERVICE, saml_issuer.metadata())(saml_issuer.response(**SERVICE.config()))
    assert identity.name == ROOT
    assert [servers.ACCOUNT] in identity.attributes.values()


TEXTS = [
    "a&b<c>d\"e'f", "]]>", "<!-- -->", "&#xD;", "&amp;lt;", "${not a variable", "été", "e\u0301te\u0301", "\U0001F469\u200D\U0001F4BB",
    "\u202eback", "a\tb\nc\rd\r\ne", "<saml:AttributeValue>", "../../etc/passwd", "'; DROP TABLE users; --", "x\u00a0.", "\ufffd",
]


@pytest.mark.parametrize("library", CONSUMERS)
def test_text_comes_back_as_it_was(saml_issuer, library):
    texts = [text.replace("$", "${$}") for text in TEXTS]
    fields = config(SamlAttributes=[("texts", texts[:10]), ("more texts", texts[10:])])
    identity = library(SERVICE, saml_issuer.metadata())(saml_issuer.response(**fields))
    assert identity.attributes == {"texts": TEXTS[:10], "more texts": TEXTS[10:]}


@pytest.mark.parametrize("library", CONSUMERS)
def test_these_libraries_take_white_space_off_the_ends_of_a_value(saml_issuer, library):
    """So that a policy about tags which become attributes must not tell `admin` from `admin ` (docs say so)."""
    octets = saml_issuer.response(**config(SamlAttributes=[("role", [" admin\u00a0"])]))
    assert find(parse(octets), "//saml:AttributeValue").text == " admin\u00a0"
    assert library(SERVICE, saml_issuer.metadata())(octets).attributes == {"role": ["admin"]}


# MARK: refused


@pytest.mark.parametrize("library", CONSUMERS)
def test_a_response_for_or_by_somebody_else_is_refused(saml_issuer, stranger, library):
    consumer = library(SERVICE, saml_issuer.metadata())
    assert consumer(saml_issuer.response(**config())) == EXPECTED
    elsewhere = Service(acs="https://sp.example/other")
    assert "other" in refused(consumer, saml_issuer.response(**config(elsewhere))) or library is PySAML2
    other = Service(entity_id="https://other.example/metadata")
    assert "udience" in refused(consumer, saml_issuer.response(**config(other)))
    # Another issuer: with its own name; and with its keys under the name that is trusted.
    refused(consumer, stranger.response(**config()))
    refused(consumer, stranger.response(**config()).replace(stranger.issuer.encode(), saml_issuer.issuer.encode()))
    # The keys that are trusted, for another name than theirs.
    refused(library(SERVICE, saml_issuer.metadata().replace(saml_issuer.entity_id.encode(), b"https://idp.example/metadata")),
            saml_issuer.response(**config()))


@pytest.mark.parametrize("library", CONSUMERS)
def test_the_recipient_is_looked_at_and_not_only_the_destination(saml_issuer, library):
    """The destination stands outside of the assertion, where nobody signed it."""
    elsewhere = Service(acs="https://sp.example/other")
    octets = saml_issuer.response(**config(elsewhere))
    root = parse(octets)
    root.set("Destination", SERVICE.acs)
    refused(library(SERVICE, saml_issuer.metadata()), saml_messages.etree.tostring(root))


@pytest.mark.parametrize("library", CONSUMERS)
def test_a_response_is_refused_before_and_after_its_time(saml_issuer, library, monkeypatch):
    consumer = library(SERVICE, saml_issuer.metadata())
    octets = saml_issuer.response(**config(Duration=60))
    assert consumer(octets) == EXPECTED
    with monkeypatch.context() as changed:
        move_clocks(changed, -600)
        refused(consumer, octets)
    with monkeypatch.context() as changed:
        # python3-saml allows five minutes.
        move_clocks(changed, 60 + 301)
        reason = refused(consumer, octets)
    assert any(word in reason for word in ["expired", "Can't use response yet", "too old"]), reason
    assert consumer(octets) == EXPECTED


def test_every_response_has_another_identifier(saml_issuer):
    """What a service knows a replay by."""
    found = [parse(saml_issuer.response(**config())).xpath("//@ID") for _ in range(3)]
    assert len({identifier for identifiers in found for identifier in identifiers}) == 6


# MARK: the guide

GUIDE = pathlib.Path(__file__).resolve().parents[2] / "docs" / "relying-parties" / "python.md"
APP = Service(entity_id="https://app.example.com/saml/metadata", acs="https://app.example.com/saml/acs")


@pytest.fixture
def guide(saml_issuer, tmp_path, monkeypatch):
    """The names that the guide's block under a heading makes, run beside the files that it tells to keep."""
    (tmp_path / "exeat-metadata.xml").write_bytes(saml_issuer.metadata())
    (tmp_path / "exeat-signing.pem").write_text(
        f"-----BEGIN CERTIFICATE-----\n{saml_issuer.certificate()}\n-----END CERTIFICATE-----\n")
    monkeypatch.chdir(tmp_path)

    def run(heading):
        section = GUIDE.read_text(encoding="utf-8").split(f"\n## {heading}\n")[1].split("\n## ")[0]
        names = {}
        exec(compile(re.search(r"```python\n(.*?)```", section, re.S)[1], str(GUIDE), "exec"), names)
        return names

    return run


@pytest.mark.parametrize("heading", ["python3-saml", "pysaml2"])
def test_the_guide_lets_a_workload_in_once(saml_issuer, guide, heading):
    sign_in = guide(heading)["sign_in"]

    def form(octets):
        return {"SAMLResponse": base64.b64encode(octets).decode()}

    octets = saml_issuer.response(**APP.config(Duration=300))
    name, attributes = sign_in(form(octets))
    assert name == ROOT and [servers.ACCOUNT] in attributes.values()
    with pytest.raises(PermissionError, match="used before"):
        sign_in(form(octets))
    assert sign_in(form(saml_issuer.response(**APP.config(Duration=300))))[0] == ROOT
    for forged in [octets.replace(b":root<", b":rooT<"), saml_issuer.response(**config()),
                   saml_issuer.response(**Service(APP.entity_id, SERVICE.acs).config()).replace(
                       b'Destination="' + SERVICE.acs.encode(), b'Destination="' + APP.acs.encode())]:
        assert forged != octets
        with pytest.raises(Exception) as error:  # noqa: PT011 - each library has its own
            sign_in(form(forged))
        assert "used before" not in str(error.value)


def test_the_guide_verifies_bare_documents(saml_issuer, guide):
    verified = guide("signxml")["verified"]
    octets = saml_issuer.assertion(**APP.config())
    assert find(verified(octets), "./saml:Subject/saml:NameID").text == ROOT
    assert verified(saml_issuer.metadata()).get("entityID") == saml_issuer.entity_id
    for forged in [octets.replace(b":root<", b":rooT<"), saml_issuer.metadata().replace(b"/saml/sso", b"/saml/sss")]:
        with pytest.raises(Exception, match="[Dd]igest"):
            verified(forged)
