// SPDX-License-Identifier: Apache-2.0
//
// A JWS that was read and is not verified, and the headers that were read before: tokens of one key have one header, and
// reading it again and again is a good part of what an RS256 token costs. What is remembered stood under a good
// signature, so that nobody without a key can fill the memory. Source: RFC 7515 §5.2; RFC 8725 §3.1, §3.2.

import StrictJSON
import Synchronization
import TokenFormats

/// A JOSE header, with what every token is asked of it.
final class ReadHeader: Sendable {
  let members: JSONObject
  let algorithm: JWSAlgorithm
  let keyID: String?
  /// Whether `typ` is absent or `JWT`, and nothing is nested.
  let isOfJWT: Bool

  init(_ members: JSONObject) throws(JWTVerificationError) {
    let name = try members.algorithm()
    guard let algorithm = JWSAlgorithm(name: name) else { throw .algorithmNotAllowed(name) }
    try members.refuseExtensions()
    if let member = members["kid"] {
      guard let name = member.string else { throw .keyIDMissing }
      keyID = name
    } else {
      keyID = nil
    }
    self.members = members
    self.algorithm = algorithm
    isOfJWT = (try? members.requireJWT()) != nil
  }

  /// Refuses a header of another kind of token than `type`.
  func require(_ type: TrustedIssuer.TokenType) throws(VerificationFailure) {
    do throws(JWTVerificationError) {
      switch type {
      case .jwt: if !isOfJWT { try members.requireJWT() }
      case .explicit(let name): try members.requireType(name, mayBeAbsent: false)
      }
    } catch {
      throw VerificationFailure(error)
    }
  }
}

/// A JWS that was read and is not verified.
struct ReadJWS: Sendable {
  let header: ReadHeader
  let payload: [UInt8]
  private let parts: CompactParts
  private let signature: [UInt8]
  private let isHeaderKnown: Bool

  var algorithm: JWSAlgorithm { header.algorithm }
  var keyID: String? { header.keyID }

  init(
    _ text: String,
    maximumBytes: Int,
    headers: HeaderMemory? = nil
  ) throws(VerificationFailure) {
    do throws(JWTVerificationError) {
      parts = try CompactParts(text, maximumBytes: maximumBytes)
      let known = headers?.header(of: parts)
      isHeaderKnown = known != nil
      let unread = known == nil ? try parts.header() : []
      payload = try parts.payload()
      signature = try parts.signature()
      header = if let known { known } else { try ReadHeader(try JWS.object(unread, part: .header)) }
    } catch {
      throw VerificationFailure(error)
    }
  }

  /// Checks the algorithm, finds the key, checks the signature.
  func verify(_ keys: ProviderKeySet, _ algorithms: AlgorithmSet) throws(VerificationFailure) {
    try requireAlgorithm(algorithms)
    try verify(try keys.key(named: keyID, for: algorithm))
  }

  /// Refuses an algorithm that is none of `algorithms`.
  func requireAlgorithm(_ algorithms: AlgorithmSet) throws(VerificationFailure) {
    guard algorithms.contains(algorithm) else { throw .algorithmNotAllowed(algorithm.rawValue) }
  }

  /// Checks the signature; a header that stood under a good one is remembered in `headers`.
  func verify(
    _ key: SignatureKey,
    remembering headers: HeaderMemory? = nil
  ) throws(VerificationFailure) {
    guard parts.isSigned(by: key, signature, algorithm) else { throw .signatureInvalid }
    if !isHeaderKnown { headers?.remember(header, of: parts) }
  }
}

/// A token that was read and is not verified: a JWS whose payload is an object with an `iss`.
///
/// One object, since it is handed from step to step: copying the parts of a token each time costs more than any of them.
final class ReadToken: Sendable {
  let jws: ReadJWS
  let claims: LazyJSONObject
  /// The same where they lie, when they are of the plain kind.
  let plain: PlainClaims?
  private let named: String?

  /// The `iss`.
  var issuer: String { named ?? plain?.issuer ?? "" }

  init(
    _ text: String,
    maximumBytes: Int,
    headers: HeaderMemory? = nil
  ) throws(VerificationFailure) {
    jws = try ReadJWS(text, maximumBytes: maximumBytes, headers: headers)
    do throws(JWTVerificationError) {
      claims = try JWS.members(jws.payload, part: .payload)
      plain = PlainClaims(claims)
      named = plain == nil ? try claims.claim("iss") : nil
    } catch {
      throw VerificationFailure(error)
    }
  }
}

/// Remembers headers by their encoded bytes.
final class HeaderMemory: Sendable {
  /// A header of the RFC's shape is under 300 bytes.
  private static let maximumBytes = 512
  private static let capacity = 64

  private struct Entry {
    let encoded: [UInt8]
    let header: ReadHeader
  }

  private struct Entries {
    /// By a hash of the encoded bytes; of two that share one the later is remembered.
    var byHash: [Int: Entry] = [:]
    /// The last one that was found: most tokens have the header of the one before.
    var last: Entry?
  }

  private let entries = Mutex(Entries())

  /// The header of `parts`, when it is remembered.
  func header(of parts: CompactParts) -> ReadHeader? {
    var header: ReadHeader?
    parts.withEncodedHeader { encoded in
      header = entries.withLock { entries in
        if let last = entries.last, last.encoded.withUnsafeBufferPointer({ same($0, encoded) }) {
          return last.header
        }
        guard let place = Self.place(of: encoded), let entry = entries.byHash[place],
          entry.encoded.withUnsafeBufferPointer({ same($0, encoded) })
        else { return nil }
        entries.last = entry
        return entry.header
      }
    }
    return header
  }

  /// Remembers the header of `parts`, whose signature is good.
  func remember(_ header: ReadHeader, of parts: CompactParts) {
    parts.withEncodedHeader { encoded in
      guard let place = Self.place(of: encoded) else { return }
      entries.withLock { entries in
        if entries.byHash.count >= Self.capacity, entries.byHash[place] == nil {
          entries.byHash.removeAll(keepingCapacity: true)
        }
        let entry = Entry(encoded: Array(encoded), header: header)
        entries.byHash[place] = entry
        entries.last = entry
      }
    }
  }

  private static func place(of encoded: UnsafeBufferPointer<UInt8>) -> Int? {
    guard encoded.count <= maximumBytes else { return nil }
    var hasher = Hasher()
    hasher.combine(bytes: UnsafeRawBufferPointer(encoded))
    return hasher.finalize()
  }
}
