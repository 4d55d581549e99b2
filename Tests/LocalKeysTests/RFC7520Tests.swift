// SPDX-License-Identifier: Apache-2.0
//
// RS256 is reproducible: with the published private key OpenSSL must give the published signature.

import CryptoExtras
import Foundation
import IdentityModel
import LocalKeys
import StrictJSON
import Testing
import TokenFormats

private let cookbook: URL? = {
  var folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
  while folder.path != "/" {
    let candidate = folder.appendingPathComponent("shared/vectors/jose-cookbook")
    if FileManager.default.fileExists(atPath: candidate.path) { return candidate }
    folder.deleteLastPathComponent()
  }
  return nil
}()

@Suite(
  .enabled(if: cookbook != nil, "the published test corpora (../shared/vectors) are not beside the checkout")
)
struct RFC7520Tests {
  @Test func `RFC 7520 section 4.1 comes out octet for octet`() throws {
    let folder = try #require(cookbook)
    let json = try Data(contentsOf: folder.appendingPathComponent("jws/4_1.rsa_v15_signature.json"))
    let example = try #require(JSONReader.read(json).object)
    let jwk = try #require(example["input"]?.object?["key"]?.object)
    func number(_ name: String) throws -> [UInt8] {
      let text = try #require(jwk[name]?.string)
      return try #require(Base64URL.decode(text))
    }
    let key = try _RSA.Signing.PrivateKey(
      n: number("n"),
      e: number("e"),
      d: number("d"),
      p: number("p"),
      q: number("q")
    )
    let verifier = try #require(PublicKeyVerifier(.rsa(modulus: number("n"), exponent: number("e"))))
    let signer = try RSASigningKey(pkcs8: Array(key.pkcs8DERRepresentation), verifier: verifier)
    let signing = try #require(example["signing"]?.object)
    let input = try #require(signing["sig-input"]?.string)
    let signature = try signer.sign(Array(input.utf8))
    #expect(Base64URL.encode(signature) == signing["sig"]?.string)
  }
}
