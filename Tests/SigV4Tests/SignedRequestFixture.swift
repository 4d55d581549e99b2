// SPDX-License-Identifier: Apache-2.0
//
// One small call to STS, signed in every way, for tests that change one thing about it.

import IdentityModel
import SigV4
import Testing

/// A call to STS at noon on 2027-01-15.
struct Fixture {
  let region: Region
  let now: Instant
  var profile: VerificationProfile
  var credential = SigningCredential(accessKeyID: Example.accessKeyID, secretAccessKey: Example.secret)

  init() throws {
    let region = try Example.region()
    self.region = region
    now = try #require(Instant(basicFormat: "20270115T120000Z"))
    profile = VerificationProfile(
      services: ["sts", "iam"],
      homeRegion: region,
      regionIsAcceptable: { $0 == region }
    )
  }

  let request = SignableRequest(
    method: "POST",
    target: "/",
    headers: [
      HTTPField("Host", "sts.example.test"),
      HTTPField("Content-Type", "application/x-www-form-urlencoded; charset=utf-8"),
    ],
    body: Array("Action=GetCallerIdentity&Version=2011-06-15".utf8)
  )

  /// `request` with `extra` headers, signed in header form at `date`.
  func signed(
    _ request: SignableRequest? = nil,
    extra: [HTTPField] = [],
    at date: Instant? = nil,
    service: String = "sts"
  ) -> SignableRequest {
    let unsigned = (request ?? self.request).adding(extra)
    return unsigned.adding(
      RequestSigner.sign(
        unsigned,
        credential: credential,
        region: region,
        service: service,
        now: date ?? now
      )
    )
  }

  /// A GET of `target`, signed in query form at `date`.
  func presigned(
    _ target: String = "/?Action=GetCallerIdentity&Version=2011-06-15",
    expiresSeconds: Int = 60,
    at date: Instant? = nil
  ) -> SignableRequest {
    let unsigned = SignableRequest(
      method: "GET",
      target: target,
      headers: [HTTPField("Host", "sts.example.test")],
      body: []
    )
    return unsigned.with(
      target: RequestSigner.presign(
        unsigned,
        credential: credential,
        region: region,
        service: "sts",
        expiresSeconds: expiresSeconds,
        now: date ?? now
      )
    )
  }

  /// The refusal of `request`, or `nil` when it is accepted.
  func refusal(of request: SignableRequest, now: Instant? = nil) -> SigV4Error? {
    do throws(SigV4Error) {
      try PresentedSignature(request, now: now ?? self.now, profile: profile)
        .verify(secretAccessKey: Example.secret)
      return nil
    } catch {
      return error
    }
  }
}

extension SignableRequest {
  /// The request with `text` in its Authorization header replaced.
  func authorization(replacing text: String, with replacement: String) -> SignableRequest {
    replacing("authorization") { $0.replacing(text, with: replacement) }
  }

  /// The request with the value of every header `name` changed.
  func replacing(_ name: String, with change: (String) -> String) -> SignableRequest {
    SignableRequest(
      method: method,
      target: target,
      headers: headers.map { $0.hasName(name) ? HTTPField($0.name, change($0.value)) : $0 },
      body: body
    )
  }
}
