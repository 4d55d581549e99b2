// SPDX-License-Identifier: Apache-2.0
//
// The assertion of a SAML identity provider, as somebody presents it at the token endpoint: first what it says of itself,
// so that its provider can be found, then everything verified at once. The whole document is what was signed; whatever is
// not understood is refused. Source: RFC 7522 §2.1, §3; SAML Core 2.0 §2.3–2.7; SAML Profiles 2.0 §4.1.4.2, §4.1.4.3.

package import IdentityModel

/// What is expected of an assertion.
package struct PresentedAssertionExpectations: Hashable, Sendable {
  /// The endpoint that it was sent to, compared with `Recipient` byte for byte.
  package var recipient: String
  /// The names of this server, of which each `AudienceRestriction` must have one, byte for byte.
  package var audiences: [String]
  /// The time of the check.
  package var now: Instant

  /// Gathers the expectations.
  package init(recipient: String, audiences: [String], now: Instant) {
    self.recipient = recipient
    self.audiences = audiences
    self.now = now
  }
}

/// An assertion of which nothing is verified yet.
package struct PresentedAssertion: Sendable {
  /// The longest text that is read; a request has no more.
  ///
  /// Unit: bytes.
  package static let maximumBytes = 60_000

  /// What the attributes say, of which nothing is to be trusted: what to look the provider up by.
  package let claimedAttributes: [PresentedAttribute]

  private let root: XMLElement
  private let parts: AssertionParts

  /// Reads the text: base64url, padded or not (RFC 7522 §2.1: "SHOULD NOT").
  ///
  /// The signature is not looked at.
  ///
  /// - Throws: the first check that failed.
  package init(_ text: String) throws(PresentedAssertionError) {
    guard text.utf8.count <= Self.maximumBytes else { throw .tooLong(limit: Self.maximumBytes) }
    var digits = Array(text.utf8)
    if digits.count % 4 == 0 {
      for _ in 0..<2 where digits.last == UInt8(ascii: "=") { digits.removeLast() }
    }
    guard let octets = Base64URL.decode(utf8: digits) else { throw .notBase64URL }
    let limits = XMLLimits(bytes: Self.maximumBytes, elements: 4_000)
    do { root = try XMLReader.read(octets, limits: limits) } catch { throw .xml(error) }
    guard root.matches("Assertion", in: .saml), let version = root.attribute("Version"), same(version, "2.0")
    else { throw .notAnAssertion }
    parts = try AssertionParts(root)
    claimedAttributes = try parts.attributes()
  }

  /// Verifies the assertion as one of `authority`.
  ///
  /// SECURITY: the signature is a child of the root, over the root, and the only one in the document; nothing is read that
  /// it does not cover. The certificate that it brings counts only when its key is one of the authority's.
  ///
  /// - Throws: the first check that failed.
  package func verify(
    by authority: SAMLAuthority,
    expectations: PresentedAssertionExpectations
  ) throws(PresentedAssertionError) -> ProviderAssertion {
    let signer: EncodedCertificate?
    do {
      signer = try EnvelopedSignature.verify(root, by: authority.signingKeys)
    } catch {
      throw .signature(error)
    }
    guard signer != nil else { throw .notSigned }
    guard let issuer = parts.issuer.text, same(issuer, authority.entityID) else {
      throw .issuerMismatch(parts.issuer.text ?? "")
    }
    let clock = AssertionClock(now: expectations.now)
    guard let issuedAt = try clock.time("IssueInstant", of: root) else { throw .malformed("IssueInstant") }
    guard issuedAt <= clock.latest else { throw .issuedInTheFuture(issuedAt) }
    guard clock.now < issuedAt.advanced(bySeconds: PresentedToken.maximumAgeSeconds) else {
      throw .tooOld(issuedAt)
    }
    let subject = try AssertionSubject(parts.subject)
    let confirmationEnd = try subject.confirm(expectations.recipient, clock)
    let conditionsEnd = try parts.checkConditions(expectations.audiences, clock)
    // RFC 7522 §3: "The Assertion MUST have an expiry that limits the time window during which it can be used."
    guard confirmationEnd != nil || conditionsEnd != nil else { throw .malformed("NotOnOrAfter") }
    return ProviderAssertion(
      issuer: issuer,
      subject: subject.name,
      subjectFormat: subject.format,
      recipient: expectations.recipient,
      sessionEnd: try parts.sessionEnd(clock),
      attributes: claimedAttributes
    )
  }
}

/// An attribute as an assertion has it.
package struct PresentedAttribute: Hashable, Sendable {
  /// `Name`.
  package let name: String
  /// The values, in order; `nil` when one of them is not text alone.
  package let values: [String]?
}

/// An assertion of an identity provider that passed every check.
///
/// Only `PresentedAssertion` makes one.
package struct ProviderAssertion: Hashable, Sendable {
  /// The entity id of the provider.
  package let issuer: String
  /// The text of `NameID`.
  ///
  /// Shape: 1–255 characters without controls.
  package let subject: String
  /// The `Format` of `NameID`.
  package let subjectFormat: String?
  /// The endpoint that it was for.
  package let recipient: String
  /// When the session at the provider ends; `nil` when it does not say.
  package let sessionEnd: Instant?
  /// The attributes, no two of one name.
  package let attributes: [PresentedAttribute]
}

/// The time of a check, and how instants are read and compared with it.
struct AssertionClock {
  let now: Instant

  var earliest: Instant { now.advanced(bySeconds: -PresentedToken.leewaySeconds) }
  var latest: Instant { now.advanced(bySeconds: PresentedToken.leewaySeconds) }

  /// SAML Core 2.0 §1.3.3: UTC; `nil` when the attribute is absent.
  func time(_ name: String, of element: XMLElement) throws(PresentedAssertionError) -> Instant? {
    guard let text = element.attribute(name) else { return nil }
    guard let instant = Instant(rfc3339: text), instant.seconds <= maximumNumericDate else {
      throw .malformed(name)
    }
    return instant
  }

  /// `NotBefore` and `NotOnOrAfter` of `element`, checked; the latter.
  func window(of element: XMLElement) throws(PresentedAssertionError) -> Instant? {
    if let start = try time("NotBefore", of: element), start > latest { throw .notYetValid(start) }
    let end = try time("NotOnOrAfter", of: element)
    if let end, end <= earliest { throw .expired(end) }
    return end
  }
}
