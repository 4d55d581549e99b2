// SPDX-License-Identifier: Apache-2.0
//
// AWS's original SigV4 test suite as boto/botocore carries it, with the normalize-path and post-sts-token cases.
// Read from ../shared/vectors/sigv4-botocore; the expected values are AWS's.

import Foundation
import IdentityModel
import SigV4
import Testing

@Suite(.enabled(if: Corpora.areHere, Corpora.absence))
struct BotocoreTestSuiteTests {
  @Test func `canonical request, string to sign and Authorization header are AWS's`() throws {
    let folder = try Corpora.folder("sigv4-botocore/tests/unit/auth/aws4_testsuite")
    let files = try #require(FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil))
    let requests = files.compactMap { $0 as? URL }.filter { $0.pathExtension == "req" }
    #expect(requests.count == 34)
    let now = try #require(Instant(basicFormat: "20150830T123600Z"))
    let profile = try Example.suiteProfile(normalizesPath: true)
    for file in requests {
      func sibling(_ kind: String) throws -> [UInt8] {
        try Corpora.bytes(file.deletingPathExtension().appendingPathExtension(kind))
      }
      let name = file.deletingPathExtension().lastPathComponent
      let authorization = try String(decoding: sibling("authz"), as: UTF8.self)
      let published = try #require(try RawRequest.parse(sibling("sreq")))
      let signed = published.removing("authorization").adding([HTTPField("Authorization", authorization)])
      // One signed request of the suite carries the signature of the case without a session token.
      #expect(
        (published.value("authorization") == authorization) == (name != "get-vanilla-with-session-token")
      )
      #expect(
        CanonicalRequest.bytes(
          of: signed,
          signedHeaders: try signed.signedHeaders(),
          normalizesPath: true
        )
          == (try sibling("creq")),
        "\(name)"
      )
      let presented = try PresentedSignature(signed, now: now, profile: profile)
      #expect(try presented.stringToSign == sibling("sts"), "\(name)")
      try presented.verify(secretAccessKey: Example.secret)
      #expect(throws: SigV4Error.signatureDoesNotMatch, "\(name)") {
        try presented.verify(secretAccessKey: Example.otherSecret)
      }

      // The signer, on the request without what it adds itself.
      let token = name == "post-sts-header-after" ? nil : presented.sessionToken
      let request = try #require(try RawRequest.parse(sibling("req")))
        .removing("x-amz-date").removing("x-amz-security-token")
      let added = RequestSigner.sign(
        request,
        credential: SigningCredential(
          accessKeyID: Example.accessKeyID,
          secretAccessKey: Example.secret,
          sessionToken: token
        ),
        region: try Example.region(),
        service: "service",
        now: now
      )
      #expect(added.last == HTTPField("Authorization", authorization), "\(name)")
    }
  }
}
