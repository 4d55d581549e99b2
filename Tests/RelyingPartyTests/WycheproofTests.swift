// SPDX-License-Identifier: Apache-2.0
//
// Project Wycheproof (C2SP/wycheproof, testvectors_v1) and the examples of RFC 7515 and RFC 7520 through the public
// library. `acceptable` may go either way; everything else has one verdict.

import RelyingParty
import StrictJSON
import Testing
import TokenFormats

@Suite(.enabled(if: Corpora.arePresent, "\(Corpora.absent)"))
struct WycheproofTests {
  private static let folder = "wycheproof/testvectors_v1"

  private func verifier(_ members: String) throws -> KeySetVerifier {
    try KeySetVerifier(
      jwks: Array(#"{"keys":[{\#(members)}]}"#.utf8),
      algorithms: Set(TokenAlgorithm.allCases)
    )
  }

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
      let n = Base64URL.encode(Array(hex(key["modulus"].string ?? "").drop { $0 == 0 }))
      let e = Base64URL.encode(Array(hex(key["publicExponent"].string ?? "").drop { $0 == 0 }))
      let verifier = try verifier(#""kty":"RSA","n":"\#(n)","e":"\#(e)""#)
      for test in group["tests"].array ?? [] {
        ran += 1
        let verdict = verifier.isValid(
          signature: hex(test["sig"].string ?? ""),
          over: hex(test["msg"].string ?? ""),
          algorithm: .rs256
        )
        guard let expected = test["result"].string, expected != "acceptable" else { continue }
        if verdict { accepted += 1 }
        #expect(verdict == (expected == "valid"), "\(name) \(test["tcId"]): \(test["comment"])")
      }
    }
    #expect(ran == tests)
    #expect(accepted == valid)
  }

  @Test(arguments: [
    ("ecdsa_secp384r1_sha384_p1363_test", "P-384", 48, TokenAlgorithm.es384, 280),
    ("ecdsa_secp256r1_sha256_p1363_test", "P-256", 32, .es256, 262),
  ])
  func `ECDSA, R followed by S, gives Wycheproof's verdict`(
    name: String,
    curve: String,
    octets: Int,
    algorithm: TokenAlgorithm,
    tests: Int
  ) throws {
    var ran = 0
    var accepted = 0
    for group in try Corpora.json("\(Self.folder)/\(name).json")["testGroups"].array ?? [] {
      let point = hex(group["publicKey"]["uncompressed"].string ?? "").dropFirst()
      let x = Base64URL.encode(Array(point.prefix(octets)))
      let y = Base64URL.encode(Array(point.suffix(octets)))
      let verifier = try verifier(#""kty":"EC","crv":"\#(curve)","x":"\#(x)","y":"\#(y)""#)
      for test in group["tests"].array ?? [] {
        ran += 1
        let verdict = verifier.isValid(
          signature: hex(test["sig"].string ?? ""),
          over: hex(test["msg"].string ?? ""),
          algorithm: algorithm
        )
        if verdict { accepted += 1 }
        #expect(verdict == (test["result"].string == "valid"), "\(test["tcId"]): \(test["comment"])")
      }
    }
    #expect(ran == tests)
    #expect(accepted > 0)
  }

  // Every algorithm that an issuer may be trusted with; tokens of other algorithms are valid elsewhere, and refused here.
  @Test(arguments: [
    ("json_web_signature_test", 401), ("json_web_key_test", 26), ("json_web_crypto_test", 83),
  ])
  func `a JWS of Wycheproof is accepted if it is valid and its algorithm one of ours, and else refused`(
    name: String,
    tests: Int
  ) throws {
    var ran = 0
    var accepted: Set<Int64> = []
    var ours: Set<Int64> = []
    for group in try Corpora.json("\(Self.folder)/\(name).json")["testGroups"].array ?? [] {
      let key = group["public"] == .null ? group["private"] : group["public"]
      let set = key["keys"] == .null ? JSONValue.object(JSONObject([.init("keys", .array([key]))])) : key
      let verifier = try? KeySetVerifier(jwks: set.bytes, algorithms: Set(TokenAlgorithm.allCases))
      for test in group["tests"].array ?? [] {
        ran += 1
        let number = try #require(test["tcId"].int64)
        if test["result"] == .string("valid"), (set["keys"].array ?? []).contains(where: isOurs) {
          ours.insert(number)
        }
        guard let verifier, let token = test["jws"].string else { continue }
        if (try? verifier.content(of: token)) != nil { accepted.insert(number) }
      }
    }
    #expect(ran == tests)
    #expect(!ours.isEmpty)
    #expect(accepted == ours)
  }

  private func isOurs(_ key: JSONValue) -> Bool {
    key["alg"].string.map { TokenAlgorithm(rawValue: $0) != nil } == true && key["use"].string != "enc"
  }
}

@Suite(.enabled(if: Corpora.arePresent, "\(Corpora.absent)"))
struct RFCExampleTests {
  private static let folder = "jose-rfc-vectors/tests/vectors"

  private func verifier(_ name: String) throws -> KeySetVerifier {
    let jwk = try Corpora.json("\(Self.folder)/\(name).jwk")
    let members = try #require(jwk.object).members.filter {
      ["kty", "n", "e", "kid", "use", "crv", "x", "y"].contains($0.name)
    }
    return try KeySetVerifier(
      jwks: Array(#"{"keys":["#.utf8) + JSONValue.object(JSONObject(members)).bytes + Array("]}".utf8),
      algorithms: Set(TokenAlgorithm.allCases)
    )
  }

  @Test(arguments: ["rfc7515_A.2", "rfc7515_A.3", "rfc7515_A.4", "rfc7520_4.1", "rfc7520_4.3"])
  func `an example with a public-key algorithm verifies, and no longer when its payload is changed`(
    name: String
  ) throws {
    let verifier = try verifier(name)
    let token = try Corpora.text("\(Self.folder)/\(name).jwsc")
    #expect(!(try verifier.content(of: token)).isEmpty)
    var parts = token.split(separator: ".").map(String.init)
    parts[1] = Base64URL.encode(Array("{}".utf8))
    let changed = parts.joined(separator: ".")
    #expect(throws: VerificationFailure.signatureInvalid) { try verifier.content(of: changed) }
  }

  @Test(arguments: ["rfc7515_A.1", "rfc7515_A.5", "rfc7520_4.2", "rfc7520_4.4"])
  func `an example with an algorithm that is never allowed is refused by its alg`(name: String) throws {
    let verifier = try verifier("rfc7515_A.2")
    let token = try Corpora.text("\(Self.folder)/\(name).jwsc")
    do throws(VerificationFailure) {
      _ = try verifier.content(of: token)
      Issue.record("accepted")
    } catch {
      #expect(label(error) == "algorithmNotAllowed")
    }
  }

  @Test func `a published private key is refused as a public set`() throws {
    let jwk = try Corpora.json("\(Self.folder)/rfc7515_A.2.jwk")
    let set = Array(#"{"keys":["#.utf8) + jwk.bytes + Array("]}".utf8)
    #expect(throws: KeysUnavailable.notKeySet(url: "", "key 0 holds the private member `d`")) {
      try KeySetVerifier(jwks: set, algorithms: [.rs256])
    }
  }
}
