// SPDX-License-Identifier: Apache-2.0
//
// An identity provider's keys for the tests, one of each algorithm that AWS takes, made and used with swift-crypto.

import Crypto
import CryptoExtras
import StrictJSON
import TokenFormats

/// Signs tokens of an identity provider.
struct ProviderSigner: Sendable {
  let algorithm: JWSAlgorithm
  let keyID: String
  private let members: [(String, String)]
  private let sign: @Sendable ([UInt8]) throws -> [UInt8]

  init(_ algorithm: JWSAlgorithm, keyID: String = "k") throws {
    self.algorithm = algorithm
    self.keyID = keyID
    func point(_ curve: String, _ x963: some Sequence<UInt8>) -> [(String, String)] {
      let octets = Array(x963.dropFirst())
      return [
        ("kty", "EC"), ("crv", curve), ("x", Base64URL.encode(Array(octets[..<(octets.count / 2)]))),
        ("y", Base64URL.encode(Array(octets[(octets.count / 2)...]))),
      ]
    }
    switch algorithm {
    case .rs256, .rs384, .rs512:
      let key = try _RSA.Signing.PrivateKey(keySize: .bits2048)
      let numbers = try key.publicKey.getKeyPrimitives()
      members = [
        ("kty", "RSA"), ("n", Base64URL.encode(Array(numbers.modulus))),
        ("e", Base64URL.encode(Array(numbers.publicExponent))),
      ]
      sign = { message in
        func signature(_ digest: some Digest) throws -> [UInt8] {
          Array(try key.signature(for: digest, padding: .insecurePKCS1v1_5).rawRepresentation)
        }
        return switch algorithm {
        case .rs256: try signature(SHA256.hash(data: message))
        case .rs384: try signature(SHA384.hash(data: message))
        default: try signature(SHA512.hash(data: message))
        }
      }
    case .es256:
      let key = P256.Signing.PrivateKey()
      members = point("P-256", key.publicKey.x963Representation)
      sign = { Array(try key.signature(for: SHA256.hash(data: $0)).rawRepresentation) }
    case .es384:
      let key = P384.Signing.PrivateKey()
      members = point("P-384", key.publicKey.x963Representation)
      sign = { Array(try key.signature(for: SHA384.hash(data: $0)).rawRepresentation) }
    case .es512:
      let key = P521.Signing.PrivateKey()
      members = point("P-521", key.publicKey.x963Representation)
      sign = { Array(try key.signature(for: SHA512.hash(data: $0)).rawRepresentation) }
    }
  }

  /// The public key as a JWK; `nil` values leave a member out.
  func jwk(_ more: [(String, String?)] = []) -> JSONValue {
    let all = [("kid", keyID)] + members.map { ($0.0, Optional($0.1)) } + more
    let names = Set(more.map(\.0))
    let kept = all.enumerated().filter {
      $0.offset >= all.count - more.count || !names.contains($0.element.0)
    }
    return .object(
      JSONObject(
        kept.compactMap { entry in entry.element.1.map { .init(entry.element.0, .string($0)) } }
      )
    )
  }

  /// A token with `payload`; the header names algorithm and key unless it is given.
  func token(_ payload: String, header: String? = nil) throws -> String {
    let header = header ?? #"{"alg":"\#(algorithm.rawValue)","kid":"\#(keyID)"}"#
    let input = Base64URL.encode(Array(header.utf8)) + "." + Base64URL.encode(Array(payload.utf8))
    return input + "." + Base64URL.encode(try sign(Array(input.utf8)))
  }
}

/// The set of `keys`.
func providerKeys(_ keys: [JSONValue]) throws -> ProviderKeySet {
  try ProviderKeySet(json: JSONValue.object(JSONObject([.init("keys", .array(keys))])).bytes)
}
