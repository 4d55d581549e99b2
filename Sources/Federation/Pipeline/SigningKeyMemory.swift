// SPDX-License-Identifier: Apache-2.0
//
// The SigV4 keys that were derived lately, so that a request costs one HMAC and not five. Bounded. Owns nothing that is
// believed: an entry holds for the secret that it was derived from and for no other.

import IdentityModel
import SigV4
import Synchronization

/// Derived signing keys, by access key id and scope.
///
/// SECURITY: an id that is nobody's is remembered in the same way, with the stand-in for its secret, so that neither the
/// first request nor a later one tells by its time whether there is such a key. Apart from the others: guessing ids must
/// not push the keys of real callers out.
final class SigningKeyMemory: Sendable {
  private struct Place: Hashable {
    let accessKeyID: [UInt8]
    let scope: CredentialScope

    // The scope is the same for nearly all.
    func hash(into hasher: inout Hasher) { accessKeyID.withUnsafeBytes { hasher.combine(bytes: $0) } }
  }

  private struct Entry {
    let secret: Secret
    let key: SigningKeyV4
  }

  private static let capacity = 4096

  private let callers = Mutex<[Place: Entry]>([:])
  private let nobodies = Mutex<[Place: Entry]>([:])

  /// Checks `signature` against `secret`; a caller's, or the stand-in for nobody's.
  func verify(_ signature: PresentedSignature, _ secret: Secret, isCaller: Bool) throws(SigV4Error) {
    guard signature.algorithm == .hmacSHA256 else { return try signature.verify(secretAccessKey: secret) }
    let place = Place(accessKeyID: Array(signature.accessKeyID.utf8), scope: signature.scope)
    let known = isCaller ? callers.withLock { $0[place] } : nobodies.withLock { $0[place] }
    if let known, known.secret == secret { return try signature.verify(using: known.key) }
    let key = SigningKeyV4(secretAccessKey: secret, scope: signature.scope)
    let entry = Entry(secret: secret, key: key)
    if isCaller {
      callers.withLock { Self.keep(entry, at: place, in: &$0) }
    } else {
      nobodies.withLock { Self.keep(entry, at: place, in: &$0) }
    }
    try signature.verify(using: key)
  }

  private static func keep(_ entry: Entry, at place: Place, in entries: inout [Place: Entry]) {
    if entries.count >= capacity { entries.removeAll(keepingCapacity: true) }
    entries[place] = entry
  }
}
