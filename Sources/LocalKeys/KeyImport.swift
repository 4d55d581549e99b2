// SPDX-License-Identifier: Apache-2.0
//
// A signing key that was made elsewhere: taken only when it is one that we would have made ourselves, or a longer one of
// RSA. Everything else is refused with the reason, before anything is sealed. Source: RFC 5208; RFC 5915; RFC 8017
// A.1.2; FIPS 186-5 A.1.3 (distance of the primes); CVE-2017-15361.

import COpenSSL
import Dispatch
import Federation
import IdentityModel
import TokenFormats

/// A private key that passed.
struct ImportedKey: Sendable {
  /// The private half as it is sealed: PKCS#8 of an RSA key, the scalar of one on P-384; the caller's to wipe.
  var secret: [UInt8]
  /// The public half.
  let publicKey: PublicKey

  // Primality is asked of numbers that a stranger chose: up to a second, and never on a cooperative thread.
  private static let queue = DispatchQueue(label: "exeat.key-import", qos: .utility)

  /// Reads and checks `pem`; throws `unsuitable` with the reason.
  static func read(_ pem: Secret) async throws(TokenSignerError) -> ImportedKey {
    let result: Result<ImportedKey, TokenSignerError> = await withCheckedContinuation { continuation in
      queue.async {
        continuation.resume(returning: Result(catching: { () throws(TokenSignerError) in try check(pem) }))
      }
    }
    return try result.get()
  }

  private static func check(_ pem: Secret) throws(TokenSignerError) -> ImportedKey {
    var envelope = try pem.withBytes { octets throws(TokenSignerError) in try PrivateKeyPEM(octets) }
    defer { wipe(&envelope.der) }
    guard let key = OpenSSLKey(envelope) else {
      throw .unsuitable("the octets are not a private key of RSA or on P-384")
    }
    switch key.family {
    case EVP_PKEY_RSA: return try rsa(key)
    case EVP_PKEY_EC: return try p384(key)
    case EVP_PKEY_RSA_PSS: throw .unsuitable("a key of RSASSA-PSS does not sign with RS256")
    default: throw .unsuitable("the key is neither of RSA nor on P-384")
    }
  }

  private static func rsa(_ key: OpenSSLKey) throws(TokenSignerError) -> ImportedKey {
    let bits = key.bits
    guard bits >= 2048 else { throw .unsuitable("RSA of \(bits) bits is too weak: at least 2048") }
    guard bits <= 4096 else { throw .unsuitable("RSA of \(bits) bits is too long: at most 4096") }
    guard bits % 8 == 0 else { throw .unsuitable("RSA of \(bits) bits: the length is not whole octets") }
    guard key.octets(of: "e") == [1, 0, 1] else {
      throw .unsuitable("the public exponent is not 65537")
    }
    guard let modulus = key.octets(of: "n"), let distance = key.bitsBetweenPrimes, var pkcs8 = key.pkcs8
    else {
      throw .unsuitable("the key lacks a modulus or primes")
    }
    var isTaken = false
    let publicKey = PublicKey.rsa(modulus: modulus, exponent: [1, 0, 1])
    defer { if !isTaken { wipe(&pkcs8) } }
    guard key.primeBits.map({ $0 == (bits / 2, bits / 2) }) == true else {
      throw .unsuitable("the modulus is not the product of two primes of half its length")
    }
    do throws(TokenSignerError) {
      guard distance > bits / 2 - 100 else {
        throw .unsuitable("the primes are so close to each other that the modulus can be factored")
      }
      guard RSASigningKey.isConsistent(pkcs8: pkcs8), key.isSound, let verifier = PublicKeyVerifier(publicKey)
      else { throw .unsuitable("the numbers of the key do not belong together, or its primes are none") }
      guard !ROCAFingerprint.matches(modulus) else {
        throw .unsuitable("the modulus bears the mark of CVE-2017-15361 and can be factored")
      }
      _ = try RSASigningKey(pkcs8: pkcs8, verifier: verifier).sign(Array("exeat key check".utf8))
    } catch {
      guard case .unsuitable = error else { throw .unsuitable("the key does not sign") }
      throw error
    }
    isTaken = true
    return ImportedKey(secret: pkcs8, publicKey: publicKey)
  }

  private static func p384(_ key: OpenSSLKey) throws(TokenSignerError) -> ImportedKey {
    guard let curve = key.curve, curve.utf8.elementsEqual("secp384r1".utf8) else {
      throw .unsuitable("the key is not on P-384")
    }
    guard var scalar = key.octets(of: "priv", count: 48), let parsed = P384SigningKey(scalar: scalar) else {
      throw .unsuitable("the private scalar is out of range")
    }
    guard case .p384(let x, let y) = parsed.publicKey, key.point == [0x04] + x + y,
      let verifier = PublicKeyVerifier(parsed.publicKey),
      parsed.isPrivateHalf(of: parsed.publicKey, verifier: verifier)
    else {
      wipe(&scalar)
      throw .unsuitable("the public half in the key does not belong to the private one")
    }
    return ImportedKey(secret: scalar, publicKey: parsed.publicKey)
  }
}

/// A key as OpenSSL parsed it, and the questions that are asked of it.
private final class OpenSSLKey {
  private let key: OpaquePointer

  /// Parses `envelope`; `nil` when OpenSSL does not, or when octets follow the key.
  init?(_ envelope: PrivateKeyPEM) {
    defer { ERR_clear_error() }
    let parsed: OpaquePointer? = envelope.der.withUnsafeBufferPointer { buffer in
      guard let start = buffer.baseAddress else { return nil }
      var cursor: UnsafePointer<UInt8>? = start
      let key: OpaquePointer?
      switch envelope.format {
      case .pkcs8:
        guard let info = d2i_PKCS8_PRIV_KEY_INFO(nil, &cursor, buffer.count) else { return nil }
        defer { PKCS8_PRIV_KEY_INFO_free(info) }
        key = EVP_PKCS82PKEY(info)
      case .pkcs1: key = d2i_PrivateKey(EVP_PKEY_RSA, nil, &cursor, buffer.count)
      case .sec1: key = d2i_PrivateKey(EVP_PKEY_EC, nil, &cursor, buffer.count)
      }
      guard cursor == start + buffer.count else {
        EVP_PKEY_free(key)
        return nil
      }
      return key
    }
    guard let parsed else { return nil }
    self.key = parsed
  }

  deinit { EVP_PKEY_free(key) }

  var family: Int32 { EVP_PKEY_get_base_id(key) }
  var bits: Int32 { EVP_PKEY_get_bits(key) }

  /// The number `name`, big-endian, without leading zeros or in exactly `count` octets; `nil` when there is none or it does
  /// not fit.
  func octets(of name: String, count: Int? = nil) -> [UInt8]? {
    withNumber(name) { number in
      let length = (Int(BN_num_bits(number)) + 7) / 8
      guard length > 0, length <= count ?? length else { return nil }
      var octets = [UInt8](repeating: 0, count: count ?? length)
      guard BN_bn2binpad(number, &octets, Int32(octets.count)) == octets.count else { return nil }
      return octets
    }
  }

  /// How many bits the first two primes have.
  var primeBits: (Int32, Int32)? {
    withNumber("rsa-factor1") { first in
      withNumber("rsa-factor2") { second in (BN_num_bits(first), BN_num_bits(second)) }
    }
  }

  /// How many bits the difference of the two primes has.
  var bitsBetweenPrimes: Int32? {
    withNumber("rsa-factor1") { first in
      withNumber("rsa-factor2") { second in
        let difference = BN_new()
        defer { BN_clear_free(difference) }
        guard BN_sub(difference, first, second) == 1 else { return nil }
        return BN_num_bits(difference)
      }
    }
  }

  /// The name of the curve.
  var curve: String? {
    var name = [CChar](repeating: 0, count: 64)
    var length = 0
    guard EVP_PKEY_get_group_name(key, &name, name.count, &length) == 1, length < name.count else {
      return nil
    }
    return String(decoding: name.prefix(length).map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  /// The public point, uncompressed.
  var point: [UInt8]? {
    var octets = [UInt8](repeating: 0, count: 256)
    var length = 0
    guard
      EVP_PKEY_set_utf8_string_param(key, "point-format", "uncompressed") == 1,
      EVP_PKEY_get_octet_string_param(key, "pub", &octets, octets.count, &length) == 1
    else { return nil }
    return Array(octets.prefix(length))
  }

  /// Whether OpenSSL finds the key whole: primes that are prime, and the rest in accord with them.
  var isSound: Bool {
    guard let context = EVP_PKEY_CTX_new(key, nil) else { return false }
    defer {
      EVP_PKEY_CTX_free(context)
      ERR_clear_error()
    }
    return EVP_PKEY_check(context) == 1
  }

  /// The key in PKCS#8, without any attributes that it came with.
  var pkcs8: [UInt8]? {
    guard let info = EVP_PKEY2PKCS8(key) else { return nil }
    defer { PKCS8_PRIV_KEY_INFO_free(info) }
    let count = i2d_PKCS8_PRIV_KEY_INFO(info, nil)
    guard count > 0 else { return nil }
    var octets = [UInt8](repeating: 0, count: Int(count))
    let written: Int32 = octets.withUnsafeMutableBufferPointer { buffer in
      var cursor = buffer.baseAddress
      return i2d_PKCS8_PRIV_KEY_INFO(info, &cursor)
    }
    return written == count ? octets : nil
  }

  private func withNumber<Value>(_ name: String, _ body: (OpaquePointer) -> Value?) -> Value? {
    var number: OpaquePointer?
    defer {
      BN_clear_free(number)
      ERR_clear_error()
    }
    guard EVP_PKEY_get_bn_param(key, name, &number) == 1, let number else { return nil }
    return body(number)
  }
}
