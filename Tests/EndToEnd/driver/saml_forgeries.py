# SPDX-License-Identifier: Apache-2.0
"""Forgeries of a signed SAML response: values changed, signatures moved, and the eight ways of wrapping that Somorovsky
and others published ("On Breaking SAML: Be Whoever You Want to Be", 2012). Each keeps what was signed and says something
else beside it."""

import copy

from driver.saml_messages import DS, NAMES, SAML, SAMLP, etree, find, parse

EVIL = "arn:aws:iam::999999999999:role/evil"


def evil(assertion, identifier="_evil"):
    """A copy without signature that names another subject."""
    forged = copy.deepcopy(assertion)
    for signature in forged.xpath(".//ds:Signature", namespaces=NAMES):
        signature.getparent().remove(signature)
    forged.set("ID", identifier)
    find(forged, "./saml:Subject/saml:NameID").text = EVIL
    for value in forged.xpath(".//saml:AttributeValue", namespaces=NAMES):
        value.text = "evil"
    return forged


def evil_response(response, identifier="_evil-response"):
    forged = copy.deepcopy(response)
    for signature in forged.xpath("./ds:Signature", namespaces=NAMES):
        forged.remove(signature)
    forged.set("ID", identifier)
    old = find(forged, "./saml:Assertion")
    forged.replace(old, evil(old))
    return forged


def take_signature(element):
    signature = find(element, "./ds:Signature")
    element.remove(signature)
    return signature


def wrappings(octets):
    """(name, octets) of each; those of the response itself only when it is signed."""

    def parts():
        root = parse(octets)
        return root, find(root, "./saml:Assertion")

    def into(parent, tag, child):
        holder = etree.SubElement(parent, tag)
        holder.append(child)
        return holder

    def done(name, root):
        return name, etree.tostring(root)

    if parse(octets).xpath("./ds:Signature", namespaces=NAMES):
        for number in (1, 2):
            root = parse(octets)
            forged = evil_response(root)
            signature = take_signature(root)
            if number == 1:
                into(signature, f"{{{DS}}}Object", root)
                forged.insert(1, signature)
            else:
                forged.insert(1, root)
                forged.insert(2, signature)
            yield done(f"XSW{number}", forged)
        root = parse(octets)
        root.replace(find(root, "./saml:Assertion"), evil(find(root, "./saml:Assertion")))
        yield done("the assertion exchanged under the response's signature", root)

    root, assertion = parts()
    assertion.addprevious(evil(assertion))
    yield done("XSW3", root)

    root, assertion = parts()
    forged = evil(assertion)
    root.replace(assertion, forged)
    forged.append(assertion)
    yield done("XSW4", root)

    root, assertion = parts()
    forged = evil(assertion)
    forged.insert(1, take_signature(assertion))
    assertion.addprevious(forged)
    yield done("XSW5", root)

    root, assertion = parts()
    forged = evil(assertion)
    signature = take_signature(assertion)
    root.replace(assertion, forged)
    forged.insert(1, signature)
    signature.append(assertion)
    yield done("XSW6", root)

    root, assertion = parts()
    extensions = etree.Element(f"{{{SAMLP}}}Extensions")
    extensions.append(evil(assertion))
    find(root, "./samlp:Status").addprevious(extensions)
    yield done("XSW7", root)

    root, assertion = parts()
    forged = evil(assertion)
    signature = take_signature(assertion)
    root.replace(assertion, forged)
    forged.insert(1, signature)
    into(signature, f"{{{DS}}}Object", assertion)
    yield done("XSW8", root)

    for place in ("before", "after"):
        root, assertion = parts()
        forged = evil(assertion, assertion.get("ID"))
        assertion.addprevious(forged) if place == "before" else assertion.addnext(forged)
        yield done(f"the same ID again, {place} it", root)

    root, assertion = parts()
    forged = evil(assertion)
    forged.insert(1, copy.deepcopy(find(assertion, "./ds:Signature")))
    root.replace(assertion, forged)
    yield done("the signature on another assertion", root)

    root, assertion = parts()
    root.replace(assertion, evil(assertion, assertion.get("ID")))
    yield done("no signature at all", root)

    root, assertion = parts()
    root.xpath("./saml:Assertion/saml:Subject", namespaces=NAMES)[0].addprevious(
        copy.deepcopy(find(evil(assertion), "./saml:Subject")))
    yield done("a second subject", root)


def changes(octets):
    """(name, octets) for each attribute, text and element below the assertion but those of its signature, changed."""
    count = len(list(parse(octets).iter()))
    for index in range(count):
        def element():
            root = parse(octets)
            return root, list(root.iter())[index]

        root, found = element()
        inside = found.xpath("ancestor-or-self::saml:Assertion", namespaces=NAMES)
        if not inside or found.xpath("ancestor-or-self::ds:*", namespaces=NAMES):
            continue
        path = root.getroottree().getelementpath(found).replace(f"{{{SAML}}}", "").replace(f"{{{SAMLP}}}", "")
        for name in found.attrib:
            root, found = element()
            found.set(name, changed(found.get(name)))
            yield f"{path}/@{name}", etree.tostring(root)
        if found.text:
            root, found = element()
            found.text = changed(found.text)
            yield f"{path}/text()", etree.tostring(root)
        if found.tag != f"{{{SAML}}}Assertion":
            root, found = element()
            found.getparent().remove(found)
            yield f"{path} removed", etree.tostring(root)
            root, found = element()
            found.addnext(copy.deepcopy(found))
            yield f"{path} twice", etree.tostring(root)


def changed(text):
    """`text` with its last digit, or else its last letter, exchanged for another: a time stays a time, a URI a URI."""
    for group in ("0123456789", "abcdefghijklmnopqrstuvwxyz"):
        for place in range(len(text) - 1, -1, -1):
            if text[place] in group:
                return text[:place] + group[group.index(text[place]) - 1] + text[place + 1:]
    return text + "x"


def flips(octets, places):
    """(name, octets) with the lowest bit of one octet the other way."""
    for place in places:
        yield f"octet {place}", octets[:place] + bytes([octets[place] ^ 1]) + octets[place + 1:]
