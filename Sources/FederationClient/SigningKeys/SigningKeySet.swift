// SPDX-License-Identifier: Apache-2.0
//
// The signing keys of an account as the server says them, and as verifiers take them. Source:
// docs/actions/ListOutboundSigningKeys.md; RFC 7517.

package import IdentityModel
package import StrictJSON

/// A signing key of an account.
package struct SigningKeyDescription: Hashable, Sendable {
  /// The `kid`.
  package let keyID: String
  /// `RS256` or `ES384`.
  package let algorithm: String
  /// `Successor`, `Signing`, `Retiring`, `Retired` or `Revoked`.
  package let status: String
  /// When it was made, or imported.
  package let createDate: Instant
  /// From when it signs.
  package let signsFrom: Instant
  /// Until when it is published; `nil` when nothing ends that yet, or it is no longer published.
  package let publishedUntil: Instant?
  /// When it was revoked.
  package let revokeDate: Instant?
  /// The public half, SubjectPublicKeyInfo in PEM; `nil` when the server does not give it.
  package let publicKey: String?

  /// Whether verifiers find it in the key set.
  package var isPublished: Bool { ["Successor", "Signing", "Retiring"].contains(status) }

  /// Reads the element of an answer; `nil` when something is missing or malformed.
  init?(_ element: XMLAnswer) {
    func instant(_ name: String) -> Instant? { element[name].flatMap { Instant(rfc3339: $0) } }
    guard let keyID = element["KeyId"], !keyID.isEmpty, let algorithm = element["SigningAlgorithm"],
      let status = element["Status"], let createDate = instant("CreateDate"),
      let signsFrom = instant("SignsFrom")
    else { return nil }
    self.keyID = keyID
    self.algorithm = algorithm
    self.status = status
    self.createDate = createDate
    self.signsFrom = signsFrom
    publishedUntil = instant("PublishedUntil")
    revokeDate = instant("RevokeDate")
    publicKey = element["PublicKey"]
  }

  /// The key as a script takes it: the members of the API.
  package var json: JSONValue {
    var members: [JSONObject.Member] = [
      .init("KeyId", .string(keyID)), .init("SigningAlgorithm", .string(algorithm)),
      .init("Status", .string(status)), .init("CreateDate", .string(createDate.rfc3339)),
      .init("SignsFrom", .string(signsFrom.rfc3339)),
    ]
    if let publishedUntil { members.append(.init("PublishedUntil", .string(publishedUntil.rfc3339))) }
    if let revokeDate { members.append(.init("RevokeDate", .string(revokeDate.rfc3339))) }
    if let publicKey { members.append(.init("PublicKey", .string(publicKey))) }
    return .object(JSONObject(members))
  }
}

/// The signing keys of an account.
package struct SigningKeySet: Hashable, Sendable {
  /// The issuer whose tokens they sign.
  package let issuer: String
  /// Whether the issuer is suspended, and gives out no tokens.
  package let isSuspended: Bool
  /// Whether the published key set is empty, whatever keys there are.
  package let isEmptied: Bool
  /// The keys, in the order of the server.
  package let keys: [SigningKeyDescription]

  init(_ result: ActionResult) throws(STSClientError) {
    issuer = try result.element("IssuerIdentifier")
    isSuspended = result.text("IssuerSuspended") == "true"
    isEmptied = result.text("KeySetEmptied") == "true"
    var keys: [SigningKeyDescription] = []
    for element in result.elements("OutboundSigningKeys/member") {
      guard let key = SigningKeyDescription(element) else {
        throw result.malformed("OutboundSigningKeys/member")
      }
      keys.append(key)
    }
    self.keys = keys
  }

  /// The members of the API.
  package var json: [JSONObject.Member] {
    [
      .init("IssuerIdentifier", .string(issuer)), .init("IssuerSuspended", .bool(isSuspended)),
      .init("KeySetEmptied", .bool(isEmptied)), .init("OutboundSigningKeys", .array(keys.map(\.json))),
    ]
  }
}
