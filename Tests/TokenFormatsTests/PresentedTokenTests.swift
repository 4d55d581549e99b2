// SPDX-License-Identifier: Apache-2.0
//
// Tokens of identity providers: every check, with the reason of its refusal.

import IdentityModel
import StrictJSON
import Testing
import TokenFormats

@Suite struct PresentedTokenTests {
  private static let issuer = "https://oidc.test/id"
  private let now = Instant(seconds: 1_800_000_000)
  private let signer: ProviderSigner

  init() throws { signer = try ProviderSigner(.es256) }

  private func claims(
    _ changes: [String: String?] = [:],
    more: String = ""
  ) -> String {
    var claims = [
      "iss": "\"\(Self.issuer)\"", "sub": #""system:serviceaccount:ns:app""#,
      "aud": #"["sts.amazonaws.com"]"#,
      "iat": "1800000000", "exp": "1800003600",
    ]
    for (name, value) in changes { claims[name] = value }
    return "{" + claims.map { "\"\($0.key)\":\($0.value)" }.joined(separator: ",") + more + "}"
  }

  private func verify(
    _ payload: String,
    header: String? = nil,
    clientIDs: [String] = ["sts.amazonaws.com"],
    several: Bool = true,
    keys: [JSONValue]? = nil,
    signer other: ProviderSigner? = nil
  ) throws -> ProviderToken {
    let token = try (other ?? signer).token(payload, header: header)
    return try PresentedToken(token).verify(
      keys: try providerKeys(keys ?? [signer.jwk()]),
      expectations: ProviderTokenExpectations(
        issuer: Self.issuer,
        clientIDs: clientIDs,
        allowsSeveralAudiences: several,
        now: now
      )
    )
  }

  private func outcome(
    _ payload: String,
    header: String? = nil,
    clientIDs: [String] = ["sts.amazonaws.com"],
    several: Bool = true,
    keys: [JSONValue]? = nil,
    signer: ProviderSigner? = nil
  ) throws -> String {
    do {
      _ = try verify(
        payload,
        header: header,
        clientIDs: clientIDs,
        several: several,
        keys: keys,
        signer: signer
      )
      return "accept"
    } catch let error as JWTVerificationError {
      return label(error)
    }
  }

  @Test func `a token of a Kubernetes service account says whom it stands for`() throws {
    let token = try verify(
      claims(
        more:
          #","jti":"t1","kubernetes.io":{"namespace":"ns","serviceaccount":{"name":"app"}},"nbf":1800000000"#
      )
    )
    #expect(token.issuer == Self.issuer && token.subject == "system:serviceaccount:ns:app")
    #expect(token.audiences == ["sts.amazonaws.com"] && token.audience == "sts.amazonaws.com")
    #expect(token.clientID == "sts.amazonaws.com" && token.authorizedParty == nil)
    #expect(token.expiration == Instant(seconds: 1_800_003_600) && token.issuedAt == now)
    #expect(token.tokenID == "t1")
    #expect(token.sessionClaims == (try SessionClaims(JSONObject([]))))
    #expect(token.claims["kubernetes.io"]?.object?["namespace"] == .string("ns"))
  }

  @Test(arguments: JWSAlgorithm.allCases)
  func `every algorithm that AWS takes verifies, with the key's alg stated or not`(algorithm: JWSAlgorithm)
    throws
  {
    let signer = try ProviderSigner(algorithm)
    for stated in [nil, algorithm.rawValue] {
      let key = signer.jwk([("alg", stated), ("use", "sig")])
      #expect(try outcome(claims(), keys: [key], signer: signer) == "accept")
    }
    // The same signature, altered in its last octet, and a key of the same kind that did not sign.
    let other = try ProviderSigner(algorithm)
    #expect(try outcome(claims(), keys: [other.jwk()], signer: signer) == "signatureInvalid")
  }

  @Test(arguments: [
    "none", "None", "HS256", "PS256", "RSA1_5", "EdDSA", "es256", "ES256K", "ES256 ", "",
  ])
  func `any other algorithm is refused by its name`(algorithm: String) throws {
    let header = #"{"alg":"\#(algorithm)","kid":"k"}"#
    #expect(try outcome(claims(), header: header) == "algorithmNotAllowed")
  }

  @Test func `a key of another kind, use or algorithm does not fit`() throws {
    let rsa = try ProviderSigner(.rs256)
    let header = #"{"alg":"RS256","kid":"k"}"#
    #expect(try outcome(claims(), header: header) == "keyDoesNotFit")
    #expect(
      try outcome(claims(), keys: [rsa.jwk([("alg", "RS512")])], signer: rsa) == "keyDoesNotFit"
    )
    for more in [[("use", "enc")], [("alg", "ES384")], [("alg", "PS256")]] {
      #expect(try outcome(claims(), keys: [signer.jwk(more)]) == "keyUnknown")
    }
  }

  @Test func `without a kid the token is verified only when exactly one key fits`() throws {
    let header = #"{"alg":"ES256"}"#
    let p384 = try ProviderSigner(.es384), other = try ProviderSigner(.es256, keyID: "other")
    #expect(try outcome(claims(), header: header) == "accept")
    #expect(try outcome(claims(), header: header, keys: [signer.jwk(), p384.jwk()]) == "accept")
    #expect(try outcome(claims(), header: header, keys: [signer.jwk(), other.jwk()]) == "keyNotDetermined")
    #expect(try outcome(claims(), header: header, keys: [p384.jwk()]) == "keyNotDetermined")
  }

  @Test func `a kid selects by its bytes, one key, and there is no default`() throws {
    let other = try ProviderSigner(.es256, keyID: "other")
    #expect(try outcome(claims(), keys: [other.jwk(), signer.jwk()]) == "accept")
    #expect(try outcome(claims(), keys: [signer.jwk(), signer.jwk()]) == "keyAmbiguous")
    // Two keys of one kid that differ in kind: the algorithm says which.
    #expect(try outcome(claims(), keys: [signer.jwk(), try ProviderSigner(.es384).jwk()]) == "accept")
    #expect(try outcome(claims(), keys: [signer.jwk([("kid", nil)])]) == "keyUnknown")
    #expect(try outcome(claims(), keys: [other.jwk()]) == "keyUnknown")
    #expect(try outcome(claims(), keys: []) == "keyUnknown")
    let composed = try ProviderSigner(.es256, keyID: "\u{E9}")
    let decomposed = #"{"alg":"ES256","kid":"e\#u{301}"}"#
    #expect(
      try outcome(claims(), header: decomposed, keys: [composed.jwk()], signer: composed) == "keyUnknown"
    )
  }

  @Test(arguments: [
    (#"{"alg":"ES256","kid":1}"#, "keyIDMissing"), (#"{"alg":"ES256","kid":null}"#, "keyIDMissing"),
    (#"{"kid":"k"}"#, "algorithmMissing"),
    (#"{"alg":"ES256","kid":"k","crit":[]}"#, "extensionNotUnderstood crit"),
    (#"{"alg":"ES256","kid":"k","b64":false}"#, "extensionNotUnderstood b64"),
    (#"{"alg":"ES256","kid":"k","cty":"JWT"}"#, "extensionNotUnderstood cty"),
    (#"{"alg":"ES256","kid":"k","typ":"at+jwt"}"#, "typeMismatch"),
    (#"{"alg":"ES256","kid":"k","typ":"dpop+jwt"}"#, "typeMismatch"),
    (#"{"alg":"ES256","kid":"k","typ":"JWT"}"#, "accept"),
    (
      #"{"alg":"ES256","kid":"k","jku":"https://evil.test","x5u":"https://evil.test","x5c":["AA"]}"#, "accept"
    ),
    (#"{"alg":"ES256","kid":"k","jwk":{"kty":"EC"}}"#, "accept"),
    (#"{"alg":"ES256","kid":"k","alg":"none"}"#, "notJSON header"), (#"[]"#, "notAnObject header"),
  ])
  func `a header member is understood, refused or without effect`(header: String, expected: String) throws {
    #expect(try outcome(claims(), header: header) == expected)
  }

  @Test(arguments: [
    ("iss", nil, "claimMissing iss"), ("iss", "1", "claimMalformed iss"),
    ("iss", "\"https://oidc.test/id/\"", "issuerMismatch"),
    ("iss", "\"https://OIDC.test/id\"", "issuerMismatch"),
    ("sub", nil, "claimMissing sub"), ("sub", "[]", "claimMalformed sub"),
    ("sub", "\"\"", "claimMalformed sub"),
    ("sub", #""a\u0000b""#, "claimMalformed sub"), ("sub", #""a\r\nb""#, "claimMalformed sub"),
    ("sub", #""a\u0085b""#, "claimMalformed sub"),
    ("aud", nil, "claimMissing aud"), ("aud", "\"sts.amazonaws.com\"", "accept"),
    ("aud", #"["x","sts.amazonaws.com"]"#, "accept"), ("aud", "[]", "claimMalformed aud"),
    ("aud", #"["sts.amazonaws.com",1]"#, "claimMalformed aud"), ("aud", "{}", "claimMalformed aud"),
    ("aud", "\"STS.amazonaws.com\"", "audienceMismatch"),
    ("aud", "\"sts.amazonaws.com/\"", "audienceMismatch"),
    ("azp", "\"sts.amazonaws.com\"", "accept"), ("azp", "\"app\"", "authorizedPartyMismatch"),
    ("azp", "1", "claimMalformed azp"), ("azp", "null", "claimMalformed azp"),
    ("exp", nil, "claimMissing exp"), ("exp", "1799999941", "accept"), ("exp", "1799999940", "expired"),
    ("exp", "1800003600.5", "claimMalformed exp"), ("exp", "1.8e9", "claimMalformed exp"),
    ("exp", "\"1800003600\"", "claimMalformed exp"), ("exp", "-1", "claimMalformed exp"),
    ("exp", "253402300800", "claimMalformed exp"), ("exp", "253402300799", "accept"),
    ("iat", nil, "claimMissing iat"), ("iat", "1800000060", "accept"),
    ("iat", "1800000061", "issuedInTheFuture"),
    ("iat", "1799910001", "accept"), ("iat", "1799910000", "tooOld"), ("iat", "true", "claimMalformed iat"),
    ("nbf", "1800000060", "accept"), ("nbf", "1800000061", "notYetValid"),
    ("nbf", "null", "claimMalformed nbf"),
    ("jti", "1", "claimMalformed jti"), ("jti", "\"x\"", "accept"),
  ])
  func `a claim is right, missing, malformed or wrong`(name: String, value: String?, expected: String) throws
  {
    #expect(try outcome(claims([name: value])) == expected)
  }

  @Test func `a subject has up to 255 characters`() throws {
    #expect(try outcome(claims(["sub": "\"" + String(repeating: "é", count: 255) + "\""])) == "accept")
    #expect(
      try outcome(claims(["sub": "\"" + String(repeating: "x", count: 256) + "\""])) == "claimMalformed sub"
    )
  }

  @Test func `the client is azp where it stands, and the registered audience otherwise`() throws {
    let both = ["app", "rp"]
    let party = try verify(claims(["aud": #"["x","rp"]"#, "azp": #""app""#]), clientIDs: both)
    #expect(party.clientID == "app" && party.audience == "rp" && party.audiences == ["x", "rp"])
    #expect(try verify(claims(["aud": #"["rp","app"]"#]), clientIDs: both).clientID == "rp")
    // A token that names only others in `aud` is not for us, whoever it was issued to.
    #expect(try outcome(claims(["aud": #""x""#, "azp": #""app""#]), clientIDs: both) == "audienceMismatch")
    #expect(try outcome(claims(), clientIDs: []) == "audienceMismatch")
  }

  @Test func `several audiences are refused where one is expected`() throws {
    let payload = claims(["aud": #"["sts.amazonaws.com","x"]"#])
    #expect(try outcome(payload) == "accept")
    #expect(try outcome(payload, several: false) == "severalAudiences")
    #expect(try outcome(claims(), several: false) == "accept")
  }

  @Test func `a token longer than 20000 bytes is not read`() throws {
    let padding = String(repeating: "x", count: 14_600)
    #expect(try outcome(claims(more: #","p":"\#(padding)""#)) == "accept")
    #expect(try outcome(claims(more: #","p":"\#(padding)xxxxxxxxxx\#(padding)""#)) == "tooLong")
  }

  @Test func `every single flipped bit of a token is noticed`() throws {
    let token = try signer.token(claims())
    let keys = try providerKeys([signer.jwk()])
    let expectations = ProviderTokenExpectations(
      issuer: Self.issuer,
      clientIDs: ["sts.amazonaws.com"],
      now: now
    )
    _ = try PresentedToken(token).verify(keys: keys, expectations: expectations)
    for index in token.utf8.indices.indices {
      for bit in 0..<7 {
        var bytes = Array(token.utf8)
        bytes[token.utf8.distance(from: token.startIndex, to: index)] ^= 1 << UInt8(bit)
        #expect(throws: JWTVerificationError.self) {
          try PresentedToken(String(decoding: bytes, as: UTF8.self)).verify(
            keys: keys,
            expectations: expectations
          )
        }
      }
    }
  }

  @Test(.enabled(if: Corpora.arePresent, "\(Corpora.absent)"))
  func `of the hostile tokens only those are accepted that break no rule of ours`() throws {
    let corpus = try Corpora.json("jwt-attacks/cases.json")
    let keys = try ProviderKeySet(json: corpus["jwks"].bytes)
    let profile = corpus["profile"]
    let expectations = ProviderTokenExpectations(
      issuer: try #require(profile["issuer"].string),
      clientIDs: [try #require(profile["audience"].string)],
      now: Instant(seconds: try #require(profile["now"].int64))
    )
    var accepted: Set<String> = []
    let cases = try #require(corpus["cases"].array)
    for test in cases {
      let token = try #require(test["token"].string)
      if (try? PresentedToken(token).verify(keys: keys, expectations: expectations)) != nil {
        accepted.insert(try #require(test["name"].string))
      }
    }
    #expect(cases.count == 137)
    // The relying party of that corpus does not list ES256, and bounds the life of a token; here its age is bounded
    // instead. `exp-float`, which that one accepts, is refused, because AWS takes integers only.
    #expect(
      accepted == ["valid-rs256", "valid-es384", "es384-malleated-s", "exp-far", "es256-unlisted-alg"]
    )
  }
}
