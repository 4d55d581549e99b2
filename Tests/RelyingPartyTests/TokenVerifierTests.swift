// SPDX-License-Identifier: Apache-2.0
//
// Every check of the verifier, by a token that only that check refuses.

import RelyingParty
import Testing

struct TokenVerifierTests {
  private let key = TestKey.es384()

  @Test func `a good token gives its claims, typed`() async throws {
    let aws =
      #"{"aws_account":"111122223333","source_region":"eu-central-1","principal_id":"arn:aws:iam::111122223333:role/Worker","#
      + #""org_id":"o-abc","ou_path":["o-abc/r-1/ou-2/"],"principal_tags":{"team":"payments"},"#
      + #""request_tags":{"run":"7"},"original_session_exp":"2027-01-15T09:00:00Z","source_identity":"ann","more":1}"#
    let token = try key.token(
      claims([("https://sts.amazonaws.com/", aws), ("aud", #"["x","\#(testAudience)"]"#), ("more", "[1.50]")])
    )
    let verified = try await testVerifier(TestDocuments([key])).verify(token)
    #expect(verified.issuer == testIssuer)
    #expect(verified.subject == "arn:aws:iam::111122223333:role/Worker")
    #expect(verified.audiences == ["x", testAudience])
    #expect(verified.audience == testAudience)
    #expect(verified.expiration == testNow + 290)
    #expect(verified.issuedAt == testNow - 10)
    #expect(verified.tokenID == "3f1b2c4d")
    #expect(verified.keyID == "ec")
    #expect(verified.algorithm == .es384)
    let claims = try #require(verified.aws)
    #expect(claims.account == "111122223333")
    #expect(claims.sourceRegion == "eu-central-1")
    #expect(claims.principalID == verified.subject)
    #expect(claims.orgID == "o-abc")
    #expect(claims.ouPath == ["o-abc/r-1/ou-2/"])
    #expect(claims.principalTag("team") == "payments")
    #expect(claims.principalTag("Team") == nil)
    #expect(claims.requestTag("run") == "7")
    #expect(claims.originalSessionExpiration == testNow + 3600)
    #expect(claims.sourceIdentity == "ann")
    #expect(claims.federatedProvider == nil)
    guard case .array(let elements)? = verified[claim: "more"], case .number("1.50")? = elements.first else {
      Issue.record("the claim is not as it was spelled")
      return
    }
    #expect(verified[claim: "https://sts.amazonaws.com/"]?["source_identity"]?.string == "ann")
    #expect(verified[claim: "absent"] == nil)
  }

  @Test(arguments: [
    (#"{"aws_account":"1"}"#, "aws_account"), ("{}", "aws_account"), ("[]", "https://sts.amazonaws.com/"),
    (#"{"aws_account":"111122223333","principal_tags":{"a":1}}"#, "principal_tags"),
    (#"{"aws_account":"111122223333","ou_path":[1]}"#, "ou_path"),
    (#"{"aws_account":"111122223333","org_id":null}"#, "org_id"),
    (#"{"aws_account":"111122223333","original_session_exp":"soon"}"#, "original_session_exp"),
  ])
  func `AWS's claims that are not what they should be refuse the token`(aws: String, name: String)
    async throws
  {
    let verifier = try testVerifier(TestDocuments([key]))
    // An escape anywhere makes another reader have the word.
    for more in [#""plain""#, #""\u0061""#] {
      let token = try key.token(claims([("https://sts.amazonaws.com/", aws), ("more", more)]))
      #expect(await verifier.failure(of: token) == .claimMalformed(name))
    }
  }

  @Test func `AWS's claims are the same however they are spelled`() async throws {
    let names = [
      "source_region", "principal_id", "org_id", "federated_provider", "source_identity",
      "identity_store_user_id", "identity_store_arn", "ec2_source_instance_arn", "ec2_instance_source_vpc",
      "ec2_instance_source_private_ipv4", "ec2_role_delivery", "lambda_source_function_arn",
      "glue_credential_issuing_service",
    ]
    let texts = names.map { #""\#($0)":"of \#($0)""# }.joined(separator: ",")
    let aws =
      #"{"aws_account":"111122223333","ou_path":["a/","b/"],"principal_tags":{"k":"v","ü":""},"request_tags":{},"#
      + #""original_session_exp":"2027-01-15T09:00:00Z",\#(texts),"other":[1]}"#
    let verifier = try testVerifier(TestDocuments([key]))
    var read: [AWSFederationClaims?] = []
    for more in [#""plain""#, #""\u0061""#] {
      let token = try key.token(claims([("https://sts.amazonaws.com/", aws), ("more", more)]))
      let verified = try await verifier.verify(token)
      #expect(verified.aws == verified.aws && verified[claim: "more"]?.string?.isEmpty == false)
      read.append(verified.aws)
    }
    #expect(read[0] == read[1] && read[0]?.orgID == "of org_id" && read[0]?.principalTag("ü") == "")
    for name in names {
      let wrong = aws.replacing(#""of \#(name)""#, with: "1")
      let token = try key.token(claims([("https://sts.amazonaws.com/", wrong)]))
      #expect(await verifier.failure(of: token) == .claimMalformed(name))
    }
  }

  @Test func `a header that was read before vouches for no other token`() async throws {
    let verifier = try testVerifier(TestDocuments([key]))
    let good = try key.token(claims([]))
    let other = try key.token(claims([("jti", #""another""#)]))
    for _ in 0..<2 { #expect(try await verifier.verify(good).keyID == "ec") }
    #expect(try await verifier.verify(other).tokenID == "another")
    let mixed = good.split(separator: ".")[0...1] + other.split(separator: ".")[2...]
    #expect(await verifier.failure(of: mixed.joined(separator: ".")) == .signatureInvalid)
  }

  static let refused: [(String, [(String, String?)], VerificationFailure)] = [
    (
      "another issuer", [("iss", #""https://issuer.example/other""#)],
      .issuerNotTrusted("https://issuer.example/other")
    ),
    ("no issuer", [("iss", nil)], .claimMissing("iss")),
    ("an issuer that is a number", [("iss", "1")], .claimMalformed("iss")),
    ("a trailing slash", [("iss", "\"\(testIssuer)/\"")], .issuerNotTrusted(testIssuer + "/")),
    ("no subject", [("sub", nil)], .claimMissing("sub")),
    ("an empty subject", [("sub", #""""#)], .claimMalformed("sub")),
    (
      "another audience", [("aud", #""https://other.example""#)], .audienceMismatch(["https://other.example"])
    ),
    ("part of an audience", [("aud", #""https://api""#)], .audienceMismatch(["https://api"])),
    ("no audience", [("aud", nil)], .claimMissing("aud")),
    ("an empty list of audiences", [("aud", "[]")], .claimMalformed("aud")),
    ("an audience that is a number", [("aud", #"["\#(testAudience)",1]"#)], .claimMalformed("aud")),
    ("expired by the skew", [("exp", "\(testNow - 60)")], .expired(testNow - 60)),
    ("no expiry", [("exp", nil)], .claimMissing("exp")),
    ("an expiry as a string", [("exp", #""\#(testNow + 100)""#)], .claimMalformed("exp")),
    ("no issue time", [("iat", nil)], .claimMissing("iat")),
    ("issued beyond the skew", [("iat", "\(testNow + 61)")], .issuedInTheFuture(testNow + 61)),
    ("not yet valid", [("nbf", "\(testNow + 61)")], .notYetValid(testNow + 61)),
    ("living too long", [("exp", "\(testNow + 3591)")], .lifetimeTooLong(limit: 3600)),
    ("a token id that is a number", [("jti", "7")], .claimMalformed("jti")),
    ("a begin that is null", [("nbf", "null")], .claimMalformed("nbf")),
    (
      "a name twice, spelled in two ways", [("\\u0061ud", #""x""#)],
      .notJSON(.payload, "the name `aud` stands twice")
    ),
    ("a status, spelled otherwise", [("st\\u0061tus", "1")], .claimMalformed("status")),
    (
      "a name twice behind many", (0..<40).map { ("m\($0)", "1") } + [("\\u0065xp", "1")],
      .notJSON(.payload, "the name `exp` stands twice")
    ),
  ]

  @Test(arguments: refused.indices)
  func `a token with wrong claims is refused for what is wrong`(index: Int) async throws {
    let (name, changes, expected) = Self.refused[index]
    let verifier = try testVerifier(TestDocuments([key]))
    // An escape anywhere makes another reader have the word.
    for more in [#""plain""#, #""\u0061""#] {
      let token = try key.token(claims(changes + [("more", more)]))
      #expect(await verifier.failure(of: token) == expected, "\(name), \(more)")
    }
  }

  @Test(arguments: [
    [("exp", "\(testNow - 59)"), ("iat", "\(testNow - 400)")], [("iat", "\(testNow + 60)")],
    [("nbf", "\(testNow + 60)")], [("exp", "\(testNow + 3590)")], [("jti", nil)], [("exp", "\(testNow).5")],
    [("nested", #"{"aud":"x","exp":1,"nbf":9999999999,"iss":"x","status":1}"#)],
  ])
  func `a token at the edge of what is accepted is accepted`(changes: [(String, String?)]) async throws {
    let verifier = try testVerifier(TestDocuments([key]))
    for more in [#""plain""#, #""\u0061""#] {
      let token = try key.token(claims(changes + [("more", more)]))
      #expect(await verifier.failure(of: token) == nil, "\(more)")
    }
  }

  static let headers: [(String, VerificationFailure)] = [
    (#"{"alg":"none","kid":"ec"}"#, .algorithmNotAllowed("none")),
    (#"{"alg":"HS384","kid":"ec"}"#, .algorithmNotAllowed("HS384")),
    (#"{"alg":"es384","kid":"ec"}"#, .algorithmNotAllowed("es384")),
    (#"{"alg":"ES256","kid":"ec"}"#, .algorithmNotAllowed("ES256")),
    (#"{"alg":"RS256","kid":"ec"}"#, .keyDoesNotFit(.rs256)),
    (#"{"kid":"ec"}"#, .algorithmMissing),
    (#"{"alg":"ES384"}"#, .keyIDMissing),
    (#"{"alg":"ES384","kid":1}"#, .keyIDMissing),
    (#"{"alg":"ES384","kid":"EC"}"#, .keyUnknown("EC")),
    (#"{"alg":"ES384","kid":"ec","crit":["x"],"x":1}"#, .extensionNotUnderstood("crit")),
    (#"{"alg":"ES384","kid":"ec","b64":false}"#, .extensionNotUnderstood("b64")),
    (#"{"alg":"ES384","kid":"ec","cty":"JWT"}"#, .extensionNotUnderstood("cty")),
    (#"{"alg":"ES384","kid":"ec","typ":"at+jwt"}"#, .typeNotAllowed("at+jwt")),
    (#"{"alg":"ES384","kid":"ec","typ":7}"#, .typeNotAllowed(nil)),
    (#"{"alg":"ES384","kid":"ec","typ":""}"#, .typeNotAllowed("")),
    (#"{"alg":"ES384","kid":"ec","typ":"statuslist+jwt"}"#, .typeNotAllowed("statuslist+jwt")),
    (#"{"alg":"ES384","kid":"ec","kid":"ec"}"#, .notJSON(.header, "the name `kid` stands twice")),
    (#"["alg"]"#, .notAnObject(.header)),
  ]

  @Test(arguments: headers.indices)
  func `a token with a wrong header is refused for what is wrong, though its signature is good`(index: Int)
    async throws
  {
    let (header, expected) = Self.headers[index]
    let verifier = try testVerifier(TestDocuments([key, try .rs256()]))
    let token = try key.token(claims(), header: header)
    #expect(await verifier.failure(of: token) == expected, "\(header)")
  }

  @Test(arguments: [#","typ":"jwt""#, #","typ":"application/JWT""#, "", #","jku":"https://evil.example/""#])
  func `a header that says the same in other words, or more, is accepted`(member: String) async throws {
    let documents = TestDocuments([key])
    let verifier = try testVerifier(documents)
    let token = try key.token(claims(), header: #"{"alg":"ES384","kid":"ec"\#(member)}"#)
    #expect(await verifier.failure(of: token) == nil)
    #expect(documents.fetched.count == 2)
  }

  @Test func `the one key of an issuer needs no name, and several do`() async throws {
    let unnamed = TestKey.es384(nil)
    let token = try unnamed.token(claims())
    #expect(await (try testVerifier(TestDocuments([unnamed]))).failure(of: token) == nil)
    #expect(
      await (try testVerifier(TestDocuments([unnamed, try .rs256()]))).failure(of: token) == .keyIDMissing
    )
  }

  @Test func `a token without a name is not taken for the only key that can be read`() async throws {
    let unnamed = TestKey.es384(nil)
    let documents = TestDocuments([unnamed])
    documents.set { state in
      let broken =
        #"{"keys":[{"kty":"EC","crv":"P-384","x":"AA","y":"AA"},"#
        + jwks([unnamed]).dropFirst(#"{"keys":["#.count)
      state.documents[testIssuer + "/.well-known/jwks.json"] = broken
    }
    #expect(await (try testVerifier(documents)).failure(of: try unnamed.token(claims())) == .keyIDMissing)
  }

  @Test func `two keys with one name verify nothing`() async throws {
    let token = try key.token(claims())
    let verifier = try testVerifier(TestDocuments([key, .es384()]))
    #expect(await verifier.failure(of: token) == .keyAmbiguous("ec"))
  }

  @Test func `a foreign signature, and one over something else, are refused`() async throws {
    let verifier = try testVerifier(TestDocuments([key]))
    let foreign = try TestKey.es384().token(claims())
    #expect(await verifier.failure(of: foreign) == .signatureInvalid)
    let token = try key.token(claims()), other = try key.token(claims([("sub", #""root""#)]))
    let parts = token.split(separator: "."), others = other.split(separator: ".")
    #expect(await verifier.failure(of: "\(parts[0]).\(others[1]).\(parts[2])") == .signatureInvalid)
    #expect(await verifier.failure(of: "\(parts[0]).\(parts[1]).") == .signatureInvalid)
  }

  @Test func `what is no compact token is refused by its form`() async throws {
    let verifier = try testVerifier(TestDocuments([key]))
    let token = try key.token(claims())
    #expect(await verifier.failure(of: "") == .notCompact)
    #expect(await verifier.failure(of: token + ".") == .notCompact)
    #expect(await verifier.failure(of: "{}") == .notCompact)
    #expect(await verifier.failure(of: token + "=") == .notBase64URL(.signature))
    #expect(await verifier.failure(of: " " + token) == .notBase64URL(.header))
    let long = try key.token(claims([("long", "\"\(String(repeating: "x", count: 40_000))\"")]))
    #expect(await verifier.failure(of: long) == .tooLong(limit: 32_768))
    #expect(await verifier.failure(of: try key.token("[]")) == .notAnObject(.payload))
    #expect(
      await verifier.failure(of: try key.token("{}x")) == .notJSON(.payload, "unexpected byte at offset 2")
    )
  }

  @Test func `a type can be demanded`() async throws {
    let verifier = try testVerifier(TestDocuments([key]), type: .explicit("at+jwt"))
    let header = #"{"alg":"ES384","kid":"ec","typ":"AT+jwt"}"#
    #expect(await verifier.failure(of: try key.token(claims(), header: header)) == nil)
    #expect(await verifier.failure(of: try key.token(claims())) == .typeNotAllowed("JWT"))
    let untyped = try key.token(claims(), header: #"{"alg":"ES384","kid":"ec"}"#)
    #expect(await verifier.failure(of: untyped) == .typeNotAllowed(nil))
  }

  @Test func `an issuer is trusted with its own algorithms, audiences and keys alone`() async throws {
    let rsa = try TestKey.rs256()
    let verifier = try TokenVerifier(
      trusting: [
        TrustedIssuer(
          "https://one.example",
          audiences: ["one"],
          algorithms: [.rs256],
          keys: .pinned(jwks: Array(jwks([rsa]).utf8))
        ),
        TrustedIssuer(
          "https://two.example",
          audiences: ["two"],
          algorithms: [.es384],
          keys: .pinned(jwks: Array(jwks([key, rsa]).utf8))
        ),
      ],
      fetcher: TestDocuments([]),
      clock: VerifierClock { .seconds(testNow) }
    )
    let one: [(String, String?)] = [("iss", #""https://one.example""#), ("aud", #""one""#)]
    let two: [(String, String?)] = [("iss", #""https://two.example""#), ("aud", #""two""#)]
    #expect(await verifier.failure(of: try rsa.token(claims(one))) == nil)
    #expect(await verifier.failure(of: try key.token(claims(two))) == nil)
    #expect(await verifier.failure(of: try rsa.token(claims(two))) == .algorithmNotAllowed("RS256"))
    #expect(await verifier.failure(of: try key.token(claims(one))) == .algorithmNotAllowed("ES384"))
    let crossed: [(String, String?)] = [("iss", #""https://one.example""#), ("aud", #""two""#)]
    #expect(await verifier.failure(of: try rsa.token(claims(crossed))) == .audienceMismatch(["two"]))
    let spelled: [(String, String?)] = [("iss", #""https://one.example""#), ("aud", #""on\u0065""#)]
    #expect(await verifier.failure(of: try rsa.token(claims(spelled))) == nil)
  }

  @Test func `a token can be demanded to be used once`() async throws {
    var settings = VerifierSettings()
    settings.replay = .once(capacity: 2)
    let clock = TestClock()
    let verifier = try testVerifier(TestDocuments([key]), clock: clock.clock, settings: settings)
    let token = try key.token(claims())
    #expect(await verifier.failure(of: token) == nil)
    #expect(await verifier.failure(of: token) == .replayed)
    // The same token in another signature is the same token.
    #expect(await verifier.failure(of: try key.token(claims())) == .replayed)
    #expect(await verifier.failure(of: try key.token(claims([("jti", nil)]))) == .claimMissing("jti"))
    // What is refused for something else is not used up.
    let other: [(String, String?)] = [("jti", #""b""#)]
    #expect(await verifier.failure(of: try key.token(claims(other + [("aud", #""x""#)]))) != nil)
    #expect(await verifier.failure(of: try key.token(claims(other))) == nil)
    #expect(await verifier.failure(of: try key.token(claims([("jti", #""c""#)]))) == .replayCacheFull)
    // When the first two have expired, skew included, there is room again.
    clock.set(after: 400)
    let later: [(String, String?)] = [
      ("jti", #""c""#), ("iat", "\(testNow + 400)"), ("exp", "\(testNow + 500)"),
    ]
    #expect(await verifier.failure(of: try key.token(claims(later))) == nil)
  }

  @Test(arguments: [
    VerificationFailure.replayCacheFull, .statusUnavailable(""),
    .keysUnavailable(.notFetched(url: "", .unavailable(""))),
  ])
  func `what may pass is transient`(failure: VerificationFailure) {
    #expect(failure.isTransient)
    #expect(!VerificationFailure.replayed.isTransient)
    #expect(!VerificationFailure.keysUnavailable(.notFetched(url: "", .refused(""))).isTransient)
  }

  @Test func `the words for a failure cannot steer a terminal`() {
    let failure = VerificationFailure.issuerNotTrusted(
      "a\u{1B}[2J\nb\u{202E}" + String(repeating: "x", count: 9000)
    )
    #expect(failure.description.hasPrefix("the issuer `a [2J b x"))
    #expect(failure.description.utf8.count < 600)
    #expect(VerificationFailure.expired(testNow).description == "the token expired at 2027-01-15T08:00:00Z")
  }
}
