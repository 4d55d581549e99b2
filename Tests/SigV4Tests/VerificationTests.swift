// SPDX-License-Identifier: Apache-2.0
//
// What a verifier insists on beyond AWS's list: time to the second, what has to be signed, the body, the form of the
// signature, the region set.

import Crypto
import Foundation
import IdentityModel
import SigV4
import Testing

struct VerificationTests {
  var fixture: Fixture

  init() throws {
    fixture = try Fixture()
  }

  // MARK: Round trips

  @Test func `what the signer signs, the verifier accepts, in all four forms`() throws {
    let token = SigningCredential(
      accessKeyID: Example.accessKeyID,
      secretAccessKey: Example.secret,
      sessionToken: "a/b+c=="
    )
    let get = SignableRequest(
      method: "GET",
      target: "/?Action=GetCallerIdentity&Version=2011-06-15&x=%20%2B%25&x=",
      headers: [HTTPField("host", "sts.example.test"), HTTPField("User-Agent", "any")],
      body: []
    )
    for credential in [fixture.credential, token] {
      let accepted = try [
        fixture.request.adding(
          RequestSigner.sign(
            fixture.request,
            credential: credential,
            region: fixture.region,
            service: "sts",
            now: fixture.now
          )
        ),
        fixture.request.adding(
          try RequestSigner.signV4A(
            fixture.request,
            credential: credential,
            regionSet: "eu-west-1,us-*",
            service: "sts",
            now: fixture.now
          )
        ),
        get.with(
          target: RequestSigner.presign(
            get,
            credential: credential,
            region: fixture.region,
            service: "sts",
            expiresSeconds: 60,
            now: fixture.now
          )
        ),
        get.with(
          target: try RequestSigner.presignV4A(
            get,
            credential: credential,
            regionSet: "*",
            service: "sts",
            expiresSeconds: 60,
            now: fixture.now
          )
        ),
      ].map { request in
        let presented = try PresentedSignature(request, now: fixture.now, profile: fixture.profile)
        try presented.verify(secretAccessKey: Example.secret)
        #expect(throws: SigV4Error.signatureDoesNotMatch) {
          try presented.verify(secretAccessKey: Example.otherSecret)
        }
        #expect(presented.sessionToken == credential.sessionToken)
        #expect(presented.region == fixture.region && presented.requestDate == fixture.now)
        return "\(presented.algorithm) \(presented.isPresigned) \(presented.scope)"
      }
      #expect(
        accepted == [
          "hmacSHA256 false 20270115/us-east-1/sts/aws4_request",
          "ecdsaP256SHA256 false 20270115/sts/aws4_request",
          "hmacSHA256 true 20270115/us-east-1/sts/aws4_request",
          "ecdsaP256SHA256 true 20270115/sts/aws4_request",
        ]
      )
    }
  }

  @Test func `a derived key verifies within its scope and nowhere else`() throws {
    let presented = try PresentedSignature(
      fixture.signed(),
      now: fixture.now,
      profile: fixture.profile
    )
    try presented.verify(
      using: SigningKeyV4(secretAccessKey: Example.secret, scope: presented.scope)
    )
    let scope = CredentialScope(date: "20270115", region: fixture.region, service: "iam")
    #expect(throws: SigV4Error.signatureDoesNotMatch) {
      try presented.verify(using: SigningKeyV4(secretAccessKey: Example.secret, scope: scope))
    }
    let keyV4A = try #require(
      SigningKeyV4A(secretAccessKey: Example.secret, accessKeyID: Example.accessKeyID)
    )
    #expect(throws: SigV4Error.signatureDoesNotMatch) { try presented.verify(using: keyV4A) }
  }

  // MARK: Time

  @Test(arguments: [
    (-901, false), (-900, true), (-899, true), (0, true), (899, true), (900, true), (901, false),
  ])
  func `a signed request is good for 15 minutes each way, to the second`(offset: Int64, accepted: Bool) {
    for milliseconds in [0, 999] as [Int64] {
      let now = Instant(milliseconds: fixture.now.milliseconds + milliseconds)
      let request = fixture.signed(at: fixture.now.advanced(bySeconds: offset))
      #expect((fixture.refusal(of: request, now: now) == nil) == accepted)
    }
  }

  @Test(arguments: [(-901, false), (-900, true), (900, true), (901, false)])
  func `a presigned request is good for 15 minutes, whatever it says itself`(
    offset: Int64,
    accepted: Bool
  ) {
    for expiresSeconds in [1, 60, 604_800] {
      let request = fixture.presigned(
        expiresSeconds: expiresSeconds,
        at: fixture.now.advanced(bySeconds: offset)
      )
      #expect((fixture.refusal(of: request) == nil) == accepted)
    }
  }

  @Test func `the age of a presigned request is the profile's`() {
    var longer = fixture
    longer.profile.presignedMaximumAgeSeconds = 3600
    let request = fixture.presigned(at: fixture.now.advanced(bySeconds: -3600))
    #expect(longer.refusal(of: request) == nil)
    #expect(longer.refusal(of: fixture.signed(at: fixture.now.advanced(bySeconds: -901))) != nil)
  }

  @Test(arguments: ["0", "-1", "+1", "604801", "9223372036854775808", "3e2", "", " 60", "٦٠"])
  func `X-Amz-Expires is a whole number from 1 to 604800`(expires: String) {
    let encoded = expires.utf8.map { "%" + String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
    let request = fixture.presigned()
    let changed = request.with(
      target: request.target.replacing("X-Amz-Expires=60", with: "X-Amz-Expires=\(encoded)")
    )
    #expect(fixture.refusal(of: changed) == .expiresOutOfRange(expires))
  }

  @Test func `the Date header stands in for X-Amz-Date, in the same format`() throws {
    let list = "content-type;date;host"
    let dated = fixture.request.adding([HTTPField("Date", "20270115T120000Z")])
    let canonical = CanonicalRequest.bytes(of: dated, signedHeaders: list, normalizesPath: true)
    let hash = SHA256.hash(data: canonical).map { String(format: "%02x", $0) }.joined()
    let lines = "AWS4-HMAC-SHA256\n20270115T120000Z\n20270115/us-east-1/sts/aws4_request\n" + hash
    var key = SymmetricKey(data: Array("AWS4wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY".utf8))
    for text in ["20270115", "us-east-1", "sts", "aws4_request"] {
      key = SymmetricKey(data: HMAC<SHA256>.authenticationCode(for: Array(text.utf8), using: key))
    }
    let signature = HMAC<SHA256>.authenticationCode(for: Array(lines.utf8), using: key)
      .map { String(format: "%02x", $0) }.joined()
    let authorization = HTTPField(
      "Authorization",
      "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20270115/us-east-1/sts/aws4_request, "
        + "SignedHeaders=\(list), Signature=\(signature)"
    )
    #expect(fixture.refusal(of: dated.adding([authorization])) == nil)
    #expect(fixture.refusal(of: fixture.request.adding([authorization])) == .signedHeaderAbsent("date"))
    let httpDate = fixture.request.adding([HTTPField("Date", "Fri, 15 Jan 2027 12:00:00 GMT"), authorization])
    #expect(fixture.refusal(of: httpDate) == .malformedDate("Fri, 15 Jan 2027 12:00:00 GMT"))
  }

  // MARK: What has to be signed

  @Test(arguments: ["X-Amz-Target", "x-amz-meta-a", "X-AMZ-Content-Sha256"])
  func `every x-amz header is signed`(name: String) {
    let request = fixture.signed().adding([HTTPField(name, "x")])
    #expect(fixture.refusal(of: request) == .headerNotSigned(name.lowercased()))
  }

  @Test func `a session token may be added after signing, and is then reported as received`() throws {
    let request = fixture.signed().adding([HTTPField("X-Amz-Security-Token", "t")])
    #expect(fixture.refusal(of: request) == nil)
    #expect(
      try PresentedSignature(request, now: fixture.now, profile: fixture.profile).sessionToken == "t"
    )
  }

  @Test func `the content type is signed unless the profile lets it go`() throws {
    let bare = fixture.request.removing("content-type")
    let request = fixture.signed(bare).adding([HTTPField("Content-Type", "application/json")])
    #expect(fixture.refusal(of: request) == .headerNotSigned("content-type"))
    var lenient = fixture
    lenient.profile.allowsUnsignedContentType = true
    #expect(lenient.refusal(of: request) == nil)
  }

  @Test(arguments: [
    "host;x-amz-date;content-type", "content-type;host;host;x-amz-date", "content-type;host;",
  ])
  func `the list of signed headers is sorted and unique`(list: String) {
    let request = fixture.signed().authorization(replacing: "content-type;host;x-amz-date", with: list)
    #expect(fixture.refusal(of: request) == .malformedSignedHeaders(list))
  }

  @Test(arguments: ["Content-Type;host;x-amz-date", "content-type;host;\u{212A};x-amz-date", "a b;host"])
  func `a signed header is a name in lower case`(list: String) {
    let request = fixture.signed().authorization(replacing: "content-type;host;x-amz-date", with: list)
    #expect(fixture.refusal(of: request) == .malformedSignedHeaders(list))
  }

  @Test func `a signed header that is not there is refused`() {
    let request = fixture.signed(extra: [HTTPField("X-Extra", "1")])
    #expect(fixture.refusal(of: request) == nil)
    #expect(fixture.refusal(of: request.removing("x-extra")) == .signedHeaderAbsent("x-extra"))
    #expect(
      fixture.refusal(of: fixture.signed().removing("content-type")) == .signedHeaderAbsent("content-type")
    )
  }

  // MARK: The body

  @Test func `x-amz-content-sha256 is the hash of the body or the request is refused`() {
    let hash = "ab821ae955788b0e33ebd34c208442ccfc2d406e2edc5e7a39bd6458fbb4f843"
    let request = fixture.signed(extra: [HTTPField("X-Amz-Content-Sha256", hash)])
    #expect(fixture.refusal(of: request) == nil)
    let changed = SignableRequest(method: "POST", target: "/", headers: request.headers, body: [])
    #expect(fixture.refusal(of: changed) == .payloadHashMismatch)
    for claim in [hash.uppercased(), "UNSIGNED-PAYLOAD", "STREAMING-UNSIGNED-PAYLOAD-TRAILER", ""] {
      let request = fixture.signed(extra: [HTTPField("X-Amz-Content-Sha256", claim)])
      #expect(fixture.refusal(of: request) == .payloadHashMismatch)
    }
  }

  // MARK: The signature

  @Test(arguments: ["", "g", "A", "٠"])
  func `a signature is 64 lower-case hexadecimal digits`(digit: String) throws {
    let request = fixture.signed()
    let signature = String(try #require(request.value("authorization")).suffix(64))
    let changed = request.authorization(replacing: signature, with: signature.dropLast() + digit)
    #expect(fixture.refusal(of: changed) == .malformedSignature)
  }

  @Test func `a SigV4A signature is one DER sequence and nothing after it`() throws {
    let request = fixture.request.adding(
      try RequestSigner.signV4A(
        fixture.request,
        credential: fixture.credential,
        regionSet: "*",
        service: "sts",
        now: fixture.now
      )
    )
    #expect(fixture.refusal(of: request) == nil)
    for suffix in ["00", "3000"] {
      let longer = request.replacing("authorization") { $0 + suffix }
      let refusal = fixture.refusal(of: longer)
      #expect(refusal == .signatureDoesNotMatch || refusal == .malformedSignature)
    }
    #expect(fixture.refusal(of: request.replacing("authorization") { $0 + "0" }) == .malformedSignature)
  }

  @Test(arguments: [
    ("*", true), ("us-east-1", true), ("us-*", true), ("*-1", true), ("us-*-1", true), ("**", true),
    ("eu-west-1, us-east-1", true), ("us-*t*1*", true),
    ("us-east-2", false), ("us-east", false), ("s-east-1", false), ("*-2", false), ("", false), (",", false),
    ("US-EAST-1", false), ("us-east-1*2", false), ("us?east-1", false),
  ])
  func `a region set covers the home region or is refused`(set: String, covers: Bool) throws {
    let request = fixture.request.adding(
      try RequestSigner.signV4A(
        fixture.request,
        credential: fixture.credential,
        regionSet: set,
        service: "sts",
        now: fixture.now
      )
    )
    #expect(fixture.refusal(of: request) == (covers ? nil : .scopeMismatch([.region(set)])))
  }
}
