// SPDX-License-Identifier: Apache-2.0
//
// Who acts for the subject of a verified token, typed. Source: RFC 8693 §4.1.

import TokenFormats

/// One who acts for the subject of a token, or did.
public struct TokenActor: Hashable, Sendable {
  /// `iss`: who vouches for the name; the token's own issuer where the claim names none.
  public let issuer: String
  /// `sub`: the name; never empty.
  public let subject: String
}

extension VerifiedToken {
  /// The claim `act`: everybody who acts for the subject, the current actor first; empty when nobody does.
  ///
  /// RFC 8693 §4.1: only the subject and the current actor, the first, are for decisions; the others are for the record,
  /// hearsay that the issuer did not verify.
  ///
  /// - Throws: `claimMalformed` for a claim that cannot be read, or with more than four actors: never take that for nobody.
  public func actors() throws(VerificationFailure) -> [TokenActor] {
    do throws(JWTVerificationError) {
      guard let chain = try ActorChain(claims, issuer: issuer) else { return [] }
      return chain.actors.map { TokenActor(issuer: $0.issuer, subject: $0.subject) }
    } catch {
      throw VerificationFailure(error)
    }
  }
}
