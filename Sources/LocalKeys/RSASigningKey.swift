// SPDX-License-Identifier: Apache-2.0
//
// RS256 and RS384 with OpenSSL: the fastest RSA at hand (AVX-512 IFMA), constant-time and blinded. Every signature is
// checked by another library before it leaves. Source: RFC 8017 §8.2; Boneh, DeMillo, Lipton: On the Importance of
// Checking Cryptographic Protocols for Faults, 1997.

import COpenSSL
import Crypto
import CryptoExtras
package import Federation
import Synchronization
package import TokenFormats

/// The private half of an RSA key of 2048 to 4096 bits, parsed.
///
/// `@unchecked`: holds a C pointer that is set once, freed once in `deinit`, and whose object OpenSSL 3 lets threads
/// use at the same time as long as nobody changes it and each call has an EVP_PKEY_CTX of its own, as here.
package final class RSASigningKey: @unchecked Sendable {
  /// An EVP_PKEY_CTX that is ready to sign: making one costs several fetches of algorithms by name.
  ///
  /// INVARIANT: `@unchecked`, because it is in one hand at a time: in that of the call which took it, or in `ready`.
  private struct Context: @unchecked Sendable {
    let pointer: OpaquePointer
    let digest: Digest
  }

  // More are never in use at once than there are threads that sign.
  private static let keptContexts = 16

  private let key: OpaquePointer
  private let verifier: PublicKeyVerifier
  private let ready = Mutex<[Context]>([])

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
    for context in ready.withLock({ $0 }) { EVP_PKEY_CTX_free(context.pointer) }
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
    let (hash, algorithm): ([UInt8], JWSAlgorithm) =
      switch digest {
      case .sha256: (Array(SHA256.hash(data: message)), .rs256)
      case .sha384: (Array(SHA384.hash(data: message)), .rs384)
      }
    let context = try takeContext(digest)
    var signature = [UInt8](repeating: 0, count: Int(EVP_PKEY_get_size(key)))
    var count = signature.count
    guard EVP_PKEY_sign(context.pointer, &signature, &count, hash, hash.count) == 1,
      count == signature.count
    else {
      EVP_PKEY_CTX_free(context.pointer)
      throw RSASigningKey.failure("EVP_PKEY_sign")
    }
    giveBack(context)
    guard verifier.isValid(signature: signature, for: message, algorithm: algorithm) else {
      throw .signatureCheckFailed
    }
    return signature
  }

  private func takeContext(_ digest: Digest) throws(TokenSignerError) -> Context {
    let kept = ready.withLock { ready in
      ready.lastIndex { $0.digest == digest }.map { ready.remove(at: $0) }
    }
    if let kept { return kept }
    guard let made = EVP_PKEY_CTX_new(key, nil) else { throw RSASigningKey.failure("EVP_PKEY_CTX_new") }
    let function =
      switch digest {
      case .sha256: EVP_sha256()
      case .sha384: EVP_sha384()
      }
    guard EVP_PKEY_sign_init(made) == 1, EVP_PKEY_CTX_set_rsa_padding(made, RSA_PKCS1_PADDING) == 1,
      EVP_PKEY_CTX_set_signature_md(made, function) == 1
    else {
      EVP_PKEY_CTX_free(made)
      throw RSASigningKey.failure("EVP_PKEY_sign_init")
    }
    return Context(pointer: made, digest: digest)
  }

  private func giveBack(_ context: Context) {
    let isKept = ready.withLock { ready in
      guard ready.count < Self.keptContexts else { return false }
      ready.append(context)
      return true
    }
    if !isKept { EVP_PKEY_CTX_free(context.pointer) }
  }

  private static func failure(_ function: String) -> TokenSignerError {
    let code = ERR_get_error()
    ERR_clear_error()
    return .failed("\(function): OpenSSL error \(String(code, radix: 16))")
  }
}
