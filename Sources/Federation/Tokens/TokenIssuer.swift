// SPDX-License-Identifier: Apache-2.0
//
// From claims to a compact JWS. The one place where a token comes into being.

package import IdentityModel
package import StrictJSON
import TokenFormats

/// A token that is to carry the log's promise, and so comes into being only after its record.
package struct PromisedIssuance: Sendable {
  fileprivate let payload: [UInt8]
  fileprivate let key: SealedSigningKey
  fileprivate let promised: PromisedToken

  /// A token over `payload`, to be signed with `key`.
  package init(payload: [UInt8], key: SealedSigningKey) {
    self.payload = payload
    self.key = key
    promised = PromisedToken(algorithm: key.publicKey.algorithm, keyID: key.keyID, payload: payload)
  }

  /// The key that is to sign it.
  var keyID: KeyID { key.keyID }

  /// What the record says of the token, so that a promise can be held against it: `{"tokenPayloadSha256":…}`.
  package var recorded: JSONValue {
    .object(JSONObject([.init("tokenPayloadSha256", .string(promised.payloadSha256))]))
  }
}

/// Signs tokens.
package struct TokenIssuer: Sendable {
  private let signer: any TokenSigner
  private let promiser: any TokenPromiser

  /// Signs with `signer`, which vouches for what it releases; promises come from `promiser`.
  package init(signer: any TokenSigner, promiser: any TokenPromiser = NoPromiser()) {
    self.signer = signer
    self.promiser = promiser
  }

  /// The compact JWS over `payload`, signed with `key` and its algorithm.
  package func issue(
    payload: [UInt8],
    with key: SealedSigningKey
  ) async throws(TokenSignerError) -> String {
    try await issue(payload, key, nil)
  }

  /// The token of `issuance` with the log's promise in its header.
  ///
  /// SECURITY: `recorded` is the proof that the token's record is durable: no promise comes into being before it.
  package func issue(
    _ issuance: PromisedIssuance,
    at now: Instant,
    after recorded: Recorded
  ) async throws(TokenSignerError) -> String {
    try await issue(issuance.payload, issuance.key, try promiser.promise(issuance.promised, at: now))
  }

  /// The Status List Token over `payload`, signed with `key` and its algorithm.
  ///
  /// SECURITY: the `typ` tells it from every other kind of token, whatever is in it.
  func issueStatusList(
    payload: [UInt8],
    with key: SealedSigningKey
  ) async throws(TokenSignerError) -> String {
    try await issue(payload, key, nil, type: StatusListToken.type)
  }

  private func issue(
    _ payload: [UInt8],
    _ key: SealedSigningKey,
    _ promise: TransparencyPromise?,
    type: String = "JWT"
  ) async throws(TokenSignerError) -> String {
    guard key.purpose == .token else { throw .failed("a key of another purpose signs no tokens") }
    let input = JWS.signingInput(
      keyID: key.keyID,
      algorithm: key.publicKey.algorithm,
      payload: payload,
      type: type,
      promise: promise
    )
    return JWS.compact(signingInput: input, signature: try await signer.sign(input, with: key))
  }
}
