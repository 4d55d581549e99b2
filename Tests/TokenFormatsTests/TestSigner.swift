// SPDX-License-Identifier: Apache-2.0
//
// Tokens that are signed here, by swift-crypto.

import Crypto
import IdentityModel
import TokenFormats

/// Signs tokens with a P-384 key of swift-crypto.
struct TestSigner {
  private let key = P384.Signing.PrivateKey()

  var publicKey: PublicKey {
    let raw = Array(key.publicKey.rawRepresentation)
    return .p384(x: Array(raw[..<48]), y: Array(raw[48...]))
  }

  var header: String { #"{"kid":"\#(publicKey.thumbprint)","typ":"JWT","alg":"ES384"}"# }

  func token(header: String, payload: String) throws -> String {
    let input = Base64URL.encode(Array(header.utf8)) + "." + Base64URL.encode(Array(payload.utf8))
    return input + "." + Base64URL.encode(try signature(of: Array(input.utf8)))
  }

  func signature(of input: [UInt8]) throws -> [UInt8] {
    Array(try key.signature(for: SHA384.hash(data: input)).rawRepresentation)
  }
}
