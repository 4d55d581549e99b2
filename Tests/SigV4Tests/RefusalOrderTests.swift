// SPDX-License-Identifier: Apache-2.0
//
// The refusals that AWS has, in AWS's order, with AWS's codes, statuses and texts. The texts are those of the contract
// for authentication errors; each test breaks one thing more than the refusal that it expects.

import Federation
import IdentityModel
import SigV4
import Testing

struct RefusalOrderTests {
  let fixture: Fixture

  init() throws {
    fixture = try Fixture()
  }

  private func expect(
    _ request: SignableRequest,
    now: Instant? = nil,
    code: String,
    status: Int,
    message: String?,
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    guard let refusal = fixture.refusal(of: request, now: now) else {
      Issue.record("accepted", sourceLocation: sourceLocation)
      return
    }
    #expect(
      ServiceError(refusal) == ServiceError(code: code, httpStatus: status, message: message),
      sourceLocation: sourceLocation
    )
  }

  @Test func `1: header and query form together are neither`() {
    let both = fixture.presigned().adding([HTTPField("Authorization", "AWS4-HMAC-SHA256 x")])
    expect(both, code: "IncompleteSignature", status: 400, message: nil)
    let stray = fixture.signed(
      SignableRequest(
        method: "POST",
        target: "/?x-amz-security-token=t",
        headers: fixture.request.headers,
        body: fixture.request.body
      )
    )
    expect(stray, code: "IncompleteSignature", status: 400, message: nil)
  }

  @Test(arguments: [nil, "", "  ", "Basic dXNlcjpwYXNz", "bearer abc", "BEARER\tabc"] as [String?])
  func `2: without a signature there is no authentication`(authorization: String?) {
    let request = fixture.request.adding(authorization.map { [HTTPField("Authorization", $0)] } ?? [])
    expect(
      request,
      code: "MissingAuthenticationToken",
      status: 403,
      message: "Request is missing Authentication Token"
    )
  }

  @Test func `3: an unknown algorithm is named, and no more than 32 bytes of it`() {
    expect(
      fixture.signed().authorization(replacing: "AWS4-HMAC-SHA256 Cred", with: "AWS4-HMAC-SHA512 Bad"),
      code: "IncompleteSignature",
      status: 400,
      message: "Unsupported AWS 'algorithm': 'AWS4-HMAC-SHA512'."
    )
    let secretInTheWrongPlace = String(repeating: "s", count: 1000)
    expect(
      fixture.request.adding([HTTPField("Authorization", secretInTheWrongPlace)]),
      code: "IncompleteSignature",
      status: 400,
      message: "Unsupported AWS 'algorithm': '\(String(repeating: "s", count: 32))'."
    )
    expect(
      fixture.presigned().with(target: "/?X-Amz-Algorithm=AWS4-HMAC-SHA1"),
      code: "IncompleteSignature",
      status: 400,
      message: "Unsupported AWS 'algorithm': 'AWS4-HMAC-SHA1'."
    )
  }

  @Test func `4: every missing piece of the header form has its sentence`() {
    expect(
      fixture.request.adding([HTTPField("Authorization", "AWS4-HMAC-SHA256")]),
      code: "IncompleteSignature",
      status: 400,
      message: "Authorization header requires 'Credential' parameter. "
        + "Authorization header requires 'Signature' parameter. "
        + "Authorization header requires 'SignedHeaders' parameter. "
        + "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. "
        + "Authorization=AWS4-HMAC-SHA256"
    )
    expect(
      fixture.request.adding([
        HTTPField("Authorization", "AWS4-HMAC-SHA256 Credential=a, SignedHeaders=, Signature=b"),
        HTTPField("Date", "x"),
      ]),
      code: "IncompleteSignature",
      status: 400,
      message: "Authorization header requires 'SignedHeaders' parameter. Authorization=AWS4-HMAC-SHA256"
    )
    expect(
      fixture.request.adding([
        HTTPField(
          "Authorization",
          "AWS4-ECDSA-P256-SHA256 Credential=a, SignedHeaders=host, Signature=b"
        )
      ]),
      code: "IncompleteSignature",
      status: 400,
      message: "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. "
        + "Authorization header requires existence of a 'X-Amz-Region-Set' header. "
        + "Authorization=AWS4-ECDSA-P256-SHA256"
    )
  }

  @Test func `4: every missing piece of the query form has its sentence`() {
    expect(
      fixture.presigned().with(target: "/?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Date="),
      code: "IncompleteSignature",
      status: 400,
      message: "AWS query-string parameters must include 'X-Amz-Credential'. "
        + "AWS query-string parameters must include 'X-Amz-Signature'. "
        + "AWS query-string parameters must include 'X-Amz-SignedHeaders'. "
        + "AWS query-string parameters must include 'X-Amz-Date'. Re-examine the query-string parameters."
    )
  }

  @Test func `5: an unsigned host comes before a bad date`() {
    let request = fixture.signed().replacing("x-amz-date") { _ in "yesterday" }
      .authorization(replacing: "content-type;host;", with: "content-type;")
    expect(
      request,
      code: "SignatureDoesNotMatch",
      status: 403,
      message: "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization."
    )
  }

  @Test func `6: a bad date comes before a bad credential`() {
    let request = fixture.signed().replacing("x-amz-date") { _ in "Fri, 15 Jan 2027 12:00:00 GMT" }
      .authorization(replacing: "/aws4_request", with: "")
    expect(
      request,
      code: "IncompleteSignature",
      status: 400,
      message: "Date must be in ISO-8601 'basic format'. Got 'Fri, 15 Jan 2027 12:00:00 GMT'. "
        + "See http://en.wikipedia.org/wiki/ISO_8601"
    )
  }

  @Test func `7: an expired request comes before a bad credential`() throws {
    let date = try #require(Instant(basicFormat: "20150830T122059Z"))
    let now = try #require(Instant(basicFormat: "20150830T123600Z"))
    expect(
      fixture.signed(at: date).authorization(replacing: "/aws4_request", with: ""),
      now: now,
      code: "SignatureDoesNotMatch",
      status: 403,
      message: "Signature expired: 20150830T122059Z is now earlier than 20150830T122100Z "
        + "(20150830T123600Z - 15 min.)"
    )
  }

  @Test func `8: a request from the future comes before a bad credential`() throws {
    let date = try #require(Instant(basicFormat: "20150830T125101Z"))
    let now = try #require(Instant(basicFormat: "20150830T123600Z"))
    expect(
      fixture.signed(at: date).authorization(replacing: "/aws4_request", with: ""),
      now: now,
      code: "SignatureDoesNotMatch",
      status: 403,
      message: "Signature not yet current: 20150830T125101Z is still later than 20150830T125100Z "
        + "(20150830T123600Z + 15 min.)"
    )
  }

  @Test func `9: a credential has five elements, or four under SigV4A`() throws {
    expect(
      fixture.signed().authorization(replacing: "/aws4_request", with: ""),
      code: "IncompleteSignature",
      status: 400,
      message: "Credential must have exactly 5 slash-delimited elements, e.g. "
        + "keyid/date/region/service/term, got 'AKIDEXAMPLE/20270115/us-east-1/sts'"
    )
    expect(
      fixture.signed().authorization(replacing: "Credential=AKIDEXAMPLE", with: "Credential="),
      code: "IncompleteSignature",
      status: 400,
      message: "Credential must have exactly 5 slash-delimited elements, e.g. "
        + "keyid/date/region/service/term, got '/20270115/us-east-1/sts/aws4_request'"
    )
    let signedV4A = fixture.request.adding(
      try RequestSigner.signV4A(
        fixture.request,
        credential: fixture.credential,
        regionSet: "*",
        service: "sts",
        now: fixture.now
      )
    )
    expect(
      signedV4A.authorization(replacing: "/sts/", with: "/us-east-1/sts/"),
      code: "IncompleteSignature",
      status: 400,
      message: "Credential must have exactly 4 slash-delimited elements, e.g. keyid/date/service/term, "
        + "got 'AKIDEXAMPLE/20270115/us-east-1/sts/aws4_request'"
    )
  }

  @Test func `10: every fault of the scope has its sentence, in AWS's order`() {
    expect(
      fixture.signed().authorization(
        replacing: "20270115/us-east-1/sts/aws4_request",
        with: "20270114/mars-north-1/s3/aws5_request"
      ),
      code: "SignatureDoesNotMatch",
      status: 403,
      message: "Credential should be scoped to a valid region, not 'mars-north-1'. "
        + "Credential should be scoped to correct service: 'sts' or 'iam'. "
        + "Credential should be scoped with a valid terminator: 'aws4_request', not 'aws5_request'. "
        + "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: "
        + "'20270114' != '20270115', from '20270115T120000Z'."
    )
  }

  @Test func `10: one service is named alone, as AWS does`() {
    var single = fixture
    single.profile.services = ["sts"]
    let refusal = single.refusal(of: single.signed(service: "iam"))
    #expect(refusal == .scopeMismatch([.service(expected: ["sts"])]))
    #expect(
      refusal.map { ServiceError($0).message }
        == "Credential should be scoped to correct service: 'sts'."
    )
  }

  @Test func `12: a mismatch says so and no more`() {
    expect(
      fixture.signed().authorization(replacing: "Signature=", with: "Signature=0"),
      code: "SignatureDoesNotMatch",
      status: 403,
      message: mismatch
    )
    let signed = fixture.signed()
    expect(
      SignableRequest(method: "POST", target: "/", headers: signed.headers, body: signed.body + [0x26]),
      code: "SignatureDoesNotMatch",
      status: 403,
      message: mismatch
    )
  }

  private let mismatch =
    "The request signature we calculated does not match the signature you provided. Check your AWS Secret "
    + "Access Key and signing method. Consult the service documentation for details."

  @Test func `input is repeated without control characters and not without end`() {
    let request = fixture.signed().replacing("x-amz-date") { _ in
      "a\u{0}\u{1B}b" + String(repeating: "c", count: 10_000)
    }
    let message = fixture.refusal(of: request).flatMap { ServiceError($0).message } ?? ""
    #expect(message.hasPrefix("Date must be in ISO-8601 'basic format'. Got 'a??bccc"))
    #expect(message.utf8.count < 400)
  }
}
