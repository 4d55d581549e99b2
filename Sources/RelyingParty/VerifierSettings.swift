// SPDX-License-Identifier: Apache-2.0
//
// What a verifier may do and for how long: the limits that hold for every issuer. Every default is written down with
// its reason in docs/relying-party-library.md.

/// The limits of a verifier.
public struct VerifierSettings: Sendable {
  /// How often a token may be used.
  public enum Replay: Hashable, Sendable {
    /// As often as its bearer likes, until it expires: a bearer token.
    case allowed
    /// Once in this process; `jti` must stand. Holds up to `capacity` tokens and refuses more.
    case once(capacity: Int)
  }

  /// How clocks may differ, for `exp`, `nbf` and `iat`.
  public var skew = Duration.seconds(60)
  /// The longest span from `iat` to `exp`.
  ///
  /// An hour is the longest that GetWebIdentityToken vends.
  public var maximumLifetime = Duration.seconds(3600)
  /// The longest token that is read.
  ///
  /// Unit: bytes; AWS's longest is about 20,400.
  public var maximumTokenBytes = 32_768
  /// How often a token may be used.
  public var replay = Replay.allowed
  /// How the keys of issuers are kept.
  public var keyCache = KeyCacheSettings()

  /// The defaults.
  public init() {}
}

/// How the keys of issuers are kept.
public struct KeyCacheSettings: Sendable {
  /// How long keys are used before they are fetched again: what `Cache-Control` says, within these bounds.
  public var fresh = Duration.seconds(60)...Duration.seconds(3600)
  /// How long keys are used when the answer does not say.
  public var freshByDefault = Duration.seconds(300)
  /// How much longer keys are used while their issuer does not answer.
  ///
  /// A revoked key is accepted for `fresh` and this time at most.
  public var stale = Duration.seconds(3600)
  /// How long an issuer that did not answer is left alone.
  public var failure = Duration.seconds(30)
  /// How often the keys of an issuer are fetched for a `kid` that is not among them: once in this time.
  public var unknownKey = Duration.seconds(300)

  /// The defaults.
  public init() {}
}
