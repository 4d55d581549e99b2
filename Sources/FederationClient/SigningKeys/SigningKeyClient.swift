// SPDX-License-Identifier: Apache-2.0
//
// The calls about an account's signing keys: see, rotate, revoke and import them, stop and resume the issuer, revoke
// tokens. Refuses to judge what the server judges. Source: docs/actions.

package import IdentityModel
package import SigV4

/// What revoking a key did.
package struct SigningKeyRevocation: Sendable {
  /// The keys as they are then.
  package let keys: SigningKeySet
  /// The key that signs in its place.
  package let successorKeyID: String?
  /// Whether that one was made for it.
  package let successorWasMade: Bool
}

/// An issuer that is suspended, as it is after the call.
package struct SuspendedIssuer: Hashable, Sendable {
  /// Since when; an earlier call may have begun it.
  package let date: Instant
  /// Whether verifiers find no key any more; an earlier call may have emptied the set.
  package let isKeySetEmptied: Bool
}

/// Which tokens are to be revoked.
package enum TokensToRevoke: Hashable, Sendable {
  /// One, by its `jti`.
  case token(String)
  /// Those of a role, a session or a user, by its ARN.
  case principal(String)
  /// All that were issued before a time.
  case issuedBefore(Instant)
}

/// What revoking tokens did.
package struct TokenRevocation: Hashable, Sendable {
  /// How many were marked that were not before.
  package let revokedCount: Int
  /// How many were revoked already; 0 from a server that does not tell.
  package let alreadyRevokedCount: Int
  /// Since when, if all of them were and the server knows it.
  package let alreadyRevokedDate: Instant?
  /// How many have no place in a status list and stay valid; 0 from a server that does not tell.
  package let withoutStatusCount: Int
}

/// Calls IAM about signing keys with one credential.
package struct SigningKeyClient: Sendable {
  private let client: AWSQueryClient
  private let credential: SigningCredential

  /// Makes a client that signs with `credential`.
  package init(_ client: AWSQueryClient, credential: SigningCredential) {
    self.client = client
    self.credential = credential
  }

  /// The keys of the account.
  package func list() async throws(STSClientError) -> SigningKeySet {
    try SigningKeySet(try await call("ListOutboundSigningKeys"))
  }

  /// Makes successors of the keys that sign.
  ///
  /// - Parameters:
  ///   - algorithm: of this algorithm only; `nil` for all.
  ///   - overlapSeconds: how long they are published before they sign; `nil` for the server's least.
  /// - Returns: the keys as they are then.
  /// - Throws: `STSClientError`.
  package func rotate(
    algorithm: String?,
    overlapSeconds: Int?
  ) async throws(STSClientError) -> SigningKeySet {
    let parameters =
      Self.optional("SigningAlgorithm", algorithm)
      + Self.optional("OverlapSeconds", overlapSeconds.map(String.init))
    return try SigningKeySet(try await call("RotateOutboundSigningKey", parameters))
  }

  /// Takes the key `keyID` out of the key set at once.
  package func revoke(_ keyID: String) async throws(STSClientError) -> SigningKeyRevocation {
    let result = try await call("RevokeOutboundSigningKey", [("KeyId", keyID)])
    return SigningKeyRevocation(
      keys: try SigningKeySet(result),
      successorKeyID: result.text("SuccessorKeyId"),
      successorWasMade: result.text("SuccessorWasMade") == "true"
    )
  }

  /// Hands the server the private key `pem`.
  ///
  /// SECURITY: the key travels in the body of the request: the caller sees to it that the way is TLS, or loopback.
  package func importKey(_ pem: Secret, overlapSeconds: Int?) async throws(STSClientError) -> SigningKeySet {
    let text = pem.withBytes { String(decoding: $0, as: UTF8.self) }
    let parameters =
      [(name: "PrivateKey", value: text)] + Self.optional("OverlapSeconds", overlapSeconds.map(String.init))
    return try SigningKeySet(try await call("ImportOutboundSigningKey", parameters))
  }

  /// Stops the tokens of the account; with `emptyingKeySet` verifiers find no key any more.
  package func suspend(emptyingKeySet: Bool) async throws(STSClientError) -> SuspendedIssuer {
    let parameters = emptyingKeySet ? [(name: "EmptyKeySet", value: "true")] : []
    let result = try await call("SuspendOutboundIssuer", parameters)
    return SuspendedIssuer(
      date: try result.instant("SuspendDate"),
      isKeySetEmptied: try result.element("KeySetEmptied") == "true"
    )
  }

  /// Lets the account have tokens again.
  package func resume() async throws(STSClientError) {
    _ = try await call("ResumeOutboundIssuer")
  }

  /// Marks tokens as revoked in the account's status lists.
  package func revokeTokens(_ tokens: TokensToRevoke) async throws(STSClientError) -> TokenRevocation {
    let parameter: (name: String, value: String) =
      switch tokens {
      case .token(let id): ("TokenId", id)
      case .principal(let arn): ("PrincipalArn", arn)
      case .issuedBefore(let time): ("IssuedBefore", time.rfc3339)
      }
    let result = try await call("RevokeOutboundTokens", [parameter])
    func count(_ name: String, _ text: String) throws(STSClientError) -> Int {
      guard let count = Int(text), count >= 0 else { throw result.malformed(name) }
      return count
    }
    func optionalCount(_ name: String) throws(STSClientError) -> Int {
      guard let text = result.text(name) else { return 0 }
      return try count(name, text)
    }
    return TokenRevocation(
      revokedCount: try count("RevokedTokenCount", try result.element("RevokedTokenCount")),
      alreadyRevokedCount: try optionalCount("AlreadyRevokedTokenCount"),
      alreadyRevokedDate: result.text("AlreadyRevokedDate").flatMap { Instant(rfc3339: $0) },
      withoutStatusCount: try optionalCount("TokensWithoutStatusCount")
    )
  }

  private func call(
    _ action: String,
    _ parameters: [(name: String, value: String)] = []
  ) async throws(STSClientError) -> ActionResult {
    let answer = try await client.call(action, parameters, signedBy: credential)
    return ActionResult(answer: answer, action: action)
  }

  private static func optional(_ name: String, _ value: String?) -> [(name: String, value: String)] {
    value.map { [(name: name, value: $0)] } ?? []
  }
}
