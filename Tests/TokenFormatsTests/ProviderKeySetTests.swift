// SPDX-License-Identifier: Apache-2.0
//
// Key sets of identity providers: which keys are taken, which are left out and why, and which one verifies a token.
// Published vectors: jwt-attacks (ours, CC0), Project Wycheproof, RFC 7515 and RFC 7520.

import StrictJSON
import Testing
import TokenFormats

@Suite(.enabled(if: Corpora.arePresent, "\(Corpora.absent)"))
struct ProviderKeySetTests {
  private func set(_ keys: [JSONValue]) throws -> ProviderKeySet {
    try ProviderKeySet(json: JSONValue.object(JSONObject([.init("keys", .array(keys))])).bytes)
  }

  /// Whether the one key that header and set determine verifies the token; `nil` for a token that is no JWS.
  private func verifies(_ token: String, _ keys: ProviderKeySet) throws -> Bool? {
    let parts = token.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count == 3, let headerBytes = Base64URL.decode(parts[0]),
      Base64URL.decode(parts[1]) != nil, let signature = Base64URL.decode(parts[2]),
      let header = try? JSONReader.read(headerBytes),
      let algorithm = header["alg"].string.flatMap({ JWSAlgorithm(rawValue: $0) }), header["crit"] == .null,
      let key = try? keys.key(withID: header["kid"].string, for: algorithm)
    else { return nil }
    let signed = Array(token.utf8.prefix(parts[0].utf8.count + 1 + parts[1].utf8.count))
    return key.isValid(signature: signature, for: signed, algorithm: algorithm)
  }

  @Test(arguments: [
    ("private-d", "privateMember d"), ("oct", "privateMember k"), ("rsa-e1", "malformed n, e"),
    ("rsa-e-even", "malformed n, e"), ("rsa-n-32k", "keySize"), ("rsa-e-huge", "malformed n, e"),
    ("n-padded", "malformed n"), ("n-hex", "malformed n"), ("ec-infinity", "malformed x, y"),
    ("ec-short-x", "malformed x, y"), ("ec-crv-mismatch", "malformed x, y"), ("ec-curve-unknown", "curve"),
    ("dup-kid", "2 keys"), ("no-kid", "1 keys"), ("keys-missing", "keysMissing"), ("keys-empty", "0 keys"),
    ("key-ops-sign", "keyOperations"), ("x5c-mismatch", "1 keys"),
  ])
  func `a hostile key set gives no key that should not be there`(name: String, expected: String) throws {
    let cases = try #require(try Corpora.json("jwt-attacks/cases.json")["jwks_cases"].array)
    #expect(cases.count == 18)
    let test = try #require(cases.first { $0["name"] == .string(name) })
    #expect(outcome(test["jwks"]) == expected)
  }

  private func outcome(_ json: JSONValue) -> String {
    do {
      let set = try ProviderKeySet(json: json.bytes)
      switch set.ignored.first?.reason {
      case nil: return "\(set.keys.count) keys"
      case .malformed(let member): return "malformed \(member)"
      case .unsupported(.keySize): return "keySize"
      case .unsupported(.curve): return "curve"
      case .unsupported(.keyOperations): return "keyOperations"
      case .unsupported(let reason): return "\(reason)"
      }
    } catch {
      switch error {
      case .privateMember(0, let name): return "privateMember \(name)"
      default: return "\(error)"
      }
    }
  }

  @Test func `a broken key takes no other key of the set with it`() throws {
    let good = try [ProviderSigner(.es256).jwk(), ProviderSigner(.rs512).jwk()]
    let broken = JSONValue.object(
      JSONObject([.init("kty", .string("RSA")), .init("n", .string("AA==")), .init("e", .string("AQAB"))])
    )
    let set = try set([broken] + good + [.string("x")])
    #expect(set.keys.count == 2)
    #expect(set.ignored.map(\.index) == [0, 3])
    #expect(set.ignored.map(\.reason) == [.malformed(member: "n"), .malformed(member: "keys")])
  }

  @Test func `a set of more than 100 keys or a mebibyte is refused, and private material refuses any set`()
    throws
  {
    let key = JSONValue.object(JSONObject([.init("kty", .string("x"))]))
    #expect(try set(Array(repeating: key, count: 100)).ignored.count == 100)
    #expect(throws: JWKSetError.tooManyKeys(limit: 100)) { try set(Array(repeating: key, count: 101)) }
    let padding = String(repeating: " ", count: 1 << 20)
    #expect(throws: JWKSetError.json(.tooLarge(limit: 1 << 20))) {
      try ProviderKeySet(json: Array(#"{"keys":[]}\#(padding)"#.utf8))
    }
    let secret = JSONValue.object(JSONObject([.init("kty", .string("x")), .init("d", .null)]))
    #expect(throws: JWKSetError.privateMember(index: 1, name: "d")) { try set([key, secret]) }
  }

  @Test(arguments: [("rfc7515_A.3", JWSAlgorithm.es256), ("rfc7515_A.4", .es512), ("rfc7520_4.3", .es512)])
  func `the examples of the RFCs verify, and a changed byte does not`(name: String, algorithm: JWSAlgorithm)
    throws
  {
    let folder = "jose-rfc-vectors/tests/vectors"
    let jwk = try #require(try Corpora.json("\(folder)/\(name).jwk").object)
    let members = jwk.members.filter { ["kty", "crv", "x", "y", "kid"].contains($0.name) }
    let keys = try set([.object(JSONObject(members))])
    #expect(keys.keys.map(\.algorithms) == [[algorithm]])
    let token = try Corpora.text("\(folder)/\(name).jwsc")
    #expect(try verifies(token, keys) == true)
    var bytes = Array(token.utf8)
    let end = try #require(bytes.lastIndex(of: UInt8(ascii: ".")))
    bytes[end + 3] = bytes[end + 3] == UInt8(ascii: "A") ? UInt8(ascii: "B") : UInt8(ascii: "A")
    #expect(try verifies(String(decoding: bytes, as: UTF8.self), keys) == false)
  }

  @Test(arguments: [
    ("json_web_signature_test", 401), ("json_web_key_test", 26), ("json_web_crypto_test", 83),
  ])
  func `a JWS of Wycheproof is accepted exactly if it is valid and has an algorithm that AWS takes`(
    name: String,
    tests: Int
  ) throws {
    let spoken = Set(JWSAlgorithm.allCases.map(\.rawValue))
    var ran = 0
    var accepted: Set<Int64> = []
    var expected: Set<Int64> = []
    for group in try Corpora.json("wycheproof/testvectors_v1/\(name).json")["testGroups"].array ?? [] {
      let key = group["public"] == .null ? group["private"] : group["public"]
      let entries = key["keys"] == .null ? [key] : key["keys"].array ?? []
      let keys = try? set(entries)
      let isSpoken = entries.contains { $0["alg"].string.map(spoken.contains) ?? false }
      for test in group["tests"].array ?? [] {
        ran += 1
        let number = try #require(test["tcId"].int64)
        if test["result"] == .string("valid"), isSpoken { expected.insert(number) }
        guard let keys, let token = test["jws"].string else { continue }
        if try verifies(token, keys) == true { accepted.insert(number) }
      }
    }
    #expect(ran == tests)
    #expect(!expected.isEmpty)
    #expect(accepted == expected)
  }

  @Test func `ECDSA on P-256 with SHA-256, R followed by S, gives Wycheproof's verdict`() throws {
    let document = try Corpora.json("wycheproof/testvectors_v1/ecdsa_secp256r1_sha256_p1363_test.json")
    var verdicts: [String: Int] = [:]
    for group in document["testGroups"].array ?? [] {
      let point = hex(group["publicKey"]["uncompressed"].string ?? "")
      let key = try #require(SignatureKey(.p256, x: Array(point[1..<33]), y: Array(point[33..<65])))
      for test in group["tests"].array ?? [] {
        let expected = try #require(test["result"].string)
        verdicts[expected, default: 0] += 1
        let verdict = key.isValid(
          signature: hex(test["sig"].string ?? ""),
          for: hex(test["msg"].string ?? ""),
          algorithm: .es256
        )
        #expect(verdict == (expected == "valid"), "\(test["tcId"]): \(test["comment"])")
      }
    }
    #expect(try #require(verdicts["valid"]) > 100 && #require(verdicts["invalid"]) > 50)
  }

  @Test func `a point of one curve is no key of another, and a P-521 point has 66 octets a coordinate`()
    throws
  {
    let jwk = try Corpora.json("jose-rfc-vectors/tests/vectors/rfc7515_A.4.jwk")
    let x = try #require(Base64URL.decode(jwk["x"].string ?? ""))
    let y = try #require(Base64URL.decode(jwk["y"].string ?? ""))
    #expect(SignatureKey(.p521, x: x, y: y) != nil)
    #expect(SignatureKey(.p521, x: Array(x.dropFirst()), y: y) == nil)
    #expect(SignatureKey(.p384, x: Array(x.suffix(48)), y: Array(y.suffix(48))) == nil)
    #expect(SignatureKey(.p256, x: Array(x.suffix(32)), y: Array(y.suffix(32))) == nil)
  }
}
