// SPDX-License-Identifier: Apache-2.0
//
// Keys that were made elsewhere.

package import Federation
package import IdentityModel

extension LocalKeys {
  package func importKey(
    _ pem: Secret,
    for account: AccountID
  ) async throws(TokenSignerError) -> SealedSigningKey {
    guard isUnsealed else { throw .keyEncryptionKeyMissing }
    throw .unsuitable("this server takes no keys from elsewhere")
  }
}
