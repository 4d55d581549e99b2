// SPDX-License-Identifier: Apache-2.0
//
// One line of the allow-list: an issuer, whom its tokens must be for, what they may be signed with, and what else they
// must say. Everything is compared byte for byte; nothing is normalised. Source: RFC 8725 §3.1, §3.8, §3.9; RFC 9068.

/// An issuer whose tokens are accepted, and under which conditions.
public struct TrustedIssuer: Sendable {
  /// Where the keys of the issuer come from.
  public enum Keys: Sendable {
    /// From the `jwks_uri` of `<issuer>/.well-known/openid-configuration`.
    case discovery
    /// From the JWK set at this URL; nothing is discovered.
    case keySet(url: String)
    /// From this JWK set, which is never fetched again: for an issuer that cannot be reached.
    case pinned(jwks: [UInt8])
  }

  /// What the `typ` of the header must be.
  public enum TokenType: Hashable, Sendable {
    /// Absent, or `JWT`: tokens of AWS and Exeat, and ID tokens.
    case jwt
    /// Exactly this media type, with or without `application/`, in any case: `at+jwt`.
    ///
    /// Source: RFC 8725 §3.11.
    case explicit(String)
  }

  /// The issuer: `iss` has exactly these bytes.
  public var issuer: String
  /// The audiences, of which one must be in `aud`; at least one.
  public var audiences: [String]
  /// The algorithms that are accepted, each with keys of its own kind alone; at least one.
  public var algorithms: Set<TokenAlgorithm>
  /// What else a token must say, in the order in which it is checked.
  public var requirements: [TokenRequirement]
  /// What the `typ` must be.
  public var type: TokenType
  /// Where the keys come from.
  public var keys: Keys
  /// Whether any audience will do, whatever `audiences` holds.
  ///
  /// SECURITY: only for who looks at a token and gives nothing for it. A service that asks for no audience takes tokens
  /// that were meant for others, so that nobody outside of this package can say this.
  package var acceptsAnyAudience = false

  /// Trusts `issuer` for `audiences`.
  public init(
    _ issuer: String,
    audiences: [String],
    algorithms: Set<TokenAlgorithm> = [.es384, .rs256],
    requiring requirements: [TokenRequirement] = [],
    type: TokenType = .jwt,
    keys: Keys = .discovery
  ) {
    self.issuer = issuer
    self.audiences = audiences
    self.algorithms = algorithms
    self.requirements = requirements
    self.type = type
    self.keys = keys
  }
}

/// Why a verifier cannot be made.
public enum VerifierConfigurationError: Error, Hashable, Sendable {
  /// No issuer is trusted.
  case noIssuer
  /// An issuer stands on the list twice.
  case issuerTwice(String)
  /// An issuer has no audience: every service that trusts it could pass its tokens on to this one.
  case noAudience(issuer: String)
  /// An issuer has no algorithm.
  case noAlgorithm(issuer: String)
  /// An issuer is not a URL that begins with `https://` or, for development, `http://`.
  case issuerNotURL(String)
  /// A pinned JWK set is none, or holds no key that can be used.
  case noPinnedKeys(issuer: String)
  /// A setting is negative, or zero where it must not be.
  case settingOutOfRange(String)
}
