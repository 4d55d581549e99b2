// SPDX-License-Identifier: Apache-2.0
//
// The parts of a loopback STS: the signature is checked by the project's own verifier, the answers are AWS's bytes in
// form (contract §1.3).

import FederationClient
import IdentityModel
import SigV4
import Testing

enum LoopbackSTS {
  /// The access key id that signed `request`, after the signature was verified with `secret`.
  static func signer(of request: ReceivedRequest, secret: String, now: Instant = testNow) throws -> String {
    let region = try #require(Region("us-east-1"))
    let profile = VerificationProfile(
      services: ["sts"],
      homeRegion: region,
      regionIsAcceptable: { $0 == region }
    )
    let presented = try PresentedSignature(
      SignableRequest(
        method: request.method,
        target: request.target,
        headers: request.headers,
        body: request.body
      ),
      now: now,
      profile: profile
    )
    try presented.verify(secretAccessKey: Secret(secret))
    return presented.accessKeyID
  }

  static func token(_ token: String, expiration: String = "2026-04-21T07:42:10.250Z") -> ServerAnswer {
    .text(
      """
      <GetWebIdentityTokenResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
        <GetWebIdentityTokenResult>
          <WebIdentityToken>\(token)</WebIdentityToken>
          <Expiration>\(expiration)</Expiration>
        </GetWebIdentityTokenResult>
        <ResponseMetadata><RequestId>r-1</RequestId></ResponseMetadata>
      </GetWebIdentityTokenResponse>
      """
    )
  }

  static func role(_ action: String, _ id: String) -> ServerAnswer {
    .text(
      """
      <?xml version="1.0" encoding="UTF-8"?>
      <\(action)Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><\(action)Result>
      <Credentials><AccessKeyId>\(id)</AccessKeyId><SecretAccessKey>of \(id)</SecretAccessKey>
      <SessionToken>tok</SessionToken><Expiration>2026-04-21T08:37:10Z</Expiration></Credentials>
      </\(action)Result><ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></\(action)Response>
      """
    )
  }

  static func error(
    _ status: Int,
    _ code: String,
    _ message: String,
    requestID: String = "r-2"
  ) -> ServerAnswer {
    .text(
      """
      <ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type>
      <Code>\(code)</Code><Message>\(message)</Message></Error><RequestId>\(requestID)</RequestId></ErrorResponse>
      """,
      status: status
    )
  }
}
