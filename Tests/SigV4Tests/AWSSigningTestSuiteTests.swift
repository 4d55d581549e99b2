// SPDX-License-Identifier: Apache-2.0
//
// AWS's signing test suite as awslabs/aws-c-auth publishes it: SigV4 bit for bit, SigV4A against the public key.
// Read from ../shared/vectors/sigv4-aws-c-auth; the expected values are AWS's.

import Crypto
import Foundation
import IdentityModel
import SigV4
import StrictJSON
import Testing

/// One case of the suite.
struct SuiteCase: CustomStringConvertible {
  let folder: URL
  let request: SignableRequest
  let credential: SigningCredential
  /// The token of a case that adds it after signing.
  let tokenAddedAfterSigning: String?
  let region: Region
  let service: String
  let now: Instant
  let expiresSeconds: Int
  let normalizesPath: Bool
  /// Whether the case sends `x-amz-content-sha256` in header form.
  let signsBodyHeader: Bool

  var description: String { folder.lastPathComponent }

  init(_ folder: URL) throws {
    let context = try #require(
      try JSONReader.read(Corpora.bytes(folder.appending(path: "context.json"))).object
    )
    let keys = try #require(context["credentials"]?.object)
    let token = keys["token"]?.string
    let omitsToken = context["omit_session_token"] == .bool(true)
    self.folder = folder
    self.request = try #require(RawRequest.parse(Corpora.bytes(folder.appending(path: "request.txt"))))
    self.credential = SigningCredential(
      accessKeyID: try #require(keys["access_key_id"]?.string),
      secretAccessKey: Secret(try #require(keys["secret_access_key"]?.string)),
      sessionToken: omitsToken ? nil : token
    )
    self.tokenAddedAfterSigning = omitsToken ? token : nil
    let regionName = try #require(context["region"]?.string)
    let timestamp = try #require(context["timestamp"]?.string)
    self.region = try #require(Region(regionName))
    self.service = try #require(context["service"]?.string)
    try #require(context["normalize"]?.bool != nil && context["sign_body"]?.bool != nil)
    self.now = try #require(Instant(rfc3339: timestamp))
    self.expiresSeconds = Int(try #require(context["expiration_in_seconds"]?.int64))
    self.normalizesPath = context["normalize"] == .bool(true)
    self.signsBodyHeader = context["sign_body"] == .bool(true)
  }

  static func all(_ version: String) throws -> [SuiteCase] {
    try Corpora.subfolders(of: Corpora.folder("sigv4-aws-c-auth/tests/aws-signing-test-suite/\(version)"))
      .map(SuiteCase.init)
  }

  /// Two cases of the v4a suite are a request and a context, without expected values.
  var hasExpectedValues: Bool {
    FileManager.default.fileExists(atPath: folder.appending(path: "header-signature.txt").path())
  }

  func bytes(_ name: String) throws -> [UInt8] { try Corpora.bytes(folder.appending(path: name)) }
  func text(_ name: String) throws -> String { try Corpora.text(folder.appending(path: name)) }
  func signedRequest(_ form: String) throws -> SignableRequest {
    try #require(RawRequest.parse(bytes("\(form)-signed-request.txt")))
  }

  /// The request as it is handed to the signer in header form.
  var requestToSign: SignableRequest {
    guard signsBodyHeader else { return request }
    let hash = SHA256.hash(data: request.body).map { String(format: "%02x", $0) }.joined()
    return request.adding([HTTPField("x-amz-content-sha256", hash)])
  }

  func profile() throws -> VerificationProfile { try Example.suiteProfile(normalizesPath: normalizesPath) }

  func present(_ request: SignableRequest) throws -> PresentedSignature {
    try PresentedSignature(request, now: now, profile: profile())
  }

  func canonicalRequest(_ request: SignableRequest) throws -> [UInt8] {
    CanonicalRequest.bytes(
      of: request,
      signedHeaders: try request.signedHeaders(),
      normalizesPath: normalizesPath
    )
  }

  /// The query form as it was when it was signed: a token that was added afterwards taken out again.
  func beforeTokenWasAdded(_ request: SignableRequest) -> SignableRequest {
    guard tokenAddedAfterSigning != nil else { return request }
    let parts = request.target.split(separator: "&").filter { !$0.hasPrefix("X-Amz-Security-Token=") }
    return request.with(target: parts.joined(separator: "&"))
  }
}

@Suite(.enabled(if: Corpora.areHere, Corpora.absence))
struct AWSSigningTestSuiteTests {
  @Test func `SigV4 header form: canonical request, string to sign, signature and header are AWS's`() throws {
    let cases = try SuiteCase.all("v4")
    #expect(cases.count == 38)
    for test in cases {
      let signed = try test.signedRequest("header")
      #expect(try test.canonicalRequest(signed) == test.bytes("header-canonical-request.txt"), "\(test)")

      let presented = try test.present(signed)
      #expect(try presented.stringToSign == test.bytes("header-string-to-sign.txt"), "\(test)")
      #expect(presented.algorithm == .hmacSHA256 && !presented.isPresigned, "\(test)")
      #expect(presented.accessKeyID == Example.accessKeyID, "\(test)")
      #expect(
        presented.sessionToken == test.credential.sessionToken ?? test.tokenAddedAfterSigning,
        "\(test)"
      )
      try presented.verify(secretAccessKey: Example.secret)
      #expect(throws: SigV4Error.signatureDoesNotMatch, "\(test)") {
        try presented.verify(secretAccessKey: Example.otherSecret)
      }

      let added = RequestSigner.sign(
        test.requestToSign,
        credential: test.credential,
        region: test.region,
        service: test.service,
        now: test.now,
        normalizesPath: test.normalizesPath
      )
      let authorization = try #require(added.last { $0.hasName("authorization") }?.value)
      #expect(authorization == signed.value("authorization"), "\(test)")
      #expect(try authorization.hasSuffix("Signature=" + test.text("header-signature.txt")), "\(test)")
    }
  }

  @Test func `SigV4 query form: canonical request, string to sign, signature and target are AWS's`() throws {
    let cases = try SuiteCase.all("v4")
    #expect(cases.count == 38)
    for test in cases {
      let signed = try test.signedRequest("query")
      let asSigned = test.beforeTokenWasAdded(signed)
      #expect(try test.canonicalRequest(asSigned) == test.bytes("query-canonical-request.txt"), "\(test)")
      #expect(
        try test.present(asSigned).stringToSign == test.bytes("query-string-to-sign.txt"),
        "\(test)"
      )

      let presented = try test.present(signed)
      #expect(presented.isPresigned, "\(test)")
      #expect(
        presented.sessionToken == test.credential.sessionToken ?? test.tokenAddedAfterSigning,
        "\(test)"
      )
      try presented.verify(secretAccessKey: Example.secret)
      #expect(throws: SigV4Error.signatureDoesNotMatch, "\(test)") {
        try presented.verify(secretAccessKey: Example.otherSecret)
      }

      let target = RequestSigner.presign(
        test.request,
        credential: test.credential,
        region: test.region,
        service: test.service,
        expiresSeconds: test.expiresSeconds,
        now: test.now,
        normalizesPath: test.normalizesPath
      )
      #expect(target == asSigned.target, "\(test)")
      #expect(try target.hasSuffix("X-Amz-Signature=" + test.text("query-signature.txt")), "\(test)")
    }
  }

  @Test func `a token in the query may have been added after signing, and then only that`() throws {
    let test = try #require(try SuiteCase.all("v4").first { $0.description == "post-sts-header-after" })
    let signed = try test.signedRequest("query")
    try test.present(signed).verify(secretAccessKey: Example.secret)
    let other = signed.with(
      target: signed.target.replacing("&X-Amz-Expires=3600", with: "&X-Amz-Expires=3601")
    )
    #expect(other.target != signed.target)
    #expect(throws: SigV4Error.signatureDoesNotMatch) {
      try test.present(other).verify(secretAccessKey: Example.secret)
    }
  }

  @Test func `SigV4A derives the key pair that AWS derives`() throws {
    let key = try #require(
      SigningKeyV4A(secretAccessKey: Example.secret, accessKeyID: Example.accessKeyID)
    )
    var compared = 0
    for test in try SuiteCase.all("v4a") where test.hasExpectedValues {
      #expect(try key.publicKey.rawRepresentation == test.publicKey().rawRepresentation, "\(test)")
      compared += 1
    }
    #expect(compared == 38)
    let other = SigningKeyV4A(secretAccessKey: Example.secret, accessKeyID: "AKIDOTHER")
    #expect(other?.publicKey.rawRepresentation != key.publicKey.rawRepresentation)
  }

  @Test(arguments: ["header", "query"])
  func `SigV4A: canonical request and string to sign are AWS's, signatures verify with AWS's public key`(
    form: String
  ) throws {
    let cases = try SuiteCase.all("v4a")
    #expect(cases.count == 40)
    var compared = 0
    for test in cases where test.hasExpectedValues {
      compared += 1
      let signed = try test.signedRequest(form)
      let asSigned = form == "query" ? test.beforeTokenWasAdded(signed) : signed
      #expect(try test.canonicalRequest(asSigned) == test.bytes("\(form)-canonical-request.txt"), "\(test)")
      let stringToSign = try test.bytes("\(form)-string-to-sign.txt")
      #expect(try test.present(asSigned).stringToSign == stringToSign, "\(test)")

      // AWS's signature, in the request and on its own (they differ: ECDSA signatures hold chance).
      let presented = try test.present(signed)
      #expect(presented.algorithm == .ecdsaP256SHA256 && presented.scope.region == nil, "\(test)")
      #expect(presented.region == test.region, "\(test)")
      try presented.verify(secretAccessKey: Example.secret)
      #expect(throws: SigV4Error.signatureDoesNotMatch, "\(test)") {
        try presented.verify(secretAccessKey: Example.otherSecret)
      }
      let publicKey = try test.publicKey()
      #expect(try publicKey.isValid(test.text("\(form)-signature.txt"), over: stringToSign), "\(test)")

      // Ours, judged by AWS's public key and AWS's string to sign.
      let ours = try test.signV4A(form)
      #expect(try publicKey.isValid(ours.signature, over: stringToSign), "\(test)")
      try test.present(ours.request).verify(secretAccessKey: Example.secret)
    }
    #expect(compared == 38)
  }

  @Test(arguments: ["header", "query"])
  func `the two v4a cases without expected values sign and verify`(form: String) throws {
    let cases = try SuiteCase.all("v4a").filter { !$0.hasExpectedValues }
    #expect(cases.map(\.description) == ["get-vanilla-query-order-key", "get-vanilla-query-order-value"])
    for test in cases {
      let signed = try test.signV4A(form).request
      try test.present(signed).verify(secretAccessKey: Example.secret)
      let canonical = String(decoding: try test.canonicalRequest(signed), as: UTF8.self)
      let expected =
        test.description == "get-vanilla-query-order-key"
        ? "\nParam1=Value1&Param1=value2" : "\nParam1=value1&Param1=value2"
      #expect(canonical.contains(expected), "\(test)")
    }
  }
}

extension SuiteCase {
  func publicKey() throws -> P256.Signing.PublicKey {
    let object = try #require(try JSONReader.read(bytes("public-key.json")).object)
    let hexadecimal = try #require(object["X"]?.string) + #require(object["Y"]?.string)
    return try P256.Signing.PublicKey(rawRepresentation: octets(hexadecimal))
  }

  /// Signs with our signer; the signed request and its signature.
  func signV4A(_ form: String) throws -> (request: SignableRequest, signature: String) {
    if form == "query" {
      let target = try RequestSigner.presignV4A(
        request,
        credential: credential,
        regionSet: region.description,
        service: service,
        expiresSeconds: expiresSeconds,
        now: now,
        normalizesPath: normalizesPath
      )
      return (request.with(target: target), String(try #require(target.split(separator: "=").last)))
    }
    let added = try RequestSigner.signV4A(
      requestToSign,
      credential: credential,
      regionSet: region.description,
      service: service,
      now: now,
      normalizesPath: normalizesPath
    )
    let authorization = try #require(added.last?.value)
    return (requestToSign.adding(added), String(try #require(authorization.split(separator: "=").last)))
  }
}

extension P256.Signing.PublicKey {
  /// Whether `signature`, DER in hexadecimal, is one over `message`.
  func isValid(_ signature: String, over message: [UInt8]) throws -> Bool {
    isValidSignature(try P256.Signing.ECDSASignature(derRepresentation: octets(signature)), for: message)
  }
}

/// The octets of a hexadecimal text.
func octets(_ hexadecimal: String) throws -> [UInt8] {
  let digits = Array(hexadecimal)
  return try stride(from: 0, to: digits.count, by: 2).map {
    try #require(UInt8(String(digits[$0..<min($0 + 2, digits.count)]), radix: 16))
  }
}
