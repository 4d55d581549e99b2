// SPDX-License-Identifier: Apache-2.0
//
// The certificate in which a SAML signing key is published: version 3, signed by the key itself, for signatures only.
// SAML takes no more from it than the key; whoever uploads it by hand finds in it whose it is and until when. Source:
// RFC 5280 §4.1, §4.2; RFC 4055 §5; RFC 5758 §3.2.

import Crypto
import CryptoExtras
package import IdentityModel

/// A certificate whose signature is still to be made, by the key that it is for.
package struct SelfSignedCertificate: Sendable {
  /// What the key signs: the `TBSCertificate`, in DER.
  package let octets: [UInt8]
  /// With what.
  package let algorithm: JWSAlgorithm

  /// Writes the certificate of `publicKey`; `nil` for a key that verifies nothing, and for times outside of 1970 to 9999.
  ///
  /// Shape: `uri` names the holder, and stands as the alternative name; the common name is the same, or `shortName` when
  /// it has more than 64 characters (RFC 5280, `ub-common-name`). `serialNumber`: 1 to 20 octets of chance, of which the
  /// first bit is not used.
  package init?(
    of publicKey: PublicKey,
    uri: String,
    shortName: String,
    serialNumber: [UInt8],
    notBefore: Instant,
    notAfter: Instant
  ) {
    guard let key = publicKey.subjectPublicKeyInfo, (1...20).contains(serialNumber.count),
      let begin = Self.time(notBefore), let end = Self.time(notAfter)
    else { return nil }
    algorithm =
      switch publicKey {
      case .rsa: .rs256
      case .p384: .es384
      }
    let commonName = uri.unicodeScalars.count <= 64 ? uri : shortName
    let name = DER.element(
      0x30,
      DER.element(0x31, DER.element(0x30, OID.commonName, DER.element(0x0C, Array(commonName.utf8))))
    )
    // A serial number is positive.
    let serial = [serialNumber[0] & 0x7F | 0x40] + serialNumber.dropFirst()
    let extensions = DER.element(
      0x30,
      // digitalSignature, and critical.
      DER.element(0x30, OID.keyUsage, [0x01, 0x01, 0xFF], DER.element(0x04, [0x03, 0x02, 0x07, 0x80])),
      DER.element(
        0x30,
        OID.subjectAlternativeName,
        DER.element(0x04, DER.element(0x30, DER.element(0x86, Array(uri.utf8))))
      )
    )
    octets = DER.element(
      0x30,
      DER.element(0xA0, [0x02, 0x01, 0x02]),
      DER.integer(serial),
      Self.identifier(algorithm),
      name,
      DER.element(0x30, begin, end),
      name,
      key,
      DER.element(0xA3, extensions)
    )
  }

  /// The certificate with the `signature` of its key; `nil` when it is none.
  ///
  /// Shape of `signature`: that of JWS; ECDSA R followed by S.
  package func signed(_ signature: [UInt8]) -> EncodedCertificate? {
    let value: [UInt8]
    switch algorithm {
    case .es384:
      guard signature.count == 96 else { return nil }
      value = DER.element(0x30, DER.integer(signature[..<48]), DER.integer(signature[48...]))
    default: value = signature
    }
    let octets = DER.element(0x30, octets, Self.identifier(algorithm), DER.element(0x03, [0] + value))
    guard let certificate = EncodedCertificate(der: octets), certificate.isSignedByItsKey else { return nil }
    return certificate
  }

  private static func identifier(_ algorithm: JWSAlgorithm) -> [UInt8] {
    switch algorithm {
    case .es384: DER.element(0x30, OID.ecdsaWithSHA384)
    default: DER.element(0x30, OID.sha256WithRSAEncryption, [0x05, 0x00])
    }
  }

  // §4.1.2.5: "CAs conforming to this profile MUST always encode certificate validity dates through the year 2049 as
  // UTCTime; certificate validity dates in 2050 or later MUST be encoded as GeneralizedTime."
  private static func time(_ instant: Instant) -> [UInt8]? {
    guard (0...maximumNumericDate).contains(instant.seconds) else { return nil }
    let digits = instant.rfc3339.utf8.filter { (0x30...0x39).contains($0) }.prefix(14) + [UInt8(ascii: "Z")]
    return digits.prefix(4).lexicographicallyPrecedes("2050".utf8)
      ? DER.element(0x17, Array(digits.dropFirst(2))) : DER.element(0x18, Array(digits))
  }
}

extension EncodedCertificate {
  /// Whether its own key signed it.
  package var isSignedByItsKey: Bool {
    signatureBits.first == 0 && verifies(signature: Array(signatureBits.dropFirst()), of: toBeSigned)
  }

  /// Whether `signature` is its key's over `message`, in the form of certificates and of `openssl dgst -sign`.
  ///
  /// RSA with PKCS #1 v1.5 and SHA-256; ECDSA with the hash of the curve's size, in DER. Source: RFC 3279 §2.2.3.
  package func verifies(signature: [UInt8], of message: [UInt8]) -> Bool {
    guard let key = signatureKey else { return false }
    let coordinate: Int
    switch key.algorithms.first {
    case .rs256?: return key.isValid(signature: signature, for: message, algorithm: .rs256)
    case .es256?: coordinate = SignatureKey.Curve.p256.coordinateOctets
    case .es384?: coordinate = SignatureKey.Curve.p384.coordinateOctets
    case .es512?: coordinate = SignatureKey.Curve.p521.coordinateOctets
    default: return false
    }
    var rest = signature[...]
    guard var numbers = DER.take(0x30, from: &rest)?.content, rest.isEmpty,
      let r = DER.takeUnsigned(from: &numbers), let s = DER.takeUnsigned(from: &numbers), numbers.isEmpty,
      r.count <= coordinate, s.count <= coordinate, let algorithm = key.algorithms.first
    else { return false }
    let octets = [r, s].flatMap { [UInt8](repeating: 0, count: coordinate - $0.count) + $0 }
    return key.isValid(signature: octets, for: message, algorithm: algorithm)
  }

  /// Whether it is a certificate of `publicKey`.
  package func isOf(_ publicKey: PublicKey) -> Bool {
    publicKey.subjectPublicKeyInfo == subjectPublicKeyInfo
  }
}

extension PublicKey {
  /// The `SubjectPublicKeyInfo` in DER; `nil` for a key that verifies nothing.
  var subjectPublicKeyInfo: [UInt8]? {
    guard PublicKeyVerifier(self) != nil else { return nil }
    switch self {
    case .rsa(let modulus, let exponent):
      return (try? _RSA.Signing.PublicKey(n: modulus, e: exponent)).map { Array($0.derRepresentation) }
    case .p384(let x, let y):
      return (try? P384.Signing.PublicKey(x963Representation: [0x04] + x + y)).map {
        Array($0.derRepresentation)
      }
    }
  }
}

/// Object identifiers in DER, tag and length included.
private enum OID {
  // 2.5.4.3
  static let commonName: [UInt8] = [0x06, 0x03, 0x55, 0x04, 0x03]
  // 2.5.29.15
  static let keyUsage: [UInt8] = [0x06, 0x03, 0x55, 0x1D, 0x0F]
  // 2.5.29.17
  static let subjectAlternativeName: [UInt8] = [0x06, 0x03, 0x55, 0x1D, 0x11]
  // 1.2.840.113549.1.1.11
  static let sha256WithRSAEncryption: [UInt8] = [
    0x06, 0x09, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x0B,
  ]
  // 1.2.840.10045.4.3.3
  static let ecdsaWithSHA384: [UInt8] = [0x06, 0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x04, 0x03, 0x03]
}
