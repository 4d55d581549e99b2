// SPDX-License-Identifier: Apache-2.0
//
// The signed form of a status list, a JWT of a type of its own: written for publication, and read from a stranger.
// Compression is an argument: this file knows no library. Source: draft-ietf-oauth-status-list §4.2, §5.1, §8.3.

package import IdentityModel
package import StrictJSON

/// A Status List Token that was read and verified.
package struct StatusListToken: Hashable, Sendable {
  /// The `typ` of the header: no other kind of token has it, and tokens of this one are taken for nothing else.
  package static let type = "statuslist+jwt"
  /// `Content-Type`.
  package static let contentType = "application/statuslist+jwt"
  /// The longest token that is read: a list of 2²⁰ tokens that does not compress takes 234 kB.
  ///
  /// Unit: bytes.
  package static let maximumBytes = 1 << 20
  /// The longest list that is read: 2²³ tokens of one bit.
  ///
  /// SECURITY: a few octets can be made to swell to any length. Unit: bytes, decompressed.
  package static let maximumListBytes = 1 << 20

  /// Makes zlib data (RFC 1950) into what it holds; `nil` when it is none, or when that is longer than the second
  /// argument.
  package typealias Inflate = @Sendable (_ octets: [UInt8], _ maximumBytes: Int) -> [UInt8]?

  /// `sub`: the URI of the list.
  package let uri: String
  /// `iat`.
  package let issuedAt: Instant
  /// `exp`; `nil` when there is none.
  package let expiration: Instant?
  /// `ttl`: how long a copy may be kept; `nil` when nothing is said.
  ///
  /// Unit: seconds.
  package let timeToLiveSeconds: Int64?
  /// The list.
  package let list: StatusList

  /// The status of `reference`; throws `otherList` for another list's, `indexOutOfBounds` beyond this one.
  package func status(of reference: StatusListReference) throws(StatusListError) -> UInt8 {
    guard same(reference.uri, uri) else { throw .otherList(uri) }
    guard let status = list.status(at: reference.index) else { throw .indexOutOfBounds(reference.index) }
    return status
  }

  /// The payload of a Status List Token: `sub`, `iat`, `exp`, `ttl`, `status_list` in this order.
  ///
  /// - Parameters:
  ///   - uri: the list's own.
  ///   - compressed: the octets of a list of one bit for each token, as zlib data.
  ///   - aggregation: where all lists of the issuer are named.
  ///   - issuedAt: the time of issue.
  ///   - lifeSeconds: from `iat` to `exp`.
  ///   - timeToLiveSeconds: how long a copy may be kept.
  /// - Returns: one JSON object, UTF-8.
  package static func payload(
    uri: String,
    compressed: [UInt8],
    aggregation: String,
    issuedAt: Instant,
    lifeSeconds: Int64,
    timeToLiveSeconds: Int64
  ) -> [UInt8] {
    var writer = JSONWriter(capacity: 512 + compressed.count * 4 / 3)
    writer.object { writer in
      writer.member("sub", uri)
      writer.member("iat", issuedAt.seconds)
      writer.member("exp", issuedAt.seconds + lifeSeconds)
      writer.member("ttl", timeToLiveSeconds)
      writer.name("status_list")
      writer.object { writer in
        writer.member("bits", Int64(1))
        writer.member("lst", Base64URL.encode(compressed))
        writer.member("aggregation_uri", aggregation)
      }
    }
    return writer.bytes
  }

  /// Reads a JWS whose signature was verified with a key of the issuer of the token to be checked.
  ///
  /// - Parameters:
  ///   - header: its header.
  ///   - claims: its payload.
  ///   - uri: the list that the token to be checked names.
  ///   - now: the time of the check.
  ///   - leewaySeconds: how far clocks may differ, for `exp` and `iat`.
  ///   - inflate: decompresses.
  /// - Returns: the list.
  /// - Throws: the first check that failed. Nothing can be said of any status then.
  package static func read(
    header: JSONObject,
    claims: JSONObject,
    uri: String,
    now: Instant,
    leewaySeconds: Int64 = 60,
    inflate: Inflate
  ) throws(StatusListError) -> StatusListToken {
    // SECURITY: a token of another kind, signed with the same key, says nothing about statuses, whatever it holds.
    guard isStatusListType(header["typ"]?.string) else { throw .notAStatusList }
    return try StatusListToken(claims, uri: uri, now: now, leewaySeconds: leewaySeconds, inflate: inflate)
  }

  private init(
    _ claims: JSONObject,
    uri: String,
    now: Instant,
    leewaySeconds: Int64,
    inflate: Inflate
  ) throws(StatusListError) {
    guard let subject = claims["sub"]?.string else { throw .claimMissing("sub") }
    guard same(subject, uri) else { throw .otherList(subject) }
    guard let issuedAt = try StatusListToken.date("iat", in: claims) else { throw .claimMissing("iat") }
    guard issuedAt <= now.advanced(bySeconds: leewaySeconds) else { throw .issuedInTheFuture(issuedAt) }
    let expiration = try StatusListToken.date("exp", in: claims)
    if let expiration, now.advanced(bySeconds: -leewaySeconds) >= expiration { throw .expired(expiration) }
    var timeToLive: Int64?
    if let value = claims["ttl"] {
      // "The value of the claim MUST be a positive number encoded in JSON as a number."
      guard case .number(let number) = value, let seconds = Double(number.text), seconds > 0 else {
        throw .claimMalformed("ttl")
      }
      timeToLive = Int64(min(seconds, Double(maximumNumericDate)))
    }
    guard let member = claims["status_list"] else { throw .claimMissing("status_list") }
    guard let object = member.object else { throw .claimMalformed("status_list") }
    guard let bits = object["bits"]?.int64, [1, 2, 4, 8].contains(bits) else { throw .claimMalformed("bits") }
    guard let text = object["lst"]?.string, let compressed = Base64URL.decode(text) else {
      throw .claimMalformed("lst")
    }
    guard let octets = inflate(compressed, StatusListToken.maximumListBytes),
      octets.count <= StatusListToken.maximumListBytes,
      let list = StatusList(octets: octets, bits: Int(bits))
    else { throw .notCompressed }
    self.uri = subject
    self.issuedAt = issuedAt
    self.expiration = expiration
    self.timeToLiveSeconds = timeToLive
    self.list = list
  }

  private static func date(_ name: String, in claims: JSONObject) throws(StatusListError) -> Instant? {
    guard let value = claims[name] else { return nil }
    guard case .number(let number) = value, let seconds = Double(number.text), seconds >= 0,
      seconds <= Double(maximumNumericDate)
    else { throw .claimMalformed(name) }
    return Instant(milliseconds: Int64(seconds * 1000))
  }
}

/// RFC 7515 §4.1.9: a media type, compared without regard to ASCII case; `application/` may be left out.
private func isStatusListType(_ name: String?) -> Bool {
  guard let name else { return false }
  let folded = name.utf8.map(asciiLowercase)
  return folded.elementsEqual(StatusListToken.type.utf8)
    || folded.elementsEqual(StatusListToken.contentType.utf8)
}
