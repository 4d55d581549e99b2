// SPDX-License-Identifier: Apache-2.0
//
// How a session travels: AES-256-GCM under a key that is derived for this one session, so that no number of sessions
// wears a key out, and bound to the access key id that it belongs to. Source: NIST SP 800-38D §8; RFC 5869.

import Crypto
package import Federation
import FoundationEssentials
import IdentityModel

/// Seals sessions.
package struct SessionSeal: Sendable {
  private let key: SymmetricKey

  /// Derives the key of all sessions from `keyEncryptionKey`.
  package init(_ keyEncryptionKey: KeyEncryptionKey) {
    self.key = HKDF<SHA256>.deriveKey(
      inputKeyMaterial: keyEncryptionKey.key,
      info: Array("exeat seal 1 session".utf8),
      outputByteCount: 32
    )
  }

  /// Seals `octets` for the holder of `accessKeyID`.
  ///
  /// Shape of the result: the format version 1, a random salt of 32 octets, the ciphertext, a tag of 16 octets. The
  /// salt makes the key, which seals once: the nonce is zero.
  package func seal(_ octets: [UInt8], accessKeyID: String) throws(TokenSignerError) -> [UInt8] {
    do {
      let salt = SymmetricKey(size: .bits256).withUnsafeBytes { Array($0) }
      let box = try AES.GCM.seal(
        octets,
        using: derived(salt),
        nonce: AES.GCM.Nonce(data: SessionSeal.zeroNonce),
        authenticating: Array(accessKeyID.utf8)
      )
      return [SessionSeal.format] + salt + box.ciphertext + box.tag
    } catch {
      throw .failed("AES-256-GCM seal: \(error)")
    }
  }

  /// Opens what `seal` made for the same access key id; throws `sealBroken` for anything else.
  ///
  /// The result holds a secret: wipe it after use.
  package func open(_ sealed: [UInt8], accessKeyID: String) throws(TokenSignerError) -> [UInt8] {
    let headBytes = 1 + SessionSeal.saltBytes
    guard sealed.first == SessionSeal.format, sealed.count >= headBytes + SessionSeal.tagBytes,
      let nonce = try? AES.GCM.Nonce(data: SessionSeal.zeroNonce),
      let box = try? AES.GCM.SealedBox(
        nonce: nonce,
        ciphertext: sealed[headBytes..<(sealed.count - SessionSeal.tagBytes)],
        tag: sealed.suffix(SessionSeal.tagBytes)
      ),
      var opened = try? AES.GCM.open(
        box,
        using: derived(Array(sealed[1..<headBytes])),
        authenticating: Array(accessKeyID.utf8)
      )
    else { throw .sealBroken }
    defer { opened.withUnsafeMutableBytes { wipe($0) } }
    return Array(opened)
  }

  private func derived(_ salt: [UInt8]) -> SymmetricKey {
    HKDF<SHA256>.expand(pseudoRandomKey: key, info: salt, outputByteCount: 32)
  }

  private static let format: UInt8 = 1
  private static let saltBytes = 32
  private static let tagBytes = 16
  private static let zeroNonce = [UInt8](repeating: 0, count: 12)
}
