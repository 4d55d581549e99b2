// SPDX-License-Identifier: Apache-2.0
//
// The RS256 examples of RFC 7515 (A.2) and RFC 7520 (4.1).

import IdentityModel
import StrictJSON
import Testing
import TokenFormats

@Suite(.enabled(if: Corpora.arePresent, "\(Corpora.absent)"))
struct RFCExampleTests {
  private static let folder = "jose-rfc-vectors/tests/vectors"

  private func publicSet(_ jwk: JSONValue) throws -> JWKSet {
    let members = try #require(jwk.object).members.filter {
      ["kty", "n", "e", "kid", "use"].contains($0.name)
    }
    return try JWKSet(
      json: Array(#"{"keys":["#.utf8) + JSONValue.object(JSONObject(members)).bytes + Array("]}".utf8)
    )
  }

  @Test func `the published private keys are refused as a public set`() throws {
    let jwk = try Corpora.json("\(Self.folder)/rfc7515_A.2.jwk")
    #expect(throws: JWKSetError.privateMember(index: 0, name: "d")) {
      try JWKSet(json: Array(#"{"keys":["#.utf8) + jwk.bytes + Array("]}".utf8))
    }
  }

  @Test func `RFC 7520 section 4.1 verifies and gives the published payload`() throws {
    let keys = try publicSet(try Corpora.json("\(Self.folder)/rfc7520_4.1.jwk"))
    let jws = try JWS.verify(try Corpora.text("\(Self.folder)/rfc7520_4.1.jwsc"), keys: keys)
    let example = try Corpora.json("jose-cookbook/jws/4_1.rsa_v15_signature.json")
    #expect(String(decoding: jws.payload, as: UTF8.self) == example["input"]["payload"].string)
    #expect(jws.keyID == "bilbo.baggins@hobbiton.example")
  }

  @Test func `RFC 7515 A.2 verifies by its signature, and is refused as a token because it names no key`()
    throws
  {
    let keys = try publicSet(try Corpora.json("\(Self.folder)/rfc7515_A.2.jwk"))
    let token = try Corpora.text("\(Self.folder)/rfc7515_A.2.jwsc")
    let key = try #require(keys.keys.first)
    let end = try #require(token.lastIndex(of: "."))
    let signature = try #require(Base64URL.decode(token[token.index(after: end)...]))
    #expect(key.verifier.isValid(signature: signature, for: Array(token[..<end].utf8)))
    #expect(!key.verifier.isValid(signature: signature, for: Array(token[..<end].utf8) + [0]))
    #expect(throws: JWTVerificationError.keyIDMissing) { try JWS.verify(token, keys: keys) }
  }

  @Test(arguments: [
    "rfc7515_A.1", "rfc7515_A.3", "rfc7515_A.4", "rfc7515_A.5", "rfc7520_4.2", "rfc7520_4.3", "rfc7520_4.4",
  ])
  func `examples with other algorithms are refused by their alg`(name: String) throws {
    let keys = try #require(JWKSet(publicKeys: []))
    do {
      _ = try JWS.verify(try Corpora.text("\(Self.folder)/\(name).jwsc"), keys: keys)
      Issue.record("accepted")
    } catch let error as JWTVerificationError {
      #expect(label(error) == "algorithmNotAllowed")
    }
  }
}
