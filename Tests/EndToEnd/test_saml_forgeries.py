# SPDX-License-Identifier: Apache-2.0
"""What we sign cannot be forged before python3-saml, pysaml2 and libxmlsec: every value changed, every signature moved, and
the eight kinds of wrapping."""

import random

import pytest

from driver import saml_forgeries, saml_messages
from driver.saml_messages import parse
from driver.saml_consumers import (
    EXPECTED, SERVICE, Identity, PySAML2, Python3SAML, Refused, XMLSec, config, refused)

CONSUMERS = [Python3SAML, PySAML2]


@pytest.mark.parametrize("library", CONSUMERS)
@pytest.mark.parametrize("signed", ["false", "true"], ids=["assertion signed", "both signed"])
def test_no_wrapping_lets_somebody_else_in(saml_issuer, library, signed):
    consumer = library(SERVICE, saml_issuer.metadata())
    octets = saml_issuer.response(**config(SamlSignResponse=signed))
    tried = 0
    for name, forged in saml_forgeries.wrappings(octets):
        tried += 1
        try:
            identity = consumer(forged)
        except Refused:
            continue
        # Whoever skips what was not signed may let in who was.
        assert identity == EXPECTED, name
    assert tried >= 11


@pytest.mark.parametrize("library", CONSUMERS)
def test_a_comment_does_not_shorten_a_name(saml_issuer, library):
    """CVE-2017-11427 and others: canonical form has no comments, so that one within a name leaves the signature good."""
    consumer = library(SERVICE, saml_issuer.metadata())
    octets = saml_issuer.response(**config(NameIdValue="admin@evil.example", SamlAttributes=[("mail", ["admin@evil.example"])]))
    forged = octets.replace(b"admin@evil", b"admin<!---->@evil")
    assert forged.count(b"<!---->") == 2
    try:
        identity = consumer(forged)
    except Refused:
        return
    assert identity == Identity("admin@evil.example", {"mail": ["admin@evil.example"]})


def test_every_changed_value_and_element_is_refused(saml_issuer):
    octets = saml_issuer.response(**config())
    consumer, signature = Python3SAML(SERVICE, saml_issuer.metadata()), XMLSec(saml_issuer.certificate())
    changes = list(saml_forgeries.changes(octets))
    assert len(changes) > 50
    for name, forged in changes:
        assert refused(consumer, forged), name
        assertion = parse(forged).find(f"./{{{saml_messages.SAML}}}Assertion")
        if assertion is not None:
            refused(signature, saml_messages.etree.tostring(assertion))


def test_pysaml2_refuses_a_sample_of_changes(saml_issuer):
    """A sample: it starts xmlsec1 for each."""
    octets = saml_issuer.response(**config())
    consumer = PySAML2(SERVICE, saml_issuer.metadata())
    changes = list(saml_forgeries.changes(octets))
    for name, forged in random.Random(5).sample(changes, 12):
        assert refused(consumer, forged), name


def test_flipped_octets_are_refused(saml_issuer, dose):
    octets = saml_issuer.response(**config(SamlSignResponse="true"))
    consumer = Python3SAML(SERVICE, saml_issuer.metadata())
    places = random.Random(6).sample(range(len(octets)), min(len(octets), 150 * dose))
    for name, forged in saml_forgeries.flips(octets, places):
        try:
            identity = consumer(forged)
        except Refused:
            continue
        # The certificate in a signature is not signed, and this library has its own.
        place = int(name.split()[1])
        start = octets.rindex(b"<ds:X509Certificate>", 0, place)
        assert place < octets.index(b"</ds:X509Certificate>", start) and identity == EXPECTED, name
