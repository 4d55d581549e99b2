// SPDX-License-Identifier: Apache-2.0
//
// Project Wycheproof (C2SP/wycheproof, testvectors_v1) against our own kinds of key; its JWS go through RelyingPartyTests.
// `acceptable` may go either way; everything else has one verdict.

import IdentityModel
import StrictJSON
import Testing
import TokenFormats

@Suite(.enabled(if: Corpora.arePresent, "\(Corpora.absent)"))
struct WycheproofTests {
  private static let folder = "wycheproof/testvectors_v1"

  @Test(arguments: [
    ("rsa_signature_2048_sha256_test", 259, 9), ("rsa_signature_3072_sha256_test", 259, 8),
    ("rsa_signature_4096_sha256_test", 258, 7),
  ])
  func `RSASSA-PKCS1-v1_5 with SHA-256 gives Wycheproof's verdict`(name: String, tests: Int, valid: Int)
    throws
  {
    var ran = 0
    var accepted = 0
    for group in try Corpora.json("\(Self.folder)/\(name).json")["testGroups"].array ?? [] {
      let key = group["publicKey"]
      let verifier = try #require(
        PublicKeyVerifier(
          .rsa(
            modulus: Array(hex(key["modulus"].string ?? "").drop { $0 == 0 }),
            exponent: Array(hex(key["publicExponent"].string ?? "").drop { $0 == 0 })
          )
        )
      )
      for test in group["tests"].array ?? [] {
        ran += 1
        let verdict = verifier.isValid(
          signature: hex(test["sig"].string ?? ""),
          for: hex(test["msg"].string ?? "")
        )
        guard let expected = test["result"].string, expected != "acceptable" else { continue }
        if verdict { accepted += 1 }
        #expect(verdict == (expected == "valid"), "\(name) \(test["tcId"]): \(test["comment"])")
      }
    }
    #expect(ran == tests)
    #expect(accepted == valid)
  }

  @Test func `ECDSA on P-384 with SHA-384, R followed by S, gives Wycheproof's verdict`() throws {
    var verdicts: [String: Int] = [:]
    let document = try Corpora.json("\(Self.folder)/ecdsa_secp384r1_sha384_p1363_test.json")
    for group in document["testGroups"].array ?? [] {
      let point = hex(group["publicKey"]["uncompressed"].string ?? "")
      let verifier = try #require(
        PublicKeyVerifier(.p384(x: Array(point[1..<49]), y: Array(point[49..<97])))
      )
      for test in group["tests"].array ?? [] {
        let expected = try #require(test["result"].string)
        verdicts[expected, default: 0] += 1
        let verdict = verifier.isValid(
          signature: hex(test["sig"].string ?? ""),
          for: hex(test["msg"].string ?? "")
        )
        #expect(verdict == (expected == "valid"), "\(test["tcId"]): \(test["comment"])")
      }
    }
    #expect(verdicts == ["valid": 193, "invalid": 87])
  }
}
