// SPDX-License-Identifier: Apache-2.0

import FederationClient
import IdentityModel
import SigV4
import Synchronization
import Testing

struct STSClientTests {
  @discardableResult
  private func withSTS<Value>(
    answer: @escaping @Sendable (ReceivedRequest) -> ServerAnswer,
    _ body: (STSClient, LoopbackServer) async throws -> Value
  ) async throws -> Value {
    try await withServer(answer: answer) { server in
      try await withClient { http in
        let client = AWSQueryClient(
          endpoint: try HTTPURL(server.url()),
          region: try #require(Region("us-east-1")),
          service: .sts,
          http: http,
          clock: { testNow },
          retry: RetryPolicy(attempts: 3) { _ in .zero }
        )
        let credential = SigningCredential(
          accessKeyID: "ASIATEST",
          secretAccessKey: Secret("the secret"),
          sessionToken: "the+token/="
        )
        return try await body(STSClient(client, credential: credential), server)
      }
    }
  }

  private func ask(_ client: STSClient) async throws(STSClientError) -> (token: String, expiration: Instant) {
    try await client.getWebIdentityToken(
      audiences: ["https://a.example/?x=1&y=2", "é b"],
      algorithm: "ES384",
      durationSeconds: 300,
      tags: [Tag(key: "team", value: "blue=green"), Tag(key: "empty", value: "")]
    )
  }

  @Test func `asks for a token in a request whose signature verifies`() async throws {
    try await withSTS(answer: { _ in LoopbackSTS.token("eyJh.eyJi.c2ln-_") }) { client, server in
      let found = try await ask(client)
      #expect(found.token == "eyJh.eyJi.c2ln-_")
      #expect(found.expiration == Instant(milliseconds: 1_776_757_330_250))
      let request = try #require(server.requests.first)
      #expect(try LoopbackSTS.signer(of: request, secret: "the secret") == "ASIATEST")
      #expect(throws: SigV4Error.signatureDoesNotMatch) {
        try LoopbackSTS.signer(of: request, secret: "another secret")
      }
      #expect(request.method == "POST" && request.target == "/")
      #expect(request["x-amz-security-token"] == "the+token/=")
      #expect(request["content-type"] == "application/x-www-form-urlencoded; charset=utf-8")
      #expect(
        request.text
          == "Action=GetWebIdentityToken&Version=2011-06-15"
          + "&Audience.member.1=https%3A%2F%2Fa.example%2F%3Fx%3D1%26y%3D2&Audience.member.2=%C3%A9%20b"
          + "&SigningAlgorithm=ES384&DurationSeconds=300&Tags.member.1.Key=team"
          + "&Tags.member.1.Value=blue%3Dgreen&Tags.member.2.Key=empty&Tags.member.2.Value="
      )
    }
  }

  @Test func `asks who the caller is`() async throws {
    try await withSTS(answer: { _ in
      .text(
        """
        <GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:iam::000000000000:user/a&amp;b</Arn>
        <UserId>AIDA</UserId><Account>000000000000</Account></GetCallerIdentityResult></GetCallerIdentityResponse>
        """
      )
    }) { client, _ in
      let identity = try await client.getCallerIdentity()
      #expect(identity.arn == "arn:aws:iam::000000000000:user/a&b")
      #expect(identity.account == "000000000000" && identity.userID == "AIDA")
    }
  }

  @Test func `an error of AWS keeps its code and message, without what could steer a terminal`() async throws
  {
    try await withSTS(answer: { _ in
      LoopbackSTS.error(400, "ValidationError", "Value &apos;&#27;[31m59&#10;&apos; &lt;60&gt;")
    }) { client, server in
      await #expect(
        throws: STSClientError.refused(
          code: "ValidationError",
          message: "Value ' [31m59 ' <60>",
          httpStatus: 400,
          requestID: "r-2"
        )
      ) { try await ask(client) }
      #expect(server.requests.count == 1)
    }
  }

  @Test(arguments: [
    "x; curl https://evil.example/ #", "$(id)", "`id`", "a b", "a\u{E4}", String(repeating: "a", count: 65),
  ])
  func `what is no request id is not taken for one`(text: String) async throws {
    try await withSTS(answer: { _ in
      LoopbackSTS.error(400, "AccessDenied", "no", requestID: text)
    }) { client, _ in
      await #expect(
        throws: STSClientError.refused(code: "AccessDenied", message: "no", httpStatus: 400, requestID: nil)
      ) { try await ask(client) }
    }
  }

  @Test(arguments: [(503, "ServiceUnavailable"), (500, "InternalFailure"), (400, "Throttling")])
  func `a service that fails or throttles is asked three times, each time signed`(
    status: Int,
    code: String
  ) async throws {
    let tries = Counter()
    try await withSTS(answer: { _ in
      tries.next() < 3 ? LoopbackSTS.error(status, code, "later") : LoopbackSTS.token("a.b.c")
    }) { client, server in
      let token = try await ask(client).token
      #expect(token == "a.b.c")
      #expect(server.requests.count == 3)
      for request in server.requests {
        #expect(try LoopbackSTS.signer(of: request, secret: "the secret") == "ASIATEST")
      }
    }
    try await withSTS(answer: { _ in LoopbackSTS.error(status, code, "later") }) { client, server in
      await #expect(
        throws: STSClientError.refused(code: code, message: "later", httpStatus: status, requestID: "r-2")
      ) { try await ask(client) }
      #expect(server.requests.count == 3)
    }
  }

  @Test func `a connection that breaks is tried again`() async throws {
    let tries = Counter()
    try await withSTS(answer: { _ in tries.next() < 3 ? .closed : LoopbackSTS.token("a.b.c") }) { client, _ in
      let token = try await ask(client).token
      #expect(token == "a.b.c")
    }
    try await withSTS(answer: { _ in .closed }) { client, server in
      let error = STSClientError.http(.connectionLost, address: server.url(path: "/"))
      await #expect(throws: error) { try await ask(client) }
      #expect(server.requests.count == 3)
    }
  }

  @Test(arguments: [
    (ServerAnswer.text("<html><body>502<br></body></html>", status: 404), 404),
    (.text("", status: 307, headers: [HTTPField("Location", "/")]), 307),
    (.text("{}", status: 200), 200),
  ])
  func `an answer of something else is refused, and who gave it is said`(
    answer: ServerAnswer,
    status: Int
  ) async throws {
    try await withSTS(answer: { _ in answer }) { client, server in
      let error = STSClientError.notAWSQuery(httpStatus: status, address: server.url(path: "/"))
      await #expect(throws: error) { try await ask(client) }
      #expect(server.requests.count == 1)
    }
  }

  @Test(
    arguments: [
      (
        ServerAnswer.text("<X/>", status: 200),
        STSClientError.malformedElement("GetWebIdentityTokenResult/WebIdentityToken", requestID: nil)
      ),
      (
        LoopbackSTS.token("a.b\u{7}.c"),
        .malformedElement("GetWebIdentityTokenResult/WebIdentityToken", requestID: "r-1")
      ),
      (
        LoopbackSTS.token("a.b.c", expiration: "soon"),
        .malformedElement("GetWebIdentityTokenResult/Expiration", requestID: "r-1")
      ),
    ])
  func `an answer that lacks something is refused`(answer: ServerAnswer, error: STSClientError) async throws {
    try await withSTS(answer: { _ in answer }) { client, server in
      await #expect(throws: error) { try await ask(client) }
      #expect(server.requests.count == 1)
    }
  }
}

/// Counts from 1.
final class Counter: Sendable {
  private let count = Mutex(0)

  func next() -> Int {
    count.withLock { count in
      count += 1
      return count
    }
  }
}
