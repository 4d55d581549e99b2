// SPDX-License-Identifier: Apache-2.0
//
// From claims to a compact JWS. The one place where a token comes into being.

import IdentityModel
import TokenFormats

/// Signs tokens.
package struct TokenIssuer: Sendable {
  private let signer: any TokenSigner

  /// Signs with `signer`, which vouches for what it releases.
  package init(signer: any TokenSigner) {
    self.signer = signer
  }

  /// The compact JWS over `payload`, signed with `key` and its algorithm.
  package func issue(
    payload: [UInt8],
    with key: SealedSigningKey
  ) async throws(TokenSignerError) -> String {
    let input = JWS.signingInput(keyID: key.keyID, algorithm: key.publicKey.algorithm, payload: payload)
    return JWS.compact(signingInput: input, signature: try await signer.sign(input, with: key))
  }
}
