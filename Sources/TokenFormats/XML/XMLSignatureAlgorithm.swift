// SPDX-License-Identifier: Apache-2.0
//
// The algorithms that sign XML, and their URIs. Ours sign with three of those that are verified; SHA-1 is none of them.
// Source: RFC 9231 §2.3; XML Signature 1.1 §6.

import Crypto

/// An algorithm that we sign XML with.
///
/// Shape: the name that a federation config gives.
package enum XMLSignatureAlgorithm: String, Hashable, Sendable, CaseIterable {
  /// RSASSA-PKCS1-v1_5 with SHA-256.
  case rsaSHA256 = "RSA-SHA256"
  /// RSASSA-PKCS1-v1_5 with SHA-384.
  case rsaSHA384 = "RSA-SHA384"
  /// ECDSA over P-384 with SHA-384: a signature of 96 octets, R followed by S.
  case ecdsaSHA384 = "ECDSA-SHA384"

  /// The same algorithm by its JOSE name: the octets of the signature are the same too.
  package var jws: JWSAlgorithm {
    switch self {
    case .rsaSHA256: .rs256
    case .rsaSHA384: .rs384
    case .ecdsaSHA384: .es384
    }
  }

  /// The digest of what is signed: as strong as that of the signature.
  var digest: XMLDigest {
    switch self {
    case .rsaSHA256: .sha256
    case .rsaSHA384, .ecdsaSHA384: .sha384
    }
  }
}

extension JWSAlgorithm {
  /// The URI of the algorithm in `SignatureMethod`.
  var xmlURI: XMLText {
    switch self {
    case .rs256: "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
    case .rs384: "http://www.w3.org/2001/04/xmldsig-more#rsa-sha384"
    case .rs512: "http://www.w3.org/2001/04/xmldsig-more#rsa-sha512"
    case .es256: "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256"
    case .es384: "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha384"
    case .es512: "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha512"
    }
  }
}

/// A digest of XML.
enum XMLDigest: CaseIterable {
  case sha256, sha384, sha512

  /// The URI of the algorithm in `DigestMethod`.
  var uri: XMLText {
    switch self {
    case .sha256: SAMLURI.sha256
    case .sha384: SAMLURI.sha384
    case .sha512: SAMLURI.sha512
    }
  }

  func hash(_ octets: [UInt8]) -> [UInt8] {
    switch self {
    case .sha256: Array(SHA256.hash(data: octets))
    case .sha384: Array(SHA384.hash(data: octets))
    case .sha512: Array(SHA512.hash(data: octets))
    }
  }
}
