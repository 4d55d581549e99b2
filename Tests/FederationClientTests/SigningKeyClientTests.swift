// SPDX-License-Identifier: Apache-2.0
//
// What the client says to the server about signing keys, and how it reads the answers. The server here answers from a
// list.

import FederationClient
import IdentityModel
import SigV4
import StrictJSON
import Testing

struct SigningKeyClientTests {
  private func with(
    _ content: String,
    _ body: (SigningKeyClient, LoopbackServer) async throws -> Void
  ) async throws {
    try await withServer(answer: { request in
      let action = String(request.text.prefix { $0 != "&" }.dropFirst("Action=".count))
      return .text(
        """
        <\(action)Response><\(action)Result>\(content)</\(action)Result>
        <ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></\(action)Response>
        """
      )
    }) { server in
      try await withClient { http in
        let client = AWSQueryClient(
          endpoint: try HTTPURL(server.url()),
          region: try #require(Region("us-east-1")),
          service: .iam,
          http: http,
          clock: { testNow },
          retry: RetryPolicy(attempts: 1) { _ in .zero }
        )
        #expect(client.isConfidential)
        let credential = SigningCredential(
          accessKeyID: "AKIATEST",
          secretAccessKey: Secret("s"),
          sessionToken: nil
        )
        try await body(SigningKeyClient(client, credential: credential), server)
      }
    }
  }

  private static let keys = """
    <IssuerIdentifier>https://sts.example/i</IssuerIdentifier><OutboundSigningKeys>
    <member><KeyId>k1</KeyId><SigningAlgorithm>RS256</SigningAlgorithm><Status>Signing</Status>
    <CreateDate>2026-04-21T07:42:10Z</CreateDate><SignsFrom>2026-04-21T07:42:10Z</SignsFrom><PublicKey>P</PublicKey></member>
    <member><KeyId>k2</KeyId><SigningAlgorithm>ES384</SigningAlgorithm><Status>Revoked</Status>
    <CreateDate>2026-04-20T07:42:10Z</CreateDate><SignsFrom>2026-04-20T07:42:10Z</SignsFrom>
    <PublishedUntil>2026-04-22T07:42:10Z</PublishedUntil><RevokeDate>2026-04-21T00:00:00Z</RevokeDate></member>
    </OutboundSigningKeys>
    """

  @Test func `keys are read as the server gives them`() async throws {
    try await with(Self.keys) { client, server in
      let set = try await client.list()
      #expect(server.requests.last?.text == "Action=ListOutboundSigningKeys&Version=2010-05-08")
      #expect(set.issuer == "https://sts.example/i")
      #expect(set.keys.map(\.keyID) == ["k1", "k2"])
      #expect(set.keys.map(\.isPublished) == [true, false])
      #expect(set.keys[0].publicKey == "P" && set.keys[0].publishedUntil == nil)
      #expect(set.keys[1].revokeDate?.rfc3339 == "2026-04-21T00:00:00Z")
      let names = set.keys[1].json.object?.members.map(\.name)
      #expect(
        names == [
          "KeyId", "SigningAlgorithm", "Status", "CreateDate", "SignsFrom", "PublishedUntil", "RevokeDate",
        ]
      )
    }
  }

  @Test func `each call says what it was given and nothing else`() async throws {
    let content =
      Self.keys + "<SuccessorKeyId>k3</SuccessorKeyId><SuccessorWasMade>true</SuccessorWasMade>"
      + "<RevokedTokenCount>7</RevokedTokenCount><AlreadyRevokedTokenCount>2</AlreadyRevokedTokenCount>"
      + "<AlreadyRevokedDate>2026-04-21T07:42:10Z</AlreadyRevokedDate>"
      + "<SuspendDate>2026-04-21T07:42:10Z</SuspendDate><KeySetEmptied>true</KeySetEmptied>"
    try await with(content) { client, server in
      func sent() -> String? { server.requests.last.map { String($0.text.dropFirst("Action=".count)) } }
      let version = "&Version=2010-05-08"
      _ = try await client.rotate(algorithm: nil, overlapSeconds: nil)
      #expect(sent() == "RotateOutboundSigningKey\(version)")
      _ = try await client.rotate(algorithm: "ES384", overlapSeconds: 86_400)
      #expect(sent() == "RotateOutboundSigningKey\(version)&SigningAlgorithm=ES384&OverlapSeconds=86400")
      let revoked = try await client.revoke("k1")
      #expect(sent() == "RevokeOutboundSigningKey\(version)&KeyId=k1")
      #expect(revoked.successorKeyID == "k3" && revoked.successorWasMade)
      _ = try await client.importKey(Secret("a b\n"), overlapSeconds: nil)
      #expect(sent() == "ImportOutboundSigningKey\(version)&PrivateKey=a%20b%0A")
      let suspended = try await client.suspend(emptyingKeySet: false)
      #expect(sent() == "SuspendOutboundIssuer\(version)")
      // What an earlier call did.
      #expect(suspended.isKeySetEmptied && suspended.date.rfc3339 == "2026-04-21T07:42:10Z")
      _ = try await client.suspend(emptyingKeySet: true)
      #expect(sent() == "SuspendOutboundIssuer\(version)&EmptyKeySet=true")
      try await client.resume()
      #expect(sent() == "ResumeOutboundIssuer\(version)")
      let time = try #require(Instant(rfc3339: "2026-04-21T07:42:10Z"))
      for (tokens, parameter) in [
        (TokensToRevoke.token("j"), "TokenId=j"), (.principal("arn:x"), "PrincipalArn=arn%3Ax"),
        (.issuedBefore(time), "IssuedBefore=2026-04-21T07%3A42%3A10Z"),
      ] {
        let done = try await client.revokeTokens(tokens)
        #expect(done.revokedCount == 7 && done.alreadyRevokedCount == 2 && done.withoutStatusCount == 0)
        #expect(done.alreadyRevokedDate == time)
        #expect(sent() == "RevokeOutboundTokens\(version)&\(parameter)")
      }
    }
  }

  @Test(arguments: [
    "",
    "<IssuerIdentifier>i</IssuerIdentifier><OutboundSigningKeys><member><KeyId>k</KeyId></member></OutboundSigningKeys>",
    "<IssuerIdentifier>i</IssuerIdentifier><OutboundSigningKeys><member><KeyId>k</KeyId>"
      + "<SigningAlgorithm>RS256</SigningAlgorithm><Status>Signing</Status><CreateDate>soon</CreateDate>"
      + "<SignsFrom>2026-04-21T07:42:10Z</SignsFrom></member></OutboundSigningKeys>",
  ])
  func `an answer that lacks something is refused`(content: String) async throws {
    try await with(content) { client, _ in
      await #expect(throws: STSClientError.self) { try await client.list() }
      await #expect(throws: STSClientError.self) { try await client.revokeTokens(.token("j")) }
    }
  }

  @Test(arguments: [
    ("https://sts.example", true), ("http://sts.example", false), ("http://localhost:1", true),
    ("http://127.0.0.1:1", true), ("http://[::1]:1", true), ("http://10.0.0.1", false),
    ("http://localhost.example", false),
  ])
  func `what may carry a private key is https or this machine`(url: String, isConfidential: Bool) async throws
  {
    try await withClient { http in
      let client = AWSQueryClient(
        endpoint: try HTTPURL(url),
        region: try #require(Region("us-east-1")),
        service: .iam,
        http: http,
        clock: { testNow }
      )
      #expect(client.isConfidential == isConfidential)
    }
  }
}
