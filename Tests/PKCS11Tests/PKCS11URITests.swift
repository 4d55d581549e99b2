// SPDX-License-Identifier: Apache-2.0
//
// URIs of tokens: what is understood, and that nothing else is passed over.

import PKCS11
import Testing

@Suite struct PKCS11URITests {
  private static let rest = "?module-path=/m.so&pin-source=/pin"

  @Test func `every attribute that is understood is read`() throws {
    let uri = try PKCS11URI(
      "pkcs11:token=My%20token;serial=0af1;manufacturer=A%2fB;model=v2;object=kek"
        + "?pin-source=file:/etc/pin&module-path=/usr/lib/x.so",
      requiresObject: true
    )
    #expect(uri.token == "My token" && uri.serial == "0af1" && uri.manufacturer == "A/B" && uri.model == "v2")
    #expect(uri.object == "kek" && uri.modulePath == "/usr/lib/x.so" && uri.pinSource == "/etc/pin")
    let other = try PKCS11URI("pkcs11:serial=1?module-path=/m&pin-source=file:///p", requiresObject: false)
    #expect(other.token == nil && other.object == nil && other.pinSource == "/p")
    #expect(PKCS11URI.isOne("pkcs11:") && !PKCS11URI.isOne("/pkcs11:") && !PKCS11URI.isOne("PKCS11:x"))
  }

  @Test(arguments: [
    ("pkcs12:token=a" + rest, PKCS11URIError.scheme),
    ("pkcs11:" + rest, .missing("token")),
    ("pkcs11:object=a" + rest, .missing("token")),
    ("pkcs11:token=a", .missing("module-path")),
    ("pkcs11:token=a?module-path=/m", .missing("pin-source")),
    ("pkcs11:token=a?pin-source=/p", .missing("module-path")),
    ("pkcs11:token=a?module-path=/m&pin-value=1234", .pinInURI),
    ("pkcs11:token=a;token=b" + rest, .givenTwice("token")),
    ("pkcs11:token=a?module-path=/m&module-path=/m&pin-source=/p", .givenTwice("module-path")),
    ("pkcs11:token=a;id=%01" + rest, .unknown("id")),
    ("pkcs11:token=a;slot-id=1" + rest, .unknown("slot-id")),
    ("pkcs11:token=a" + rest + "&module-name=x", .unknown("module-name")),
    ("pkcs11:token=a;" + rest, .syntax("?")),
    ("pkcs11:token" + rest, .syntax("?")),
    ("pkcs11:=a" + rest, .syntax("?")),
    ("pkcs11:to ken=a" + rest, .syntax("?")),
    ("pkcs11:token=a b" + rest, .syntax("token")),
    ("pkcs11:token=a/b" + rest, .syntax("token")),
    ("pkcs11:token=ä" + rest, .syntax("token")),
    ("pkcs11:token=%g0" + rest, .encoding("token")),
    ("pkcs11:token=%4" + rest, .encoding("token")),
    ("pkcs11:token=%ff" + rest, .encoding("token")),
    ("pkcs11:token=a%00" + rest, .encoding("token")),
    ("pkcs11:token=" + rest, .value("token")),
    ("pkcs11:token=" + String(repeating: "a", count: 33) + rest, .value("token")),
    ("pkcs11:token=a?module-path=m.so&pin-source=/p", .value("module-path")),
    ("pkcs11:token=a?module-path=/m&pin-source=pin", .value("pin-source")),
    ("pkcs11:token=a?module-path=/m&pin-source=/", .value("pin-source")),
    ("pkcs11:token=a?module-path=/m&pin-source=|cat", .value("pin-source")),
  ])
  func `anything else is refused with its reason`(text: String, error: PKCS11URIError) {
    #expect(throws: error) { try PKCS11URI(text, requiresObject: false) }
  }

  @Test func `an object is asked for where one is needed`() {
    #expect(throws: PKCS11URIError.missing("object")) {
      try PKCS11URI("pkcs11:token=a" + Self.rest, requiresObject: true)
    }
  }
}
