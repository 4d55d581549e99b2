// SPDX-License-Identifier: Apache-2.0
//
// How a secret rests in the store: AES-256-GCM under a key derived from the key-encryption key for one purpose, and
// bound to the place where it stands, so that two sealed values cannot change places. A restored old row still
// opens: rollback is for the store to detect. Source: NIST SP 800-38D; RFC 5869.

import Crypto
package import Federation
import FoundationEssentials
package import IdentityModel

/// Seals octets for one purpose.
package struct Seal: Sendable {
  /// What the sealed octets are for: each purpose has a key of its own.
  package enum Purpose: String, Sendable {
    /// Private halves of keys that sign tokens.
    case signingKey = "signing-key"
    /// Private halves of keys that sign SAML.
    case samlSigningKey = "saml-signing-key"
    /// Secret access keys and the like.
    case secret = "secret"
  }

  private let purpose: Purpose
  private let key: SymmetricKey

  /// Derives the key for `purpose` from `keyEncryptionKey`.
  package init(_ keyEncryptionKey: KeyEncryptionKey, purpose: Purpose) {
    self.purpose = purpose
    self.key = HKDF<SHA256>.deriveKey(
      inputKeyMaterial: keyEncryptionKey.key,
      info: Array("exeat seal 1 \(purpose.rawValue)".utf8),
      outputByteCount: 32
    )
  }

  /// Where the private half of a signing key stands.
  package static func place(account: AccountID, keyID: KeyID, version: Int) -> [String] {
    [account.description, keyID.description, String(version)]
  }

  /// Seals `octets` at `place`.
  ///
  /// Shape of the result: the format version 1, a random nonce of 12 octets, the ciphertext, a tag of 16 octets.
  /// Random nonces carry 2³² seals of a purpose under one key-encryption key (SP 800-38D §8.3); a server makes a
  /// few for each key and each access key of its users.
  package func seal(_ octets: [UInt8], at place: [String]) throws(TokenSignerError) -> [UInt8] {
    do {
      let box = try AES.GCM.seal(octets, using: key, authenticating: associatedData(place))
      return [Seal.format] + box.nonce + box.ciphertext + box.tag
    } catch {
      throw .failed("AES-256-GCM seal: \(error)")
    }
  }

  /// Opens what `seal` made at the same place; throws `sealBroken` for anything else.
  ///
  /// The result is the secret itself: wipe it after use.
  package func open(_ sealed: [UInt8], at place: [String]) throws(TokenSignerError) -> [UInt8] {
    guard sealed.first == Seal.format,
      let box = try? AES.GCM.SealedBox(combined: sealed.dropFirst()),
      var opened = try? AES.GCM.open(box, using: key, authenticating: associatedData(place))
    else { throw .sealBroken }
    defer { opened.withUnsafeMutableBytes { wipe($0) } }
    return Array(opened)
  }

  private static let format: UInt8 = 1

  // Every field is preceded by its length, so that no two places have one encoding.
  private func associatedData(_ place: [String]) -> [UInt8] {
    var data = [Seal.format]
    for field in [purpose.rawValue] + place {
      withUnsafeBytes(of: UInt32(field.utf8.count).bigEndian) { data.append(contentsOf: $0) }
      data.append(contentsOf: field.utf8)
    }
    return data
  }
}
