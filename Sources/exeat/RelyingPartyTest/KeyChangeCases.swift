// SPDX-License-Identifier: Apache-2.0
//
// What a service is to do while the keys of its issuer change: take the next one, drop a revoked one, and believe nobody
// whose key it cannot look up. Source: OpenID Connect Core 1.0 §10.1.1; RFC 9111 §4.2; RFC 7515 §5.2; RFC 8725 §3.8.

extension RelyingPartyCase {
  static var rotatedNewKey: RelyingPartyCase {
    changing(
      "rotated-new-key",
      isGood: true,
      "a token of the next key, which is published",
      "OpenID Connect Core 1.0 §10.1.1; RFC 7517 §4.5"
    )
  }
  static var rotatedOldKey: RelyingPartyCase {
    changing(
      "rotated-old-key",
      isGood: true,
      "a token of the key before, which is still published",
      "OpenID Connect Core 1.0 §10.1.1; RFC 7517 §4.5"
    )
  }
  static var rotatedSwappedKeyID: RelyingPartyCase {
    changing(
      "rotated-swapped-kid",
      isGood: false,
      "any key of the set verifies a token, whatever its `kid` says",
      "RFC 8725 §3.8; RFC 7515 §4.1.4"
    )
  }
  static var revokedKey: RelyingPartyCase {
    changing(
      "revoked-key",
      isGood: false,
      "a token of a key that was revoked is taken",
      "RFC 9111 §4.2; RFC 7515 §5.2"
    )
  }
  static var revokedNextKey: RelyingPartyCase {
    changing(
      "revoked-next-key",
      isGood: true,
      "a token of the key that signs in place of a revoked one",
      "OpenID Connect Core 1.0 §10.1.1; RFC 7517 §4.5"
    )
  }
  static var withheldForeignKey: RelyingPartyCase {
    changing(
      "withheld-foreign-key",
      isGood: false,
      "while the key set cannot be fetched, a token of an unknown key is taken unchecked",
      "RFC 7515 §5.2"
    )
  }
  static var withheldUnknownKeyID: RelyingPartyCase {
    changing(
      "withheld-unknown-kid",
      isGood: false,
      "while the key set cannot be fetched, an old key verifies a token with an unknown `kid`",
      "RFC 8725 §3.8; RFC 7515 §5.2"
    )
  }
  static var withheldAndBack: RelyingPartyCase {
    changing(
      "withheld-and-back",
      isGood: true,
      "a token after the key set can be fetched again",
      "RFC 7519 §7.2"
    )
  }

  /// All of them, in the order in which they are tried.
  static var keyChangeCases: [RelyingPartyCase] {
    [
      rotatedNewKey, rotatedOldKey, rotatedSwappedKeyID, revokedKey, revokedNextKey, withheldForeignKey,
      withheldUnknownKeyID, withheldAndBack,
    ]
  }

  private static func changing(
    _ id: String,
    isGood: Bool,
    _ meaning: String,
    _ reference: String
  ) -> RelyingPartyCase {
    RelyingPartyCase(id: id, isGood: isGood, meaning: meaning, reference: reference, make: nil)
  }
}
