// SPDX-License-Identifier: Apache-2.0
//
// RS256 and RS384 with OpenSSL: the fastest RSA at hand (AVX-512 IFMA), constant-time and blinded. Every signature is
// checked by another library before it leaves. Source: RFC 8017 §8.2; Boneh, DeMillo, Lipton: On the Importance of
// Checking Cryptographic Protocols for Faults, 1997.

import COpenSSL
import CryptoExtras
package import Federation
package import TokenFormats

/// The private half of an RSA key of 2048 to 4096 bits, parsed.
///
/// `@unchecked`: holds a C pointer that is set once, freed once in `deinit`, and whose object OpenSSL 3 lets threads
/// use at the same time as long as nobody changes it and each call has an EVP_MD_CTX of its own, as here.
package final class RSASigningKey: @unchecked Sendable {
  private let key: OpaquePointer
  private let verifier: PublicKeyVerifier

  /// Parses a PKCS#8 private key whose public half `verifier` has.
  ///
  /// Does not ask whether the numbers belong together: `isConsistent` does, and each signature is checked.
  package init(pkcs8: [UInt8], verifier: PublicKeyVerifier) throws(TokenSignerError) {
    let parsed: OpaquePointer? = pkcs8.withUnsafeBufferPointer { buffer in
      var cursor = buffer.baseAddress
      guard let info = d2i_PKCS8_PRIV_KEY_INFO(nil, &cursor, buffer.count) else { return nil }
      defer { PKCS8_PRIV_KEY_INFO_free(info) }
      guard cursor == buffer.baseAddress.map({ $0 + buffer.count }) else { return nil }
      return EVP_PKCS82PKEY(info)
    }
    guard let parsed else { throw RSASigningKey.failure("EVP_PKCS82PKEY") }
    guard EVP_PKEY_get_base_id(parsed) == EVP_PKEY_RSA,
      (2048...4096).contains(EVP_PKEY_get_bits(parsed))
    else {
      EVP_PKEY_free(parsed)
      throw .failed("not an RSA key of 2048 to 4096 bits")
    }
    self.key = parsed
    self.verifier = verifier
  }

  deinit {
    EVP_PKEY_free(key)
  }

  /// Whether the numbers of a PKCS#8 RSA key belong together: n = p·q, d inverts e, and the CRT parameters follow.
  ///
  /// Parsing with BoringSSL checks exactly that, in about 70 µs; OpenSSL takes the numbers as they are.
  package static func isConsistent(pkcs8: [UInt8]) -> Bool {
    (try? _RSA.Signing.PrivateKey(derRepresentation: pkcs8)) != nil
  }

  /// What is hashed with before the signature.
  package enum Digest: Sendable {
    /// RS256.
    case sha256
    /// RS384.
    case sha384
  }

  /// The signature over `message`: as many octets as the modulus.
  ///
  /// SECURITY: one faulty CRT signature lets anyone factor the modulus. So none is released that does not verify.
  package func sign(_ message: [UInt8], _ digest: Digest = .sha256) throws(TokenSignerError) -> [UInt8] {
    let (function, algorithm): (OpaquePointer?, JWSAlgorithm) =
      switch digest {
      case .sha256: (EVP_sha256(), .rs256)
      case .sha384: (EVP_sha384(), .rs384)
      }
    guard let context = EVP_MD_CTX_new() else { throw RSASigningKey.failure("EVP_MD_CTX_new") }
    defer { EVP_MD_CTX_free(context) }
    var parameters: OpaquePointer?
    guard EVP_DigestSignInit(context, &parameters, function, nil, key) == 1,
      EVP_PKEY_CTX_set_rsa_padding(parameters, RSA_PKCS1_PADDING) == 1
    else { throw RSASigningKey.failure("EVP_DigestSignInit") }
    var signature = [UInt8](repeating: 0, count: Int(EVP_PKEY_get_size(key)))
    var count = signature.count
    guard EVP_DigestSign(context, &signature, &count, message, message.count) == 1,
      count == signature.count
    else {
      throw RSASigningKey.failure("EVP_DigestSign")
    }
    guard verifier.isValid(signature: signature, for: message, algorithm: algorithm) else {
      throw .signatureCheckFailed
    }
    return signature
  }

  private static func failure(_ function: String) -> TokenSignerError {
    let code = ERR_get_error()
    ERR_clear_error()
    return .failed("\(function): OpenSSL error \(String(code, radix: 16))")
  }
}
