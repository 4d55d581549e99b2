// SPDX-License-Identifier: Apache-2.0
//
// ES384 with nettle: the fastest P-384 at hand, and side-channel silent (no branch and no address depends on the
// scalar or the nonce). Source: FIPS 186-5 §6.4.1; nettle manual, "Side-channel silence".

import CNettle
import Crypto
package import Federation
package import IdentityModel
package import TokenFormats

/// The private half of a P-384 key, parsed.
///
/// `@unchecked`: holds C memory that is written in `init`, freed in `deinit` and only read in between; nettle keeps
/// no state outside its arguments.
package final class P384SigningKey: @unchecked Sendable {
  /// The public half, computed from the private one.
  package let publicKey: PublicKey

  private let scalar: UnsafeMutablePointer<ecc_scalar>
  private let duplicate: UnsafeMutableBufferPointer<mp_limb_t>
  private let nonceKey: SymmetricKey

  /// Takes a private scalar, 48 octets big-endian; `nil` unless it is from 1 to the order of the group less 1.
  package init?(scalar octets: [UInt8]) {
    guard octets.count == 48 else { return nil }
    let curve = nettle_get_secp_384r1()
    let scalar = UnsafeMutablePointer<ecc_scalar>.allocate(capacity: 1)
    nettle_ecc_scalar_init(scalar, curve)
    let inRange = withInteger { integer in
      nettle_mpz_set_str_256_u(integer, octets.count, octets)
      return nettle_ecc_scalar_set(scalar, integer) == 1
    }
    guard inRange else {
      nettle_ecc_scalar_clear(scalar)
      scalar.deallocate()
      return nil
    }
    self.scalar = scalar
    self.duplicate = .allocate(capacity: nettle_ecc_size(curve))
    for index in duplicate.indices { duplicate.initializeElement(at: index, to: scalar.pointee.p[index]) }
    self.nonceKey = HKDF<SHA384>.deriveKey(
      inputKeyMaterial: SymmetricKey(data: octets),
      info: Array("exeat nonce 1".utf8),
      outputByteCount: 48
    )
    var point = ecc_point()
    nettle_ecc_point_init(&point, curve)
    defer { nettle_ecc_point_clear(&point) }
    nettle_ecc_point_mul_g(&point, scalar)
    self.publicKey = withInteger { x in
      withInteger { y in
        nettle_ecc_point_get(&point, x, y)
        return .p384(x: octets48(x), y: octets48(y))
      }
    }
  }

  deinit {
    wipe(
      UnsafeMutableRawBufferPointer(
        start: scalar.pointee.p,
        count: duplicate.count * MemoryLayout<mp_limb_t>.size
      )
    )
    wipe(UnsafeMutableRawBufferPointer(duplicate))
    nettle_ecc_scalar_clear(scalar)
    scalar.deallocate()
    duplicate.deallocate()
  }

  /// Makes a new key; its scalar is the caller's to seal and to wipe.
  package static func generate() -> (key: P384SigningKey, scalar: [UInt8]) {
    while true {
      let octets = SystemRandom.octets(48)
      // Out of range once in 2¹⁸⁹ times.
      if let key = P384SigningKey(scalar: octets) { return (key, octets) }
    }
  }

  /// Whether this is the private half of `other`: its public half is the same, and a signature of it verifies.
  package func isPrivateHalf(of other: PublicKey, verifier: PublicKeyVerifier) -> Bool {
    let probe = Array("exeat key check".utf8)
    guard publicKey == other, let signature = try? sign(probe) else { return false }
    return verifier.isValid(signature: signature, for: probe)
  }

  /// The signature over `message`: 96 octets, R followed by S.
  ///
  /// The pair was checked when it was loaded; a signature is not verified again, because that would cost four of
  /// them. It is also worth less than with RSA: there, one wrong result of the CRT gives the factors away; here a
  /// wrong result of the arithmetic involves a nonce that is never seen and never used again. What does leak is a
  /// private scalar with flipped bits, a bit or so for each signature, so the scalar is compared with its duplicate
  /// before the signature is released.
  package func sign(_ message: [UInt8]) throws(TokenSignerError) -> [UInt8] {
    let digest = Array(SHA384.hash(data: message))
    var nonces = HedgedNonces(key: nonceKey, digest: digest)
    var signature = dsa_signature()
    nettle_dsa_signature_init(&signature)
    defer { nettle_dsa_signature_clear(&signature) }
    withUnsafeMutablePointer(to: &nonces) { nonces in
      nettle_ecdsa_sign(
        scalar,
        nonces,
        { context, count, destination in
          // INVARIANT: nettle hands back the pointer that it was given, and never asks without a destination.
          guard let context, let destination else {
            fatalError("nettle asked for a nonce without a place for it")
          }
          context.assumingMemoryBound(to: HedgedNonces.self).pointee.fill(destination, count: count)
        },
        digest.count,
        digest,
        &signature
      )
    }
    let result = octets48(&signature.r) + octets48(&signature.s)
    guard isIntact else { throw .signatureCheckFailed }
    return result
  }

  private var isIntact: Bool {
    var difference: mp_limb_t = 0
    for index in duplicate.indices { difference |= duplicate[index] ^ scalar.pointee.p[index] }
    return difference == 0
  }
}

/// Nonces that stay secret even if the system's randomness does not.
///
/// Each is HMAC-SHA-384, under a key derived from the private scalar, of fresh randomness, the digest and a counter:
/// uniform if either the randomness or the HMAC key is, and never the same for two messages, not even in a virtual
/// machine that was copied. Source: RFC 6979 §3.6 (additional data), draft-irtf-cfrg-det-sigs-with-noise.
private struct HedgedNonces {
  let key: SymmetricKey
  let digest: [UInt8]
  private var counter: UInt8 = 0

  init(key: SymmetricKey, digest: [UInt8]) {
    self.key = key
    self.digest = digest
  }

  mutating func fill(_ destination: UnsafeMutablePointer<UInt8>, count: Int) {
    var filled = 0
    while filled < count {
      counter &+= 1
      var input = SystemRandom.octets(48)
      input.append(contentsOf: digest)
      input.append(counter)
      HMAC<SHA384>.authenticationCode(for: input, using: key).withUnsafeBytes { block in
        for octet in block.prefix(count - filled) {
          destination[filled] = octet
          filled += 1
        }
      }
      wipe(&input)
    }
  }
}

/// Lends `body` a GMP integer and wipes it afterwards.
private func withInteger<Result>(_ body: (UnsafeMutablePointer<__mpz_struct>) -> Result) -> Result {
  var integer = __mpz_struct()
  __gmpz_init(&integer)
  defer {
    wipe(
      UnsafeMutableRawBufferPointer(
        start: integer._mp_d,
        count: Int(integer._mp_alloc) * MemoryLayout<mp_limb_t>.size
      )
    )
    __gmpz_clear(&integer)
  }
  return body(&integer)
}

/// `integer`, which is below 2³⁸⁴, as 48 octets big-endian.
private func octets48(_ integer: UnsafeMutablePointer<__mpz_struct>) -> [UInt8] {
  var octets = [UInt8](repeating: 0, count: 48)
  nettle_mpz_get_str_256(octets.count, &octets, integer)
  return octets
}
